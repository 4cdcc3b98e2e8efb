"""Money that needs a clerk: shown to the right town, settled once, with who did it; and when nobody can pay."""

from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest
from sqlalchemy import select

from buchbar.booking import jobs, lifecycle, links
from buchbar.booking.models import Booking
from buchbar.notices import outbox
from buchbar.notices.models import Errand
from buchbar.payments import checkout, inbox, ledger, workers
from buchbar.payments.checkout import Message, Told
from buchbar.payments.models import Payment, ProviderEvent, Refund
from tests.cast import CLERK, NOW, SATURDAY, assemble, confirmed, reserved, slot_at
from tests.clerks import become, colleague

DESK = "/diepholz/amt"
FEES = 17000


@pytest.fixture
def cancelled(database, town):
    """Anna and Ben have paid, and the office has cancelled: a refund is to be sent."""
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
        session.add(
            Payment(municipality_id=town.town.id, booking_id=booking.id, cents=FEES, state="paid", intent_id="pi_1",
                    checkout_id="cs_1", started_at=NOW, expires_at=NOW, settled_at=NOW)
        )  # fmt: skip
        session.flush()
        lifecycle.pay(session, booking, NOW, CLERK, FEES)
        lifecycle.cancel(session, booking, NOW, CLERK)
        return booking


@pytest.fixture
def work(database, monkeypatch):
    """Work errands off while Stripe answers to every refund what the test says."""

    def run(answer):
        monkeypatch.setattr(checkout, "refund", lambda _settings, _refund: answer)
        outbox.work_off(database, workers.WORKERS, lambda: NOW)

    return run


def told(database, state, object_id, name="evt_1", **more):
    """Stripe sends a message, and it is worked off."""
    with database.write() as session:
        inbox.receive(
            session, Message(event_id=name, kind=state, told=Told(state=state, object_id=object_id, **more)), NOW
        )
    outbox.work_off(database, workers.WORKERS, lambda: NOW)


def only(database, kind):
    with database.read() as session:
        return session.scalars(select(kind)).one()


def refunds(database):
    with database.read() as session:
        return sorted((refund.state, refund.cents) for refund in session.scalars(select(Refund)))


def failed_errand(database):
    with database.read() as session:
        return session.scalars(select(Errand).where(Errand.state == "failed")).one()


def history(database, booking):
    with database.read() as session:
        return [(e.verb, e.by_name, e.data) for e in session.get_one(Booking, booking.id).events]


@pytest.mark.parametrize("htmx", [True, False])
def test_a_refund_that_stripe_gave_up_is_given_back_by_hand_and_never_sent_again(
    client, posted, database, town, cancelled, work, htmx
):
    work(Told(state="refund_failed", object_id="re_1", intent_id="pi_1"))
    become(client, database, town.clerk)
    page, errand = client.get(DESK).text, failed_errand(database)
    assert "Auf anderem Weg erstattet" in page and "Noch einmal versuchen" not in page
    here = f"{DESK}/postausgang/{errand.id}"
    assert posted(f"{here}/wiederholung").status_code == 409
    assert failed_errand(database).id == errand.id, "no retry that does nothing and hides it"
    assert posted(f"{here}/erstattung", htmx=htmx).status_code == (200 if htmx else 303)
    assert posted(f"{here}/erstattung", htmx=htmx).status_code == 404
    refund = only(database, Refund)
    assert (refund.state, refund.done_at) == ("done", NOW)
    assert history(database, cancelled)[-1] == ("repay", "Frau Sommer", {"cents": str(FEES)})
    with database.read() as session:
        assert session.get_one(Errand, errand.id).done_by == "Frau Sommer"
        account = ledger.account(session, cancelled.id)
        assert (account.owed, account.paid, account.returned) == (0, FEES, FEES)
        own_page = links.path(session, session.get_one(Booking, cancelled.id))
    assert "Auf anderem Weg erstattet" not in client.get(DESK).text
    assert "Auf anderem Weg erstattet: 170,00" in client.get(own_page).text


def test_a_refund_that_was_never_answered_is_tried_again_before_it_is_given_back_by_hand(
    client, posted, database, town, cancelled
):
    with database.write() as session:
        session.scalars(select(Errand).where(Errand.kind == "refund")).one().state = "failed"
    become(client, database, town.clerk)
    page, errand = client.get(DESK).text, failed_errand(database)
    assert "Auf anderem Weg erstattet" not in page and "Noch einmal versuchen" in page
    assert posted(f"{DESK}/postausgang/{errand.id}/erstattung").status_code == 409, "Stripe may have sent it"
    posted(f"{DESK}/postausgang/{errand.id}/wiederholung")
    assert posted(f"{DESK}/postausgang/{errand.id}/erstattung").status_code == 404, "it is on its way again"
    assert only(database, Refund).state == "wanted"


def test_a_bounced_refund_waits_for_its_own_town_and_for_no_other(client, posted, database, town, cancelled, work):
    work(Told(state="refunded", object_id="re_1", intent_id="pi_1"))
    told(database, "refund_failed", "re_1", intent_id="pi_1")
    assert refunds(database) == [("done", -FEES), ("done", FEES), ("failed", FEES)]
    here = f"/postausgang/{failed_errand(database).id}/"
    with database.write() as session:
        syke = assemble(session, slug="syke")
    become(client, database, colleague(database, syke, "administrator"))
    assert "Erstattung" not in client.get("/syke/amt").text
    for verb in ("wiederholung", "erstattung", "erledigung"):
        assert posted(f"/syke/amt{here}{verb}").status_code == 404
    become(client, database, town.clerk)
    page = client.get(DESK).text
    assert "Erstattung nicht angekommen: 170,00" in page and cancelled.number in page
    assert posted(f"{DESK}{here}erledigung").status_code == 409, "who dismissed it would keep the couple's money"
    assert posted(f"{DESK}{here}erstattung").status_code == 303
    assert (
        refunds(database) == [("done", -FEES), ("done", FEES), ("done", FEES)]
        and history(database, cancelled)[-1][0] == "repay"
    )


def test_what_failed_twice_about_one_refund_is_settled_at_once(client, posted, database, town, cancelled, work):
    work(Told(state="refund_failed", object_id="re_1", intent_id="pi_1"))
    told(database, "refund_failed", "re_1", intent_id="pi_1")
    with database.read() as session:
        failed = session.scalars(select(Errand).where(Errand.state == "failed")).all()
    assert len(failed) == 2
    become(client, database, town.clerk)
    assert posted(f"{DESK}/postausgang/{failed[0].id}/erstattung").status_code == 303
    assert "Was nicht geklappt hat" not in client.get(DESK).text
    assert [verb for verb, *_rest in history(database, cancelled)].count("repay") == 1


def test_a_dispute_is_noted_as_done_by_the_town_it_concerns(client, posted, database, town, cancelled, work):
    work(Told(state="refunded", object_id="re_1", intent_id="pi_1"))
    told(database, "disputed", "dp_1", intent_id="pi_1", cents=FEES)
    errand = failed_errand(database)
    become(client, database, town.clerk)
    page = client.get(DESK).text
    assert "Die Bank hat eine Zahlung zurückgefordert" in page and "Noch einmal versuchen" not in page
    assert posted(f"{DESK}/postausgang/{errand.id}/wiederholung").status_code == 409
    assert "Als erledigt vermerkt" in posted(f"{DESK}/postausgang/{errand.id}/erledigung", htmx=True).text
    with database.read() as session:
        done = session.get_one(Errand, errand.id)
        assert (done.state, done.done_at, done.done_by) == ("done", NOW, "Frau Sommer")
        own_page = links.path(session, session.get_one(Booking, cancelled.id))
    assert history(database, cancelled)[-1][:2] == ("dismiss", "Frau Sommer")
    assert "Als erledigt vermerkt" not in client.get(own_page).text, "that is the desk's own business"


def test_a_payment_that_does_not_fit_is_shown_to_its_own_town(client, database, town):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
        session.add(
            Payment(municipality_id=town.town.id, booking_id=booking.id, cents=FEES, checkout_id="cs_1",
                    started_at=NOW, expires_at=NOW)
        )  # fmt: skip
    told(database, "paid", "cs_1", cents=1)
    become(client, database, town.clerk)
    assert "Der bezahlte Betrag ist nicht der verlangte" in client.get(DESK).text
    assert only(database, ProviderEvent).payment_id == only(database, Payment).id


def test_an_auditor_settles_nothing(client, posted, database, town, cancelled, work):
    work(Told(state="refund_failed", object_id="re_1", intent_id="pi_1"))
    become(client, database, colleague(database, town, "auditor"))
    assert posted(f"{DESK}/postausgang/{failed_errand(database).id}/erstattung").status_code == 403
    assert posted(f"{DESK}/postausgang/{uuid4()}/erstattung").status_code == 403


# --- When a booking can be paid -----------------------------------------------------------------------------


def own_page(database, booking):
    with database.read() as session:
        return links.path(session, session.get_one(Booking, booking.id))


def refused(client, posted, database, booking, sentence):
    """The page shows no button, the server refuses, and no attempt was begun."""
    page = own_page(database, booking)
    assert "jetzt bezahlen" not in client.get(page).text
    answer = posted(f"{page}/zahlung")
    assert answer.status_code == 409 and sentence in answer.text
    with database.read() as session:
        assert session.scalars(select(Payment)).all() == []


@pytest.mark.parametrize(("payment", "sentence"), [("none", "vor Ort"), ("later", "eine Rechnung")])
def test_where_the_policy_wants_no_money_online_nobody_can_pay(client, posted, database, town, payment, sentence):
    with database.write() as session:
        policy = session.merge(town.policy)
        policy.terms = msgspec.structs.replace(policy.terms, payment=payment)
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
    refused(client, posted, database, booking, sentence)


def test_nobody_pays_before_the_office_has_agreed(client, posted, database, town):
    with database.write() as session:
        booking = reserved(session, town, slot_at(SATURDAY, 9))
        assert booking.state == "requested"
    refused(client, posted, database, booking, "sobald das Amt zugestimmt hat")


def test_after_the_deadline_no_page_is_begun_that_would_keep_the_date(client, posted, database, clock, town):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
    page = own_page(database, booking)
    clock.now = booking.deadline_at - timedelta(seconds=1)
    assert "jetzt bezahlen" in client.get(page).text
    clock.now = booking.deadline_at
    refused(client, posted, database, booking, "Die Frist ist abgelaufen")
    assert "Die Frist ist abgelaufen" in client.get(page).text
    assert jobs.release_overdue(database, clock.now) == 1
