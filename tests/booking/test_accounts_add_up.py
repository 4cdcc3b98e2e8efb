"""Whatever happens to a booking in whatever order, its account adds up."""

from contextlib import ExitStack
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from buchbar.base.db import Database, connect
from buchbar.base.errors import Refused
from buchbar.booking import crediting, lifecycle
from buchbar.booking.events import CITIZEN
from buchbar.booking.terms import CancellationStep, Terms
from buchbar.booking.weddings import reservation
from buchbar.calendar.release import Rolling
from buchbar.payments import ledger
from buchbar.payments.models import ChargeItem, Payment, Refund
from tests import cast as people
from tests.booking.money import pay
from tests.cast import CLERK, NOW, SATURDAY, assemble, confirmed, slot_at

TERMS = Terms(release=Rolling(12), payment="required", cancellation=(CancellationStep(0, 33),))
SLOTS = [("room", 9, 0), ("room", 9, 45), ("mill", 11, 0), ("mill", 14, 0)]


class Undone(Exception):
    pass


class Life(RuleBasedStateMachine):
    """One booking, to which anything may happen. ``database`` is set below."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.session = self.stack.enter_context(self.database.write())
        self.cast = assemble(self.session, TERMS, slug="zufall")
        self.booking = confirmed(self.session, self.cast, slot_at(SATURDAY, 9))
        self.now = NOW

    def attempt(self, act) -> None:
        self.now += timedelta(hours=1)
        with self.session.begin_nested() as step:
            try:
                act()
            except Refused:
                step.rollback()
        self.session.expire_all()

    @rule(cents=st.one_of(st.none(), st.integers(1, 40000)))
    def somebody_pays(self, cents):
        if cents or ledger.account(self.session, self.booking.id).open:
            self.attempt(lambda: pay(self.session, self.booking, self.now, cents))

    @rule(where=st.sampled_from(SLOTS), by=st.sampled_from([CLERK, CITIZEN]))
    def it_is_moved(self, where, by):
        venue, hour, minute = where
        start = slot_at(SATURDAY, hour, minute)
        place = getattr(self.cast, venue).id
        self.attempt(lambda: reservation.move(self.session, self.booking, place, start, self.now, by))

    @rule()
    def the_office_agrees(self):
        self.attempt(lambda: lifecycle.approve(self.session, self.booking, "office", self.now, CLERK))

    @rule()
    def its_deadline_passes(self):
        limit = self.booking.deadline_at
        self.attempt(lambda: lifecycle.release(self.session, self.booking, limit or self.now))

    @rule(by=st.sampled_from([CLERK, CITIZEN]))
    def it_is_cancelled(self, by):
        self.attempt(lambda: lifecycle.cancel(self.session, self.booking, self.now, by))

    @rule(which=st.integers(0, 3), cents=st.sampled_from([500, 6000, 15000]))
    def something_is_credited(self, which, cents):
        """As much of one charge as goes, up to ``cents`` of each position."""
        charges = ledger.charges(self.session, self.booking.id)
        charge = charges[which % len(charges)]
        most = crediting.left(self.session, charge)
        amounts = [min(cents, line.cents) for line in most.lines]
        self.attempt(
            lambda: crediting.credit(self.session, self.booking, charge, uuid4(), amounts, "Kulanz", self.now, CLERK)
        )

    @rule(answer=st.sampled_from(["wanted", "done", "failed"]))
    def the_provider_answers(self, answer):
        wanted = self.session.scalars(select(Refund).where(Refund.state == "wanted")).first()
        if wanted is not None:
            wanted.state = answer
        self.session.flush()

    @invariant()
    def it_adds_up(self):
        account = ledger.account(self.session, self.booking.id)
        assert 0 <= account.owed == sum(line.cents for line in ledger.owed(self.session, self.booking.id))
        assert account.paid - account.returned == account.owed + account.surplus - account.open
        assert account.open == 0 or account.surplus == 0
        assert account.surplus == 0, "what isn't owed goes back at once"
        assert all(line.cents > 0 for line in ledger.owed(self.session, self.booking.id)), "no position below nothing"

    @invariant()
    def nobody_gets_back_more_than_they_paid(self):
        for payment in self.session.scalars(select(Payment)):
            gone = select(func.sum(Refund.cents)).where(Refund.payment_id == payment.id)
            assert (self.session.scalar(gone) or 0) <= payment.cents

    @invariant()
    def state_and_money_agree(self):
        account, state = ledger.account(self.session, self.booking.id), self.booking.state
        if state in ("released", "declined"):
            assert account.owed == 0
        if state == "confirmed":
            assert account.open == 0
        if state == "payable":
            assert account.open > 0

    @invariant()
    def the_books_only_grow(self):
        rows = self.session.scalar(select(func.count()).select_from(ChargeItem))
        assert rows >= getattr(self, "rows", 0)
        self.rows = rows

    def teardown(self) -> None:
        with pytest.raises(Undone), self.stack:
            raise Undone


def test_accounts_add_up(sqlite_template):
    engine = connect(f"sqlite:///{sqlite_template}", synchronous="OFF")
    Life.database = Database(engine, settings=people.SETTINGS)
    often = settings(max_examples=12, stateful_step_count=12, deadline=None, derandomize=True, database=None)
    run_state_machine_as_test(Life, settings=often)
    engine.dispose()
