"""From a click on a slot to a reservation: what is offered, to whom, how often, and at what price."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from buchbar.base.errors import Invalid, NotFound
from buchbar.booking import lifecycle, links
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Claim
from buchbar.booking.terms import Terms
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.reservation import NotOffered, SlotTaken, TooManyHolds
from buchbar.calendar.release import Rolling
from buchbar.payments import ledger
from buchbar.payments.models import Tariff, TariffItem
from buchbar.resources.models import Registrar
from tests.booking.money import pay
from tests.cast import ANNA_AND_BEN, CLERK, NOW, SATURDAY, assemble, confirmed, reserved, slot_at

NINE = slot_at(SATURDAY, 9)
TWO = Terms(release=Rolling(12), holds_per_address=2)


def hold(session, cast, start=NINE, at=NOW, by=CITIZEN, venue=None):
    return reservation.hold(session, cast.town, (venue or cast.room).id, start, at, by)


def submit(session, cast, start, at=NOW, by=CITIZEN, **changes):
    booking = hold(session, cast, start, at)
    reservation.submit(session, booking, replace(ANNA_AND_BEN, **changes), at, by)
    return booking


# --- How many at once -------------------------------------------------------------------------------------


def saturdays():
    return (slot_at(SATURDAY + timedelta(days=7 * week), 9) for week in range(10))


def proven(session, cast, day, **changes):
    booking = submit(session, cast, day, **changes)
    reservation.prove(session, booking, NOW)
    return booking


def test_an_address_has_so_many_reservations_and_no_more(session):
    cast = assemble(session, TWO)
    days = saturdays()
    proven(session, cast, next(days))
    proven(session, cast, next(days))
    with pytest.raises(TooManyHolds, match="2 Reservierungen"):
        submit(session, cast, next(days))


def test_what_nobody_has_proven_uses_up_nobodys_limit(session):
    cast = assemble(session, TWO)
    days = saturdays()
    open_holds = [submit(session, cast, next(days)) for _each in range(3)]
    for booking in open_holds[:2]:
        reservation.prove(session, booking, NOW)
    with pytest.raises(TooManyHolds):
        reservation.prove(session, open_holds[2], NOW)


def test_capital_letters_make_no_new_address(session):
    cast = assemble(session, TWO)
    days = saturdays()
    proven(session, cast, next(days), email="Anna@example.org")
    proven(session, cast, next(days), email="ANNA@example.org")
    with pytest.raises(TooManyHolds):
        submit(session, cast, next(days), email="anna@Example.org")
    assert submit(session, cast, next(days), email="berta@example.org").alive


def test_other_towns_dont_count(session):
    diepholz, syke = assemble(session, TWO), assemble(session, TWO, slug="syke")
    for day in list(saturdays())[:2]:
        proven(session, diepholz, day)
    assert submit(session, syke, NINE).alive


def test_what_is_over_doesnt_count(session):
    cast = assemble(session, TWO)
    days = saturdays()
    lifecycle.cancel(session, proven(session, cast, next(days)), NOW, CITIZEN)
    proven(session, cast, next(days))
    proven(session, cast, next(days))
    with pytest.raises(TooManyHolds):
        submit(session, cast, next(days))


def test_weddings_that_have_been_dont_count(session):
    cast = assemble(session, TWO)
    days = list(saturdays())
    for day in days[:2]:
        reservation.prove(session, submit(session, cast, day), NOW)
    assert submit(session, cast, days[5], at=days[1]).alive


def test_correcting_the_data_is_not_a_second_reservation(session):
    cast = assemble(session, Terms(release=Rolling(12), holds_per_address=1))
    booking = submit(session, cast, NINE)
    reservation.submit(session, booking, replace(ANNA_AND_BEN, partner_one="Anna Maria Müller"), NOW, CITIZEN)


def test_a_clerk_may_enter_more(session):
    cast = assemble(session, Terms(release=Rolling(12), holds_per_address=1))
    days = saturdays()
    proven(session, cast, next(days))
    assert submit(session, cast, next(days), by=CLERK).alive


# --- The address and its link -----------------------------------------------------------------------------


def test_the_link_to_a_mistyped_address_proves_nothing_after_the_correction(session, cast):
    booking = submit(session, cast, NINE, email="anan@example.org")
    wrong = links.path(session, booking, "bestaetigung").rsplit("/", 1)[1]
    assert links.booking_by(session, wrong, "bestaetigung") is booking
    reservation.submit(session, booking, ANNA_AND_BEN, NOW, CITIZEN)
    with pytest.raises(NotFound):
        links.booking_by(session, wrong, "bestaetigung")
    right = links.path(session, booking, "bestaetigung").rsplit("/", 1)[1]
    assert links.booking_by(session, right, "bestaetigung") is booking


def test_more_guests_than_the_room_holds_are_not_accepted(session, cast):
    with pytest.raises(Invalid) as fault:
        submit(session, cast, NINE, guests=21)
    assert set(fault.value.fields) == {"guests"}
    assert submit(session, cast, slot_at(SATURDAY, 10, 30), guests=20).alive, "22 persons, the couple counted"


# --- What is offered --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start", [slot_at(SATURDAY, 9, 15), slot_at(SATURDAY, 12), slot_at(SATURDAY + timedelta(days=1), 9)]
)
def test_what_the_rules_dont_know_is_not_offered(session, cast, start):
    with pytest.raises(NotOffered):
        hold(session, cast, start)
    with pytest.raises(NotOffered):
        hold(session, cast, start, by=CLERK)


def test_the_calendar_opens_at_midnight_a_year_before_to_the_second(session, cast):
    opens = slot_at(date(2026, 5, 15), 0)
    with pytest.raises(NotOffered, match="noch nicht"):
        hold(session, cast, NINE, at=opens - timedelta(seconds=1))
    assert hold(session, cast, NINE, at=opens).alive


def test_the_31st_opens_on_the_last_of_a_shorter_month(session):
    cast = assemble(session, Terms(release=Rolling(6)))
    wedding = slot_at(date(2027, 8, 31), 9)  # a Tuesday
    opens = slot_at(date(2027, 2, 28), 0)
    with pytest.raises(NotOffered):
        hold(session, cast, wedding, at=opens - timedelta(seconds=1))
    assert hold(session, cast, wedding, at=opens).alive


def test_the_office_needs_its_lead(session, cast):
    earliest = NINE - timedelta(days=14)
    with pytest.raises(NotOffered, match="zu nah"):
        hold(session, cast, NINE, at=earliest + timedelta(seconds=1))
    assert hold(session, cast, NINE, at=earliest).alive


def test_a_clerk_may_book_early_and_late_but_not_in_the_past(session, cast):
    assert hold(session, cast, slot_at(date(2028, 5, 13), 9), by=CLERK).alive
    assert hold(session, cast, NINE, at=NINE - timedelta(minutes=1), by=CLERK).alive
    with pytest.raises(NotOffered):
        hold(session, cast, NINE, at=NINE, by=CLERK)


def test_the_clerks_path_skips_no_check(session, cast):
    hold(session, cast)
    with pytest.raises(SlotTaken):
        hold(session, cast, by=CLERK)


@pytest.mark.parametrize("change", [{"visibility": "information"}, {"active": False}])
def test_a_venue_that_is_only_shown_cant_be_held(session, cast, change):
    for name, value in change.items():
        setattr(cast.room, name, value)
    session.flush()
    with pytest.raises(NotOffered):
        hold(session, cast)


def test_nobody_marries_without_a_registrar(session):
    cast = assemble(session, registrars=1)
    hold(session, cast)
    with pytest.raises(SlotTaken):
        hold(session, cast, slot_at(SATURDAY, 10), venue=cast.mill)
    assert hold(session, cast, slot_at(SATURDAY, 11), venue=cast.mill).alive, "twenty minutes' way, both in time"


def test_registrars_take_turns(session, cast):
    for week in range(6):
        hold(session, cast, slot_at(SATURDAY + timedelta(days=week * 7), 9))
    ids = select(Registrar.id)
    counts = session.execute(
        select(func.count()).where(Claim.resource_id.in_(ids)).group_by(Claim.resource_id)
    ).scalars()
    assert max(loads := list(counts)) - min(loads) <= 2 and len(loads) == 2


def test_a_refusal_offers_what_is_near(session, cast):
    hold(session, cast)
    with pytest.raises(SlotTaken) as refusal:
        hold(session, cast)
    assert [day.day for day in refusal.value.alternatives][0] == SATURDAY
    friday, monday = SATURDAY - timedelta(days=1), SATURDAY + timedelta(days=3)
    near = {day.day for day in refusal.value.alternatives[1:]}
    assert friday in near and near & {monday, SATURDAY + timedelta(days=4)}, "Whit Monday is a holiday"
    for day in refusal.value.alternatives:
        for slot in day.slots:
            with session.begin_nested() as attempt:
                assert reservation.hold(session, cast.town, slot.venue.id, slot.span.start, NOW, CITIZEN).alive
                attempt.rollback()


# --- What it costs ----------------------------------------------------------------------------------------


def test_a_new_tariff_changes_no_booking(session, cast):
    booking = confirmed(session, cast, NINE)
    dated = {"valid_from": NOW.date(), "made_at": NOW, "made_by": "Frau Sommer"}
    dear = Tariff(municipality_id=cast.town.id, journey="weddings", **dated)
    dear.items = [TariffItem(position=0, code="base", label="Anmeldung und Eheschließung", cents=99900)]
    session.add(dear)
    session.flush()
    reservation.move(session, booking, cast.room.id, slot_at(SATURDAY, 9, 45), NOW, CLERK)
    assert ledger.account(session, booking.id).owed == 17000
    other = reserved(session, cast, NINE, replace(ANNA_AND_BEN, email="berta@example.org"))
    assert ledger.account(session, other.id).owed == 99900


def test_a_move_charges_and_forgives_the_difference(session, cast):
    booking = confirmed(session, cast, NINE)
    pay(session, booking, NOW)
    monday = slot_at(SATURDAY + timedelta(days=16), 9)
    reservation.move(session, booking, cast.mill.id, slot_at(SATURDAY, 11), NOW, CLERK)
    assert booking.state == "payable"
    assert ledger.account(session, booking.id) == ledger.Account(owed=32000, paid=17000, returned=0)
    pay(session, booking, NOW)
    reservation.move(session, booking, cast.room.id, monday, NOW, CLERK)
    assert booking.state == "confirmed"
    assert ledger.account(session, booking.id) == ledger.Account(owed=6000, paid=32000, returned=26000)
    assert {line.code: line.cents for line in ledger.owed(session, booking.id)} == {"base": 6000}


def test_a_move_by_the_couple_asks_the_office_again(session, cast):
    booking = confirmed(session, cast, NINE)
    reservation.move(session, booking, cast.room.id, slot_at(SATURDAY, 9, 45), NOW, CITIZEN)
    assert booking.state == "requested" and booking.deadline_at is None
    lifecycle.approve(session, booking, "office", NOW, CLERK)
    assert booking.state == "payable"


def test_a_move_to_where_the_guests_dont_fit_is_refused(session, cast):
    booking = hold(session, cast, slot_at(SATURDAY, 11), venue=cast.mill)
    reservation.submit(session, booking, replace(ANNA_AND_BEN, guests=35), NOW, CITIZEN)
    reservation.prove(session, booking, NOW)
    with pytest.raises(NotOffered, match="Gäste"):
        reservation.move(session, booking, cast.room.id, NINE, NOW, CLERK)
    assert booking.resource_id == cast.mill.id


def test_a_move_to_the_same_slot_does_nothing(session, cast):
    booking = confirmed(session, cast, NINE)
    sequence = booking.sequence
    reservation.move(session, booking, cast.room.id, NINE, NOW, CITIZEN)
    assert (booking.state, booking.sequence) == ("payable", sequence)


def test_a_town_without_a_tariff_asks_for_nothing(session):
    cast = assemble(session, Terms(release=Rolling(12), payment="required"))
    session.delete(cast.tariff)
    session.flush()
    booking = confirmed(session, cast, NINE)
    assert booking.state == "confirmed" and ledger.account(session, booking.id).owed == 0


def test_the_gate_gives_the_slot_back_at_once(session, cast):
    reservation.turn_away(session, hold(session, cast), NOW)
    assert hold(session, cast).alive
