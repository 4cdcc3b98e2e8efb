"""What is missing until a new town's first booking, and publishing it when nothing is.

Each journey says what it needs (``put_in``); around that stand the office and its staff.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Clerk, Municipality
from buchbar.accounts.roles import ADMINISTER, ROLES, WORK, may
from buchbar.base.errors import Refused
from buchbar.base.texts import _


@dataclass(frozen=True, slots=True)
class Step:
    """Something to be set up: whether it is, what it is, and where at the desk that is done (empty: nowhere).

    What isn't ``needed`` is good to know and keeps nobody from publishing.
    """

    done: bool
    words: str
    page: str
    note: str = ""
    needed: bool = True


Reader = Callable[[Session, Municipality, datetime], list[Step]]
_readers: list[Reader] = []


def put_in(reader: Reader) -> None:
    """Make known what a journey needs."""
    if reader not in _readers:
        _readers.append(reader)


def steps(session: Session, town: Municipality, now: datetime) -> list[Step]:
    """All that is needed, in the order in which it is best done. A county only shows its towns, so it needs little."""
    reachable = all((town.street, town.postcode, town.city, town.email))
    found = [Step(reachable, _("Anschrift und E-Mail-Adresse des Amts"), "auftritt")]
    if town.kind == "county":
        return [*found, _somebody(session, town, ADMINISTER, _("Jemand verwaltet das System"))]
    for reader in _readers:
        found += reader(session, town, now)
    return [*found, _somebody(session, town, WORK, _("Jemand vom Amt kann sich anmelden und Anfragen bearbeiten"))]


def publish(session: Session, town: Municipality, now: datetime) -> None:
    """Show the town in the portal, and its pages to everybody. Raises Refused while something is missing."""
    missing = [step.words for step in steps(session, town, now) if step.needed and not step.done]
    if missing:
        raise Refused(_("Vor dem Veröffentlichen fehlt noch: %s.") % ", ".join(missing))
    town.published = True


def hide(town: Municipality) -> None:
    """Take the town's pages away from citizens. Who has booked keeps the own page."""
    town.published = False


def _somebody(session: Session, town: Municipality, right: str, words: str) -> Step:
    able = [role for role in ROLES if may(role, right)]
    theirs = Clerk.municipality_id == town.id, Clerk.active, Clerk.role.in_(able)
    count = session.scalar(select(func.count()).select_from(Clerk).where(*theirs))
    return Step(bool(count), words, "mitarbeitende")
