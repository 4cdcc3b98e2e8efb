"""Clerks sign in by a code that is mailed to them; there are no passwords to lose.

A code is typed in under the id of its own row (hidden in the page that asked for it), so that somebody else's wrong
guesses never lock a clerk out. Who has a second factor (accounts/second_factor.py) is then asked for its code, under
an id that only this browser has learnt. A session begins when all of it was right. Its token is made new at each
sign-in: a cookie that was there before, whoever put it there, never becomes a session.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from litestar import Request
from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts import clerk_letters, roles, second_factor, way_back
from buchbar.accounts.models import Clerk, Municipality, SecondStep, SignIn, SignInCode
from buchbar.base.db import in_line
from buchbar.base.errors import Forbidden, NotFound, SignInNeeded
from buchbar.base.settings import Settings
from buchbar.base.texts import _
from buchbar.base.tokens import fingerprint, new_code, new_token

COOKIE = "amt"
CODE_LIFE = timedelta(minutes=10)
ATTEMPTS = 5
IDLE = timedelta(hours=2)
LONGEST = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Passed:
    """The mail's code was right: the ``token`` of a session that begins, or, for who has a second factor, under which
    id its code is to be typed in."""

    token: str = ""
    second: UUID | None = None


def page_of(town_slug: str) -> str:
    """The address of a town's sign-in page."""
    return f"/{town_slug}/amt/anmelden"


def send_code(session: Session, town: Municipality, email: str, at: datetime) -> UUID:
    """Mail a code to the clerk of this address who works at the town's desk; the id under which it has to be typed in.

    For an address that nobody has, there is an id as well, so that nobody learns who works here.
    """
    asked = uuid4()
    from_county = and_(Clerk.role == "county", Clerk.municipality_id == town.county_id)
    clerk = session.scalar(
        select(Clerk).where(
            or_(Clerk.municipality_id == town.id, from_county),
            func.lower(Clerk.email) == email.lower(),
            Clerk.active.is_(True),
        )
    )
    if clerk is not None:
        code = new_code()
        code_print = _code_print(session, asked, code)
        session.add(SignInCode(id=asked, clerk_id=clerk.id, code_print=code_print, expires_at=at + CODE_LIFE))
        minutes = int(CODE_LIFE.total_seconds()) // 60
        subject = _("Ihr Code für die Anmeldung")
        clerk_letters.write(session, town, clerk, "sign_in", subject, at, code=code, minutes=minutes)
    return asked


def redeem(session: Session, town: Municipality, asked: UUID, code: str, at: datetime) -> Passed | None:
    """Take the code from the mail; None for a wrong, old or used one.

    Return from the request after a None, don't raise: the attempt has to be saved. It is counted before it is
    compared, under the row's lock, so that not even a crowd of guesses gets more than its few.
    """
    one_at_a_time(session, session.scalar(select(SignInCode.clerk_id).where(SignInCode.id == asked)))
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
    if not works_at(clerk, town):
        return None
    session.execute(
        update(SignInCode).where(SignInCode.clerk_id == clerk.id, SignInCode.used_at.is_(None)).values(used_at=at)
    )
    if not clerk.enrolled:
        return Passed(token=_begin(session, clerk, at))
    step = SecondStep(id=uuid4(), clerk_id=clerk.id, expires_at=at + CODE_LIFE)
    session.add(step)
    return Passed(second=step.id)


def redeem_second(session: Session, town: Municipality, asked: UUID, typed: str, at: datetime) -> str | None:
    """Take the telephone's code, or a recovery code: the token of the session that begins, None for a wrong one.

    Return after a None, as with ``redeem``. Raises TooMany.
    """
    one_at_a_time(session, session.scalar(select(SecondStep.clerk_id).where(SecondStep.id == asked)))
    clerk_id = session.scalar(
        update(SecondStep)
        .where(
            SecondStep.id == asked,
            SecondStep.used_at.is_(None),
            SecondStep.expires_at > at,
            SecondStep.attempts < ATTEMPTS,
        )
        .values(attempts=SecondStep.attempts + 1)
        .returning(SecondStep.clerk_id)
    )
    clerk = session.get(Clerk, clerk_id) if clerk_id else None
    if clerk is None or not works_at(clerk, town) or not second_factor.passes(session, clerk.id, typed, at):
        return None
    session.execute(
        update(SecondStep).where(SecondStep.clerk_id == clerk.id, SecondStep.used_at.is_(None)).values(used_at=at)
    )
    return _begin(session, clerk, at, strong=True)


def one_at_a_time(session: Session, clerk_id: UUID | None) -> None:
    """Wait for whoever else signs this clerk in or out: both touch all their codes and sessions, in any order."""
    if clerk_id:
        in_line(session, f"sign-in {clerk_id}")


def _begin(session: Session, clerk: Clerk, at: datetime, *, strong: bool = False) -> str:
    """Begin a session: the token for the cookie."""
    token = new_token()
    clerk.last_in_at = at
    session.add(
        SignIn(
            token_print=token_print(session, token),
            clerk_id=clerk.id,
            signed_in_at=at,
            seen_at=at,
            ends_at=at + LONGEST,
            strong=strong,
        )
    )
    return token


def works_at(clerk: Clerk, town: Municipality) -> bool:
    """Whether they may sign in at this town's desk: its own, or the county's administration."""
    own, county = clerk.municipality_id == town.id, clerk.municipality_id == town.county_id
    return clerk.active and (own or (county and clerk.role == "county"))


def signed_in(request: Request, session: Session, now: datetime, town_slug: str, right: str) -> Clerk:
    """The clerk who asks, at the town's desk. The handlers of the desk call it first of all (accounts/at_desk.py).

    Raises SignInNeeded when nobody is signed in (any more) or a second factor has to be set up first, NotFound for
    another town's clerk, Forbidden for one whose role doesn't have the right.
    """
    clerk = who_asks(request, session, now)
    if clerk is None:
        raise SignInNeeded(page_of(town_slug) + way_back.asked_for(request, town_slug))
    if clerk.municipality.slug != town_slug:
        clerk.sit_down(_town_of_county(session, clerk, town_slug))
    if clerk.must_enrol and right != roles.OWN:
        raise SignInNeeded(f"{clerk.desk}/zugang")
    if not roles.may(clerk.role, right):
        raise Forbidden(_(roles.WHY_NOT[right]))
    return clerk


def who_asks(request: Request, session: Session, now: datetime) -> Clerk | None:
    """The clerk whose session the request carries; None when there is none, or it has ended."""
    token = request.cookies.get(COOKIE, "")
    if not token:
        return None
    printed = token_print(session, token)
    found = session.scalar(
        select(SignIn)
        .join(SignIn.clerk)
        .where(
            SignIn.token_print == printed,
            SignIn.seen_at > now - IDLE,
            SignIn.ends_at > now,
            Clerk.active.is_(True),
        )
        .options(
            joinedload(SignIn.clerk).options(joinedload(Clerk.municipality), joinedload(Clerk.second_factor)),
        )
    )
    if found is None or (found.clerk.enrolled and not found.strong):
        return None
    return found.clerk


def _town_of_county(session: Session, clerk: Clerk, town_slug: str) -> Municipality:
    """One of the towns that the county's administration sets up. Raises NotFound."""
    theirs = Municipality.county_id == clerk.municipality_id, Municipality.slug == town_slug
    town = session.scalar(select(Municipality).where(*theirs)) if clerk.role == "county" else None
    if town is None:
        raise NotFound
    return town


def seen(session: Session, request: Request, now: datetime) -> None:
    """Remember, to the minute, that the clerk is still there."""
    if token := request.cookies.get(COOKIE, ""):
        session.execute(
            update(SignIn)
            .where(
                SignIn.token_print == token_print(session, token),
                SignIn.seen_at > now - IDLE,
                SignIn.seen_at < now - timedelta(minutes=1),
            )
            .values(seen_at=now)
        )


def sign_out(session: Session, token: str) -> None:
    """End the session that belongs to a cookie."""
    session.execute(delete(SignIn).where(SignIn.token_print == token_print(session, token)))


def sign_out_everywhere(session: Session, clerk: Clerk) -> None:
    """End all sessions of a clerk, and take back what was mailed for a new one."""
    one_at_a_time(session, clerk.id)
    for table in (SignIn, SignInCode, SecondStep):
        session.execute(delete(table).where(table.clerk_id == clerk.id))


def forget(session: Session, now: datetime) -> None:
    """Delete codes and sessions that have run out."""
    session.execute(delete(SignInCode).where(SignInCode.expires_at < now - timedelta(days=1)))
    session.execute(delete(SecondStep).where(SecondStep.expires_at < now - timedelta(days=1)))
    session.execute(delete(SignIn).where(SignIn.ends_at < now))


def _code_print(session: Session, asked: UUID, code: str) -> str:
    return fingerprint(_secret(session), f"code:{asked}:{code}")


def token_print(session: Session, token: str) -> str:
    """What the table keeps of a cookie."""
    return fingerprint(_secret(session), f"sign-in:{token}")


def _secret(session: Session) -> str:
    settings: Settings = session.info["settings"]
    return settings.secret
