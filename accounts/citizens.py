"""Citizens sign in by a code that is mailed to them; there are no passwords to lose.

Who types the right code has proven the address, and that is the whole account: the person is made at that moment, if
there wasn't one. As for clerks (accounts/sign_in.py), a code is typed in under the id of its own row, attempts are
counted before they are compared, and the token of a session is made new at each sign-in.
"""

from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID, uuid4

from litestar import Request
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts import api_tokens
from buchbar.accounts.people import Person, PersonCode, PersonSignIn
from buchbar.base import texts
from buchbar.base.db import in_line
from buchbar.base.errors import SignInNeeded
from buchbar.base.settings import Settings
from buchbar.base.tokens import fingerprint, new_code, new_token
from buchbar.base.web import is_htmx, own_path

COOKIE = "konto"
PAGE = "/konto"
SIGN_IN = "/konto/anmelden"
CODE_LIFE = timedelta(minutes=10)
ATTEMPTS = 5
# A club's coach books every few weeks, on a telephone of their own.
IDLE = timedelta(days=30)
LONGEST = timedelta(days=90)
# That somebody is still there is written down once in so long.
SEEN = timedelta(hours=12)


def new_code_for(session: Session, email: str, at: datetime) -> tuple[UUID, str]:
    """A code to be mailed to an address, and the id under which it has to be typed in."""
    asked, code = uuid4(), new_code()
    row = PersonCode(
        id=asked,
        email=_address_print(session, email),
        code_print=_code_print(session, asked, code),
        expires_at=at + CODE_LIFE,
    )
    session.add(row)
    return asked, code


def redeem(session: Session, asked: UUID, email: str, code: str, at: datetime) -> str | None:
    """Take the code from the mail to this address: the token of the session that begins; None for a wrong, old or used
    one. Return from the request after a None, don't raise: the attempt has to be saved."""
    address = _address_print(session, email)
    in_line(session, f"citizen {address}")
    right = session.scalar(
        update(PersonCode)
        .where(
            PersonCode.id == asked,
            PersonCode.email == address,
            PersonCode.used_at.is_(None),
            PersonCode.expires_at > at,
            PersonCode.attempts < ATTEMPTS,
        )
        .values(attempts=PersonCode.attempts + 1)
        .returning(PersonCode.code_print)
    )
    if right is None or right != _code_print(session, asked, code):
        return None
    session.execute(
        update(PersonCode).where(PersonCode.email == address, PersonCode.used_at.is_(None)).values(used_at=at)
    )
    return begin(session, _person(session, email, at), at)


def begin(session: Session, person: Person, at: datetime) -> str:
    """Begin a session: the token for the cookie."""
    token = new_token()
    person.last_in_at = at
    printed = token_print(session, token)
    session.add(
        PersonSignIn(token_print=printed, person_id=person.id, signed_in_at=at, seen_at=at, ends_at=at + LONGEST)
    )
    return token


def person_of(request: Request, session: Session, now: datetime) -> Person | None:
    """The citizen whose session the request carries; None when there is none, or it has ended."""
    token = request.cookies.get(COOKIE, "")
    if not token:
        return None
    found = session.scalar(
        select(PersonSignIn)
        .where(
            PersonSignIn.token_print == token_print(session, token),
            PersonSignIn.seen_at > now - IDLE,
            PersonSignIn.ends_at > now,
        )
        .options(joinedload(PersonSignIn.person))
    )
    return found.person if found else None


def who_asks(session: Session) -> Person | None:
    """The citizen whose request the session serves (web.asking); None for strangers, and where there is no request."""
    request = session.info.get("request")
    return person_of(request, session, session.info["now"]) if request else None


def signed_in_person(request: Request, session: Session, now: datetime) -> Person:
    """The citizen who asks. Raises SignInNeeded, which leads to the sign-in page and from there back to this one."""
    person = person_of(request, session, now)
    if person is None:
        raise SignInNeeded(sign_in_page(_wanted(request)))
    return person


def sign_in_page(onward: str = "") -> str:
    """The address of the sign-in page that leads on to a page of this site."""
    onward = believed(onward)
    return SIGN_IN if onward == PAGE else f"{SIGN_IN}?{urlencode({'weiter': onward})}"


def believed(onward: str) -> str:
    """Where to go on to after signing in: a page of this site, whoever made the link, else the account."""
    path = own_path(onward)
    return PAGE if path == "/" or path.startswith(SIGN_IN) or len(path) > 600 else path


def _wanted(request: Request) -> str:
    """The page that was asked for; after a form, which can't be repeated, the account."""
    if request.method != "GET" or is_htmx(request):
        return PAGE
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def seen(session: Session, request: Request, now: datetime) -> None:
    """Remember that the citizen is still there: the session then lasts on. For requests that may write."""
    if token := request.cookies.get(COOKIE, ""):
        session.execute(
            update(PersonSignIn)
            .where(
                PersonSignIn.token_print == token_print(session, token),
                PersonSignIn.seen_at > now - IDLE,
                PersonSignIn.seen_at < now - SEEN,
            )
            .values(seen_at=now)
        )


def sign_out(session: Session, token: str) -> None:
    """End the session that belongs to a cookie."""
    session.execute(delete(PersonSignIn).where(PersonSignIn.token_print == token_print(session, token)))


def sign_out_everywhere(session: Session, person: Person) -> None:
    """End all sessions of a person, also of programs, and take back the codes that were mailed for a new one."""
    address = _address_print(session, person.email)
    in_line(session, f"citizen {address}")
    session.execute(delete(PersonSignIn).where(PersonSignIn.person_id == person.id))
    session.execute(delete(PersonCode).where(PersonCode.email == address))
    api_tokens.end(session, person)


def forget(session: Session, now: datetime) -> None:
    """Delete codes and sessions that have run out."""
    session.execute(delete(PersonCode).where(PersonCode.expires_at < now - timedelta(days=1)))
    session.execute(delete(PersonSignIn).where((PersonSignIn.ends_at <= now) | (PersonSignIn.seen_at <= now - IDLE)))


def _person(session: Session, email: str, at: datetime) -> Person:
    """Whose address it is; a new person when nobody has it yet."""
    address = email.lower()
    found = session.scalar(select(Person).where(Person.email == address))
    if found is None:
        found = Person(id=uuid4(), email=address, language=texts.language.get(), made_at=at)
        session.add(found)
        session.flush()
    return found


def _address_print(session: Session, email: str) -> str:
    return fingerprint(_secret(session), f"citizen:{email.lower()}")


def _code_print(session: Session, asked: UUID, code: str) -> str:
    return fingerprint(_secret(session), f"citizen-code:{asked}:{code}")


def token_print(session: Session, token: str) -> str:
    """What the table keeps of a cookie."""
    return fingerprint(_secret(session), f"citizen-session:{token}")


def _secret(session: Session) -> str:
    settings: Settings = session.info["settings"]
    return settings.secret
