"""A clerk moves, lengthens and reassigns: what the preview says is what happens, and it can be taken back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from buchbar.base.errors import Invalid, Refused
from buchbar.booking import approvals, before, claims, closures, corrections, lifecycle, previews, queries
from buchbar.booking.before import staff_of
from buchbar.booking.events import CITIZEN, PROVIDER
from buchbar.booking.models import Booking, BookingEvent, Claim
from buchbar.booking.plans import CantBe, Wish
from buchbar.booking.steps import NotAllowed
from buchbar.booking.terms import CancellationStep, DaysAfterBooking, Terms
from buchbar.booking.weddings import adjust, reservation
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import day_span
from buchbar.notices.models import Letter
from buchbar.payments import ledger
from buchbar.payments.models import Payment
from tests.cast import ANNA_AND_BEN, BERLIN, CLERK, FRIDAY, NOW, SATURDAY, assemble, confirmed, reserved, slot_at

HALF = timedelta(minutes=30)
LATER = NOW + timedelta(minutes=1)
MUCH_LATER = NOW + timedelta(minutes=2)
NINE = slot_at(SATURDAY, 9)


@pytest.fixture
def cast(session):
    return assemble(session, Terms(payment="optional"))


@pytest.fixture
def firm(session, cast):
    """Anna and Ben have Saturday, nine o'clock, in the room."""
    return confirmed(session, cast, NINE)


def wish(booking, start=None, minutes=30, place=None, staff=None):
    start = start or booking.starts_at
    return Wish((place or booking.resource).id, Span(start, start + timedelta(minutes=minutes)), staff and staff.id)


def other(session, cast, booking):
    """The registrar who isn't on it."""
    return next(each for each in cast.registrars if each.id != staff_of(session, booking))


def claimed(session, booking):
    rows = session.scalars(select(Claim).where(Claim.booking_id == booking.id)).all()
    return {row.resource_id: Span(row.starts_at, row.ends_at) for row in rows}


def last(session, booking):
    return queries.events_since(session, booking, 0)[-1]


def event(session, booking, verb):
    return [each for each in queries.events_since(session, booking, 0) if each.verb == verb][-1]


def letters(session, kind):
    return session.scalars(select(Letter).where(Letter.kind == kind).order_by(Letter.written_at)).all()


# --- What it is ---------------------------------------------------------------------------------------------


def test_nothing_changes_where_it_is_so_already(session, cast, firm):
    assert adjust.plan(session, firm, wish(firm), LATER).verb == ""
    assert adjust.put(session, firm, wish(firm), LATER, CLERK) is None


def test_a_move_to_a_time_beside_the_grid_keeps_the_registrar(session, cast, firm):
    staff = staff_of(session, firm)
    wanted = wish(firm, slot_at(SATURDAY, 10, 5))
    made = adjust.plan(session, firm, wanted, LATER)
    assert (made.verb, made.obstacles, made.warnings) == ("move", (), ())
    assert made.wish.staff_id == staff
    moved = adjust.put(session, firm, wanted, LATER, CLERK)
    assert moved.verb == "move" and firm.starts_at == slot_at(SATURDAY, 10, 5)
    ceremony = Span(firm.starts_at, firm.ends_at)
    assert claimed(session, firm) == {
        cast.room.id: ceremony.widened(timedelta(0), timedelta(minutes=15)),
        staff: ceremony.widened(timedelta(minutes=15), timedelta(minutes=10)),
    }
    assert {each.resource_id: each.span for each in made.claims} == claimed(session, firm)
    assert firm.state == "confirmed", "the office has moved it, so the office has agreed"


def test_lengthening_takes_the_room_and_the_registrar_longer_and_tells_the_couple(session, cast, firm):
    sequence = firm.sequence
    adjust.put(session, firm, wish(firm, minutes=50), LATER, CLERK)
    assert firm.ends_at == slot_at(SATURDAY, 9, 50)
    assert claimed(session, firm)[cast.room.id].end == slot_at(SATURDAY, 10, 5)
    assert claimed(session, firm)[staff_of(session, firm)].end == slot_at(SATURDAY, 10)
    (letter,) = letters(session, "lengthened")
    assert "Sie endet jetzt um 09:50 Uhr statt um 09:30 Uhr" in " ".join(letter.text.split())
    assert letter.calendar_method == "REQUEST" and firm.sequence == sequence + 1
    assert firm.state == "confirmed"


def test_reassigning_moves_one_claim_and_writes_to_nobody(session, cast, firm):
    was, other_one = staff_of(session, firm), other(session, cast, firm)
    written = len(session.scalars(select(Letter)).all())
    done = adjust.put(session, firm, wish(firm, staff=other_one), LATER, CLERK)
    assert done.verb == "reassign" and staff_of(session, firm) == other_one.id
    assert was not in claimed(session, firm)
    assert len(session.scalars(select(Letter)).all()) == written


def test_who_is_free_is_chosen_where_nobody_is_named(session, cast, firm):
    was, free_one = staff_of(session, firm), other(session, cast, firm)
    away = next(each for each in cast.registrars if each.id == was)
    closures.close(session, away, Span(slot_at(SATURDAY, 10), slot_at(SATURDAY, 13)), "Fortbildung", NOW, CLERK)
    made = adjust.plan(session, firm, wish(firm, slot_at(SATURDAY, 10, 30)), LATER)
    assert made.wish.staff_id == free_one.id and not made.obstacles


# --- What stands against it ---------------------------------------------------------------------------------


def refused(session, booking, wanted, words, **more):
    """Both the preview and the verb say so, and nothing has happened."""
    before_it = (booking.starts_at, booking.ends_at, booking.resource_id, claimed(session, booking))
    made = adjust.plan(session, booking, wanted, LATER)
    assert any(words in each.sentence for each in made.obstacles), made.obstacles
    with pytest.raises(CantBe, match=words):
        adjust.put(session, booking, wanted, LATER, CLERK, anyway=True)
    assert before_it == (booking.starts_at, booking.ends_at, booking.resource_id, claimed(session, booking))
    return made


def test_a_wedding_in_the_way_is_named(session, cast, firm):
    theirs = confirmed(session, cast, slot_at(SATURDAY, 10, 30), replace(ANNA_AND_BEN, email="x@example.org"))
    made = refused(session, firm, wish(firm, minutes=90), "Anna Müller & Ben Yıldız")
    assert [each.booking_id for each in made.obstacles] == [theirs.id], "the room; another registrar is free"


def test_cleaning_is_in_the_way_too_and_a_minute_less_is_not(session, cast, firm):
    confirmed(session, cast, slot_at(SATURDAY, 9, 45), replace(ANNA_AND_BEN, email="x@example.org"))
    refused(session, firm, wish(firm, minutes=35, staff=None), "Trauzimmer im Rathaus: belegt von 09:45")
    adjust.put(session, firm, wish(firm, minutes=25), LATER, CLERK)
    assert firm.ends_at == slot_at(SATURDAY, 9, 25)


def test_a_closure_in_the_way_is_named_with_its_reason(session, cast, firm):
    closures.close(session, cast.mill, day_span(SATURDAY, BERLIN), "Hochwasser", NOW, CLERK)
    refused(session, firm, wish(firm, slot_at(SATURDAY, 11), place=cast.mill), "gesperrt, Hochwasser")


def test_a_way_that_cant_be_done_is_said(session, cast, firm):
    staff = next(each for each in cast.registrars if each.id == staff_of(session, firm))
    theirs = confirmed(session, cast, slot_at(SATURDAY, 11, 15), replace(ANNA_AND_BEN, email="x@example.org"))
    adjust.put(session, theirs, wish(theirs, slot_at(SATURDAY, 11), place=cast.mill, staff=staff), NOW, CLERK)
    # At the mill from 10:45 on; 20 minutes' way; at the town hall until 10:35.
    refused(session, firm, wish(firm, slot_at(SATURDAY, 9, 55), staff=staff), "Der Weg ist nicht zu schaffen")


def test_who_may_not_marry_there_is_refused_whatever_is_ticked(session, cast, firm):
    other_one = other(session, cast, firm)
    other_one.venues = [cast.mill]
    session.flush()
    refused(session, firm, wish(firm, staff=other_one), "darf an diesem Trauort nicht trauen")


def test_too_many_guests_the_past_and_strangers_are_refused(session, cast, firm):
    elsewhere = assemble(session, slug="stuhr")
    refused(session, firm, wish(firm, NOW - timedelta(hours=1)), "hat schon begonnen")
    refused(session, firm, wish(firm, place=elsewhere.room), "gibt es nicht")
    refused(session, firm, wish(firm, minutes=45, staff=elsewhere.registrars[0]), "arbeitet hier nicht")
    cast.mill.persons = 9
    session.flush()
    refused(session, firm, wish(firm, slot_at(SATURDAY, 11), place=cast.mill), "Platz für 9 Gäste")


def test_outside_the_hours_needs_a_tick(session, cast, firm):
    evening = wish(firm, slot_at(SATURDAY, 18))
    made = adjust.plan(session, firm, replace(evening, staff_id=staff_of(session, firm)), LATER)
    assert len(made.warnings) == 2 and not made.obstacles
    assert "nicht geöffnet (09:00 bis 12:00 Uhr)" in made.warnings[0]
    with pytest.raises(Invalid) as fault:
        adjust.put(session, firm, made.wish, LATER, CLERK)
    assert list(fault.value.fields) == ["trotzdem"] and firm.starts_at == NINE
    adjust.put(session, firm, made.wish, LATER, CLERK, anyway=True)
    assert firm.starts_at == slot_at(SATURDAY, 18)


def test_nobody_is_sent_without_duty_unless_named(session, cast, firm):
    refused(session, firm, wish(firm, slot_at(SATURDAY, 18)), "niemand frei und im Dienst")


@pytest.mark.parametrize("state", ["held", "cancelled"])
def test_what_doesnt_stand_isnt_touched(session, cast, state):
    booking = reservation.hold(session, cast.town, cast.room.id, NINE, NOW, CITIZEN)
    if state == "cancelled":
        lifecycle.cancel(session, booking, NOW, CITIZEN)
    with pytest.raises(NotAllowed):
        adjust.put(session, booking, wish(booking, slot_at(SATURDAY, 10, 30)), LATER, CLERK)


def test_what_has_begun_keeps_its_length(session, cast, firm):
    with pytest.raises((NotAllowed, CantBe)):
        adjust.put(session, firm, wish(firm, minutes=60), NINE + timedelta(minutes=5), CLERK)


# --- Money and agreement ------------------------------------------------------------------------------------


def pay(session, booking, cents, at=NOW):
    session.add(
        Payment(
            municipality_id=booking.municipality_id,
            booking_id=booking.id,
            cents=cents,
            state="paid",
            started_at=at,
            expires_at=at,
            settled_at=at,
        )
    )
    session.flush()
    lifecycle.pay(session, booking, at, PROVIDER, cents)


def test_the_preview_says_what_it_costs_and_what_goes_back(session, cast, firm):
    pay(session, firm, 17000)
    cheaper = wish(firm, slot_at(FRIDAY, 9))
    seen = previews.foresee(session, firm, lambda: adjust.put(session, firm, cheaper, LATER, CLERK))
    assert (seen.owed_more, seen.back, firm.starts_at) == (-11000, 11000, NINE)
    adjust.put(session, firm, cheaper, LATER, CLERK)
    account = ledger.account(session, firm.id)
    assert (account.owed, account.returned) == (6000, 11000)


def test_undoing_a_move_brings_back_price_and_deadline(session):
    cast = assemble(session)  # payment is required, within a deadline
    firm = confirmed(session, cast, NINE)
    state, deadline, owed = firm.state, firm.deadline_at, ledger.owed(session, firm.id)
    staff = staff_of(session, firm)
    moved = adjust.put(session, firm, wish(firm, slot_at(FRIDAY, 9)), LATER, CLERK)
    assert ledger.account(session, firm.id).owed == 6000
    assert before.can_be_taken_back(moved, queries.events_since(session, firm, moved.id))
    adjust.put_back(session, firm, moved, MUCH_LATER, CLERK)
    assert (firm.starts_at, firm.state, firm.deadline_at) == (NINE, state, deadline)
    assert sorted(ledger.owed(session, firm.id), key=str) == sorted(owed, key=str)
    assert staff_of(session, firm) == staff
    assert len(letters(session, "moved")) == 2, "the couple has been told, so they are told again"
    assert adjust.put_back(session, firm, moved, MUCH_LATER, CLERK) is None, "twice is once"


def test_taking_back_gives_no_deadline_that_has_passed(session):
    cast = assemble(session)
    firm = confirmed(session, cast, NINE)
    short, day = firm.deadline_at, timedelta(days=1)
    moved = adjust.put(session, firm, wish(firm, slot_at(SATURDAY, 10, 30)), short - day, CLERK)
    adjust.put_back(session, firm, moved, short + 2 * day, CLERK)
    lifecycle.release(session, firm, short + 2 * day)
    assert firm.state == "payable" and firm.deadline_at > short + 10 * day


def test_a_clerk_who_moves_takes_nothing_of_a_deadline_that_was_prolonged(session):
    cast = assemble(session, Terms(payment="optional", deadline=DaysAfterBooking(40)))
    firm = confirmed(session, cast, NINE)
    corrections.prolong(session, firm, date(2027, 3, 1), "Urkunde fehlt", LATER, CLERK)
    until = firm.deadline_at
    adjust.put(session, firm, wish(firm, slot_at(SATURDAY, 10, 30)), MUCH_LATER, CLERK)
    assert firm.deadline_at == until == day_span(date(2027, 3, 1), BERLIN).end
    early = wish(firm, slot_at(date(2027, 2, 20), 9), staff=cast.registrars[0])
    adjust.put(session, firm, early, MUCH_LATER + HALF, CLERK, anyway=True)
    assert firm.deadline_at == firm.starts_at, "never after the wedding"


def test_a_clerk_who_moves_a_request_confirms_it_and_that_is_written_down(session):
    strict = Terms(payment="optional", cancellation=(CancellationStep(0, 0),))
    cast = assemble(session, strict)
    asked = reserved(session, cast, NINE)
    wanted = wish(asked, slot_at(SATURDAY, 10, 30))
    assert "Der Termin gilt damit als vom Amt bestätigt." in adjust.plan(session, asked, wanted, LATER).effects
    moved = adjust.put(session, asked, wanted, LATER, CLERK)
    assert asked.state == "confirmed" and last(session, asked).verb == "confirm"
    assert lifecycle.refund_percent(session, asked, LATER) == 0
    assert (len(letters(session, "moved")), len(letters(session, "confirmed"))) == (1, 0), "one letter says both"
    assert before.can_be_taken_back(moved, queries.events_since(session, asked, moved.id))
    adjust.put_back(session, asked, moved, MUCH_LATER, CLERK)
    assert asked.state == "requested"
    assert lifecycle.refund_percent(session, asked, MUCH_LATER) == 100, "that yes was taken back"


def at_the_mill(session):
    """Anna and Ben have Saturday, eleven o'clock, at the mill, whose owner has agreed."""
    cast = assemble(session, Terms(payment="optional", approval="office_and_owner"))
    booking = reservation.hold(session, cast.town, cast.mill.id, slot_at(SATURDAY, 11), NOW, CITIZEN)
    reservation.submit(session, booking, ANNA_AND_BEN, NOW, CITIZEN)
    reservation.prove(session, booking, NOW)
    for party in ("office", "owner"):
        lifecycle.approve(session, booking, party, NOW, CLERK)
    return cast, booking


def test_an_owner_hears_that_a_wedding_lasts_longer(session):
    _cast, booking = at_the_mill(session)
    longer = wish(booking, minutes=240)
    made = adjust.plan(session, booking, longer, LATER)
    assert "Mühlenverein wird nicht noch einmal gefragt." in made.effects
    adjust.put(session, booking, longer, LATER, CLERK, anyway=True)
    (letter,) = letters(session, "owner_lengthened")
    assert letter.to_address == "muehle@example.org" and "Anna" not in letter.text
    assert "endet jetzt um 15:00 Uhr statt um 11:30 Uhr" in " ".join(letter.text.split())
    assert booking.state == "confirmed"


def test_a_house_that_has_no_owner_any_more_is_asked_nothing_when_a_move_is_taken_back(session):
    cast, booking = at_the_mill(session)
    moved = adjust.put(session, booking, wish(booking, NINE, place=cast.room), LATER, CLERK)
    cast.mill.owner_email = ""
    session.flush()
    adjust.put_back(session, booking, moved, MUCH_LATER, CLERK)
    assert (booking.resource_id, booking.state, booking.parties) == (cast.mill.id, "confirmed", ["office"])
    assert not letters(session, "owner_back")


def test_what_a_clerk_moved_on_the_bookings_page_can_be_taken_back_too(session, cast, firm):
    staff = staff_of(session, firm)
    reservation.move(session, firm, cast.room.id, slot_at(SATURDAY, 10, 30), LATER, CLERK)
    moved = event(session, firm, "move")
    assert before.last_change(queries.events_since(session, firm, 0)) is moved
    adjust.put_back(session, firm, moved, MUCH_LATER, CLERK)
    assert (firm.starts_at, firm.state, staff_of(session, firm)) == (NINE, "confirmed", staff)


def test_an_owner_who_had_agreed_is_told_that_the_date_holds_again(session):
    cast = assemble(session, Terms(payment="optional", approval="office_and_owner"))
    firm = reservation.hold(session, cast.town, cast.mill.id, slot_at(SATURDAY, 11), NOW, CITIZEN)
    reservation.submit(session, firm, ANNA_AND_BEN, NOW, CITIZEN)
    reservation.prove(session, firm, NOW)
    lifecycle.approve(session, firm, "office", NOW, CLERK)
    lifecycle.approve(session, firm, "owner", NOW, CLERK)
    assert firm.state == "confirmed"
    made = adjust.plan(session, firm, wish(firm, slot_at(SATURDAY, 13)), LATER)
    assert any("Mühlenverein muss dem neuen Termin zustimmen" in each for each in made.effects)
    moved = adjust.put(session, firm, made.wish, LATER, CLERK)
    assert firm.state == "requested" and approvals.given(session, firm) == {"office"}
    adjust.put_back(session, firm, moved, MUCH_LATER, CLERK)
    assert firm.state == "confirmed" and approvals.given(session, firm) == {"office", "owner"}
    assert [each.to_address for each in letters(session, "owner_back")] == ["muehle@example.org"]
    assert len(letters(session, "owner_over")) == 2, "of the old date, and then of the new"
    lifecycle.cancel(session, firm, MUCH_LATER + timedelta(minutes=1), CLERK, "Sturmschaden")
    assert len(letters(session, "owner_over")) == 3


def test_undoing_lengthening_and_reassigning(session, cast, firm):
    was = staff_of(session, firm)
    longer = adjust.put(session, firm, wish(firm, minutes=60), LATER, CLERK)
    adjust.put_back(session, firm, longer, MUCH_LATER, CLERK)
    assert firm.ends_at == NINE + HALF
    sent = adjust.put(session, firm, wish(firm, staff=other(session, cast, firm)), MUCH_LATER, CLERK)
    adjust.put_back(session, firm, sent, MUCH_LATER, CLERK)
    assert staff_of(session, firm) == was


def test_what_somebody_has_taken_meanwhile_cant_be_had_again(session, cast, firm):
    moved = adjust.put(session, firm, wish(firm, slot_at(SATURDAY, 10, 30)), LATER, CLERK)
    confirmed(session, cast, NINE, replace(ANNA_AND_BEN, email="x@example.org"))
    with pytest.raises(CantBe, match="belegt"):
        adjust.put_back(session, firm, moved, MUCH_LATER, CLERK)
    assert firm.starts_at == slot_at(SATURDAY, 10, 30)


def test_what_has_been_followed_by_something_else_isnt_taken_back(session, cast, firm):
    moved = adjust.put(session, firm, wish(firm, slot_at(SATURDAY, 10, 30)), LATER, CLERK)
    lifecycle.register(session, firm, MUCH_LATER, CLERK)
    assert not before.can_be_taken_back(moved, queries.events_since(session, firm, moved.id))
    assert not before.can_be_taken_back(last(session, firm), [])


def test_a_wedding_beside_the_grid_comes_back_when_it_is_paid_late(session):
    cast = assemble(session)
    firm = confirmed(session, cast, NINE)
    adjust.put(session, firm, wish(firm, slot_at(SATURDAY, 10, 5), minutes=40), LATER, CLERK)
    staff, late = staff_of(session, firm), firm.deadline_at
    lifecycle.release(session, firm, late)
    assert firm.state == "released" and not claimed(session, firm)
    pay(session, firm, 17000, late + timedelta(minutes=1))
    assert firm.state == "confirmed" and staff_of(session, firm) == staff
    assert firm.ends_at - firm.starts_at == timedelta(minutes=40)


# --- The nights on which the clocks change ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "first", "utc"),
    [
        (date(2027, 3, 28), (1, 45), datetime(2027, 3, 28, 0, 45, tzinfo=UTC)),
        (date(2027, 10, 31), (2, 30), datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),
    ],
)
def test_half_an_hour_is_half_an_hour_when_the_clocks_change(session, cast, firm, day, first, utc):
    wanted = wish(firm, slot_at(day, *first), staff=cast.registrars[0])
    adjust.put(session, firm, wanted, LATER, CLERK, anyway=True)
    assert firm.starts_at == utc and firm.ends_at == utc + HALF
    assert claimed(session, firm)[cast.room.id] == Span(utc, utc + HALF + timedelta(minutes=15))


def test_events_of_citizens_keep_nothing_to_take_back(session, cast, firm):
    reservation.move(session, firm, cast.room.id, slot_at(SATURDAY, 10, 30), LATER, CITIZEN)
    moved = event(session, firm, "move")
    assert before.kept(moved) is None and not before.can_be_taken_back(moved, [])
    assert adjust.put_back(session, firm, moved, MUCH_LATER, CLERK) is None


def test_a_request_is_moved_without_deciding_it_for_the_owner(session):
    cast = assemble(session, Terms(approval="office_and_owner", payment="none"))
    asked = reserved(session, cast, NINE)
    assert asked.state == "requested"
    adjust.put(session, asked, wish(asked, slot_at(SATURDAY, 11), place=cast.mill), LATER, CLERK)
    assert asked.state == "requested" and approvals.given(session, asked) == {"office"}
    assert session.scalars(select(BookingEvent.verb).where(BookingEvent.booking_id == asked.id)).all()[-1] == "move"
    assert session.get_one(Booking, asked.id).resource_id == cast.mill.id


@pytest.mark.parametrize("how", ["put", "move"])
def test_who_is_overrun_leaves_no_cache_with_the_holds_that_were_swept(monkeypatch, session, cast, firm, how):
    reservation.hold(session, cast.town, cast.room.id, slot_at(SATURDAY, 10, 30), NOW, CITIZEN)
    session.refresh(cast.room)
    before, later = cast.room.version, NOW + timedelta(hours=1)
    monkeypatch.setattr(claims, "take", lambda *_args, **_named: [])
    with pytest.raises(Refused):
        if how == "put":
            to = Span(slot_at(SATURDAY, 10, 30), slot_at(SATURDAY, 11))
            adjust.put(session, firm, Wish(cast.room.id, to), later, CLERK)
        else:
            reservation.move(session, firm, cast.room.id, slot_at(SATURDAY, 10, 30), later, CLERK)
    session.refresh(cast.room)
    assert cast.room.version > before
