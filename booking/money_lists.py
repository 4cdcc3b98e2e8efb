"""The cashier's lists to take along: what the pages show, row by row. Of accounts, only the last four signs."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Clerk
from buchbar.base import texts
from buchbar.base.errors import NotFound
from buchbar.base.sheets import Cell, Cents, Sheet
from buchbar.base.texts import N_, _
from buchbar.booking import bank_lines, failures, queries
from buchbar.booking.dunning_run import Rehearsal
from buchbar.booking.history import METHODS, REFUND_STATES
from buchbar.booking.models import Booking
from buchbar.calendar.walls import local, local_date
from buchbar.payments import collections, iban, ledger, mandates, payouts, till
from buchbar.payments.counter import AT_COUNTER
from buchbar.payments.mandates import Mandate
from buchbar.payments.models import Refund
from buchbar.payments.open_items import waiting_refunds
from buchbar.payments.statements import BankEntry, BankFile

MANDATE_STATES = {"revoked": N_("widerrufen"), "proposed": N_("nicht unterschrieben"), "active": N_("gilt")}


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a list, when, and ``of``: the id of the file whose rows are wanted, where the list is one file's."""

    session: Session
    clerk: Clerk
    now: datetime
    of: UUID | None = None

    def day(self, moment: datetime) -> date:
        return local_date(moment, self.clerk.town.zone)

    def at(self, moment: datetime) -> datetime:
        """As it stands in a cell: local, without a zone."""
        return local(moment, self.clerk.town.zone).replace(tzinfo=None)

    def known(self, ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
        """Number and names of the town's bookings."""
        those = self.session.scalars(queries.bookings(self.clerk.town).where(Booking.id.in_(ids))).all()
        names = queries.names_of(self.session, those)
        return {booking.id: (booking.number, names.get(booking.id, "")) for booking in those}


def refund_state(refund: Refund) -> str:
    """Where a refund stands that hasn't arrived: what waits for somebody says for whom."""
    if refund.state == "wanted" and refund.payment.provider in payouts.PROVIDERS:
        return _("wartet auf Ihre Datei für die Bank")
    if refund.state == "wanted" and refund.payment.provider in AT_COUNTER:
        return _("wird am Schalter ausgezahlt")
    return _(REFUND_STATES[refund.state])


def refunds(asked: Asked) -> Sheet:
    """What is to go back and hasn't arrived, and what was paid too much and nothing sends back."""
    waiting = waiting_refunds(asked.session, asked.clerk.town.id)
    overpaid = {row[0]: int(row[1]) for row in asked.session.execute(ledger.overpaid(asked.clerk.town.id))}
    known = asked.known({refund.booking_id for refund in waiting} | set(overpaid))
    rows: list[list[Cell]] = [
        [
            *known[each.booking_id],
            asked.day(each.wanted_at),
            Cents(each.cents),
            _(METHODS[each.payment.provider]),
            refund_state(each),
        ]
        for each in waiting
    ]
    rows += [
        [*known[each], None, Cents(cents), "", _("überzahlt, noch nicht veranlasst")]
        for each, cents in overpaid.items()
    ]
    more = ("since", _("Seit")), ("cents", _("Betrag")), ("method", _("Kam auf diesem Weg")), ("state", _("Stand"))
    return Sheet(_("Wartet auf Erstattung"), [*_booked(), *more], rows)


def failed(asked: Asked) -> Sheet:
    """What of the money doesn't go on by itself."""
    found = failures.failures(asked.session, asked.clerk.town, strays=asked.clerk.role == "administrator")
    of_money = [failure for failure in found if failure.errand.kind != "mail"]
    rows: list[list[Cell]] = [
        [
            failure.booking.number if failure.booking else "",
            asked.at(failure.errand.written_at),
            failure.words,
            failure.errand.fault or _("unbekannt"),
        ]
        for failure in of_money
    ]
    columns = [("number", _("Buchungsnummer")), ("since", _("Seit")), ("what", _("Was")), ("why", _("Warum"))]
    return Sheet(_("Fehlschläge"), columns, rows)


def imports(asked: Asked) -> Sheet:
    """All statements that were imported, the newest first."""
    ours = select(BankFile).where(BankFile.municipality_id == asked.clerk.town.id)
    columns = [("name", _("Datei")), ("kind", _("Art")), ("imported_at", _("Importiert")), ("by", _("Von"))]
    columns += [("undone_at", _("Zurückgenommen")), ("faults", _("Nicht lesbar"))]
    rows: list[list[Cell]] = [
        [
            each.name,
            each.kind,
            asked.at(each.imported_at),
            each.imported_by,
            asked.at(each.undone_at) if each.undone_at else None,
            "; ".join(each.faults),
        ]
        for each in asked.session.scalars(ours.order_by(BankFile.imported_at.desc(), BankFile.id))
    ]
    return Sheet(_("Importierte Auszüge"), columns, rows)


def waiting_entries(asked: Asked) -> Sheet:
    """All entries of statements that a cashier has to settle."""
    waits = BankEntry.municipality_id == asked.clerk.town.id, BankEntry.state.in_(bank_lines.WAITING)
    return _entries(asked, _("Kontobewegungen zu klären"), waits)


def entries_of_file(asked: Asked) -> Sheet:
    """All entries of one statement. Raises NotFound for another town's."""
    file = asked.session.get(BankFile, asked.of) if asked.of else None
    if file is None or file.municipality_id != asked.clerk.town.id:
        raise NotFound
    return _entries(asked, _("Kontoauszug"), (BankEntry.file_id == file.id,))


def _entries(asked: Asked, title: str, conditions: Iterable[object]) -> Sheet:
    wanted = select(BankEntry).where(*conditions)  # type: ignore[arg-type]
    found = asked.session.scalars(wanted.order_by(BankEntry.booked_on, BankEntry.file_id, BankEntry.place)).all()
    columns = [("booked_on", _("Gebucht")), ("cents", _("Betrag")), ("name", _("Von wem")), ("text", _("Wofür"))]
    columns += [("state", _("Stand")), ("why", _("Warum")), ("bookings", _("Buchungen"))]
    rows: list[list[Cell]] = [
        [
            line.booked_on,
            Cents(line.cents),
            line.name,
            line.text,
            _(bank_lines.STATES[line.state][1]),
            line.why,
            "; ".join(f"{part.number}: {texts.euros(part.cents)}" for part in line.parts or line.choices),
        ]
        for line in bank_lines.lines(asked.session, asked.clerk.town, found, asked.now)
    ]
    return Sheet(title, columns, rows)


def debits(asked: Asked) -> Sheet:
    """The direct debits of one file. Raises NotFound for another town's."""
    if asked.of is None:
        raise NotFound
    order = collections.order_of(asked.session, asked.clerk.town.id, asked.of, "collection")
    inside = collections.inside(asked.session, order)
    theirs = asked.session.scalars(select(Mandate).where(Mandate.id.in_([each.mandate_id for each in inside])))
    by_id = {mandate.id: mandate for mandate in theirs}
    known = asked.known({each.booking_id for each in inside})
    rows: list[list[Cell]] = []
    for each in inside:
        mandate = by_id[each.mandate_id] if each.mandate_id else None
        account: list[Cell] = (
            [mandate.holder, iban.masked(mandate.iban_end), mandate.reference] if mandate else ["", "", ""]
        )
        booked = _("gebucht") if each.state == "paid" else _("angekündigt")
        rows.append([*known[each.booking_id], order.execute_on, Cents(each.cents), *account, booked])
    more = ("execute_on", _("Einzug am")), ("cents", _("Betrag")), *_account(), ("mandate", _("Mandat"))
    return Sheet(_("Lastschriften"), [*_booked(), *more, ("state", _("Stand"))], rows)


def all_mandates(asked: Asked) -> Sheet:
    """All mandates, the newest first."""
    columns = [("reference", _("Mandat")), ("on_paper", _("Auf Papier")), *_account(), ("email", _("E-Mail-Adresse"))]
    columns += [("state", _("Stand")), ("signed_on", _("Unterschrieben am")), ("last_used_on", _("Zuletzt genutzt am"))]
    columns += [("ends_on", _("Ungenutzt bis")), ("revoked_on", _("Widerrufen am"))]
    rows: list[list[Cell]] = [
        [
            each.reference,
            each.on_paper,
            each.holder,
            iban.masked(each.iban_end),
            each.email,
            _mandate_state(each, asked.day(asked.now)),
            each.signed_on,
            each.last_used_on,
            mandates.ends_on(each),
            asked.day(each.revoked_at) if each.revoked_at else None,
        ]
        for each in mandates.of_town(asked.session, asked.clerk.town.id)
    ]
    return Sheet(_("Lastschriftmandate"), columns, rows)


def _mandate_state(mandate: Mandate, today: date) -> str:
    over = mandate.state == "active" and not mandates.holds(mandate, today)
    return _("abgelaufen") if over else _(MANDATE_STATES[mandate.state])


def to_bank_accounts(asked: Asked) -> Sheet:
    """What is to go back to bank accounts, and to which."""
    waiting = payouts.waiting(asked.session, asked.clerk.town.id)
    accounts = payouts.accounts(asked.session, waiting)
    known = asked.known({refund.booking_id for refund in waiting})
    rows: list[list[Cell]] = []
    for each in waiting:
        account = accounts[each.id]
        number = iban.masked(account.number[-4:]) if account.number else ""
        row: list[Cell] = [*known[each.booking_id], asked.day(each.wanted_at), Cents(each.cents), account.name, number]
        rows.append([*row, refund_state(each)])
    more = ("since", _("Seit")), ("cents", _("Betrag")), *_account(), ("state", _("Stand"))
    return Sheet(_("Rücküberweisungen"), [*_booked(), *more], rows)


def closed_days(asked: Asked) -> Sheet:
    """All days of the till that were closed, the last one first."""
    columns = [("day", _("Tag")), ("serial", _("Nummer")), ("opening", _("Anfangsbestand")), ("expected", _("Soll"))]
    columns += [("counted", _("Gezählt")), ("difference", _("Unterschied")), ("note", _("Bemerkung")), ("by", _("Wer"))]
    ours = asked.session, asked.clerk.town.id
    rows: list[list[Cell]] = [
        [
            each.day,
            each.serial,
            Cents(each.opening),
            Cents(each.expected),
            Cents(each.counted),
            Cents(each.counted - each.expected),
            each.note,
            each.closed_by,
        ]
        for year in till.years(*ours)
        for each in till.days(*ours, year)
    ]
    return Sheet(_("Abgeschlossene Tage"), columns, rows)


def dunning(rehearsal: Rehearsal) -> Sheet:
    """Who would get a letter today, at which level, and who is overdue and gets none, and why."""
    rows: list[list[Cell]] = [
        [
            row.booking.number,
            row.names,
            Cents(row.open),
            min(item.due_on for item, _step in row.steps),
            row.number,
            _("E-Mail") if row.booking.email else _("Brief zum Drucken"),
            "",
        ]
        for row in rehearsal.reminders
    ]
    for each in rehearsal.left:
        item = each.entry.item
        rows.append([each.entry.booking.number, each.entry.names, Cents(item.open), item.due_on, None, "", each.why])
    more = ("open", _("Offen")), ("due_on", _("Fällig")), ("level", _("Stufe")), ("how", _("Wie"))
    return Sheet(_("Mahnlauf"), [*_booked(), *more, ("why_not", _("Warum nicht"))], rows)


def _booked() -> Sequence[tuple[str, str]]:
    return ("number", _("Buchungsnummer")), ("names", _("Namen"))


def _account() -> Sequence[tuple[str, str]]:
    return ("holder", _("Kontoinhaber")), ("account", _("Konto"))


# By the name in the address.
LISTS: Mapping[str, Callable[[Asked], Sheet]] = {
    "erstattungen": refunds,
    "fehlschlaege": failed,
    "auszuege": imports,
    "bewegungen": waiting_entries,
    "auszug": entries_of_file,
    "lastschriften": debits,
    "mandate": all_mandates,
    "rueckueberweisungen": to_bank_accounts,
    "kassentage": closed_days,
}
