"""The frame of all pages of the desk: who is signed in, at whose desk, and what their role may."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from litestar import Request, Response
from sqlalchemy.orm import Session, object_session

from buchbar.accounts.approval import waiting
from buchbar.accounts.models import Clerk, Municipality
from buchbar.accounts.roles import LEAD, ROLES, WORK, may, sees
from buchbar.base.texts import _
from buchbar.base.web import page

# By the name of a journey: whether a town takes part in it. Journeys that aren't in here, every town offers.
_offered: dict[str, Callable[[Session, Municipality], bool]] = {}


def put_in(journey: str, offered: Callable[[Session, Municipality], bool]) -> None:
    """Make known by what one sees that a town takes part in a journey, so that no other desk leads to its pages."""
    _offered[journey] = offered


class Blanks(dict[str, str]):
    """Fields of a form: what nobody typed, or what has no fault, is empty."""

    def __missing__(self, _name: str) -> str:
        return ""


def show_page(
    request: Request, clerk: Clerk, template: str, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    """A page of the desk. Who has to set up a second factor first sees no way to anything else."""
    town = clerk.town
    frame = {
        "town": town,
        "zone": town.zone,
        "clerk": clerk,
        "now": now,
        "may": lambda right: may(clerk.role, right) and not clerk.must_enrol,
        "sees": lambda journey: sees(clerk.role, journey),
        "has": lambda journey: sees(clerk.role, journey) and _has(clerk, journey),
        "clubs_waiting": lambda: _clubs_waiting(clerk),
        "may_change": may(clerk.role, WORK),
        "may_lead": may(clerk.role, LEAD),
        "role": _(ROLES[clerk.role]),
        "desk": clerk.desk,
        "said": "",
    }
    context |= {name: Blanks(context.get(name, {})) for name in ("faults", "typed")}
    return page(request, template, status, **(frame | context))


def _has(clerk: Clerk, journey: str) -> bool:
    session = object_session(clerk)
    return journey not in _offered or (session is not None and _offered[journey](session, clerk.town))


def _clubs_waiting(clerk: Clerk) -> int:
    session = object_session(clerk)
    return waiting(session, clerk.town) if session is not None else 0
