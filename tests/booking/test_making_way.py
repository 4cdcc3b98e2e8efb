"""Closing where bookings are in the way: for each it is decided what becomes of it, and all happens at once."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from buchbar.base.errors import Refused
from buchbar.booking import closures, lifecycle, making_way
from buchbar.booking.closures import InTheWay
from buchbar.booking.events import CITIZEN
from buchbar.booking.making_way import Closing, Decision
from buchbar.booking.models import Booking, Claim
from buchbar.booking.plans import Wish
from buchbar.booking.weddings import adjust, reservation
from buchbar.calendar.spans import Span, merge
from buchbar.calendar.walls import day_span
from buchbar.notices.models import Letter
from buchbar.resources.models import Closure
from tests.cast import ANNA_AND_BEN, BERLIN, CLERK, FRIDAY, NOW, SATURDAY, confirmed, slot_at
from tests.clerks import become, colleague

DESK = "/diepholz/amt"
STARTS = [slot_at(SATURDAY, 9), slot_at(SATURDAY, 9, 45), slot_at(SATURDAY, 10, 30), slot_at(SATURDAY, 11, 15)]


def closing(cast, day=SATURDAY, *resources):
    return Closing(resources or (cast.room,), [day_span(day, BERLIN)], "Wasserschaden", NOW, CLERK)


def booked(session, cast, starts=STARTS):
    """One wedding at each of the times, in their order."""
    return [
        confirmed(session, cast, start, replace(ANNA_AND_BEN, email=f"paar{n}@example.org"))
        for n, start in enumerate(starts)
    ]


def closed_of(session, cast):
    """What is claimed of the room by closures, in order."""
    ours = Claim.resource_id == cast.room.id, Claim.closure_id.is_not(None)
    return sorted(Span(*row) for row in session.execute(select(Claim.starts_at, Claim.ends_at).where(*ours)))


def decide(session, cast, what, **ways):
    """Decisions as the page would post them, by the order of the bookings."""
    asked = making_way.choices(session, cast.town, what)
    decisions = {}
    for number, each in enumerate(asked):
        way = ways.get(f"n{number}", "bleibt")
        to = next((slot.value for slot in each.slots if slot.value.startswith(str(cast.mill.id))), "")
        decisions[each.booking.id] = Decision(way, to if way == "verlegen" else "", each.stand)
    return decisions


def test_a_closure_goes_around_what_stays(session, cast):
    (nine,) = booked(session, cast, STARTS[:1])
    what = closing(cast)
    made, _bookings = making_way.carry_out(session, what, decide(session, cast, what), "")
    day = day_span(SATURDAY, BERLIN)
    assert [Span(each.starts_at, each.ends_at) for each in made] == [day]
    assert closed_of(session, cast) == [Span(day.start, slot_at(SATURDAY, 9)), Span(slot_at(SATURDAY, 9, 45), day.end)]
    assert nine.alive


@pytest.mark.parametrize("how", ["cancel", "release", "move", "adjust"])
def test_what_stays_and_goes_later_leaves_no_hole_in_the_closure(session, cast, how):
    (nine,) = booked(session, cast, STARTS[:1])
    day = day_span(SATURDAY, BERLIN)
    what = replace(closing(cast), spans=[Span(slot_at(SATURDAY, 9), day.end)])
    making_way.carry_out(session, what, decide(session, cast, what), "")
    before = cast.room.version
    if how == "cancel":
        lifecycle.cancel(session, nine, NOW, CITIZEN)
    elif how == "release":
        lifecycle.release(session, nine, nine.deadline_at)
    elif how == "move":
        reservation.move(session, nine, cast.mill.id, slot_at(SATURDAY, 12), NOW, CLERK)
    else:
        later = Span(slot_at(FRIDAY, 9), slot_at(FRIDAY, 9, 30))
        adjust.put(session, nine, Wish(cast.room.id, later), NOW, CLERK)
    assert merge(closed_of(session, cast)) == what.spans
    with pytest.raises(Refused):
        reservation.hold(session, cast.town, cast.room.id, STARTS[0], NOW, CITIZEN)
    session.refresh(cast.room)
    assert cast.room.version > before
    (closure,) = session.scalars(select(Closure))
    closures.reopen(session, closure)
    assert reservation.hold(session, cast.town, cast.room.id, STARTS[0], NOW, CITIZEN).alive


def test_a_shorter_wedding_keeps_its_place_in_a_closure(session, cast):
    (nine,) = booked(session, cast, STARTS[:1])
    what = closing(cast)
    making_way.carry_out(session, what, decide(session, cast, what), "")
    adjust.put(session, nine, Wish(cast.room.id, Span(STARTS[0], slot_at(SATURDAY, 9, 20))), NOW, CLERK)
    gap = slot_at(SATURDAY, 9, 35)
    assert Span(gap, slot_at(SATURDAY, 9, 45)) in closed_of(session, cast), "with its cleaning it ends at 9:35"


def test_a_closure_around_another_holds_when_that_is_lifted(session, cast):
    painters = closures.close(
        session, cast.room, Span(slot_at(SATURDAY, 10), slot_at(SATURDAY, 11)), "Maler", NOW, CLERK
    )
    making_way.carry_out(session, closing(cast), {}, "")
    closures.reopen(session, painters)
    assert merge(closed_of(session, cast)) == [day_span(SATURDAY, BERLIN)]


def test_what_is_only_held_cant_stay(session, cast):
    reservation.hold(session, cast.town, cast.room.id, STARTS[0], NOW, CITIZEN)
    submitted = reservation.hold(session, cast.town, cast.room.id, STARTS[2], NOW, CITIZEN)
    reservation.submit(session, submitted, ANNA_AND_BEN, NOW, CITIZEN)
    assert [each.ways for each in making_way.choices(session, cast.town, closing(cast))] == [("stornieren",)] * 2


def test_what_is_cancelled_gets_all_back_and_a_letter(session, cast):
    (nine,) = booked(session, cast, STARTS[:1])
    what = closing(cast)
    making_way.carry_out(
        session, what, decide(session, cast, what, n0="stornieren"), "Das Trauzimmer steht unter Wasser"
    )
    assert nine.state == "cancelled"
    letter = session.scalars(select(Letter).where(Letter.kind == "cancelled")).one()
    assert "unter Wasser" in letter.text
    (closed,) = session.scalars(select(Closure))
    assert Span(closed.starts_at, closed.ends_at) == day_span(SATURDAY, BERLIN)


def test_what_moves_leaves_its_time_closed(session, cast):
    (nine,) = booked(session, cast, STARTS[:1])
    what = closing(cast)
    making_way.carry_out(session, what, decide(session, cast, what, n0="verlegen"), "")
    assert (nine.resource_id, nine.alive) == (cast.mill.id, True)
    (closed,) = session.scalars(select(Closure))
    assert Span(closed.starts_at, closed.ends_at) == day_span(SATURDAY, BERLIN)


def test_nobody_is_offered_a_slot_that_is_about_to_be_closed(session, cast):
    booked(session, cast, STARTS[:1])
    (room,) = making_way.choices(session, cast.town, closing(cast))
    assert room.slots and not any(slot.value.startswith(str(cast.room.id)) for slot in room.slots)
    (both,) = making_way.choices(session, cast.town, closing(cast, SATURDAY, cast.room, cast.mill))
    assert both.slots == []
    assert session.scalar(select(func.count()).select_from(Closure)) == 0, "looking closes nothing"


def test_a_moved_wedding_keeps_away_from_registrars_who_are_closed_too(session, cast):
    (nine,) = booked(session, cast, STARTS[:1])
    ahrens, behrens = cast.registrars
    what = closing(cast, SATURDAY, cast.room, ahrens)
    making_way.carry_out(session, what, decide(session, cast, what, n0="verlegen"), "")
    staff = select(Claim.resource_id).where(Claim.booking_id == nine.id)
    assert set(session.scalars(staff)) == {cast.mill.id, behrens.id}


def test_all_of_it_or_nothing(session, cast):
    nine, quarter = booked(session, cast, STARTS[:2])
    what = closing(cast)
    decisions = decide(session, cast, what, n0="stornieren", n1="verlegen")
    decisions[quarter.id] = replace(decisions[quarter.id], to=f"{cast.mill.id}/{slot_at(FRIDAY, 8).isoformat()}")
    with pytest.raises(Refused):
        making_way.carry_out(session, what, decisions, "Wasser")
    session.refresh(nine)
    assert nine.state != "cancelled" and session.scalar(select(func.count()).select_from(Closure)) == 0


def test_who_came_in_the_meantime_is_asked_about_too(session, cast):
    booked(session, cast, STARTS[:1])
    what = closing(cast)
    decisions = decide(session, cast, what)
    late = reservation.hold(session, cast.town, cast.room.id, STARTS[2], NOW, CITIZEN)
    with pytest.raises(InTheWay, match=late.number):
        making_way.carry_out(session, what, decisions, "")


def test_what_somebody_else_has_just_done_is_seen_first(session, cast):
    (nine,) = booked(session, cast, STARTS[:1])
    what = closing(cast)
    decisions = decide(session, cast, what, n0="stornieren")
    lifecycle.register(session, nine, NOW, replace(CLERK, name="Herr Winter"))
    session.flush()
    with pytest.raises(InTheWay, match=nine.number):
        making_way.carry_out(session, what, decisions, "Wasser")


def test_a_rehearsal_says_what_will_happen_and_changes_nothing(session, cast):
    booked(session, cast, STARTS[:2])
    what = closing(cast)
    decisions = decide(session, cast, what, n0="stornieren")
    letters = session.scalar(select(func.count()).select_from(Letter))
    outcome = making_way.rehearse(session, what, decisions, "Wasser")
    gone, stays = decisions
    assert outcome.letters[gone] >= 1 and outcome.letters[stays] == 0
    assert [resource.name for resource, _start, _end in outcome.closed] == [cast.room.name]
    assert session.scalar(select(func.count()).select_from(Letter)) == letters
    assert session.scalar(select(func.count()).select_from(Closure)) == 0


def test_what_is_closed_already_is_closed_around(session, cast):
    closures.close(session, cast.room, Span(slot_at(SATURDAY, 10), slot_at(SATURDAY, 11)), "Maler", NOW, CLERK)
    what = closing(cast)
    made, _none = making_way.carry_out(session, what, {}, "")
    assert len(made) == 1
    with pytest.raises(Refused, match="nichts mehr frei"):
        making_way.carry_out(session, what, {}, "")


def test_five_bookings_are_handled_in_one_go_by_the_page(client, posted, database, town):
    with database.write() as session:
        rooms = booked(session, town)
        mill = reservation.hold(session, town.town, town.mill.id, slot_at(SATURDAY, 13), NOW, CITIZEN)
    become(client, database, colleague(database, town, "head", "Frau Lenz"))
    fields = {"ressource": [str(town.room.id), str(town.mill.id)], "von_tag": "2027-05-15", "grund": "Hochwasser"}
    first = posted(f"{DESK}/sperrzeiten", **fields)
    assert first.status_code == 409 and "5 Buchungen stehen im Weg" in first.text
    assert all(booking.number in first.text for booking in (*rooms, mill))
    fields |= {"entschieden": "ja"} | {f"was_{each.id}": "stornieren" for each in rooms[:3]}
    fields |= {f"was_{mill.id}": "bleibt"}
    undecided = posted(f"{DESK}/sperrzeiten", **fields)
    assert undecided.status_code == 422 and f'href="#was_{mill.id}"' in undecided.text, "it is only held"
    assert 'href="#grund_paar"' in undecided.text
    fields |= {f"was_{rooms[3].id}": "bleibt", f"was_{mill.id}": "stornieren", "grund_paar": "Die Hunte ist zu hoch"}
    seen = posted(f"{DESK}/sperrzeiten/vorschau", **fields)
    assert seen.status_code == 200 and seen.text.count("eine Nachricht geht hinaus") == 3
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Closure)) == 0
    assert posted(f"{DESK}/sperrzeiten", **fields).status_code == 303
    with database.read() as session:
        states = {each.id: each.state for each in session.scalars(select(Booking))}
        assert [states[each.id] for each in rooms[:3]] == ["cancelled"] * 3
        assert states[rooms[3].id] != "cancelled" and states[mill.id] == "cancelled"
        assert session.scalar(select(func.count()).select_from(Closure)) == 2


def test_a_closure_is_repeated_every_year(client, posted, database, town):
    become(client, database, town.clerk)
    fields = {"ressource": "trauorte", "von_tag": "2026-12-24", "grund": "Heiligabend", "jahre": "3"}
    assert posted(f"{DESK}/sperrzeiten", **fields).status_code == 303
    with database.read() as session:
        days = {each.starts_at.astimezone(BERLIN).date().isoformat() for each in session.scalars(select(Closure))}
    assert days == {"2026-12-24", "2027-12-24", "2028-12-24"}
    long = fields | {"von_tag": "2027-01-10", "bis_tag": "2028-01-09"}
    assert posted(f"{DESK}/sperrzeiten", **long).status_code in (409, 422)
    assert posted(f"{DESK}/sperrzeiten", **fields | {"jahre": "6"}).status_code == 422


def test_what_is_over_is_listed_apart(client, posted, database, town, clock):
    become(client, database, town.clerk)
    posted(f"{DESK}/sperrzeiten", ressource=str(town.room.id), von_tag="2026-11-24", grund="Maler")
    clock.now = NOW + timedelta(days=3)
    become(client, database, town.clerk, clock.now)
    page = client.get(f"{DESK}/sperrzeiten").text
    assert "Zurzeit ist nichts gesperrt." in page and "Maler" in page[page.index("Was gesperrt war") :]


def test_closing_races_with_bookings_and_nothing_is_both(database, town):
    """Whoever is first: a time is closed, or booked, or still free, never two of these, and nobody waits for ever."""
    with database.write() as session:
        booked(session, town, STARTS[:1])
    faults = []

    def close():
        try:
            with database.write() as session:
                what = closing(town)
                making_way.carry_out(session, what, decide(session, town, what, n0="stornieren"), "Wasser")
        except Refused:
            pass
        except Exception as fault:
            faults.append(fault)

    def book(start):
        try:
            with database.write() as session:
                reservation.hold(session, town.town, town.room.id, start, NOW, CITIZEN)
        except Refused:
            pass
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=close) for _n in range(2)]
    threads += [threading.Thread(target=book, args=[start]) for start in STARTS[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    with database.read() as session:
        spans = sorted(
            (claim.starts_at, claim.ends_at)
            for claim in session.scalars(select(Claim).where(Claim.resource_id == town.room.id))
        )
        assert all(one[1] <= other[0] for one, other in zip(spans, spans[1:], strict=False))
