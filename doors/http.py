"""Speaking to locks over HTTP: with short waits, without following anybody elsewhere, and not into our own network.

Addresses are set up by clerks. In production they must be https and lead to a public address, or to a host that who
runs the installation has named (BUCHBAR_DOOR_HOSTS): else a door could be "set up" to read what is meant for us alone.
"""

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx

from buchbar.base.settings import Settings
from buchbar.base.texts import N_
from buchbar.doors.adapters import TIMEOUT, WHOLE, Unreachable

MOST_BYTES = 2_000_000
SILENT = N_("Das Schloss antwortet nicht.")
BUSY = N_("Der Dienst des Schlosses nimmt gerade keine weiteren Anfragen an.")
NOT_THERE = N_("Diese Adresse ist nicht erlaubt oder nicht zu finden.")


def ask(settings: Settings, method: str, url: str, **options: Any) -> httpx.Response:
    """An answer that came: also a refusal. Raises Unreachable where none came, or one that means "later"."""
    if not allowed(settings, url):
        raise Unreachable(NOT_THERE)
    try:
        # In a thread of its own: a loop can't be begun where another is running.
        with ThreadPoolExecutor(max_workers=1) as own:
            read = own.submit(asyncio.run, _exchange(method, url, options)).result()
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        raise Unreachable(SILENT) from None  # its words may hold addresses
    if read.status_code == 429:
        raise Unreachable(BUSY)
    if read.status_code >= 500:
        raise Unreachable(SILENT)
    return read


async def _exchange(method: str, url: str, options: dict[str, Any]) -> httpx.Response:
    """What comes within WHOLE seconds. Raises TimeoutError: httpx's own limit is for each piece, of which somebody may
    send as many as they like; only what is asynchronous can be left in the middle."""
    async with (
        asyncio.timeout(WHOLE),
        httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
        client.stream(method, url, **options) as answer,
    ):
        size = 0
        pieces = []
        async for piece in answer.aiter_bytes():
            size += len(piece)
            if size > MOST_BYTES:
                raise Unreachable(SILENT)
            pieces.append(piece)
        return httpx.Response(answer.status_code, content=b"".join(pieces))


def allowed(settings: Settings, url: str) -> bool:
    """Whether we speak to this address at all."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if settings.demo or host in settings.door_hosts:
        return parts.scheme in ("http", "https") and bool(host)
    return parts.scheme == "https" and _is_public(host)


def _is_public(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(ipaddress.ip_address(each[4][0]).is_global for each in found)
