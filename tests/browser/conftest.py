"""A real browser against a real server, with its jobs and the stand-in for Stripe, on both databases."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from litestar import Litestar
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from buchbar.app.main import create_app, now
from buchbar.base.db import Database, connect
from buchbar.base.settings import Settings
from buchbar.calendar.public_holidays import holiday_name
from buchbar.payments.standin import create_standin
from tests import cast as people
from tests.chromium import executable

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


@dataclass
class House:
    """A running installation."""

    url: str
    settings: Settings
    database: Database
    cast: people.Cast
    saturday: date


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serve(app: Litestar, port: int) -> Callable[[], None]:
    """Serve in a thread; what is returned stops it."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)

    def stop() -> None:
        server.should_exit = True
        thread.join(10)

    return stop


def next_saturday() -> date:
    """A Saturday in the mill's season, some months ahead, that is no public holiday."""
    day = now().date() + timedelta(days=40)
    while day.weekday() != 5 or not 5 <= day.month <= 9 or holiday_name(day, "NI"):
        day += timedelta(days=1)
    return day


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    port, stripe_port = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    settings = replace(
        people.SETTINGS,
        database_url=database_url,
        base_url=url,
        port=port,
        allowed_hosts=(f"127.0.0.1:{port}",),
        stripe_url=f"http://127.0.0.1:{stripe_port}",
    )
    database = Database(connect(database_url, synchronous="OFF"), settings=settings)
    with database.write() as session:
        cast = people.assemble(session)
        cast.town.demonstration = True
    stop_stripe = serve(create_standin(f"{url}/zahlung/stripe", settings.stripe_webhook_secret, now), stripe_port)
    stop = serve(create_app(settings, database=database, jobs=True), port)
    yield House(url, settings, database, cast, next_saturday())
    stop()
    stop_stripe()
    database.engine.dispose()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=str(executable()), args=["--no-sandbox", "--disable-background-networking"]
        )
        yield running
        running.close()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A visitor with a browser of their own: ``visitor(PHONE)``, ``visitor(DESK, scripts=False)``."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def come(viewport: dict[str, int] = PHONE, *, scripts: bool = True) -> Page:
        context = browser.new_context(
            viewport=viewport, locale="de-DE", java_script_enabled=scripts, timezone_id="Europe/Berlin"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on("console", lambda line: faults.append(line.text) if "Content Security" in line.text else None)
        return page

    yield come
    for context in contexts:
        context.close()
    assert faults == [], "the browser complained"


def sound(page: Page, name: str = "") -> None:
    """Nothing wrong for people with disabilities (axe, WCAG 2.2 AA), nothing wider than the screen, also at 320 px.

    With a ``name`` there is a picture in var/screenshots to look at, but where all tests run at once (make test): there
    nobody looks, and pictures take their time.
    """
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]})
    violations = [
        f"{each['id']}: {[node['html'][:160] for node in each['nodes']][:3]}" for each in found.response["violations"]
    ]
    assert violations == [], f"{page.url}: {violations}"
    size = page.viewport_size
    for width in (size["width"], 320):
        page.set_viewport_size({"width": width, "height": size["height"]})
        assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth"), f"{page.url} at {width}"
    page.set_viewport_size(size)
    if name and "PYTEST_XDIST_WORKER" not in os.environ:
        folder = Path(__file__).parent.parent.parent / "var" / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        # Hiding the caret leaves style attributes behind, which HTMX copies and our Content-Security-Policy refuses.
        page.screenshot(path=folder / f"{name}-{size['width']}.png", full_page=True, caret="initial")
