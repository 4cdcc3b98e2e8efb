"""Money of a booking that is on its way, to the town or back, as whoever booked reads it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from buchbar.base import texts
from buchbar.base.texts import N_, _
from buchbar.booking.models import Booking
from buchbar.payments import ledger, payouts
from buchbar.payments.mandates import SepaOrder
from buchbar.payments.models import Payment, Refund, Reversal
from buchbar.payments.rules import rules_of

# How money comes back to whoever paid, by the way on which it goes (``_way``).
BACK = {
    "stripe": N_("Sie bekommen %s zurück, auf dem Weg, auf dem Sie bezahlt haben. Das dauert einige Tage."),
    "lost": N_(
        "Wir konnten Ihnen %s nicht auf dem Weg zurückgeben, auf dem Sie bezahlt haben. Bitte melden Sie sich bei uns."
    ),
    "cash": N_("Sie bekommen %s bar am Schalter zurück. Bitte bringen Sie die Quittung mit."),
    "terminal": N_("Sie bekommen %s am Schalter zurück. Bitte bringen Sie die Karte und die Quittung mit."),
    "payer": N_("Wir überweisen Ihnen %s auf das Konto zurück, von dem das Geld kam. Das dauert einige Tage."),
    "named": N_("Wir überweisen Ihnen %s auf das Konto, das Sie uns genannt haben. Das dauert einige Tage."),
    "unknown": N_("Wir überweisen Ihnen %s zurück. Bitte schreiben Sie uns, auf welches Konto: Wir kennen es nicht."),
}


@dataclass(frozen=True, slots=True)
class Coming:
    """Money that a bank is to bring, in cents; ``on`` is the day on which we collect it, None where the payer's bank
    has it already."""

    cents: int
    on: date | None

    @property
    def words(self) -> str:
        """That nobody has to pay it again."""
        if self.on:
            return _(
                "Wir ziehen %(amount)s am %(day)s von Ihrem Konto ein. Sie müssen nichts tun; bitte sorgen Sie nur "
                "dafür, dass das Konto gedeckt ist."
            ) % {"amount": texts.euros(self.cents), "day": texts.day(self.on)}
        return _(
            "Ihre Lastschrift über %s ist unterwegs. Ihre Bank braucht dafür einige Tage; Sie müssen nichts tun."
        ) % texts.euros(self.cents)

    def after_the_end(self, account: ledger.Account) -> str:
        """What becomes of it when the booking is over and owes only what ``account`` says."""
        if self.on:
            return _(
                "Die angekündigte Lastschrift über %s ziehen wir nur so weit ein, wie noch etwas zu bezahlen ist. Was "
                "schon bei der Bank liegt und zu viel ist, bekommen Sie zurück."
            ) % texts.euros(self.cents)
        back = replace(account, paid=account.paid + self.cents).surplus - account.surplus
        words = {"amount": texts.euros(self.cents), "back": texts.euros(back)}
        if not back:
            return _("Ihre Lastschrift über %(amount)s ist noch unterwegs.") % words
        return (
            _("Ihre Lastschrift über %(amount)s ist noch unterwegs. Sobald sie da ist, bekommen Sie %(back)s zurück.")
            % words
        )


def coming(session: Session, booking_id: UUID) -> Coming | None:
    """What a bank is to bring for a booking; None for nothing."""
    wanted = (
        select(Payment.cents, SepaOrder.execute_on)
        .join(SepaOrder, SepaOrder.id == Payment.order_id, isouter=True)
        .where(Payment.booking_id == booking_id, Payment.state == "started", Payment.intent_id.is_not(None))
    )
    found = session.execute(wanted.order_by(Payment.started_at).limit(1)).first()
    return Coming(found.cents, found.execute_on) if found else None


def going(session: Session, booking: Booking, since: datetime | None = None) -> list[str]:
    """How what is to go back comes to whoever paid, in a sentence for each way; only what was decided at ``since`` or
    after. Empty for nothing."""
    wanted = (
        select(Refund)
        .options(selectinload(Refund.payment))
        .where(Refund.booking_id == booking.id, Refund.state != "done")
        .order_by(Refund.wanted_at, Refund.id)
    )
    if since:
        wanted = wanted.where(Refund.wanted_at >= since)
    return _by_way(session, booking, session.scalars(wanted).all())


def _by_way(session: Session, booking: Booking, refunds: Sequence[Refund]) -> list[str]:
    known = payouts.accounts(session, refunds)
    sums: Counter[str] = Counter()
    for refund in refunds:
        sums[_way(refund, known[refund.id])] += refund.cents
    return [_sentence(session, booking, way, texts.euros(cents)) for way, cents in sums.items()]


def _way(refund: Refund, account: payouts.Account) -> str:
    """By which way a refund goes: "stripe", "cash", "terminal", or to which account: "payer", "named", "unknown". What
    came back from where it went has no way any more: "lost"."""
    if refund.payment.provider in payouts.PROVIDERS:
        return "unknown" if not account.number else "named" if refund.sealed_iban else "payer"
    return "lost" if refund.payment.provider == "stripe" and refund.state == "failed" else refund.payment.provider


def _sentence(session: Session, booking: Booking, way: str, amount: str) -> str:
    sentence = _(BACK[way]) % amount
    hours = ", ".join(rules_of(session, booking.municipality_id).counter_hours.splitlines())
    return f"{sentence} {hours}".strip() if way in ("cash", "terminal") else sentence


def moves(session: Session, booking_id: UUID, account: ledger.Account) -> list[tuple[str, int]]:
    """What was paid, goes back, went back and was taken from us again, as labels and cents; without what is nothing."""

    def total(amount: object, *where: object) -> int:
        return int(session.scalar(select(func.coalesce(func.sum(amount), 0)).where(*where)) or 0)  # type: ignore[arg-type]

    waiting = total(Refund.cents, Refund.booking_id == booking_id, Refund.state != "done")
    undone = total(Reversal.cents, Reversal.booking_id == booking_id, Reversal.kind == "undone")
    sums = [
        (_("Bezahlt"), account.paid),
        (_("Wird erstattet"), waiting),
        (_("Erstattet"), account.returned - waiting),
        (_("Zurückgenommen"), undone),
        (_("Von der Bank zurückgeholt"), account.reversed - undone),
    ]
    return [(label, cents) for label, cents in sums if cents]
