"""A town's own controller (Home Assistant, a building's system): a signed call for each wish, and signed news back.

We POST JSON to the address that was set up: ``{"type": "put", "door", "entry", "since", "code", "from", "until"}``,
``{"type": "remove", "door", "entry", "since"}`` or ``{"type": "ask", "door"}`` (are you there?). ``entry`` names the
code: a later "put" of the same replaces it. A controller whose locks know no times is set up so: "put" then comes when
the code is to open, and "remove" when it ends.

``X-Buchbar-Signature`` is ``v1=`` and the HMAC-SHA256 of ``{X-Buchbar-Timestamp}.{door}.{body}`` with the door's secret
(hexadecimal). The answer is JSON: ``{"state": "confirmed"}``, ``"pending"`` (ask again later), ``"taken"`` (the lock
has these digits already: send others) or ``"refused"``. ``Idempotency-Key`` is the same as long as no answer has come
to a wish, so who has done it answers as before. After "pending" or "refused" we ask with a new key, for the answer may
be another one by then. "ask" has none.

What happens at the door comes to ``/tueren/{door}/ereignis``, signed the same way: ``{"id", "kind", "at", "entry"}``.
"""

import hashlib
import hmac
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from buchbar.base.settings import Settings
from buchbar.base.texts import N_
from buchbar.doors import http
from buchbar.doors.adapters import Abilities, Heard, Lock, News, Told, Unreachable, Wish

# How far a message's time may be from ours: a replayed one is older (or is known by its id).
TOLERANCE = timedelta(minutes=5)
REFUSED = N_("Die Steuerung nimmt den Code nicht an.")
DENIED = N_("Die Steuerung lehnt unsere Signatur ab.")
STRANGE = N_("Die Antwort der Steuerung ist nicht zu verstehen.")


TAKEN = N_("Diese Ziffern hat das Schloss schon für einen anderen Code.")
WHY = {"refused": REFUSED, "taken": TAKEN}
ANSWERED = "answered "


class Forged(Exception):
    """Not signed by the door's controller, or not now."""


class _Answer(msgspec.Struct):
    state: Literal["confirmed", "pending", "taken", "refused"]


class _Event(msgspec.Struct):
    id: str
    kind: Literal["opened", "refused", "low_battery", "battery_ok"]
    at: datetime
    entry: str = ""


class Webhook:
    """Takes any digits; what its lock can't do, it refuses."""

    abilities = Abilities(lengths=(4, 5, 6, 7, 8))

    def put(self, lock: Lock, wish: Wish, /) -> Told:
        body = {"type": "put", "code": wish.digits, "from": wish.starts_at, "until": wish.ends_at}
        return _wished(lock, wish, body)

    def remove(self, lock: Lock, wish: Wish, /) -> Told:
        return _wished(lock, wish, {"type": "remove"})

    def news(self, lock: Lock, since: datetime | None, /) -> News:
        return News([])

    def ask(self, lock: Lock, /) -> str:
        told = _call(lock, {"type": "ask"})
        return told.why or ("" if told.state != "refused" else REFUSED)


def _wished(lock: Lock, wish: Wish, body: dict[str, Any]) -> Told:
    """What came of a wish. When it was answered is remembered as the lock's name of the code: if it isn't done by then,
    the next asking is another one."""
    told = _call(lock, body | {"entry": wish.key.hex, "since": wish.since}, wish.remote_id or "first")
    return replace(told, remote_id=ANSWERED + lock.at.isoformat())


def _call(lock: Lock, body: dict[str, Any], turn: str = "") -> Told:
    """The controller's answer; with the same body and ``turn`` it is the same call again."""
    settings: Settings = lock.database.info["settings"]
    secret = lock.settings.get("secret", "")
    content = msgspec.json.encode({"door": lock.door_id, **body}, order="sorted")
    stamp = str(int(lock.at.timestamp()))
    headers = {
        "content-type": "application/json",
        "x-buchbar-timestamp": stamp,
        "x-buchbar-signature": sign(secret, stamp, lock.door_id, content),
    }
    if turn:
        key = hmac.new(secret.encode(), f"key:{turn}:".encode() + content, hashlib.sha256)
        headers["idempotency-key"] = key.hexdigest()[:32]
    answer = http.ask(settings, "POST", lock.settings.get("url", ""), content=content, headers=headers)
    if answer.status_code in (401, 403):
        return Told("refused", why=DENIED)
    if answer.status_code >= 300:
        return Told("refused", why=REFUSED)
    try:
        told = msgspec.json.decode(answer.content, type=_Answer)
    except msgspec.DecodeError:
        raise Unreachable(STRANGE) from None
    return Told(told.state, why=WHY.get(told.state, ""))


def sign(secret: str, stamp: str, door_id: UUID, content: bytes) -> str:
    """The signature of a call, or of news: good for one door only."""
    signed = f"{stamp}.{door_id}.".encode() + content
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def heard(secret: str, stamp: str, signature: str, door_id: UUID, content: bytes, now: datetime) -> Heard:
    """What the controller of a door tells. Raises Forged; ValueError for what can't be understood."""
    if not secret or not hmac.compare_digest(sign(secret, stamp, door_id, content).encode(), signature.encode()):
        raise Forged
    if not (stamp.isascii() and stamp.isdigit() and abs(now.timestamp() - int(stamp)) <= TOLERANCE.total_seconds()):
        raise Forged
    try:
        event = msgspec.json.decode(content, type=_Event)
    except msgspec.DecodeError:
        raise ValueError("not an event") from None
    if event.at.tzinfo is None or not event.id or len(event.id) > 100 or event.at > now + TOLERANCE:
        raise ValueError("an event has an id and a moment")
    return Heard(event.kind, event.at, event.id, event.entry)
