"""A town's own controller (Home Assistant, a building's system): a signed call for each wish, and signed news back.

We POST JSON to the address that was set up. ``X-Buchbar-Signature`` is ``v1=`` and the HMAC-SHA256 of
``{X-Buchbar-Timestamp}.{body}`` with the door's secret (hexadecimal). ``Idempotency-Key`` is the same for the same
wish, however often it has to be sent: who has done it answers again. The answer is JSON: ``{"state": "confirmed"}``,
``"pending"`` (ask again) or ``"refused"``. What happens at the door comes to
``/tueren/{door_id}/ereignis``, signed the same way: ``{"id", "kind", "at", "entry"}``.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any, Literal

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


class Forged(Exception):
    """Not signed by the door's controller, or not now."""


class _Answer(msgspec.Struct):
    state: Literal["confirmed", "pending", "refused"]


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
        return _call(lock, body | _which(wish))

    def remove(self, lock: Lock, wish: Wish, /) -> Told:
        return _call(lock, {"type": "remove"} | _which(wish))

    def news(self, lock: Lock, since: datetime | None, /) -> News:
        return News([])

    def ask(self, lock: Lock, /) -> str:
        told = _call(lock, {"type": "ask"})
        return told.why or ("" if told.state != "refused" else REFUSED)


def _which(wish: Wish) -> dict[str, Any]:
    return {"entry": wish.key.hex, "since": wish.since}


def _call(lock: Lock, body: dict[str, Any]) -> Told:
    settings: Settings = lock.database.info["settings"]
    secret = lock.settings.get("secret", "")
    content = msgspec.json.encode({"door": lock.door_id, **body}, order="sorted")
    stamp = str(int(lock.at.timestamp()))
    headers = {
        "content-type": "application/json",
        "x-buchbar-timestamp": stamp,
        "x-buchbar-signature": sign(secret, stamp, content),
        "idempotency-key": hmac.new(secret.encode(), b"key:" + content, hashlib.sha256).hexdigest()[:32],
    }
    answer = http.ask(settings, "POST", lock.settings.get("url", ""), content=content, headers=headers)
    if answer.status_code in (401, 403):
        return Told("refused", why=DENIED)
    if answer.status_code >= 300:
        return Told("refused", why=REFUSED)
    try:
        told = msgspec.json.decode(answer.content, type=_Answer)
    except msgspec.DecodeError:
        raise Unreachable(STRANGE) from None
    return Told(told.state, why=REFUSED if told.state == "refused" else "")


def sign(secret: str, stamp: str, content: bytes) -> str:
    """The signature of a call, or of news."""
    return "v1=" + hmac.new(secret.encode(), stamp.encode() + b"." + content, hashlib.sha256).hexdigest()


def heard(secret: str, stamp: str, signature: str, content: bytes, now: datetime) -> Heard:
    """What a controller tells. Raises Forged; ValueError for what can't be understood."""
    if not secret or not hmac.compare_digest(sign(secret, stamp, content).encode(), signature.encode()):
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
