"""Who names ``session`` or ``database`` runs twice: on SQLite and on a real PostgreSQL.

``database`` is one of its own. Who only names ``session`` gets a transaction on a shared one, undone afterwards.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.datastructures import State
from litestar.middleware.csrf import generate_csrf_token
from litestar.testing import TestClient
from sqlalchemy import Engine, event, make_url
from sqlalchemy.orm import Session

from buchbar.app.assembly import put_together
from buchbar.app.main import create_app
from buchbar.app.migrate import migrate
from buchbar.base.db import Database, connect
from tests import cast as people
from tests.postgres import Cluster

put_together()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        yield running


@pytest.fixture(scope="session")
def postgres_template(cluster: Cluster) -> str:
    url = cluster.create_database()
    engine = connect(url)
    migrate(engine)
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    engine = connect(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if kind == "sqlite":
        path = tmp_path / "buchbar.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.borrow_database(request.getfixturevalue("postgres_template"))
        yield url
        cluster.give_back_database(url)


class Engines:
    """An engine remembers how each statement is said in SQL, and to find that out takes longer than to ask the
    database. So tests share them: one for each PostgreSQL database, which is used again and again, and one for all
    files of SQLite."""

    def __init__(self) -> None:
        self.made: dict[str, Engine] = {}
        self.file = ""

    def of(self, url: str) -> Engine:
        """The engine for a database, until the next is asked for."""
        address = make_url(url)
        sqlite = address.get_backend_name() == "sqlite"
        key, self.file = ("sqlite", address.database or "") if sqlite else (url, "")
        if key not in self.made:
            self.made[key] = connect(url, synchronous="OFF")
            if sqlite:
                event.listen(self.made[key], "do_connect", self._lead)
        engine = self.made[key].execution_options()  # what a test listens to on it, the next one doesn't hear
        engine.url = address
        return engine

    def _lead(self, _dialect: Any, _record: Any, given: list[Any], _more: Any) -> None:
        given[0] = self.file


@pytest.fixture(scope="session")
def engines() -> Engines:
    return Engines()


@pytest.fixture
def database(database_url: str, engines: Engines) -> Iterator[Database]:
    engine = engines.of(database_url)
    yield Database(engine, settings=people.SETTINGS)
    engine.dispose()


@pytest.fixture(scope="session")
def shared_sqlite(sqlite_template: Path) -> Iterator[Engine]:
    path = sqlite_template.with_name("shared.sqlite")
    shutil.copy(sqlite_template, path)
    engine = connect(f"sqlite:///{path}", synchronous="OFF")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def shared_postgresql(cluster: Cluster, postgres_template: str) -> Iterator[Engine]:
    engine = connect(cluster.create_database(postgres_template))
    yield engine
    engine.dispose()


class Undone(Exception):
    """Ends a test's transaction on a shared database."""


@pytest.fixture
def session(kind: str, request: pytest.FixtureRequest) -> Iterator[Session]:
    if "database" in request.fixturenames:
        with request.getfixturevalue("database").write() as session:
            yield session
        return
    shared = Database(request.getfixturevalue(f"shared_{kind}"), settings=people.SETTINGS)
    with suppress(Undone), shared.write() as session:
        yield session
        session.flush()
        raise Undone


@pytest.fixture
def cast(session: Session) -> people.Cast:
    return people.assemble(session)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = people.NOW

    def __call__(self):  # type: ignore[no-untyped-def]
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def put_together_once() -> Litestar:
    """Hundreds of handlers take a quarter of a second to register; all that an application knows is in its state."""
    return create_app(people.SETTINGS, database=Database(connect("sqlite:///nowhere"), settings=people.SETTINGS))


@pytest.fixture
def app(put_together_once: Litestar, database: Database, clock: Clock) -> Litestar:
    put_together_once.state = State({"settings": people.SETTINGS, "database": database, "clock": clock})
    return put_together_once


@pytest.fixture
def client(app: Litestar) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://testserver.local", raise_server_exceptions=True) as running:
        yield running


@pytest.fixture
def town(database: Database) -> people.Cast:
    """The cast, saved, for tests that go through pages or several connections."""
    with database.write() as session:
        return people.assemble(session)


@pytest.fixture
def posted(client: TestClient) -> Callable[..., httpx.Response]:
    """Post a form as a browser does: with the token against forged requests; redirects are not followed."""

    def post(path: str, htmx: bool = False, **fields: str) -> httpx.Response:
        if "csrftoken" not in client.cookies:
            client.cookies.set("csrftoken", generate_csrf_token(people.SETTINGS.secret))
        headers = {"hx-request": "true"} if htmx else {}
        data = {"_csrf_token": client.cookies.get("csrftoken", ""), **fields}
        return client.post(path, data=data, headers=headers, follow_redirects=False)

    return post
