"""What happened to a booking, as the desk tells it: its events, and between them the letters and the payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.base import texts, tokens
from buchbar.base.texts import N_, _
from buchbar.booking import queries
from buchbar.booking.desk_frame import by_whom, what
from buchbar.booking.models import Booking, BookingEvent
from buchbar.notices.models import Errand, Letter
from buchbar.payments.models import Payment, Refund, Reversal
from buchbar.payments.refunds import BOUNCED, BY_HAND, DASHBOARD, WITHDRAWN

ENDS = ("decline", "cancel", "release", "expire")
PAYMENT_STATES = {
    "started": N_("begonnen, noch nicht bezahlt"),
    "paid": N_("bezahlt"),
    "failed": N_("gescheitert"),
    "expired": N_("nicht zu Ende geführt"),
}
REFUND_STATES = {"wanted": N_("unterwegs"), "done": N_("erstattet"), "failed": N_("nicht angekommen")}
REFUNDS_BACK = {
    BOUNCED: N_("Erstattung zurückgekommen"),
    WITHDRAWN: N_("Erstattung nicht ausgeführt, Datei zurückgezogen"),
}
REVERSAL_STATE = N_("gebucht")
REVERSALS = {
    "returned": N_("Rückgabe durch die Bank"),
    "disputed": N_("Rückforderung durch die Bank"),
    "undone": N_("Rücknahme einer Buchung"),
}
METHODS = {
    "stripe": N_("online (Stripe)"),
    "transfer": N_("Überweisung"),
    "debit": N_("Lastschrift"),
    "cash": N_("bar am Schalter"),
    "terminal": N_("mit Karte am Schalter"),
}


@dataclass(frozen=True, slots=True)
class Written:
    """A letter, and how it went with it, in words; ``trouble`` when it didn't arrive.

    Its ``text`` is without the secret links: they are the citizens' and the owner's, and would outlive anybody's role.
    """

    letter: Letter
    state: str
    trouble: bool = False

    @property
    def text(self) -> str:
        return tokens.hidden(self.letter.text)


@dataclass(frozen=True, slots=True)
class Money:
    """A payment or a refund in words. ``cents`` is negative for what went back."""

    at: datetime
    what: str
    cents: int
    state: str
    method: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history; ``sort`` decides among those of one moment."""

    at: datetime
    sort: int
    title: str
    who: str
    text: str
    failed: bool = False


def written(session: Session, booking: Booking) -> list[Written]:
    """The letters about a booking with their fate, the newest first."""
    letters = queries.letters_of(session, booking)
    errands = session.scalars(select(Errand).where(Errand.subject_id.in_([letter.id for letter in letters])))
    faults = {errand.subject_id: errand for errand in errands}
    return [_fate(letter, faults.get(letter.id)) for letter in letters]


def _fate(letter: Letter, errand: Errand | None) -> Written:
    if letter.paper is not None:
        return Written(letter, _("gedruckt von %s") % letter.printed_by if letter.printed_at else _("noch zu drucken"))
    if letter.sent_at:
        return Written(letter, _("verschickt"))
    if errand is not None and errand.state == "failed":
        return Written(letter, _("nicht zugestellt: %s") % (errand.fault or _("unbekannt")), trouble=True)
    if errand is not None and errand.fault:
        return Written(letter, _("wird wieder versucht: %s") % errand.fault, trouble=True)
    return Written(letter, _("noch nicht verschickt"))


def money(session: Session, booking: Booking) -> list[Money]:
    """Each payment and each refund, in order."""
    payments = session.scalars(select(Payment).where(Payment.booking_id == booking.id)).all()
    refunds = session.scalars(select(Refund).where(Refund.booking_id == booking.id)).all()
    methods = {payment.id: _(METHODS.get(payment.provider, payment.provider)) for payment in payments}
    by_hand = {BY_HAND: _("auf anderem Weg"), DASHBOARD: _("beim Zahlungsdienst von Hand")}
    moves = [
        Money(
            each.settled_at or each.started_at,
            _("Zahlung"),
            each.cents,
            _(PAYMENT_STATES[each.state]),
            methods[each.id],
        )
        for each in payments
    ] + [
        Money(
            each.done_at or each.wanted_at,
            _("Erstattung") if each.cents > 0 else _(REFUNDS_BACK[each.reason]),
            -each.cents,
            _(REFUND_STATES[each.state] if each.cents > 0 else REVERSAL_STATE),
            by_hand.get(each.reason, methods.get(each.payment_id, "")),
        )
        for each in refunds
    ]
    taken = session.scalars(select(Reversal).where(Reversal.booking_id == booking.id)).all()
    moves += [
        Money(each.at, _(REVERSALS[each.kind]), -each.cents, _(REVERSAL_STATE), methods[each.payment_id])
        for each in taken
    ]
    return sorted(moves, key=lambda move: (move.at, move.cents))


def entries(
    booking: Booking, events: Sequence[BookingEvent], letters: Sequence[Written], moves: Sequence[Money]
) -> list[Entry]:
    """The booking's whole history, the newest first. What came in and went out has events of its own; what else became
    of a payment stands here as a line."""
    told = [
        Entry(event.at, 0, _event(event), by_whom(event, booking), event.reason, event.verb in ENDS) for event in events
    ]
    told += [_letter(each) for each in letters]
    told += [
        Entry(move.at, 2, f"{move.what}, {texts.euros(abs(move.cents))}: {move.state}", move.method, "")
        for move in moves
        if move.state not in (_(PAYMENT_STATES["paid"]), _(REFUND_STATES["done"]))
    ]
    in_order = sorted(told, key=lambda entry: (entry.at, entry.sort))
    return in_order[::-1]


def _event(event: BookingEvent) -> str:
    amount = f": {texts.euros(int(event.data['cents']))}" if event.data.get("cents") else ""
    return what(event) + amount


def _letter(each: Written) -> Entry:
    letter = each.letter
    kind = _("Brief") if letter.paper is not None else _("E-Mail an %s") % letter.to_address
    return Entry(letter.written_at, 1, f"{kind}: {letter.subject}", each.state, "", each.trouble)
