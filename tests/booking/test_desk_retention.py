"""What will be deleted is said beforehand: by name to those who work here, by number to the county."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from buchbar.accounts import audit, revisions
from buchbar.accounts.models import AuditEntry, Municipality
from buchbar.booking import forgetting, lifecycle, retention
from buchbar.booking.models import Booking
from tests.booking.money import pay
from tests.cast import ANNA_AND_BEN, CLERK, NOW, SATURDAY, assemble, confirmed, slot_at
from tests.clerks import become, colleague, counted

DESK = "/diepholz/amt"
DAY = timedelta(days=1)


def test_on_the_day_that_was_said_it_is_deleted(database, town):
    with database.write() as session:
        first = confirmed(session, town, slot_at(SATURDAY, 9))
        pay(session, first, NOW)
        second = confirmed(session, town, slot_at(SATURDAY, 10, 30))
        lifecycle.cancel(session, second, NOW + 10 * DAY, CLERK, "x")
        second_id = second.id
    soon = slot_at(date(2027, 11, 10), 12)
    with database.read() as session:
        (going,) = forgetting.going(session, town.town, soon, with_names=True)
        assert (going.booking.id, going.on, going.names) == (second_id, date(2027, 12, 3), "Anna Müller & Ben Yıldız")
    assert retention.forget_what_is_due(database, slot_at(date(2027, 12, 2), 23)) == 0
    assert retention.forget_what_is_due(database, slot_at(date(2027, 12, 3), 3)) == 1
    with database.read() as session:
        assert session.get_one(Booking, second_id).forgotten_at
        today = slot_at(date(2027, 12, 3), 12)
        assert forgetting.gone(session, town.town, today) == [(date(2027, 12, 3), 1)]
        assert forgetting.going(session, town.town, today, with_names=True) == []
        later = forgetting.going(session, town.town, slot_at(date(2028, 5, 1), 12), with_names=False)
        assert [(each.booking.id, each.on, each.names) for each in later] == [(first.id, date(2028, 5, 15), "")]


def test_what_is_overdue_stands_first_and_another_towns_isnt_there(database, town):
    with database.write() as session:
        ours = confirmed(session, town, slot_at(SATURDAY, 9))
        pay(session, ours, NOW)
        syke = assemble(session, slug="syke")
        confirmed(session, syke, slot_at(SATURDAY, 9))
        at = slot_at(date(2028, 9, 1), 12)
        assert [each.booking.id for each in forgetting.going(session, town.town, at, with_names=True)] == [ours.id]


def test_names_are_for_those_who_work_here(client, database, town, clock):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
        pay(session, booking, NOW)
        county = Municipality(slug="landkreis", name="Landkreis", kind="county", land="NI")
        session.add(county)
        session.flush()
        session.get_one(Municipality, town.town.id).county_id = county.id
    clock.now = slot_at(date(2028, 5, 1), 12)
    become(client, database, town.clerk, clock.now)
    page = client.get(f"{DESK}/aufbewahrung").text
    assert "Anna Müller" in page and booking.number in page and "15.05.2028" in page
    clerk = colleague(database, town, "county", "Frau Kreis")
    with database.write() as session:
        session.merge(clerk).municipality_id = county.id
    become(client, database, clerk, clock.now)
    page = client.get(f"{DESK}/aufbewahrung").text
    assert booking.number in page and "Anna Müller" not in page and f"/buchung/{booking.id}" not in page
    with database.read() as session:
        looked = session.scalars(select(AuditEntry.clerk_name).where(AuditEntry.words == "Löschliste angesehen"))
        assert sorted(looked) == ["Frau Kreis", "Frau Sommer"]


def test_the_list_costs_the_same_however_long_it_is(client, database, town, clock):
    clock.now = slot_at(date(2028, 5, 1), 12)
    become(client, database, town.clerk, clock.now)

    def queries():
        with counted(database) as sent:
            assert client.get(f"{DESK}/aufbewahrung").status_code == 200
        return len(sent)

    with database.write() as session:
        pay(session, confirmed(session, town, slot_at(SATURDAY, 9)), NOW)
    queries()
    one = queries()
    with database.write() as session:
        for minutes in (45, 90, 135):
            couple = replace(ANNA_AND_BEN, email=f"paar{minutes}@example.org")
            pay(session, confirmed(session, town, slot_at(SATURDAY, 9) + timedelta(minutes=minutes), couple), NOW)
    assert queries() == one


def test_how_long_the_trail_is_kept_is_set_dated_and_undone(client, posted, database, town, clock):
    become(client, database, colleague(database, town, "head", "Frau Lenz"))
    assert posted(f"{DESK}/aufbewahrung", audit_months="6", valid_from="2026-12-01").status_code == 303

    def months():
        with database.read() as session:
            return session.get_one(Municipality, town.town.id).audit_months

    assert months() == 12
    clock.now = slot_at(date(2026, 12, 1), 1)
    assert revisions.apply_all_due(database, clock.now) == 1
    assert months() == 6
    become(client, database, colleague(database, town, "head", "Frau Ohm"), clock.now)
    page = client.get(f"{DESK}/aufbewahrung").text
    assert "<del>12</del>" in page and "<ins>6</ins>" in page
    revision = page.partition("/aenderungen/")[2].partition("/")[0]
    posted(f"{DESK}/aenderungen/{revision}/ruecknahme", von=f"{DESK}/aufbewahrung")
    assert months() == 12


@pytest.mark.parametrize(
    ("field", "typed"), [("audit_months", "0"), ("audit_months", "121"), ("valid_from", "2026-11-22")]
)
def test_what_cant_be_is_said_beside_its_field(client, posted, database, town, field, typed):
    become(client, database, colleague(database, town, "head", "Frau Lenz"))
    answer = posted(f"{DESK}/aufbewahrung", **{"audit_months": "6", "valid_from": "2026-12-01", field: typed})
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text


def test_a_registrar_reads_but_doesnt_set(client, posted, database, town):
    become(client, database, town.clerk)
    page = client.get(f"{DESK}/aufbewahrung").text
    assert "Protokoll aufbewahren" not in page
    for said in (
        "auch nach dem Ausscheiden",
        "Widerrufene Kalender-Abos",
        "nie bestätigt",
        "Frühere Namen",
        "5 Jahre nach dem Ende",
    ):
        assert said in page
    assert posted(f"{DESK}/aufbewahrung", audit_months="6", valid_from="2026-12-01").status_code == 403


def test_entries_of_the_trail_are_counted_as_they_will_go(session, cast):
    for days in (300, 340, 400):
        session.add(
            AuditEntry(
                municipality_id=cast.town.id,
                at=NOW - days * DAY,
                clerk_id=cast.clerk.id,
                clerk_name="x",
                kind="look",
                words="x",
                address="/",
            )
        )
    session.flush()
    assert forgetting.audit_entries(session, cast.town, NOW) == 2
    audit.forget(session, NOW)
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == 2
    audit.forget(session, NOW + 31 * DAY)
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == 1
