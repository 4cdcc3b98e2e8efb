"""Clerks sign in by a code that is mailed to them; there are no passwords to lose.

A code is typed in under the id of its own row (hidden in the page that asked for it), so that somebody else's wrong
guesses never lock a clerk out. The session's token is made new at each sign-in: a cookie that was there before,
whoever put it there, never becomes a session.
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from litestar import Request
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts import roles
from buchbar.accounts.models import Clerk, Municipality, SignIn, SignInCode
from buchbar.base.db import Database
from buchbar.base.errors import Forbidden, NotFound, SignInNeeded
from buchbar.base.settings import Settings
from buchbar.base.texts import _
from buchbar.base.tokens import fingerprint, new_code, new_token
from buchbar.notices import letters

COOKIE = "amt"
CODE_LIFE = timedelta(minutes=10)
ATTEMPTS = 5
IDLE = timedelta(hours=2)
LONGEST = timedelta(hours=12)


def page_of(town_slug: str) -> str:
    """The address of a town's sign-in page."""
    return f"/{town_slug}/amt/anmelden"


def send_code(session: Session, town: Municipality, email: str, at: datetime) -> UUID:
    """Mail a code to the town's clerk of this address; the id under which it has to be typed in.

    For an address that nobody has, there is an id as well, so that nobody learns who works here.
    """
    asked = uuid4()
    clerk = session.scalar(
        select(Clerk).where(
            Clerk.municipality_id == town.id, func.lower(Clerk.email) == email.lower(), Clerk.active.is_(True)
        )
    )
    if clerk is not None:
        code = new_code()
        code_print = _code_print(session, asked, code)
        session.add(SignInCode(id=asked, clerk_id=clerk.id, code_print=code_print, expires_at=at + CODE_LIFE))
        _mail(session, town, clerk, code, at)
    return asked


def redeem(session: Session, town: Municipality, asked: UUID, code: str, at: datetime) -> str | None:
    """Make a session of a code: the token for the cookie, or None for a wrong, old or used code.

    Return from the request after a None, don't raise: the attempt has to be saved. It is counted before it is
    compared, under the row's lock, so that not even a crowd of guesses gets more than its few.
    """
    counted = session.execute(
        update(SignInCode)
        .where(
            SignInCode.id == asked,
            SignInCode.used_at.is_(None),
            SignInCode.expires_at > at,
            SignInCode.attempts < ATTEMPTS,
        )
        .values(attempts=SignInCode.attempts + 1)
        .returning(SignInCode.clerk_id, SignInCode.code_print)
    ).one_or_none()
    if counted is None or counted.code_print != _code_print(session, asked, code.strip()):
        return None
    clerk = session.get_one(Clerk, counted.clerk_id)
    if not clerk.active or clerk.municipality_id != town.id:
        return None
    session.execute(
        update(SignInCode).where(SignInCode.clerk_id == clerk.id, SignInCode.used_at.is_(None)).values(used_at=at)
    )
    token = new_token()
    session.add(
        SignIn(
            token_print=_token_print(session, token),
            clerk_id=clerk.id,
            signed_in_at=at,
            seen_at=at,
            ends_at=at + LONGEST,
        )
    )
    return token


def signed_in(request: Request, session: Session, now: datetime, town_slug: str, right: str) -> Clerk:
    """The clerk who asks, at the town's desk. The handlers of the desk call it first of all (accounts/at_desk.py).

    Raises SignInNeeded when nobody is signed in (any more), NotFound for another town's clerk, Forbidden for one whose
    role doesn't have the right.
    """
    token = request.cookies.get(COOKIE, "")
    if not token:
        raise SignInNeeded(page_of(town_slug))
    token_print = _token_print(session, token)
    _seen(request, session, token_print, now)
    found = session.scalar(
        select(SignIn)
        .join(SignIn.clerk)
        .where(
            SignIn.token_print == token_print,
            SignIn.seen_at > now - IDLE,
            SignIn.ends_at > now,
            Clerk.active.is_(True),
        )
        .options(joinedload(SignIn.clerk).joinedload(Clerk.municipality))
    )
    if found is None:
        raise SignInNeeded(page_of(town_slug))
    clerk = found.clerk
    if clerk.municipality.slug != town_slug:
        clerk.sit_down(_town_of_county(session, clerk, town_slug))
    if not roles.may(clerk.role, right):
        raise Forbidden(_(roles.WHY_NOT[right]))
    return clerk


def _town_of_county(session: Session, clerk: Clerk, town_slug: str) -> Municipality:
    """One of the towns that the county's administration sets up. Raises NotFound."""
    theirs = Municipality.county_id == clerk.municipality_id, Municipality.slug == town_slug
    town = session.scalar(select(Municipality).where(*theirs)) if clerk.role == "county" else None
    if town is None:
        raise NotFound
    return town


def _seen(request: Request, session: Session, token_print: str, now: datetime) -> None:
    """Remember, to the minute, that the clerk is still there."""
    touch = (
        update(SignIn)
        .where(
            SignIn.token_print == token_print,
            SignIn.seen_at > now - IDLE,
            SignIn.seen_at < now - timedelta(minutes=1),
        )
        .values(seen_at=now)
    )
    if request.method == "POST":
        session.execute(touch)
        return
    # A page that reads can't write in its own transaction, but it hasn't begun with it yet.
    database: Database = request.app.state.database
    with database.write() as own:
        own.execute(touch)


def sign_out(session: Session, token: str) -> None:
    """End the session that belongs to a cookie."""
    session.execute(delete(SignIn).where(SignIn.token_print == _token_print(session, token)))


def forget(session: Session, now: datetime) -> None:
    """Delete codes and sessions that have run out."""
    session.execute(delete(SignInCode).where(SignInCode.expires_at < now - timedelta(days=1)))
    session.execute(delete(SignIn).where(SignIn.ends_at < now))


def _mail(session: Session, town: Municipality, clerk: Clerk, code: str, at: datetime) -> None:
    subject = _("Ihr Code für die Anmeldung")
    minutes = int(CODE_LIFE.total_seconds()) // 60
    text, html = letters.rendered("sign_in", town=town, subject=subject, name=clerk.name, code=code, minutes=minutes)
    letters.write(
        session,
        municipality=town,
        booking_id=None,
        kind="sign_in",
        to=clerk.email,
        subject=subject,
        text=text,
        html=html,
        at=at,
    )


def _code_print(session: Session, asked: UUID, code: str) -> str:
    return fingerprint(_secret(session), f"code:{asked}:{code}")


def _token_print(session: Session, token: str) -> str:
    return fingerprint(_secret(session), f"sign-in:{token}")


def _secret(session: Session) -> str:
    settings: Settings = session.info["settings"]
    return settings.secret
