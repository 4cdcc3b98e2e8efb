"""An attempt to pay: begun, settled once, or come to nothing.

Locks are taken in one order, the booking first and then its payment, so that a payment and a cancellation that happen
at once see each other. What a payment means for the booking is not known here: ``app`` hands it down.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from buchbar.base import texts
from buchbar.base.db import Database
from buchbar.base.errors import Refused
from buchbar.base.settings import Settings
from buchbar.base.texts import _
from buchbar.notices import outbox
from buchbar.notices.outbox import Hopeless
from buchbar.payments import checkout, ledger
from buchbar.payments.checkout import Told
from buchbar.payments.models import Payment, Refund
from buchbar.payments.ways import way_of

# How long a checkout page lives (Stripe: 30 minutes to 24 hours), and how much of that a citizen needs at least.
LIVES = timedelta(hours=1)
ENOUGH = timedelta(minutes=10)
# What must be left for a page that is still to be made, with a minute for the way to Stripe.
TO_BE_MADE = timedelta(minutes=31)
# After this time without a message the provider is asked.
PATIENCE = timedelta(minutes=5)


class NothingOpen(Refused):
    """Everything is paid already."""


class TooLittle(Refused):
    """The provider takes no payment as small as this."""


class UnderWay(Refused):
    """The bank has the payment and takes its days."""


# ``booked(session, booking_id, at, book)``: lock the booking, then call ``book``, which changes payments or refunds
# and says how many cents have just moved; if any have, write down what that means for the booking.
Booked = Callable[[Session, UUID, datetime, Callable[[], int]], None]
# ``lock(session, booking_ids)``: lock these bookings, in the order given.
Lock = Callable[[Session, Sequence[UUID]], None]
# ``at_once(session)``: within this several bookings are changed, so that nobody who changes one of them waits for ever.
AtOnce = Callable[[Session], AbstractContextManager[None]]
_upward: dict[str, Booked] = {}
_locks: list[Lock] = []
_at_once: list[AtOnce] = []


def hand_down(
    *, lock: Lock, at_once: AtOnce, paid: Booked, refunded: Booked, taken: Booked, underway: Booked, unpaid: Booked
) -> None:
    """Tell this folder how bookings are locked and changed at once, and what follows when money has come in, has gone
    back or been taken without our doing, when the bank has a payment and takes its days, and when it says no in the
    end."""
    _locks[:], _at_once[:] = [lock], [at_once]
    _upward.update(paid=paid, refunded=refunded, taken=taken, underway=underway, unpaid=unpaid)


def upward(what: str) -> Booked:
    """What follows: "paid", "refunded", "taken", "underway" or "unpaid"."""
    return _upward[what]


def lock(session: Session, payments: Sequence[Payment]) -> None:
    """Lock the bookings of all these payments (``together``), before any of them is changed."""
    _locks[0](session, [payment.booking_id for payment in payments])


def at_once(session: Session) -> AbstractContextManager[None]:
    """Within this, what belongs to several bookings is changed; they are locked before."""
    return _at_once[0](session)


def begin(session: Session, municipality_id: UUID, booking_id: UUID, at: datetime) -> Payment:
    """Begin to pay what is open; an attempt that was begun before and still fits is taken up again.

    The caller has locked the booking, so two clicks begin one attempt. Raises NothingOpen, TooLittle, UnderWay.
    """
    return begin_together(session, municipality_id, [booking_id], at)


def begin_together(session: Session, municipality_id: UUID, booking_ids: Sequence[UUID], at: datetime) -> Payment:
    """Begin to pay at once what is open for some bookings of one town; the payment that bears the page. An attempt
    for just the same that was begun before and still fits is taken up again.

    The caller has locked the bookings in their order. Raises NothingOpen, TooLittle, UnderWay.
    """
    session.flush()
    cents = {each: owes for each in booking_ids if (owes := ledger.account(session, each).open)}
    if not cents:
        raise NothingOpen(_("Für diese Buchung ist nichts mehr zu bezahlen."))
    if sum(cents.values()) < checkout.LEAST:
        raise TooLittle(too_little())
    if under_way(session, cents):
        raise UnderWay(_("Ihre Zahlung ist schon unterwegs. Die Bank bestätigt sie in den nächsten Tagen."))
    begun = select(Payment).where(Payment.booking_id.in_(cents), Payment.state == "started")
    for payment in session.scalars(begun.where(Payment.provider == "stripe", Payment.together_id.is_(None))).all():
        if _fits(session, payment, cents, at):
            return payment
    for booking_id in cents:
        close(session, booking_id, at)
    lead = uuid4()
    payments = [
        Payment(
            id=uuid4() if others else lead,
            municipality_id=municipality_id,
            booking_id=booking_id,
            cents=owes,
            state="started",
            started_at=at,
            expires_at=at + LIVES,
            ask_at=None if others else at + PATIENCE,
            together_id=lead if others else None,
        )
        for others, (booking_id, owes) in enumerate(cents.items())
    ]
    session.add_all(payments)
    session.flush()
    return payments[0]


def under_way(session: Session, booking_ids: Collection[UUID]) -> dict[UUID, str]:
    """For which of these bookings a payment is at a bank that hasn't answered yet, and by which way it goes."""
    at_a_bank = Payment.state == "started", Payment.intent_id.is_not(None)
    found = select(Payment.booking_id, Payment.provider).where(Payment.booking_id.in_(booking_ids), *at_a_bank)
    return dict(session.execute(found).all())


def too_little() -> str:
    """Why what is open can't be paid online, in a sentence."""
    return _("Online lassen sich erst Beträge ab %s bezahlen.") % texts.euros(checkout.LEAST)


def _fits(session: Session, payment: Payment, cents: Mapping[UUID, int], at: datetime) -> bool:
    """Whether an attempt is for just this, and can still be paid."""
    same = {each.booking_id: each.cents for each in together(session, payment)} == cents
    return same and payment.expires_at > at + (ENOUGH if payment.checkout_url else TO_BE_MADE)


def pay_url(
    database: Database,
    settings: Settings,
    payment: Payment,
    *,
    purpose: str,
    return_url: str,
    email: str,
    numbers: Mapping[UUID, str] | None = None,
) -> str:
    """The address of the page where a begun payment is paid. Where several bookings are paid at once, the page shows
    each with what ``numbers`` call it.

    Call it outside of any transaction: it asks the provider, and nobody shall wait for that with a lock in hand.
    Raises Unreachable, or Outdated (the next attempt is a new one).
    """
    if payment.checkout_url:
        return payment.checkout_url
    with database.read() as session:
        at_once = together(session, payment)
        lines = ledger.owed(session, payment.booking_id)
    if numbers and len(at_once) > 1:
        lines = [ledger.Line("booking", numbers[each.booking_id], each.cents) for each in at_once]
    try:
        checkout_id, url = way_of(payment).start(
            settings,
            payment,
            cents=sum(each.cents for each in at_once),
            purpose=purpose,
            lines=lines,
            return_url=return_url,
            email=email,
        )
    except checkout.Outdated:
        with database.write() as session:
            end(session, payment.id, "failed")
        raise
    with database.write() as session:
        session.execute(
            update(Payment).where(Payment.id == payment.id).values(checkout_id=checkout_id, checkout_url=url)
        )
    return url


def close(session: Session, booking_id: UUID, at: datetime) -> None:
    """Let the open checkout pages of a booking be closed, also those on which it was to be paid with others: it is
    over, or costs something else now."""
    mine = select(func.coalesce(Payment.together_id, Payment.id)).where(
        Payment.booking_id == booking_id, Payment.state == "started"
    )
    pages = select(Payment.id).where(Payment.id.in_(mine), Payment.checkout_id.is_not(None))
    for payment_id in session.scalars(pages).all():
        outbox.send(session, "close_checkout", payment_id, at)


def about(session: Session, told: Told) -> Payment | None:
    """The payment that the provider speaks of; None if it isn't one of ours.

    Raises Hopeless for one that bears our mark and isn't in the books (they may have been restored from a copy).
    """
    if told.state == "refund_failed":
        refunded = select(Refund.payment_id).where(Refund.refund_id == told.object_id)
        if known := session.scalar(select(Payment).where(Payment.id.in_(refunded))):
            return known  # of those that were paid as one, the one whose money it was
    own = _uuid(told.payment_id)
    names = [Payment.checkout_id == told.object_id]
    if own:
        names.append(Payment.id == own)
    if told.intent_id:
        names.append(Payment.intent_id == told.intent_id)
    # Of those that were begun as one, the first bears the page.
    wanted = select(Payment).where(or_(*names)).order_by(Payment.together_id.is_not(None)).limit(1)
    found = session.scalars(wanted).first()
    if found is None and told.payment_id:
        raise Hopeless(_("Stripe nennt eine Zahlung, die hier nicht verzeichnet ist. Bitte bei Stripe nachsehen."))
    return found


def may_come(session: Session, told: Told, at: datetime) -> bool:
    """Whether a payment that nobody knows here may be one that was begun before ``at``: a dispute bears no mark of
    ours, and may be told before we have heard by which name the provider knows what was paid."""
    begun = Payment.state == "started", Payment.provider == "stripe", Payment.intent_id.is_(None)
    return bool(told.intent_id) and bool(
        session.scalar(select(Payment.id).where(*begun, Payment.started_at <= at).limit(1))
    )


def together(session: Session, payment: Payment) -> list[Payment]:
    """All payments that were begun as one with this one, and itself, in the order of their bookings."""
    lead = payment.together_id or payment.id
    wanted = select(Payment).where(or_(Payment.id == lead, Payment.together_id == lead))
    return list(session.scalars(wanted.order_by(Payment.booking_id)))


def settle(session: Session, payment_id: UUID, told: Told, at: datetime) -> int:
    """Write down that a payment has come in; how many cents, 0 if it was written down already.

    The caller has locked the booking. Raises Hopeless if the provider's amount isn't the payment's.
    """
    payment = session.get_one(Payment, payment_id, with_for_update=True, populate_existing=True)
    if payment.intent_id and payment.intent_id != told.intent_id:
        raise Hopeless(_("Für einen Zahlungsvorgang ist zweimal Geld gekommen. Bitte bei Stripe nachsehen."))
    if payment.state == "paid":
        return 0
    asked = sum(each.cents for each in together(session, payment))
    if (told.cents, told.currency) != (asked, checkout.CURRENCY):
        raise Hopeless(_("Der bezahlte Betrag ist nicht der verlangte. Bitte bei Stripe nachsehen."))
    payment.state, payment.settled_at, payment.ask_at = "paid", at, None
    payment.intent_id = told.intent_id
    if payment.together_id is None:
        payment.checkout_id = payment.checkout_id or told.object_id
    session.flush()
    return payment.cents


def end(session: Session, payment_id: UUID, state: str) -> int:
    """Write down that an attempt came to nothing ("failed", "expired"), unless it is paid, with all that was to be paid
    at once with it; how many were changed."""
    attempt = or_(Payment.id == payment_id, Payment.together_id == payment_id)
    ended = update(Payment).where(attempt, Payment.state == "started").values(state=state, ask_at=None)
    return int(session.execute(ended).rowcount)  # type: ignore[attr-defined]


def on_its_way(session: Session, payment_id: UUID, intent_id: str) -> int:
    """Write down that the bank has the payment; how many cents, 0 if that was known or is over."""
    payment = session.get_one(Payment, payment_id, with_for_update=True, populate_existing=True)
    if payment.state != "started" or payment.intent_id:
        return 0
    payment.intent_id = intent_id
    session.flush()
    return payment.cents


def refused(session: Session, payment_id: UUID) -> int:
    """Write down that the bank didn't pay in the end; how many cents, 0 if that was known."""
    payment = session.get_one(Payment, payment_id, with_for_update=True, populate_existing=True)
    if payment.state != "started":
        return 0
    payment.state, payment.ask_at = "failed", None
    session.flush()
    return payment.cents


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
