"""Every verb from every state: what it does, what it does silently nothing about, what it refuses."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from buchbar.booking import claims, lifecycle
from buchbar.booking.before import staff_of
from buchbar.booking.events import CITIZEN, SYSTEM
from buchbar.booking.models import Booking, BookingEvent, Claim
from buchbar.booking.plans import Wish
from buchbar.booking.steps import Lapsed, NotAllowed
from buchbar.booking.weddings import adjust, reservation
from buchbar.calendar.spans import Span
from buchbar.payments import ledger
from buchbar.payments.models import ChargeItem
from tests.booking.money import pay
from tests.cast import ANNA_AND_BEN, CLERK, NOW, SATURDAY, confirmed, reserved, slot_at

NINE = slot_at(SATURDAY, 9)
LATER = NOW + timedelta(minutes=1)


def held(session, cast):
    return reservation.hold(session, cast.town, cast.room.id, NINE, NOW, CITIZEN)


def submitted(session, cast):
    booking = held(session, cast)
    reservation.submit(session, booking, ANNA_AND_BEN, NOW, CITIZEN)
    return booking


def requested(session, cast):
    return reserved(session, cast, NINE)


def payable(session, cast):
    return confirmed(session, cast, NINE)


def firm(session, cast):
    booking = payable(session, cast)
    pay(session, booking, NOW)
    return booking


def expired(session, cast):
    booking = held(session, cast)
    lifecycle.expire(session, booking, booking.hold_until)
    return booking


def declined(session, cast):
    booking = requested(session, cast)
    lifecycle.decline(session, booking, "Der Saal wird umgebaut.", NOW, CLERK)
    return booking


def cancelled(session, cast):
    booking = payable(session, cast)
    lifecycle.cancel(session, booking, NOW, CITIZEN)
    return booking


def released(session, cast):
    booking = payable(session, cast)
    lifecycle.release(session, booking, booking.deadline_at)
    return booking


def wish(booking, staff=None, minutes=30):
    return Wish(booking.resource_id, Span(booking.starts_at, booking.starts_at + timedelta(minutes=minutes)), staff)


def other(session, booking, cast):
    """The registrar who wasn't on it at first."""
    sent = session.scalar(select(BookingEvent.id).where(BookingEvent.verb == "reassign").limit(1))
    return next(each.id for each in cast.registrars if (each.id == staff_of(session, booking)) is bool(sent))


STATES = {
    "held": held,
    "submitted": submitted,
    "requested": requested,
    "payable": payable,
    "confirmed": firm,
    "expired": expired,
    "declined": declined,
    "cancelled": cancelled,
    "released": released,
}

VERBS = {
    "extend": lambda s, b, cast: lifecycle.extend(s, b, LATER, CITIZEN),
    "submit": lambda s, b, cast: reservation.submit(s, b, ANNA_AND_BEN, LATER, CITIZEN),
    "prove": lambda s, b, cast: reservation.prove(s, b, LATER),
    "enter": lambda s, b, cast: lifecycle.enter(s, b, reservation.price(s, b), LATER, CLERK),
    "approve": lambda s, b, cast: lifecycle.approve(s, b, "office", LATER, CLERK),
    "decline": lambda s, b, cast: lifecycle.decline(s, b, "Der Saal wird umgebaut.", LATER, CLERK),
    "register": lambda s, b, cast: lifecycle.register(s, b, LATER, CLERK),
    "remind": lambda s, b, cast: lifecycle.remind(s, b, (b.deadline_at or NINE) - timedelta(hours=1)),
    "move": lambda s, b, cast: reservation.move(s, b, cast.mill.id, slot_at(SATURDAY, 11), LATER, CLERK),
    "lengthen": lambda s, b, cast: adjust.put(s, b, wish(b, minutes=60), LATER, CLERK),
    "reassign": lambda s, b, cast: adjust.put(s, b, wish(b, other(s, b, cast)), LATER, CLERK),
    "cancel": lambda s, b, cast: lifecycle.cancel(s, b, LATER, CITIZEN),
    "release": lambda s, b, cast: lifecycle.release(s, b, b.deadline_at or NINE),
    "expire": lambda s, b, cast: lifecycle.expire(s, b, b.hold_until or NINE),
    "revive": lambda s, b, cast: lifecycle.revive(s, b, LATER, CITIZEN),
}

# For each state what a verb leads to. What is named in QUIET does nothing, without a refusal, because it has been
# done already or because a job that comes too late has nothing to do. All else is refused.
DOES = {
    "held": {
        "extend": "held",
        "submit": "submitted",
        "enter": "payable",
        "cancel": "cancelled",
        "expire": "expired",
    },
    "submitted": {"submit": "submitted", "prove": "requested", "cancel": "cancelled", "expire": "expired"},
    "requested": {
        "approve": "payable",
        "decline": "declined",
        "register": "requested",
        "move": "payable",
        "lengthen": "requested",
        "reassign": "requested",
        "cancel": "cancelled",
        "release": "released",
    },
    "payable": {
        "register": "payable",
        "remind": "payable",
        "move": "payable",
        "lengthen": "payable",
        "reassign": "payable",
        "cancel": "cancelled",
        "release": "released",
    },
    "confirmed": {
        "register": "confirmed",
        "remind": "confirmed",
        "move": "payable",
        "lengthen": "confirmed",
        "reassign": "confirmed",
        "cancel": "cancelled",
        "release": "released",
    },
    "expired": {"revive": "requested"},
    "declined": {},
    "cancelled": {},
    "released": {"revive": "requested"},
}
JOBS = {"release", "expire", "remind"}
QUIET = {
    "held": JOBS,
    "submitted": JOBS,
    "requested": {"prove", "expire", "remind"},
    "payable": {"prove", "approve", *JOBS},
    "confirmed": {"prove", "approve", *JOBS},
    "expired": JOBS,
    "declined": {"prove", "decline", *JOBS},
    "cancelled": {"prove", "approve", "cancel", *JOBS},
    "released": {"prove", "approve", *JOBS},
}


def picture(session, booking) -> tuple:
    """All that a verb could change."""
    session.flush()
    columns = session.execute(select(*Booking.__table__.columns).where(Booking.id == booking.id)).one()
    mine = select(Claim.id, Claim.expires_at).where(Claim.booking_id == booking.id).order_by(Claim.id)
    return tuple(columns), session.execute(mine).all(), verbs(session, booking), ledger.account(session, booking.id)


def verbs(session, booking) -> list[str]:
    told = select(BookingEvent.verb).where(BookingEvent.booking_id == booking.id).order_by(BookingEvent.id)
    return list(session.scalars(told))


@pytest.mark.parametrize("state", STATES)
def test_every_verb_does_its_step_or_nothing(session, cast, state):
    booking = STATES[state](session, cast)
    assert booking.state == state
    before = picture(session, booking)
    for verb, act in VERBS.items():
        attempt = session.begin_nested()
        try:
            act(session, booking, cast)
            refused = None
        except (NotAllowed, Lapsed) as refusal:
            refused = refusal
        if verb in DOES[state]:
            assert refused is None, (state, verb, refused)
            assert booking.state == DOES[state][verb], (state, verb)
            assert len(verbs(session, booking)) > len(before[2]), f"{verb} is written down"
        else:
            assert (refused is None) is (verb in QUIET[state]), (state, verb, refused)
            assert picture(session, booking) == before, f"{verb} from {state} changes nothing"
        attempt.rollback()
        session.expire_all()


@pytest.mark.parametrize("state", STATES)
def test_every_verb_twice_does_it_once(session, cast, state):
    booking = STATES[state](session, cast)
    for verb in DOES[state]:
        attempt = session.begin_nested()
        VERBS[verb](session, booking, cast)
        once = picture(session, booking)
        try:
            VERBS[verb](session, booking, cast)
        except (NotAllowed, Lapsed):
            pass
        if verb != "submit":  # it corrects the data, and mails again
            assert picture(session, booking) == once, f"{verb} from {state}"
        attempt.rollback()
        session.expire_all()


def test_a_refusal_says_in_which_state_the_booking_is(session, cast):
    booking = cancelled(session, cast)
    with pytest.raises(NotAllowed, match="storniert"):
        lifecycle.register(session, booking, NOW, CLERK)


def test_a_reservation_from_hold_to_cancellation_and_its_history_says_so(session, cast):
    booking = payable(session, cast)
    pay(session, booking, NOW)
    reservation.move(session, booking, cast.room.id, slot_at(SATURDAY, 9, 45), NOW, CLERK)
    lifecycle.cancel(session, booking, NOW, CITIZEN)
    told = "hold submit prove approve bill pay confirm move cancel refund"
    assert verbs(session, booking) == told.split()


def test_ending_a_booking_frees_its_claims_at_once(session, cast):
    for end in (cancelled, declined, released, expired):
        booking = end(session, cast)
        mine = select(func.count()).select_from(Claim).where(Claim.booking_id == booking.id)
        assert session.scalar(mine) == 0, end.__name__
        assert held(session, cast).alive
        lifecycle.cancel(session, session.scalars(select(Booking).where(Booking.state == "held")).one(), NOW, CITIZEN)


def test_a_hold_is_over_at_its_very_second(session, cast):
    booking = held(session, cast)
    until = NOW + timedelta(minutes=20)
    assert booking.hold_until == until
    assert not booking.lapsed(until - timedelta(microseconds=1)) and booking.lapsed(until)
    with pytest.raises(Lapsed):
        lifecycle.extend(session, booking, until, CITIZEN)
    with pytest.raises(Lapsed):
        reservation.submit(session, booking, ANNA_AND_BEN, until, CITIZEN)
    claims.expire(session, [booking.id], until)
    session.refresh(booking)
    with pytest.raises(Lapsed, match="abgelaufen"):
        reservation.submit(session, booking, ANNA_AND_BEN, until, CITIZEN)


def test_a_hold_is_extended_once(session, cast):
    booking = held(session, cast)
    at = NOW + timedelta(minutes=15)
    lifecycle.extend(session, booking, at, CITIZEN)
    assert booking.hold_until == at + timedelta(minutes=20)
    lifecycle.extend(session, booking, at + timedelta(minutes=10), CITIZEN)
    assert booking.hold_until == at + timedelta(minutes=20)
    expiries = session.scalars(select(Claim.expires_at).where(Claim.booking_id == booking.id)).all()
    assert set(expiries) == {booking.hold_until}, "the claims live as long as the hold"


def test_an_unproven_reservation_lapses_and_its_link_comes_too_late(session, cast):
    booking = submitted(session, cast)
    assert booking.hold_until == NOW + timedelta(minutes=60)
    with pytest.raises(Lapsed):
        reservation.prove(session, booking, booking.hold_until)


def test_a_proven_reservation_no_longer_runs_out(session, cast):
    booking = requested(session, cast)
    assert booking.hold_until is None
    assert set(session.scalars(select(Claim.expires_at).where(Claim.booking_id == booking.id))) == {None}
    assert claims.expire(session, [booking.id], NINE) == 0


def test_what_has_begun_cant_be_cancelled(session, cast):
    booking = firm(session, cast)
    with pytest.raises(NotAllowed, match="begonnen"):
        lifecycle.cancel(session, booking, NINE, CLERK)
    lifecycle.cancel(session, booking, NINE - timedelta(seconds=1), CLERK)


def test_a_decline_leaves_nothing_owed_and_keeps_its_reason(session, cast):
    booking = requested(session, cast)
    pay(session, booking, NOW)
    lifecycle.decline(session, booking, "Der Saal wird umgebaut.", NOW, CLERK)
    account = ledger.account(session, booking.id)
    assert (account.owed, account.paid, account.returned) == (0, 17000, 17000)
    reason = select(BookingEvent.reason).where(BookingEvent.verb == "decline")
    assert session.scalars(reason).one() == "Der Saal wird umgebaut."


def test_a_release_pays_everything_back(session, cast):
    booking = payable(session, cast)
    pay(session, booking, NOW, 5000)
    lifecycle.release(session, booking, booking.deadline_at)
    assert ledger.account(session, booking.id).returned == 5000


def test_a_release_comes_not_a_second_early(session, cast):
    booking = payable(session, cast)
    lifecycle.release(session, booking, booking.deadline_at - timedelta(seconds=1))
    assert booking.state == "payable"
    lifecycle.release(session, booking, booking.deadline_at)
    assert booking.state == "released"


def test_money_for_a_released_booking_takes_its_place_again(session, cast):
    booking = released(session, cast)
    pay(session, booking, booking.ended_at + timedelta(hours=1), 17000)
    assert booking.state == "confirmed" and booking.ended_at is None
    assert ledger.account(session, booking.id) == ledger.Account(owed=17000, paid=17000, returned=0)


def test_money_for_a_place_that_is_gone_goes_back(session, cast):
    booking = released(session, cast)
    late = booking.ended_at + timedelta(hours=1)
    reservation.hold(session, cast.town, cast.room.id, NINE, late, CITIZEN)
    pay(session, booking, late, 17000)
    assert booking.state == "released"
    assert ledger.account(session, booking.id) == ledger.Account(owed=0, paid=17000, returned=17000)
    assert verbs(session, booking)[-2:] == ["pay", "refund"], "never silent"


def test_money_after_a_cancellation_goes_back(session, cast):
    booking = cancelled(session, cast)
    pay(session, booking, LATER, 17000)
    assert booking.state == "cancelled"
    assert ledger.account(session, booking.id).surplus == 0


def test_released_and_revived_again_and_again_owes_the_same(session, cast):
    booking = payable(session, cast)
    for _time in range(3):
        lifecycle.release(session, booking, booking.deadline_at)
        assert ledger.account(session, booking.id).owed == 0
        lifecycle.revive(session, booking, booking.ended_at, SYSTEM)
        assert ledger.account(session, booking.id).owed == 17000
        lifecycle.pay(session, booking, LATER, SYSTEM, 0)
    sums = session.scalar(select(func.sum(ChargeItem.cents)))
    assert sums == 17000


def test_the_days_to_pay_are_counted_from_the_last_yes(session, cast):
    booking = requested(session, cast)
    (charge,) = ledger.charges(session, booking.id)
    asked_on, late = charge.due_on, NOW + timedelta(days=60)
    lifecycle.approve(session, booking, "office", late, CLERK)
    session.refresh(charge)
    assert booking.state == "payable" and charge.due_on == asked_on + timedelta(days=60)


def test_two_payments_at_once_dont_pay_twice(session, cast):
    booking = payable(session, cast)
    pay(session, booking, NOW, 17000)
    pay(session, booking, NOW, 17000)
    assert ledger.account(session, booking.id) == ledger.Account(owed=17000, paid=34000, returned=17000)
    assert verbs(session, booking).count("confirm") == 1


def test_half_a_payment_confirms_nothing(session, cast):
    booking = payable(session, cast)
    pay(session, booking, NOW, 8000)
    assert booking.state == "payable"
    pay(session, booking, NOW, 9000)
    assert booking.state == "confirmed"
