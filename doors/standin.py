"""A stand-in for Nuki's Web API and its keypads, for tests: as strict, as slow and as forgetful as the real one.

A wish is answered by nothing and reaches the keypad later (after ``late`` looks). Codes have six digits without 0,
don't begin with 12, and are each once per lock. Expired ones stay until they are deleted. It can be told to be down, to
lose answers, or to have enough.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "standin-token"  # noqa: S105
FIELDS = {"allowedFromDate", "allowedUntilDate", "allowedWeekDays", "allowedFromTime", "allowedUntilTime"}
Answer = tuple[int, Any]


@dataclass
class Keypad:
    """What one keypad knows, by Nuki's id; and what is still on its way to it."""

    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    on_the_way: list[Callable[[], Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    battery_low: bool = False


@dataclass
class StandIn:
    """``late``: how many looks a wish takes to arrive. ``down``: 503. ``enough``: so many times 429. ``unheard``: so
    many answers get lost after the wish was taken. ``asked``: all calls that came."""

    capacity: int = 100
    late: int = 1
    down: bool = False
    enough: int = 0
    unheard: int = 0
    keypads: dict[str, Keypad] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    _looks: int = 0
    _last: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def answer(self, method: str, path: str, query: dict[str, str], token: str, body: Any) -> Answer:
        """Do what is asked, as the API would."""
        with self._lock:
            self.asked.append(f"{method} {path.split('/')[-1] if method == 'GET' else path.split('/')[3]}")
            if self.down:
                return 503, {}
            if self.enough:
                self.enough -= 1
                return 429, {}
            if token != f"Bearer {TOKEN}":
                return 401, {}
            _empty, _smartlock, number, *rest = path.split("/")
            keypad = self.keypads.get(number)
            if keypad is None:
                return 404, {}
            status, told = self._do(keypad, method, rest, query, body)
            if self.unheard and method != "GET":
                self.unheard -= 1
                return 502, {}
            return status, told

    def _do(self, keypad: Keypad, method: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        what = rest[0] if rest else ""
        if method == "GET":
            return self._look(keypad, what, query)
        if what != "auth":
            return 404, {}
        if method == "PUT" and len(rest) == 1:
            return self._put(keypad, body)
        if len(rest) != 2 or rest[1] not in keypad.codes:
            return 404, {}
        if method == "DELETE":
            keypad.on_the_way.append(lambda: keypad.codes.pop(rest[1], None))
            return 204, None
        if method == "POST" and set(body) <= FIELDS | {"name", "enabled"}:
            keypad.on_the_way.append(lambda: keypad.codes.get(rest[1], {}).update(body))
            return 204, None
        return 400, {}

    def _look(self, keypad: Keypad, what: str, query: dict[str, str]) -> Answer:
        if what == "log":
            return 200, keypad.log[-int(query.get("limit", "20")) :][::-1]
        if what == "":
            return 200, {"state": {"batteryCritical": keypad.battery_low, "keypadBatteryCritical": False}}
        self._looks += 1
        if self._looks > self.late:
            self.arrive()
        return 200, [{"id": name, **code} for name, code in keypad.codes.items()]

    def arrive(self) -> None:
        """What is on its way reaches the keypads."""
        self._looks = 0
        for keypad in self.keypads.values():
            while keypad.on_the_way:
                keypad.on_the_way.pop(0)()

    def _put(self, keypad: Keypad, body: Any) -> Answer:
        digits = str(body.get("code"))
        if set(body) - FIELDS != {"name", "type", "code"} or body["type"] != 13 or not 1 <= len(body["name"]) <= 20:
            return 400, {}
        if not (isinstance(body["code"], int) and len(digits) == 6 and "0" not in digits) or digits.startswith("12"):
            return 400, {}
        if body["code"] in [code["code"] for code in keypad.codes.values()] or len(keypad.codes) >= self.capacity:
            return 409, {}
        self._last += 1
        name = f"auth{self._last}"

        def arrives() -> None:
            if body["code"] not in [code["code"] for code in keypad.codes.values()]:
                keypad.codes[name] = dict(body)

        keypad.on_the_way.append(arrives)
        return 204, None

    def press(self, number: str, digits: str, at: datetime) -> bool:
        """Somebody types digits at the keypad; whether it opens."""
        keypad = self.keypads[number]
        for code in keypad.codes.values():
            start, end = (datetime.fromisoformat(code[name]) for name in ("allowedFromDate", "allowedUntilDate"))
            if str(code["code"]) == digits and start <= at < end:
                self._write(keypad, at, code["name"], 0)
                return True
        self._write(keypad, at, "", 9)
        return False

    def _write(self, keypad: Keypad, at: datetime, name: str, state: int) -> None:
        line = {"id": f"log{len(keypad.log)}", "date": at.isoformat(), "name": name, "action": 1, "trigger": 255}
        keypad.log.append(line | {"state": state})


@contextmanager
def served(standin: StandIn) -> Iterator[str]:
    """The stand-in as a server of its own; its address."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, told = standin.answer(
                self.command,
                parts.path,
                dict(parse_qsl(parts.query)),
                self.headers.get("authorization", ""),
                json.loads(body) if body else None,
            )
            content = b"" if told is None else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = _answer

        def log_message(self, *_anything: Any) -> None:
            """Says nothing: what is asked here are codes."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    running.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        running.join()
