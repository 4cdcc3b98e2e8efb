"""A throw-away PostgreSQL, started from the programs that the system has, for tests and measurements.

with Cluster() as cluster:
    template = cluster.create_database()            # migrate it once …
    url = cluster.create_database(template)         # … and copy it for each test, in some 30 ms
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

OLDEST = 15
ROLE = "buchbar"
FOLDERS = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Red Hat
    "/opt/homebrew/opt/postgresql@*/bin",  # macOS
    "/usr/local/opt/postgresql@*/bin",
)
# `read` returns when the pipe closes, which happens whenever the Python that holds it ends, by a crash or a
# SIGKILL too. So nothing is ever left running, and stopping is the same path as dying.
KEEPER = """
postgres=$1 folder=$2; shift 2
"$postgres" "$@" >"$folder/log" 2>&1 </dev/null &
server=$!
read -r _
kill -QUIT "$server" 2>/dev/null
wait "$server"
cd /
rm -rf "$folder"
"""
# A database that was used is emptied and used again, unless its shape was changed: that takes milliseconds, and a
# copy half a second.
SHAPE = """
SELECT string_agg(relname, ',' ORDER BY relname), (SELECT count(*) FROM pg_constraint),
       (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_attribute WHERE NOT attisdropped)
FROM pg_class WHERE relnamespace = 'public'::regnamespace
"""
EMPTY = """
DO $$ DECLARE name text; BEGIN
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid();
  SET session_replication_role = replica;
  FOR name IN SELECT quote_ident(relname) FROM pg_class
              WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
  LOOP EXECUTE 'DELETE FROM ' || name; END LOOP;
END $$
"""
RELAXED = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def programs() -> Path:
    """The folder of the newest initdb and postgres here; RuntimeError says what to do when there is none."""
    folders = [folder for pattern in FOLDERS for folder in Path("/").glob(pattern.lstrip("/"))]
    if on_path := shutil.which("postgres"):
        folders.append(Path(on_path).resolve().parent)
    found = {folder: version(folder) for folder in folders if (folder / "initdb").exists()}
    newest = max(found, key=found.__getitem__, default=None)
    if newest is None or found[newest] < OLDEST:
        raise RuntimeError(f"PostgreSQL {OLDEST} or newer is missing: run `make test`, which installs it or says how.")
    return newest


def version(folder: Path) -> int:
    """The main version of the postgres in a folder, 0 where there is none that runs."""
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return 0
    number = re.search(r"\d+", said.stdout)
    return int(number.group()) if number else 0


class Cluster:
    """A server with its own data folder, reached by a unix socket inside it, gone without trace afterwards.

    ``durable=True`` keeps commits as real as in production (for measurements); tests don't need that.
    PostgreSQL refuses to run as root: then its programs run as the user ``postgres``, as the package made it.
    """

    def __init__(self, *, durable: bool = False, max_connections: int = 200, **settings: str) -> None:
        self.bin = programs()
        self.settings = {
            "max_connections": str(max_connections),
            "listen_addresses": "",
            "timezone": "UTC",
            **({} if durable else RELAXED),
            **settings,
        }
        self.user = "postgres" if os.geteuid() == 0 else None
        self.numbers = count(1)
        self.idle: list[str] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Make the data folder and start the server; returns when it answers."""
        # Not TMPDIR: the path of a unix socket may have some 100 characters, on macOS it would be longer.
        self.folder = Path(tempfile.mkdtemp(prefix="buchbar-pg-", dir="/tmp"))
        try:
            self._initialise()
            self._launch()
            self._wait()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server at once and remove everything it wrote. May be called twice."""
        keeper = self.__dict__.pop("keeper", None)
        if keeper is not None:
            keeper.communicate(b"stop\n", timeout=30)  # a word, for where a forked child holds the pipe open
        shutil.rmtree(self.folder, ignore_errors=True)

    def create_database(self, template: str | None = None) -> str:
        """A new database, empty or a copy of the one at ``template`` (nobody may be connected to it).

        Returns its address for SQLAlchemy.
        """
        name = f"test_{next(self.numbers)}"
        source = make_url(template).database if template else "template1"
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, source or "template1")
        address = URL.create("postgresql+psycopg", ROLE, database=name, query={"host": str(self.folder)})
        return address.render_as_string()

    def borrow_database(self, template: str) -> str:
        """An empty database as at ``template``: one that was given back, or a new one."""
        if self.idle:
            return self.idle.pop()
        url = self.create_database(template)
        with self._connect(make_url(url).database) as connection:
            self.shape = connection.execute(SHAPE).fetchone()
        return url

    def give_back_database(self, url: str) -> None:
        """Empty a borrowed database for the next, whoever is still connected to it; drop one of another shape."""
        with self._connect(make_url(url).database) as connection:
            same = connection.execute(SHAPE).fetchone() == self.shape
            if same:
                connection.execute(EMPTY)
        if same:
            self.idle.append(url)
        else:
            self.drop_database(url)

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", make_url(url).database or "")

    def _execute(self, statement: str, *names: str) -> None:
        with self._connect() as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]

    def _connect(self, database: str | None = "postgres") -> psycopg.Connection:
        return psycopg.connect(host=str(self.folder), user=ROLE, dbname=database, autocommit=True)

    def _initialise(self) -> None:
        if self.user:
            shutil.chown(self.folder, self.user)
        arguments = ["-D", str(self.folder / "data"), "-U", ROLE, "-A", "trust", "-E", "UTF8", "--no-sync"]
        made = subprocess.run(
            [self.bin / "initdb", "--locale=C", *arguments],
            user=self.user,
            group=self.user,
            extra_groups=[] if self.user else None,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr or made.stdout}")

    def _launch(self) -> None:
        options = [f"-c{name}={value}" for name, value in self.settings.items()]
        server = ["-D", str(self.folder / "data"), "-k", str(self.folder), *options]
        self.keeper = subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "keeper", str(self.bin / "postgres"), str(self.folder), *server],
            user=self.user,
            group=self.user,
            extra_groups=[] if self.user else None,
            cwd=self.folder,
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the tests, which then close the pipe
        )

    def _wait(self) -> None:
        patience = time.monotonic() + 30
        while True:
            try:
                self._connect().close()
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > patience:
                    log = (self.folder / "log").read_text() if (self.folder / "log").exists() else ""
                    raise RuntimeError(f"PostgreSQL doesn't start:\n{log[-2000:]}") from error
                time.sleep(0.02)


if __name__ == "__main__":
    try:
        programs()
    except RuntimeError:
        sys.exit(1)
