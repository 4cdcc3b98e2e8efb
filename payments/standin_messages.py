"""How our stand-in for Stripe sends messages: signed, from a thread of its own, again when nobody answers."""

import hashlib
import hmac
import logging
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

log = logging.getLogger("buchbar.standin")
PAUSES = (0.2, 1.0, 3.0)  # seconds before a message is sent again; Stripe's are hours


class Messages:
    """Sends events to one address. ``sent`` lists what was sent, with the answers."""

    def __init__(self, url: str, secret: str, clock: Callable[[], datetime]) -> None:
        self.url, self.secret, self.clock = url, secret, clock
        self.sent: list[dict[str, Any]] = []
        self.held: list[dict[str, Any]] = []
        self._waiting: queue.Queue[tuple[dict[str, Any], float] | None] = queue.Queue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stand-in messages", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._waiting.put(None)
        self._thread.join(5)

    @property
    def idle(self) -> bool:
        """Whether everything that is to be sent has been sent."""
        return self._waiting.unfinished_tasks == 0

    def post(self, event: dict[str, Any], *, late: float, copies: int, swapped: bool) -> None:
        """Send an event: ``late`` by seconds, several times, or ``swapped`` with the next one."""
        self.held.insert(0, event)
        if swapped and len(self.held) < 2:
            return
        for each in self.held:
            for _copy in range(copies):
                self._waiting.put((each, late))
        self.held = []

    def _run(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            event, late = waiting
            self._stopping.wait(late)
            for pause in (*PAUSES, 0):
                status = self._send(event)
                self.sent.append({"id": event["id"], "type": event["type"], "status": status})
                if status == 200 or self._stopping.wait(pause):
                    break
            self._waiting.task_done()

    def _send(self, event: dict[str, Any]) -> int:
        body = msgspec.json.encode(event)
        headers = {"content-type": "application/json", "stripe-signature": signature(body, self.secret, self.clock())}
        request = urllib.request.Request(self.url, body, headers)  # noqa: S310 (the address is our own setting)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            return refusal.code
        except OSError:
            log.warning("nobody takes the message", extra={"kind": event["type"]})
            return 0


def signature(body: bytes, secret: str, at: datetime) -> str:
    """The header that Stripe sends along: a time and the HMAC-SHA256 of time and body."""
    signed_at = int(at.timestamp())
    mac = hmac.new(secret.encode(), f"{signed_at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={signed_at},v1={mac}"
