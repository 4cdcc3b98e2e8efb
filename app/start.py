"""What has to be true before the house opens: settings, database, outbox, ports. Each fault is said in a sentence."""

import os
import socket
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import uvicorn
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError
from uvicorn.supervisors import Multiprocess

from buchbar.app.migrate import migrate
from buchbar.base.db import Database, connect
from buchbar.base.settings import Misconfigured, Settings
from buchbar.notices import outbox

HOST = "127.0.0.1"
GRACE = 10  # seconds that requests have to end when the server is told to stop


class _Undo(Exception):
    """Raised to undo what was only tried."""


def database(settings: Settings, now: datetime) -> Database:
    """The database, migrated, with an outbox that can be written. Raises Misconfigured."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise Misconfigured(
                f"BUCHBAR_DATABASE_URL: the folder {folder} can't be made ({fault.strerror})."
            ) from None
    engine = connect(settings.database_url, pool=settings.pool)
    shown = url.render_as_string(hide_password=True)
    try:
        migrate(engine)
    except SQLAlchemyError as fault:
        raise Misconfigured(f"The database {shown} can't be reached or migrated: {_first_line(fault)}") from None
    opened = Database(engine, settings=settings)
    try:
        probe(opened, now)
    except SQLAlchemyError as fault:
        raise Misconfigured(f"The outbox in {shown} can't be written: {_first_line(fault)}") from None
    return opened


def probe(opened: Database, now: datetime) -> None:
    """Write an errand and take it back, so that nobody learns only after a booking that no letter can go out."""
    try:
        with opened.write() as session:
            outbox.send(session, "probe", uuid4(), now)
            raise _Undo
    except _Undo:
        pass


def _first_line(fault: SQLAlchemyError) -> str:
    return str(getattr(fault, "orig", None) or fault).strip().partition("\n")[0]


def bound(port: int, what: str) -> socket.socket:
    """A socket on this port, so that whoever asks for it from now on is heard. Raises Misconfigured."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
        made.listen(2048)
    except OSError as fault:
        made.close()
        raise Misconfigured(
            f"Port {port}, for {what}, can't be used ({fault.strerror}). "
            "Stop the program that uses it, or set BUCHBAR_PORT to another one."
        ) from None
    made.set_inheritable(True)
    return made


class Announcing(uvicorn.Server):
    """A server that says something as soon as it answers."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()


def config(app: object, *, workers: int = 1) -> uvicorn.Config:
    """How uvicorn runs: behind a proxy on this machine that says who asks (X-Forwarded-For, -Proto). uvloop and
    httptools where there are any ("auto"); our own log instead of its access log."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        factory=isinstance(app, str),
        host=HOST,
        workers=workers,
        loop="auto",
        http="auto",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=True,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )


def run_processes(app: str, listening: socket.socket, workers: int) -> None:
    """Serve an application factory ("module:function") in so many processes until told to stop."""
    made = config(app, workers=workers)
    if workers == 1:
        uvicorn.Server(made).run(sockets=[listening])
        return
    with tempfile.TemporaryDirectory(prefix="buchbar-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # the counters of all processes in one place (app/health.py)
        Multiprocess(made, sockets=[listening]).run()
