"""The counter: a clerk takes cash or a card, gives a receipt, and takes back what was booked by mistake."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.booking import at_counter
from buchbar.booking.models import Booking, BookingEvent
from buchbar.notices.models import Letter
from buchbar.payments import ledger
from buchbar.payments.cash_book import CashDay
from buchbar.payments.models import Payment, Reversal
from tests.cast import ANNA_AND_BEN, CLERK, NOW, SATURDAY, confirmed, slot_at
from tests.clerks import become, colleague

DESK = "/diepholz/amt"
FEES = 17000


@pytest.fixture
def booking(session, cast):
    return confirmed(session, cast, slot_at(SATURDAY, 9))


@pytest.fixture
def asked(database, town):
    """Anna and Ben have been asked to pay."""
    with database.write() as session:
        return confirmed(session, town, slot_at(SATURDAY, 9))


def take(session, booking, cents=FEES, how="cash", at=NOW, payment_id=None):
    payment_id = payment_id or uuid4()
    at_counter.take(session, booking, payment_id, cents, how, at, CLERK)
    return session.get_one(Payment, payment_id)


def form(**more):
    return {"betrag": "170,00", "wie": "cash", "vorgang": str(uuid4()), **more}


def rows(database, table):
    with database.read() as session:
        return list(session.scalars(select(table)))


def test_who_pays_at_the_counter_has_a_firm_date(session, booking):
    payment = take(session, booking)
    assert booking.state == "confirmed"
    assert (payment.state, payment.provider, payment.taken_by) == ("paid", "cash", "Frau Sommer")
    assert payment.receipt == "Q2026-000001"
    assert ledger.account(session, booking.id).open == 0
    paid = session.scalars(select(BookingEvent).where(BookingEvent.verb == "pay")).one()
    assert (paid.by_name, paid.data["cents"]) == ("Frau Sommer", str(FEES))
    assert session.scalars(select(Letter.kind).where(Letter.kind == "paid")).all() == ["paid"]


def test_a_part_can_be_paid_and_the_rest_later(session, booking):
    take(session, booking, 5000)
    assert booking.state == "payable" and ledger.account(session, booking.id).open == 12000
    assert take(session, booking, 12000, "terminal").receipt == "Q2026-000002"
    assert booking.state == "confirmed"


@pytest.mark.parametrize("cents", [0, FEES + 1])
def test_nobody_takes_more_than_is_open_or_nothing(session, booking, cents):
    with pytest.raises(Invalid, match="170,00"):
        take(session, booking, cents)


def test_the_same_click_twice_takes_once(session, booking):
    first = take(session, booking, 5000)
    assert take(session, booking, 5000, payment_id=first.id) is first
    assert ledger.account(session, booking.id).paid == 5000


def test_a_payment_of_another_booking_is_not_found(session, cast, booking):
    first = take(session, booking)
    other = confirmed(session, cast, slot_at(SATURDAY, 9, 45))
    with pytest.raises(NotFound):
        take(session, other, payment_id=first.id)
    with pytest.raises(NotFound):
        at_counter.undo(session, other, first.id, "Verwechselt", NOW, CLERK)


def test_while_the_bank_has_a_debit_nothing_is_taken(session, booking):
    session.add(
        Payment(
            municipality_id=booking.municipality_id,
            booking_id=booking.id,
            cents=FEES,
            intent_id="pi_1",
            started_at=NOW,
            expires_at=NOW + timedelta(hours=1),
        )
    )
    session.flush()
    with pytest.raises(Refused, match="unterwegs"):
        take(session, booking)


def test_receipts_begin_anew_each_year_and_have_no_gaps(session, cast, booking):
    silvester, new_year = NOW + timedelta(days=38, hours=13), NOW + timedelta(days=38, hours=14)
    assert take(session, booking, 100, at=silvester).receipt == "Q2026-000001"
    assert take(session, booking, 100, at=new_year).receipt == "Q2027-000001"


def test_many_at_once_get_receipts_without_gaps(database, town):
    with database.write() as session:
        times = [slot_at(SATURDAY, hour, minute) for hour, minute in ((9, 0), (9, 45), (10, 30), (11, 15))]
        couples = [replace(ANNA_AND_BEN, email=f"anna{n}@example.org") for n in range(4)]
        ids = [confirmed(session, town, *each).id for each in zip(times, couples, strict=True)]

    def pay(booking_id):
        with database.write() as session:
            return take(session, session.get_one(Booking, booking_id)).receipt

    with ThreadPoolExecutor(4) as pool:
        receipts = sorted(pool.map(pay, ids))
    assert receipts == [f"Q2026-{n:06d}" for n in range(1, 5)]


def test_a_mistake_is_taken_back_once_with_its_reason(session, booking):
    payment = take(session, booking)
    for _click in range(2):
        at_counter.undo(session, booking, payment.id, "Andere Buchung gemeint", NOW + timedelta(hours=1), CLERK)
    (undone,) = session.scalars(select(Reversal))
    assert (undone.kind, undone.cents, undone.reason, undone.by) == (
        *("undone", FEES, "Andere Buchung gemeint", "Frau Sommer"),
    )
    assert ledger.account(session, booking.id).open == FEES
    assert booking.state == "payable", "it was firm because it was paid"
    assert booking.deadline_at and booking.deadline_at > NOW
    assert take(session, booking).receipt == "Q2026-000002", "the first number isn't given out again"
    assert booking.state == "confirmed"


def test_a_mistake_beside_what_is_owed_leaves_the_booking_firm(session, booking):
    """Only the fee for a copy was booked twice; the rest was paid."""
    take(session, booking)
    ledger.charge(session, booking, "fees", [ledger.Line("copy", "Beglaubigte Kopie", 500)], NOW)
    wrong = take(session, booking, 500)
    ledger.charge(session, booking, "forgiven", [ledger.Line("copy", "Beglaubigte Kopie", -500)], NOW)
    at_counter.undo(session, booking, wrong.id, "Doch nicht", NOW + timedelta(hours=1), CLERK)
    assert booking.state == "confirmed"


def test_the_next_day_nothing_is_taken_back(session, booking):
    payment = take(session, booking)
    with pytest.raises(Refused, match="am selben Tag"):
        at_counter.undo(session, booking, payment.id, "Zu spät", NOW + timedelta(days=1), CLERK)


def test_after_the_till_is_closed_nothing_is_taken_back_and_nothing_slips_in(session, booking):
    payment = take(session, booking, 5000)
    closed = NOW + timedelta(minutes=5)
    session.add(
        CashDay(
            municipality_id=booking.municipality_id,
            day=NOW.date(),
            serial=1,
            opening=0,
            expected=5000,
            counted=5000,
            closed_at=closed,
            closed_by="Frau Sommer",
        )
    )
    session.flush()
    with pytest.raises(Refused, match="abgeschlossen"):
        at_counter.undo(session, booking, payment.id, "Zu spät", closed + timedelta(minutes=1), CLERK)
    with pytest.raises(Refused, match="abgeschlossen"):
        take(session, booking, 5000, at=closed)


# --- Pages ------------------------------------------------------------------------------------------------


def test_at_the_desk_it_is_typed_and_a_receipt_is_printed(client, posted, database, town, asked):
    become(client, database, town.clerk)
    here = f"{DESK}/buchung/{asked.id}"
    page = client.get(here).text
    assert "Am Schalter bezahlen lassen" in page and 'value="170,00' in page
    typed = form()
    for _click in range(2):
        assert posted(f"{here}/schalter", **typed).status_code == 303
    (payment,) = rows(database, Payment)
    page = client.get(here).text
    assert "Quittung Q2026-000001" in page and "Am Schalter bezahlen lassen" not in page
    receipt = client.get(f"{here}/quittung/{payment.id}")
    assert receipt.status_code == 200 and receipt.content.startswith(b"%PDF")
    assert posted(f"{here}/schalter/{payment.id}/ruecknahme", grund_zahlung="").status_code == 422
    assert posted(f"{here}/schalter/{payment.id}/ruecknahme", grund_zahlung="Verwechselt").status_code == 303
    page = client.get(here).text
    assert "zurückgenommen" in page and "Am Schalter bezahlen lassen" in page


def test_what_is_typed_wrongly_is_said_beside_the_field_and_kept(client, posted, database, town, asked):
    become(client, database, town.clerk)
    answer = posted(f"{DESK}/buchung/{asked.id}/schalter", **form(betrag="viel", wie=""))
    assert answer.status_code == 422
    assert 'id="betrag-error"' in answer.text and 'value="viel"' in answer.text and 'id="wie-error"' in answer.text
    assert "Betrag bis 170,00" in posted(f"{DESK}/buchung/{asked.id}/schalter", **form(betrag="171")).text


def test_over_htmx_the_booking_comes_back(client, posted, database, town, asked):
    become(client, database, town.clerk)
    answer = posted(f"{DESK}/buchung/{asked.id}/schalter", htmx=True, **form())
    assert answer.status_code == 200 and "170,00" in answer.text and 'id="buchung"' in answer.text
    said = answer.text[: answer.text.index("<h1")]
    assert "170,00 € angenommen." in said.replace("\xa0", " ") and "/quittung/" in said


def test_who_may_only_read_takes_no_money(client, posted, database, town, asked):
    become(client, database, colleague(database, town, "auditor"))
    assert "Am Schalter bezahlen lassen" not in client.get(f"{DESK}/buchung/{asked.id}").text
    assert posted(f"{DESK}/buchung/{asked.id}/schalter", **form()).status_code == 403
    become(client, database, colleague(database, town, "cashier"))
    assert posted(f"{DESK}/buchung/{asked.id}/schalter", **form()).status_code == 303
