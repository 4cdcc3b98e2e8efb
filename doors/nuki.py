"""Nuki's Web API: codes for a keypad beside the lock.

Facts: DOMAIN.md 2.6 (developer.nuki.io t/54, t/25751, t/37194, t/39479, t/16273, t/1282). A code is an authorisation of
type 13. Nuki stores and forwards: an empty answer says only that the wish was taken, so we look until it is there. A
code's name is ours for it, as far as 20 signs go; those with other names belong to others and stay as they are.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from buchbar.base.settings import Settings
from buchbar.base.texts import N_
from buchbar.doors import http
from buchbar.doors.adapters import Abilities, Heard, Lock, News, Told, Unreachable, Wish

URL = "https://api.nuki.io"
KEYPAD = 13
MARK = "BB"
EVERY_DAY = 127  # 64 is Monday, 1 is Sunday
LOG_LENGTH = 50
# What a lock writes into its log (action, state): 1 and 3 open it; 0 is "done".
OPENING, DONE = (1, 3), 0
BY_KEYPAD = 255
# A lock's clock and ours are never quite one.
OVERLAP = timedelta(hours=1)
# So long a code that Nuki has taken may be on its way to the keypad, before it is sent once more. The second is refused
# where the first has come after all: the same digits are there only once.
ON_ITS_WAY = timedelta(minutes=10)
SENT = "sent "
CONFLICT = 409
DUPLICATE = N_("Diese Ziffern hat am Keypad schon ein anderer Code.")
DENIED = N_("Der Zugang zu Nuki gilt nicht (API-Token).")
UNKNOWN = N_("Dieses Schloss gibt es in dem Nuki-Konto nicht (Nummer des Schlosses).")
FULL = N_("Das Keypad hat keinen Platz mehr für Codes.")
REFUSED = N_("Nuki nimmt den Code nicht an.")


class Nuki:
    """Codes of six digits without 0 that don't begin with 12, each of them once per lock."""

    abilities = Abilities(lengths=(6,), without="0", not_starting=("12",), weekdays=True, capacity=100, polled=True)

    def put(self, lock: Lock, wish: Wish, /) -> Told:
        known = _codes(lock)
        if known is None:
            return Told("refused", why=DENIED if _ask(lock, "GET", "").status_code in (401, 403) else UNKNOWN)
        mine = _named(known, wish)
        if mine and str(mine.get("code")) == wish.digits:
            if _within(mine, wish):
                return Told("confirmed", str(mine["id"]))
            wanted = _window(wish) | {"enabled": True}
            return _taken(_ask(lock, "POST", f"/auth/{mine['id']}", wanted), str(mine["id"]))
        if mine:  # other digits: the old ones go, and when they are gone, the new ones come
            return _taken(_ask(lock, "DELETE", f"/auth/{mine['id']}"))
        if _on_its_way(lock, wish):
            return Told("pending")
        if len(known) >= int(lock.settings.get("capacity") or self.abilities.capacity or 0):
            return Told("refused", why=FULL)
        new = {"name": name_of(wish), "type": KEYPAD, "code": int(wish.digits), **_window(wish)}
        answer = _ask(lock, "PUT", "/auth", new)
        if answer.status_code == CONFLICT:  # somebody's, or our own that has not come to the list yet
            return Told("pending") if _just_put(lock, wish) else Told("taken", why=DUPLICATE)
        return _taken(answer, SENT + _iso(lock.at))

    def remove(self, lock: Lock, wish: Wish, /) -> Told:
        known = _codes(lock)
        if known is None:
            return Told("refused", why=UNKNOWN)
        mine = _named(known, wish)
        if mine is None:  # gone, unless it has yet to come
            return Told("pending") if _just_put(lock, wish) else Told("confirmed")
        return _taken(_ask(lock, "DELETE", f"/auth/{mine['id']}"))

    def news(self, lock: Lock, since: datetime | None, /) -> News:
        options = {"limit": LOG_LENGTH} | ({"fromDate": _iso(since - OVERLAP)} if since else {})
        log, state = _ask(lock, "GET", "/log", params=options), _ask(lock, "GET", "")
        if log.status_code != 200 or state.status_code != 200:
            raise Unreachable(DENIED)
        told = _read(state).get("state") or {}
        low = bool(told.get("batteryCritical") or told.get("keypadBatteryCritical"))
        return News([heard for line in _read(log) if (heard := _heard(line))], low)

    def ask(self, lock: Lock, /) -> str:
        answer = _ask(lock, "GET", "")
        if answer.status_code in (401, 403):
            return DENIED
        return "" if answer.status_code == 200 else UNKNOWN


def name_of(wish: Wish) -> str:
    """What the code is called there: at most 20 signs."""
    return MARK + wish.key.hex[:18]


def _codes(lock: Lock) -> list[dict[str, Any]] | None:
    """All codes of the keypad, ours and others'; None: the lock can't be read by us."""
    answer = _ask(lock, "GET", "/auth", params={"types": KEYPAD})
    return [each for each in _read(answer) if each.get("type") == KEYPAD] if answer.status_code == 200 else None


def _named(known: list[dict[str, Any]], wish: Wish) -> dict[str, Any] | None:
    return next((each for each in known if each.get("name") == name_of(wish)), None)


def _within(known: dict[str, Any], wish: Wish) -> bool:
    window = _window(wish)
    same = all(_moment(known.get(name)) == _moment(window[name]) for name in ("allowedFromDate", "allowedUntilDate"))
    return same and known.get("enabled", True) is not False


def _window(wish: Wish) -> dict[str, Any]:
    return {
        "allowedFromDate": _iso(wish.starts_at),
        "allowedUntilDate": _iso(wish.ends_at),
        "allowedWeekDays": EVERY_DAY,
        "allowedFromTime": 0,
        "allowedUntilTime": 0,
    }


def _on_its_way(lock: Lock, wish: Wish) -> bool:
    sent = _moment(wish.remote_id.removeprefix(SENT)) if wish.remote_id.startswith(SENT) else None
    return sent is not None and lock.at - sent < ON_ITS_WAY


def _just_put(lock: Lock, wish: Wish) -> bool:
    return wish.put_at is not None and lock.at - wish.put_at < ON_ITS_WAY


def _taken(answer: http.httpx.Response, remote_id: str = "") -> Told:
    """Nuki has taken the wish: whether the lock has it, the next look says."""
    if answer.status_code in (401, 403):
        return Told("refused", why=DENIED)
    if answer.status_code >= 400 and answer.status_code != 404:  # what isn't there any more, the next look says
        return Told("refused", why=REFUSED)
    return Told("pending", remote_id)


def _heard(line: dict[str, Any]) -> Heard | None:
    """What of the log means something here: who opened by the keypad, and who was refused there."""
    at = _moment(line.get("date"))
    if at is None or line.get("trigger") != BY_KEYPAD or line.get("action") not in OPENING:
        return None
    name = str(line.get("name") or "")
    kind = "opened" if line.get("state") == DONE else "refused"
    return Heard(kind, at, str(line.get("id")), name.removeprefix(MARK) if name.startswith(MARK) else "")


def _ask(
    lock: Lock, method: str, path: str, body: dict[str, Any] | None = None, params: dict[str, Any] | None = None
) -> http.httpx.Response:
    settings: Settings = lock.database.info["settings"]
    number = "".join(sign for sign in lock.settings.get("lock", "") if sign in "0123456789")
    url = f"{lock.settings.get('url') or URL}/smartlock/{number}{path}"
    headers = {"authorization": f"Bearer {lock.settings.get('token', '')}"}
    options: dict[str, Any] = {"headers": headers, "params": params}
    return http.ask(settings, method, url, **options, **({"json": body} if body is not None else {}))


def _read(answer: http.httpx.Response) -> Any:
    try:
        return msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        raise Unreachable(http.SILENT) from None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC) if text else None
    except ValueError:
        return None
