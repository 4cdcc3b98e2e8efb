"""Whatever happens in whatever order (paid, paid twice, messages late, lost, doubled or out of order, refunds,
disputes, expiry, cancellation, the provider down, the counter), every cent is explained, and in the end the
provider's books are ours."""

import os
import random
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts.models import Municipality
from buchbar.base.db import Database, connect
from buchbar.base.errors import Refused
from buchbar.booking import at_counter, bank_import, bank_lines, bank_undoing, lifecycle, together
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import ALIVE, Booking
from buchbar.booking.terms import CancellationStep, Terms
from buchbar.calendar.release import Rolling
from buchbar.notices import outbox
from buchbar.payments import books, checkout, checks, inbox, ledger, paying, workers
from buchbar.payments.matching import Share
from buchbar.payments.models import Payment, Refund
from buchbar.payments.settling import settlements
from buchbar.payments.statements import BankFile
from tests import cast as people
from tests.cast import CLERK, SATURDAY, assemble, confirmed, slot_at
from tests.conftest import Clock
from tests.payments.both_books import compare_with_stripe, compare_with_the_bank
from tests.payments.explained import agrees
from tests.payments.in_process import Provider
from tests.payments.statement_files import entry, statement

TERMS = Terms(release=Rolling(12), payment="required", cancellation=(CancellationStep(0, 33),))
PICK = st.integers(0, 9)


class Money(RuleBasedStateMachine):
    """Two bookings to which anything may happen. ``opened`` makes an empty database, and says how to be rid of it."""

    opened: Callable[[], tuple[Database, Callable[[], None]]]

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.provider = Provider(self.clock)
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(checkout, "_client_for", lambda *_: self.provider.client)
        self.database, self.close = type(self).opened()
        self.statements = 0
        self.patch.setattr(os, "urandom", random.Random(0).randbytes)  # ids, and so what comes first, can be repeated
        self.asked_at: datetime | None = None
        with self.database.write() as session:
            self.town = assemble(session, TERMS, slug="geld")
            hours = (slot_at(SATURDAY, 9), slot_at(SATURDAY, 11, 15))
            self.bookings = [confirmed(session, self.town, start).id for start in hours]

    def attempt(self, act: Callable[[], object]) -> None:
        self.clock.now += timedelta(minutes=1)
        try:
            act()
        except Refused:
            pass

    def change(self, booking_id: UUID, verb: Callable[..., object], *given: object) -> None:
        def act() -> None:
            with self.database.write() as session:
                verb(session, session.get_one(Booking, booking_id), *given)

        self.attempt(act)

    def work(self) -> None:
        outbox.work_off(self.database, workers.WORKERS, self.clock)

    # --- What people do ---------------------------------------------------------------------------------------

    def press(self, booking_id: UUID) -> None:
        with self.database.write() as session:
            booking = session.get_one(Booking, booking_id)
            lifecycle.lock(session, booking)
            payment = paying.begin(session, booking.municipality_id, booking.id, self.clock.now)
        self.show_page(payment, booking.number)

    def show_page(self, payment: Payment, purpose: str, numbers: dict[UUID, str] | None = None) -> None:
        own = "https://example.org/buchung"
        given = {"purpose": purpose, "return_url": own, "email": "", "numbers": numbers}
        paying.pay_url(self.database, people.SETTINGS, payment, **given)

    @rule(which=PICK)
    def somebody_presses_pay(self, which):
        self.attempt(lambda: self.press(self.bookings[which % 2]))

    @rule(which=PICK, slow=st.booleans())
    @precondition(lambda self: self.provider.open_pages())
    def somebody_pays_on_a_page(self, which, slow):
        pages = self.provider.open_pages()
        self.provider.books.pay(pages[which % len(pages)], slow)

    @rule(which=PICK, slow=st.booleans())
    def somebody_presses_and_pays(self, which, slow):
        self.somebody_presses_pay(which)
        if self.provider.open_pages():
            self.provider.books.pay(self.provider.open_pages()[-1], slow)

    @rule(which=PICK, good=st.booleans())
    @precondition(lambda self: self.provider.pending())
    def the_bank_answers(self, which, good):
        pages = self.provider.pending()
        self.provider.books.bank(pages[which % len(pages)], good)

    @rule(which=PICK, how=st.sampled_from(["cash", "terminal"]), part=st.booleans())
    def somebody_pays_at_the_counter(self, which, how, part):
        booking_id = self.bookings[which % 2]
        with self.database.read() as session:
            cents = ledger.account(session, booking_id).open
        if cents:
            amount = max(1, cents // 2) if part else cents
            self.change(booking_id, at_counter.take, uuid4(), amount, how, self.clock.now, CLERK)

    @rule(which=PICK, by=st.sampled_from([CLERK, CITIZEN]))
    def it_is_cancelled(self, which, by):
        self.change(self.bookings[which % 2], lifecycle.cancel, self.clock.now, by)

    @rule(which=PICK)
    def its_deadline_passes(self, which):
        booking_id = self.bookings[which % 2]
        with self.database.read() as session:
            booking = session.get_one(Booking, booking_id)
        if booking.state in ALIVE and booking.deadline_at:
            self.clock.now = max(self.clock.now, booking.deadline_at)
            self.change(booking_id, lifecycle.release, self.clock.now)

    @rule(which=PICK)
    def somebody_presses_pay_for_all_bookings(self, which):
        def press() -> None:
            with self.database.write() as session:
                booking = session.get_one(Booking, self.bookings[which % 2])
                payment, numbers = together.begin(session, booking, self.clock.now)
            self.show_page(payment, "Hochzeit und weitere", numbers)

        self.attempt(press)

    # --- What the bank's statements say -----------------------------------------------------------------------

    def bring(self, *cents: int, text: str) -> None:
        """A statement comes, and the cashier agrees with what is suggested."""
        self.statements += 1
        entries = (entry(each, text, ref=f"{self.statements}-{n}") for n, each in enumerate(cents))

        def act() -> None:
            with self.database.write() as session:
                town = session.get_one(Municipality, self.town.town.id)
                content = statement(*entries)
                bank_import.bring_in(session, town, "auszug.xml", content, self.clock.now, CLERK.name)
                for line in bank_lines.waiting(session, town, self.clock.now):
                    shares = [Share(part.booking_id, part.cents) for part in line.parts]
                    bank_import.assign(session, town, line.id, shares, self.clock.now, CLERK)

        self.attempt(act)

    def named(self, booking_id: UUID) -> tuple[int, str]:
        """What is open of a booking, and what it costs if that is nothing; and its number."""
        with self.database.read() as session:
            number = session.get_one(Booking, booking_id).number
            return ledger.account(session, booking_id).open or 3000, number

    @rule(which=PICK, amount=st.sampled_from(["all", "too little", "too much", "twice"]))
    def somebody_transfers(self, which, amount):
        cents, number = self.named(self.bookings[which % 2])
        amounts = {"all": [cents], "too little": [cents // 2], "too much": [cents + 700], "twice": [cents, cents]}
        self.bring(*amounts[amount], text=number)

    @rule(more=st.sampled_from([0, 0, 500, -500]))
    def somebody_transfers_for_both(self, more):
        sums = [self.named(each) for each in self.bookings]
        self.bring(sum(cents for cents, _number in sums) + more, text=" ".join(number for _cents, number in sums))

    @rule(which=PICK)
    @precondition(lambda self: self.statements)
    def an_import_is_undone(self, which):
        def act() -> None:
            with self.database.write() as session:
                files = session.scalars(select(BankFile).order_by(BankFile.imported_at)).all()
                file = files[which % len(files)]
                town = session.get_one(Municipality, self.town.town.id)
                bank_undoing.undo_file(session, town, file.id, "falsche Datei", self.clock.now, CLERK)

        self.attempt(act)

    # --- What happens at the provider -------------------------------------------------------------------------

    @rule(which=PICK, all_of_it=st.booleans())
    @precondition(lambda self: self.provider.came())
    def the_cashier_refunds_in_the_dashboard(self, which, all_of_it):
        charges = self.provider.came()
        charge = charges[which % len(charges)]
        left = charge["amount"] - charge["amount_refunded"]
        self.provider.refund_in_dashboard(charge["payment_intent"], left if all_of_it else max(1, left // 3))

    @rule(which=PICK)
    @precondition(lambda self: self.provider.came())
    def the_payer_s_bank_disputes(self, which):
        charges = self.provider.came()
        self.provider.books.dispute(charges[which % len(charges)]["payment_intent"])

    @rule(won=st.booleans())
    def a_dispute_is_decided(self, won):
        for name, dispute in self.provider.books.disputes.items():
            if dispute["status"] == "needs_response":
                self.provider.books.decide(name, won)

    # --- How the provider is ----------------------------------------------------------------------------------

    def deliver(self, event) -> None:
        with self.database.write() as session:
            inbox.receive(session, self.provider.message(event), self.clock.now)

    @rule(which=PICK, twice=st.booleans())
    @precondition(lambda self: self.provider.waiting)
    def a_message_comes(self, which, twice):
        event = self.provider.waiting[which % len(self.provider.waiting)]
        self.deliver(event)
        if not twice:
            self.provider.waiting.remove(event)

    @rule(which=PICK)
    @precondition(lambda self: self.provider.waiting)
    def a_message_is_lost(self, which):
        self.provider.waiting.pop(which % len(self.provider.waiting))

    @rule()
    def all_messages_come_and_are_worked_off(self):
        while self.provider.waiting:
            self.deliver(self.provider.waiting.pop(0))
        self.work()

    @rule()
    def the_jobs_run(self):
        self.work()

    @rule(minutes=st.sampled_from([6, 70, 60 * 24]))
    def time_passes_and_the_provider_is_asked(self, minutes):
        self.clock.now += timedelta(minutes=minutes)
        workers.poll(self.database, self.clock.now, people.SETTINGS)
        try:
            workers.catch_up(self.database, self.clock.now, people.SETTINGS, self.asked_at)
        except outbox.NotYet:
            return
        self.asked_at = self.clock.now

    @rule(down=st.booleans())
    def the_provider_is_down_or_up(self, down):
        self.provider.books.behaviour.down = down

    @rule()
    def its_next_answer_gets_lost(self):
        self.provider.books.behaviour.unheard = 1

    # --- What holds, always -----------------------------------------------------------------------------------

    @invariant()
    def every_cent_is_explained(self):
        with self.database.read() as session:
            disputed = self.disputed(session)
            for booking_id, settlement in settlements(session, self.bookings).items():
                sums = ledger.account(session, booking_id)
                assert agrees(settlement, sums)
                assert sums.surplus == 0 or booking_id in disputed, "what is not owed goes back at once"
                for each in settlement.charges:
                    assert 0 <= each.paid <= each.charged
                    assert 0 <= each.open <= each.due <= each.charged
            month = books.statement(session, self.town.town, self.clock.now.date().replace(day=1))
            assert month.adds_up
            compare_with_the_bank(session)
            crossed = self.crossed(session)
            for each in checks.findings(session, self.town.town, self.clock.now):
                assert each.booking_id in crossed and "mehr gegangen, als kam" in each.words

    def disputed(self, session: Session) -> set[UUID]:
        """Bookings with a payment of which nothing can go back, for the payer's bank has it."""
        those = select(Payment).where(Payment.intent_id.is_not(None))
        return {each.booking_id for each in session.scalars(those) if self.provider.disputed(each.intent_id)}

    def crossed(self, session: Session) -> set[UUID]:
        """Bookings of which we want to send money that a hand outside or a dispute has taken meanwhile: red is right
        then, until a clerk has decided."""
        waiting = select(Refund).options(joinedload(Refund.payment)).where(Refund.state != "done")
        those = [refund for refund in session.scalars(waiting) if self.provider.crossed(refund.payment.intent_id)]
        return {refund.booking_id for refund in those}

    def teardown(self) -> None:
        try:
            self.reconcile()
        finally:
            self.patch.undo()
            self.close()

    def reconcile(self) -> None:
        """The provider is up again, all that it has to say arrives, and the jobs have run."""
        self.provider.books.behaviour.down, self.provider.books.behaviour.unheard = False, 0
        for _day in range(4):
            self.all_messages_come_and_are_worked_off()
            self.time_passes_and_the_provider_is_asked(60 * 24)
            self.every_cent_is_explained()
        with self.database.read() as session:
            compare_with_stripe(session, self.provider)


@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 10), ("postgresql", 2)])
def test_every_cent_is_explained(kind, examples, request, tmp_path):
    def opened() -> tuple[Database, Callable[[], None]]:
        if kind == "sqlite":
            path = shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / f"{uuid4()}.sqlite")
            engine = connect(f"sqlite:///{path}", synchronous="OFF")
            return Database(engine, settings=people.SETTINGS), engine.dispose
        cluster = request.getfixturevalue("cluster")
        url = cluster.borrow_database(request.getfixturevalue("postgres_template"))
        engine = connect(url)

        def close() -> None:
            engine.dispose()
            cluster.give_back_database(url)

        return Database(engine, settings=people.SETTINGS), close

    Money.opened = staticmethod(opened)
    often = settings(
        max_examples=examples,
        stateful_step_count=20,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],  # a failure is shown as it is: to look for a shorter one takes minutes
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Money, settings=often)
