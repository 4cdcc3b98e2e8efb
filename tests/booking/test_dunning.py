"""Dunning: who is reminded, who isn't and why, each level once; and how it is stopped."""

from datetime import date, timedelta
from uuid import uuid4

import pypdfium2
import pytest
from sqlalchemy import select

from buchbar.base.errors import NotFound
from buchbar.booking import dunning_run, dunning_stops, lifecycle, papers
from buchbar.booking.events import Actor
from buchbar.booking.models import Booking, BookingEvent
from buchbar.booking.terms import Terms
from buchbar.calendar.walls import at
from buchbar.notices.models import Errand, Letter
from buchbar.payments import ledger
from buchbar.payments.dunning import DunningNotice
from buchbar.payments.models import Charge, Payment
from buchbar.payments.rules import DunningLevel, MoneyRules
from tests.booking.crowd import crowded, in_transaction, together
from tests.booking.many import many
from tests.booking.money import pay
from tests.cast import BERLIN, CLERK, NOW, SATURDAY, assemble, confirmed, slot_at
from tests.clerks import become, colleague, counted

RUN = "/diepholz/amt/kasse/mahnlauf"
STOP = "/diepholz/amt/kasse/mahnstopp"
FEES = 17000
LEVELS = (DunningLevel(days=7), DunningLevel(days=10, cents=500, words="Erster Absatz.\n\nZweiter.", pay_days=7))
# Due on 7 December; the first level is a week later, and gives two weeks.
FIRST, SECOND = (at(date(2026, 12, day), 600, BERLIN) for day in (14, 29))


@pytest.fixture
def town(database):
    with database.write() as session:
        made = assemble(session, Terms(payment="later"))
        session.add(
            MoneyRules(municipality_id=made.town.id, dunning=LEVELS, ways=("transfer",), payee="Stadt Diepholz",
                       iban="DE02120300000000202051")
        )  # fmt: skip
        return made


@pytest.fixture
def firm(database, town):
    """Anna and Ben have their date and owe the fees."""
    with database.write() as session:
        return confirmed(session, town, slot_at(SATURDAY, 9))


@pytest.fixture
def cashier(client, database, town, clock):
    clerk = colleague(database, town, "cashier")
    become(client, database, clerk, FIRST)
    clock.now = FIRST
    return clerk


def run(database, town, now, number=1, booking=None, least=0):
    """A run for one booking, or for all; how many letters."""
    with database.write() as session:
        ids = [booking.id] if booking else list(session.scalars(select(Booking.id)))
        return len(dunning_run.run(session, town.town, [(each, number) for each in ids], now, CLERK, least))


def rehearsed(database, town, now, least=0):
    """The level that would be written, or why none is."""
    with database.read() as session:
        rehearsal = dunning_run.rehearse(session, town.town, now, least)
        return [row.number for row in rehearsal.reminders] + [each.why for each in rehearsal.left]


def letters(database):
    with database.read() as session:
        return session.scalars(select(Letter).where(Letter.kind == "dunned").order_by(Letter.written_at)).all()


def the_charge(session, kind="fees"):
    return session.scalars(select(Charge).where(Charge.kind == kind)).one()


def test_first_a_friendly_reminder_then_a_letter_with_a_fee_then_nothing_more(database, town, firm):
    assert rehearsed(database, town, NOW) == [] and rehearsed(database, town, FIRST) == [1]
    assert "Stufe 1 ist ab 14.12.2026 möglich." in rehearsed(database, town, FIRST - timedelta(days=1))
    assert run(database, town, FIRST) == 1
    (friendly,) = letters(database)
    assert friendly.to_address == firm.email and "Vielleicht haben Sie es nur übersehen." in friendly.text.replace(
        "\n", " "
    )
    assert "28. Dezember 2026" in friendly.text and "170,00" in friendly.text
    assert "DE02 1203 0000 0000 2020 51" in friendly.text and "Mahngebühr" not in friendly.text
    assert rehearsed(database, town, SECOND - timedelta(days=1)) == ["Stufe 2 ist ab 29.12.2026 möglich."]
    assert run(database, town, SECOND, 2) == 1
    formal = letters(database)[1]
    assert "Erster Absatz." in formal.text and "Zweiter." in formal.text and "175,00" in formal.text
    with database.read() as session:
        fee = the_charge(session, "dunning")
        assert (fee.cents, fee.due_on) == (500, date(2027, 1, 5))
        notices = session.scalars(select(DunningNotice).order_by(DunningNotice.level)).all()
        assert [(each.level, each.open_cents, each.fee_id) for each in notices] == [(1, FEES, None), (2, FEES, fee.id)]
    (last,) = rehearsed(database, town, SECOND + timedelta(days=60))
    assert last.startswith("Alle Mahnstufen sind durchlaufen."), "and nobody is reminded of the fee by itself"


def test_the_history_says_which_level_and_by_when(client, database, town, cashier, firm):
    run(database, town, FIRST)
    become(client, database, town.clerk, FIRST)
    page = client.get(f"/diepholz/amt/buchung/{firm.id}").text
    assert "An die Zahlung erinnert: 170,00" in page and "Stufe 1, zahlbar bis 28.12.2026" in page
    become(client, database, cashier, FIRST)
    assert "Stufe 1" in client.get("/diepholz/amt/kasse/offen?stufe=1").text


def test_a_run_that_is_sent_twice_writes_once(database, town, firm):
    assert [run(database, town, FIRST), run(database, town, FIRST), run(database, town, FIRST, 2)] == [1, 0, 0]
    assert len(letters(database)) == 1


def test_runs_at_once_write_each_level_once(database_url, town, firm):
    with crowded(database_url, pool=8) as crowd:

        def go(session):
            return len(dunning_run.run(session, town.town, [(firm.id, 1)], FIRST, CLERK, 0))

        assert sorted(together([in_transaction(crowd, go)] * 4)) == [0, 0, 0, 1]
        assert len(letters(crowd)) == 1


def test_who_pays_while_the_run_is_under_way_is_dunned_or_not_but_never_wrongly(database_url, town, firm):
    with crowded(database_url, pool=8) as crowd:

        def settle(session):
            pay(session, session.get_one(Booking, firm.id), FIRST)

        def go(session):
            return len(dunning_run.run(session, town.town, [(firm.id, 1)], FIRST, CLERK, 0))

        together([in_transaction(crowd, settle), in_transaction(crowd, go)])
        with crowd.read() as session:
            told = select(BookingEvent.verb).where(BookingEvent.verb.in_(("pay", "dun"))).order_by(BookingEvent.id)
            assert session.scalars(told).all() in (["pay"], ["dun", "pay"])


def test_what_is_paid_is_never_dunned(database, town, firm):
    with database.write() as session:
        pay(session, session.get_one(Booking, firm.id), FIRST)
    assert rehearsed(database, town, FIRST) == [] and run(database, town, FIRST) == 0


def change(database, firm, **values):
    with database.write() as session:
        booking = session.get_one(Booking, firm.id)
        for name, value in values.items():
            setattr(booking, name, value)


def under_way(database, firm):
    with database.write() as session:
        session.add(
            Payment(municipality_id=firm.municipality_id, booking_id=firm.id, cents=FEES, started_at=NOW,
                    expires_at=NOW, intent_id="pi_1")
        )  # fmt: skip


def bounce(database, firm):
    with database.write() as session:
        letter = session.scalars(select(Letter).where(Letter.to_address == firm.email)).first()
        session.scalars(select(Errand).where(Errand.subject_id == letter.id)).one().state = "failed"


def halt(database, firm):
    with database.write() as session:
        charge = the_charge(session)
        charge.stopped_until, charge.stop_reason = date(2026, 12, 14), "Raten"


def pays_at_the_office(database, firm):
    with database.write() as session:
        session.get_one(Booking, firm.id).policy.terms = Terms(payment="optional")


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (halt, "Mahnstopp bis 14.12.2026: Raten"),
        (under_way, "Eine Zahlung ist unterwegs."),
        (bounce, "Eine E-Mail ist nicht angekommen. Bitte erst die Adresse klären."),
        (pays_at_the_office, "Kann bis zum Termin im Amt bezahlt werden."),
        (
            lambda database, firm: change(database, firm, state="payable"),
            "Die Frist der Reservierung läuft noch; ohne Zahlung endet sie von selbst.",
        ),
        (lambda database, firm: change(database, firm, email=""), "Es gibt keine Anschrift mehr."),
    ],
)
def test_why_somebody_is_not_reminded(database, town, firm, happens, why):
    happens(database, firm)
    assert rehearsed(database, town, FIRST) == [why]
    assert run(database, town, FIRST) == 0


def test_a_request_that_nobody_has_agreed_to_is_no_debt(database, town, firm):
    change(database, firm, state="requested")
    assert rehearsed(database, town, FIRST) == [] and run(database, town, FIRST) == 0


def test_who_has_no_email_gets_it_on_paper(database, town, firm):
    change(database, firm, email="", channel="telephone")
    assert run(database, town, FIRST) == 1
    (letter,) = letters(database)
    assert letter.paper is not None and "170,00" in letter.text and "<svg" not in letter.text
    ((_kind, words, drawn),) = [part for part in letter.paper if part[0] == "picture"]
    assert words.startswith("GiroCode") and drawn.startswith("<svg")
    with database.read() as session:
        printed = papers.as_pdf(session, [(letter, session.get_one(Booking, firm.id))], way_on=False)
    (page,) = pypdfium2.PdfDocument(printed)
    assert "GiroCode" in page.get_textpage().get_text_range()


def test_the_letter_names_the_document_what_it_is_for_what_has_come_and_how_to_pay_the_rest(database, town, firm):
    with database.write() as session:
        pay(session, session.get_one(Booking, firm.id), NOW, 5000)
        charge = the_charge(session)
    assert run(database, town, FIRST) == 1
    (letter,) = letters(database)
    for words in (
        f"Gebührenbescheid {charge.readable} vom 23.11.2026, fällig seit 07.12.2026",
        "Wofür: Anmeldung und Eheschließung, Trauung am Samstag (15.05.2027)",
        "Betrag: 170,00 €\nSchon bezahlt: 50,00 €\nNoch offen: 120,00 €",
        f"Betrag: 120,00 €\nVerwendungszweck: {charge.readable}",
    ):
        assert words in letter.text.replace("\xa0", " "), letter.text


def test_small_amounts_are_not_worth_a_letter(database, town, firm):
    assert rehearsed(database, town, FIRST, FEES) == [1]
    assert rehearsed(database, town, FIRST, FEES + 1) == ["Der Betrag ist dafür zu klein."]


def test_whoever_moves_still_owes_the_fee(database, town, firm):
    run(database, town, FIRST)
    run(database, town, SECOND, 2)
    with database.write() as session:
        booking = session.get_one(Booking, firm.id)
        lifecycle.lock(session, booking)
        ledger.recharge(session, booking, [ledger.Line("base", "Anmeldung und Eheschließung", 6000)], SECOND)
        assert ledger.account(session, booking.id).owed == 6500


def test_the_cashier_looks_at_a_run_and_does_it(client, posted, database, cashier, firm):
    page = client.get(RUN).text
    assert firm.number in page and f'value="{firm.id}:1" checked' in page and "Gebühr 5,00" in page
    done = posted(RUN, ab="5,00", mahnung=f"{firm.id}:1").text
    assert "Ein Schreiben ist auf dem Weg." in done and "Anna Müller" in done and "Zusammen 170,00" in done
    assert "Nicht geschrieben" not in done
    again = posted(RUN, ab="5,00", mahnung=f"{firm.id}:1").text
    assert "Nicht geschrieben" in again and "Anna Müller" in again and len(letters(database)) == 1
    assert "Heute ist niemand zu erinnern." in client.get(RUN).text


def test_a_rehearsal_asks_no_more_for_many(database, town, firm):
    with counted(database) as few:
        rehearsed(database, town, FIRST)
    with database.write() as session:
        many(session, town, 100)
    with counted(database) as as_few:
        found = rehearsed(database, town, FIRST)
    assert len(found) > 40 and len(as_few) == len(few)


def test_a_run_looks_at_many_as_at_one(database, town, firm):
    """What grows with it is only the letters' own writing."""
    with counted(database) as few:
        assert run(database, town, FIRST, 2) == 0
    with database.write() as session:
        many(session, town, 100)
    with counted(database) as as_few:
        assert run(database, town, FIRST, 2) == 0
    assert len(as_few) <= len(few) + 1, "some letters are on paper"


def test_nothing_ticked_and_a_strange_amount_are_said(client, posted, cashier, firm):
    answer = posted(RUN, ab="5,00")
    assert answer.status_code == 422 and "Bitte kreuzen Sie mindestens eine Zeile an." in answer.text
    answer = posted(RUN, ab="wenig", mahnung=[f"{firm.id}:1", "quatsch"])
    assert (
        answer.status_code == 422 and 'value="wenig"' in answer.text and f'value="{firm.id}:1" checked' in answer.text
    )
    assert posted(RUN, ab="5,00", mahnung=f"{uuid4()}:1").status_code == 404


def test_a_town_without_levels_is_proposed_some(client, database, cashier, town, firm):
    with database.write() as session:
        session.scalars(select(MoneyRules)).one().dunning = ()
    page = client.get(RUN).text
    assert "Noch keine eigenen Mahnstufen" in page and f"{firm.id}:1" in page


def test_dunning_is_stopped_until_a_day_and_goes_on(client, posted, database, cashier, town, firm):
    with database.read() as session:
        charge = the_charge(session)
    address = f"{STOP}/{charge.id}"
    assert f"mahnstopp/{charge.id}" in client.get("/diepholz/amt/kasse/offen").text
    assert client.get(address).status_code == 200
    wrong = posted(address, bis="2026-12-01", grund="")
    assert wrong.status_code == 422 and 'value="2026-12-01"' in wrong.text and 'id="grund-error"' in wrong.text
    for _twice in range(2):
        assert posted(address, bis="2027-01-31", grund="Raten vereinbart").status_code == 303
    assert rehearsed(database, town, FIRST) == ["Mahnstopp bis 31.01.2027: Raten vereinbart"]
    assert "Raten vereinbart" in client.get(address).text
    become(client, database, town.clerk, FIRST)
    assert "Raten vereinbart" in client.get(f"/diepholz/amt/buchung/{firm.id}").text
    become(client, database, cashier, FIRST)
    for _twice in range(2):
        assert posted(f"{address}/ende").status_code == 303
    assert rehearsed(database, town, FIRST) == [1]
    with database.read() as session:
        verbs = session.scalars(select(BookingEvent.verb).where(BookingEvent.verb.contains("_dunning"))).all()
    assert verbs == ["stop_dunning", "resume_dunning"]


def test_what_was_written_stands_beside_the_stop(client, database, cashier, town, firm):
    run(database, town, FIRST)
    with database.read() as session:
        charge = the_charge(session)
    assert "Stufe 1 vom 14.12.2026 (Frau Sommer): 170,00" in client.get(f"{STOP}/{charge.id}").text.replace("\xa0", " ")


def test_only_the_cashier_of_the_town_duns(client, posted, database, town, firm):
    with database.write() as session:
        other = assemble(session, slug="vechta")
        charge = the_charge(session)
    become(client, database, colleague(database, other, "cashier"))
    assert posted("/vechta/amt/kasse/mahnlauf", ab="5", mahnung=f"{firm.id}:1").status_code == 404
    assert client.get(f"/vechta/amt/kasse/mahnstopp/{charge.id}").status_code == 404
    become(client, database, colleague(database, town, "auditor", "Frau Prüfer"))
    assert client.get(RUN).status_code == 403
    with database.write() as session, pytest.raises(NotFound):
        dunning_stops.stop(session, other.town, charge.id, date(2027, 1, 1), "x", NOW, Actor("clerk", "x"))


def test_one_letter_for_all_that_is_due_of_a_booking(database, town, firm):
    with database.write() as session:
        booking = session.get_one(Booking, firm.id)
        lifecycle.lock(session, booking)
        ledger.charge(session, booking, "change", [ledger.Line("saturday", "Samstag", 3000)], NOW)
    assert run(database, town, FIRST) == 1
    (letter,) = letters(database)
    assert "200,00" in letter.text and letter.text.count("fällig seit") == 2
    with database.read() as session:
        assert len(session.scalars(select(DunningNotice)).all()) == 2
