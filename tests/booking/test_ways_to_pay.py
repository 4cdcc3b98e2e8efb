"""How a couple can pay: the ways that their town offers, with what each means."""

import io
from dataclasses import replace
from datetime import timedelta

import pypdfium2
import pytest
import zxingcpp
from sqlalchemy import select

from buchbar.booking import at_counter, lifecycle, links, payable
from buchbar.booking.models import Booking, Policy
from buchbar.booking.steps import NotAllowed
from buchbar.booking.terms import CancellationStep, Terms
from buchbar.calendar.release import Rolling
from buchbar.notices.models import Letter
from buchbar.payments import bank_details, ledger, paying
from buchbar.payments.rules import MoneyRules
from tests.cast import CLERK, NOW, SATURDAY, confirmed, reserved, slot_at

IBAN = "DE89370400440532013000"


def rules(session, town, ways=("stripe", "transfer", "counter"), **more):
    given = {"payee": "Stadt Diepholz", "iban": IBAN, "counter_hours": "Mo bis Fr 8 bis 12 Uhr"} | more
    session.add(MoneyRules(municipality_id=town.id, ways=ways, **given))
    session.flush()


@pytest.fixture
def booking(session, cast):
    return confirmed(session, cast, slot_at(SATURDAY, 9))


def under(session, booking, **terms):
    policy = session.get_one(Policy, booking.policy_id)
    policy.terms = Terms(release=Rolling(12), **terms)
    session.flush()


def test_a_transfer_names_the_account_the_amount_and_the_charges_reference(session, cast, booking):
    rules(session, cast.town)
    transfer = payable.ways(session, booking, NOW).transfer
    (charge,) = ledger.charges(session, booking.id)
    assert (transfer.payee, transfer.iban, transfer.cents) == ("Stadt Diepholz", IBAN, 17000)
    assert (transfer.reference, transfer.words, transfer.purpose) == (charge.reference, "", charge.readable)


def test_a_towns_own_sign_is_written_in_words_and_several_charges_by_all_of_theirs(session, cast, booking):
    rules(session, cast.town)
    (first,) = ledger.charges(session, booking.id)
    first.kassenzeichen = "5.2026.000123"
    transfer = bank_details.transfer(session, cast.town.id, booking.id)
    assert (transfer.reference, transfer.words) == ("", "5.2026.000123")
    second = ledger.charge(session, booking, "change", [ledger.Line("more", "Stühle", 500)], NOW + timedelta(hours=1))
    transfer = bank_details.transfer(session, cast.town.id, booking.id)
    assert (transfer.cents, transfer.words) == (17500, f"5.2026.000123 {second.kassenzeichen or second.reference}")


def test_without_an_account_nobody_is_asked_to_transfer(session, cast, booking):
    rules(session, cast.town, iban="")
    assert payable.ways(session, booking, NOW).transfer is None


def test_before_the_offices_yes_and_after_the_deadline_nothing_is_paid_in_advance(session, cast, booking):
    rules(session, cast.town)
    early = payable.ways(session, reserved(session, cast, slot_at(SATURDAY, 9, 45)), NOW)
    late = payable.ways(session, booking, booking.deadline_at)
    for ways in (early, late):
        assert (ways.online, ways.transfer, ways.counter) == (False, None, False) and ways.why_not


def test_who_pays_on_the_spot_or_by_bill_is_told_so(session, cast, booking):
    rules(session, cast.town)
    under(session, booking, payment="none")
    on_the_spot = payable.ways(session, booking, NOW)
    assert (on_the_spot.online, on_the_spot.transfer, on_the_spot.counter) == (False, None, True)
    under(session, booking, payment="later")
    later = payable.ways(session, booking, NOW)
    assert (later.online, later.transfer.cents, later.counter, later.why_not) == (False, 17000, True, "")
    with pytest.raises(NotAllowed, match="Rechnung"):
        payable.begin_to_pay(session, booking, NOW)


def test_before_the_offices_yes_there_is_no_bill_to_pay(session, cast):
    rules(session, cast.town)
    booking = reserved(session, cast, slot_at(SATURDAY, 9))
    under(session, booking, payment="later")
    ways = payable.ways(session, booking, NOW)
    assert (ways.transfer, ways.counter) == (None, False) and "Rechnung" in ways.why_not


def test_what_a_cancellation_costs_is_paid_by_transfer_or_at_the_counter(session, cast, booking):
    rules(session, cast.town)
    under(session, booking, payment="optional", cancellation=(CancellationStep(0, 50),))
    lifecycle.cancel(session, booking, NOW, replace(CLERK, kind="citizen"))
    ways = payable.ways(session, booking, NOW)
    assert (ways.online, ways.counter, ways.transfer.cents) == (False, True, 8500)


def test_a_transfer_that_may_come_too_late_is_warned_of(session, cast, booking):
    rules(session, cast.town)
    assert not payable.ways(session, booking, NOW).hurry
    assert payable.ways(session, booking, booking.deadline_at - timedelta(days=2)).hurry


def test_a_town_without_online_payment_leads_nobody_to_it(session, cast, booking):
    rules(session, cast.town, ways=("transfer",))
    assert not payable.ways(session, booking, NOW).online
    with pytest.raises(NotAllowed, match="Online bezahlen können Sie hier nicht"):
        payable.begin_to_pay(session, booking, NOW)


def rest(session, booking, cents):
    """All is paid but a few cents."""
    at_counter.take(session, booking, booking.id, 17000 - cents, "cash", NOW, CLERK)


@pytest.mark.parametrize(
    ("offered", "words"),
    [
        (("stripe", "transfer", "counter"), "Bitte überweisen Sie den Betrag oder bezahlen Sie ihn am Schalter."),
        (("stripe", "transfer"), "Bitte überweisen Sie den Betrag."),
        (("stripe", "counter"), "Bitte bezahlen Sie den Betrag am Schalter."),
        (("stripe",), "Bitte wenden Sie sich an das Amt."),
    ],
)
def test_too_little_to_be_paid_online_is_paid_otherwise(session, cast, booking, offered, words):
    """Stripe takes no payment below 50 cents."""
    rules(session, cast.town, ways=offered)
    rest(session, booking, 49)
    ways = payable.ways(session, booking, NOW)
    assert not ways.online and ways.too_little == f"Online lassen sich erst Beträge ab 0,50\xa0€ bezahlen. {words}"
    with pytest.raises(NotAllowed, match=words):
        payable.begin_to_pay(session, booking, NOW)
    with pytest.raises(paying.TooLittle):
        paying.begin(session, cast.town.id, booking.id, NOW)


def test_fifty_cents_are_enough(session, cast, booking):
    rules(session, cast.town)
    rest(session, booking, 50)
    ways = payable.ways(session, booking, NOW)
    assert ways.online and not ways.too_little
    assert payable.begin_to_pay(session, booking, NOW).cents == 50


# --- Pages ------------------------------------------------------------------------------------------------


@pytest.fixture
def own(database, town):
    """The couple's own page, of a town that takes money in every way."""
    with database.write() as session:
        rules(session, town.town, bic="COBADEFFXXX")
        return links.path(session, confirmed(session, town, slot_at(SATURDAY, 9)))


def test_the_page_shows_each_way_with_what_it_means(client, own):
    page = client.get(f"{own}/zahlung").text
    for words in (
        *("170,00", "Gleich online", "Überweisen", "DE89 3704 0044 0532 0130 00", "Stadt Diepholz", "COBADEFFXXX"),
        *("1 bis 2 Arbeitstagen", "Am Schalter", "Mo bis Fr 8 bis 12 Uhr", "data:image/svg+xml"),
    ):
        assert words in page
    status = client.get(own).text
    assert "jetzt bezahlen" in status and "Anders bezahlen: Überweisung, am Schalter" in status


def test_the_slip_shows_a_code_that_an_app_reads(client, own):
    slip = client.get(f"{own}/ueberweisung.pdf")
    assert slip.headers["content-type"] == "application/pdf"
    page = pypdfium2.PdfDocument(io.BytesIO(slip.content))[0]
    (code,) = zxingcpp.read_barcodes(page.render(scale=3).to_pil())
    assert code.text.split("\n")[4:8] == ["COBADEFFXXX", "Stadt Diepholz", IBAN, "EUR170"]
    words = page.get_textpage().get_text_range()
    assert "DE89 3704 0044 0532 0130 00" in words and "170,00" in words


def test_when_all_is_paid_the_page_says_so(client, database, town, own):
    with database.write() as session:
        booking = session.query(Booking).one()
        at_counter.take(session, booking, booking.id, 17000, "cash", NOW, CLERK)
    assert "Es ist nichts mehr zu bezahlen" in client.get(f"{own}/zahlung").text
    assert client.get(f"{own}/ueberweisung.pdf").status_code == 404


def test_a_rest_too_little_to_be_paid_online_is_explained(client, database, town, own):
    with database.write() as session:
        rest(session, session.query(Booking).one(), 30)
    page = client.get(f"{own}/zahlung").text
    assert "Online lassen sich erst Beträge ab 0,50" in page and "Gleich online" not in page
    assert "DE89 3704 0044 0532 0130 00" in page and "jetzt bezahlen" not in client.get(own).text


def test_a_town_that_only_takes_transfers_leads_to_its_bank_details(client, database, town):
    with database.write() as session:
        rules(session, town.town, ways=("transfer",))
        own = links.path(session, confirmed(session, town, slot_at(SATURDAY, 9)))
    page = client.get(own).text
    assert "So bezahlen Sie 170,00" in page and "Stripe" not in page
    assert "Gleich online" not in client.get(f"{own}/zahlung").text


# --- Letters ----------------------------------------------------------------------------------------------


def letter(session, kind):
    return session.scalars(select(Letter).where(Letter.kind == kind)).one()


def test_the_letter_that_asks_for_money_says_how_to_pay(session, cast):
    rules(session, cast.town)
    booking = confirmed(session, cast, slot_at(SATURDAY, 9))
    (charge,) = ledger.charges(session, booking.id)
    for words in ("Online, auf der Seite", "DE89 3704 0044 0532 0130 00", charge.readable, "Mo bis Fr 8 bis 12 Uhr"):
        assert words in letter(session, "payable").text


def test_a_letter_speaks_of_no_way_that_the_town_does_not_offer(session, cast):
    rules(session, cast.town, ways=("transfer",))
    confirmed(session, cast, slot_at(SATURDAY, 9))
    text = letter(session, "payable").text
    assert "Überweisung" in text and "Online, auf der Seite" not in text and "Schalter" not in text


def test_who_gets_a_bill_or_pays_on_the_spot_reads_so(session, cast):
    rules(session, cast.town)
    cast.policy.terms = Terms(release=Rolling(12), payment="later")
    confirmed(session, cast, slot_at(SATURDAY, 9))
    text = letter(session, "confirmed").text
    for words in (
        "Gebührenbescheid über 170,00\xa0€: bitte bezahlen Sie bis",
        "/bescheid/",
        "DE89 3704 0044 0532 0130 00",
    ):
        assert words in text
    assert "Sie bekommen darüber eine Rechnung." not in text and "Online, auf der Seite" not in text
