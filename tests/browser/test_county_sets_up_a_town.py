"""The county's administrator sets up a town from nothing to its first bookable slot, through the pages alone."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from buchbar.accounts.models import Clerk, Municipality
from buchbar.booking.models import Booking
from tests.browser.conftest import DESK, PHONE, House, sound
from tests.clerks import code_in_mail

MOST = 40
WEEKDAY = re.compile(r"^(Montag|Dienstag|Mittwoch|Donnerstag|Freitag), ")
ADDRESS = "niemann@landkreis.example.org"
FEES = {1: "58", 2: "38", 3: "42", 4: "70", 5: "95,50"}


class Hands:
    """What somebody does to a page, counted: an address opened, a click, a field filled, a choice made."""

    def __init__(self, page: Page) -> None:
        self.page, self.actions = page, 0

    def open(self, address: str) -> None:
        self.actions += 1
        self.page.goto(address)

    def click(self, name: str | re.Pattern[str], role: Any = "button") -> None:
        self.act(self.page.get_by_role(role, name=name), "click")

    def follow(self, name: str | re.Pattern[str]) -> None:
        self.click(name, "link")

    def fill(self, label: str | re.Pattern[str], typed: str) -> None:
        self.act(self.page.get_by_label(label), "fill", typed)

    def select(self, label: str, choice: str) -> None:
        self.act(self.page.get_by_label(label), "select_option", label=choice)

    def act(self, where: Locator, what: str, *given: str, **named: str) -> None:
        self.actions += 1
        getattr(where.first, what)(*given, **named)


@pytest.fixture
def county(house: House) -> Iterator[str]:
    """Frau Niemann administers the county, to which Diepholz, Stuhr and Syke belong; the address of its desk."""
    with house.database.write() as session:
        made = Municipality(slug="landkreis-diepholz", name="Landkreis Diepholz", kind="county", land="NI")
        session.add(made)
        session.flush()
        session.get_one(Municipality, house.cast.town.id).county_id = made.id
        for name in ("Stuhr", "Syke"):
            session.add(Municipality(slug=name.lower(), name=name, land="NI", county_id=made.id))
        session.add(Clerk(municipality_id=made.id, name="Frau Niemann", email=ADDRESS, role="county"))
    yield f"{house.url}/landkreis-diepholz/amt"


def sign_in(hands: Hands, house: House, desk: str) -> None:
    hands.open(desk)
    hands.fill("dienstliche E-Mail-Adresse", ADDRESS)
    hands.click("Code schicken")
    expect(hands.page.get_by_label("Code aus der E-Mail")).to_be_visible()
    hands.fill("Code aus der E-Mail", code_in_mail(house.database))
    hands.click("Anmelden")


def put_in_town(hands: Hands) -> None:
    hands.fill("Name der Kommune", "Weyhe")
    hands.fill("Straße und Hausnummer", "Rathausplatz 1")
    hands.fill("Postleitzahl", "28844")
    hands.fill("Telefon", "04203 71-0")
    hands.fill("E-Mail-Adresse des Amts", "standesamt@weyhe.example.org")
    hands.click("Anlegen und einrichten")
    expect(hands.page.get_by_role("heading", name="Bis zum ersten Termin")).to_be_visible()


def go_on(hands: Hands, heading: str | re.Pattern[str]) -> None:
    """By the link that stands on every page of a town that isn't published."""
    hands.follow("Weiter zum nächsten Schritt der Einrichtung")
    expect(hands.page.get_by_role("heading", level=1)).to_contain_text(heading)


def put_in_venue(hands: Hands) -> None:
    hands.follow("Ein Trauort mit Öffnungszeiten")
    hands.fill("Name", "Trauzimmer im Rathaus")
    hands.fill(re.compile("^Personen"), "25")
    sound(hands.page, "set-up-venue")
    hands.click("Anlegen")
    expect(hands.page.get_by_role("heading", level=1)).to_contain_text("Zeiten: Trauzimmer")
    hands.fill("Bis", "13:00")
    sound(hands.page, "set-up-times")
    hands.click("Speichern")
    expect(hands.page.get_by_role("paragraph").filter(has_text="Montag bis Freitag, 9:00 bis 13:00")).to_be_visible()


def put_in_registrar(hands: Hands) -> None:
    go_on(hands, "Neue Standesbeamtin")
    hands.fill("Name", "Maria von Hagen")
    hands.click("Anlegen")
    expect(hands.page.get_by_text("Ein Vorschlag nach den Zeiten der Trauorte")).to_be_visible()
    hands.click("Speichern")


def set_fees_and_policy(hands: Hands) -> None:
    go_on(hands, "Neue Entgeltordnung")
    sound(hands.page, "set-up-fees")
    for row, euros in FEES.items():
        hands.act(hands.page.locator(f"#euros_{row}"), "fill", euros)
    hands.click("Festlegen")
    go_on(hands, "Regelung")
    hands.click("Festlegen")


def take_on_staff(hands: Hands) -> None:
    go_on(hands, "Mitarbeitende")
    hands.fill("Name", "Maria von Hagen")
    hands.fill("E-Mail-Adresse", "hagen@weyhe.example.org")
    hands.select("Rolle", "Leitung")
    hands.click("Eintragen und einladen")
    expect(hands.page.get_by_text("Eingetragen. Die Einladung ist unterwegs.")).to_be_visible()


def hold_the_first_slot(hands: Hands, house: House) -> None:
    """As a couple that has never been here."""
    hands.open(f"{house.url}/weyhe")
    hands.follow("Trautermin finden")
    hands.click("Freie Termine zeigen")
    hands.follow(WEEKDAY)
    expect(hands.page.get_by_text(re.compile("Termine sind frei"))).to_be_visible()
    hands.follow(re.compile(r"\d\d:\d\d Uhr"))
    hands.click("Diesen Termin vormerken")
    expect(hands.page.get_by_text("Für Sie vorgemerkt bis")).to_be_visible()


def test_a_town_is_set_up_from_nothing_to_its_first_slot(house: House, visitor: Any, county: str) -> None:
    hands = Hands(visitor(DESK))
    sign_in(hands, house, county)
    put_in_town(hands)
    put_in_venue(hands)
    put_in_registrar(hands)
    set_fees_and_policy(hands)
    take_on_staff(hands)
    go_on(hands, "Einstellungen")
    expect(hands.page.get_by_text("Ein erster freier Termin")).to_be_visible()
    sound(hands.page, "set-up-complete")
    hands.click("Veröffentlichen")
    expect(hands.page.get_by_role("heading", name="Im Portal")).to_be_visible()
    expect(hands.page.get_by_role("link", name="Landkreis Diepholz")).to_be_visible()  # back to all its towns
    print(f"The town was set up in {hands.actions} actions.")  # noqa: T201
    assert hands.actions < MOST
    couple = Hands(visitor(PHONE))
    hold_the_first_slot(couple, house)
    with house.database.read() as session:
        booking = session.scalars(select(Booking)).one()
        assert booking.municipality_id == session.scalar(select(Municipality.id).where(Municipality.slug == "weyhe"))
        assert (booking.resource.name, booking.state) == ("Trauzimmer im Rathaus", "held")
    print(f"The couple held its slot in {couple.actions} more.")  # noqa: T201
