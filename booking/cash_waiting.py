"""What waits for the cashier, counted: for the page that leads to all of it."""

from collections.abc import Callable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import CASH, may
from buchbar.base.texts import _, ngettext
from buchbar.booking import bank_lines, failures, papers
from buchbar.booking.desk_money_letters import KINDS
from buchbar.payments import payouts, till
from buchbar.payments.open_items import waiting_refunds
from buchbar.payments.statements import BankEntry

Waiting = dict[str, list[tuple[str, str]]]


def waiting(session: Session, clerk: Clerk) -> Waiting:
    """By the page that leads there: where something waits, and how much of it in words. In a number of queries that
    doesn't grow with it."""
    town = clerk.town
    found = failures.failures(session, town, strays=clerk.role == "administrator")
    entries = select(func.count()).where(BankEntry.municipality_id == town.id, BankEntry.state.in_(bank_lines.WAITING))
    counted: list[tuple[str, str, int, Callable[[int], str]]] = [
        ("kasse/kassenbuch", "kasse/kassenbuch", len(till.to_pay_out(session, town.id)), _to_pay_out),
        ("kasse/offen", "kasse/erstattungen", len(waiting_refunds(session, town.id)), _refunds),
        ("kasse/offen", "kasse/fehlschlaege", sum(each.errand.kind != "mail" for each in found), _failures),
        ("kasse/auszuege", "kasse/auszuege", session.scalar(entries) or 0, _wait),
        ("kasse/rueckueberweisungen", "kasse/rueckueberweisungen", len(payouts.waiting(session, town.id)), _wait),
    ]
    if may(clerk.role, CASH):
        counted.append(("kasse/briefe", "kasse/briefe", len(papers.to_print(session, town, KINDS)), _wait))
    shown: Waiting = {}
    for page, address, count, say in counted:
        if count:
            shown.setdefault(page, []).append((address, say(count)))
    return shown


def _wait(n: int) -> str:
    return ngettext("%(num)d wartet", "%(num)d warten", n) % {"num": n}


def _to_pay_out(n: int) -> str:
    return _("%d auszuzahlen") % n


def _refunds(n: int) -> str:
    return ngettext("%(num)d Erstattung wartet", "%(num)d Erstattungen warten", n) % {"num": n}


def _failures(n: int) -> str:
    return ngettext("%(num)d Fehlschlag", "%(num)d Fehlschläge", n) % {"num": n}
