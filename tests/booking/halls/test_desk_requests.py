"""Requests at the sports office's desk: side by side, agreed to with conditions or with something else, room made; and
what comes by telephone."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from sqlalchemy import select

from buchbar.booking.events import CITIZEN, Actor
from buchbar.booking.halls import desk, requests, series, series_change, slot_form
from buchbar.booking.halls.models import HallUse
from buchbar.booking.models import Booking, BookingEvent
from buchbar.notices.models import Letter
from buchbar.payments import ledger
from tests import gym
from tests.booking.halls.test_series import wish as series_wish
from tests.cast import NOW, assemble
from tests.clerks import become, counted
from tests.gym import TERMS, TUESDAY, slot

DESK = "/diepholz/amt"
ASKED = msgspec.structs.replace(TERMS, approval="office")


@pytest.fixture
def here(database):
    with database.write() as session:
        return gym.build(session, assemble(session), ASKED)


@pytest.fixture
def lange(client, database, here):
    become(client, database, here.clerk)
    return here.clerk


@pytest.fixture
def posted(client):
    def post(path, **form):
        token = client.cookies.get("csrftoken") or client.get(DESK).cookies.get("csrftoken", "")
        return client.post(DESK + path, data=form | {"_csrf_token": token}, follow_redirects=False)

    return post


def of(database, booking):
    with database.read() as session:
        use = session.get_one(HallUse, booking.id)
        found = session.get_one(Booking, booking.id)
        return found.state, tuple(use.parts), found.starts_at, found.ends_at, use.conditions


def wish(here, *parts, minutes=90, hour=18, **more):
    return {
        "wo": f"{here.hall.id}/{'+'.join(map(str, parts))}",
        "tag": "2026-12-01",
        "von": f"{hour}:00",
        "minuten": str(minutes),
        "auflagen": "",
    } | more


def letters_of(database, booking):
    with database.read() as session:
        theirs = select(Letter.kind).where(Letter.booking_id == booking.id, Letter.to_address != "")
        return list(session.scalars(theirs.order_by(Letter.written_at, Letter.kind)))


def test_requests_stand_side_by_side_with_what_is_near_and_what_the_group_has(client, database, here, lange):
    with database.write() as session:
        club = gym.of_club(session, here, slot(here, 1))
        gym.of_club(session, here, slot(here, 1, hour=20, minutes=60), title="Turnen")
        other = gym.booked(session, here, slot(here, 2, 3), user_class="local")
    text = client.get(f"{DESK}/hallen/anfragen").text
    assert text.index(club.number) < text.index(other.number), "clubs come before others"
    assert "hat in dieser Woche schon 1:00 Stunden" in text and "zugleich:" in text and "Kim Weber" in text
    with counted(database) as few:
        client.get(f"{DESK}/hallen/anfragen")
    with database.write() as session:
        for hour in (16, 21):
            gym.booked(session, here, slot(here, 1, day=gym.TUESDAY.replace(day=2), hour=hour, minutes=60))
    with counted(database) as more:
        client.get(f"{DESK}/hallen/anfragen")
    assert len(more) == len(few)
    assert client.get(f"{DESK}/hallen/anfragen/{club.id}").status_code == 200


def test_a_yes_with_conditions_is_seen_first_and_then_said(client, database, here, lange, posted):
    with database.write() as session:
        booking = gym.booked(session, here, slot(here, 1, 2, minutes=90))
    conditions = "Bitte nur mit hellen Sohlen."
    form = wish(here, 1, 2, auflagen=conditions)
    seen = posted(f"/hallen/anfragen/{booking.id}/vorschau", **form)
    assert seen.status_code == 200 and conditions in seen.text and "Gebucht: Dreifeldhalle" in seen.text
    assert of(database, booking)[0] == "requested"
    posted(f"/hallen/anfragen/{booking.id}", **form)
    assert of(database, booking)[0] == "confirmed" and of(database, booking)[4] == conditions
    assert letters_of(database, booking)[-1] != "hall_partly"


def test_a_part_of_it_is_agreed_to_in_one_step_and_costs_what_it_is(client, database, here, lange, posted):
    with database.write() as session:
        booking = gym.booked(session, here, slot(here, 1, 2, 3))
    form = wish(here, 2, minutes=60, auflagen="Nur ein Feld.")
    seen = posted(f"/hallen/anfragen/{booking.id}/vorschau", **form)
    assert "ganze Halle → Feld 2" in seen.text and "Zugestimmt, mit einer Änderung" in seen.text
    posted(f"/hallen/anfragen/{booking.id}", **form)
    posted(f"/hallen/anfragen/{booking.id}", **form)  # a second click changes nothing
    state, parts, start, end, _conditions = of(database, booking)
    assert (state, parts, (end - start).total_seconds()) == ("confirmed", (2,), 3600)
    with database.read() as session:
        assert ledger.account(session, booking.id).owed == 600
        verbs = list(session.scalars(select(BookingEvent.verb).where(BookingEvent.booking_id == booking.id)))
    assert verbs.count("move") == 1
    assert "hall_partly" in letters_of(database, booking) and "hall_moved" not in letters_of(database, booking)


def test_one_click_agrees_to_what_was_asked_and_leads_back_to_the_list(client, database, here, lange, posted):
    with database.write() as session:
        booking = gym.booked(session, here, slot(here, 1, 2))
    [row] = re.findall(
        rf'action="{DESK}(/hallen/anfragen/{booking.id})">(.*?)</form>',
        client.get(f"{DESK}/hallen/anfragen").text,
        re.S,
    )
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', row[1].replace("&#43;", "+")))
    done = posted(row[0], **{name: value for name, value in fields.items() if not name.startswith("_")})
    assert done.headers["location"] == f"{DESK}/hallen/anfragen?erledigt=ja"
    assert of(database, booking)[:2] == ("confirmed", (1, 2))
    assert client.get(done.headers["location"]).text.count("Erledigt.") == 1


def test_room_is_made_after_the_clerk_has_seen_what_it_causes(client, database, here, lange, posted):
    with database.write() as session:
        asks = gym.booked(session, here, slot(here, 1))
        first, second = (gym.of_club(session, here, slot(here, part, hour=20)) for part in (2, 3))
    want = wish(here, 1, 2, 3, hour=20, minutes=120)
    refused = posted(f"/hallen/anfragen/{asks.id}/vorschau", **want)
    assert refused.status_code == 422
    room = re.search(r'href="(/diepholz/amt/hallen/platz[^"]+)"', refused.text)[1].replace("&amp;", "&")
    page = client.get(room).text
    assert first.number in page and second.number in page
    stands = dict(re.findall(r'name="stand-(HA-[\w-]+)" value="(\d+)"', page))
    elsewhere = re.findall(rf'<option value="({here.hall.id}/2/[^"]+)"', page)
    assert elsewhere, "a training can be elsewhere on that day"
    asked = {name: values[0] for name, values in parse_qs(urlsplit(room).query).items()}
    form = asked | {f"stand-{number}": stand for number, stand in stands.items()}
    form |= {f"weg-{first.number}": "verlegen", f"nach-{first.number}": elsewhere[0].replace("&#43;", "+")}
    missing = posted("/hallen/platz/vorschau", **form)
    assert missing.status_code == 422 and "Bitte entscheiden Sie" in missing.text
    form |= {f"weg-{second.number}": "stornieren", "grund": "Stadtmeisterschaft"}
    caused = posted("/hallen/platz/vorschau", **form)
    assert caused.status_code == 200 and caused.text.count("eine Nachricht") == 2
    assert of(database, first)[0] == of(database, second)[0] == "requested"
    assert posted("/hallen/platz", **form).status_code in (302, 303)
    assert of(database, asks)[:2] == ("confirmed", (1, 2, 3))
    assert of(database, first)[0] == "confirmed" and of(database, second)[0] == "cancelled"
    assert slot_form.chosen(form[f"nach-{first.number}"]).span.start == of(database, first)[2]
    assert posted("/hallen/platz", **form).status_code in (302, 303), "a second click changes nothing"


def test_what_comes_by_telephone_is_held_priced_and_entered(client, database, here, lange, posted):
    asked = {"wen": str(here.club.id), "wo": f"{here.hall.id}/1+2", "tag": "2026-12-01", "minuten": "90", "von": ""}
    page = client.get(f"{DESK}/hallen/eintragen", params=asked).text
    free = re.findall(r'name="termin" value="([^"]+)"', page)
    assert len(free) == 26, "from 8:00 on: the office books in school hours, too"
    held = posted("/hallen/eintragen", termin=free[-1].replace("&#43;", "+"), **asked)
    use = held.headers["location"].removeprefix(DESK)
    assert "TuS Diepholz" in client.get(DESK + use).text
    typed = {
        "organiser": "TuS Diepholz",
        "contact": "Alex Brandt",
        "purpose": "training",
        "age_group": "youth",
        "channel": "paper",
        "received": "2026-11-20",
    }
    assert "Das kostet 8,00" in posted(use, **typed).text
    done = posted(use, **typed, eintragen="ja")
    number = re.search(r"buchung/([\w-]+)\?", done.headers["location"])[1]
    with database.read() as session:
        [booking] = session.scalars(select(Booking).where(Booking.journey == "halls"))
        assert str(booking.id) == number and booking.state == "confirmed" and booking.user_class == "club"
        assert booking.channel == "paper" and booking.received_at is not None
        [letter] = session.scalars(select(Letter).where(Letter.booking_id == booking.id))
        assert letter.paper, "without an address it is printed"
    taken = client.get(f"{DESK}/hallen/eintragen", params=asked | {"von": "20:00", "minuten": "60"}).text
    assert "Diese Zeit ist vergeben." in taken and "/hallen/platz?" in taken
    beside = client.get(f"{DESK}/hallen/eintragen", params=asked | {"von": "18:10", "minuten": "45"}).text
    assert len(re.findall(r'name="termin"', beside)) == 1, "an office isn't bound to the grid"


@pytest.mark.parametrize("kind", ["sqlite"])
def test_who_enters_a_time_that_the_rules_refuse_is_told_why_at_once(client, here, lange):
    asked = {"wen": "local", "wo": f"{here.hall.id}/1", "tag": "2026-12-01", "minuten": "60", "von": "18:00"}
    for typed, why in (
        ({"von": "06:00"}, "nicht geöffnet"),
        ({"tag": "2026-11-01"}, "schon vorbei"),
        ({"wo": f"{here.hall.id}/1+3"}, "nicht zusammen"),
        ({"wo": f"{here.hall.id}/7", "von": ""}, "nicht zusammen"),
    ):
        answer = client.get(f"{DESK}/hallen/eintragen", params=asked | typed)
        assert answer.status_code == 422 and why in answer.text and 'name="termin"' not in answer.text, typed
    assert 'name="termin"' in client.get(f"{DESK}/hallen/eintragen", params=asked).text


@pytest.mark.parametrize("kind", ["sqlite"])
def test_how_many_come_is_put_right_only_where_the_price_does_not_hang_on_it(session):
    here = gym.build(session, assemble(session))
    booking = gym.booked(session, here, slot(here, 1))
    assert "persons" in [each.name for each in desk.asked(session, booking)]
    here.tariff.items[1].unit = "person"
    session.flush()
    assert "persons" not in [each.name for each in desk.asked(session, booking)]


def test_of_a_series_the_first_date_waits_for_all_and_only_what_is_shown_is_read(session, monkeypatch):
    here = gym.build(session, assemble(session), ASKED)
    town = here.town.town
    made = series.book(session, town, series_wish(here, count=5), NOW, CITIZEN)
    late = gym.booked(session, here, slot(here, 2), at=NOW + timedelta(minutes=1))
    gym.booked(session, here, slot(here, 3), at=NOW + timedelta(minutes=2))
    monkeypatch.setattr(requests, "MOST", 2)
    [group], count = requests.waiting(session, town)
    seen = [(each.row.booking.id, each.more) for each in group.asking]
    assert (seen, count) == ([(made.booked[0].id, 4), (late.id, 0)], 7)
    series_change.decide(session, made.series, [made.booked[0].id], [], NOW, Actor("clerk", "Herr Lange"))
    assert [group.day for group in requests.waiting(session, town)[0]] == [TUESDAY, TUESDAY + timedelta(days=7)]
