"""The audit trail: found by person, kind, days and booking; taken along; for those only who may."""

import json
from datetime import timedelta

import pytest

from buchbar.accounts.models import AuditEntry
from tests.cast import NOW, SATURDAY, assemble, confirmed, slot_at
from tests.clerks import become, colleague, counted

PAGE = "/diepholz/amt/protokoll"


def entry(town, clerk, words="Buchung angesehen", kind="look", at=NOW, booking_id=None):
    return AuditEntry(
        municipality_id=town.town.id,
        at=at,
        clerk_id=clerk.id,
        clerk_name=clerk.name,
        kind=kind,
        words=words,
        address="/diepholz/amt/x",
        booking_id=booking_id,
    )


@pytest.fixture
def auditor(client, database, town):
    clerk = colleague(database, town, "auditor", "Frau Prüfer")
    become(client, database, clerk)
    return clerk


@pytest.fixture
def trail(database, town):
    """Frau Sommer has looked at and cancelled Anna's and Ben's wedding, and earlier closed a day; the number."""
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
        session.add(entry(town, town.clerk, booking_id=booking.id))
        session.add(entry(town, town.clerk, "Buchung storniert", "change", NOW - timedelta(hours=1), booking.id))
        session.add(entry(town, town.clerk, "Sperrzeit eingetragen", "change", NOW - timedelta(days=10)))
        return booking.number


def body(client, query=""):
    """The list, without the form above it."""
    page = client.get(f"{PAGE}{query}")
    assert page.status_code == 200
    return page.text.partition("<tbody>")[2]


def test_the_newest_stands_first_with_the_booking_it_is_about(client, auditor, trail):
    shown = body(client)
    assert shown.index("Buchung angesehen") < shown.index("Buchung storniert") < shown.index("Sperrzeit eingetragen")
    assert trail in shown and "10:00 Uhr" in shown


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("?art=change", "Buchung storniert", "Buchung angesehen"),
        ("?art=look", "Buchung angesehen", "Buchung storniert"),
        ("?von=2026-11-23", "Buchung storniert", "Sperrzeit eingetragen"),
        ("?bis=2026-11-13", "Sperrzeit eingetragen", "Buchung storniert"),
        ("?art=nonsense", "Sperrzeit eingetragen", "nothing"),
        ("?person=nonsense", "Sperrzeit eingetragen", "nothing"),
        ("?seite=0", "Sperrzeit eingetragen", "nothing"),
    ],
)
def test_the_address_narrows_it(client, auditor, trail, query, there, not_there):
    shown = body(client, query)
    assert there in shown and not_there not in shown


def test_by_person_and_by_booking(client, auditor, trail, town):
    assert "Sperrzeit eingetragen" not in body(client, f"?buchung={trail.lower()}")
    assert "Buchung storniert" in body(client, f"?buchung={trail}")
    assert body(client, "?buchung=HZ-0000-0000") == ""
    assert "Sperrzeit eingetragen" in body(client, f"?person={town.clerk.id}")
    client.get("/diepholz/amt/buchungen")
    own = body(client, f"?person={auditor.id}")
    assert "Buchungsliste angesehen" in own and "Sperrzeit" not in own


def test_a_day_that_cant_be_read_is_said_beside_its_field(client, auditor, trail):
    page = client.get(f"{PAGE}?von=gestern").text
    assert 'id="von-error"' in page and "Sperrzeit eingetragen" in page


def test_it_is_paged_at_the_same_cost(client, database, auditor, town, trail):
    def queries(number):
        with counted(database) as sent:
            assert body(client, f"?seite={number}&art=change")
        return len(sent)

    queries(1)
    few = queries(1)
    with database.write() as session:
        moments = (NOW - timedelta(minutes=number) for number in range(120))
        session.add_all([entry(town, town.clerk, "Buchung verlegt", "change", moment) for moment in moments])
    queries(3)  # the first look at each page is written down
    assert queries(1) == queries(3) == few
    assert body(client, "?art=change").count("<tr>") == 50
    assert "Seite 3 von 3" in " ".join(client.get(f"{PAGE}?seite=3&art=change").text.split())
    assert 'href="?art=change&amp;seite=2"' in client.get(f"{PAGE}?art=change").text


def test_it_is_taken_along_as_it_was_narrowed_and_that_is_kept(client, auditor, trail):
    taken = json.loads(client.get(f"{PAGE}/export/json?art=change").content)
    assert [(row["words"], row["clerk"], row["booking"]) for row in taken] == [
        ("Buchung storniert", "Frau Sommer", trail),
        ("Sperrzeit eingetragen", "Frau Sommer", ""),
    ]
    csv = client.get(f"{PAGE}/export/csv").content.decode("utf-8-sig")
    assert csv.startswith("Zeitpunkt;Person;Art;Was;Buchung;Seite") and "23.11.2026 10:00;Frau Sommer" in csv
    assert client.get(f"{PAGE}/export/xlsx").content.startswith(b"PK")
    assert client.get(f"{PAGE}/export/exe").status_code == 404
    assert "Protokoll mitgenommen" in body(client)


def test_another_towns_trail_isnt_there(client, database, auditor, trail):
    with database.write() as session:
        syke = assemble(session, slug="syke")
        session.add(entry(syke, syke.clerk, "Aus Syke"))
        number = confirmed(session, syke, slot_at(SATURDAY, 9)).number
    assert "Aus Syke" not in body(client) and body(client, f"?buchung={number}") == ""


@pytest.mark.parametrize(("role", "status"), [("registrar", 403), ("head", 200), ("administrator", 200)])
def test_only_who_answers_for_it_reads_it(client, database, town, role, status):
    become(client, database, colleague(database, town, role, "Herr Neu"))
    assert client.get(PAGE).status_code == status
    assert client.get(f"{PAGE}/export/csv").status_code == status
