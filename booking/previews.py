"""What a verb would do, before it is done: it is done, looked at, and undone. So the preview can't lie."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.base.tokens import hidden
from buchbar.booking import queries
from buchbar.booking.models import Booking, Claim
from buchbar.notices.models import Letter
from buchbar.payments import ledger
from buchbar.payments.ledger import Account
from buchbar.payments.models import Refund
from buchbar.resources.models import Resource


@dataclass(frozen=True, slots=True)
class Occupied:
    """A resource that the booking claims, and from when to when."""

    name: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """A letter that would be written: to an address, or on paper where there is none."""

    to: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a booking stands at one moment, as plain values. ``letters`` and ``refunds`` are known by their ids."""

    state: str
    place: str
    starts_at: datetime
    deadline_at: datetime | None
    account: Account
    claims: frozenset[Occupied]
    letters: dict[UUID, Written]
    refunds: dict[UUID, int]


@dataclass(frozen=True, slots=True)
class Preview:
    """How it stands now and how it would stand then."""

    before: Standing
    after: Standing

    @property
    def letters(self) -> list[Written]:
        """The letters that would be written."""
        return [letter for key, letter in self.after.letters.items() if key not in self.before.letters]

    @property
    def back(self) -> int:
        """What would go back to the payer, in cents."""
        return sum(cents for key, cents in self.after.refunds.items() if key not in self.before.refunds)

    @property
    def freed(self) -> list[Occupied]:
        """What would become free for others."""
        return sorted(self.before.claims - self.after.claims, key=lambda each: (each.start, each.name))

    @property
    def taken(self) -> list[Occupied]:
        """What would be occupied in its place."""
        return sorted(self.after.claims - self.before.claims, key=lambda each: (each.start, each.name))

    @property
    def owed_more(self) -> int:
        """By how many cents what is owed would rise; less than nothing when something is forgiven."""
        return self.after.account.owed - self.before.account.owed


def foresee(session: Session, booking: Booking, act: Callable[[], object]) -> Preview:
    """Do it, look, and undo it. What ``act`` raises says that it can't be done."""
    session.flush()
    before = _standing(session, booking)
    attempt = session.begin_nested()
    try:
        act()
        session.flush()
        after = _standing(session, booking)
    finally:
        attempt.rollback()
        session.refresh(booking)
    return Preview(before, after)


def _standing(session: Session, booking: Booking) -> Standing:
    claims = session.execute(
        select(Resource.name, Claim.starts_at, Claim.ends_at)
        .join(Resource, Resource.id == Claim.resource_id)
        .where(Claim.booking_id == booking.id)
    )
    letters = session.scalars(select(Letter).where(Letter.booking_id == booking.id).order_by(Letter.written_at))
    refunds = session.execute(select(Refund.id, Refund.cents).where(Refund.booking_id == booking.id))
    return Standing(
        state=booking.state,
        place=queries.places_of(session, [booking])[booking.id],
        starts_at=booking.starts_at,
        deadline_at=booking.deadline_at,
        account=ledger.account(session, booking.id),
        claims=frozenset(Occupied(*row) for row in claims),
        letters={letter.id: Written(letter.to_address, letter.subject, hidden(letter.text)) for letter in letters},
        refunds={row[0]: row[1] for row in refunds},
    )
