"""A town's own controller: what we call, how it answers, and what it may tell us."""

import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from buchbar.base.settings import Settings
from buchbar.doors import http, webhook
from buchbar.doors.adapters import Lock, Unreachable, Wish
from buchbar.doors.models import Door, DoorEvent
from tests.cast import NOW, SETTINGS
from tests.doors import porter
from tests.doors.porter import END, HOUR, MINUTE, START, doors

SECRET = "a-secret-of-this-door"
ADAPTER = webhook.Webhook()


class Controller(BaseHTTPRequestHandler):
    """Checks the signature, as the documentation says, and answers what it is told to."""

    answer = (200, {"state": "confirmed"})
    calls: list = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        stamp, door_id = self.headers["x-buchbar-timestamp"], UUID(json.loads(body)["door"])
        good = self.headers["x-buchbar-signature"] == webhook.sign(SECRET, stamp, door_id, body)
        self.calls.append((json.loads(body), self.headers["idempotency-key"]))
        status, told = self.answer if good else (401, {})
        content = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_anything):
        """Says nothing."""


@contextmanager
def running():
    server = HTTPServer(("127.0.0.1", 0), Controller)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/codes"
    server.shutdown()
    server.server_close()


@pytest.fixture
def lock():
    class NoDatabase:
        info = {"settings": SETTINGS}

    Controller.calls, Controller.answer = [], (200, {"state": "confirmed"})
    with running() as url:
        yield Lock(uuid4(), NOW, {"url": url, "secret": SECRET}, NoDatabase())


def test_a_wish_is_signed_and_the_same_wish_again_has_the_same_key(lock):
    key = uuid4()
    for since in (NOW, NOW, NOW + MINUTE):
        assert ADAPTER.put(lock, Wish(key, "4829", START, END, since)).state == "confirmed"
    (first, one), (_again, two), (_other, three) = Controller.calls
    assert one == two != three and "4829" not in one
    assert first["code"] == "4829" and first["entry"] == key.hex and first["until"] == "2026-12-01T19:00:00Z"
    assert ADAPTER.remove(lock, Wish(key, "4829", START, END, NOW)).state == "confirmed"
    assert "code" not in Controller.calls[-1][0]


@pytest.mark.parametrize("state", ["pending", "refused"])
def test_asking_again_is_another_call_and_whether_it_is_there_is_never_the_same(lock, state):
    """A controller that answers the same call as before would else be pending for ever."""
    wish = Wish(uuid4(), "4829", START, END, NOW)
    Controller.answer = (200, {"state": state})
    first = ADAPTER.put(lock, wish)
    later = replace(wish, remote_id=first.remote_id)
    for _lost in range(2):
        ADAPTER.put(lock, later)
    keys = [key for _body, key in Controller.calls]
    assert keys[0] != keys[1] == keys[2]
    ADAPTER.ask(lock)
    assert Controller.calls[-1][1] is None


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((200, {"state": "pending"}), "pending"),
        ((200, {"state": "taken"}), "taken"),
        ((200, {"state": "refused"}), "refused"),
        ((404, {}), "refused"),
    ],
)
def test_what_it_answers_counts(lock, answer, state):
    Controller.answer = answer
    assert ADAPTER.put(lock, Wish(uuid4(), "4829", START, END, NOW)).state == state


@pytest.mark.parametrize("answer", [(200, b"well"), (200, {"state": "maybe"}), (503, {}), (200, b"x" * 3_000_000)])
def test_what_is_no_answer_is_none(lock, answer):
    Controller.answer = answer
    with pytest.raises(Unreachable):
        ADAPTER.put(lock, Wish(uuid4(), "4829", START, END, NOW))


def test_a_wrong_secret_is_said(lock):
    lock.settings["secret"] = "another"
    assert ADAPTER.ask(lock) == webhook.DENIED


def test_in_production_only_public_addresses_are_spoken_to_or_named_ones():
    real = Settings(**{name: getattr(SETTINGS, name) for name in SETTINGS.__slots__} | {"demo": False})
    inner = Settings(**{name: getattr(real, name) for name in real.__slots__} | {"door_hosts": ("10.1.2.3",)})
    for url in ("http://93.184.216.34/x", "https://127.0.0.1/x", "https://169.254.169.254/latest", "https://10.1.2.3/"):
        assert not http.allowed(real, url)
    assert http.allowed(real, "https://93.184.216.34/x") and http.allowed(inner, "http://10.1.2.3/x")
    assert not http.allowed(SETTINGS, "file:///etc/passwd")


@pytest.fixture
def door(database):
    with database.write() as session:
        here = porter.build(session)
        (door,) = doors(session, here)
        porter.setting(door, secret=SECRET)
        return door


def tell(client, door, secret=SECRET, at=NOW, signed_for=None, **event):
    body = json.dumps({"id": "e1", "kind": "opened", "at": NOW.isoformat()} | event).encode()
    stamp = str(int(at.timestamp()))
    headers = {
        "x-buchbar-timestamp": stamp,
        "x-buchbar-signature": webhook.sign(secret, stamp, signed_for or door.id, body),
    }
    return client.post(f"/tueren/{door.id}/ereignis", content=body, headers=headers).status_code


def test_news_are_kept_once_if_signed_and_fresh(client, database, door):
    assert tell(client, door) == tell(client, door) == 204
    assert tell(client, door, secret="guessed", id="e2") == 400
    assert tell(client, door, signed_for=uuid4(), id="e2") == 400, "it was another door's"
    assert tell(client, door, at=NOW - HOUR, id="e3") == 400, "replayed"
    assert tell(client, door, id="e4", kind="exploded") == 400
    assert tell(client, door, id="e5", kind="low_battery") == 204
    assert client.post(f"/tueren/{uuid4()}/ereignis", content=b"{}").status_code == 400
    with database.read() as session:
        assert {event.remote_id for event in session.scalars(select(DoorEvent))} == {"e1", "e5"}
        assert session.get_one(Door, door.id).low_battery_at == NOW
    assert tell(client, door, id="e6", kind="battery_ok") == 204
    with database.read() as session:
        assert session.get_one(Door, door.id).low_battery_at is None
