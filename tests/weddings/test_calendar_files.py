"""A registrar's calendar file: what it means is shown, chosen, entered once, and undone as a whole."""

import re
from datetime import date

import pytest
from litestar.middleware.csrf import generate_csrf_token
from sqlalchemy import select

from buchbar.accounts.models import Revision
from buchbar.calendar.rules import DayException
from buchbar.resources.models import Resource
from buchbar.resources.opening_edits import days_of
from tests.cast import SETTINGS
from tests.clerks import become, colleague

DESK = "/diepholz/amt"
HOSTILE = {
    "nothing": (b"", "Das ist keine Kalenderdatei."),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(200), "Das ist keine Kalenderdatei."),
    "every second": ("DTSTART:20270101T000000Z\r\nRRULE:FREQ=SECONDLY", "öfter als täglich"),
    "too many events": (
        b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\nEND:VEVENT\n" * 5001 + b"END:VCALENDAR",
        "höchstens 5.000",
    ),
    "too large": (b"BEGIN:VCALENDAR\n" + b"X" * 1_000_001, "höchstens 1 MB"),
    "cut off": (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20270101\n", "Ihr Ende fehlt."),
    "crossed": (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\nEND:VEVENT\n", "passen nicht zusammen"),
    "no event": (b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", "kein Termin"),
}


def calendar(*events):
    body = "".join(f"BEGIN:VEVENT\r\nUID:{n}\r\n{event}\r\nEND:VEVENT\r\n" for n, event in enumerate(events))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{body}END:VCALENDAR\r\n".encode()


LEAVE = "DTSTART;VALUE=DATE:20270510\r\nDTEND;VALUE=DATE:20270517\r\nSUMMARY:Kur an der Nordsee"
TRAINING = "DTSTART;TZID=Europe/Berlin:20270604T100000\r\nDTEND;TZID=Europe/Berlin:20270604T123000\r\nSUMMARY:Schulung"
FREE = "DTSTART;VALUE=DATE:20270707\r\nTRANSP:TRANSPARENT\r\nSUMMARY:Geburtstag"


@pytest.fixture
def duties(client, database, town):
    become(client, database, town.clerk)
    return f"{DESK}/standesbeamte/{town.registrars[0].id}/dienste"


@pytest.fixture
def upload(client, duties):
    def send(content, name="urlaub.ics"):
        if "csrftoken" not in client.cookies:
            client.cookies.set("csrftoken", generate_csrf_token(SETTINGS.secret))
        token = client.cookies["csrftoken"]
        files = {"datei": (name, content, "text/calendar")}
        return client.post(f"{duties}/kalender/vorschau", data={"_csrf_token": token}, files=files)

    return send


def chosen(answer):
    fields = re.findall(r'name="tag" value="([^"]+)" checked', answer.text)
    return {"tag": fields, "stand": re.search(r'name="stand" value="([0-9a-f]+)"', answer.text)[1]}


def days(database, town):
    with database.read() as session:
        return [(each.exception, each.note) for each in days_of(session.get_one(Resource, town.registrars[0].id))]


def test_a_file_is_shown_first_entered_once_and_undone_as_a_whole(client, posted, database, town, upload, duties):
    answer = upload(calendar(LEAVE, TRAINING, FREE))
    assert "Mo. 10.05.2027 bis So. 16.05.2027: geschlossen" in answer.text and "Kur an der Nordsee" in answer.text
    assert "Fr. 04.06.2027: 8:00 bis 10:00 Uhr, 12:30 bis 17:00 Uhr" in answer.text
    assert "als „frei“ gekennzeichnet" in answer.text and "Freie Termine im ganzen Amt vom 10.05.2027" in answer.text
    assert days(database, town) == []
    saved = posted(f"{duties}/kalender", **chosen(answer), grund="Urlaub")
    assert saved.status_code == 303
    entered = days(database, town)
    assert len(entered) == 9 and {note for _each, note in entered} == {"Urlaub"}
    assert entered[-1][0] == DayException(date(2027, 6, 4), 750, 1020)
    assert "Nordsee" not in client.get(duties).text  # what the calendar says stays there
    again = upload(calendar(LEAVE, TRAINING, FREE))
    assert "Daraus ändert sich kein Tag." in again.text and "schon eingetragen" in again.text
    with database.read() as session:
        revision = session.scalars(select(Revision)).one()
    become(client, database, colleague(database, town, "head"))
    assert posted(f"{DESK}/aenderungen/{revision.id}/ruecknahme").status_code == 303
    assert days(database, town) == []


def test_only_what_was_ticked_is_entered(posted, database, town, upload, duties):
    answer = upload(calendar(LEAVE, TRAINING))
    fields = chosen(answer)
    posted(f"{duties}/kalender", tag=fields["tag"][1:], stand=fields["stand"])
    assert {each.day for each, _note in days(database, town)} == {date(2027, 6, 4)}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_hostile_file_is_refused_with_a_sentence(database, town, upload, name):
    content, sentence = HOSTILE[name]
    answer = upload(content if isinstance(content, bytes) else calendar(content))
    assert answer.status_code == 422 and sentence in answer.text
    assert days(database, town) == []


@pytest.mark.parametrize(
    "tag",
    [
        "",
        "x",
        "2020-01-01/2020-01-01/",
        "2027-05-10/2027-05-09/",
        "2027-05-10/2099-05-10/",
        "2027-05-10/2027-05-10/9-5",
    ],
)
def test_what_no_page_of_ours_offers_is_refused(posted, database, town, duties, tag):
    assert posted(f"{duties}/kalender", tag=tag).status_code == 422
    assert days(database, town) == []


def test_who_entered_something_meanwhile_is_not_overwritten(client, posted, database, town, upload, duties):
    fields = chosen(upload(calendar(LEAVE)))
    become(client, database, colleague(database, town, "head", "Frau Herbst"))
    posted(f"{duties}/tage", erster="2027-05-10", art="offen", ab="08:00", ende="09:00")
    become(client, database, town.clerk)
    answer = posted(f"{duties}/kalender", **fields)
    assert answer.status_code == 409 and "Frau Herbst hat inzwischen gespeichert" in answer.text
    assert len(days(database, town)) == 1


def test_a_file_with_every_day_of_two_years_is_one_line_to_tick(posted, database, town, upload, duties):
    answer = upload(calendar("DTSTART;VALUE=DATE:20200101\r\nRRULE:FREQ=DAILY\r\nSUMMARY:Elternzeit"))
    fields = chosen(answer)
    assert len(fields["tag"]) == 1
    assert posted(f"{duties}/kalender", **fields).status_code == 303
    assert len(days(database, town)) == 732


def test_nobody_else_uploads(client, database, town, upload):
    become(client, database, colleague(database, town, "auditor"))
    assert upload(calendar(LEAVE)).status_code == 403
