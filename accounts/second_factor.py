"""The second factor of clerks: codes that their telephone makes from a key (TOTP, RFC 6238), and recovery codes.

It is set up in two moves: a key is made and shown, and a first code shows that the telephone has it. A code holds for
half a minute, with half a minute of grace before and after, and is accepted once. Guesses are counted for each clerk,
wherever they are made.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from urllib.parse import quote
from uuid import UUID

import pyotp
import segno
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from buchbar.accounts import clerk_letters
from buchbar.accounts.models import Clerk, RecoveryCode, SecondFactor
from buchbar.base import limits
from buchbar.base.errors import Refused
from buchbar.base.sealed import Unreadable, seal, unseal
from buchbar.base.settings import Settings
from buchbar.base.texts import _
from buchbar.base.tokens import fingerprint

PURPOSE = "second factor"
STEP = 30  # seconds
RECOVERY_CODES = 10
GUESSES, GUESSES_PER = 20, timedelta(hours=1)
# No letter or digit that looks like another one.
_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class ToScan:
    """What the telephone has to learn: as a picture (an address for <img>), and as text in groups of four."""

    picture: str
    key: str


def begin(session: Session, clerk: Clerk, at: datetime) -> None:
    """Make a new key, unless one is there that waits for its first code. Raises Refused for who has one in use."""
    known = _factor(session, clerk.id)
    if known and known.confirmed_at:
        raise Refused(_("Der zweite Faktor ist schon eingerichtet."))
    if known is None or _key(session, known) is None:
        key = seal(_secret(session), PURPOSE, pyotp.random_base32())
        session.merge(SecondFactor(clerk_id=clerk.id, sealed_key=key, made_at=at, last_step=0))
        session.flush()


def to_scan(session: Session, clerk: Clerk) -> ToScan | None:
    """The key that waits for its first code; None when there is none, or when it is in use: then nobody sees it."""
    factor = _factor(session, clerk.id)
    key = _key(session, factor) if factor and not factor.confirmed_at else None
    if key is None:
        return None
    issuer = f"Buchbar {clerk.municipality.name}"
    address = f"otpauth://totp/{quote(f'{issuer}:{clerk.email}')}?secret={key}&issuer={quote(issuer)}"
    picture = segno.make(address, error="m", micro=False).svg_data_uri(scale=5, border=4, light="#fff", dark="#000")
    return ToScan(picture, " ".join(key[start : start + 4] for start in range(0, len(key), 4)))


def confirm(session: Session, clerk: Clerk, code: str, at: datetime) -> list[str] | None:
    """The telephone's first code: from now on it is asked for. The recovery codes, or None for a wrong code."""
    factor = _factor(session, clerk.id)
    if factor is None:
        raise Refused(_("Bitte beginnen Sie mit dem Einrichten noch einmal."))
    if factor.confirmed_at:
        raise Refused(_("Der zweite Faktor ist schon eingerichtet."))
    _count(session, clerk.id, at)
    if not _accept_once(session, factor, code, at):
        return None
    session.execute(update(SecondFactor).where(SecondFactor.clerk_id == clerk.id).values(confirmed_at=at))
    session.expire(clerk, ["second_factor"])
    return new_recovery_codes(session, clerk)


def passes(session: Session, clerk_id: UUID, typed: str, at: datetime) -> bool:
    """Whether this is a code of the clerk's telephone or one of the recovery codes; either is used up by it.

    Raises TooMany after too many guesses.
    """
    _count(session, clerk_id, at)
    factor = _factor(session, clerk_id)
    if factor is None or not factor.confirmed_at:
        return False
    return _accept_once(session, factor, typed, at) or _use_recovery_code(session, clerk_id, typed, at)


def new_recovery_codes(session: Session, clerk: Clerk) -> list[str]:
    """Ten new ones instead of all that there were. To be shown now: they are kept nowhere."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.clerk_id == clerk.id))
    signs = ["".join(secrets.choice(_SIGNS) for _sign in range(10)) for _code in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(code_print=_code_print(session, clerk.id, code), clerk_id=clerk.id) for code in signs)
    session.flush()
    return [f"{code[:5]}-{code[5:]}" for code in signs]


def recovery_codes_left(session: Session, clerk: Clerk) -> int:
    """How many haven't been used."""
    unused = RecoveryCode.clerk_id == clerk.id, RecoveryCode.used_at.is_(None)
    return session.scalar(select(func.count()).select_from(RecoveryCode).where(*unused)) or 0


def remove(session: Session, clerk: Clerk, at: datetime) -> None:
    """Sign in without it from now on. The clerk is told, in case it was somebody else's doing."""
    if clerk.enrolled:
        subject = _("Ihr zweiter Faktor ist entfernt")
        clerk_letters.write(session, clerk.municipality, clerk, "second_factor_gone", subject, at)
    forget(session, clerk)


def forget(session: Session, clerk: Clerk) -> None:
    """Delete the key and the recovery codes."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.clerk_id == clerk.id))
    session.execute(delete(SecondFactor).where(SecondFactor.clerk_id == clerk.id))
    session.expire(clerk, ["second_factor"])


def _factor(session: Session, clerk_id: UUID) -> SecondFactor | None:
    return session.get(SecondFactor, clerk_id, populate_existing=True)


def _key(session: Session, factor: SecondFactor) -> str | None:
    """The key; None when the installation's secret has been changed since."""
    try:
        return unseal(_secret(session), PURPOSE, factor.sealed_key)
    except Unreadable:
        return None


def _accept_once(session: Session, factor: SecondFactor, typed: str, at: datetime) -> bool:
    """Whether the code is of now, and later than the last one. Two who bring the same one meet at the row."""
    key = _key(session, factor)
    if key is None:
        raise Refused(_("Ihr zweiter Faktor gilt nicht mehr. Bitte lassen Sie ihn von der Verwaltung zurücksetzen."))
    totp = pyotp.TOTP(key)
    now, code = int(at.timestamp()) // STEP, typed.replace(" ", "")
    fitting = [step for step in (now - 1, now, now + 1) if _same(totp.generate_otp(step), code)]
    if not fitting:
        return False
    accepted = session.execute(
        update(SecondFactor)
        .where(SecondFactor.clerk_id == factor.clerk_id, SecondFactor.last_step < fitting[0])
        .values(last_step=fitting[0])
        .returning(SecondFactor.clerk_id)
    )
    return accepted.first() is not None


def _use_recovery_code(session: Session, clerk_id: UUID, typed: str, at: datetime) -> bool:
    bare = "".join(sign for sign in typed.upper() if sign.isalnum())
    used = session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.code_print == _code_print(session, clerk_id, bare), RecoveryCode.used_at.is_(None))
        .values(used_at=at)
        .returning(RecoveryCode.clerk_id)
    )
    return used.first() is not None


def _same(one: str, other: str) -> bool:
    return compare_digest(one.encode(), other.encode())


def _count(session: Session, clerk_id: UUID, at: datetime) -> None:
    secret = _secret(session)
    limits.count(session, secret, "second_factor", str(clerk_id), most=GUESSES, per=GUESSES_PER, now=at)


def _code_print(session: Session, clerk_id: UUID, code: str) -> str:
    return fingerprint(_secret(session), f"recovery:{clerk_id}:{code}")


def _secret(session: Session) -> str:
    settings: Settings = session.info["settings"]
    return settings.secret
