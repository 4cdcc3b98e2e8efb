"""The cash book: what should be in the till, what was counted, and days that never change once they are closed."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.booking import at_counter, cash_sheets, lifecycle
from buchbar.booking.models import BookingEvent
from buchbar.notices import outbox
from buchbar.notices.models import Errand
from buchbar.payments import till, workers
from buchbar.payments.cash_book import CashDay
from buchbar.payments.models import Refund
from tests.cast import CLERK, NOW, SATURDAY, confirmed, slot_at
from tests.clerks import become, colleague

PAGE = "/diepholz/amt/kasse/kassenbuch"
DAY = timedelta(days=1)


@pytest.fixture
def booking(session, cast):
    return confirmed(session, cast, slot_at(SATURDAY, 9))


def take(session, booking, cents, how="cash", at=NOW):
    payment_id = uuid4()
    at_counter.take(session, booking, payment_id, cents, how, at, CLERK)
    return payment_id


def put(session, booking, cents, at=NOW, move_id=None):
    till.put(session, booking.municipality_id, move_id or uuid4(), cents, "Zur Bank gebracht", at, "Frau Sommer")


def close(session, booking, counted, expected=None, note="", at=NOW):
    return till.close(
        session,
        booking.municipality_id,
        at.date(),
        expected=counted if expected is None else expected,
        counted=counted,
        note=note,
        at=at,
        by="Frau Sommer",
    )


def test_the_till_holds_what_came_less_what_went(session, booking):
    put(session, booking, 5000)
    take(session, booking, 7000)
    mistaken = take(session, booking, 2000)
    at_counter.undo(session, booking, mistaken, "Verzählt", NOW, CLERK)
    take(session, booking, 3000, "terminal")
    put(session, booking, -4000)
    held = till.today(session, booking.municipality_id)
    assert [move.kind for move in held.cash].count("taken") == 2
    assert (held.opening, held.expected, held.by_card) == (0, 8000, 3000)


def test_the_next_day_begins_with_what_was_counted(session, booking):
    take(session, booking, 7000)
    close(session, booking, 6950, expected=7000, note="50 Cent zu viel herausgegeben", at=NOW + timedelta(hours=1))
    take(session, booking, 1000, at=NOW + timedelta(hours=2))  # after the till was closed
    first = till.today(session, booking.municipality_id)
    assert (first.opening, first.expected) == (6950, 7950)
    second = close(session, booking, 7950, at=NOW + DAY)
    assert (second.serial, second.opening) == (2, 6950)
    (one, two) = reversed(till.days(session, booking.municipality_id, 2026))
    assert [move.cents for move in till.of_day(session, one).cash] == [7000]
    assert [move.cents for move in till.of_day(session, two).cash] == [1000]
    assert till.years(session, booking.municipality_id) == [2026]


def test_a_difference_needs_its_reason(session, booking):
    take(session, booking, 7000)
    with pytest.raises(Invalid, match="woher der Unterschied"):
        close(session, booking, 6950, expected=7000)


def test_who_counted_before_more_money_came_counts_again(session, booking):
    take(session, booking, 7000)
    take(session, booking, 1000)
    with pytest.raises(Invalid, match="80,00"):
        close(session, booking, 7000)


def test_closing_twice_closes_once_and_no_day_is_closed_twice(session, booking):
    take(session, booking, 7000)
    assert close(session, booking, 7000) is close(session, booking, 7000)
    with pytest.raises(Refused, match="schon abgeschlossen"):
        close(session, booking, 6000, note="Doch weniger", at=NOW + timedelta(hours=1))
    take(session, booking, 1000, at=NOW + timedelta(hours=2))
    put(session, booking, -500, at=NOW + timedelta(hours=2))
    with pytest.raises(Refused, match="schon abgeschlossen"):
        close(session, booking, 7000, expected=7500, note="Fünf Euro fehlen", at=NOW + timedelta(hours=3))


def test_more_than_is_in_the_till_is_not_taken_out(session, booking):
    take(session, booking, 7000)
    with pytest.raises(Invalid, match="70,00"):
        put(session, booking, -8000)
    put(session, booking, -7000)
    put(session, booking, 8000)


def test_a_move_by_mistake_is_taken_back_once_and_stays_in_the_book(session, booking):
    town, mistaken, later = booking.municipality, uuid4(), NOW + timedelta(hours=1)
    take(session, booking, 7000)
    put(session, booking, -5000, move_id=mistaken)
    for _click in range(2):
        till.take_back(session, town, mistaken, later, "Frau Sommer")
    held = till.today(session, town.id)
    assert held.expected == 7000 and [move.cents for move in held.cash if move.kind == "moved"] == [-5000, 5000]
    (undone,) = (move for move in held.cash if move.takes_back_id)
    assert undone.words == "Zurückgenommen: Zur Bank gebracht"
    assert till.to_take_back(held, later.date(), town.zone) == set()
    with pytest.raises(Refused, match="am selben Tag"):
        till.take_back(session, town, undone.id, later, "Frau Sommer")
    with pytest.raises(NotFound):
        till.take_back(session, town, uuid4(), later, "Frau Sommer")


def test_a_move_is_not_taken_back_after_its_day_nor_where_its_money_is_gone(session, booking):
    town, change, given = booking.municipality, uuid4(), uuid4()
    put(session, booking, 5000, move_id=change)
    put(session, booking, -4000)
    with pytest.raises(Refused, match="fehlen 40,00"), session.begin_nested():
        till.take_back(session, town, change, NOW, "Frau Sommer")
    put(session, booking, 500, move_id=given)
    with pytest.raises(Refused, match="am selben Tag"):
        till.take_back(session, town, given, NOW + DAY, "Frau Sommer")
    close(session, booking, 1500)
    with pytest.raises(Refused, match="am selben Tag"):
        till.take_back(session, town, given, NOW + timedelta(hours=1), "Frau Sommer")


def test_the_same_move_twice_is_once(session, booking):
    move_id = uuid4()
    for _click in range(2):
        put(session, booking, 5000, move_id=move_id)
    assert till.today(session, booking.municipality_id).expected == 5000


def test_who_paid_cash_gets_cash_back_at_the_counter(session, booking):
    take(session, booking, 17000)
    lifecycle.cancel(session, booking, NOW, CLERK)
    (refund,) = till.to_pay_out(session, booking.municipality_id)
    for _click in range(2):
        at_counter.pay_out(session, refund, NOW, CLERK)
    assert (refund.state, refund.cents, refund.paid_out_by) == ("done", 17000, "Frau Sommer")
    assert till.today(session, booking.municipality_id).expected == 0
    assert till.to_pay_out(session, booking.municipality_id) == []
    assert session.scalars(select(BookingEvent.by_name).where(BookingEvent.verb == "pay_out")).all() == ["Frau Sommer"]


def test_no_job_gives_back_what_goes_back_at_the_counter(database, town):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
        take(session, booking, 17000)
        lifecycle.cancel(session, booking, NOW, CLERK)
    outbox.work_off(database, {"refund": workers.WORKERS["refund"]}, lambda: NOW)
    with database.read() as session:
        assert session.scalars(select(Errand.state).where(Errand.kind == "refund")).all() == ["done"]
        assert session.scalars(select(Refund.state)).all() == ["wanted"]


def test_the_page_for_the_files_has_dates_over_several_days_and_says_what_went_to_the_bank(session, booking):
    at_counter.take(session, booking, uuid4(), 17000, "cash", NOW, CLERK)
    put, taken = uuid4(), uuid4()
    later = NOW + timedelta(days=1)
    town = booking.municipality
    till.put(session, town.id, put, 5000, "Wechselgeld eingelegt", later, "Frau Sommer")
    till.put(session, town.id, taken, -9000, "Zur Bank gebracht: Sparkasse", later, "Frau Sommer")
    till.take_back(session, town, put, later + timedelta(minutes=1), "Frau Sommer")
    count = {"expected": 8000, "counted": 8000, "note": "", "by": "Frau Sommer"}
    day = till.close(session, town.id, later.date(), at=later + timedelta(hours=1), **count)
    said = cash_sheets.as_document(town, day, till.of_day(session, day), {})
    amounts = dict(said["sums"])
    assert amounts["Zur Bank gebracht"].startswith("-90,00") and amounts["Wechselgeld eingelegt"].startswith("0,00")
    first, *_others, last = said["cash"]
    assert first[0].startswith("23.11.2026 ") and last[0].startswith("24.11.2026 ")
    assert not [words for _at, words, *_rest in said["cash"] if "Ohne Buchung" in words]


def test_there_is_no_day_that_was_not_closed(session, booking):
    with pytest.raises(NotFound):
        till.day_of(session, booking.municipality_id, NOW.date())


# --- Pages ------------------------------------------------------------------------------------------------


@pytest.fixture
def cashier(client, database, town):
    clerk = colleague(database, town, "cashier", "Frau Kasse")
    become(client, database, clerk)
    return clerk


@pytest.fixture
def asked(database, town):
    with database.write() as session:
        return confirmed(session, town, slot_at(SATURDAY, 9))


def test_a_cashier_counts_closes_and_takes_the_day_along(client, posted, database, town, cashier, asked, clock):
    with database.write() as session:
        at_counter.take(session, session.merge(asked), uuid4(), 17000, "cash", NOW, CLERK)
    clock.now += timedelta(hours=1)
    page = client.get(PAGE).text
    assert "170,00" in page and asked.number in page and "2026-000001" in page
    put = {"richtung": "bank", "summe": "100", "zweck": "Sparkasse", "vorgang": str(uuid4())}
    asked = posted(f"{PAGE}/bewegung", **put)
    assert asked.status_code == 200 and "Zur Bank gebracht: Sparkasse" in asked.text and "70,00" in asked.text
    assert "170,00" in client.get(PAGE).text and put["vorgang"] in asked.text
    put["sicher"] = "ja"
    for _click in range(2):
        assert posted(f"{PAGE}/bewegung", **put).status_code == 303
    clock.now += timedelta(minutes=1)
    wrong = posted(f"{PAGE}/abschluss", gezaehlt="69,50", erwartet="7000")
    assert wrong.status_code == 422 and 'id="bemerkung-error"' in wrong.text and 'value="69,50"' in wrong.text
    count = {"gezaehlt": "69,50", "erwartet": "7000", "bemerkung": "Verzählt"}
    asked = posted(f"{PAGE}/abschluss", **count)
    assert asked.status_code == 200 and "endgültig" in asked.text and "-0,50" in asked.text
    assert "Noch ist kein Tag abgeschlossen" in client.get(PAGE).text
    for _click in range(2):
        assert posted(f"{PAGE}/abschluss", sicher="ja", **count).status_code == 303
    page = client.get(f"{PAGE}?erledigt=abgeschlossen").text
    assert "Die Kasse ist abgeschlossen." in page and "-0,50" in page and "Verzählt" in page
    assert page.count("data-focus") == 1 and "Gespeichert." not in page  # said once, and there the focus goes
    day = f"{PAGE}/2026-11-23"
    assert client.get(f"{day}/pdf").content.startswith(b"%PDF")
    (tmp := client.get(f"{day}/xlsx")).raise_for_status()
    assert tmp.headers["content-disposition"].endswith('kassenbuch-2026-11-23.xlsx"')
    listed = client.get(f"{day}/json").json()
    assert [row["cents"] for row in listed] == [0, 17000, -10000, -50]
    assert [row["left"] for row in listed] == [0, 17000, 7000, 6950]
    assert client.get(f"{PAGE}/2026-11-24/pdf").status_code == 404
    assert client.get(f"{PAGE}/gestern/pdf").status_code == 404


def test_a_closed_till_is_not_closed_again_the_same_day(client, posted, database, cashier, clock):
    count = {"gezaehlt": "0", "erwartet": "0", "sicher": "ja"}
    assert posted(f"{PAGE}/abschluss", **count).status_code == 303
    page = client.get(PAGE).text
    assert "Heute abgeschlossen um " in page and "Uhr (Frau Kasse)" in page and 'name="gezaehlt"' not in page
    clock.now += timedelta(hours=1)
    put = {"richtung": "wechselgeld", "summe": "50", "sicher": "ja", "vorgang": str(uuid4())}
    assert posted(f"{PAGE}/bewegung", **put).status_code == 303
    again = posted(f"{PAGE}/abschluss", gezaehlt="50", erwartet="5000", sicher="ja")
    assert again.status_code == 409 and "schon abgeschlossen" in again.text and "Kassenbuch" in again.text
    clock.now += DAY
    become(client, database, cashier, clock.now)
    assert 'name="gezaehlt"' in client.get(PAGE).text


def test_a_mistaken_move_is_refused_or_taken_back_on_the_page(client, posted, database, cashier, clock):
    put = {"richtung": "bank", "summe": "50.000,00", "vorgang": str(uuid4())}
    page = posted(f"{PAGE}/bewegung", **put)
    assert page.status_code == 422 and 'id="summe-error"' in page.text and "0,00" in page.text
    put |= {"richtung": "wechselgeld", "sicher": "ja"}
    assert posted(f"{PAGE}/bewegung", **put).status_code == 303
    back = f"/bewegung/{put['vorgang']}/ruecknahme"
    assert back in client.get(PAGE).text
    assert posted(f"{PAGE}{back}").status_code == 303
    page = client.get(f"{PAGE}?erledigt=zurueck").text
    assert "ist zurückgenommen" in page and "Zurückgenommen: Wechselgeld eingelegt" in page and back not in page
    put |= {"vorgang": str(uuid4())}
    posted(f"{PAGE}/bewegung", **put)
    clock.now += DAY
    become(client, database, cashier, clock.now)
    late = posted(f"{PAGE}/bewegung/{put['vorgang']}/ruecknahme")
    assert late.status_code == 409 and "am selben Tag" in late.text
    assert posted(f"{PAGE}/bewegung/{uuid4()}/ruecknahme").status_code == 404


def test_who_reloads_what_a_form_led_to_comes_back_to_the_page(client, cashier):
    for form in ("bewegung", "abschluss"):
        answer = client.get(f"{PAGE}/{form}", follow_redirects=False)
        assert answer.status_code == 303 and answer.headers["location"] == PAGE


def test_money_goes_back_over_the_counter(client, posted, database, town, cashier, asked):
    with database.write() as session:
        booking = session.merge(asked)
        at_counter.take(session, booking, uuid4(), 17000, "terminal", NOW, CLERK)
        lifecycle.cancel(session, booking, NOW, CLERK)
    page = client.get(PAGE).text
    assert "Auszuzahlen" in page and "am Terminal" in page
    with database.read() as session:
        refund = session.scalars(select(Refund)).one()
    assert posted(f"{PAGE}/auszahlung/{refund.id}").status_code == 303
    assert "Auszuzahlen" not in client.get(PAGE).text
    assert posted(f"{PAGE}/auszahlung/{uuid4()}").status_code == 404


def test_who_only_reads_the_books_moves_nothing(client, posted, database, town):
    become(client, database, colleague(database, town, "auditor"))
    page = client.get(PAGE)
    assert page.status_code == 200 and "abschluss" not in page.text
    for form in ("bewegung", "abschluss", f"auszahlung/{uuid4()}"):
        assert posted(f"{PAGE}/{form}").status_code == 403
    become(client, database, colleague(database, town, "registrar"))
    assert client.get(PAGE).status_code == 403


def test_nothing_is_put_in_and_no_day_is_closed_without_a_number(posted, cashier, database):
    answer = posted(f"{PAGE}/bewegung", richtung="", summe="0")
    assert answer.status_code == 422 and 'id="summe-error"' in answer.text and 'id="richtung-error"' in answer.text
    assert posted(f"{PAGE}/abschluss", gezaehlt="", erwartet="x").status_code == 422
    with database.read() as session:
        assert session.scalars(select(CashDay)).all() == []
