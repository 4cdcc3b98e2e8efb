"""Credit notes by the cashier's hand: what is taken off, what follows from it, and that it happens once."""

from datetime import timedelta
from uuid import uuid4

import pytest
from litestar.testing import TestClient
from sqlalchemy import func, select

from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.booking import charge_papers, crediting, history, journeys, lifecycle, queries
from buchbar.booking.events import PROVIDER
from buchbar.booking.models import Booking, BookingEvent
from buchbar.booking.weddings import reservation
from buchbar.notices.models import Errand, Letter
from buchbar.payments import ledger
from buchbar.payments.ledger import CREDIT, DUNNING, Line
from buchbar.payments.models import Charge, Payment, Refund
from buchbar.payments.settling import settlements
from tests.booking.money import pay
from tests.booking.test_desk_races import at_once
from tests.cast import CLERK, FRIDAY, NOW, SATURDAY, confirmed, slot_at
from tests.clerks import become, colleague

DESK = "/diepholz/amt"
FEES = 17000
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def booking(session, cast):
    """Anna and Ben are asked for 60 and 110 euros."""
    return confirmed(session, cast, slot_at(SATURDAY, 9))


@pytest.fixture
def asked(database, town):
    with database.write() as session:
        return confirmed(session, town, slot_at(SATURDAY, 9))


@pytest.fixture
def cashier(client, database, town):
    clerk = colleague(database, town, "cashier")
    become(client, database, clerk)
    return clerk


def charge_of(session, booking, kind="fees"):
    mine = select(Charge).where(Charge.booking_id == booking.id, Charge.kind == kind)
    return session.scalars(mine).one()


def credit(session, booking, *amounts, charge=None, at=LATER, reason="Kulanz", note_id=None):
    charge = charge or charge_of(session, booking)
    crediting.credit(session, booking, charge, note_id or uuid4(), amounts, reason, at, CLERK)


def letters(session, booking, since=LATER):
    found = select(Letter).where(Letter.booking_id == booking.id, Letter.written_at == since)
    return {letter.kind: letter for letter in session.scalars(found)}


def flat(text):
    return " ".join(text.replace("\xa0", " ").split())


def test_a_part_of_a_position_is_taken_off_by_a_note_that_corrects_its_charge(session, booking):
    fees = charge_of(session, booking)
    credit(session, booking, 0, 1000)
    note = charge_of(session, booking, CREDIT)
    assert [(item.label, item.cents) for item in note.items] == [("Trauung am Samstag", -1000)]
    assert note.corrects_id == fees.id and note.kassenzeichen is None and note.due_on is None
    account = ledger.account(session, booking.id)
    assert (account.owed, account.open) == (FEES - 1000, FEES - 1000)
    assert booking.state == "payable", "the rest is still to be paid"
    (letter,) = letters(session, booking).values()
    words = flat(letter.text)
    assert letter.kind == "credited" and "Trauung am Samstag: 10,00 €" in words and "Der Grund: Kulanz" in words
    assert "Zu bezahlen bleiben 160,00 €" in words and "(Änderungsbescheid)" in words
    with_document = dict(charge_papers.named(charge_papers.for_citizen(session, booking)))
    assert with_document[note.id].startswith("Änderungsbescheid")


def test_once_nothing_is_open_any_more_the_date_is_firm(session, booking):
    pay(session, booking, NOW, 6000)
    credit(session, booking, 0, 11000)
    assert booking.state == "confirmed" and ledger.account(session, booking.id).open == 0
    assert set(letters(session, booking)) == {"credited", "confirmed"}
    assert session.scalars(select(Refund)).all() == []


def test_what_was_paid_too_much_goes_back_and_one_letter_says_both(session, booking):
    pay(session, booking, NOW)
    credit(session, booking, 0, 11000)
    (refund,) = session.scalars(select(Refund))
    assert (refund.cents, refund.state) == (11000, "wanted")
    assert session.scalars(select(Errand.kind).where(Errand.subject_id == refund.id)).all() == ["refund"]
    assert booking.state == "confirmed" and ledger.account(session, booking.id).surplus == 0
    (letter,) = letters(session, booking).values()
    assert letter.kind == "credited" and "Sie bekommen 110,00 € zurück" in flat(letter.text)


def test_a_dunning_fee_by_mistake_goes_and_the_rest_stays_as_it_is(session, booking):
    ledger.charge(session, booking, DUNNING, [Line(DUNNING, "Mahngebühr", 500)], NOW + timedelta(minutes=1))
    fee = charge_of(session, booking, DUNNING)
    credit(session, booking, 500, charge=fee)
    open_of = {each.id: each.open for each in settlements(session, [booking.id])[booking.id].charges}
    assert open_of == {charge_of(session, booking).id: FEES, fee.id: 0}
    with pytest.raises(Refused, match="nichts mehr"):
        credit(session, booking, 500, charge=fee)


def test_also_of_what_a_cancellation_left_to_pay(session, booking):
    pay(session, booking, NOW)
    lifecycle.cancel(session, booking, NOW + timedelta(minutes=1), CLERK)
    with pytest.raises(Refused):
        credit(session, booking, 6000, 0)
    ledger.charge(session, booking, DUNNING, [Line(DUNNING, "Mahngebühr", 500)], NOW + timedelta(minutes=2))
    credit(session, booking, 500, charge=charge_of(session, booking, DUNNING))
    assert ledger.account(session, booking.id).owed == 0 and booking.state == "cancelled"


@pytest.mark.parametrize(
    ("amounts", "field"), [((6001, 0), "position_1"), ((1, 11001), "position_2"), ((0, 0), "position_1")]
)
def test_never_more_than_the_position_still_is_and_never_nothing(session, booking, amounts, field):
    with pytest.raises(Invalid) as fault:
        credit(session, booking, *amounts)
    assert set(fault.value.fields) == {field}
    assert ledger.account(session, booking.id).owed == FEES


def test_the_same_form_twice_writes_one_note(session, cast, booking):
    note_id = uuid4()
    for _click in range(2):
        credit(session, booking, 1000, 0, note_id=note_id)
    assert ledger.account(session, booking.id).owed == FEES - 1000
    other = confirmed(session, cast, slot_at(SATURDAY, 9, 45))
    with pytest.raises(NotFound):
        credit(session, other, 1000, 0, note_id=note_id)


def test_an_open_payment_page_is_closed(session, booking):
    payment = Payment(
        municipality_id=booking.municipality_id,
        booking_id=booking.id,
        cents=FEES,
        checkout_id="cs_1",
        started_at=NOW,
        expires_at=NOW + timedelta(days=1),
    )
    session.add(payment)
    credit(session, booking, 1000, 0)
    closing = select(Errand.subject_id).where(Errand.kind == "close_checkout")
    assert session.scalars(closing).all() == [payment.id]


def test_what_a_debit_on_its_way_brings_too_much_goes_back_and_the_letter_says_so(session, booking):
    debit = Payment(
        municipality_id=booking.municipality_id,
        booking_id=booking.id,
        cents=FEES,
        intent_id="pi_1",
        started_at=NOW,
        expires_at=NOW + timedelta(days=9),
    )
    session.add(debit)
    credit(session, booking, 1000, 0)
    words = flat(letters(session, booking)["credited"].text)
    assert "bekommen Sie 10,00 € zurück" in words and "Zu bezahlen bleiben" not in words
    debit.state, debit.settled_at = "paid", LATER
    lifecycle.pay(session, booking, LATER + timedelta(days=3), PROVIDER, FEES)
    assert session.scalars(select(Refund.cents)).all() == [1000] and booking.state == "confirmed"


def test_who_has_no_address_gets_it_on_paper_and_who_is_forgotten_nothing(session, booking):
    booking.email, booking.channel = "", "telephone"
    credit(session, booking, 1000, 0)
    (letter,) = letters(session, booking).values()
    assert letter.paper is not None and "liegt bei" in flat(letter.text)
    booking.forgotten_at = LATER
    credit(session, booking, 1000, 0, at=LATER + timedelta(hours=1))
    assert letters(session, booking, LATER + timedelta(hours=1)) == {}


def test_what_was_credited_stays_so_on_another_day(session, cast, booking):
    credit(session, booking, 1000, 11000)
    move = slot_at(SATURDAY, 10, 30)
    reservation.move(session, booking, cast.room.id, move, LATER + timedelta(minutes=1), CLERK)
    assert ledger.account(session, booking.id).owed == 5000, "also on a Saturday"
    friday = slot_at(FRIDAY, 9)
    reservation.move(session, booking, cast.room.id, friday, LATER + timedelta(minutes=2), CLERK)
    assert ledger.account(session, booking.id).owed == 5000, "and never below what is left of the rest"


def test_a_move_that_is_taken_back_asks_for_no_dunning_fee_twice(session, cast, booking):
    ledger.charge(session, booking, DUNNING, [Line(DUNNING, "Mahngebühr", 500)], NOW)
    credit(session, booking, 1000, 0)
    reservation.move(session, booking, cast.room.id, slot_at(FRIDAY, 9), LATER + timedelta(minutes=1), CLERK)
    assert ledger.account(session, booking.id).owed == 6000 - 1000 + 500
    moved = queries.events_since(session, booking, 0)
    (event,) = [each for each in moved if each.verb == "move"]
    journeys.of(booking).desk.put_back(session, booking, event, LATER + timedelta(minutes=2), CLERK)
    assert ledger.account(session, booking.id).owed == FEES - 1000 + 500


def test_the_history_tells_it_with_its_reason(session, booking):
    credit(session, booking, 1000, 0, reason="Doppelt berechnet")
    told = history.entries(booking, queries.events_since(session, booking, 0), [], [])
    (entry,) = [each for each in told if each.title.startswith("Gutschrift")]
    assert (flat(entry.title), entry.who, entry.text) == ("Gutschrift: 10,00 €", "Frau Sommer", "Doppelt berechnet")


# --- Pages ------------------------------------------------------------------------------------------------


def the(database, kind):
    with database.read() as session:
        return session.scalars(select(Charge).where(Charge.kind == kind)).all()


def form(database, booking, **more):
    with database.read() as session:
        seen = session.scalar(select(func.max(BookingEvent.id)).where(BookingEvent.booking_id == booking.id))
    return {"position_2": "110,00", "grund": "Doch kein Samstag", "vorgang": str(uuid4()), "stand": str(seen), **more}


def test_from_the_booking_to_the_preview_to_the_note(client, posted, database, cashier, asked):
    (fees,) = the(database, "fees")
    page = f"{DESK}/kasse/gutschrift/{fees.id}"
    assert page in client.get(f"{DESK}/buchung/{asked.id}").text
    seen = flat(client.get(page).text)
    assert "Trauung am Samstag" in seen and "höchstens 110,00 €" in seen and "Gebührenbescheid" in seen
    typed = form(database, asked)
    foreseen = flat(posted(f"{page}/vorschau", **typed).text)
    assert "110,00 € werden erlassen." in foreseen and "Sie müssen weniger bezahlen" in foreseen
    assert f'name="vorgang" value="{typed["vorgang"]}"' in foreseen and the(database, CREDIT) == []
    for _click in range(2):
        assert posted(page, **typed).headers["location"] == f"{DESK}/buchung/{asked.id}"
    (note,) = the(database, CREDIT)
    seen = flat(client.get(f"{DESK}/buchung/{asked.id}").text)
    assert "(Gutschrift)" in seen and "Änderungsbescheid" in seen and f"{DESK}/kasse/gutschrift/{note.id}" not in seen
    document = client.get(f"{DESK}/buchung/{asked.id}/bescheid/{note.id}")
    assert document.status_code == 200 and document.content.startswith(b"%PDF")


def test_over_htmx_the_booking_comes_back(posted, database, cashier, asked):
    (fees,) = the(database, "fees")
    answer = posted(f"{DESK}/kasse/gutschrift/{fees.id}", htmx=True, **form(database, asked))
    assert answer.status_code == 200 and "Gutschrift geschrieben" in answer.text and 'id="buchung"' in answer.text


@pytest.mark.parametrize("noun", ["", "/vorschau"])
def test_what_is_typed_wrongly_is_said_beside_the_field_and_kept(posted, database, cashier, asked, noun):
    (fees,) = the(database, "fees")
    page = f"{DESK}/kasse/gutschrift/{fees.id}{noun}"
    answer = posted(page, **form(database, asked, position_1="viel", grund=""))
    assert answer.status_code == 422 and 'value="viel"' in answer.text
    assert 'id="position_1-error"' in answer.text and 'id="grund-error"' in answer.text
    answer = posted(page, **form(database, asked, position_2="110,01"))
    assert answer.status_code == 422 and "höchstens 110,00" in flat(answer.text)
    assert posted(page, **form(database, asked, position_2="")).status_code == 422
    assert the(database, CREDIT) == []


def test_a_single_position_is_filled_in_and_one_that_is_gone_offers_nothing(client, posted, database, cashier, asked):
    with database.write() as session:
        booking = session.get_one(Booking, asked.id)
        ledger.charge(session, booking, DUNNING, [Line(DUNNING, "Mahngebühr", 500)], NOW)
    (fee,) = the(database, DUNNING)
    page = f"{DESK}/kasse/gutschrift/{fee.id}"
    assert 'value="5,00' in client.get(page).text
    typed = form(database, asked, position_1="5,00")
    typed.pop("position_2")
    assert posted(page, **typed).status_code == 303
    assert "nichts mehr gutschreiben" in client.get(page).text
    assert posted(page, **typed | {"vorgang": str(uuid4())}).status_code == 409


def test_only_the_cashier_writes_them(client, posted, database, town, asked):
    (fees,) = the(database, "fees")
    page = f"{DESK}/kasse/gutschrift/{fees.id}"
    for role, may in {"registrar": False, "auditor": False, "cashier": True, "head": True}.items():
        become(client, database, colleague(database, town, role, f"Herr {role.title()}"))
        assert (page in client.get(f"{DESK}/buchung/{asked.id}").text) is may
        assert client.get(page).status_code == (200 if may else 403)
        assert (posted(f"{page}/vorschau", **form(database, asked)).status_code == 200) is may
    assert the(database, CREDIT) == []


@pytest.mark.parametrize("with_stand", [True, False])
def test_of_two_cashiers_at_once_one_writes_it_and_the_other_is_told(app, database, town, asked, with_stand):
    (fees,) = the(database, "fees")
    typed = form(database, asked)
    typed.pop("vorgang")  # each has a form of their own
    if not with_stand:
        typed.pop("stand")
    base = "http://testserver.local"
    with TestClient(app, base_url=base) as one, TestClient(app, base_url=base) as other:
        become(one, database, colleague(database, town, "cashier", "Herr Winter"))
        become(other, database, colleague(database, town, "head", "Frau Herbst"))
        answers = at_once((one, other), f"{DESK}/kasse/gutschrift/{fees.id}", typed)
    assert sorted(answer.status_code for answer in answers) == [303, 409 if with_stand else 422]
    assert [note.cents for note in the(database, CREDIT)] == [-11000]
    with database.read() as session:
        told = session.scalars(select(Letter.kind).where(Letter.kind == "credited")).all()
        assert told == ["credited"] and ledger.account(session, asked.id).owed == 6000
