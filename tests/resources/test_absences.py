"""Calendar files of absences: which days they mean, and what is left out with its reason."""

import time
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from buchbar.calendar.rules import DayException, WeeklyRule
from buchbar.resources.absences import read
from buchbar.resources.away import proposals
from buchbar.resources.opening_edits import Differing, Stretch

BERLIN = ZoneInfo("Europe/Berlin")
TODAY, LAST = date(2026, 11, 23), date(2028, 11, 23)
ALL_DAY = "DTSTART;VALUE=DATE:20270510"
AT_TEN = "DTSTART;TZID=Europe/Berlin:20270107T100000\r\nDURATION:PT1H"


def calendar(*events):
    body = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{body}END:VCALENDAR\r\n".encode()


def away(*events):
    found = read(calendar(*events), BERLIN, TODAY, LAST)
    return {day: "ganz" if each.whole else sorted(each.minutes) for day, each in sorted(found.days.items())}, [
        each.why for each in found.ignored
    ]


def days(*events):
    return [f"{day:%d.%m.%y}" for day in away(*events)[0]]


def test_a_day_without_an_end_is_one_day():
    assert away(ALL_DAY) == ({date(2027, 5, 10): "ganz"}, [])


def test_the_last_day_of_a_range_is_the_one_before_its_end():
    assert days(ALL_DAY + "\r\nDTEND;VALUE=DATE:20270513") == ["10.05.27", "11.05.27", "12.05.27"]


@pytest.mark.parametrize(
    ("start", "minutes"),
    [
        ("DTSTART:20270510T080000Z", (600, 660)),  # summer
        ("DTSTART:20270110T080000Z", (540, 600)),  # winter
        ("DTSTART;TZID=America/New_York:20270110T040000", (600, 660)),
        ("DTSTART;TZID=W. Europe Standard Time:20270110T100000", (600, 660)),  # as Outlook calls it
        ("DTSTART;TZID=Mein Zuhause:20270110T100000", (600, 660)),  # whatever that is: the town's
        ("DTSTART:20270110T100000", (600, 660)),  # on the wall
    ],
)
def test_zones_are_known_by_their_names(start, minutes):
    assert list(away(start + "\r\nDURATION:PT1H")[0].values()) == [[minutes]]


def test_a_night_belongs_to_two_days():
    found = away("DTSTART;TZID=Europe/Berlin:20270110T220000\r\nDTEND;TZID=Europe/Berlin:20270111T020000")[0]
    assert found == {date(2027, 1, 10): [(1320, 1440)], date(2027, 1, 11): [(0, 120)]}


def test_the_hour_that_comes_twice_and_the_one_that_is_missing():
    assert away("DTSTART;TZID=Europe/Berlin:20271031T000000\r\nDTEND;TZID=Europe/Berlin:20271101T000000")[0] == {
        date(2027, 10, 31): "ganz"
    }
    assert away("DTSTART;TZID=Europe/Berlin:20270328T013000\r\nDTEND;TZID=Europe/Berlin:20270328T040000")[0] == {
        date(2027, 3, 28): [(90, 240)]
    }


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=WEEKLY;COUNT=3", ["07.01.27", "14.01.27", "21.01.27"]),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=2", ["07.01.27", "21.01.27"]),
        ("FREQ=WEEKLY;BYDAY=TU,TH;COUNT=3", ["07.01.27", "12.01.27", "14.01.27"]),
        ("FREQ=DAILY;UNTIL=20270109T090000Z", ["07.01.27", "08.01.27", "09.01.27"]),
        ("FREQ=DAILY;UNTIL=20270109T085959Z", ["07.01.27", "08.01.27"]),
        ("FREQ=DAILY;UNTIL=20270108", ["07.01.27", "08.01.27"]),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", ["29.01.27", "26.02.27"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=2", ["31.01.27", "31.03.27"]),
        ("FREQ=YEARLY", ["07.01.27", "07.01.28"]),
    ],
)
def test_repeated_events_are_counted_out(rule, expected):
    assert days(f"{AT_TEN}\r\nRRULE:{rule}") == expected


def test_dates_that_were_taken_out_moved_or_added():
    series = f"UID:a\r\n{AT_TEN}\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\nEXDATE;TZID=Europe/Berlin:20270114T100000"
    moved = "UID:a\r\nRECURRENCE-ID;TZID=Europe/Berlin:20270121T100000\r\nDTSTART:20270122T120000Z\r\nDURATION:PT1H"
    assert days(series, moved) == ["07.01.27", "22.01.27", "28.01.27"]
    cancelled = moved + "\r\nSTATUS:CANCELLED"
    assert days(series, cancelled) == ["07.01.27", "28.01.27"]
    assert days(f"{ALL_DAY}\r\nRDATE;VALUE=DATE:20270601,20270602") == ["10.05.27", "01.06.27", "02.06.27"]


def test_a_series_stays_at_its_hour_when_the_clocks_change():
    found = away("DTSTART;TZID=Europe/Berlin:20270325T100000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=7")[0]
    assert set(map(tuple, found.values())) == {((600, 660),)}


def test_only_what_lies_ahead_and_not_too_far():
    series = away("DTSTART;VALUE=DATE:20200101\r\nRRULE:FREQ=DAILY")[0]
    assert (min(series), max(series), len(series)) == (TODAY, LAST, 732)
    assert away("DTSTART;VALUE=DATE:00010101\r\nDTEND;VALUE=DATE:99991231")[0].keys() == series.keys()


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (f"{ALL_DAY}\r\nSTATUS:CANCELLED", "abgesagt"),
        (f"{ALL_DAY}\r\nTRANSP:TRANSPARENT", "frei"),
        ("DTSTART;VALUE=DATE:20200101", "liegt zurück"),
        ("DTSTART;VALUE=DATE:20400101", "liegt zurück oder mehr als zwei Jahre voraus"),
        ("SUMMARY:ohne alles", "keinen lesbaren Anfang"),
        ("DTSTART:gestern", "nicht lesbar"),
        (f"{ALL_DAY}\r\nDTEND;VALUE=DATE:20270501", "endet, bevor er anfängt"),
        (f"{ALL_DAY}\r\nDTEND:20270511T100000Z", "nicht lesbar"),
        (f"{ALL_DAY}\r\nRRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1", "nicht verstanden"),
        (f"{ALL_DAY}\r\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "nicht verstanden"),
        (f"{ALL_DAY}\r\nRRULE:FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=20", "nicht verstanden"),
        (f"{ALL_DAY}\r\nRRULE:FREQ=DAILY;INTERVAL=7;BYDAY=SU", "nicht verstanden"),
        (f"{ALL_DAY}\r\nRRULE:FREQ=DAILY;INTERVAL=0", "nicht verstanden"),
        (f"{ALL_DAY}\r\nRRULE:FREQ=MONTHLY;BYDAY=-6MO", "nicht verstanden"),
        (f"{ALL_DAY}\r\nRRULE:FREQ=YEARLY;BYMONTH={','.join(['5'] * 36)}", "nicht verstanden"),
        ("DTSTART;VALUE=DATE:19900101\r\nRRULE:FREQ=DAILY", "vor dem Jahr 2000"),
        ("DTSTART:20270101T000000\r\nDURATION:P99999999999D", "nicht lesbar"),
    ],
)
def test_what_is_left_out_has_its_reason(event, why):
    found, reasons = away(event)
    assert not found and len(reasons) == 1 and why in reasons[0]


def test_a_rule_with_thousands_of_days_is_not_counted_out():
    started = time.perf_counter()
    found, reasons = away(*[f"{ALL_DAY}\r\nRRULE:FREQ=MONTHLY;BYDAY={','.join(['53MO'] * 1900)}"] * 100)
    assert not found and set(reasons) == {"Der Termin wiederholt sich auf eine Art, die hier nicht verstanden wird."}
    assert time.perf_counter() - started < 10


# No weekday is the last one of its month in the first 21 days.
NEVER = f"FREQ=MONTHLY;BYMONTHDAY={','.join(map(str, range(1, 22)))};BYDAY=-1MO,-1TU,-1WE,-1TH,-1FR,-1SA,-1SU"


@pytest.mark.parametrize(
    "hostile",
    [
        calendar(*[f"{ALL_DAY}\r\nUID:{n}\r\nRRULE:FREQ=DAILY" for n in range(501)]),
        calendar(*["DTSTART;VALUE=DATE:20000101\r\nRRULE:FREQ=DAILY"] * 200),
        calendar(*["DTSTART;VALUE=DATE:00010101\r\nDTEND;VALUE=DATE:99991231"] * 4000),
        calendar(*["DTSTART:20000101T000000Z\r\nDTEND:20990101T000000Z"] * 4000),
        calendar("DTSTART:20270101T000000Z\r\nRRULE:FREQ=SECONDLY"),
        calendar(*[f"{ALL_DAY}\r\nRRULE:{NEVER}"] * 60),
        calendar("DTSTART:20270101T000000Z\r\nRRULE:FREQ=MINUTELY;INTERVAL=1"),
        b"BEGIN:VCALENDAR\n" + b"BEGIN:X\n" * 50_000,
        b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\n" * 50_000,
    ],
)
def test_a_file_that_would_keep_us_busy_is_refused_soon(hostile):
    started = time.perf_counter()
    with pytest.raises(ValueError):
        read(hostile, BERLIN, TODAY, LAST)
    assert time.perf_counter() - started < 10


def test_what_a_file_defines_as_its_zone_is_never_asked():
    zone = "BEGIN:VTIMEZONE\r\nTZID:Boese\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nRRULE:FREQ=SECONDLY\r\n"
    zone += "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    event = "BEGIN:VEVENT\r\nDTSTART;TZID=Boese:20270110T100000\r\nDURATION:PT1H\r\nEND:VEVENT\r\n"
    found = read(f"BEGIN:VCALENDAR\r\n{zone}{event}END:VCALENDAR\r\n".encode(), BERLIN, TODAY, LAST)
    assert [sorted(each.minutes) for each in found.days.values()] == [[(600, 660)]]


DUTY = WeeklyRule(frozenset(range(5)), 480, 1020)


def proposed(*events, days=()):
    found, ignored = proposals([DUTY], list(days), read(calendar(*events), BERLIN, TODAY, LAST), BERLIN, "NI")
    return [each.stretch for each in found], [each.why for each in ignored]


def test_a_whole_day_is_closed_and_of_a_part_the_rest_stays():
    leave = ALL_DAY + "\r\nDTEND;VALUE=DATE:20270517"  # over a weekend: rules change
    training = "DTSTART;TZID=Europe/Berlin:20270604T100000\r\nDTEND;TZID=Europe/Berlin:20270604T123000"
    assert proposed(leave, training) == (
        [
            Stretch(date(2027, 5, 10), date(2027, 5, 16), ()),
            Stretch(date(2027, 6, 4), date(2027, 6, 4), ((480, 600), (750, 1020))),
        ],
        [],
    )


def test_what_changes_nothing_is_left_out():
    assert "ohnehin kein Dienst" in proposed("DTSTART;TZID=Europe/Berlin:20270605T100000\r\nDURATION:PT1H")[1][0]
    assert "ohnehin kein Dienst" in proposed("DTSTART;TZID=Europe/Berlin:20270501T100000\r\nDURATION:PT1H")[1][0]
    assert "außerhalb" in proposed("DTSTART;TZID=Europe/Berlin:20270604T190000\r\nDURATION:PT1H")[1][0]
    closed = Differing(DayException(date(2027, 5, 10)))
    assert proposed(ALL_DAY, days=[closed]) == ([], ["Das ist schon eingetragen."])
