"""The cashier's pages in a real browser, with all on them that there can be, and the journeys through them."""

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.roles import may
from buchbar.app.main import now
from buchbar.booking import at_counter, bank_import, collecting, dunning_run, dunning_stops, lifecycle, links
from buchbar.booking.models import Booking, Policy
from buchbar.booking.terms import Terms
from buchbar.calendar.public_holidays import holiday_name
from buchbar.calendar.walls import local_date
from buchbar.notices.models import Errand
from buchbar.payments import accounting, collections, ledger, mandates, payouts, till
from buchbar.payments.mandates import Given
from buchbar.payments.models import Charge, Refund
from buchbar.payments.rules import DunningLevel, MoneyRules
from tests.accounts.test_roles import desk_routes
from tests.booking.money import pay
from tests.browser.conftest import DESK, PHONE, House, sound
from tests.browser.test_desk import become
from tests.cast import ANNA_AND_BEN, CLERK, confirmed, slot_at
from tests.clerks import colleague
from tests.payments.statement_files import entry, statement

IBAN = "DE02120300000000202051"
RULES = {
    "ways": ("stripe", "transfer", "debit", "counter"),
    "payee": "Stadt Diepholz",
    "iban": "DE89370400440532013000",
    "creditor_id": "DE98ZZZ09999999999",
    "dunning": (DunningLevel(days=7), DunningLevel(days=10, cents=500, words="Bitte zahlen Sie.")),
    "export": accounting.EXAMPLE,
}
LONG_AGO = timedelta(days=60)
NAMES = ("Anna", "Cleo", "Emil", "Gina", "Hanna", "Ivo", "Kim", "Lea", "Nora")
# What is no page but a file to take along, or a part of a page.
FILES = re.compile(r"/datei(/|$)|/listen/|/formular$|/\{day\}/|/beispiel$")

# Documents of what isn't here: a receipt, an assessment, a letter on paper.
NOT_HERE = re.compile(r"payment_id|bescheid|/briefe/.*pdf$")


@dataclass
class Money:
    """A town's money in every state that it can be in: who it is about, and what the pages' addresses name."""

    people: dict[str, Booking]
    ids: dict[str, str]


@pytest.fixture
def money(house: House) -> Money:
    with house.database.write() as session:
        session.get_one(Policy, house.cast.policy.id).terms = Terms(payment="later")
        session.add(MoneyRules(municipality_id=house.cast.town.id, **RULES))
        session.flush()
        slots = free_slots(house.saturday)
        people = {
            name: confirmed(session, house.cast, slot_at(*slot), couple(name), now() - LONG_AGO)
            for name, slot in zip(NAMES, slots, strict=False)
        }
        charge = dun(session, house, people["Cleo"])
        day = fill_the_till(session, house, people)
        file_id = bring_in_a_statement(session, house, people)
        ids = {"tariff_id": house.cast.tariff.id, "charge_id": charge, "day": day, "file_id": file_id}
        ids["entry_id"] = file_id  # a form's address leads to the list, whatever the entry
        ids |= collect(session, house, people) | {"booking_id": people["Emil"].id}
        ids["refund_order"] = give_back(session, house, people)
    return Money(
        people,
        {name: str(each) for name, each in ids.items()}
        | {"kind": "xlsx", "name": "kassentage", "file": "abschluss.xlsx"},
    )


def free_slots(saturday: date) -> list[tuple[date, int, int]]:
    """Four a day, on the working days before."""
    days = [saturday - timedelta(days=n) for n in range(6)]
    open_days = [day for day in days if day.weekday() != 6 and not holiday_name(day, "NI")]
    return [(day, *time) for day in open_days for time in ((9, 0), (9, 45), (10, 30), (11, 15))]


def couple(name: str) -> Any:
    return replace(ANNA_AND_BEN, partner_one=f"{name} Müller", email=f"{name.lower()}@example.org")


def dun(session: Session, house: House, booking: Booking) -> UUID:
    """A first letter a month ago; then somebody agreed to pay in parts."""
    town, then = house.cast.town, now() - timedelta(days=30)
    assert dunning_run.run(session, town, [(booking.id, 1)], then, CLERK, 0)
    charge = session.scalars(select(Charge.id).where(Charge.booking_id == booking.id)).one()
    until = local_date(now(), town.zone) + timedelta(days=20)
    dunning_stops.stop(session, town, charge, until, "Zahlt in Raten", now(), CLERK)
    return charge


def fill_the_till(session: Session, house: House, people: dict[str, Booking]) -> date:
    """Gina paid in cash yesterday, and a euro was missing; Emil today, and is to get it back."""
    town, yesterday = house.cast.town, now() - timedelta(days=1)
    owed = ledger.account(session, people["Gina"].id).open
    at_counter.take(session, people["Gina"], uuid4(), owed, "cash", yesterday, CLERK)
    day = local_date(yesterday, town.zone)
    till.close(
        session, town.id, day, expected=owed, counted=owed - 100, note="Ein Euro fehlt", at=yesterday, by="Frau Kasse"
    )
    at_counter.take(session, people["Emil"], uuid4(), owed, "cash", now(), CLERK)
    lifecycle.cancel(session, people["Emil"], now(), CLERK)
    return day


def bring_in_a_statement(session: Session, house: House, people: dict[str, Booking]) -> UUID:
    """Hanna and Ivo have paid, Anna not all of it, and somebody something else."""
    owed = ledger.account(session, people["Hanna"].id).open
    content = statement(
        *(entry(owed, people[name].number, ref=name, name=f"{name} Müller", iban=IBAN) for name in ("Hanna", "Ivo")),
        entry(owed - 1000, f"Trauung {people['Anna'].number}, der Rest folgt", ref="A", name="Anna Müller"),
        entry(4200, "Spende", ref="S", name="Verein der Freunde des Freibads Diepholz und umzu e. V."),
    )
    return bank_import.bring_in(session, house.cast.town, "auszug-47.xml", content, now(), "Frau Kasse").file.id


def collect(session: Session, house: House, people: dict[str, Booking]) -> dict[str, UUID]:
    """Kim and Lea have given mandates, and Lea's turn has come; Otto's waits for his signature on paper."""
    town, today = house.cast.town, local_date(now(), house.cast.town.zone)
    for name in ("Kim", "Lea"):
        mandate = mandates.propose(session, town.id, people[name].email, given(name), now())
        mandates.sign(session, mandate, today, now())
    day = collections.first_day(today)
    order = collecting.announce(session, town, [people["Lea"].id], day, now(), CLERK)
    collecting.hand_over(session, order, now(), CLERK)
    paper = mandates.propose(session, town.id, "otto@example.org", given("Otto"), now(), "Frau Kasse", paper=True)
    session.flush()
    return {"mandate_id": paper.id, "order_id": order.id}


def given(name: str) -> Given:
    return Given(f"{name} Müller", "Lange Straße 1", "49356 Diepholz", IBAN)


def give_back(session: Session, house: House, people: dict[str, Booking]) -> UUID:
    """Hanna waits for her money, Ivo's is in a file, and Nora's did not arrive."""
    pay(session, people["Nora"], now() - timedelta(days=3))
    for name in ("Hanna", "Ivo", "Nora"):
        lifecycle.cancel(session, people[name], now(), CLERK)
    session.flush()
    refunds = {each.booking_id: each for each in session.scalars(select(Refund))}
    town, ivo, nora = house.cast.town, refunds[people["Ivo"].id], refunds[people["Nora"].id]
    errand = session.scalars(select(Errand).where(Errand.subject_id == nora.id)).one()
    errand.state, errand.fault, nora.state = "failed", "Konto erloschen", "failed"
    tomorrow = local_date(now(), town.zone) + timedelta(days=1)
    return payouts.hand_over(session, town.id, [ivo.id], tomorrow, now(), "Frau Kasse").id


def addresses(app: Any, ids: dict[str, str]) -> list[tuple[str, bool]]:
    """All that the cashier can look at but for their own access, and whether it is a page."""
    found = []
    for path, method, handler in desk_routes(app):
        page = path.partition("/amt")[2]
        if method == "GET" and page.startswith(("/kasse", "/entgelte", "/kassenregeln", "/buchung/{booking_id}")):
            if not may("cashier", handler.opt["right"]) or NOT_HERE.search(page):
                continue
            known = ids | ({"order_id": ids["refund_order"]} if "rueckueberweisungen" in page else {})
            filled = re.sub(r"\{(\w+)\}", lambda name, known=known: known[name[1]], page)
            found.append((filled, FILES.search(page) is None))
    return found


@pytest.mark.parametrize("kind", ["sqlite"])
def test_every_page_of_the_cashiers_is_sound(house: House, visitor: Any, put_together_once: Any, money: Money) -> None:
    page = visitor(DESK)
    become(page, house, colleague(house.database, house.cast, "cashier", "Frau Kasse"))
    found = addresses(put_together_once, money.ids)
    assert len(found) > 24
    for path, is_page in found:
        address = f"{house.url}/diepholz/amt{path}"
        if not is_page:
            assert page.request.get(address).status == 200, path
            continue
        answer = page.goto(address)
        assert answer and answer.status == 200, path
        for viewport in (PHONE, DESK):
            page.set_viewport_size(viewport)
            sound(page)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_cashiers_day(house: House, visitor: Any, money: Money) -> None:
    page = visitor(DESK)
    become(page, house, colleague(house.database, house.cast, "cashier", "Frau Kasse"))
    page.goto(f"{house.url}/diepholz/amt")
    expect(page.get_by_role("heading", level=1)).to_have_text("Kasse")
    remind(page, money.people["Anna"])
    announce_a_debit(page, money.people["Kim"])
    try_the_columns(page)


def remind(page: Page, anna: Booking) -> None:
    """The rehearsal, and the run of one of those that it proposes."""
    page.get_by_role("link", name="Mahnlauf").click()
    for box in page.get_by_role("checkbox").all():
        box.set_checked(False)
    page.get_by_label(f"Auswählen: {anna.number}").check()
    page.get_by_role("button", name="Mahnlauf ausführen").click()
    page.get_by_role("button", name="Ja").click()
    expect(page.get_by_text("Ein Schreiben ist auf dem Weg.")).to_be_visible()
    sound(page, "cashier-dunned")


def announce_a_debit(page: Page, kim: Booking) -> None:
    page.get_by_role("link", name="Kasse", exact=True).first.click()
    page.get_by_role("link", name="Lastschriften").click()
    page.get_by_label(kim.number).check()
    page.get_by_label("Tag des Einzugs").fill(collections.first_day(now().date() + timedelta(days=1)).isoformat())
    page.get_by_role("button", name="Einzug ankündigen").click()
    page.get_by_role("button", name="Ja").click()
    page.get_by_role("button", name="Abschließen").click()
    page.get_by_role("button", name="Ja").click()
    expect(page.get_by_role("link", name="Datei herunterladen (pain.008)")).to_have_count(2)


def try_the_columns(page: Page) -> None:
    """One column gets another name: first on real rows, then for good, then in the file."""
    page.get_by_role("link", name="Kasse", exact=True).first.click()
    page.get_by_role("link", name="Export für die Buchhaltung").click()
    page.get_by_role("link", name="Spalten und Form der Datei").click()
    page.get_by_label("Überschrift", exact=True).first.fill("ART")
    page.get_by_role("button", name="Vorschau mit echten Zeilen").click()
    expect(page.get_by_text("Noch ist nichts gespeichert")).to_be_visible()
    expect(page.get_by_role("columnheader", name="ART")).to_be_visible()
    sound(page, "cashier-columns-preview")
    page.get_by_role("button", name="Speichern").click()
    page.get_by_label("Von").fill(f"{now().date() - timedelta(days=90)}")
    page.get_by_label("Bis").fill(f"{now().date()}")
    page.get_by_role("button", name="Anzeigen").click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Datei speichern (CSV)").click()
    assert saved.value.path().read_text("utf-8-sig").startswith("ART;")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_citizen_gives_a_mandate_and_the_cashier_sees_it(house: House, visitor: Any, money: Money) -> None:
    with house.database.write() as session:
        own_page = links.path(session, session.get_one(Booking, money.people["Anna"].id))
    page = visitor(PHONE)
    page.goto(house.url + own_page)
    page.get_by_role("link", name="Per SEPA-Lastschrift bezahlen").click()
    sound(page, "mandate-form")
    page.get_by_label("Kontoinhaber").fill("Anna Müller")
    page.get_by_label("Straße").fill("Lange Straße 1")
    page.get_by_label("Ort").fill("49356 Diepholz")
    page.get_by_label("IBAN").fill(IBAN)
    page.get_by_role("button", name="Weiter zum Mandat").click()
    page.get_by_label("Ich erteile dieses Mandat").check()
    sound(page, "mandate-text")
    page.get_by_role("button", name="Mandat erteilen").click()
    expect(page.get_by_text("Ihr Lastschriftmandat gilt")).to_be_visible()
    sound(page, "mandate-given")
    become(page, house, colleague(house.database, house.cast, "cashier", "Frau Kasse"))
    page.goto(f"{house.url}/diepholz/amt/kasse/mandate")
    expect(page.get_by_role("row").filter(has_text="anna@example.org")).to_contain_text("gilt")
