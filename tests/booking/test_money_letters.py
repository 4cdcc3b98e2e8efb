"""Letters about money on paper: the cashier prints what her run writes, and says so; nothing else, nobody else's."""

import re
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from buchbar.booking import dunning_run, papers
from buchbar.booking.models import Booking
from buchbar.booking.weddings.models import Wedding
from buchbar.notices.models import Letter
from tests.booking.test_dunning import FIRST
from tests.booking.test_dunning import town as town
from tests.cast import ANNA_AND_BEN, CLERK, SATURDAY, assemble, confirmed, slot_at
from tests.clerks import become, colleague, counted

LETTERS = "/diepholz/amt/kasse/briefe"


@pytest.fixture
def reminded(database, town):
    """Two couples without an address in the net; each has a letter about its fees, and one about something else."""
    with database.write() as session:
        couples = [replace(ANNA_AND_BEN, email=f"{name}@example.org") for name in ("anna", "zoe")]
        times = slot_at(SATURDAY, 9), slot_at(SATURDAY, 10, 30)
        bookings = [confirmed(session, town, start, couple) for start, couple in zip(times, couples, strict=True)]
        session.execute(update(Wedding).values(street="Lange Straße 7", city="49356 Diepholz"))
        session.execute(update(Booking).values(email="", channel="telephone"))
        session.flush()
        ids = [booking.id for booking in bookings]
        assert len(dunning_run.run(session, town.town, [(each, 1) for each in ids], FIRST, CLERK, 0)) == 2
        other = session.scalars(select(Letter).where(Letter.booking_id == ids[0], Letter.kind != "dunned")).first()
        other.paper = [("p", "Etwas anderes")]
        return bookings


def become_a(role, client, database, town):
    become(client, database, colleague(database, town, role), FIRST)


@pytest.fixture
def cashier(client, database, town, clock):
    clock.now = FIRST
    become_a("cashier", client, database, town)


def waiting(database):
    with database.read() as session:
        unprinted = select(Letter.id).where(Letter.kind == "dunned", Letter.printed_at.is_(None))
        return list(session.scalars(unprinted))


def pages(content):
    return len(re.findall(rb"/Type\s*/Page\b", content))


def test_the_cashier_prints_all_at_once_and_says_that_they_go_out(client, posted, database, cashier, reminded):
    page = client.get(LETTERS).text
    assert "2 Briefe" in page and all(booking.number in page for booking in reminded)
    printed = client.get(f"{LETTERS}/pdf")
    assert printed.headers["content-type"] == "application/pdf" and pages(printed.content) == 2
    shown = re.findall(r'name="brief" value="([^"]+)"', page)
    assert posted(f"{LETTERS}/druck", brief=shown).status_code == 303
    assert waiting(database) == [] and "Kein Brief wartet" in client.get(LETTERS).text
    assert client.get(f"{LETTERS}/pdf").status_code == 404
    with database.read() as session:
        others = session.scalars(select(Letter.printed_at).where(Letter.kind != "dunned")).all()
        assert set(others) == {None}, "what isn't about money is for whoever works with the bookings"


def test_one_by_one_and_again_when_the_printer_jams(client, posted, database, cashier, reminded):
    first, second = waiting(database)
    for _again in range(2):
        assert pages(client.get(f"{LETTERS}/{first}/pdf").content) == 1
        assert posted(f"{LETTERS}/druck", brief=str(first)).status_code == 303
    assert waiting(database) == [second]


def test_what_the_cashier_prints_has_no_code_for_the_booking(database, town, reminded):
    with database.read() as session:
        (letter, booking), _other = papers.to_print(session, town.town, ("dunned",))
        assert papers.as_document(session, booking, letter, way_on=False)["sections"] == []
        assert papers.as_document(session, booking, letter)["sections"]


def test_after_the_run_its_letters_are_a_click_away(client, posted, database, town, cashier):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
        booking.email, booking.channel = "", "telephone"
    done = posted("/diepholz/amt/kasse/mahnlauf", ab="5,00", mahnung=f"{booking.id}:1").text
    assert "Einen Brief drucken" in done and 'href="/diepholz/amt/kasse/briefe"' in done


def test_another_towns_letters_and_other_letters_are_not_found(client, posted, database, town, cashier, reminded):
    changed, kept = waiting(database)
    with database.write() as session:
        other = assemble(session, slug="vechta")
        session.execute(update(Letter).where(Letter.id == changed).values(kind="received"))
    for unknown in (changed, uuid4()):
        assert client.get(f"{LETTERS}/{unknown}/pdf").status_code == 404
    become(client, database, colleague(database, other, "cashier"), FIRST)
    assert client.get(f"/vechta/amt/kasse/briefe/{kept}/pdf").status_code == 404
    assert posted("/vechta/amt/kasse/briefe/druck", brief=str(kept)).status_code == 303
    assert waiting(database) == [kept]


@pytest.mark.parametrize(("role", "status"), [("auditor", 403), ("registrar", 403), ("head", 200)])
def test_only_who_works_at_the_till_prints_them(client, database, town, clock, reminded, role, status):
    clock.now = FIRST
    become_a(role, client, database, town)
    assert client.get(LETTERS).status_code == status and client.get(f"{LETTERS}/pdf").status_code == status


def test_the_page_asks_no_more_for_many(client, database, cashier, reminded):
    def asked():
        with counted(database) as sent:
            assert client.get(LETTERS).status_code == 200
        return len(sent)

    asked()
    two = asked()
    first, _second = waiting(database)
    with database.write() as session:
        session.execute(update(Letter).where(Letter.id == first).values(kind="received"))
    assert asked() == two
