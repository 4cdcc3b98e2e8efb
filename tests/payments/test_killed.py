"""Whenever the house is killed while people pay, nothing is lost and nothing doubled: its books are Stripe's books."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from buchbar.base.settings import DEMO_WEBHOOK_SECRET
from buchbar.booking import links
from buchbar.booking.models import Booking, BookingEvent
from buchbar.booking.weddings import reservation
from buchbar.notices.models import Errand
from buchbar.payments import ledger
from buchbar.payments.models import Payment, Refund
from buchbar.payments.standin import create_standin
from tests import cast as people
from tests.payments.conftest import Stripe, address, listen, served

HOUSE = Path(__file__).with_name("killed_house.py")
COUPLES = 4
LONGEST_LIFE = 60  # steps
PATIENCE = 40  # seconds until a test gives up


class Clock:
    """A clock for several processes: a file that is replaced at once, so that nobody reads half of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_text(people.NOW.isoformat())

    def __call__(self) -> datetime:
        return datetime.fromisoformat(self.path.read_text())

    def later(self, **how: int) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text((self() + timedelta(**how)).isoformat())
        fresh.rename(self.path)


class Lives:
    """The house, which is killed and started again."""

    def __init__(self, settings, clock: Clock, seed: int) -> None:
        self.dice, self.clock = random.Random(seed), clock  # seeded, so that a failure can be repeated
        given = json.dumps({"settings": asdict(settings), "clock": str(clock.path)})
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.payments.killed_house", given],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HOUSE.parent.parent.parent,
        )  # fmt: skip
        self.pids: list[int] = []
        self.deaths = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout or ():
            if line.strip() == "dead":
                self.deaths += 1
            else:
                self.pids.append(int(line))

    def begin(self, kill_at: int | None = None) -> None:
        """Start the house; it dies at the step that is given or that the dice say."""
        number = len(self.pids) + 1
        self.process.stdin.write(f"{self.dice.randint(1, LONGEST_LIFE) if kill_at is None else kill_at}\n")
        self.process.stdin.flush()
        wait_for(lambda: len(self.pids) == number)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pids[-1], signal.SIGKILL)
        wait_for(lambda: self.deaths == len(self.pids))

    def insist(self, what: Callable[[], Any]) -> Any:
        """Do something with the house until it answers; who was killed is started again, some minutes later."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with suppress(httpx.TransportError):
                return what()
            if self.deaths == len(self.pids):
                self.clock.later(minutes=6)
                self.begin()
            time.sleep(0.02)
        raise AssertionError("the house doesn't answer")

    def stop(self) -> None:
        self.process.stdin.close()
        if self.pids and self.deaths < len(self.pids):
            self.kill()
        self.process.wait(10)


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, "it doesn't happen"
        time.sleep(0.01)


class Couple:
    """Presses the buttons of its page until it has paid, and perhaps cancels."""

    def __init__(self, lives: Lives, stripe: Stripe, base_url: str, path: str) -> None:
        self.lives, self.stripe, self.path = lives, stripe, path
        self.browser = httpx.Client(base_url=base_url, timeout=10)

    def post(self, to: str) -> httpx.Response:
        def press() -> httpx.Response:
            self.browser.get(self.path)
            form = {"_csrf_token": self.browser.cookies.get("csrftoken", "")}
            return self.browser.post(self.path + to, data=form)

        answer: httpx.Response = self.lives.insist(press)
        return answer

    def pay(self, choice: str) -> None:
        while True:
            answer = self.post("/zahlung")
            if answer.status_code == 409 and "nicht erreichbar" not in answer.text:
                return  # paid already, or on its way
            page = answer.headers.get("location", "")
            if not page.startswith(self.stripe.url):
                continue
            back = self.stripe.choose(page, choice)
            if back.status_code == 303:
                self.lives.insist(partial(self.browser.get, back.headers["location"]))
                return


@pytest.mark.parametrize("seed", [1])
def test_killed_at_any_step_it_loses_nothing_and_doubles_nothing(database, database_url, town, tmp_path, seed):
    ours, theirs = listen(), listen()
    port = ours.getsockname()[1]
    settings = replace(people.SETTINGS, database_url=database_url, base_url=address(ours), port=port,
                       stripe_url=address(theirs), allowed_hosts=(f"127.0.0.1:{port}",))  # fmt: skip
    ours.close()
    clock = Clock(tmp_path / "clock")
    standin = create_standin(settings.base_url + "/zahlung/stripe", DEMO_WEBHOOK_SECRET, clock)
    database.info["settings"] = settings
    with database.write() as session:
        bookings = [
            people.confirmed(session, town, people.slot_at(people.SATURDAY + timedelta(days=7 * n), 9), couple(n))
            for n in range(COUPLES)
        ]
        paths = {booking.id: links.path(session, booking) for booking in bookings}
    lives = Lives(settings, clock, seed)
    with served((standin, theirs)):
        stripe = Stripe(settings.stripe_url)
        try:
            lives.begin()
            live_through(lives, stripe, settings, list(paths.values()))
            lives.kill()
            lives.begin(kill_at=0)
            come_to_rest(database, clock, stripe)
            assert lives.deaths >= COUPLES, "or it proves little"
            compare(database, stripe.books())
        finally:
            lives.stop()
            stripe.http.close()


def couple(number: int) -> reservation.Couple:
    return replace(people.ANNA_AND_BEN, email=f"paar{number}@example.org")


def live_through(lives: Lives, stripe: Stripe, settings, paths: list[str]) -> None:
    """One pays by card, one by debit, one cancels afterwards, one cancels at once, while it is killed."""
    for number, path in enumerate(paths):
        pair = Couple(lives, stripe, settings.base_url, path)
        pair.pay("lastschrift" if number % 4 == 1 else "zahlen")
        if number % 4 == 2:
            lives.insist(lambda: wait_for_work(lives))
        if number % 4 in (2, 3):
            pair.post("/stornierung")
    for session in stripe.http.get(stripe.url + "/_standin/books").json()["sessions"]:
        if session["status"] == "complete" and session["payment_status"] == "unpaid":
            stripe.bank(session["id"], succeeded=True)
    lives.insist(lambda: wait_for_work(lives))


def wait_for_work(lives: Lives) -> None:
    """Let its jobs run until it is killed or a while has passed."""
    for _moment in range(20):
        time.sleep(0.02)
        if lives.deaths == len(lives.pids):
            raise httpx.ConnectError("killed")


def come_to_rest(database, clock: Clock, stripe: Stripe) -> None:
    """Time goes on until nothing waits any more, neither with us nor with Stripe."""

    def rests() -> bool:
        clock.later(minutes=7)
        time.sleep(0.2)
        with database.read() as session:
            waiting = session.scalar(select(func.count()).select_from(Errand).where(Errand.state == "waiting"))
            started = session.scalar(select(func.count()).select_from(Payment).where(Payment.state == "started"))
        return not waiting and not started and bool(stripe.books()["idle"])

    wait_for(rests)


def compare(database, books: dict[str, Any]) -> None:
    with database.read() as session:
        paid = session.scalars(select(Payment).where(Payment.state == "paid")).all()
        charges = {each["payment_intent"]: each for each in books["charges"] if each["status"] == "succeeded"}
        assert Counter((each.intent_id, each.cents) for each in paid) == Counter(
            (intent, each["amount"]) for intent, each in charges.items()
        )
        back = Counter()
        for refund in session.scalars(select(Refund)):
            assert refund.state == "done"
            back[refund.payment.intent_id] += refund.cents
        assert back == Counter({k: v["amount_refunded"] for k, v in charges.items() if v["amount_refunded"]})
        for booking in session.scalars(select(Booking)):
            sums = ledger.account(session, booking.id)
            assert (sums.open, sums.surplus) == (0, 0) and booking.state in ("confirmed", "cancelled")
            told = select(func.count()).where(BookingEvent.booking_id == booking.id, BookingEvent.verb == "pay")
            assert session.scalar(told) == sum(each.booking_id == booking.id for each in paid)
        failed = session.scalars(select(Errand).where(Errand.state == "failed")).all()
        assert [(errand.kind, errand.fault) for errand in failed] == []
