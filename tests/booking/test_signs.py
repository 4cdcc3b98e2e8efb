"""A charge is called by one Kassenzeichen everywhere: the town's own, or else its reference; and what is transferred
bears what the papers say."""

import io

import pypdfium2
import pytest
import zxingcpp
from sqlalchemy import select

from buchbar.booking import at_counter, charge_papers, links, payable, receipts
from buchbar.booking.models import Booking
from buchbar.notices.models import Letter
from buchbar.payments import bank_details, girocode, ledger
from buchbar.payments.models import Payment
from buchbar.payments.rules import MoneyRules
from tests.cast import CLERK, NOW, SATURDAY, confirmed, slot_at
from tests.clerks import become, colleague

DESK = "/diepholz/amt"


@pytest.fixture(params=["", "BU-{booking}-{ordinal:02}"], ids=["reference", "own sign"])
def firm(request, database, town):
    """A booking that is to be paid in a town with or without signs of its own."""
    with database.write() as session:
        account = {"payee": "Stadt Diepholz", "iban": "DE89370400440532013000", "ways": ("transfer", "counter")}
        session.add(MoneyRules(municipality_id=town.town.id, sign_pattern=request.param, **account))
        session.flush()
        return confirmed(session, town, slot_at(SATURDAY, 9)).id


def test_page_slip_code_letter_and_document_name_the_same_sign(client, database, firm):
    with database.read() as session:
        booking = session.get_one(Booking, firm)
        (charge,) = ledger.charges(session, firm)
        own, transfer = links.path(session, booking), payable.ways(session, booking, NOW).transfer
        letter = session.scalars(select(Letter.text).where(Letter.booking_id == firm, Letter.kind == "payable")).one()
        document = charge_papers.as_document(session, booking, charge)
    assert transfer.purpose == charge.sign == bank_sign(database, firm)
    assert f"Kassenzeichen: {charge.sign}" in letter and f"Verwendungszweck: {charge.sign}" in letter
    assert charge.sign in client.get(f"{own}/zahlung").text
    assert ["Verwendungszweck", charge.sign] in document["payment"]["account"]
    slip = pypdfium2.PdfDocument(io.BytesIO(client.get(f"{own}/ueberweisung.pdf").content))[0]
    assert charge.sign in slip.get_textpage().get_text_range()
    (code,) = zxingcpp.read_barcodes(slip.render(scale=3).to_pil())
    assert (charge.kassenzeichen or charge.reference) in code.text.split("\n")
    assert girocode.svg(transfer) == document["payment"]["code"]


def bank_sign(database, booking_id):
    with database.read() as session:
        return bank_details.signs(session, booking_id)


def test_the_desk_the_search_the_list_and_the_receipt_name_it_too(client, database, town, firm):
    become(client, database, colleague(database, town, "head", "Frau Sommer"))
    with database.write() as session:
        booking = session.get_one(Booking, firm)
        at_counter.take(session, booking, firm, 5000, "cash", NOW, CLERK)
    with database.read() as session:
        booking = session.get_one(Booking, firm)
        (charge,) = ledger.charges(session, firm)
        payment = session.scalars(select(Payment)).one()
        receipt = receipts.as_document(session, booking, payment)
    assert f'Kassenzeichen <span class="number">{charge.sign}</span>' in client.get(f"{DESK}/buchung/{firm}").text
    for typed in (charge.sign, charge.sign.replace("-", " "), charge.reference):
        assert booking.number in client.get(f"{DESK}/buchungen?suche={typed}").text
    (row,) = client.get(f"{DESK}/buchungen/datei/json").json()
    assert row["references"] == (charge.kassenzeichen or charge.reference)
    assert ["Kassenzeichen", charge.sign] in receipt["facts"]
    assert bank_sign(database, firm) == charge.sign
