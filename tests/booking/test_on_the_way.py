"""Money on its way to the town or back, as the couple reads it: nobody pays twice, and nobody waits in vain."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from buchbar.booking import at_counter, charge_papers, collecting, dunning_run, jobs, lifecycle, links, on_the_way
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking, Policy
from buchbar.booking.terms import CancellationStep, Terms
from buchbar.calendar.release import Rolling
from buchbar.notices.models import Letter
from buchbar.payments import ledger, mandates, paying, refunds
from buchbar.payments.mandates import Given
from buchbar.payments.models import Refund
from buchbar.payments.rules import MoneyRules
from tests.booking.money import pay
from tests.cast import CLERK, NOW, SATURDAY, confirmed, slot_at

OWN = {"payee": "Stadt Diepholz", "iban": "DE89370400440532013000", "creditor_id": "DE98ZZZ09999999999"}
WAYS = ("stripe", "transfer", "counter", "debit")
MOST = "170,00\xa0€"


def booked(session, cast, **terms):
    session.add(MoneyRules(municipality_id=cast.town.id, ways=WAYS, counter_hours="Stadtkasse\nmontags bis 12", **OWN))
    if terms:
        session.get_one(Policy, cast.policy.id).terms = Terms(release=Rolling(12), **terms)
    session.flush()
    return confirmed(session, cast, slot_at(SATURDAY, 9))


@pytest.fixture
def own(database, town):
    """The couple's own page."""
    with database.write() as session:
        return links.path(session, booked(session, town))


@pytest.fixture
def change(database):
    """Do something to the booking."""

    def do(what):
        with database.write() as session:
            return what(session, session.scalars(select(Booking)).one())

    return do


def debit(session, booking):
    """The payer's bank has a debit of Stripe's, and takes its days."""
    payment = paying.begin(session, booking.municipality_id, booking.id, NOW)
    paying.on_its_way(session, payment.id, "pi_1")
    return payment


def announced(session, booking):
    """A mandate is given, and a debit is announced."""
    given = Given("Anna Müller", "Lange Straße 1", "49356 Diepholz", "DE02120300000000202051")
    mandate = mandates.propose(session, booking.municipality_id, booking.email, given, NOW)
    mandates.sign(session, mandate, NOW.date(), NOW)
    on = NOW.date() + timedelta(days=44)
    while on.weekday() > 3:
        on += timedelta(days=1)
    return collecting.announce(session, booking.municipality, [booking.id], on, NOW, CLERK)


# --- To the town ------------------------------------------------------------------------------------------


def test_who_pays_by_debit_is_not_asked_for_the_money_again(client, own, change):
    change(debit)
    for path in (own, f"{own}?zahlung=danke"):
        page = client.get(path).text
        assert f"Ihre Lastschrift über {MOST} ist unterwegs" in page and "Sie müssen nichts tun" in page
        assert "jetzt bezahlen" not in page and "Bitte bezahlen Sie" not in page
    ways = client.get(f"{own}/zahlung").text
    assert f"Ihre Lastschrift über {MOST} ist unterwegs" in ways and "Trotzdem anders bezahlen" in ways
    assert "jetzt bezahlen" not in ways


def test_who_gave_a_mandate_reads_when_it_is_collected(client, own, change):
    change(announced)
    page = client.get(own).text
    assert f"Wir ziehen {MOST} am" in page and "jetzt bezahlen" not in page
    assert "SEPA-Lastschriftmandat" in page and "Per SEPA-Lastschrift bezahlen" not in page


def test_nobody_is_reminded_of_what_the_bank_has(database, change, own):
    deadline = change(lambda session, booking: (debit(session, booking), booking.deadline_at)[1])
    assert jobs.remind_of_deadlines(database, deadline - timedelta(hours=1)) == 0


@pytest.mark.parametrize(("kept", "back"), [(0, MOST), (50, "85,00\xa0€")])
def test_who_cancels_while_a_debit_is_on_its_way_reads_what_becomes_of_it(client, posted, own, change, kept, back):
    def terms(session, booking):
        policy = session.get_one(Policy, booking.policy_id)
        policy.terms = Terms(release=Rolling(12), cancellation=(CancellationStep(0, 100 - kept),))
        debit(session, booking)

    change(terms)
    sentence = f"Sobald sie da ist, bekommen Sie {back} zurück."
    assert sentence in client.get(f"{own}/stornierung").text
    posted(f"{own}/stornierung")
    assert sentence in client.get(own).text


def test_what_was_announced_is_not_collected_for_a_date_that_is_over(client, posted, own, change):
    change(announced)
    assert "nur so weit ein" in client.get(f"{own}/stornierung").text


# --- By bill ----------------------------------------------------------------------------------------------


def test_who_gets_a_bill_finds_how_to_pay_it(client, database, town):
    with database.write() as session:
        own = links.path(session, booked(session, town, payment="later"))
    page = client.get(own).text
    assert f"So bezahlen Sie {MOST}" in page and f"Bitte bezahlen Sie {MOST} bis" in page
    ways = client.get(f"{own}/zahlung").text
    for words in (
        "DE89 3704 0044 0532 0130 00",
        "data:image/svg+xml",
        "Gebührenbescheid (PDF)",
        "Bitte bezahlen Sie bis",
    ):
        assert words in ways
    assert "Gleich online" not in ways and "bekommen Sie eine Rechnung" not in ways
    assert client.get(f"{own}/ueberweisung.pdf").status_code == 200


def test_the_page_says_that_somebody_was_reminded_and_until_when(client, database, town):
    with database.write() as session:
        booking = booked(session, town, payment="later")
        own, late = links.path(session, booking), NOW + timedelta(days=30)
        dunning_run.run(session, booking.municipality, [(booking.id, 1)], late, CLERK, 0)
    assert f"haben wir Sie an die Zahlung erinnert. Bitte bezahlen Sie {MOST} jetzt bis" in client.get(own).text


# --- Too late, or too much --------------------------------------------------------------------------------


def to_the_office(session):
    return [each.text for each in session.scalars(select(Letter).where(Letter.kind == "office_late"))]


@pytest.mark.parametrize(("free", "words"), [(True, "Der Termin war noch frei"), (False, "gilt nicht wieder")])
def test_the_office_hears_of_money_that_came_too_late(session, cast, free, words):
    booking = booked(session, cast)
    late = booking.deadline_at
    lifecycle.release(session, booking, late)
    if not free:
        confirmed(session, cast, slot_at(SATURDAY, 9), at=late)
    pay(session, booking, late + timedelta(hours=1), 17000)
    (text,) = to_the_office(session)
    assert words in text and booking.number in text and "Anna" not in text


def test_the_office_hears_of_money_that_was_too_much_and_of_no_other(session, cast):
    booking = booked(session, cast)
    pay(session, booking, NOW)
    assert not to_the_office(session)
    pay(session, booking, NOW + timedelta(hours=1), 500)
    assert "mehr als zu bezahlen war" in to_the_office(session)[0]


# --- Back -------------------------------------------------------------------------------------------------


def test_what_goes_back_is_called_given_back_only_once_it_is(client, posted, own, change):
    change(lambda session, booking: pay(session, booking, NOW))
    posted(f"{own}/stornierung")
    page = client.get(own).text
    assert "Wird erstattet" in page and ">Erstattet<" not in page and "auf dem Weg, auf dem Sie bezahlt haben" in page

    def send(session, booking):
        refunds.taken_over(session, session.scalars(select(Refund.id)).one(), "re_1", NOW)

    change(send)
    page = client.get(own).text
    assert ">Erstattet<" in page and "Wird erstattet" not in page and f"Wir haben Ihnen {MOST} zurückgegeben" in page


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("cash", "bar am Schalter zurück. Bitte bringen Sie die Quittung mit. Stadtkasse, montags bis 12"),
        ("terminal", "am Schalter zurück. Bitte bringen Sie die Karte und die Quittung mit."),
    ],
)
def test_who_paid_at_the_counter_is_asked_to_come(client, posted, own, change, how, words):
    change(lambda session, booking: at_counter.take(session, booking, uuid4(), 17000, how, NOW, CLERK))
    posted(f"{own}/stornierung")
    assert words in client.get(own).text


def test_who_paid_from_an_account_that_nobody_knows_is_asked_for_it(session, cast):
    booking = booked(session, cast)
    payment = pay(session, booking, NOW)
    payment.provider = "transfer"
    lifecycle.cancel(session, booking, NOW, CITIZEN)
    assert on_the_way.going(session, booking) == [
        f"Wir überweisen Ihnen {MOST} zurück. Bitte schreiben Sie uns, auf welches Konto: Wir kennen es nicht."
    ]


def test_the_letter_says_how_cash_comes_back_and_what_becomes_of_a_debit(session, cast):
    paid, debited = booked(session, cast), confirmed(session, cast, slot_at(SATURDAY, 9, 45))
    at_counter.take(session, paid, uuid4(), 17000, "cash", NOW, CLERK)
    debit(session, debited)
    for booking in (paid, debited):
        lifecycle.cancel(session, booking, NOW + timedelta(minutes=1), CITIZEN)
    letters = {each.booking_id: each.text for each in session.scalars(select(Letter).where(Letter.kind == "cancelled"))}
    assert "bar am Schalter zurück. Bitte bringen Sie die Quittung mit." in letters[paid.id]
    assert f"Sobald sie da ist, bekommen Sie {MOST} zurück." in letters[debited.id]


def test_the_document_that_corrects_says_how_the_money_comes_back(session, cast):
    booking = booked(session, cast)
    at_counter.take(session, booking, uuid4(), 17000, "cash", NOW, CLERK)
    lifecycle.cancel(session, booking, NOW + timedelta(minutes=1), CITIZEN)
    correction = ledger.charges(session, booking.id)[-1]
    assert "bar am Schalter zurück" in str(charge_papers.as_document(session, booking, correction)["payment"]["words"])


def test_the_counters_hours_stay_in_their_lines(session, cast):
    booked(session, cast)
    letter = session.scalars(select(Letter).where(Letter.kind == "payable")).one()
    assert "Stadtkasse<br>montags bis 12" in letter.html and "Stadtkasse\nmontags bis 12" in letter.text


def test_a_reminder_leads_to_the_payment(session, cast):
    booking = booked(session, cast, payment="later")
    dunning_run.run(session, cast.town, [(booking.id, 1)], NOW + timedelta(days=30), CLERK, 0)
    letter = session.scalars(select(Letter).where(Letter.kind == "dunned")).one()
    assert f"Jetzt bezahlen:\n{links.url(session, booking)}/zahlung" in letter.text


def test_what_a_cashier_takes_back_was_taken_by_no_bank(client, own, change):
    def mistake(session, booking):
        payment_id = uuid4()
        at_counter.take(session, booking, payment_id, 17000, "cash", NOW, CLERK)
        at_counter.undo(session, booking, payment_id, "Falsche Buchung", NOW, CLERK)

    change(mistake)
    page = client.get(own).text
    assert "Zurückgenommen" in page and "Von der Bank zurückgeholt" not in page
