"""Sheets to print: what they say, to whom, and how they look on a day with twelve weddings."""

from dataclasses import replace
from datetime import date

import pypdfium2
import pytest
from sqlalchemy import select

from buchbar.accounts.models import AuditEntry
from buchbar.booking import day_sheet, lifecycle
from buchbar.booking.models import Booking
from buchbar.booking.terms import Terms
from buchbar.booking.weddings import reservation
from tests.booking.many import many
from tests.cast import ANNA_AND_BEN, CLERK, NOW, SATURDAY, assemble, confirmed, reserved, slot_at
from tests.clerks import become, counted

DESK = "/diepholz/amt"
LONG = replace(
    ANNA_AND_BEN,
    partner_one="Marie-Luise Hohenstein-Wackernagel",
    partner_two="Friedrich-Wilhelm von der Schulenburg-Bärenreuther",
    email="lang@example.org",
    foreign=True,
    remarks="Die Großmutter sitzt im Rollstuhl.",
)


@pytest.fixture
def town(database):
    with database.write() as session:
        return assemble(session, Terms(payment="optional"))


@pytest.fixture
def frau_sommer(client, database, town):
    become(client, database, town.clerk)
    return town.clerk


@pytest.fixture
def firm(database, town):
    with database.write() as session:
        return [
            confirmed(session, town, slot_at(SATURDAY, 9)),
            confirmed(session, town, slot_at(SATURDAY, 9, 45), LONG),
        ]


def read(answer):
    """The pages of a PDF as text, without breaks."""
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/pdf"
    document = pypdfium2.PdfDocument(answer.content)
    return [" ".join(page.get_textpage().get_text_range().replace("\ufffe", "").split()) for page in document]


def test_the_office_reads_everything(client, frau_sommer, firm):
    (page,) = read(client.get(f"{DESK}/tagesblatt?tag=2027-05-15"))
    for words in (
        *("Tagesblatt, Diepholz", "Samstag, 15. Mai 2027", "09:00–09:30", "belegt 09:00–09:45"),
        *("Anna Müller & Ben Yıldız", "05441 12345", firm[0].number, "Trauzimmer im Rathaus", "Ahrens", "Behrens"),
        *("Ausländisches Recht", "Großmutter sitzt im Rollstuhl", "offen: 170,00", "Vertraulich", "Stand: 23.11.2026"),
    ):
        assert words in page, words
    assert page.index("09:00") < page.index("09:45")


@pytest.mark.parametrize(
    ("sheet", "said", "secret"),
    [
        ("aushang", ["09:00 Trauzimmer im Rathaus"], ["Müller", "A. M.", "05441"]),
        ("initialen", ["A. M. & B. Y.", "M. H. & F. S."], ["Müller", "Marie", "05441"]),
        ("namen", ["Anna Müller & Ben Yıldız"], ["05441", "HZ-", "Rollstuhl"]),
    ],
)
def test_the_door_says_no_more_than_it_should(client, frau_sommer, firm, sheet, said, secret):
    (page,) = read(client.get(f"{DESK}/tagesblatt?tag=2027-05-15&blatt={sheet}"))
    assert all(words in page for words in said) and "15. Mai 2027" in page
    assert not [words for words in secret if words in page]


def test_the_door_shows_only_what_is_firm(client, database, frau_sommer, town):
    with database.write() as session:
        reserved(session, town, slot_at(SATURDAY, 9))
    (door,) = read(client.get(f"{DESK}/tagesblatt?tag=2027-05-15&blatt=namen"))
    (office,) = read(client.get(f"{DESK}/tagesblatt?tag=2027-05-15"))
    assert "finden keine Trauungen statt" in door and "Noch nicht fest: zu prüfen" in office


def test_cancelled_ones_are_gone_and_an_empty_day_says_so(client, database, frau_sommer, firm):
    with database.write() as session:
        for booking in firm:
            lifecycle.cancel(session, session.get_one(Booking, booking.id), NOW, CLERK)
    assert "An diesem Tag ist nichts eingetragen." in read(client.get(f"{DESK}/tagesblatt?tag=2027-05-15"))[0]
    assert "Diepholz" in read(client.get(f"{DESK}/tagesblatt"))[0], "today, where no day is named"


def test_one_venue_alone(client, frau_sommer, firm, town):
    assert "Anna Müller" in read(client.get(f"{DESK}/tagesblatt?tag=2027-05-15&ort={town.room.id}"))[0]
    assert "Anna Müller" not in read(client.get(f"{DESK}/tagesblatt?tag=2027-05-15&ort={town.mill.id}"))[0]
    assert client.get(f"{DESK}/tagesblatt?ort=00000000-0000-4000-8000-000000000000").status_code == 404


def test_the_week_shows_every_day(client, frau_sommer, firm):
    (page,) = read(client.get(f"{DESK}/wochenplan?tag=2027-05-12"))
    assert "Wochenplan, Diepholz" in page and "10.05.2027 bis 16.05.2027" in page
    assert page.count("Keine Trauungen") == 6 and "Samstag, 15. Mai 2027" in page
    assert "09:00–09:30 Anna Müller & Ben Yıldız Trauzimmer im Rathaus" in page and "10 Gäste" in page


@pytest.mark.parametrize("page", ["tagesblatt?tag=morgen", "wochenplan?tag=2027-99-01"])
def test_what_is_no_day_is_refused(client, frau_sommer, page):
    answer = client.get(f"{DESK}/{page}")
    assert answer.status_code == 422 and "Datum" in answer.text


def test_twelve_weddings_with_long_names_fit_on_one_page(client, database, frau_sommer, town):
    venues = (town.room, town.mill)
    with database.write() as session:
        for n in range(12):
            booking = Booking(
                municipality_id=town.town.id,
                journey="weddings",
                number=f"HZ-AAAA-{n:04d}",
                state="confirmed",
                policy_id=town.policy.id,
                tariff_id=town.tariff.id,
                resource_id=venues[n % 2].id,
                starts_at=slot_at(SATURDAY, 9 + n // 2, 30 * (n % 2)),
                ends_at=slot_at(SATURDAY, 9 + n // 2, 30 * (n % 2) + 25),
                made_at=NOW,
            )
            session.add(booking)
            session.flush()
            reservation._keep(session, booking, LONG)
    for query in ("", "&blatt=aushang", "&blatt=initialen", "&blatt=namen"):
        (page,) = read(client.get(f"{DESK}/tagesblatt?tag=2027-05-15{query}"))
        assert "14:30" in page and page.count("Wassermühle") == 6
    assert len(read(client.get(f"{DESK}/wochenplan?tag=2027-05-15"))) <= 2


def test_a_full_year_asks_no_more_than_a_day(client, database, frau_sommer, town):
    def questions():
        with counted(database) as sent:
            assert client.get(f"{DESK}/wochenplan?tag=2026-11-25").status_code == 200
        return len(sent)

    with database.write() as session:
        many(session, town, 3, offset=5050)
    client.get(f"{DESK}/wochenplan?tag=2026-11-25")
    few = questions()
    with database.write() as session:
        many(session, town, 60, offset=5060)
    assert questions() == few


def test_that_it_was_printed_is_kept(client, database, frau_sommer):
    client.get(f"{DESK}/tagesblatt")
    client.get(f"{DESK}/wochenplan")
    with database.read() as session:
        assert session.scalars(select(AuditEntry.words)).all() == ["Tagesblatt gedruckt", "Wochenplan gedruckt"]


@pytest.mark.parametrize(
    ("names", "initials"),
    [
        (("Anna Müller", "Ben Yıldız"), "A. M. & B. Y."),
        (("Maria von der Heide", "Özlem"), "M. H. & Ö."),
        (("anna müller",), "a. m."),
        ((), ""),
    ],
)
def test_initials(names, initials):
    assert day_sheet._initials(names) == initials


def test_the_list_leads_to_the_sheets(client, frau_sommer):
    page = client.get(f"{DESK}/buchungen").text
    assert f'action="{DESK}/tagesblatt"' in page and f'formaction="{DESK}/wochenplan"' in page
    assert f'value="{date(2026, 11, 23)}"' in page
