"""Who booked by telephone or on paper connects the booking with an e-mail address later, by the code in the letter.

The code is made from the installation's secret, the booking and a serial number, so a letter can be printed again and
nothing that is kept gives the code away. It works until the date, for few attempts, and once: for the next time the
town hall prints a new letter.
"""

from datetime import datetime, timedelta
from hmac import compare_digest
from uuid import UUID

from sqlalchemy import ForeignKey, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from buchbar.accounts.models import Municipality
from buchbar.base.db import Base
from buchbar.base.errors import NotFound
from buchbar.base.tokens import fingerprint, genuine, link_token, named_by
from buchbar.booking import journeys, lifecycle, links
from buchbar.booking.events import CITIZEN, record
from buchbar.booking.models import Booking
from buchbar.notices.models import Letter

ATTEMPTS = 10
SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # no I, O, 0, 1: they look alike on paper
LENGTH = 10
# The letters that ask whether an address is theirs, and how long it is waited for the answer.
ASKS, UNPROVEN = ("connect", "hall_connect"), timedelta(days=7)


class LetterCode(Base):
    """Which of a booking's codes is in force, how often it was tried, and the address that is still to be proven."""

    __tablename__ = "letter_code"

    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True)
    serial: Mapped[int] = mapped_column(default=1)
    made_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]
    email: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="de")


def get_ready(session: Session, booking: Booking, at: datetime) -> None:
    """See to it that the booking's next letter on paper can carry a code that works."""
    known = session.get(LetterCode, booking.id)
    if known is None:
        session.add(LetterCode(booking_id=booking.id, serial=1, made_at=at, attempts=0))
    elif not _works(known):
        known.serial, known.made_at, known.attempts, known.used_at, known.email = known.serial + 1, at, 0, None, ""
    session.flush()


def is_spent(session: Session, booking: Booking) -> bool:
    """Whether the next letter needs a new code: the one in force is used, or somebody has guessed too often."""
    known = session.get(LetterCode, booking.id)
    return known is not None and not booking.email and booking.alive and not _works(known)


def code_of(session: Session, booking: Booking) -> str:
    """The code for a letter, as "ABCDE-FGHJK"; empty when there is nothing (any more) to connect."""
    known = session.get(LetterCode, booking.id)
    if known is None or not _works(known) or booking.email or not booking.alive:
        return ""
    code = _code(session, booking.id, known.serial)
    return f"{code[:5]}-{code[5:]}"


def by_code(session: Session, town: Municipality, number: str, typed: str, at: datetime) -> Booking | None:
    """The booking whose letter carries this number and this code, or None.

    Return from the request after a None, don't raise: the attempt has to be saved. It is counted before it is compared.
    """
    wanted = select(Booking).where(Booking.municipality_id == town.id, Booking.number == _number(number))
    booking = session.scalar(wanted)
    if booking is None or not booking.alive or booking.starts_at <= at or booking.email:
        return None
    counted = session.execute(
        update(LetterCode)
        .where(LetterCode.booking_id == booking.id, LetterCode.used_at.is_(None), LetterCode.attempts < ATTEMPTS)
        .values(attempts=LetterCode.attempts + 1)
        .returning(LetterCode.serial)
    ).one_or_none()
    if counted is None:
        return None
    secret, plain = links.settings(session).secret, "".join(sign for sign in typed.upper() if sign.isalnum())
    expected = _code(session, booking.id, counted.serial)
    right = compare_digest(fingerprint(secret, f"brief:{plain}"), fingerprint(secret, f"brief:{expected}"))
    return booking if right else None


def ask(session: Session, booking: Booking, email: str, language: str, at: datetime) -> None:
    """Write to the address that was given, to learn whether it is theirs; until then nothing changes."""
    known = session.get_one(LetterCode, booking.id, populate_existing=True)
    known.email, known.language = email, language
    session.flush()
    event = record(session, booking, "apply", at, CITIZEN)
    session.flush()
    journeys.of(booking).tell(session, booking, event)


def proof_url(session: Session, booking: Booking) -> str:
    """The secret address of the page that proves the address which is asked about."""
    known = session.get_one(LetterCode, booking.id)
    token = link_token(links.settings(session).secret, _purpose(known), booking.id, booking.generation)
    return f"{links.settings(session).base_url}/brief/{token}"


def asked_by(session: Session, token: str) -> tuple[Booking, LetterCode]:
    """The booking that a link from the proof mail names, and what is still to be proven. Raises NotFound."""
    named = named_by(token)
    booking = session.get(Booking, named) if named else None
    known = session.get(LetterCode, named) if named else None
    if booking is None or known is None or not known.email:
        raise NotFound
    _prove(session, booking, known, token)
    return booking, known


def _prove(session: Session, booking: Booking, known: LetterCode, token: str) -> None:
    if not genuine(token, links.settings(session).secret, _purpose(known), booking.id, booking.generation):
        raise NotFound


def connect(session: Session, booking: Booking, known: LetterCode, token: str, at: datetime) -> None:
    """The link in the mail was used: the booking is theirs to see by their own link, and letters go by mail.

    Raises NotFound for a link that proves another address than the one that is asked about by now.
    """
    lifecycle.lock(session, booking)
    session.refresh(known)
    _prove(session, booking, known, token)
    if known.used_at or booking.email:
        return
    booking.email, booking.email_proven_at, booking.language = known.email, at, known.language
    known.used_at = at
    event = record(session, booking, "attach", at, CITIZEN)
    session.flush()
    journeys.of(booking).tell(session, booking, event)


def forget(session: Session, booking_id: UUID) -> None:
    """Delete the code and the address that was given with it."""
    session.execute(delete(LetterCode).where(LetterCode.booking_id == booking_id))


def tidy(session: Session, now: datetime) -> None:
    """Delete addresses that nobody has proven for a week, and the letters that asked: they may be a stranger's."""
    asked = select(Letter.booking_id).where(Letter.kind.in_(ASKS), Letter.written_at >= now - UNPROVEN)
    unproven = LetterCode.email != "", LetterCode.used_at.is_(None)
    old = LetterCode.booking_id.not_in(asked.where(Letter.booking_id.is_not(None)))
    session.execute(update(LetterCode).where(*unproven, old).values(email=""))
    session.execute(delete(Letter).where(Letter.kind.in_(ASKS), Letter.written_at < now - UNPROVEN))


def _number(typed: str) -> str:
    """A booking's number as people type it: "hz 7k3m 9qxb"."""
    plain = "".join(sign for sign in typed.upper() if sign.isascii() and sign.isalnum())
    return f"{plain[:2]}-{plain[2:6]}-{plain[6:]}"


def _code(session: Session, booking_id: UUID, serial: int) -> str:
    digest = fingerprint(links.settings(session).secret, f"letter-code:{booking_id}:{serial}")
    number = int(digest, 16)
    signs = []
    for _position in range(LENGTH):
        number, which = divmod(number, len(SIGNS))
        signs.append(SIGNS[which])
    return "".join(signs)


def _works(known: LetterCode) -> bool:
    return known.used_at is None and known.attempts < ATTEMPTS


def _purpose(known: LetterCode) -> str:
    """What a proof link is for: this address, by this code; another address needs another link."""
    return f"brief:{known.serial}:{known.email}"
