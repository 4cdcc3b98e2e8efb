"""Mandates for SEPA direct debits (SEPA Core), and the files that go to the bank: collections and refunds.

A mandate is proposed first, with its reference, and holds once it is signed: by a click of whom the e-mail address was
proven to belong to, or on paper. The rulebook leaves it to creditor and debtor's bank what an electronic signature is
worth; a debtor may have an unsigned debit back for 13 months.
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    UniqueConstraint,
    and_,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from buchbar.base.db import Base, Identified
from buchbar.base.errors import NotFound
from buchbar.calendar.months import add_months
from buchbar.payments import iban

# After so many months without a collection a mandate ends by itself (SEPA Core Rulebook 4.1).
UNUSED_MONTHS = 36
# Kept after the last collection: a debit without a mandate may be given back for 13 months (Rulebook 4.4), and then the
# signature has to be shown.
KEPT_MONTHS = 14
# So long a proposal may wait for its signature.
UNSIGNED = timedelta(days=90)
_SIGNS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


class Mandate(Identified, Base):
    """Somebody lets the town collect what they owe. It holds for all bookings of one proven e-mail address in one town.

    It ends by being revoked, or 36 months after it was used last (SEPA Core Rulebook 4.1). ``iban_end`` are the last
    four signs, for people; the whole number is sealed.
    """

    __tablename__ = "mandate"
    __table_args__ = (
        UniqueConstraint("municipality_id", "reference"),
        CheckConstraint("state IN ('proposed', 'active', 'revoked')", name="state"),
        Index("ix_mandate_email", "municipality_id", "email"),
    )

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"))
    reference: Mapped[str]
    email: Mapped[str]
    holder: Mapped[str]
    street: Mapped[str] = mapped_column(default="")
    city: Mapped[str] = mapped_column(default="")
    sealed_iban: Mapped[str]
    iban_end: Mapped[str]
    bic: Mapped[str] = mapped_column(default="")
    recurring: Mapped[bool] = mapped_column(default=True)
    state: Mapped[str] = mapped_column(default="proposed")
    signed_on: Mapped[date | None]
    on_paper: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(default="")
    last_used_on: Mapped[date | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str] = mapped_column(default="")


class SepaOrder(Identified, Base):
    """A file for the bank: a collection (pain.008) or refunds (pain.001); ``message_id`` lets the bank recognise it as
    one. Withdrawn, nothing of it counts.

    A collection's ``sealed_content`` is what it was when it was closed; refunds' is made of them each time.
    """

    __tablename__ = "sepa_order"
    __table_args__ = (CheckConstraint("kind IN ('collection', 'refunds')", name="kind"),)

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    kind: Mapped[str]
    message_id: Mapped[str] = mapped_column(unique=True)
    execute_on: Mapped[date]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    handed_over_at: Mapped[datetime | None]
    handed_over_by: Mapped[str] = mapped_column(default="")
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(default="")
    sealed_content: Mapped[str] = mapped_column(default="", deferred=True)  # large, and nobody needs it in a list


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody says of their account; the address is the account holder's."""

    holder: str
    street: str
    city: str
    number: str  # the IBAN, as it is sent


def propose(
    session: Session,
    municipality_id: UUID,
    email: str,
    given: Given,
    at: datetime,
    by: str = "",
    *,
    paper: bool = False,
) -> Mandate:
    """Write a mandate down that is still to be signed. An earlier proposal for the same address goes, but nobody's
    click takes away the paper that is being signed."""
    session.execute(delete(Mandate).where(_waiting(municipality_id, email), Mandate.on_paper == paper))
    made = Mandate(
        id=uuid4(),
        municipality_id=municipality_id,
        reference=f"M-{''.join(secrets.choice(_SIGNS) for _sign in range(10))}",
        email=email,
        holder=given.holder,
        street=given.street,
        city=given.city,
        sealed_iban=iban.sealed(session, given.number),
        iban_end=given.number[-4:],
        on_paper=paper,
        made_at=at,
        made_by=by,
    )
    session.add(made)
    session.flush()
    return made


def sign(session: Session, mandate: Mandate, on: date, at: datetime, by: str = "") -> None:
    """The mandate is signed and holds; the one before it ends. Again changes nothing, nor does it bring back one that
    was revoked."""
    session.flush()
    session.refresh(mandate, with_for_update=True)
    if mandate.state != "proposed":
        return
    for before in _active(session, mandate.municipality_id, mandate.email):
        revoke(session, before, at, by)
    mandate.state, mandate.signed_on = "active", on
    session.flush()


def revoke(session: Session, mandate: Mandate, at: datetime, by: str = "") -> None:
    """The mandate ends; what is collected with it already is not touched."""
    if mandate.state != "revoked":
        mandate.state, mandate.revoked_at, mandate.revoked_by = "revoked", at, by
        session.flush()


def ends_on(mandate: Mandate) -> date | None:
    """From which day on it doesn't hold any more if it isn't used; None as long as it isn't signed."""
    last = mandate.last_used_on or mandate.signed_on
    return add_months(last, UNUSED_MONTHS) if last else None


def holds(mandate: Mandate, on: date) -> bool:
    """Whether one may collect with it on a day."""
    end = ends_on(mandate)
    return mandate.state == "active" and end is not None and on < end


def of_email(session: Session, municipality_id: UUID, email: str, on: date) -> Mandate | None:
    """The mandate with which one may collect from whom this address belongs to."""
    return next((each for each in _active(session, municipality_id, email) if holds(each, on)), None)


def proposed(session: Session, municipality_id: UUID, email: str) -> Mandate | None:
    """The mandate of this address that waits for its owner's click."""
    return session.scalar(select(Mandate).where(_waiting(municipality_id, email), Mandate.on_paper.is_(False)))


def of_town(session: Session, municipality_id: UUID) -> list[Mandate]:
    """All that are known, the newest first."""
    ours = select(Mandate).where(Mandate.municipality_id == municipality_id)
    return list(session.scalars(ours.order_by(Mandate.made_at.desc(), Mandate.id)))


def named(session: Session, municipality_id: UUID, mandate_id: UUID) -> Mandate:
    """A mandate of this town. Raises NotFound."""
    found = session.get(Mandate, mandate_id)
    if found is None or found.municipality_id != municipality_id:
        raise NotFound
    return found


def forget(session: Session, now: datetime) -> None:
    """Delete proposals that nobody signed, and all that is personal of mandates that ended long enough ago, and of what
    was collected with them. Of these the reference and the dates stay, for the payments that name them."""
    session.execute(delete(Mandate).where(_unsigned(now)))
    collected = SepaOrder.execute_on <= add_months(now.date(), -KEPT_MONTHS)
    session.execute(update(SepaOrder).where(collected, SepaOrder.sealed_content != "").values(sealed_content=""))
    for mandate in _over(session, now):
        revoke(session, mandate, now)
        mandate.email = mandate.holder = mandate.street = mandate.city = ""
        mandate.sealed_iban = mandate.iban_end = mandate.bic = ""
    session.flush()


def going(session: Session, municipality_id: UUID, until: datetime) -> int:
    """Of how many of the town's mandates this is deleted by then."""
    ours = Mandate.municipality_id == municipality_id
    unsigned = session.scalar(select(func.count()).where(ours, _unsigned(until))) or 0
    return unsigned + len(_over(session, until, ours))


def _waiting(municipality_id: UUID, email: str) -> ColumnElement[bool]:
    theirs = and_(Mandate.municipality_id == municipality_id, func.lower(Mandate.email) == email.lower())
    return and_(theirs, Mandate.state == "proposed")


def _unsigned(now: datetime) -> ColumnElement[bool]:
    return and_(Mandate.state == "proposed", Mandate.made_at < now - UNSIGNED)


def _over(session: Session, now: datetime, *conditions: ColumnElement[bool]) -> list[Mandate]:
    known = select(Mandate).where(Mandate.state != "proposed", Mandate.sealed_iban != "", *conditions)
    return [mandate for mandate in session.scalars(known) if _kept_until(mandate) <= now.date()]


def _kept_until(mandate: Mandate) -> date:
    """One that nobody revoked is kept until it has ended by itself, which is later."""
    made = mandate.made_at.date()
    if mandate.revoked_at is None:
        return ends_on(mandate) or add_months(made, UNUSED_MONTHS)
    return add_months(max(mandate.last_used_on or made, mandate.revoked_at.date()), KEPT_MONTHS)


def _active(session: Session, municipality_id: UUID, email: str) -> list[Mandate]:
    mine = Mandate.municipality_id == municipality_id, func.lower(Mandate.email) == email.lower()
    return list(session.scalars(select(Mandate).where(*mine, Mandate.state == "active").order_by(Mandate.made_at)))
