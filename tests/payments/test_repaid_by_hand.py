"""A clerk gives money back by hand only once the provider has said that it hasn't sent it and won't."""

import pytest
from sqlalchemy import select

from buchbar.accounts.models import Municipality
from buchbar.booking import failures, lifecycle
from buchbar.notices import outbox
from buchbar.notices.models import Errand
from buchbar.notices.outbox import Hopeless, NotYet
from buchbar.payments import checkout, workers
from buchbar.payments.checkout import ShutOut, Told
from buchbar.payments.models import Refund
from tests.booking.money import pay
from tests.cast import CLERK, NOW, SATURDAY, assemble, confirmed, slot_at


@pytest.fixture
def town_id(database):
    """Of a town that has a refund to send."""
    with database.write() as session:
        cast = assemble(session)
        booking = confirmed(session, cast, slot_at(SATURDAY, 9))
        pay(session, booking, NOW).intent_id = "pi_1"
        lifecycle.cancel(session, booking, NOW, CLERK)
        return cast.town.id


@pytest.fixture
def answers(database, monkeypatch):
    """What the provider answers, until nobody asks any more; what a clerk can do then."""

    def answers(town_id, answer):
        def refund(_settings, _wanted):
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(checkout, "refund", refund)
        with database.write() as session:
            errand = session.scalars(select(Errand).where(Errand.kind == "refund")).one()
            if errand.state == "failed" and session.scalars(select(Refund.state)).one() == "wanted":
                town = session.get_one(Municipality, town_id)
                failures.settle(session, town, errand.id, "retry", NOW, CLERK, strays=False)
            outbox.retry(session, errand, NOW)
            errand.attempts = len(outbox.PAUSES)
        outbox.work_off(database, workers.WORKERS, lambda: NOW)
        with database.read() as session:
            found = failures.failures(session, session.get_one(Municipality, town_id))
            return [failure.verbs for failure in found], session.scalars(select(Refund.state)).one()

    database.info.setdefault("settings", None)
    return answers


@pytest.mark.parametrize("fault", [NotYet("Stripe: silent"), ShutOut("the key is gone")])
def test_what_the_provider_may_have_sent_is_tried_again_first(town_id, answers, fault):
    assert answers(town_id, fault) == ([("retry",)], "wanted")
    assert answers(town_id, Told(state="refunded", object_id="re_1", intent_id="pi_1")) == ([], "done")


def test_where_trying_again_is_no_use_a_clerk_looks_there_and_gives_it_back_by_hand(database, town_id, answers):
    shut_out = ShutOut("the key is gone")
    assert answers(town_id, shut_out) == ([("retry",)], "wanted")
    assert answers(town_id, shut_out) == ([("retry", "repay")], "wanted")
    with database.write() as session:
        town = session.get_one(Municipality, town_id)
        (failure,) = failures.failures(session, town)
        assert "sehen Sie erst bei Stripe nach" in failure.words
        failures.settle(session, town, failure.errand.id, "repay", NOW, CLERK, strays=False)
        assert failures.failures(session, town) == []
        refund = session.scalars(select(Refund)).one()
        assert (refund.state, refund.reason) == ("done", "by hand")


def test_what_it_refuses_is_given_back_by_hand_and_never_sent(town_id, answers):
    assert answers(town_id, Hopeless("Stripe: refund_disabled")) == ([("repay",)], "failed")
    assert answers(town_id, Told(state="refunded", object_id="re_1", intent_id="pi_1")) == ([], "failed"), "not asked"
