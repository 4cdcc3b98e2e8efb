"""Cheap clients: one process and one kept-alive connection each, so that the client isn't what is measured.

Only the standard library: these processes must start quickly and do nearly nothing.
"""

import multiprocessing
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

READY = 1.0  # seconds until everybody is at the starting line

Address = tuple[str, int]


def at_once(work: Callable[..., int], share: Sequence[tuple[Any, ...]], seconds: float) -> float:
    """Let one process per share do its work at the same time; what all of them got done, per second.

    ``work`` gets its share, then the moments (``time.monotonic``) at which to begin and to end.
    """
    processes = multiprocessing.get_context("spawn").Pool(len(share))
    with processes:
        processes.map(time.sleep, [0.05] * len(share), chunksize=1)  # all are there before the clock runs
        begin = time.monotonic() + READY
        done = processes.starmap(work, [(*each, begin, begin + seconds) for each in share], chunksize=1)
    return sum(done) / seconds


def talk(address: Address, messages: Iterable[bytes], expected: bytes, begin: float, until: float) -> int:
    """Send one message after the other over one connection; how many were answered with the expected status."""
    done = 0
    with socket.create_connection(address) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        time.sleep(max(0.0, begin - time.monotonic()))
        for message in messages:
            line.sendall(message)
            answer = read(line)
            if not answer.startswith(expected):
                raise RuntimeError(answer[:2000].decode(errors="replace"))
            if time.monotonic() >= until:
                return done
            done += 1
    raise RuntimeError("there was less to do than there was time")


def again(address: Address, message: bytes, expected: bytes, begin: float, until: float) -> int:
    """The same message again and again."""
    return talk(address, iter(lambda: message, None), expected, begin, until)


def ask(address: Address, message: bytes) -> bytes:
    """One answer, head and body."""
    with socket.create_connection(address, timeout=30) as line:
        line.sendall(message)
        return read(line)


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
