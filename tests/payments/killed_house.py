"""The house as a process that can be killed: run by test_killed.py, never imported by it.

It reads what it is to be like from its first argument (JSON), imports everything once, and for each line on its
standard input forks a house that serves and works off its jobs; it says that one's process id, and "dead" at its end.
The line says at which step that house kills itself (SIGKILL), 0 for never. A step is what could be the last thing that
a process has done: a statement that writes, a commit, a question to Stripe before it is sent and after it is answered.
"""

import json
import os
import re
import signal
import socket
import sys
import threading
import time
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import requests
import uvicorn
from sqlalchemy import event

from buchbar.app import jobs
from buchbar.app.main import create_app
from buchbar.base.db import Database, connect
from buchbar.base.settings import Settings

WRITES = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM) (?!job_run)")


def main() -> None:
    given = json.loads(sys.argv[1])
    clock_file = Path(given["clock"])
    settings = Settings(**given["settings"] | {"allowed_hosts": tuple(given["settings"]["allowed_hosts"])})
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _live(settings, lambda: datetime.fromisoformat(clock_file.read_text()), int(line))
        _say(child)
        os.waitpid(child, 0)
        _say("dead")


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def _live(settings: Settings, clock: Any, kill_at: int) -> None:
    steps = count(1)

    def step(*_anything: Any) -> None:
        if next(steps) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    engine = connect(settings.database_url, pool=settings.pool)
    wrote = threading.local()

    def statement(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        if WRITES.match(text):
            wrote.yes = True
            step()

    def commit(_connection: Any) -> None:
        if getattr(wrote, "yes", False):
            wrote.yes = False
            step()

    event.listen(engine, "after_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    asks = requests.Session.send

    def send(session: requests.Session, *arguments: Any, **options: Any) -> requests.Response:
        step()
        answer = asks(session, *arguments, **options)
        step()
        return answer

    requests.Session.send = send  # type: ignore[method-assign]
    database = Database(engine, settings=settings)
    app = create_app(settings, clock=clock, database=database)
    asking = next(job for job in jobs.JOBS if job.name == "payments")

    def work() -> None:
        while True:
            jobs.send_what_waits(database, clock)
            jobs.attempt(asking, database, settings, clock)
            time.sleep(0.05)

    threading.Thread(target=work, daemon=True).start()
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", settings.port))
    uvicorn.Server(uvicorn.Config(app, log_config=None)).run(sockets=[listening])


if __name__ == "__main__":
    main()
