"""Files for the bank, from their first line to what comes back of them: direct debits and refunds.

A file is begun, handed over (from then on it is the same whenever it is fetched), and may be withdrawn as long as
nothing of it has been booked. A direct debit counts as paid on the day on which the bank credits it; a debtor may have
it back for eight weeks, which is a return (Reversal) and changes nothing of what was.
"""

import logging
import secrets
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from buchbar.base.db import Database
from buchbar.base.errors import NotFound, Refused
from buchbar.base.sealed import Unreadable, seal, unseal
from buchbar.base.texts import _
from buchbar.calendar.bank_days import bank_day_from
from buchbar.payments import iban, ledger, paying, sepa, settling
from buchbar.payments.mandates import Mandate, SepaOrder, revoke
from buchbar.payments.models import Charge, Payment, Reversal
from buchbar.payments.rules import rules_of

# So many days before it is collected, a debtor hears of it (SEPA Core Rulebook 4.3.4, unless agreed otherwise).
NOTICE = timedelta(days=14)
# So far ahead at most: nobody remembers for longer that money will be collected, and meanwhile it can't be paid.
AHEAD = timedelta(days=60)
# With these reasons a bank says that the account or the mandate is gone: nothing can be collected with it any more.
NO_MORE = ("AC01", "AC04", "AC06", "AC13", "MD01", "MD07", "SL01")
_SEALED_FOR = "file of direct debits"
log = logging.getLogger("buchbar.payments")


def first_day(today: date) -> date:
    """The first day on which may be collected what is announced today."""
    return bank_day_from(today + NOTICE)


def last_day(today: date) -> date:
    """The last day on which may be collected what is announced today."""
    return today + AHEAD


def begin(session: Session, municipality_id: UUID, kind: str, execute_on: date, at: datetime, by: str) -> SepaOrder:
    """Begin a file; ``kind`` is "collection" or "refunds"."""
    made = SepaOrder(
        id=uuid4(),
        municipality_id=municipality_id,
        kind=kind,
        message_id=f"BB-{at:%Y%m%d}-{secrets.token_hex(5).upper()}",
        execute_on=execute_on,
        made_at=at,
        made_by=by,
    )
    session.add(made)
    session.flush()
    return made


def put_in(session: Session, order: SepaOrder, booking_id: UUID, mandate: Mandate, cents: int, at: datetime) -> Payment:
    """Announce a direct debit of what is open for a booking. The caller has locked the booking."""
    payment_id = uuid4()
    made = Payment(
        id=payment_id,
        municipality_id=order.municipality_id,
        booking_id=booking_id,
        cents=cents,
        provider="debit",
        intent_id=payment_id.hex,  # the bank's name for it (EndToEndId); nobody pays the same another way meanwhile
        started_at=at,
        expires_at=at + NOTICE,
        order_id=order.id,
        mandate_id=mandate.id,
    )
    session.add(made)
    session.flush()
    return made


def order_of(session: Session, municipality_id: UUID, order_id: UUID, kind: str) -> SepaOrder:
    """A file of this town. Raises NotFound."""
    found = session.get(SepaOrder, order_id)
    if found is None or (found.municipality_id, found.kind) != (municipality_id, kind):
        raise NotFound
    return found


def lock(session: Session, order: SepaOrder) -> None:
    """Wait for whoever is changing a file, and see what they did. Before its bookings are locked; who has locked one of
    them may still name the file."""
    session.flush()
    session.refresh(order, with_for_update={"key_share": True})


def orders(session: Session, municipality_id: UUID, kind: str) -> list[SepaOrder]:
    """A town's files, the newest first."""
    ours = select(SepaOrder).where(SepaOrder.municipality_id == municipality_id, SepaOrder.kind == kind)
    return list(session.scalars(ours.order_by(SepaOrder.made_at.desc(), SepaOrder.id)))


def inside(session: Session, order: SepaOrder) -> list[Payment]:
    """The direct debits of a file that count, or will."""
    those = select(Payment).where(Payment.order_id == order.id, Payment.state.in_(("started", "paid")))
    return list(session.scalars(those.order_by(Payment.id)))


def begun(session: Session, order: SepaOrder) -> list[Payment]:
    """The direct debits of a file that are neither booked nor left out, in the order in which bookings are locked."""
    those = select(Payment).where(Payment.order_id == order.id, Payment.state == "started")
    return list(session.scalars(those.order_by(Payment.booking_id, Payment.id)))


def lower(session: Session, payment: Payment) -> int:
    """Before a file goes out: what was paid meanwhile isn't collected again; how many cents are left of it. The caller
    has locked the booking."""
    session.refresh(payment, with_for_update=True)
    mandate = session.get_one(Mandate, payment.mandate_id)
    on = session.get_one(SepaOrder, payment.order_id).execute_on
    due = settling.due_by(session, [payment.booking_id], on).get(payment.booking_id, 0)
    left = min(payment.cents, due) if mandate.state == "active" else 0
    if left and payment.state == "started":
        payment.cents = left
        session.flush()
        return left
    paying.end(session, payment.id, "failed")
    return 0


def hand_over(session: Session, order: SepaOrder, at: datetime, by: str) -> None:
    """Close a file: it isn't changed any more. Raises Refused for one that is withdrawn, and for debits where the
    town's account or creditor identifier is missing."""
    if order.withdrawn_at:
        raise Refused(_("Diese Datei ist zurückgezogen."))
    if order.handed_over_at is None:
        if order.kind == "collection" and (debits := _debits(session, order)):
            order.sealed_content = seal(session.info["settings"].secret, _SEALED_FOR, debits.decode())
        order.handed_over_at, order.handed_over_by = at, by
        session.flush()


def content(session: Session, order: SepaOrder) -> bytes:
    """The file of direct debits as it was closed. Raises Refused for one that isn't closed, is withdrawn or empty, or
    was forgotten with the accounts in it."""
    still(order)
    try:
        return unseal(session.info["settings"].secret, _SEALED_FOR, order.sealed_content).encode()
    except Unreadable:
        words = _("In dieser Datei ist nichts einzuziehen, oder sie ist so alt, dass sie gelöscht wurde.")
        raise Refused(words) from None


def _debits(session: Session, order: SepaOrder) -> bytes:
    """What is in a file of direct debits, empty for none."""
    rules = rules_of(session, order.municipality_id)
    if not (rules.iban and rules.payee and rules.creditor_id):
        raise Refused(_("Für Lastschriften fehlen das Konto der Kommune oder die Gläubiger-Identifikationsnummer."))
    those = inside(session, order)
    known = {payment.mandate_id: session.get_one(Mandate, payment.mandate_id) for payment in those}
    words = signs(session, [payment.booking_id for payment in those])
    debits = [_debit(session, each, known[each.mandate_id], words.get(each.booking_id, "")) for each in those]
    if not debits:
        return b""
    return sepa.debits(
        sepa.Order(order.message_id, order.made_at, order.execute_on),
        sepa.Party(rules.payee, rules.iban, rules.bic),
        rules.creditor_id,
        debits,
    )


def still(order: SepaOrder) -> None:
    """Raises Refused for a file that isn't (any more) for the bank."""
    if order.withdrawn_at:
        raise Refused(_("Diese Datei ist zurückgezogen."))
    if order.handed_over_at is None:
        raise Refused(_("Bitte schließen Sie die Datei zuerst ab; dann lässt sie sich herunterladen."))


def withdraw(session: Session, order: SepaOrder, at: datetime, by: str) -> list[Payment]:
    """Take a file back: nothing of it counts; the direct debits that are not collected. The caller has locked their
    bookings. Raises Refused once any of it is booked."""
    if session.scalar(select(Payment.id).where(Payment.order_id == order.id, Payment.state == "paid").limit(1)):
        raise Refused(_("Dieser Einzug ist schon gebucht. Zurückholen kann das Geld nur noch, wer es bezahlt hat."))
    ended = [payment for payment in begun(session, order) if paying.end(session, payment.id, "failed")]
    if order.withdrawn_at is None:
        order.withdrawn_at, order.withdrawn_by, order.sealed_content = at, by, ""
        session.flush()
    return ended


def settle_due(database: Database, municipality_id: UUID, now: datetime, today: date) -> int:
    """Book a town's direct debits whose day has come as paid; how many. Each in a transaction of its own, each once;
    one that fails is tried again the next time, and stops none behind it."""
    with database.read() as session:
        due = session.execute(
            select(Payment.id, Payment.booking_id)
            .join(SepaOrder, SepaOrder.id == Payment.order_id)
            .where(
                Payment.municipality_id == municipality_id,
                Payment.state == "started",
                Payment.provider == "debit",
                SepaOrder.execute_on <= today,
                SepaOrder.handed_over_at.is_not(None),
                SepaOrder.withdrawn_at.is_(None),
            )
            .order_by(Payment.booking_id, Payment.id)
        ).all()
    booked = 0
    for payment_id, booking_id in due:
        try:
            with database.write() as session:
                booked += _settle(session, payment_id, booking_id, now, today)
        except Exception as fault:
            log.error("debit not booked", extra={"payment": str(payment_id), "fault": type(fault).__name__})
    return booked


def returned(
    session: Session, end_to_end: str, key: str, at: datetime, *, reason: str = "", entry_id: UUID | None = None
) -> Payment | None:
    """A bank gives a direct debit back, by the name that it had in the file; the payment, None if it isn't one of ours.

    ``key`` is what this return is known by, so that it is booked once; ``reason`` the bank's code. Where it says that
    the account or the mandate is gone, the mandate ends.
    """
    named = Payment.intent_id == end_to_end.lower(), Payment.provider == "debit"
    payment = session.scalar(select(Payment).where(*named))
    if payment is None:
        return None

    def take() -> int:
        return take_back(session, payment, key, at, reason=reason, entry_id=entry_id)

    def give_up() -> int:
        return payment.cents if paying.end(session, payment.id, "failed") else 0

    paying.lock(session, [payment])
    session.refresh(payment, with_for_update=True)
    early = payment.state == "started"
    paying.upward("unpaid" if early else "taken")(session, payment.booking_id, at, give_up if early else take)
    if reason in NO_MORE and payment.mandate_id:
        revoke(session, session.get_one(Mandate, payment.mandate_id), at, reason)
    return payment


def take_back(
    session: Session,
    payment: Payment,
    key: str,
    at: datetime,
    *,
    reason: str = "",
    entry_id: UUID | None = None,
    by: str = "",
) -> int:
    """Write down that the bank has taken back what is left of a payment: it can do so once, however often it says so;
    how many cents. The caller has locked the booking."""
    session.refresh(payment, with_for_update=True)
    gone = sum(session.scalars(select(Reversal.cents).where(Reversal.payment_id == payment.id)))
    if payment.state != "paid" or payment.cents <= gone:
        return 0
    left = payment.cents - gone
    return ledger.reverse(session, payment, "returned", key, left, at, reason=reason, by=by, entry_id=entry_id)


def _settle(session: Session, payment_id: UUID, booking_id: UUID, at: datetime, today: date) -> int:
    moved = []

    def book() -> int:
        paid = update(Payment).where(Payment.id == payment_id, Payment.state == "started")
        if not session.execute(paid.values(state="paid", settled_at=at)).rowcount:  # type: ignore[attr-defined]
            return 0
        payment = session.get_one(Payment, payment_id, populate_existing=True)
        session.execute(update(Mandate).where(Mandate.id == payment.mandate_id).values(last_used_on=today))
        moved.append(payment.cents)
        return payment.cents

    paying.upward("paid")(session, booking_id, at, book)
    return len(moved)


def _debit(session: Session, payment: Payment, mandate: Mandate, words: str) -> sepa.Debit:
    number = iban.unsealed(session, mandate.sealed_iban)
    if not number or mandate.signed_on is None:
        raise Refused(_("Das Konto zum Mandat %s ist nicht mehr zu lesen.") % mandate.reference)
    payer = sepa.Party(mandate.holder, number, mandate.bic, **_address(mandate, number))
    end_to_end = payment.intent_id or payment.id.hex
    return sepa.Debit(
        end_to_end, payment.cents, payer, mandate.reference, mandate.signed_on, words, recurring=mandate.recurring
    )


def _address(mandate: Mandate, number: str) -> dict[str, str]:
    """The account holder's address, only where the banks ask for it: with accounts outside the EEA."""
    if number[:2] not in iban.OUTSIDE_EEA:
        return {}
    first, _blank, rest = mandate.city.partition(" ")
    postcode, town = (first, rest) if rest and any(sign.isdigit() for sign in first) else ("", mandate.city)
    return {"street": mandate.street, "postcode": postcode, "town": town, "country": number[:2]}


def signs(session: Session, booking_ids: list[UUID]) -> dict[UUID, str]:
    """What stands on the other side's statement, by booking: the signs of what was owed."""
    found: dict[UUID, list[str]] = {}
    wanted = select(Charge).where(Charge.booking_id.in_(booking_ids)).order_by(Charge.charged_at, Charge.reference)
    for charge in session.scalars(wanted):
        if charge.cents > 0:
            found.setdefault(charge.booking_id, []).append(charge.kassenzeichen or charge.reference)
    return {booking_id: " ".join(those) for booking_id, those in found.items()}
