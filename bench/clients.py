"""Cheap clients: one process and one kept-alive connection each, so that the client isn't what is measured.

Nothing of the product is imported here: these processes must start quickly and do nearly nothing.
"""

import multiprocessing
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

Address = tuple[str, int]
# A network address may hold 30 times in ten minutes (limited("hold", …)). The limit stays on: its work is part of
# a hold. So the clients come, as through a proxy, from a new address every 20 holds.
HOLDS_PER_ADDRESS = 20
HOUR = timedelta(hours=1)
INSERT = (
    "INSERT INTO claim (id, resource_id, starts_at, ends_at, site_id, leaves_at, returns_at, booking_id) "
    "VALUES (%s, %s, %s, %s, NULL, NULL, NULL, %s), (%s, %s, %s, %s, %s, %s, %s, %s)"
)


def at_once(work: Callable[..., int], shares: Sequence[tuple[Any, ...]], seconds: float) -> float:
    """Let one process per share do its work at the same time; what all of them got done, per second.

    ``work`` gets its share, and the seconds that it has.
    """
    context = multiprocessing.get_context("spawn")
    line, results = context.Barrier(len(shares)), context.SimpleQueue()
    processes = [context.Process(target=_run, args=(line, results, work, share, seconds)) for share in shares]
    for process in processes:
        process.start()
    done = [results.get() for _process in processes]
    for process in processes:
        process.join()
    if faults := [each for each in done if isinstance(each, Exception)]:
        raise faults[0]
    return sum(done) / seconds


def _run(line: Any, results: Any, work: Callable[..., int], share: tuple[Any, ...], seconds: float) -> None:
    line.wait()
    try:
        results.put(work(*share, seconds))
    except Exception as fault:
        results.put(RuntimeError(f"{type(fault).__name__}: {fault}"))


def look(address: Address, message: bytes, seconds: float) -> int:
    """Ask for the same page again and again."""
    return talk(address, iter(lambda: message, b""), b"HTTP/1.1 200", seconds)


def hold(address: Address, token: str, wanted: Sequence[tuple[str, str, str]], client: int, seconds: float) -> int:
    """One couple after the other presses the button: town, venue, time."""
    return talk(address, _forms(address, token, wanted, client), b"HTTP/1.1 303", seconds)


def _forms(address: Address, token: str, wanted: Sequence[tuple[str, str, str]], client: int) -> Iterator[bytes]:
    for number, (town, venue, at) in enumerate(wanted):
        group = number // HOLDS_PER_ADDRESS
        headers = {
            "Cookie": f"csrftoken={token}",
            "X-Forwarded-For": f"10.{client % 256}.{group // 256}.{group % 256}",
            "Accept-Encoding": "gzip",
            "Accept-Language": "de",
        }
        form = urlencode({"_csrf_token": token, "trauort": venue, "zeit": at})
        yield message(address, "POST", f"/{town}/hochzeit/vormerkung", headers, form)


def insert_claims(
    database: str, booking: str, venue: str, registrar: str, site: str, first: datetime, seconds: float
) -> int:
    """The two claims of a hold, in one statement and one transaction, one pair after the other."""
    import psycopg  # only this work needs it

    done = 0
    with psycopg.connect(database, autocommit=True) as connection:
        until = time.monotonic() + seconds
        while True:
            starts, ends = first + done * HOUR, first + (done + 1) * HOUR
            one = (uuid4(), venue, starts, ends, booking)
            other = (uuid4(), registrar, starts, ends, site, starts, ends, booking)
            connection.execute(INSERT, (*one, *other), prepare=True)
            if time.monotonic() >= until:
                return done
            done += 1


def talk(address: Address, messages: Iterable[bytes], expected: bytes, seconds: float) -> int:
    """Send one message after the other over one connection; how many were answered in time, as expected."""
    done, until = 0, time.monotonic() + seconds
    with socket.create_connection(address) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for each in messages:
            line.sendall(each)
            answer = read(line)
            if not answer.startswith(expected):
                raise RuntimeError(answer[:2000].decode(errors="replace"))
            if time.monotonic() >= until:
                return done
            done += 1
    raise RuntimeError("there was less to do than there was time")


def ask(address: Address, message: bytes) -> bytes:
    """One answer, head and body."""
    with socket.create_connection(address, timeout=30) as line:
        line.sendall(message)
        return read(line)


def message(address: Address, method: str, path: str, headers: Mapping[str, str], body: str = "") -> bytes:
    """A request as bytes."""
    fields = {"Host": f"{address[0]}:{address[1]}", **headers}
    if body:
        fields |= {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n{body}".encode()


def read(line: socket.socket) -> bytes:
    """One whole answer with a content-length."""
    got = line.recv(65536)
    while b"\r\n\r\n" not in got:
        got += _more(line)
    head = got.index(b"\r\n\r\n") + 4
    lowered = got[:head].lower()
    at = lowered.index(b"content-length:") + 15
    length = int(lowered[at : lowered.index(b"\r", at)])
    while len(got) < head + length:
        got += _more(line)
    return got


def _more(line: socket.socket) -> bytes:
    more = line.recv(65536)
    if not more:
        raise RuntimeError("the server hung up")
    return more
