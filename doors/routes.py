"""Where locks tell what happened, and the keypad of a lock for trying out."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from litestar import Request, Response
from litestar.params import FromPath, RawBody
from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.errors import NotFound
from buchbar.base.web import Form, get, limited, own_path, page, post, redirect, settings_of
from buchbar.doors import events, locks, simulator, webhook
from buchbar.doors.adapters import Heard, News
from buchbar.doors.models import EVENT_WORDS, Door

MOST_BYTES = 10_000
MOST_SIGNS = 8
OPEN, CLEAR = "auf", "neu"


# Excluded from the token against forged requests: what comes here bears the door's own signature instead.
@post("/tueren/{door_id:uuid}/ereignis", exclude_from_csrf=True, request_max_body_size=MOST_BYTES)
@limited("door news", 600, timedelta(minutes=10))
def told_by_lock(
    request: Request, session: Session, now: datetime, door_id: FromPath[UUID], body: RawBody
) -> Response[bytes]:
    """Whether there is such a door is nobody's business: what isn't signed gets one answer."""
    door = session.scalar(select(Door).where(Door.id == door_id, Door.adapter == "webhook"))
    secret = locks.settings_of(settings_of(request), door).get("secret", "") if door else ""
    stamp, signature = (request.headers.get(f"x-buchbar-{name}", "") for name in ("timestamp", "signature"))
    try:
        heard = webhook.heard(secret, stamp, signature, door_id, body, now)
    except (webhook.Forged, ValueError):
        return Response(b"", status_code=400)
    events.take_in(session, door_id, News([heard]), now)
    return Response(b"", status_code=204)


@get("/demo/tuer/{door_id:uuid}")
def keypad(request: Request, session: Session, door_id: FromPath[UUID]) -> Response[Any]:
    """A keypad to try a code at."""
    said, back = request.query_params.get("tuer", ""), request.query_params.get("zurueck", "")
    return _show(request, session, _door(session, door_id), back, said=said)


@post("/demo/tuer/{door_id:uuid}")
@limited("keypad", 300, timedelta(minutes=10))
def press(request: Request, session: Session, now: datetime, door_id: FromPath[UUID], form: Form) -> Response[Any]:
    """One key after the other, or the whole code at once: each works without JavaScript."""
    door = _door(session, door_id)
    typed = "".join(sign for sign in form.get("code", "") if sign in "0123456789")[:MOST_SIGNS]
    key, back = form.get("taste", ""), form.get("zurueck", "")
    if key in (*"0123456789", CLEAR) and key:
        shown = "" if key == CLEAR else (typed + key)[:MOST_SIGNS]
        return _show(request, session, door, back, typed=shown)
    opened = simulator.opens(session, door, typed, now) if typed else None
    heard = Heard("opened" if opened else "refused", now, uuid4().hex, opened or "")
    events.take_in(session, door.id, News([heard]), now)
    said = {"tuer": "auf" if opened else "zu"} | ({"zurueck": back} if back else {})
    return redirect(request, f"/demo/tuer/{door.id}?{urlencode(said)}")


def _door(session: Session, door_id: UUID) -> Door:
    """A door with a simulated lock in a town that is a demonstration. Raises NotFound for any other."""
    ours = select(Door).join(Municipality, Municipality.id == Door.municipality_id)
    found = session.scalar(
        ours.where(Door.id == door_id, Door.adapter == "simulator", Door.active, Municipality.demonstration)
    )
    if found is None:
        raise NotFound
    return found


def _show(
    request: Request, session: Session, door: Door, back: str, *, typed: str = "", said: str = ""
) -> Response[Any]:
    """``back`` is where somebody came from to try a code."""
    town = session.get_one(Municipality, door.municipality_id)
    log = events.log_of(session, door.id, 20)
    shown: dict[str, Any] = {"door": door, "typed": typed, "said": said, "log": log, "event_words": EVENT_WORDS}
    shown["came_from"] = own_path(back) if back else ""
    return page(request, "doors/keypad.html", town=town, zone=town.zone, **shown)


routes = [told_by_lock, keypad, press]
