"""The command line as a town's IT uses it: real processes, real ports."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from buchbar.accounts import second_factor
from buchbar.accounts.models import Clerk, Municipality, SecondFactor
from buchbar.app import cli, start
from buchbar.base.db import Database, connect
from buchbar.base.settings import ROOT, Misconfigured
from buchbar.booking.models import Booking
from buchbar.notices.models import Errand
from tests.cast import NOW

BUCHBAR = Path(sys.executable).parent / "buchbar"
PRODUCTION = {
    "BUCHBAR_MODE": "production",
    "BUCHBAR_BASE_URL": "https://termine.example.de",
    "BUCHBAR_SECRET": "0123456789abcdef0123456789abcdef",
    "BUCHBAR_STRIPE_KEY": "sk_live_x",
    "BUCHBAR_STRIPE_WEBHOOK_SECRET": "whsec_x",
    "BUCHBAR_SMTP_URL": "smtp://127.0.0.1:9",
    "BUCHBAR_MAIL_FROM": "Standesamt <standesamt@example.de>",
    "BUCHBAR_METRICS_TOKEN": "s3cret",
}


@pytest.fixture
def two_ports():
    """A port that is free together with the next one."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            with contextlib.suppress(OSError):
                second.bind(("127.0.0.1", port + 1))
                return port


def environment(url, port, **more):
    own = {name: value for name, value in os.environ.items() if not name.startswith("BUCHBAR_")}
    return own | {"BUCHBAR_DATABASE_URL": url, "BUCHBAR_PORT": str(port)} | more


@contextlib.contextmanager
def running(command, env, port):
    """The program, once it answers; how long that took; ended by SIGTERM as by systemd."""
    begun = time.monotonic()
    process = subprocess.Popen(
        [BUCHBAR, command], env=env, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        while True:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{port}/health", timeout=200)
                break
            if process.poll() is not None or time.monotonic() - begun > 200:
                pytest.fail(f"doesn't start: {process.communicate()}")
            time.sleep(0.05)
        process.took = time.monotonic() - begun
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.said, process.complained = process.communicate(timeout=30)


def counted(url):
    database = Database(connect(url))
    with database.read() as session:
        found = [session.scalar(select(func.count()).select_from(table)) for table in (Municipality, Booking)]
    database.engine.dispose()
    return found


def test_it_is_tried_out_twice_the_second_time_at_once_and_with_the_same_data(tmp_path, two_ports):
    url, port = f"sqlite:///{tmp_path}/new/buchbar.sqlite", two_ports
    base = f"http://127.0.0.1:{port}"
    with running("demo", environment(url, port), port) as first:
        assert httpx.get(f"{base}/health").json()["status"] == "ok"
        assert "Diepholz" in httpx.get(f"{base}/").text
        for path in ("/diepholz/hochzeit", "/gladbeck/hochzeit", "/diepholz/amt", "/demo/post", "/metrics"):
            answer = httpx.get(base + path, follow_redirects=True)
            assert answer.status_code == 200, path
            assert "server" not in answer.headers
        assert httpx.get(f"http://127.0.0.1:{port + 1}/").status_code < 500  # the stand-in answers
    assert first.returncode == 0 and first.complained == ""
    for address in ("/", "/diepholz/hochzeit", "/diepholz/amt", "/demo/post"):
        assert re.search(rf"{base}{address}(\s|$)", first.said), first.said
    assert "sommer@diepholz.example.org" in first.said
    loaded = counted(url)
    assert loaded[0] == 5 and loaded[1] > 400
    with running("demo", environment(url, port), port) as second:
        pass
    assert second.returncode == 0 and "Loading" not in second.said
    assert second.took < max(10, first.took)
    assert counted(url) == loaded


def test_in_real_use_several_processes_answer_behind_a_proxy(database_url, two_ports):
    port = two_ports
    env = environment(database_url, port, BUCHBAR_WORKERS="2", **PRODUCTION)
    base = f"http://127.0.0.1:{port}"
    with running("serve", env, port) as server:
        for _n in range(20):
            assert httpx.get(f"{base}/health").status_code == 200
        assert httpx.get(f"{base}/demo/post").status_code == 404
        assert httpx.get(f"{base}/metrics").status_code == 404
        figures = httpx.get(f"{base}/metrics", headers={"authorization": "Bearer s3cret"}).text
    health = re.search(r'buchbar_requests_total\{method="GET",route="/health",status="200"\} (\d+)', figures)
    assert int(health[1]) >= 20  # of both processes together
    assert server.returncode == 0
    assert all(line.startswith("{") for line in server.complained.splitlines()), server.complained


def complaint(arguments, env):
    """What the program says when it refuses; it must end with 2."""
    done = subprocess.run([BUCHBAR, *arguments], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr
    return done.stderr


def test_wrong_settings_are_all_named_at_once(tmp_path):
    env = environment(f"sqlite:///{tmp_path}/x", 70000, BUCHBAR_MODE="production", BUCHBAR_SMTP_URL="mail")
    said = complaint(["serve"], env)
    for name in ("BUCHBAR_PORT", "BUCHBAR_SMTP_URL", "BUCHBAR_SECRET", "BUCHBAR_STRIPE_KEY", "BUCHBAR_BASE_URL"):
        assert name in said


def test_a_port_that_is_taken_is_named(tmp_path, two_ports):
    with socket.socket() as other:
        other.bind(("127.0.0.1", two_ports))
        other.listen()
        said = complaint(["demo"], environment(f"sqlite:///{tmp_path}/x", two_ports))
    assert f"Port {two_ports}" in said and "BUCHBAR_PORT" in said


def test_a_database_that_is_away_is_named_without_its_password(two_ports):
    url = "postgresql://buchbar:geheim@127.0.0.1:1/buchbar"
    said = complaint(["migrate"], environment(url, two_ports))
    assert "127.0.0.1:1" in said and "geheim" not in said


def test_the_demonstration_keeps_out_of_production(tmp_path, two_ports):
    env = environment(f"sqlite:///{tmp_path}/x", two_ports, **PRODUCTION)
    assert "buchbar serve" in complaint(["demo"], env)
    assert "no place" in complaint(["seed"], env)


def test_an_outbox_that_cannot_be_written_is_told_before_anybody_books(database, database_url, monkeypatch):
    settings = cli.from_environment({"BUCHBAR_DATABASE_URL": database_url})
    with database.write() as session:
        session.execute(Errand.__table__.delete())
        session.connection().exec_driver_sql("ALTER TABLE errand RENAME TO hidden")
    with pytest.raises(Misconfigured, match="outbox"):
        start.database(settings, NOW)


def test_trying_the_outbox_leaves_nothing_in_it(database):
    start.probe(database, NOW)
    with database.read() as session:
        assert session.scalar(select(func.count(Errand.id))) == 0


@pytest.fixture
def here(database_url, monkeypatch):
    """The environment of commands that run in this process."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    for name, value in environment(database_url, 8000).items():
        monkeypatch.setenv(name, value)


def test_a_town_and_its_clerk_are_put_in_by_command(here, database, tmp_path, capsys):
    text = (ROOT / "seed_data" / "syke.toml").read_text(encoding="utf-8")
    path = tmp_path / "bassum.toml"
    path.write_text(text.replace('slug = "syke"', 'slug = "bassum"').replace('county = "landkreis-diepholz"\n', ""))
    assert cli.main(["town", "add", str(path)]) == 0
    assert cli.main(["town", "add", str(path)]) == 2
    add = ["user", "add", "--town", "bassum", "--name", "Frau Otte", "--email", "otte@example.de"]
    assert cli.main(add) == 0
    assert "/bassum/amt" in capsys.readouterr().out
    assert cli.main([*add[:-1], "OTTE@example.de"]) == 2
    assert cli.main(["clerk", "add", "--town", "nirgends", "--name", "X", "--email", "x@example.de"]) == 2
    assert "there are: bassum" in capsys.readouterr().err
    assert cli.main([*add[:-1], "nobody"]) == 2
    assert cli.main([*add[:-1], "x@example.de", "--role", "county"]) == 2
    assert "can't be 'county'" in capsys.readouterr().err
    with database.read() as session:
        clerk = session.scalars(select(Clerk).where(Clerk.email == "otte@example.de")).one()
        assert (clerk.role, clerk.municipality.slug) == ("administrator", "bassum")


def test_the_second_factor_of_the_last_administrator_is_reset_by_command(here, database, town):
    with database.write() as session:
        second_factor.begin(session, session.get_one(Clerk, town.clerk.id), NOW)
    assert cli.main(["user", "reset", "--email", "nobody@example.de"]) == 2
    assert cli.main(["user", "reset", "--email", town.clerk.email.upper()]) == 0
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(SecondFactor)) == 0


def test_a_file_that_is_no_town_is_refused(here, tmp_path, capsys):
    assert cli.main(["town", "add", str(tmp_path / "nothing.toml")]) == 2
    assert "nothing.toml" in capsys.readouterr().err
