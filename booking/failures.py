"""What could not be done outside: letters, refunds and messages of the payment provider that a clerk has to look at."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, aliased

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.errors import NotFound, Refused
from buchbar.base.texts import _
from buchbar.booking import lifecycle
from buchbar.booking.events import Actor, record
from buchbar.booking.models import Booking
from buchbar.notices import outbox
from buchbar.notices.models import Errand, Letter
from buchbar.payments import refunds
from buchbar.payments.models import Payment, ProviderEvent, Refund

# Of which journey letters are that belong to no booking, by how their kinds begin.
ABOUT = {"club": "halls", "hall": "halls", "season": "halls", "door": "halls"}


@dataclass(frozen=True, slots=True)
class Failure:
    """An errand that failed for good, in words; ``booking`` is what it is about, where that is known.

    ``verbs`` are what a clerk can do about it: "retry", "repay" (the money of ``refund`` went another way), "dismiss"
    (seen, and nothing is left to do here).
    """

    errand: Errand
    words: str
    booking: Booking | None
    verbs: tuple[str, ...]
    refund: Refund | None = None


def failures(session: Session, town: Municipality, *, strays: bool = False) -> list[Failure]:
    """What failed for this town, the oldest first. ``strays`` adds payments of nobody's, which have no town."""
    found = [*_letters(session, town), *_refunds(session, town), *_payments(session, town, strays)]
    return sorted(found, key=lambda failure: (failure.errand.written_at, failure.errand.id))


def settle(
    session: Session, town: Municipality, errand_id: UUID, verb: str, at: datetime, by: Actor, strays: bool
) -> None:
    """Do about one of the town's failures what a clerk decided. Raises NotFound for any other errand, and Refused for
    what can't be done about this one."""
    failure = _failure_of(session, town, errand_id, strays)
    if verb not in failure.verbs:
        raise Refused(_("Das geht hier nicht. Bitte laden Sie die Seite neu."))
    if verb == "retry":
        outbox.retry(session, failure.errand, at)
        failure.errand.done_by = by.name
        return
    if verb == "repay" and failure.refund and failure.booking:
        _repay(session, town, failure.booking, failure.refund, at, by)
    elif failure.booking:
        record(session, failure.booking, "dismiss", at, by, failure.words)
    _end(session, failure.errand, at, by)


def _failure_of(session: Session, town: Municipality, errand_id: UUID, strays: bool) -> Failure:
    """The failure of an errand, with its booking locked."""
    known = _named(session, town, errand_id, strays)
    if known.booking:
        lifecycle.lock(session, known.booking)
    # Two clerks may settle the same failure at once: the second waits here, and then finds it no more.
    session.execute(select(Errand.id).where(Errand.id == errand_id).with_for_update())
    session.expire_all()  # what was read before the locks may be long past
    return _named(session, town, errand_id, strays)


def _named(session: Session, town: Municipality, errand_id: UUID, strays: bool) -> Failure:
    for failure in failures(session, town, strays=strays):
        if failure.errand.id == errand_id:
            return failure
    raise NotFound


def _repay(session: Session, town: Municipality, booking: Booking, refund: Refund, at: datetime, by: Actor) -> None:
    """The money went another way, so nothing else that failed about it is left to do."""
    if cents := refunds.by_hand(session, refund.id, at):
        record(session, booking, "repay", at, by, cents=str(cents))
    for each in failures(session, town):
        if each.refund is refund:
            _end(session, each.errand, at, by)


def _end(session: Session, errand: Errand, at: datetime, by: Actor) -> None:
    errand.state, errand.done_at, errand.done_by = "done", at, by.name
    event = session.scalar(select(ProviderEvent).where(ProviderEvent.errand_id == errand.subject_id))
    if event is not None:  # from then on its retention counts
        event.done_at = event.done_at or at


def _letters(session: Session, town: Municipality) -> list[Failure]:
    rows = session.execute(
        select(Errand, Letter, Booking)
        .join(Letter, Letter.id == Errand.subject_id)
        .outerjoin(Booking, Booking.id == Letter.booking_id)
        # A letter about a booking that isn't theirs (booking/whose.py) isn't for who asks, either.
        .where(or_(Letter.booking_id.is_(None), Booking.id.is_not(None)), *_not_theirs(session))
        .where(Errand.state == "failed", Letter.municipality_id == town.id)
    )
    return [
        Failure(errand, _("E-Mail nicht zugestellt: „%s“") % letter.subject, booking, ("retry", "dismiss"))
        for errand, letter, booking in rows
    ]


def _not_theirs(session: Session) -> list[ColumnElement[bool]]:
    """Letters about no booking, which an office that sees some journeys only has nothing to do with."""
    only = session.info.get("journeys")
    others = [kind for kind, journey in ABOUT.items() if only is not None and journey not in only]
    return [or_(Letter.booking_id.is_not(None), Letter.kind.not_like(f"{kind}%")) for kind in others]


def _refunds(session: Session, town: Municipality) -> list[Failure]:
    """What the provider has given up isn't tried again: it would be sent beside what a clerk sends. What it may have
    sent, its answer being lost, is tried again before a clerk sends it: it knows what it has sent. Only where that
    was no use either (the town's account there is closed), the clerk has to find that out, and then sends it."""
    rows = session.execute(
        select(Errand, Refund, Booking)
        .join(Refund, Refund.id == Errand.subject_id)
        .join(Booking, Booking.id == Refund.booking_id)
        .where(Errand.state == "failed", Booking.municipality_id == town.id)
    )
    return [_refund(errand, refund, booking) for errand, refund, booking in rows]


def _refund(errand: Errand, refund: Refund, booking: Booking) -> Failure:
    words = _("Erstattung nicht ausgeführt: %s") % texts.euros(refund.cents)
    if refund.state == "wanted" and errand.done_by:
        look = _(
            "Bitte sehen Sie erst bei Stripe nach, ob das Geld dort schon zurückging, bevor Sie es anders erstatten."
        )
        return Failure(errand, f"{words}. {look}", booking, ("retry", "repay"), refund)
    verbs = {"wanted": ("retry",), "failed": ("repay",), "done": ("dismiss",)}
    return Failure(errand, words, booking, verbs[refund.state], refund)


def _payments(session: Session, town: Municipality, strays: bool) -> list[Failure]:
    mine = Booking.municipality_id == town.id
    came, anew = aliased(Refund), aliased(Refund)
    rows = session.execute(
        select(Errand, ProviderEvent, Booking, Refund, anew)
        .join(ProviderEvent, ProviderEvent.errand_id == Errand.subject_id)
        .outerjoin(Payment, Payment.id == ProviderEvent.payment_id)
        .outerjoin(Booking, Booking.id == Payment.booking_id)
        .outerjoin(Refund, Refund.refund_id == ProviderEvent.object_id)
        .outerjoin(came, came.follows_id == Refund.id)
        .outerjoin(anew, anew.follows_id == came.id)
        .where(Errand.state == "failed", or_(mine, Booking.id.is_(None)) if strays else mine)
    )
    return [_payment(errand, event, booking, instead or sent) for errand, event, booking, sent, instead in rows]


def _payment(errand: Errand, event: ProviderEvent, booking: Booking | None, refund: Refund | None) -> Failure:
    if refund is not None:
        words = _("Erstattung nicht angekommen: %s") % texts.euros(refund.cents)
        return Failure(errand, words, booking, ("repay",) if refund.state == "failed" else ("dismiss",), refund)
    words = _("Zahlung passt nicht: Meldung „%s“ des Zahlungsdienstes") % event.kind
    # What has been written down only informs; the rest may go better once somebody has put right what was wrong.
    return Failure(errand, words, booking, ("dismiss",) if event.done_at else ("retry", "dismiss"))
