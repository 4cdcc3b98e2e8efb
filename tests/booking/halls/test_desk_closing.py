"""Closing halls: several parts and many dates at once, first with what stands in the way, lifted one by one or all."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from buchbar.booking import closures
from buchbar.booking.halls import closing_form
from buchbar.booking.halls.plan import plan
from buchbar.booking.halls.reservation import Taken
from buchbar.booking.models import Booking, Claim
from buchbar.calendar.spans import Span
from buchbar.notices.models import Letter
from buchbar.resources.models import Closure
from tests import gym
from tests.cast import CLERK, NOW, assemble, slot_at
from tests.clerks import become
from tests.gym import slot

DESK = "/diepholz/amt/hallen/sperren"


@pytest.fixture
def here(database):
    with database.write() as session:
        return gym.build(session, assemble(session))


@pytest.fixture
def sports(client, database, here):
    become(client, database, here.clerk)
    return here.clerk


def closed(database):
    with database.read() as session:
        found = session.scalars(select(Closure).order_by(Closure.starts_at, Closure.resource_id))
        return [(each.resource_id, Span(each.starts_at, each.ends_at)) for each in found]


def form(**typed):
    return {"von_tag": "2026-12-01", "grund": "Grundreinigung", **typed}


def test_blocks_of_dates_keep_their_time_on_the_wall(session):
    here = gym.build(session, assemble(session))
    rules = plan(session, here.town.town)
    typed = form(von_tag="2027-03-22", bis_tag="2027-04-05", von_zeit="22:00", bis_zeit="02:00", wie_oft="week")
    spans, reason = closing_form.read(typed, rules)
    assert reason == "Grundreinigung" and len(spans) == 3
    assert [span.start for span in spans] == [slot_at(date(2027, 3, 22) + timedelta(weeks=n), 22) for n in range(3)]
    holidays, _reason = closing_form.read(typed | {"von_tag": "2026-12-21", "bis_tag": "2027-01-04"}, rules)
    assert len(holidays) == 3
    without, _reason = closing_form.read(
        typed | {"von_tag": "2026-12-25", "bis_tag": "2027-01-08", "ohne_ferien": "ja"}, rules
    )
    assert [span.start for span in without] == [slot_at(date(2027, 1, 8), 22)]  # Christmas and New Year's Day are out


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"von_tag": ""}, "von_tag"),
        ({"bis_tag": "2026-11-30"}, "bis_tag"),
        ({"wie_oft": "week"}, "bis_tag"),
        ({"wie_oft": "week", "bis_tag": "2028-11-30"}, "bis_tag"),
        ({"von_zeit": "10:00", "bis_zeit": "09:00"}, "bis_zeit"),
        ({"grund": ""}, "grund"),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field(client, posted, here, sports, typed, field):
    answer = posted(DESK, was=str(here.hall.id), **form(**typed))
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text


def test_a_free_hall_is_closed_at_once_and_shown_as_one(client, posted, database, here, sports):
    assert posted(DESK, **form()).status_code == 422  # nothing ticked
    answer = posted(DESK, was=str(here.hall.id), **form(wie_oft="week", bis_tag="2026-12-15"))
    assert answer.status_code == 303
    assert len(closed(database)) == 12  # three dates of four parts
    page = client.get(DESK).text
    assert page.count("Grundreinigung") == 1 and "3 Termine" in page and "Dreifeldhalle" in page
    lifts = dict.fromkeys(re.findall(rf'action="({DESK}/[^"]+/aufhebung)"', page))
    assert len(lifts) == 3
    assert posted(next(iter(lifts))).status_code == 303
    assert len(closed(database)) == 8
    assert posted(list(lifts)[1], alle="ja").status_code == 303
    assert closed(database) == []
    with database.read() as session:
        assert session.scalars(select(Claim)).all() == []


def test_what_is_in_the_way_is_shown_and_decided_together(client, posted, database, here, sports):
    with database.write() as session:
        whole = gym.of_club(session, here, slot(here, 1, 2, 3, hour=16, minutes=60))
        part = gym.of_club(session, here, slot(here, 2, hour=18, minutes=60), title="Badminton")
        beside = gym.of_club(session, here, slot(here, 1, hour=18, minutes=60))
    wanted = {"was": str(here.parts[2].id)} | form()
    first = posted(DESK, **wanted)
    assert first.status_code == 409 and closed(database) == []
    assert whole.number in first.text and "ganze Halle" in first.text and "Badminton" in first.text
    assert beside.number not in first.text
    assert "Dreifeldhalle: Feld 2: Di. 01.12.2026, ganztags (Grundreinigung)" in first.text  # the form is folded away
    assert re.search(r"grund_paar.*nötig beim Stornieren.*<textarea[^>]*>\s*Grundreinigung<", first.text, re.S)
    decided = wanted | {"entschieden": "ja", f"was_{part.id}": "stornieren", "alle": "bleibt"}
    assert posted(f"{DESK}/vorschau", **decided).status_code == 422  # those cancelled are told why
    decided["grund_paar"] = "Der Boden wird versiegelt."
    tried = posted(f"{DESK}/vorschau", **decided)
    assert tried.status_code == 200 and "Noch ist nichts geschehen" in tried.text
    assert "eine Nachricht geht hinaus" in tried.text and closed(database) == []
    slots = re.search(rf'name="termin_{part.id}".*?</select>', first.text, re.S)[0]
    to = re.findall(r'<option value="([^"]+)"', slots)[-1]
    moved = decided | {f"was_{part.id}": "verlegen", f"termin_{part.id}": to.replace("&#43;", "+")}
    assert re.search(r"wird verlegt: [^<]*Feld \d", posted(f"{DESK}/vorschau", **moved).text)
    everything = {"was": str(here.hall.id)} | form(entschieden="ja", alle="bleibt")
    assert "ganze Halle</li>" in posted(f"{DESK}/vorschau", **everything).text
    assert posted(DESK, **decided).status_code == 303
    with database.read() as session:
        assert session.get_one(Booking, part.id).state == "cancelled"
        assert session.get_one(Booking, whole.id).state == session.get_one(Booking, beside.id).state == "confirmed"
        letters = session.scalars(select(Letter).where(Letter.booking_id == part.id)).all()
        [told] = [letter.text for letter in letters if "Der Boden wird versiegelt." in letter.text]
        assert "leider mussten wir" in told and "Für Sie entstehen keine Kosten." in told
        mine = session.scalars(select(Claim).where(Claim.resource_id == here.parts[2].id)).all()
        assert len([claim for claim in mine if claim.closure_id]) == 2  # before and after who stays
    assert {resource for resource, _span in closed(database)} == {here.parts[2].id}


def test_others_closures_are_not_found(client, posted, database, here, sports):
    posted(DESK, was=str(here.hall.id), **form())
    page = client.get(DESK).text
    lift = re.search(rf'action="({DESK}/[^"]+/aufhebung)"', page)[1]
    with database.write() as session:
        other = gym.build(session, assemble(session, slug="vechta"), slug="suedhalle")
    assert posted(DESK, was=str(other.hall.id), **form()).status_code == 422
    become(client, database, other.clerk)
    assert posted(lift.replace("diepholz", "vechta")).status_code == 404
    assert len(closed(database)) == 4


@pytest.mark.parametrize("day", [date(2026, 12, 1), date(2027, 3, 28)])
def test_closing_the_hall_and_booking_a_part_of_it_in_the_same_second(database, here, day):
    """One of the two comes first, the other is told; whole against part, several times over."""
    outcomes = []
    for hour in (16, 18, 20):
        start = threading.Barrier(2)

        def close(hour=hour, start=start):
            span = Span(slot_at(day, hour), slot_at(day, hour + 1))
            start.wait(10)
            with database.write() as session:
                closures.close_all(session, list(here.parts.values()), [span], "Wartung", NOW, CLERK)

        def book(hour=hour, start=start):
            start.wait(10)
            with database.write() as session:
                gym.of_club(session, here, slot(here, 2, day=day, hour=hour, minutes=60), at=NOW)

        with ThreadPoolExecutor(2) as pool:
            faults = [each.exception(30) for each in (pool.submit(close), pool.submit(book))]
        assert [fault is None for fault in faults].count(True) == 1, faults
        assert isinstance(next(filter(None, faults)), closures.InTheWay | Taken)
        outcomes.append(faults)
    with database.read() as session:
        claims = session.scalars(select(Claim).where(Claim.resource_id == here.parts[2].id)).all()
    assert len(claims) == len(outcomes)
