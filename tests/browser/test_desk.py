"""The desk in a real browser: by keyboard alone, by mouse, on a desk and on a tablet, and every page of it sound."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from buchbar.accounts.models import Clerk, Municipality, SignIn
from buchbar.accounts.roles import COUNTY
from buchbar.app.main import now
from buchbar.base.tokens import fingerprint, new_token
from buchbar.booking import closures
from buchbar.booking.models import Booking
from buchbar.booking.weddings import reservation
from buchbar.calendar.spans import Span
from tests.accounts.test_roles import desk_routes
from tests.browser.conftest import DESK, House, sound
from tests.cast import ANNA_AND_BEN, CLERK, confirmed, reserved, slot_at
from tests.clerks import code_in_mail, colleague

TABLET = {"width": 820, "height": 1100}
CLEO = replace(ANNA_AND_BEN, partner_one="Cleo Öztürk", partner_two="Dora Klein", email="cleo@example.org")
EMIL = replace(ANNA_AND_BEN, partner_one="Emil Groß", partner_two="Fanny Lühr", email="emil@example.org")


@pytest.fixture
def bookings(house: House) -> dict[str, Booking]:
    """Anna's and Cleo's requests wait, Emil's wedding is agreed to; all in the room on one Saturday."""
    day = house.saturday
    with house.database.write() as session:
        return {
            "Anna": reserved(session, house.cast, slot_at(day, 9), ANNA_AND_BEN, now() - timedelta(hours=2)),
            "Cleo": reserved(session, house.cast, slot_at(day, 9, 45), CLEO, now() - timedelta(hours=1)),
            "Emil": confirmed(session, house.cast, slot_at(day, 11, 15), EMIL, now()),
        }


def state(house: House, booking: Booking) -> str:
    with house.database.read() as session:
        return session.get_one(Booking, booking.id).state


def row(page: Page, booking: Booking) -> Any:
    return page.get_by_role("row").filter(has_text=booking.number)


def become(page: Page, house: House, clerk: Clerk) -> None:
    """Sit down as somebody who signed in this morning."""
    token, at = new_token(), now()
    with house.database.write() as session:
        print_of = fingerprint(house.settings.secret, f"sign-in:{token}")
        moments: dict[str, datetime] = {"signed_in_at": at, "seen_at": at, "ends_at": at + timedelta(hours=8)}
        session.add(SignIn(token_print=print_of, clerk_id=clerk.id, **moments))
    page.context.add_cookies([{"name": "amt", "value": token, "url": house.url}])


# --- By keyboard ------------------------------------------------------------------------------------------------


class Keyboard:
    """Hands that have no mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def focused(self) -> str:
        """What has the focus: how it is called, what it says, its field's name."""
        return str(
            self.page.evaluate(
                "[document.activeElement.getAttribute('aria-label'), document.activeElement.innerText,"
                " document.activeElement.name].join('|')"
            )
        )

    def go_to(self, text: str, key: str = "Tab") -> None:
        """Press Tab until something has the focus; and it can be seen that it has."""
        for _step in range(120):
            self.press(key)
            if text in self.focused():
                style = "getComputedStyle(document.activeElement)"
                seen = f"{style}.outlineStyle !== 'none' || {style}.boxShadow !== 'none'"
                label = "document.activeElement.nextElementSibling"  # a box to tick is drawn by its label
                beside = f"{label} && getComputedStyle({label}).outlineStyle !== 'none'"
                assert self.page.evaluate(f"{seen} || {beside}"), f"the focus on {text!r} can't be seen"
                return
        raise AssertionError(f"no way by keyboard to {text!r}")

    def take(self, text: str, key: str = "Tab") -> None:
        self.go_to(text, key)
        self.press("Enter")

    def type_in(self, name: str, words: str) -> None:
        self.go_to(name)
        self.press("ControlOrMeta+a")
        self.page.keyboard.type(words)


def sign_in_by_keyboard(keys: Keyboard, house: House) -> None:
    keys.page.goto(f"{house.url}/diepholz/amt")
    keys.type_in("email", house.cast.clerk.email)
    keys.press("Enter")
    expect(keys.page.get_by_role("heading", level=1)).to_have_text("Code eingeben")
    keys.type_in("code", code_in_mail(house.database))
    keys.press("Enter")
    expect(keys.page.get_by_role("heading", level=1)).to_have_text("Was wartet")


def test_by_keyboard_alone_a_request_is_confirmed_and_given_back(house: House, visitor: Any, bookings: Any) -> None:
    page = visitor(DESK)
    keys, anna, cleo = Keyboard(page), bookings["Anna"], bookings["Cleo"]
    sign_in_by_keyboard(keys, house)
    page.evaluate("window.neverLeft = true")
    keys.take(f"Bestätigen ({anna.number})")
    expect(row(page, anna).get_by_role("button", name="Bestätigen")).to_have_count(0)
    assert cleo.number in keys.focused(), "one goes on with the next row"
    keys.go_to(f"Bestätigen ({cleo.number})")
    assert state(house, anna) == "payable"
    keys.take(f"Zustimmung zurücknehmen ({anna.number})", "Shift+Tab")
    expect(page.get_by_role("button", name=f"Bestätigen ({anna.number})")).to_be_visible()
    assert state(house, anna) == "requested"
    assert page.evaluate("window.neverLeft"), "the page was never loaded again"
    assert keys.page.evaluate("document.activeElement.matches('[data-focus]')"), "what was done is read out"


def test_by_keyboard_alone_a_booking_is_cancelled_after_its_preview(house: House, visitor: Any, bookings: Any) -> None:
    page = visitor(DESK)
    keys, emil = Keyboard(page), bookings["Emil"]
    become(page, house, house.cast.clerk)
    page.goto(f"{house.url}/diepholz/amt")
    keys.take("Buchungen")
    page.wait_for_url("**/amt/buchungen")
    keys.type_in("suche", "Groß")
    keys.press("Enter")
    page.wait_for_url("**suche=Gro**")
    expect(page.get_by_role("status").filter(has_text="Eine Buchung")).to_be_visible()
    keys.take("11:15")
    page.wait_for_url(f"**/buchung/{emil.id}")
    keys.take("Stornieren …")
    keys.go_to("wer")
    keys.press("Space")
    keys.type_in("grund_stornierung", "Wasserrohrbruch im Rathaus")
    keys.take("Folgen ansehen")
    expect(page.get_by_text("Noch ist nichts geschehen")).to_be_visible()
    assert "Buchung stornieren?" in keys.focused() and state(house, emil) == "payable"
    keys.take("Ja, so machen")
    expect(page.get_by_role("button", name="Ja, so machen")).to_have_count(0)
    assert "storniert" in keys.focused() and state(house, emil) == "cancelled"


def test_by_keyboard_alone_many_are_confirmed_after_a_preview(house: House, visitor: Any, bookings: Any) -> None:
    page = visitor(DESK)
    keys = Keyboard(page)
    become(page, house, house.cast.clerk)
    page.goto(f"{house.url}/diepholz/amt/buchungen")
    keys.go_to("zustand")
    page.keyboard.type("Zu p")
    expect(page.get_by_role("status").filter(has_text="2 Buchungen")).to_be_visible()
    page.wait_for_url("**zustand=offen**")
    keys.go_to("buchung")
    keys.press("Space")
    keys.press("Tab")
    keys.go_to("buchung")
    keys.press("Space")
    keys.go_to("was")
    keys.take("Vorschau")
    expect(page.get_by_text("2 Buchungen würden sich ändern.")).to_be_visible()
    assert state(house, bookings["Anna"]) == "requested"
    keys.take("Für das Amt bestätigen (2)")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ergebnis")
    assert {state(house, bookings[name]) for name in ("Anna", "Cleo")} == {"payable"}


# --- By mouse ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("viewport", [DESK, TABLET], ids=["desk", "tablet"])
def test_by_mouse_a_morning_at_the_desk(house: House, visitor: Any, bookings: Any, viewport: Any) -> None:
    page = visitor(viewport)
    page.goto(f"{house.url}/diepholz/amt/buchungen")
    page.get_by_label("dienstliche E-Mail-Adresse").fill(house.cast.clerk.email)
    page.get_by_role("button", name="Code schicken").click()
    expect(page.get_by_label("Code aus der E-Mail")).to_be_visible()
    page.get_by_label("Code aus der E-Mail").fill(code_in_mail(house.database))
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Buchungen")  # where one wanted to go
    page.get_by_role("link", name="Wartendes").click()
    confirm_and_undo(page, house, bookings["Anna"])
    search_and_cancel(page, house, bookings["Emil"])
    decline_many(page, house, bookings)


def confirm_and_undo(page: Page, house: House, anna: Booking) -> None:
    confirm = page.get_by_role("button", name=f"Bestätigen ({anna.number})")
    page.evaluate("window.neverLeft = true")
    confirm.click()
    expect(confirm).to_have_count(0)
    page.get_by_role("button", name="Zustimmung zurücknehmen").click()
    expect(confirm).to_be_visible()
    assert page.evaluate("window.neverLeft") and state(house, anna) == "requested"


def search_and_cancel(page: Page, house: House, emil: Booking) -> None:
    page.get_by_role("link", name="Buchungen", exact=True).click()
    page.get_by_label("Suche").fill(emil.number)
    page.get_by_role("button", name="Suchen").click()
    expect(page.get_by_role("status").filter(has_text="Eine Buchung")).to_be_visible()
    row(page, emil).get_by_role("link").click()
    page.get_by_text("Stornieren …").click()
    page.get_by_label(re.compile("Das Amt sagt ab")).check()
    page.get_by_role("button", name="Folgen ansehen").locator("visible=true").click()
    expect(page.get_by_role("alert")).to_contain_text("Bitte prüfen Sie")  # a couple is told why
    page.locator("#grund_stornierung").fill("Wasserrohrbruch")
    page.get_by_role("button", name="Folgen ansehen").locator("visible=true").click()
    expect(page.get_by_text("Noch ist nichts geschehen")).to_be_visible()
    assert state(house, emil) == "payable"
    page.get_by_role("button", name="Ja, so machen").click()
    expect(page.get_by_text("storniert.")).to_be_visible()
    assert state(house, emil) == "cancelled"


def decline_many(page: Page, house: House, bookings: dict[str, Booking]) -> None:
    page.get_by_role("link", name="Buchungen", exact=True).click()
    page.get_by_label("Stand", exact=True).select_option(label="Zu prüfen")
    expect(page.get_by_role("status").filter(has_text="2 Buchungen")).to_be_visible()
    page.get_by_role("link", name="Filter aufheben: Stand").click()
    expect(page.get_by_label("Stand", exact=True)).to_have_value("")
    page.goto(f"{house.url}/diepholz/amt/buchungen?zustand=offen")  # a filter has an address
    expect(page.get_by_role("status").filter(has_text="2 Buchungen")).to_be_visible()
    page.get_by_label("Alle 2 gefundenen Buchungen").check()
    page.get_by_label("Was soll geschehen?").select_option(label="Ablehnen")
    page.get_by_role("button", name="Vorschau").click()
    expect(page.get_by_text("2 Buchungen würden sich ändern.")).to_be_visible()
    page.get_by_role("button", name="Ablehnen (2)").click()
    expect(page.get_by_role("alert")).to_contain_text("Bitte prüfen Sie eine Angabe")
    sound(page, "bulk-preview")
    page.get_by_label("Grund, den alle lesen").fill("Der Saal wird an diesem Tag gestrichen.")
    page.get_by_role("button", name="Ablehnen (2)").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ergebnis")
    assert {state(house, bookings[name]) for name in ("Anna", "Cleo")} == {"declined"}
    sound(page, "bulk-done")


# --- All pages --------------------------------------------------------------------------------------------------

# What the desk answers with that is no page, or has a test of its own because it needs more than the cast (the
# cashier's pages: test_cashier.py; the halls': test_desk_of_two_offices.py).
NO_PAGES = {
    "/auftritt/farben.css",
    "/auftritt/logo/{logo_id}",
    "/brieftexte/{kind}/{language}/ansicht",
    "/buchung/{booking_id}/bescheid/{charge_id}",
    "/buchung/{booking_id}/briefe/{letter_id}",
    "/buchung/{booking_id}/dateien/{file_id}",
    "/buchung/{booking_id}/quittung/{payment_id}",
    "/buchungen/datei/{kind}",
    "/kassenregeln/beispiel",
    "/protokoll/export/{ending}",
    "/statistik/datei/{file}",
    "/statistik/team/datei/{file}",
    "/tagesblatt",
    "/wochenplan",
}


def addresses(app: Any, ids: dict[str, str]) -> list[tuple[str, str]]:
    """All that the desk shows, with the right that it takes."""
    found = []
    for path, method, handler in desk_routes(app):
        page = path.partition("/amt")[2]
        if method != "GET" or "right" not in handler.opt or handler.opt["journey"] == "halls":
            continue
        if page not in NO_PAGES and not page.startswith("/kasse/"):
            kind = "venue_id" if page.startswith("/trauorte") else "registrar_id"
            held = {"booking_id": ids["held_id"]} if page.startswith("/eintragen") else {}
            filled = ids | {"resource_id": ids[kind]} | held
            found.append((re.sub(r"\{(\w+)\}", lambda name, known=filled: known[name[1]], page), handler.opt["right"]))
    return found


@pytest.fixture
def ids(house: House, bookings: dict[str, Booking]) -> dict[str, str]:
    """One of each, and a couple on the telephone that holds a slot."""
    cast, day = house.cast, house.saturday
    with house.database.write() as session:
        held = reservation.hold(session, cast.town, cast.mill.id, slot_at(day, 12), now(), CLERK)
        closures.close(session, cast.mill, Span(slot_at(day, 15, 30), slot_at(day, 16)), "Mühlenfest", now(), CLERK)
        known: dict[str, UUID] = {"booking_id": bookings["Emil"].id, "held_id": held.id, "venue_id": cast.room.id}
        known |= {"registrar_id": cast.registrars[0].id, "site_id": cast.mill.site_id, "clerk_id": cast.clerk.id}
        known |= {"tariff_id": cast.tariff.id}
    return {name: str(each) for name, each in known.items()} | {"kind": "confirmed", "language": "de"}


@pytest.mark.parametrize("kind", ["sqlite"])
def test_every_page_of_the_desk_is_sound(house: House, visitor: Any, put_together_once: Any, ids: Any) -> None:
    page = visitor(DESK)
    become(page, house, colleague(house.database, house.cast, "administrator"))
    for path, right in addresses(put_together_once, ids):
        if right == COUNTY:
            continue
        answer = page.goto(f"{house.url}/diepholz/amt{path}")
        assert answer and answer.status == 200, path
        name = "desk" + re.sub(r"[0-9a-f-]{36}", "eins", path).replace("/", "-")
        sound(page, name)
        page.set_viewport_size(TABLET)
        assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth"), f"{path} on a tablet"
        page.set_viewport_size(DESK)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_every_page_of_the_countys_desk_is_sound(house: House, visitor: Any) -> None:
    with house.database.write() as session:
        session.add(made := Municipality(slug="landkreis", name="Landkreis", kind="county", land="NI", published=False))
        session.flush()
        session.get_one(Municipality, house.cast.town.id).county_id = made.id
        clerk = Clerk(municipality_id=made.id, name="Frau Niemann", email="niemann@landkreis.example.org")
        clerk.role = "county"
        session.add(clerk)
    page = visitor(TABLET)
    become(page, house, clerk)
    for path in ("kommunen", "einstellungen", "auftritt", "mitarbeitende", "aenderungen", "zugang"):
        page.goto(f"{house.url}/landkreis/amt/{path}")
        sound(page, f"county-{path}")
