"""How to transfer what is open for a booking: to which account, and by which sign it is recognised when it comes."""

from uuid import UUID

from sqlalchemy.orm import Session

from buchbar.payments import ledger, settling
from buchbar.payments.girocode import Transfer
from buchbar.payments.models import Charge
from buchbar.payments.rules import rules_of

_LONGEST = 140  # signs that a transfer has room for


def transfer(session: Session, municipality_id: UUID, booking_id: UUID) -> Transfer | None:
    """The transfer that pays all that is open; None where nothing is, or where the town takes none.

    One charge is paid by its Kassenzeichen, or by its creditor reference where the town has no signs of its own;
    several by all of theirs.
    """
    rules = rules_of(session, municipality_id)
    cents = ledger.account(session, booking_id).open
    if not cents or "transfer" not in rules.ways or not (rules.payee and rules.iban):
        return None
    charges = _unpaid(session, booking_id)
    signs = [each.kassenzeichen or each.reference for each in charges]
    by_reference = signs == [each.reference for each in charges][:1]
    return Transfer(
        payee=rules.payee,
        iban=rules.iban,
        bic=rules.bic,
        cents=cents,
        reference=signs[0] if by_reference else "",
        words="" if by_reference else " ".join(signs)[:_LONGEST],
    )


def signs(session: Session, booking_id: UUID) -> str:
    """The Kassenzeichen of what is open, as people read them: what a transfer of it has to bear."""
    return ", ".join(each.sign for each in _unpaid(session, booking_id))


def _unpaid(session: Session, booking_id: UUID) -> list[Charge]:
    """The charges of which something is open, the oldest first."""
    settled = settling.settlements(session, [booking_id]).get(booking_id)
    unpaid = {each.id for each in settled.charges if each.open} if settled else set()
    return [each for each in ledger.charges(session, booking_id) if each.id in unpaid]
