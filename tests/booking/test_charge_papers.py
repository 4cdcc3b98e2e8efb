"""Fee notices, invoices, and what corrects them: complete, accessible, and for nobody else."""

from datetime import timedelta

import pypdfium2
import pytest
from sqlalchemy import select

from buchbar.base import texts
from buchbar.base.documents import pdf
from buchbar.booking import charge_papers, lifecycle, links
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking
from buchbar.booking.weddings import reservation
from buchbar.payments import numbers
from buchbar.payments.models import Charge
from tests.booking.money import pay
from tests.cast import ANNA_AND_BEN, CLERK, NOW, SATURDAY, assemble, confirmed, reserved, slot_at
from tests.clerks import become
from tests.payments.test_numbers import charges, keep_rules

NINE = slot_at(SATURDAY, 9)
TEN = slot_at(SATURDAY, 10)
INSTRUCTIONS = (
    "Gegen diesen Bescheid kann innerhalb eines Monats Klage beim Verwaltungsgericht Hannover erhoben werden."
)
ACCOUNT = {"payee": "Stadt Diepholz", "iban": "DE89370400440532013000", "ways": ("stripe", "transfer", "counter")}


def in_words(session, booking, charge):
    """The document as it is read, its signs in their order."""
    with texts.speaking("de"):
        made = pdf("charge", charge_papers.as_document(session, booking, charge))
    assert b"pdfuaid" in made and b"(de-DE)" in made
    pages = pypdfium2.PdfDocument(made)
    return " ".join(" ".join(page.get_textpage().get_text_range() for page in pages).split()).replace("\xa0", " ")


def at_the_mill(session, cast):
    booking = reservation.hold(session, cast.town, cast.mill.id, TEN, NOW, CITIZEN)
    reservation.submit(session, booking, ANNA_AND_BEN, NOW, CITIZEN)
    reservation.prove(session, booking, NOW)
    lifecycle.approve(session, booking, "office", NOW, CLERK)
    numbers.assign(session, cast.town.id)
    return booking


def test_a_fee_notice_says_what_for_how_much_until_when_and_what_one_can_do_against_it(session, cast):
    keep_rules(session, cast, instructions=INSTRUCTIONS, **ACCOUNT)
    booking = at_the_mill(session, cast)
    (fees,) = charges(session)
    read = in_words(session, booking, fees)
    for words in (
        "Gebührenbescheid",
        "2026-00001",
        "23.11.2026",
        booking.number,
        "Anna Müller",
        "Trauung am Samstag",
        "320,00 €",
        "bis Montag, 7. Dezember 2026. Danach wird der Termin wieder frei.",
        "DE89 3704 0044 0532 0130 00",
        fees.readable,
        "GiroCode",
        "Empfänger Stadt Diepholz",
        "Rechtsbehelfsbelehrung",
        f"{INSTRUCTIONS} Der Betrag ist auch dann zunächst zu bezahlen",
        "gilt ohne Unterschrift",
    ):
        assert words in read, words


def test_an_invoice_has_what_the_law_wants_and_no_instructions(session, cast):
    cast.town.vat_id, cast.town.street, cast.town.postcode = "DE123456789", "Rathausmarkt 1", "49356"
    keep_rules(session, cast, document="invoice", instructions=INSTRUCTIONS)
    booking = at_the_mill(session, cast)
    read = in_words(session, booking, charges(session)[0])
    for words in (
        "Rechnung",
        "2026-00001",
        "DE123456789",
        "Standesamt Diepholz, Rathausmarkt 1, 49356 Diepholz",
        "Leistungsdatum 15.05.2027",
        "19 % 126,05 € 23,95 € 150,00 €",
        "öffentlich-rechtliche Gebühr, keine Umsatzsteuer",
    ):
        assert words in read, words
    assert "Rechtsbehelf" not in read and "Bescheid" not in read and "GiroCode" not in read


def test_a_correction_names_what_it_corrects_and_asks_for_nothing(session, cast):
    keep_rules(session, cast, document="invoice", **ACCOUNT)
    booking = at_the_mill(session, cast)
    pay(session, booking, NOW)
    lifecycle.cancel(session, booking, NOW + timedelta(days=2), CLERK)
    numbers.assign(session, cast.town.id)
    first, correction = charges(session)
    read = in_words(session, booking, correction)
    for words in ("Rechnungskorrektur", "2026-00002", "Rechnung 2026-00001 vom 23.11.2026", "-320,00 €", "-23,95 €"):
        assert words in read, words
    assert "Bitte bezahlen" not in read and "GiroCode" not in read and "Gutschrift" not in read
    assert "nichts mehr zu bezahlen" in in_words(session, booking, first)


def test_after_a_cancellation_the_notice_says_so_and_what_goes_back_and_nothing_of_paying(session, cast):
    keep_rules(session, cast, instructions=INSTRUCTIONS, sign_pattern="5{year}{serial:06}", **ACCOUNT)
    booking = at_the_mill(session, cast)
    pay(session, booking, NOW)
    lifecycle.cancel(session, booking, NOW + timedelta(days=2), CLERK)
    numbers.assign(session, cast.town.id)
    first, correction = charges(session)
    read = in_words(session, booking, correction)
    for words in (
        "Änderungsbescheid",
        f"Kassenzeichen {first.kassenzeichen}",
        "10:00 Uhr) ist storniert.",
        "Bezahlt: 320,00 €. Wird erstattet: 320,00 €.",
        "Sie bekommen 320,00 € zurück",
        "Es ist nichts mehr zu bezahlen.",
        INSTRUCTIONS,
    ):
        assert words in read, words
    assert "auch dann zunächst zu bezahlen" not in read


def test_who_has_paid_is_not_asked_again(session, cast):
    keep_rules(session, cast, **ACCOUNT)
    booking = at_the_mill(session, cast)
    pay(session, booking, NOW, 20_000)
    read = in_words(session, booking, charges(session)[0])
    assert "Bitte bezahlen Sie 120,00 €" in read and "eingegangen: 200,00 € am 23.11.2026" in read
    pay(session, booking, NOW)
    read = in_words(session, booking, charges(session)[0])
    assert "nichts mehr zu bezahlen" in read and "IBAN" not in read


@pytest.mark.parametrize("gross", [1, 119, 999, 15_000, -15_000])
def test_net_and_tax_make_the_whole(session, cast, gross):
    booking = confirmed(session, cast, NINE)
    item = charges(session)[0].items[0]
    item.vat, item.cents = "7", gross
    _head, row = charge_papers.as_document(session, booking, charges(session)[0])["vat"]
    net, tax, whole = (int("".join(sign for sign in amount if sign in "-0123456789")) for amount in row[1:])
    assert net + tax == whole == gross and abs(tax - gross * 7 / 107) <= 0.5


# --- Who may see it ---------------------------------------------------------------------------------------


def test_a_citizen_opens_it_by_the_link_and_it_is_numbered_on_the_way(client, database, town):
    with database.write() as session:
        keep_rules(session, town)
        booking = confirmed(session, town, NINE)
        own_page = links.path(session, booking)
        (charge,) = charges(session)
    answer = client.get(f"{own_page}/bescheid/{charge.id}")
    assert answer.headers["content-type"] == "application/pdf"
    assert "Bescheid-2026-00001.pdf" in answer.headers["content-disposition"]
    client.get(f"{own_page}/bescheid/{charge.id}")
    with database.read() as session:
        assert session.scalars(select(Charge.serial)).all() == [1], "once"


def test_as_long_as_nobody_has_agreed_there_is_no_notice(client, database, town):
    with database.write() as session:
        booking = reserved(session, town, NINE)
        own_page, charge_id = links.path(session, booking), charges(session)[0].id
    assert "/bescheid/" not in client.get(own_page).text
    assert client.get(f"{own_page}/bescheid/{charge_id}").status_code == 404


def test_nobody_sees_anybody_elses(client, database, town):
    with database.write() as session:
        mine = links.path(session, confirmed(session, town, NINE))
        theirs = confirmed(session, town, slot_at(SATURDAY, 10, 30))
        charge_id = session.scalars(select(Charge.id).where(Charge.booking_id == theirs.id)).one()
        syke = assemble(session, slug="syke")
    assert client.get(f"{mine}/bescheid/{charge_id}").status_code == 404
    become(client, database, syke.clerk)
    assert client.get(f"/syke/amt/buchung/{theirs.id}/bescheid/{charge_id}").status_code == 404


def test_a_clerk_opens_it_from_the_booking(client, database, town):
    with database.write() as session:
        keep_rules(session, town, document="invoice")
        booking = confirmed(session, town, NINE)
        (charge,) = charges(session)
    become(client, database, town.clerk)
    address = f"/diepholz/amt/buchung/{booking.id}"
    assert f'href="{address}/bescheid/{charge.id}"' in client.get(address).text
    answer = client.get(f"{address}/bescheid/{charge.id}")
    assert "Rechnung-2026-00001.pdf" in answer.headers["content-disposition"]
    with database.read() as session:
        assert session.get_one(Booking, booking.id) and session.get_one(Charge, charge.id).number == "2026-00001"
