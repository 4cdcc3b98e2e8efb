"""What took place in the halls in a period, and what came to nothing: read as narrow rows without names, counted as
tables."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.clubs import USER_CLASSES
from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.charts import Bar
from buchbar.base.sheets import Cell
from buchbar.base.texts import _
from buchbar.booking.halls.models import JOURNEY, HallUse
from buchbar.booking.halls.tariff import OFFERS
from buchbar.booking.models import ONLINE, Booking
from buchbar.booking.queries import STANDING
from buchbar.booking.statistics import Period
from buchbar.booking.statistics_tables import Table, hours, number
from buchbar.calendar.walls import local
from buchbar.resources.halls import Hall

FIRST = "nutzer"  # the table that explains the columns
_NOTHING = timedelta(0)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Use:
    """A booking that was one: the wall's moment, its length, how many parts, and how it ended."""

    hall_id: UUID
    user_class: str
    age_group: str
    serial: bool
    starts: datetime
    length: timedelta
    parts: int
    state: str
    given_back: bool
    missed: bool

    @property
    def stands(self) -> bool:
        return self.state in STANDING


def of_period(session: Session, town: Municipality, period: Period) -> list[Use]:
    """All bookings of the period's days that stood at some time, with one question. What was only held and never
    proven is no booking."""
    span = period.span(town.zone)
    columns = (
        *(Booking.resource_id, Booking.user_class, Booking.starts_at, Booking.ends_at, Booking.state),
        *(HallUse.parts, HallUse.age_group, HallUse.series_id, HallUse.given_back_at, HallUse.missed_at),
    )
    stood = Booking.email_proven_at.is_not(None) | (Booking.channel != ONLINE)
    rows = session.execute(
        select(*columns)
        .join(HallUse, HallUse.booking_id == Booking.id)
        .where(
            Booking.municipality_id == town.id,
            Booking.journey == JOURNEY,
            Booking.starts_at >= span.start,
            Booking.starts_at < span.end,
            stood,
        )
        .order_by(Booking.starts_at, Booking.id)
    )
    return [_use(town, row) for row in rows]


def _use(town: Municipality, row: Any) -> Use:
    hall_id, user_class, start, end, state, parts, age_group, series_id, given_back_at, missed_at = row
    return Use(
        hall_id=hall_id,
        user_class=user_class,
        age_group=age_group,
        serial=series_id is not None,
        starts=local(start, town.zone),
        length=end - start,
        parts=max(1, len(parts)),
        state=state,
        given_back=given_back_at is not None,
        missed=missed_at is not None,
    )


def hall_names(session: Session, town: Municipality) -> dict[UUID, str]:
    """The town's halls in their order, also those that are at rest."""
    ours = select(Hall.id, Hall.name).where(Hall.municipality_id == town.id).order_by(Hall.position, Hall.name)
    return {row[0]: row[1] for row in session.execute(ours)}


def tables(period: Period, found: Sequence[Use], halls: Mapping[UUID, str]) -> list[Table]:
    """All tables of a period; none where nobody booked anything."""
    if not found:
        return []
    classes = {name: _(words) for name, words in USER_CLASSES.items()} | {"": _("ohne Angabe")}
    ages = {name: _(words) for name, words in OFFERS.age_groups.items()}
    months = {(month.year, month.month): texts.month(month) for month in period.months}
    kinds = {True: _("Termine einer Serie"), False: _("einzelne Termine")}
    return [
        _table(FIRST, _("Nach Nutzergruppen"), _("Wer"), classes, found, lambda use: use.user_class),
        _table("hallen", _("Nach Hallen"), _("Halle"), halls, found, lambda use: use.hall_id),
        _table("alter", _("Nach Altersgruppen"), _("Altersgruppe"), ages, found, lambda use: use.age_group),
        _table("monate", _("Nach Monaten"), _("Monat"), months, found, lambda use: (use.starts.year, use.starts.month)),
        _table("art", _("Serien und einzelne Termine"), _("Was"), kinds, found, lambda use: use.serial),
    ]


def _table(
    key: str,
    title: str,
    heading: str,
    words: Mapping[Any, str],
    found: Iterable[Use],
    of: Callable[[Use], Hashable],
) -> Table:
    """A row for each value of which there is anything, in the order of ``words``, and their sum."""
    groups: dict[Hashable, list[Use]] = {value: [] for value in words}
    for use in found:
        groups.setdefault(of(use), []).append(use)
    those = {value: uses for value, uses in groups.items() if uses}
    rows = [_row(words.get(value, str(value)), uses) for value, uses in those.items()]
    rows.append(_row(_("Zusammen"), [use for uses in those.values() for use in uses]))
    bars = [
        Bar(words.get(value, str(value)), length / _HOUR, number(hours(length)))
        for value, uses in those.items()
        if (length := _whole(uses))
    ]
    columns = (
        (key, heading),
        ("count", _("Termine")),
        ("hours", _("Stunden")),
        ("part_hours", _("Stunden mal Teile")),
        ("given_back", _("Freigegeben")),
        ("given_back_hours", _("Freigegeben, Std.")),
        ("cancelled", _("Storniert oder abgelehnt")),
        ("missed", _("Niemand da")),
    )
    about = _("Das Bild zeigt die Stunden. „Niemand da“: Termine, zu denen niemand kam, wie die Tür oder jemand sagt.")
    return Table(key, title, columns, rows, bars, note=about if key == FIRST else "")


def _row(label: str, uses: Sequence[Use]) -> tuple[Cell, ...]:
    standing = [use for use in uses if use.stands]
    back = [use for use in uses if use.given_back]
    return (
        label,
        len(standing),
        hours(_whole(uses)),
        hours(sum((use.length * use.parts for use in standing), _NOTHING)),
        len(back),
        hours(sum((use.length for use in back), _NOTHING)),
        sum(not use.stands and not use.given_back for use in uses),
        sum(use.missed and use.stands for use in uses),
    )


def _whole(uses: Iterable[Use]) -> timedelta:
    """The length of those that stand."""
    return sum((use.length for use in uses if use.stands), _NOTHING)
