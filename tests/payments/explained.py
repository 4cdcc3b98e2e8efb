"""Whether what became of the charges is, in all, what the account says."""

from buchbar.payments.ledger import Account
from buchbar.payments.settling import Settlement


def agrees(settlement: Settlement, sums: Account) -> bool:
    """The sums over all charges, and what belongs to none of them, are the account's, to the cent."""
    charges, beyond = settlement.charges, settlement.beyond
    return (settlement.open, settlement.surplus) == (sums.open, sums.surplus) and sums == Account(
        owed=sum(each.due for each in charges) - beyond.credited,
        paid=sum(each.paid for each in charges) + beyond.paid,
        returned=sum(each.returned for each in charges) + beyond.returned,
        reversed=sum(each.reversed for each in charges) + beyond.reversed,
    )
