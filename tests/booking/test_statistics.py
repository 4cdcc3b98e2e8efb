"""What the office counts: true to the wall clock, the same on both databases, and fast for many years."""

import csv
import io
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from uuid import uuid4
from zipfile import ZipFile

import pytest
from sqlalchemy import insert, select

from buchbar.accounts.models import AuditEntry
from buchbar.base.sheets import Cents
from buchbar.booking import lifecycle, retention, statistics, statistics_tables
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking
from buchbar.booking.statistics import Period, Question
from buchbar.booking.terms import Terms
from buchbar.booking.weddings import reservation
from buchbar.payments.models import Payment
from tests.cast import ANNA_AND_BEN, CLERK, FRIDAY, NOW, SATURDAY, assemble, confirmed, reserved, slot_at
from tests.clerks import become, colleague, counted

YEAR = Period(date(2027, 1, 1), date(2027, 12, 31))
PAGE = "/diepholz/amt/statistik"


@pytest.fixture
def cast(session):
    return assemble(session, Terms(payment="optional"))


@pytest.fixture
def town(database):
    with database.write() as session:
        return assemble(session, Terms(payment="optional"))


def couple(number):
    return replace(ANNA_AND_BEN, email=f"paar{number}@example.org")


def ask(cast, period=YEAR, by="termin", now=NOW):
    return Question(cast.town, "weddings", period, by, now)


def tables(session, question):
    seen = statistics.bookings(session, question)
    venues = statistics.venue_names(session, question.town)
    return {table.key: table for table in statistics_tables.tables(question, seen, venues)}


def row(table, label):
    [found] = [tuple(each[1:]) for each in table.rows if each[0] == label]
    return found


def a_year_of_everything(session, cast):
    """Two weddings stand; one was cancelled by the couple, one by the office, one declined, one released."""
    confirmed(session, cast, slot_at(SATURDAY, 9), couple(1))
    reserved(session, cast, slot_at(FRIDAY, 9), couple(2))
    lifecycle.cancel(session, confirmed(session, cast, slot_at(SATURDAY, 9, 45), couple(3)), NOW, CITIZEN)
    lifecycle.cancel(session, confirmed(session, cast, slot_at(SATURDAY, 10, 30), couple(4)), NOW, CLERK)
    lifecycle.decline(session, reserved(session, cast, slot_at(FRIDAY, 9, 45), couple(5)), "nein", NOW, CLERK)
    late = confirmed(session, cast, slot_at(FRIDAY, 10, 30), couple(6))
    late.deadline_at = NOW
    session.flush()
    lifecycle.release(session, late, NOW)
    held = reservation.hold(session, cast.town, cast.room.id, slot_at(FRIDAY, 11, 15), NOW, CITIZEN)
    lifecycle.cancel(session, held, NOW, CITIZEN)
    reservation.hold(session, cast.town, cast.room.id, slot_at(FRIDAY, 11, 15), NOW, CITIZEN)


def test_what_stands_and_how_the_rest_ended(session, cast):
    a_year_of_everything(session, cast)
    later = NOW + timedelta(hours=1)  # so the open hold has run out, whether or not a job has written it down
    found = tables(session, ask(cast, now=later))
    states = {each[0]: each[1] for each in found["ueberblick"].rows}
    assert states == {
        "Trauungen": 2,
        "davon reserviert": 1,
        "davon warten auf Zahlung": 0,
        "davon werden noch geprüft": 1,
        "Storniert": 2,
        "Abgelehnt": 1,
        "Frist verstrichen": 1,
        "Vormerkungen, die abgelaufen sind": 1,
        "Vormerkungen, die zurückgegeben wurden": 1,
    }
    ends = found["ende"]
    assert row(ends, "Vom Paar storniert") == (1, 16.7, 0) and row(ends, "Vom Amt storniert") == (1, 16.7, 0)
    assert row(ends, "Vom Amt abgelehnt") == (1, 16.7, 0) and row(ends, "Frist verstrichen") == (1, 16.7, 0)
    assert row(ends, "Zusammen")[0] == 4


def test_months_weekdays_hours_venues_and_leads(session, cast):
    confirmed(session, cast, slot_at(SATURDAY, 9), couple(1))
    confirmed(session, cast, slot_at(SATURDAY, 9, 45), couple(2), at=NOW - timedelta(days=7))
    confirmed(session, cast, slot_at(FRIDAY, 11, 15), couple(3))
    confirmed(session, cast, slot_at(date(2027, 1, 4), 9), couple(4))
    found = tables(session, ask(cast))
    assert row(found["monate"], "Mai 2027") == (3, 75.0, 0) and row(found["monate"], "Januar 2027") == (1, 25.0, 0)
    assert len(found["monate"].rows) == 13 and row(found["monate"], "Zusammen") == (4, 100.0, 0)
    assert row(found["wochentage"], "Samstag")[0] == 2 and row(found["wochentage"], "Montag")[0] == 1
    assert [each[0:2] for each in found["uhrzeit"].rows] == [
        ("9 Uhr", 3),
        ("10 Uhr", 0),
        ("11 Uhr", 1),
        ("Zusammen", 4),
    ]
    assert row(found["trauorte"], "Trauzimmer im Rathaus")[0] == 4
    assert row(found["vorlauf"], "bis 3 Monate")[0] == 1 and row(found["vorlauf"], "bis 6 Monate")[0] == 3


def plain(cast, starts_at, made_at=NOW, state="confirmed", **more):
    """A booking as a row, for moments that no slot has."""
    values = {"id": uuid4(), "municipality_id": cast.town.id, "journey": "weddings", "number": f"HZ-{uuid4()}"}
    values |= {"state": state, "policy_id": cast.policy.id, "resource_id": cast.room.id, "made_at": made_at}
    return values | {"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=30)} | more


def test_days_are_those_on_the_wall(session, cast):
    night = [
        datetime(2027, 5, 31, 22, 30, tzinfo=UTC),  # half past midnight on 1 June
        datetime(2026, 12, 31, 23, 30, tzinfo=UTC),  # 1 January
        datetime(2027, 12, 31, 23, 30, tzinfo=UTC),  # the next year's
        datetime(2027, 3, 28, 1, 30, tzinfo=UTC),  # 3.30, when the clocks have just jumped
    ]
    session.execute(insert(Booking), [plain(cast, moment) for moment in night])
    found = tables(session, ask(cast))
    assert row(found["ueberblick"], "Trauungen")[0] == 3
    assert row(found["monate"], "Juni 2027")[0] == 1 and row(found["monate"], "Januar 2027")[0] == 1
    assert row(found["wochentage"], "Freitag")[0] == 1 and row(found["wochentage"], "Sonntag")[0] == 1
    assert row(found["uhrzeit"], "3 Uhr")[0] == 1 and row(found["uhrzeit"], "0 Uhr")[0] == 2


def test_it_counts_by_the_day_of_receipt_too(session, cast):
    received = datetime(2026, 3, 1, 8, tzinfo=UTC)
    session.execute(
        insert(Booking),
        [
            plain(cast, slot_at(SATURDAY, 9), NOW),
            plain(cast, slot_at(SATURDAY, 9), NOW, channel="paper", received_at=received),
        ],
    )
    march = Period(date(2026, 3, 1), date(2026, 3, 31))
    found = tables(session, ask(cast, march, by="eingang"))
    assert row(found["monate"], "März 2026")[0] == 1
    assert row(found["eingang"], "auf Papier")[0] == 1 and row(found["eingang"], "online")[0] == 0
    assert row(tables(session, ask(cast, march))["ueberblick"], "Trauungen")[0] == 0


def test_each_number_stands_beside_that_of_the_period_before(session, cast):
    months = [(2027, 5), (2027, 5), (2027, 4), (2027, 3), (2027, 3), (2027, 3), (2027, 2)]
    session.execute(insert(Booking), [plain(cast, slot_at(date(*month, 10), 9)) for month in months])
    found = tables(session, ask(cast, Period(date(2027, 4, 1), date(2027, 5, 31))))
    assert row(found["ueberblick"], "Trauungen") == (3, 4, -1)
    assert row(found["monate"], "April 2027") == (1, 33.3, 1), "beside February"
    assert row(found["monate"], "Mai 2027") == (2, 66.7, 3), "beside March"
    assert [bar.before for bar in found["monate"].bars] == [1, 3]
    days = tables(session, ask(cast, Period(date(2027, 5, 5), date(2027, 5, 12))))
    assert [key for key, _heading in days["monate"].columns] == ["monate", "count", "share"]


@pytest.mark.parametrize(
    ("period", "before"),
    [
        (YEAR, Period(date(2026, 1, 1), date(2026, 12, 31))),
        (Period(date(2028, 2, 1), date(2028, 2, 29)), Period(date(2028, 1, 1), date(2028, 1, 31))),
        (Period(date(2027, 3, 1), date(2027, 4, 30)), Period(date(2027, 1, 1), date(2027, 2, 28))),
        (Period(date(2027, 5, 5), date(2027, 5, 12)), Period(date(2027, 4, 27), date(2027, 5, 4))),
    ],
    ids=["year", "leap-month", "two-months", "days"],
)
def test_the_period_before_ends_the_day_before_and_is_as_long(period, before):
    assert period.before == before


def test_another_town_another_journey_and_an_unknown_channel(session, cast):
    syke = assemble(session, slug="syke")
    rows = [
        plain(cast, slot_at(SATURDAY, 9)),
        plain(syke, slot_at(SATURDAY, 9)),
        plain(cast, slot_at(SATURDAY, 9), journey="halls"),
    ]
    session.execute(insert(Booking), rows)
    seen = statistics.bookings(session, ask(cast))
    assert len(seen) == 1
    seen[0].channel = "fax"
    assert row(statistics_tables.by_channel(seen), "fax")[0] == 1


def test_fees_and_what_was_forgiven_and_paid(session, cast):
    a_year_of_everything(session, cast)
    paid = session.scalars(select(Booking).where(Booking.email == "paar1@example.org")).one()
    session.add(
        Payment(
            id=uuid4(), municipality_id=cast.town.id, booking_id=paid.id, cents=17000, state="paid",
            provider="cash", started_at=NOW, expires_at=NOW, settled_at=NOW,
        )
    )  # fmt: skip
    session.flush()
    lifecycle.pay(session, paid, NOW, CLERK, 17000)
    lifecycle.cancel(session, paid, NOW, CITIZEN)
    question = ask(cast)
    table = statistics_tables.by_fee(statistics.fees(session, question))
    assert table.title == "Was gefordert wurde, nach Gebühren", "not what came in"
    asked, forgiven, left = row(table, "Anmeldung und Eheschließung")[1:4]
    assert (asked, left) == (Cents(6 * 6000), Cents(6000)) and forgiven == Cents(5 * 6000)
    sums = row(table, "Zusammen")
    assert sums[1].cents - sums[2].cents == sums[3].cents
    assert statistics.money(session, question) == {"paid": (17000, 0), "refunded": (17000, 0)}
    a_year_later = ask(cast, Period(date(2028, 1, 1), date(2028, 12, 31)))
    assert statistics.money(session, a_year_later) == {"paid": (0, 17000), "refunded": (0, 17000)}
    [before] = {
        each[-1]
        for each in statistics_tables.by_fee(statistics.fees(session, a_year_later)).rows
        if each[0] == "Zusammen"
    }
    assert before == sums[3]


def test_how_much_each_registrar_had_to_do(session, cast):
    for number, hour in enumerate((9, 10), 1):
        reserved(session, cast, slot_at(FRIDAY, hour, 30 if hour == 10 else 0), couple(number))
    at_mill = reservation.hold(session, cast.town, cast.mill.id, slot_at(FRIDAY, 13), NOW, CITIZEN)
    reservation.submit(session, at_mill, couple(3), NOW, CITIZEN)
    reservation.prove(session, at_mill, NOW)
    loads = statistics.load(session, ask(cast))
    assert sum(each.count for each in loads) == 3 and {each.name for each in loads} == {"Ahrens", "Behrens"}
    assert sum((each.work for each in loads), timedelta(0)) == 3 * timedelta(minutes=55), "15 before, 10 after"
    assert sum((each.way for each in loads), timedelta(0)) == timedelta(minutes=40), "to the mill and back"
    later = statistics.load(session, ask(cast, Period(date(2028, 1, 1), date(2028, 12, 31))))
    assert {(each.count, each.work) for each in later} == {(0, timedelta(0))} and sum(x.before for x in later) == 3


def test_what_has_been_forgotten_still_counts(session, cast):
    booking = confirmed(session, cast, slot_at(SATURDAY, 9), couple(1))
    lifecycle.cancel(session, booking, NOW, CITIZEN)
    standing = confirmed(session, cast, slot_at(SATURDAY, 9), couple(2))
    before = [(table.title, table.rows) for table in tables(session, ask(cast)).values()]
    for each in (booking, standing):
        assert retention.forget(session, each, NOW)
    assert [(table.title, table.rows) for table in tables(session, ask(cast)).values()] == before


# --- The page ---------------------------------------------------------------------------------------------


@pytest.fixture
def frau_sommer(client, database, town):
    become(client, database, town.clerk)
    return town.clerk


@pytest.fixture
def a_wedding(database, town):
    with database.write() as session:
        return confirmed(session, town, slot_at(SATURDAY, 9))


def test_the_page_shows_each_chart_with_its_table(client, frau_sommer, a_wedding):
    page = client.get(f"{PAGE}?von=2027-01-01&bis=2027-12-31").text
    assert page.count("<svg") == 8 and page.count('role="img"') == 8 and page.count("<table") == 10
    assert "01.01.2027 bis 31.12.2027" in page and "Von 01.01.2026 bis 31.12.2026 gibt es nichts" in page
    assert "Zeitraum davor" not in page, "nothing to compare with"
    later = client.get(f"{PAGE}?von=2027-06-01&bis=2027-06-30").text
    assert "keine Buchungen" in later
    assert "Müller" not in page and "style=" not in page
    for key in ("monate", "trauorte", "wochentage", "uhrzeit", "vorlauf", "eingang", "gebuehren"):
        assert f'id="bild-{key}-title"' in page and f'id="t-{key}"' in page


def test_what_was_before_stands_beside_it_and_is_drawn(client, database, town, frau_sommer, a_wedding):
    with database.write() as session:
        confirmed(session, town, slot_at(date(2027, 4, 10), 9), couple(2))
    page = client.get(f"{PAGE}?von=2027-05-01&bis=2027-05-31").text
    assert "verglichen mit 01.04.2027 bis 30.04.2027." in page
    assert page.count("Zeitraum davor</th>") == 10 and 'class="chart__before"' in page


def test_it_begins_with_this_year_and_says_when_there_is_nothing(client, frau_sommer, a_wedding):
    page = client.get(PAGE).text
    assert 'value="2026-01-01"' in page and 'value="2026-12-31"' in page
    assert "In diesem Zeitraum gibt es keine Buchungen." in page and "<svg" not in page
    assert "Mai 2027" in client.get(f"{PAGE}?von=2027-05-01").text


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("von=gestern", "von"),
        ("von=2027-02-01&bis=2027-01-01", "bis"),
        ("von=2001-01-01&bis=2099-01-01", "bis"),
        ("nach=laune", "nach"),
    ],
)
def test_a_period_that_makes_no_sense_is_refused_beside_its_field(client, frau_sommer, query, field):
    answer = client.get(f"{PAGE}?{query}")
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text
    assert client.get(f"{PAGE}/datei/monate.csv?{query}").status_code == 422


def test_ten_years_are_counted_by_year(client, frau_sommer, a_wedding):
    page = client.get(f"{PAGE}?von=2020-01-01&bis=2029-12-31").text
    assert "Nach Jahren" in page and "Nach Monaten" not in page


def test_tables_can_be_taken_along(client, frau_sommer, a_wedding):
    year = "von=2027-01-01&bis=2027-12-31"
    book = client.get(f"{PAGE}/datei/alle.xlsx?{year}")
    with ZipFile(BytesIO(book.content)) as packed:
        names = packed.read("xl/workbook.xml").decode()
        assert sum(each.startswith("xl/worksheets/sheet") for each in packed.namelist()) == 10
    assert "Nach Wochentagen" in names and 'filename="auswertung.xlsx"' in book.headers["content-disposition"]
    months = client.get(f"{PAGE}/datei/monate.csv?{year}").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(months), delimiter=";"))
    assert rows[0] == ["Monat", "Anzahl", "Anteil in %"] and rows[5] == ["Mai 2027", "1", "100,0"]
    assert client.get(f"{PAGE}/datei/wochentage.json?{year}").json()[5]["count"] == 1
    for nothing in ("monate.exe", "alle.csv", "team.csv", "nichts.csv", "x", "alle.xlsx"):
        wanted = year if nothing != "alle.xlsx" else "von=2020-01-01&bis=2020-12-31"
        assert client.get(f"{PAGE}/datei/{nothing}?{wanted}").status_code == 404


def test_only_the_head_sees_who_had_how_much_to_do_and_that_is_kept(client, database, town, frau_sommer, a_wedding):
    year = "von=2027-01-01&bis=2027-12-31"
    assert "statistik/team" not in client.get(f"{PAGE}?{year}").text
    assert client.get(f"{PAGE}/team?{year}").status_code == 403
    become(client, database, colleague(database, town, "head"))
    assert f"{PAGE}/team?von=2027-01-01" in client.get(f"{PAGE}?{year}").text
    page = client.get(f"{PAGE}/team?{year}").text
    assert "Ahrens" in page or "Behrens" in page
    assert client.get(f"{PAGE}/team/datei/team.csv?{year}").status_code == 200
    with database.read() as session:
        looked = session.scalars(select(AuditEntry.words).where(AuditEntry.kind == "look")).all()
    assert set(looked) == {"Auslastung der Standesbeamt:innen angesehen"}
    assert "keine Trauungen" in client.get(f"{PAGE}/team").text


def test_ten_thousand_bookings_cost_no_more_questions_and_little_time(client, database, town, frau_sommer, a_wedding):
    address = f"{PAGE}?von=2027-01-01&bis=2027-12-31"
    with counted(database) as few:
        client.get(address)
    first = datetime(2026, 1, 2, 9, tzinfo=UTC)
    with database.write() as session:
        rows = [plain(town, first + timedelta(hours=1.75 * number)) for number in range(10_000)]
        for place in range(0, 10_000, 1000):
            session.execute(insert(Booking), rows[place : place + 1000])
    started = time.perf_counter()
    with counted(database) as many:
        assert client.get(address).status_code == 200
    assert len(many) == len(few)
    assert time.perf_counter() - started < 5
