"""The command line: ``buchbar demo`` to try it out, ``buchbar serve`` for real use, and what an installation needs.

Ends with 0 when it was told to stop, with 2 and a sentence when it can't start.
"""

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.accounts import staff
from buchbar.accounts.models import Clerk, Municipality
from buchbar.accounts.roles import ROLES
from buchbar.app import demo, demo_standin, seeds, start
from buchbar.app.assembly import put_together
from buchbar.app.demo import MADE_BY
from buchbar.app.main import create_app, now
from buchbar.base import forms, logs
from buchbar.base.errors import Invalid
from buchbar.base.settings import Misconfigured, Settings, from_environment
from buchbar.payments.standin import create_standin


def main(arguments: list[str] | None = None) -> int:
    """Run a command; what the shell gets as its result."""
    chosen = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    try:
        chosen.run(chosen, from_environment())
    except (Misconfigured, seeds.Faulty) as fault:
        print(f"Buchbar can't do this:\n{fault}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _stop(_signal: int, _frame: object) -> None:
    sys.exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="buchbar", description="Booking for towns and counties.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[..., None], about: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
        made.set_defaults(run=run)
        return made

    command("demo", _demo, "try it out: demonstration county, stand-in for Stripe, no mail leaves the house")
    command("serve", _serve, "real use: BUCHBAR_WORKERS processes behind a proxy with TLS")
    command("migrate", _migrate, "bring the database to the newest state, and nothing else")
    command("seed", _seed, "load what is missing of the demonstration county, and nothing else")
    town = command("town", _add_town, "put a municipality in, from a file like those in seed_data/")
    town.add_argument("action", choices=["add"])
    town.add_argument("file", type=Path)
    for name in ("user", "clerk"):
        user = command(
            name, _user, "let somebody sign in at a town's desk" + (" (the same as user)" if name == "clerk" else "")
        )
        actions = user.add_subparsers(required=True, metavar="ACTION", dest="action")
        add = actions.add_parser("add", help="let somebody sign in, by default as the administrator")
        add.add_argument("--town", required=True, help="the town or county, as in its addresses: diepholz")
        add.add_argument("--name", required=True)
        add.add_argument("--email", required=True)
        add.add_argument("--role", choices=list(ROLES), default="administrator")
        reset = actions.add_parser("reset", help="let somebody sign in again without the lost second factor")
        reset.add_argument("--email", required=True)
    return parser


# --- Serving ------------------------------------------------------------------------------------------------------


def application() -> Litestar:
    """What each process of ``serve`` runs."""
    logs.configure()
    settings = from_environment()
    return create_app(settings, jobs=True)


def _serve(_chosen: argparse.Namespace, settings: Settings) -> None:
    logs.configure()
    listening = start.bound(settings.port, "Buchbar")
    start.database(settings, now()).engine.dispose()
    start.run_processes("buchbar.app.cli:application", listening, settings.workers)


def _demo(_chosen: argparse.Namespace, settings: Settings) -> None:
    if not settings.demo:
        raise Misconfigured("BUCHBAR_MODE is 'production': `buchbar demo` is for trying out, use `buchbar serve`.")
    logs.configure(logging.WARNING)  # so that the last lines on the screen stay the ones that say where to click
    with ExitStack() as running:
        listening = start.bound(settings.port, "Buchbar")
        running.callback(listening.close)
        charges: dict[str, Any] = {}
        if settings.stripe_url == f"http://{start.HOST}:{settings.port + 1}":
            charges = running.enter_context(_standin(settings)).state.books.charges
        database = start.database(settings, now())
        put_together()
        if _empty(database):
            print("Loading the demonstration county (once, some 20 seconds) ...", flush=True)
        demo.load(database, now())
        with database.read() as session:
            demo_standin.remember(charges, session)
        app = create_app(settings, database=database, jobs=True)
        start.Announcing(start.config(app), lambda: print(_where_to_click(settings), flush=True)).run([listening])


def _empty(database: Any) -> bool:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Municipality)) == 0


@contextmanager
def _standin(settings: Settings) -> Iterator[Litestar]:
    """The stand-in for Stripe on the next port, in a thread of this process."""
    listening = start.bound(settings.port + 1, "the stand-in for Stripe")
    webhook = f"http://{start.HOST}:{settings.port}/zahlung/stripe"
    standin = create_standin(webhook, settings.stripe_webhook_secret, now)
    server = uvicorn.Server(start.config(standin))
    thread = threading.Thread(target=server.run, args=([listening],), name="standin", daemon=True)
    thread.start()
    try:
        yield standin
    finally:
        server.should_exit = True
        thread.join(start.GRACE)
        listening.close()


def _where_to_click(settings: Settings) -> str:
    base = settings.base_url
    return f"""
Buchbar is ready. Everything in it is made up; stop it with Ctrl-C.

  Portal               {base}/
  A couple's question  {base}/diepholz/hochzeit
  The office's desk    {base}/diepholz/amt   sign in as sommer@diepholz.example.org,
                       the code arrives in the outgoing mail
  The cashier's desk   {base}/diepholz/amt/kasse   sign in as vogt@diepholz.example.org
  Outgoing mail        {base}/demo/post
  Payments             go to a stand-in for Stripe at {settings.stripe_url}, no money moves
"""


# --- What an installation needs -----------------------------------------------------------------------------------


def _migrate(_chosen: argparse.Namespace, settings: Settings) -> None:
    start.database(settings, now()).engine.dispose()
    print("The database is up to date.")


def _seed(_chosen: argparse.Namespace, settings: Settings) -> None:
    if not settings.demo:
        raise Misconfigured("BUCHBAR_MODE is 'production': the demonstration county has no place there.")
    put_together()
    loaded = demo.load(start.database(settings, now()), now())
    print(f"Loaded: {', '.join(loaded)}." if loaded else "Nothing was missing.")


def _add_town(chosen: argparse.Namespace, settings: Settings) -> None:
    seed = seeds.town(chosen.file)
    with start.database(settings, now()).write() as session:
        if demo.place(session, seed, now()) is None:
            raise Misconfigured(f"There is a municipality {seed.slug!r} already.")
    print(f"{seed.name} is at {settings.base_url}/{seed.slug}/")


def _user(chosen: argparse.Namespace, settings: Settings) -> None:
    with start.database(settings, now()).write() as session:
        print((_add_user if chosen.action == "add" else _reset_user)(session, chosen, settings))


def _add_user(session: Session, chosen: argparse.Namespace, settings: Settings) -> str:
    town = session.scalar(select(Municipality).where(Municipality.slug == chosen.town))
    if town is None:
        slugs = ", ".join(session.scalars(select(Municipality.slug).order_by(Municipality.slug)))
        raise Misconfigured(f"There is no municipality {chosen.town!r}; there are: {slugs or 'none'}.")
    if chosen.role not in staff.roles_at(town):
        fitting = ", ".join(staff.roles_at(town))
        raise Misconfigured(f"At {town.name} ({town.kind}) somebody can't be {chosen.role!r}, but one of: {fitting}.")
    try:
        email = forms.address(chosen.email)
        staff.take_on(session, town, chosen.name, email, chosen.role, now(), MADE_BY)
    except ValueError:
        raise Misconfigured(f"{chosen.email!r} is no e-mail address.") from None
    except Invalid:
        raise Misconfigured(f"There is a clerk with the address {chosen.email!r} already.") from None
    return f"{chosen.name} can sign in at {settings.base_url}/{chosen.town}/amt"


def _reset_user(session: Session, chosen: argparse.Namespace, _settings: Settings) -> str:
    clerk = session.scalar(select(Clerk).where(func.lower(Clerk.email) == chosen.email.lower()))
    if clerk is None:
        raise Misconfigured(f"There is no clerk with the address {chosen.email!r}.")
    staff.reset_second_factor(session, clerk, now())
    return f"{clerk.name} signs in with the code from the mail alone, until a new second factor is set up."
