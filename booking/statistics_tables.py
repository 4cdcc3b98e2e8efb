"""The figures of a period as tables with their charts. A table says everything, its chart gives the first glance."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from babel import numbers

from buchbar.base import texts
from buchbar.base.charts import Bar
from buchbar.base.sheets import Cell, Cents, Sheet
from buchbar.base.texts import N_, _
from buchbar.booking.models import CHANNELS
from buchbar.booking.statistics import Fee, Load, Question, Seen

# Days from the booking to the wedding: up to so many.
LEADS = (
    (27, N_("unter 4 Wochen")),
    (90, N_("bis 3 Monate")),
    (182, N_("bis 6 Monate")),
    (273, N_("bis 9 Monate")),
    (366, N_("bis 12 Monate")),
    (10**6, N_("noch früher")),
)
ENDS = {
    ("cancelled", "citizen"): N_("Vom Paar storniert"),
    ("cancelled", "clerk"): N_("Vom Amt storniert"),
    ("declined", "clerk"): N_("Vom Amt abgelehnt"),
    ("declined", "owner"): N_("Vom Trauort abgelehnt"),
    ("released", "system"): N_("Frist verstrichen"),
}
ENDED = {"cancelled": N_("Storniert"), "declined": N_("Abgelehnt"), "released": N_("Frist verstrichen")}
STATES = {
    "confirmed": N_("reserviert"),
    "payable": N_("warten auf Zahlung"),
    "requested": N_("werden noch geprüft"),
    "cancelled": N_("Storniert"),
    "declined": N_("Abgelehnt"),
    "released": N_("Frist verstrichen"),
    "expired": N_("Vormerkungen, die abgelaufen sind"),
    "returned": N_("Vormerkungen, die zurückgegeben wurden"),
}
VAT = {"hoheitlich": N_("keine"), "frei": N_("befreit"), "0": "0 %", "7": "7 %", "19": "19 %"}
MANY_MONTHS = 36  # beyond, years are counted
Key = Callable[[Seen], Hashable]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: columns as (key for machines, heading), rows, and perhaps a sum as its last row (``total``)."""

    key: str
    title: str
    columns: tuple[tuple[str, str], ...]
    rows: Sequence[Sequence[Cell]]
    bars: Sequence[Bar] = ()
    total: bool = True
    note: str = ""
    money: bool = False

    @property
    def sheet(self) -> Sheet:
        return Sheet(self.title, self.columns, self.rows)

    def alone(self) -> "Table":
        """The same where the period before had nothing to compare with."""
        kept = [number for number, (key, _heading) in enumerate(self.columns) if key not in ("before", "difference")]
        return replace(
            self,
            columns=tuple(self.columns[number] for number in kept),
            rows=[tuple(row[number] for number in kept) for row in self.rows],
            bars=[replace(bar, before=None) for bar in self.bars],
        )


def tables(question: Question, seen: Sequence[Seen], venues: dict[UUID, str]) -> list[Table]:
    """All tables of bookings."""
    return [
        overview(seen),
        by_month(question, seen),
        by_venue(seen, venues),
        by_weekday(seen),
        by_hour(seen),
        by_lead(seen),
        by_channel(seen),
        endings(seen),
    ]


def overview(seen: Sequence[Seen]) -> Table:
    """How many there are, in which state, and how many came to nothing."""
    now = Counter(each.state for each in seen if not each.earlier)
    before = Counter(each.state for each in seen if each.earlier)
    stand, stood = (sum(each.stands for each in seen if each.earlier is earlier) for earlier in (False, True))
    rows: list[tuple[Cell, ...]] = [(_("Trauungen"), stand, stood, stand - stood)]
    for state, words in STATES.items():
        title = _("davon %s") % _(words) if state in ("confirmed", "payable", "requested") else _(words)
        rows.append((title, now[state], before[state], now[state] - before[state]))
    columns = (
        ("what", _("Was")),
        ("count", _("Anzahl")),
        ("before", _("Zeitraum davor")),
        ("difference", _("Unterschied")),
    )
    return Table("ueberblick", _("Überblick"), columns, rows, total=False)


def by_month(question: Question, seen: Sequence[Seen]) -> Table:
    """By month of the day by which the period is meant; long periods by year."""
    moment = (lambda each: each.starts) if question.by == "termin" else (lambda each: each.received)
    period = question.period
    if len(period.months) > MANY_MONTHS:
        years = range(period.first.year, period.last.year + 1)
        words = {year: str(year) for year in years}
        return _counted("jahre", _("Nach Jahren"), _("Jahr"), words, seen, lambda each: moment(each).year, False)
    months = {(month.year, month.month): texts.month(month) for month in period.months}
    compared = period.whole_months
    back = len(period.months)

    def month_of(each: Seen) -> tuple[int, int]:
        number = moment(each).year * 12 + moment(each).month - 1 + (back if each.earlier and compared else 0)
        return number // 12, number % 12 + 1

    return _counted("monate", _("Nach Monaten"), _("Monat"), months, seen, month_of, compared)


def by_venue(seen: Sequence[Seen], venues: dict[UUID, str]) -> Table:
    """By venue, the most wanted first."""
    counts = Counter(each.venue_id for each in seen if each.stands)
    words = {venue_id: venues.get(venue_id, "") for venue_id, _count in counts.most_common()}
    return _counted("trauorte", _("Nach Trauorten"), _("Trauort"), words, seen, lambda each: each.venue_id)


def by_weekday(seen: Sequence[Seen]) -> Table:
    """By weekday of the wedding, all seven."""
    days = {number: texts.weekday(date(2024, 1, 1) + timedelta(days=number)) for number in range(7)}
    title = _("Nach Wochentagen")
    return _counted("wochentage", title, _("Wochentag"), days, seen, lambda each: each.starts.weekday())


def by_hour(seen: Sequence[Seen]) -> Table:
    """By the hour in which weddings begin, from the first to the last."""
    begun = {each.starts.hour for each in seen if each.stands}
    hours = range(min(begun), max(begun) + 1) if begun else ()
    words = {hour: _("%d Uhr") % hour for hour in hours}
    return _counted("uhrzeit", _("Nach Uhrzeit"), _("Beginn ab"), words, seen, lambda each: each.starts.hour)


def by_lead(seen: Sequence[Seen]) -> Table:
    """By how long before the wedding it was reserved."""

    def bucket(each: Seen) -> int:
        days = (each.starts.date() - each.received.date()).days
        return next(number for number, (most, _words) in enumerate(LEADS) if days <= most)

    words = {number: _(label) for number, (_most, label) in enumerate(LEADS)}
    return _counted("vorlauf", _("Nach Vorlauf"), _("Vom Eingang bis zur Trauung"), words, seen, bucket)


def by_channel(seen: Sequence[Seen]) -> Table:
    """By how it came to the town hall."""
    used = {each.channel for each in seen if each.stands}
    words = {channel: _(label) for channel, label in CHANNELS.items()} | {each: each for each in used - {*CHANNELS}}
    return _counted("eingang", _("Nach Eingang"), _("Wie gebucht wurde"), words, seen, lambda each: each.channel)


def endings(seen: Sequence[Seen]) -> Table:
    """How reservations ended that came to nothing, by whom, and their share of all that were made."""

    def end(each: Seen) -> tuple[str, str] | None:
        return (each.state, each.by) if each.stood and not each.stands else None

    found = {key for each in seen if (key := end(each))}
    words = {key: _(label) for key, label in ENDS.items()}
    words |= {key: _(ENDED[key[0]]) for key in sorted(found - {*ENDS})}
    note = _("Anteil an allen Reservierungen des Zeitraums, auch den stornierten.")
    heading, title = _("Was geschah"), _("Was nicht zustande kam")
    return _counted("ende", title, heading, words, seen, end, chosen=lambda each: each.stood, note=note)


def _counted(
    key: str,
    title: str,
    heading: str,
    words: dict[Any, str],
    seen: Sequence[Seen],
    of: Key,
    compared: bool = True,
    chosen: Callable[[Seen], bool] = lambda each: each.stands,
    note: str = "",
) -> Table:
    """Count what ``chosen`` lets in, by what ``of`` says of it; ``words`` gives the rows and their order."""
    now = Counter(of(each) for each in seen if chosen(each) and not each.earlier)
    before = Counter(of(each) for each in seen if chosen(each) and each.earlier)
    whole = sum(now.values())

    def row(label: str, count: int, earlier: int) -> tuple[Cell, ...]:
        share = round(100 * count / whole, 1) if whole else None
        return (label, count, share, earlier) if compared else (label, count, share)

    rows = [row(label, now[each], before[each]) for each, label in words.items()]
    rows.append(row(_("Zusammen"), sum(now[each] for each in words), sum(before[each] for each in words)))
    columns = ((key, heading), ("count", _("Anzahl")), ("share", _("Anteil in %")), ("before", _("Zeitraum davor")))
    bars = [
        Bar(label, now[each], number(now[each]), before[each] if compared else None) for each, label in words.items()
    ]
    return Table(key, title, columns if compared else columns[:3], rows, bars if any(now.values()) else (), note=note)


def by_fee(found: Sequence[Fee]) -> Table:
    """What was asked for, position by position."""
    rows: list[tuple[Cell, ...]] = [
        (fee.label, _(VAT.get(fee.vat, fee.vat)), *map(Cents, (fee.asked, fee.forgiven, fee.left, fee.left_before)))
        for fee in found
    ]
    sums = (sum(getattr(fee, name) for fee in found) for name in ("asked", "forgiven", "left", "left_before"))
    rows.append((_("Zusammen"), "", *map(Cents, sums)))
    columns = (
        ("position", _("Gebühr oder Entgelt")),
        ("vat", _("USt")),
        ("asked", _("Gefordert")),
        ("forgiven", _("Erlassen")),
        ("left", _("Bleibt")),
        ("before", _("Zeitraum davor")),
    )
    bars = [Bar(fee.label, fee.left / 100, texts.euros(fee.left), fee.left_before / 100) for fee in found]
    note = _("Erlassen ist, was nach einer Stornierung, Ablehnung oder verstrichenen Frist nicht mehr zu zahlen ist.")
    return Table("gebuehren", _("Was gefordert wurde, nach Gebühren"), columns, rows, bars, note=note, money=True)


def by_money(sums: dict[str, tuple[int, int]]) -> Table:
    """What came in and went back for the period's bookings, up to now."""
    paid, refunded = sums["paid"], sums["refunded"]
    rows: list[tuple[Cell, ...]] = [
        (_("Bezahlt"), Cents(paid[0]), Cents(paid[1])),
        (_("Erstattet"), Cents(refunded[0]), Cents(refunded[1])),
        (_("Bleibt"), Cents(paid[0] - refunded[0]), Cents(paid[1] - refunded[1])),
    ]
    columns = (("what", _("Was")), ("cents", _("Betrag")), ("before", _("Zeitraum davor")))
    note = _("Zahlungen zu den Buchungen des Zeitraums, auch wenn sie an einem anderen Tag eingingen.")
    return Table("zahlungen", _("Zahlungen"), columns, rows, note=note)


def by_registrar(found: Sequence[Load]) -> Table:
    """How much each registrar had to do."""
    rows: list[tuple[Cell, ...]] = [
        (each.name, each.count, hours(each.work), hours(each.way), each.before) for each in found
    ]
    work, way = (sum((getattr(each, name) for each in found), timedelta(0)) for name in ("work", "way"))
    counts = (sum(each.count for each in found), sum(each.before for each in found))
    rows.append((_("Zusammen"), counts[0], hours(work), hours(way), counts[1]))
    columns = (
        ("name", _("Wer")),
        ("count", _("Trauungen")),
        ("hours", _("Stunden")),
        ("way_hours", _("Stunden unterwegs, zusätzlich")),
        ("before", _("Trauungen im Zeitraum davor")),
    )
    bars = [Bar(each.name, each.count, number(each.count), each.before) for each in found]
    note = _("Stunden mit Vor- und Nachbereitung; die Wege zum Trauort und zurück stehen daneben.")
    return Table("team", _("Auslastung der Standesbeamt:innen"), columns, rows, bars, note=note)


def hours(length: timedelta) -> float:
    """Hours with one decimal."""
    return round(length.total_seconds() / 3600, 1)


def number(value: float, pattern: str | None = None) -> str:
    """A number as the reader writes it: "1.234,5"."""
    return numbers.format_decimal(value, pattern, locale="en_GB" if texts.language.get() == "en" else "de")


def in_words(cell: Cell) -> str:
    """A cell of a table for the page."""
    match cell:
        case None:
            return "–"
        case Cents():
            return texts.euros(cell.cents)
        case float():
            return number(cell, "#,##0.0")
        case int():
            return number(cell)
        case _:
            return str(cell)
