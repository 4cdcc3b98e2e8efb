"""The real application as it is served: uvicorn with two worker processes. And, as a floor, a bare Litestar."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from litestar import Litestar, Response, get

from bench.clients import Address
from bench.county import settings
from buchbar.app.main import create_app
from buchbar.base import logs

WORKERS = 2


def product() -> Litestar:
    """The application as it stands, with its logs. Only the port and the database are ours."""
    logs.configure()
    return create_app(settings(os.environ["BENCH_DATABASE"], int(os.environ["BENCH_PORT"])))


def static() -> Litestar:
    """The same answer, head and body, from a handler that does nothing."""
    body = bytes.fromhex(os.environ["BENCH_BODY"])
    headers = json.loads(os.environ["BENCH_HEADERS"])

    @get("/{rest:path}")
    async def same() -> Response[bytes]:
        return Response(body, headers=headers, media_type="text/html")

    return Litestar([same], openapi_config=None)


@contextmanager
def served(factory: str, **environment: str) -> Iterator[Address]:
    """Serve one of the above as long as the block runs; where it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address: Address = free.getsockname()
    command = [sys.executable, "-m", "uvicorn", "--factory", f"bench.serving:{factory}"]
    command += ["--host", address[0], "--port", str(address[1]), "--workers", str(WORKERS)]
    command += ["--no-access-log", "--log-level", "warning", "--proxy-headers", "--forwarded-allow-ips", "127.0.0.1"]
    environ = {**os.environ, **environment, "BENCH_PORT": str(address[1])}
    with open(os.devnull, "wb") as nothing:
        server = subprocess.Popen(command, env=environ, stderr=nothing)
    try:
        _wait(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def _wait(address: Address, server: "subprocess.Popen[bytes]") -> None:
    for _attempt in range(300):
        try:
            socket.create_connection(address).close()
            return
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
    raise RuntimeError("the server doesn't start")
