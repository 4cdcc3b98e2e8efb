import re
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject
from dateutil.tz import tzical
from hypothesis import given, settings
from hypothesis import strategies as st

from buchbar.calendar import ical
from buchbar.calendar.ical import Event, Party
from buchbar.calendar.spans import Span

BERLIN = ZoneInfo("Europe/Berlin")
STAMP = datetime(2026, 5, 1, 7, 30, tzinfo=UTC)
TOWN = Party("standesamt@salzau.example", "Standesamt Salzau")
COUPLE = Party("kim@example.org", 'Kim "K" Öz; Jo')


def local(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, fold=fold, tzinfo=BERLIN)


def event(**changes) -> Event:
    wedding = Span(local(2027, 5, 15, 11), local(2027, 5, 15, 11, 45))
    plain = Event("booking-1@salzau.example", 0, STAMP, wedding, "Trauung", "Schloss Salzau")
    return replace(plain, **changes)


def feed(*events: Event, name: str = "Trauungen", zone: ZoneInfo = BERLIN) -> bytes:
    return ical.feed(name, "feed-1@salzau.example", [ical.vevent(one, zone) for one in events], zone)


def read(body: bytes) -> list[icalendar.Event]:
    return list(icalendar.Calendar.from_ical(body).events)


def unfolded(body: bytes) -> list[str]:
    return body.replace(b"\r\n ", b"").decode().split("\r\n")


def value(body: bytes, name: str) -> str:
    """The TEXT value of a line, unescaped from left to right as RFC 5545 says."""
    (line,) = [line for line in unfolded(body) if line.startswith(name + ":")]
    escaped = line.removeprefix(name + ":")
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], escaped)


NIGHTS = [
    Span(local(2027, 5, 15, 11), local(2027, 5, 15, 11, 45)),
    Span(local(2026, 12, 31, 23), local(2027, 1, 1, 0)),
    Span(local(2026, 3, 28, 22), local(2026, 3, 29, 4)),
    Span(local(2026, 10, 24, 22), local(2026, 10, 25, 4)),
    Span(local(2027, 10, 30, 22), local(2027, 10, 31, 4)),
    Span(local(2026, 10, 25, 2, 15), local(2026, 10, 25, 2, 45)),
    Span(local(2026, 10, 25, 2, 15, fold=1), local(2026, 10, 25, 2, 45, fold=1)),
    Span(local(2026, 10, 25, 2, 15), local(2026, 10, 25, 2, 15, fold=1)),
    Span(local(2026, 3, 29, 1), local(2026, 3, 29, 3)),
]


@pytest.mark.parametrize("span", NIGHTS, ids=str)
def test_icalendar_reads_the_moments_that_were_written(span):
    (found,) = read(feed(event(span=span)))
    assert (found.start.astimezone(UTC), found.end.astimezone(UTC)) == (span.start, span.end)


@pytest.mark.parametrize("span", NIGHTS, ids=str)
def test_vobject_reads_the_moments_that_were_written(span):
    found = vobject.readOne(feed(event(span=span)).decode()).vevent
    moments = (found.dtstart.value.astimezone(UTC), found.dtend.value.astimezone(UTC))
    assert moments == (span.start, span.end)


@pytest.mark.parametrize("key", ["UTC", "Europe/London", "America/New_York"])
def test_other_zones_are_written_in_utc(key):
    span = Span(local(2026, 10, 24, 22), local(2026, 11, 2, 4))
    body = feed(event(span=span), zone=ZoneInfo(key))
    (found,) = read(body)
    assert (found.start.astimezone(UTC), found.end.astimezone(UTC)) == (span.start, span.end)
    old = vobject.readOne(body.decode()).vevent
    assert (old.dtstart.value.astimezone(UTC), old.dtend.value.astimezone(UTC)) == (span.start, span.end)
    assert b"VTIMEZONE" not in body


def test_the_time_zone_that_is_written_is_berlin_as_the_database_knows_it(tmp_path):
    file = tmp_path / "zone.ics"
    file.write_bytes(feed())
    written = tzical(str(file)).get("Europe/Berlin")
    first = datetime(2020, 1, 1)  # noqa: DTZ001
    for half_hours in range(18 * 365 * 48):
        moment = first + timedelta(minutes=30 * half_hours)
        around_two_at_night = moment.hour in (1, 2, 3) and moment.day >= 25
        exists_once = BERLIN.utcoffset(moment) == BERLIN.utcoffset(moment.replace(fold=1))
        if exists_once and (around_two_at_night or half_hours % 13 == 0):
            assert written.utcoffset(moment) == BERLIN.utcoffset(moment), moment


def test_a_feed_names_its_zone_once_before_its_events():
    body = feed(event(), event(uid="booking-2@salzau.example"))
    assert body.count(b"BEGIN:VTIMEZONE") == 1
    assert body.index(b"END:VTIMEZONE") < body.index(b"BEGIN:VEVENT")
    assert b"DTSTART;TZID=Europe/Berlin:20270515T110000\r\n" in body


def test_a_feed_says_what_it_is_called_and_how_often_to_ask():
    calendar = icalendar.Calendar.from_ical(feed(name="Trauungen; Schloß, Saal"))
    for line in ("NAME", "X-WR-CALNAME"):
        assert value(feed(name="Trauungen; Schloß, Saal"), line) == "Trauungen; Schloß, Saal"
    assert calendar["REFRESH-INTERVAL"].dt == timedelta(hours=1)
    assert b"X-PUBLISHED-TTL:PT1H\r\n" in feed()
    assert calendar["UID"] == "feed-1@salzau.example"
    assert calendar["VERSION"] == "2.0"
    assert "METHOD" not in calendar


def test_an_event_tells_all_of_itself():
    (found,) = read(
        feed(
            event(
                sequence=3,
                description="Bitte mitbringen:\nAusweis; Urkunde, Ringe",
                url="https://salzau.example/buchung/1?a=b&c=d",
                categories=("Trauung", "Schloss, Saal"),
            )
        )
    )
    assert found["UID"] == "booking-1@salzau.example"
    assert found["SEQUENCE"] == 3
    assert found["DTSTAMP"].dt == STAMP
    assert found["SUMMARY"] == "Trauung"
    assert found["LOCATION"] == "Schloss Salzau"
    assert found["DESCRIPTION"] == "Bitte mitbringen:\nAusweis; Urkunde, Ringe"
    assert found["URL"] == "https://salzau.example/buchung/1?a=b&c=d"
    assert found.categories == ["Trauung", "Schloss, Saal"]
    assert (found["STATUS"], found["TRANSP"]) == ("CONFIRMED", "OPAQUE")
    assert found.errors == []


def test_what_an_event_lacks_is_not_written():
    body = ical.vevent(event(location=""), BERLIN)
    for name in (b"LOCATION", b"DESCRIPTION", b"URL", b"CATEGORIES", b"ORGANIZER"):
        assert name not in body


def test_a_cancelled_event_stays_in_the_feed_as_cancelled_and_free():
    (found,) = read(feed(event(cancelled=True, sequence=1)))
    assert found["UID"] == "booking-1@salzau.example"
    assert (found["STATUS"], found["TRANSP"], found["SEQUENCE"]) == ("CANCELLED", "TRANSPARENT", 1)


# Reading back, by hand because icalendar takes the "\\n" of an escaped "C:\\neu" for a line break.
NASTY = [
    "a;b,c\\d",
    "C:\\neu\\Neu",
    "zwei\nZeilen",
    "\\",
    "\\\\;",
    ":;\"'=",
    "  innen  ",
    "Tab\tda",
    "😀" * 50,
]


@pytest.mark.parametrize("nasty", NASTY)
def test_text_comes_back_as_it_was(nasty):
    assert value(ical.vevent(event(summary=nasty), BERLIN), "SUMMARY") == nasty


@given(st.text(max_size=300))
@settings(max_examples=300)
def test_no_text_can_leave_its_line(nasty):
    harmless = unfolded(ical.vevent(event(description="x"), BERLIN))
    body = ical.vevent(event(uid="u" + nasty, summary=nasty, location="l" + nasty, description="d" + nasty), BERLIN)
    lines = unfolded(body)
    assert [re.split("[:;]", line)[0] for line in lines] == [re.split("[:;]", line)[0] for line in harmless]
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]", body.decode())
    assert body.count(b"\r") == body.count(b"\n") == body.count(b"\r\n")


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1e", "\x85", "\u2028", "\u2029"])
def test_any_line_break_becomes_a_written_one(line_break):
    attack = f"Trauung{line_break}END:VEVENT{line_break}BEGIN:VALARM"
    body = feed(event(summary=attack), name=attack)
    (found,) = read(body)
    assert found["SUMMARY"] == "Trauung\nEND:VEVENT\nBEGIN:VALARM"
    assert body.count(b"\r\nEND:VEVENT") == 1
    assert b"\r\nBEGIN:VALARM" not in body
    assert len(list(vobject.readOne(body.decode()).components())) == 2  # the zone and the event


def test_half_a_character_does_not_break_the_feed_for_everybody():
    assert b"SUMMARY:Trauung ?\r\n" in feed(event(summary="Trauung \ud83d"))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "", "data:text/html,x", "//x", "https://", "ftp://x/"])
def test_only_web_addresses_are_linked(url):
    assert b"URL" not in ical.vevent(event(url=url), BERLIN)


def test_an_address_cannot_break_its_line():
    body = ical.vevent(event(url='https://x.example/a\r\nATTACH:evil "<ö>\x00'), BERLIN)
    assert b"URL:https://x.example/a%0D%0AATTACH:evil%20%22%3C%C3%B6%3E%00\r\n" in body


@given(st.text(st.sampled_from("aö€😀\\;,n \n"), max_size=400))
@settings(max_examples=300)
def test_no_line_is_longer_than_75_octets_and_no_letter_is_cut(long):
    body = ical.vevent(event(summary=long), BERLIN)
    for line in body.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()  # each line alone is valid UTF-8
    assert value(body, "SUMMARY") == long


@pytest.mark.parametrize("letter", ["a", "ö", "€", "😀", ";"])
@pytest.mark.parametrize("length", range(60, 80))
def test_folding_is_right_around_the_limit(letter, length):
    summary = letter * length
    body = ical.vevent(event(summary=summary), BERLIN)
    assert max(map(len, body.split(b"\r\n"))) <= 75
    assert read(feed(event(summary=summary)))[0]["SUMMARY"] == summary
    assert vobject.readOne(feed(event(summary=summary)).decode()).vevent.summary.value == summary


@pytest.mark.parametrize("length", range(60, 72))
def test_an_escaped_letter_stays_with_its_backslash(length):
    body = ical.vevent(event(summary="a" * length + ";\\\n" * 40), BERLIN)
    for line in body.split(b"\r\n"):
        backslashes = len(line) - len(line.rstrip(b"\\"))
        assert backslashes % 2 == 0


def test_a_line_of_75_octets_is_not_folded():
    assert b"SUMMARY:" + b"a" * 67 + b"\r\n" in ical.vevent(event(summary="a" * 67), BERLIN)
    assert b"SUMMARY:" + b"a" * 67 + b"\r\n a\r\n" in ical.vevent(event(summary="a" * 68), BERLIN)


def test_the_same_event_gives_the_same_bytes_twice():
    assert feed(event()) == feed(event())
    assert ical.invitation(event(), BERLIN, "REQUEST", TOWN, COUPLE) == ical.invitation(
        event(), BERLIN, "REQUEST", TOWN, COUPLE
    )


def test_moments_in_another_zone_give_the_same_bytes():
    span = event().span
    tokyo = ZoneInfo("Asia/Tokyo")
    same = event(stamp=STAMP.astimezone(tokyo), span=Span(span.start.astimezone(tokyo), span.end.astimezone(tokyo)))
    assert ical.vevent(same, BERLIN) == ical.vevent(event(), BERLIN)


def test_an_invitation_names_both_sides():
    calendar = icalendar.Calendar.from_ical(ical.invitation(event(), BERLIN, "REQUEST", TOWN, COUPLE))
    (found,) = calendar.events
    assert calendar["METHOD"] == "REQUEST"
    assert found["ORGANIZER"] == "mailto:standesamt@salzau.example"
    assert found["ORGANIZER"].params["CN"] == "Standesamt Salzau"
    assert found["ATTENDEE"] == "mailto:kim@example.org"
    assert found["ATTENDEE"].params["CN"] == "Kim 'K' Öz; Jo"
    assert found["STATUS"] == "CONFIRMED"


def test_a_cancellation_has_the_same_uid_and_a_higher_sequence():
    invited = read(ical.invitation(event(), BERLIN, "REQUEST", TOWN, COUPLE))[0]
    body = ical.invitation(event(sequence=1, cancelled=True), BERLIN, "CANCEL", TOWN, COUPLE)
    calendar = icalendar.Calendar.from_ical(body)
    (cancelled,) = calendar.events
    assert calendar["METHOD"] == "CANCEL"
    assert cancelled["STATUS"] == "CANCELLED"
    assert cancelled["UID"] == invited["UID"]
    assert cancelled["ORGANIZER"] == invited["ORGANIZER"]
    assert cancelled["SEQUENCE"] > invited["SEQUENCE"]


@pytest.mark.parametrize(
    ("changes", "method"),
    [({"cancelled": True, "sequence": 1}, "REQUEST"), ({}, "CANCEL"), ({"cancelled": True}, "CANCEL")],
)
def test_messages_that_contradict_their_event_are_refused(changes, method):
    with pytest.raises(ValueError, match=r"doesn't go|higher sequence"):
        ical.invitation(event(**changes), BERLIN, method, TOWN, COUPLE)


def test_a_download_is_published_and_invites_nobody():
    calendar = icalendar.Calendar.from_ical(ical.download(event(), BERLIN, TOWN))
    (found,) = calendar.events
    assert calendar["METHOD"] == "PUBLISH"
    assert "ATTENDEE" not in found
    assert found["ORGANIZER"] == "mailto:standesamt@salzau.example"


@pytest.mark.parametrize("mail", ["", "kim", "a@b\r\nX:y", "a b@c.de", "a@b.de;x", "<a@b.de>", "a@b.de:c", "a@b.de\n"])
def test_what_is_no_mail_address_is_refused(mail):
    with pytest.raises(ValueError, match="no mail address"):
        Party(mail)


@given(st.text(max_size=100))
def test_no_name_can_leave_its_parameter(name):
    body = ical.invitation(event(), BERLIN, "REQUEST", TOWN, Party("kim@example.org", name))
    (line,) = [line for line in unfolded(body) if line.startswith("ATTENDEE")]
    assert re.fullmatch(
        r'ATTENDEE(;CN="[^"\x00-\x1f]*")?;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=FALSE:mailto:kim@example.org',
        line,
    )


def test_events_without_a_uid_or_with_a_naive_stamp_are_refused():
    for wrong in ({"uid": ""}, {"sequence": -1}, {"stamp": datetime(2026, 5, 1)}):  # noqa: DTZ001
        with pytest.raises(ValueError, match=r"uid|time zone"):
            event(**wrong)


def test_a_feed_of_ten_thousand_events_is_rendered_and_joined_in_time():
    span, an_hour = event().span, timedelta(hours=1)
    events = [
        event(uid=f"booking-{n}@salzau.example", span=Span(span.start + n * an_hour, span.end + n * an_hour))
        for n in range(10_000)
    ]
    started = time.perf_counter()
    kept = [ical.vevent(one, BERLIN) for one in events]
    rendered = time.perf_counter() - started
    assert rendered < 1.5, f"{rendered / 10:.3f} ms for one event"

    joined = []
    for _ in range(5):
        started = time.perf_counter()
        body = ical.feed("Alle", "feed-2@salzau.example", kept, BERLIN)
        joined.append(time.perf_counter() - started)
    assert min(joined) < 0.020
    assert body.count(b"BEGIN:VEVENT\r\n") == 10_000
    dates = [found.start.date() for found in read(ical.feed("Zehn", "f", kept[::1000], BERLIN))]
    assert dates[0] == date(2027, 5, 15)
    assert len(dates) == 10
