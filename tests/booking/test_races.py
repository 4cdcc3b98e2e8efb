"""Two act on one booking at once: it ends in one clear result, and nobody meets an error page."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from buchbar.booking import claims, closures, lifecycle
from buchbar.booking.closures import InTheWay
from buchbar.booking.events import CITIZEN, Actor
from buchbar.booking.models import Booking, BookingEvent, Claim
from buchbar.booking.steps import Lapsed, NotAllowed
from buchbar.booking.terms import Terms
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.reservation import SlotTaken, TooManyHolds
from buchbar.calendar.spans import Span
from buchbar.payments import ledger
from buchbar.payments.models import Charge, Refund
from buchbar.resources.models import Resource
from tests.booking.crowd import crowded, doing, holding, in_transaction, starts, tally, together
from tests.booking.money import pay
from tests.cast import ANNA_AND_BEN, CLERK, NOW, SATURDAY, assemble, confirmed, reserved, slot_at

WINTER = Actor("clerk", "Herr Winter")
NINE = slot_at(SATURDAY, 9)
ROUNDS = 4


@pytest.fixture
def crowd(database_url, town):
    with crowded(database_url, pool=12) as database:
        yield database


def slots(crowd, town, count=ROUNDS):
    """Times far enough apart for two registrars."""
    return starts(crowd, town, town.room, 2 * count, SATURDAY)[::2]


def made(crowd, make, town, start=NINE):
    """A booking by a couple of its own."""
    couple = replace(ANNA_AND_BEN, email=f"{start:%d%H%M}@example.org")
    return in_transaction(crowd, lambda session: make(session, town, start, couple).id)()


def verbs(crowd, booking_id):
    with crowd.read() as session:
        told = select(BookingEvent.verb).where(BookingEvent.booking_id == booking_id).order_by(BookingEvent.id)
        return session.scalars(told).all()


def seen(crowd, booking_id):
    """State, number of claims, and the account of a booking."""
    with crowd.read() as session:
        count = session.scalar(select(func.count()).select_from(Claim).where(Claim.booking_id == booking_id))
        return session.get_one(Booking, booking_id).state, count, ledger.account(session, booking_id)


def test_two_clerks_who_approve_at_once_approve_once(crowd, town):
    booking = made(crowd, reserved, town)
    acts = [lambda s, b, by=by: lifecycle.approve(s, b, "office", NOW, by) for by in (CLERK, WINTER)]
    outcomes = together([doing(crowd, booking, act) for act in acts])
    assert tally(outcomes) == {"NoneType": 2}
    with crowd.read() as session:
        given = session.scalars(select(BookingEvent.data).where(BookingEvent.verb == "approve")).all()
        assert [data for data in given if data] == [{"party": "office"}]
    assert seen(crowd, booking)[0] == "payable"


def test_approving_and_declining_at_once_ends_in_one_of_them(crowd, town):
    for start in slots(crowd, town):
        booking = made(crowd, reserved, town, start)
        outcomes = together(
            [
                doing(crowd, booking, lambda s, b: lifecycle.approve(s, b, "office", NOW, CLERK)),
                doing(crowd, booking, lambda s, b: lifecycle.decline(s, b, "belegt", NOW, WINTER)),
            ]
        )
        assert tally(outcomes) == {"NoneType": 1, "NotAllowed": 1}
        state, count, account = seen(crowd, booking)
        assert (state, count) in (("payable", 2), ("declined", 0))
        assert (account.owed == 0) is (state == "declined")
        assert ("decline" in verbs(crowd, booking)) is (state == "declined")


def test_confirming_and_cancelling_at_once_ends_cancelled_and_free(crowd, town):
    for start in slots(crowd, town):
        booking = made(crowd, reserved, town, start)
        outcomes = together(
            [
                doing(crowd, booking, lambda s, b: lifecycle.approve(s, b, "office", NOW, CLERK)),
                doing(crowd, booking, lambda s, b: lifecycle.cancel(s, b, NOW, CITIZEN)),
            ]
        )
        assert outcomes[1] is None and isinstance(outcomes[0], NotAllowed | None)
        assert seen(crowd, booking)[:2] == ("cancelled", 0)
        assert verbs(crowd, booking).count("cancel") == 1


def test_two_cancel_at_once_and_it_is_cancelled_once(crowd, town):
    booking = made(crowd, confirmed, town)
    outcomes = together([doing(crowd, booking, lambda s, b: lifecycle.cancel(s, b, NOW, CITIZEN)) for _ in range(4)])
    assert tally(outcomes) == {"NoneType": 4}
    assert verbs(crowd, booking).count("cancel") == 1


def test_paying_and_cancelling_at_once_never_ends_paid_and_cancelled(crowd, town):
    for start in slots(crowd, town):
        booking = made(crowd, confirmed, town, start)
        outcomes = together(
            [
                doing(crowd, booking, lambda s, b: pay(s, b, NOW, 17000)),
                doing(crowd, booking, lambda s, b: lifecycle.cancel(s, b, NOW, CITIZEN)),
            ]
        )
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        state, count, account = seen(crowd, booking)
        assert (state, count) == ("cancelled", 0)
        assert account.paid == account.returned == 17000 and account.owed == 0


def test_a_double_submit_makes_one_reservation(crowd, town):
    booking = holding(crowd, town, town.room, NINE)()
    twice = [doing(crowd, booking, lambda s, b: reservation.submit(s, b, ANNA_AND_BEN, NOW, CITIZEN))] * 4
    assert tally(together(twice)) == {"NoneType": 4}
    proofs = [doing(crowd, booking, lambda s, b: reservation.prove(s, b, NOW))] * 4
    assert tally(together(proofs)) == {"NoneType": 4}
    assert verbs(crowd, booking).count("prove") == 1
    with crowd.read() as session:
        assert session.scalar(select(func.count()).select_from(Charge)) == 1


def test_sweeps_that_meet_end_each_hold_once(crowd, town):
    ids = [holding(crowd, town, town.room, start)() for start in slots(crowd, town)]
    later = NOW + timedelta(minutes=20)
    some = [ids, list(reversed(ids)), ids[2:], ids[:3]]
    outcomes = together([in_transaction(crowd, lambda s, few=few: claims.expire(s, few, later)) for few in some])
    assert sum(outcomes) == len(ids)
    with crowd.read() as session:
        ended = session.scalars(select(BookingEvent.booking_id).where(BookingEvent.verb == "expire")).all()
        assert sorted(ended) == sorted(ids)
        assert not session.scalars(select(Claim.id)).all()


def test_hold_expiry_and_second_taker_meet(crowd, town):
    """The first sends the form in the last second, a job sweeps, a second couple clicks: one of the two has it."""
    until = NOW + timedelta(minutes=20)
    last_second = until - timedelta(seconds=1)
    for start in slots(crowd, town):
        couple = replace(ANNA_AND_BEN, email=f"{start:%d%H%M}@example.org")
        first = holding(crowd, town, town.room, start)()
        outcomes = together(
            [
                doing(crowd, first, lambda s, b, couple=couple: reservation.submit(s, b, couple, last_second, CITIZEN)),
                holding(crowd, town, town.room, start, until),
                in_transaction(crowd, lambda s, first=first: claims.expire(s, [first], until)),
            ]
        )
        first_has_it, second_has_it = outcomes[0] is None, not isinstance(outcomes[1], Exception)
        assert first_has_it is not second_has_it, outcomes
        assert isinstance(outcomes[0], Lapsed | NotAllowed | None)
        assert second_has_it or isinstance(outcomes[1], SlotTaken)
        in_transaction(crowd, lambda s, first=first: lifecycle.cancel(s, s.get_one(Booking, first), NOW, CLERK))


def test_an_expired_hold_gets_a_clear_sentence(crowd, town):
    until = NOW + timedelta(minutes=20)
    first = holding(crowd, town, town.room, NINE)()
    second = holding(crowd, town, town.room, NINE, until)()
    act = doing(crowd, first, lambda s, b: reservation.submit(s, b, ANNA_AND_BEN, until, CITIZEN))
    (outcome,) = together([act])
    assert isinstance(outcome, Lapsed) and "abgelaufen" in outcome.sentence
    assert seen(crowd, second)[:2] == ("held", 2)


def test_a_payment_and_the_release_job_meet_and_the_booking_stands(crowd, town):
    for start in slots(crowd, town):
        booking = made(crowd, confirmed, town, start)
        late, owed = NOW + timedelta(days=15), seen(crowd, booking)[2].owed
        outcomes = together(
            [
                doing(crowd, booking, lambda s, b, late=late: lifecycle.release(s, b, late)),
                doing(crowd, booking, lambda s, b, late=late, owed=owed: pay(s, b, late, owed)),
            ]
        )
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        state, count, account = seen(crowd, booking)
        assert (state, count, account.open, account.surplus) == ("confirmed", 2, 0, 0), verbs(crowd, booking)
        assert account.returned == 0


def test_a_late_payment_meets_somebody_who_takes_the_place(crowd, town):
    """Either the payment takes the place again, or the new couple has it and the money goes back. Nothing is lost."""
    for start in slots(crowd, town):
        booking = made(crowd, confirmed, town, start)
        late, owed = NOW + timedelta(days=15), seen(crowd, booking)[2].owed
        doing(crowd, booking, lambda s, b, late=late: lifecycle.release(s, b, late))()
        outcomes = together(
            [
                doing(crowd, booking, lambda s, b, late=late, owed=owed: pay(s, b, late, owed)),
                holding(crowd, town, town.room, start, late),
            ]
        )
        state, count, account = seen(crowd, booking)
        if isinstance(outcomes[1], SlotTaken):
            assert (state, count, account.returned) == ("confirmed", 2, 0)
        else:
            assert (state, count, account.returned) == ("released", 0, owed)
            with crowd.read() as session:
                assert session.scalars(select(Refund.cents).where(Refund.booking_id == booking)).all() == [owed]


def test_holds_at_once_are_counted_by_address_even_when_sent_together(database_url, database):
    with database.write() as session:
        town = assemble(session, Terms(holds_per_address=2))
    with crowded(database_url, pool=12) as crowd:
        ids = [holding(crowd, town, town.room, start)() for start in slots(crowd, town)]
        for each in ids:
            doing(crowd, each, lambda s, b: reservation.submit(s, b, ANNA_AND_BEN, NOW, CITIZEN))()
        outcomes = together([doing(crowd, each, lambda s, b: reservation.prove(s, b, NOW)) for each in ids])
        assert tally(outcomes) == {"NoneType": 2, TooManyHolds.__name__: len(ids) - 2}


def test_closing_and_holding_at_once_ends_in_one_of_them(crowd, town):
    for start in (slot_at(SATURDAY + timedelta(days=7 * week), 9) for week in range(ROUNDS)):
        day = Span(start - timedelta(hours=5), start + timedelta(hours=5))

        def close(session, day=day):
            return closures.close(session, session.get_one(Resource, town.room.id), day, "Wasserrohr", NOW, CLERK).id

        outcomes = together([in_transaction(crowd, close), holding(crowd, town, town.room, start)])
        assert tally(outcomes) in ({"UUID": 1, "SlotTaken": 1}, {"UUID": 1, "InTheWay": 1}), outcomes
        if isinstance(outcomes[0], InTheWay):
            assert [booking.id for booking in outcomes[0].bookings] == [outcomes[1]]
            doing(crowd, outcomes[1], lambda s, b: lifecycle.cancel(s, b, NOW, CITIZEN))()


def test_two_who_want_to_swap_their_slots_dont_wait_for_each_other_for_ever(crowd, town):
    nine, later = NINE, slot_at(SATURDAY, 10, 30)
    ours, theirs = (
        in_transaction(crowd, lambda s, start=start: confirmed(s, town, start).id)() for start in (nine, later)
    )

    def moving(booking, start):
        return doing(crowd, booking, lambda s, b: reservation.move(s, b, town.room.id, start, NOW, CLERK))

    for _round in range(ROUNDS):
        outcomes = together([moving(ours, later), moving(theirs, nine)])
        assert tally(outcomes) == {"SlotTaken": 2}, outcomes


def test_two_edits_at_once_raise_the_version_twice(crowd, town):
    from buchbar.resources.models import Venue

    def rename(session):
        session.get_one(Venue, town.room.id).summary += "!"
        session.flush()

    def version(session):
        from buchbar.accounts.models import Municipality

        return session.get_one(Municipality, town.town.id).version

    before = in_transaction(crowd, version)()
    assert tally(together([in_transaction(crowd, rename) for _ in range(8)])) == {"NoneType": 8}
    assert in_transaction(crowd, version)() == before + 8
