"""The house and the stand-in for Stripe, each served on a port of its own: they speak HTTP, as in real life."""

import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn

from buchbar.app import jobs
from buchbar.app.main import create_app
from buchbar.base.db import Database
from buchbar.base.settings import DEMO_WEBHOOK_SECRET, Settings
from buchbar.booking import lifecycle, links
from buchbar.booking.models import Booking
from buchbar.notices import outbox
from buchbar.notices.models import Errand, Letter
from buchbar.payments import ledger, paying, workers
from buchbar.payments.models import Payment, Refund, Reversal
from buchbar.payments.standin import create_standin
from tests import cast as people
from tests.conftest import Clock

MESSAGES = next(job for job in jobs.JOBS if job.name == "messages")


@contextmanager
def served(*apps: tuple[Any, socket.socket]) -> Iterator[None]:
    """Serve applications, each from a thread of its own."""
    servers = [uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on")) for app, _socket in apps]
    threads = [
        threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        for server, (_app, listening) in zip(servers, apps, strict=True)
    ]
    for thread in threads:
        thread.start()
    while not all(server.started for server in servers):
        assert all(thread.is_alive() for thread in threads)
        time.sleep(0.01)
    try:
        yield
    finally:
        for server in servers:
            server.should_exit = True
        for thread in threads:
            thread.join()


def listen() -> socket.socket:
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    return made


def address(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@dataclass
class Stripe:
    """The stand-in, as a citizen's browser, the bank and the cashier's dashboard use it."""

    url: str
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=10))

    def behave(self, **how: Any) -> None:
        assert self.http.post(self.url + "/_standin/behaviour", json=how).status_code == 200

    def choose(self, page: str, choice: str) -> httpx.Response:
        return self.http.post(page, data={"choice": choice})

    def bank(self, checkout_id: str | None, succeeded: bool) -> None:
        assert self.http.post(f"{self.url}/_standin/bank/{checkout_id}", json={"succeeded": succeeded}).is_success

    def refund_by_hand(self, payment: Payment, cents: int) -> None:
        """The cashier clicks "refund" in the dashboard."""
        headers = {"authorization": "Bearer sk_test_cashier", "idempotency-key": "click-" + secrets.token_hex(8)}
        data = {"payment_intent": payment.intent_id, "amount": str(cents)}
        assert self.http.post(self.url + "/v1/refunds", data=data, headers=headers).is_success

    def bounce(self, refund_id: str) -> None:
        """The bank of the citizen sends a refund back to Stripe."""
        assert self.http.post(f"{self.url}/_standin/bounce/{refund_id}").is_success

    def dispute(self, payment: Payment, **how: Any) -> str:
        """The payer's bank claims a payment back."""
        answer = self.http.post(f"{self.url}/_standin/dispute/{payment.intent_id}", json=how)
        return str(answer.raise_for_status().json()["id"])

    def decide(self, dispute: str, won: bool) -> None:
        """The card's company decides about a dispute."""
        assert self.http.post(f"{self.url}/_standin/decision/{dispute}", json={"won": won}).is_success

    def books(self) -> dict[str, Any]:
        """The stand-in's books, when all its messages have been sent."""
        for _try in range(1000):
            books: dict[str, Any] = self.http.get(self.url + "/_standin/books").json()
            if books["idle"]:
                return books
            time.sleep(0.01)
        raise AssertionError("messages still on their way")


@dataclass
class House:
    """The town hall: its database, its clock, its settings, and what its jobs do."""

    database: Database
    clock: Clock
    settings: Settings
    stripe: Stripe
    town: people.Cast

    def book(self, hour: int = 9, day: Any = people.SATURDAY, **changes: Any) -> UUID:
        """A reservation that waits for its payment."""
        with self.database.write() as session:
            couple = replace(people.ANNA_AND_BEN, **changes)
            booking = people.confirmed(session, self.town, people.slot_at(day, hour), couple, self.clock.now)
            assert booking.state == "payable"
            return booking.id

    def press(self, booking_id: UUID) -> httpx.Response:
        """The couple's browser posts the form of their page."""
        with self.database.read() as session:
            path = links.path(session, session.get_one(Booking, booking_id))
        with httpx.Client(base_url=self.settings.base_url) as browser:
            browser.get(path)
            form = {"_csrf_token": browser.cookies.get("csrftoken", "")}
            return browser.post(path + "/zahlung", data=form)

    def pay_button(self, booking_id: UUID) -> str:
        """What the couple's page does when they press "pay": the address of the pay page."""
        with self.database.write() as session:
            booking = session.get_one(Booking, booking_id)
            lifecycle.lock(session, booking)
            payment = paying.begin(session, booking.municipality_id, booking.id, self.clock.now)
        return paying.pay_url(
            self.database,
            self.settings,
            payment,
            purpose=booking.number,
            return_url=self.settings.base_url + "/buchung/token",
            email=booking.email,
        )

    def work(self) -> int:
        """Let the jobs work off what is due, once all of the stand-in's messages have arrived."""
        self.stripe.books()
        return outbox.work_off(self.database, workers.WORKERS, self.clock)

    def poll(self) -> int:
        return workers.poll(self.database, self.clock.now, self.settings)

    def catch_up(self) -> int | None:
        """The job that asks what the provider had to tell; None if that failed."""
        return jobs.attempt(MESSAGES, self.database, self.settings, self.clock)

    def change(self, booking_id: UUID, verb: Any, *arguments: Any) -> None:
        with self.database.write() as session:
            verb(session, session.get_one(Booking, booking_id), self.clock.now, *arguments)

    def release(self, booking_id: UUID) -> None:
        """The booking's deadline passes."""
        with self.database.write() as session:
            booking = session.get_one(Booking, booking_id)
            assert booking.deadline_at
            self.clock.now = max(self.clock.now, booking.deadline_at)
            lifecycle.release(session, booking, self.clock.now)
        assert self.state(booking_id) == "released"

    def page_then_release(self, booking_id: UUID) -> str:
        """At the last moment the couple presses "pay", and thinks it over too long."""
        with self.database.read() as session:
            deadline = session.get_one(Booking, booking_id).deadline_at
        assert deadline
        self.clock.now = deadline - timedelta(minutes=5)
        page = self.pay_button(booking_id)
        self.release(booking_id)
        return page

    def state(self, booking_id: UUID) -> str:
        with self.database.read() as session:
            return session.get_one(Booking, booking_id).state

    def account(self, booking_id: UUID) -> tuple[int, int, int]:
        """Owed, paid, given back; what is open and what is too much are both nothing."""
        with self.database.read() as session:
            sums = ledger.account(session, booking_id)
        return sums.owed, sums.paid, sums.returned

    def open(self, booking_id: UUID) -> int:
        """What is still to be paid, in cents."""
        with self.database.read() as session:
            return ledger.account(session, booking_id).open

    def letters(self, booking_id: UUID) -> list[str]:
        """The kinds of letters that were written about a booking, in order."""
        with self.database.read() as session:
            wanted = session.query(Letter).filter_by(booking_id=booking_id, to_address="anna@example.org")
            return [letter.kind for letter in wanted.order_by(Letter.written_at)]

    def rows(self, table: Any) -> list[Any]:
        order = {
            Payment: Payment.started_at,
            Refund: Refund.wanted_at,
            Reversal: Reversal.at,
            Errand: Errand.written_at,
        }
        with self.database.read() as session:
            return list(session.query(table).order_by(order.get(table)))

    def verbs(self, booking_id: UUID) -> list[str]:
        with self.database.read() as session:
            return [event.verb for event in session.get_one(Booking, booking_id).events]

    def post(self, body: bytes, **headers: str) -> httpx.Response:
        return self.stripe.http.post(self.settings.base_url + "/zahlung/stripe", content=body, headers=headers)


@pytest.fixture
def house(database: Database, clock: Clock, town: people.Cast) -> Iterator[House]:
    ours, theirs = listen(), listen()
    settings = replace(
        people.SETTINGS,
        base_url=address(ours),
        stripe_url=address(theirs),
        allowed_hosts=(address(ours).removeprefix("http://"),),
    )
    database.info["settings"] = settings
    standin = create_standin(address(ours) + "/zahlung/stripe", DEMO_WEBHOOK_SECRET, clock)
    app = create_app(settings, clock=clock, database=database)
    with served((app, ours), (standin, theirs)):
        stripe = Stripe(address(theirs))
        yield House(database, clock, settings, stripe, town)
        stripe.http.close()


@pytest.fixture
def stripe(house: House) -> Stripe:
    return house.stripe
