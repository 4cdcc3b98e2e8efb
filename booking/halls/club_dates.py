"""What clubs have coming up in halls, for the account of those who book for them: series in one line each, single
dates, and what is today."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.texts import N_, _, ngettext
from buchbar.booking import links
from buchbar.booking.account_page import Coming, OfClub
from buchbar.booking.halls import series_letters
from buchbar.booking.halls.models import HallUse, Series
from buchbar.booking.models import Booking
from buchbar.booking.queries import STANDING
from buchbar.calendar.walls import local_date

ONE_DAY = timedelta(days=1)
# Of single dates so many are shown for each club.
SHOWN = 10
WEEKDAYS = (
    N_("montags"),
    N_("dienstags"),
    N_("mittwochs"),
    N_("donnerstags"),
    N_("freitags"),
    N_("samstags"),
    N_("sonntags"),
)
EVERY = {"week": "%s", "two_weeks": N_("alle zwei Wochen %s"), "month": N_("einmal im Monat %s")}


@dataclass(frozen=True, slots=True)
class _Date:
    """A date that is still to come, as lightly as possible: a season has many."""

    booking_id: UUID
    organisation_id: UUID
    series_id: UUID | None
    starts_at: datetime
    title: str


def of_clubs(session: Session, organisations: Collection[UUID], now: datetime) -> dict[UUID, OfClub]:
    """The series of these organisations of which dates are still to come, their single dates, and today's of both."""
    found = {organisation_id: OfClub() for organisation_id in organisations}
    dates = _dates(session, organisations, now)
    for organisation_id, bundle in _series(session, [each for each in dates if each.series_id]):
        found[organisation_id].series.append(bundle)
    single: dict[UUID, list[UUID]] = defaultdict(list)
    for each in dates:
        if each.series_id:
            found[each.organisation_id].bundled.add(each.booking_id)
        else:
            single[each.organisation_id].append(each.booking_id)
    first = {booking_id for ids in single.values() for booking_id in ids[:SHOWN]}
    soon = {each.booking_id for each in dates if each.starts_at < now + ONE_DAY}
    for use in _uses(session, first | soon):
        club = found[use.organisation_id]  # type: ignore[index]
        zone = use.booking.municipality.zone
        if local_date(use.booking.starts_at, zone) <= local_date(now, zone):
            club.today.append(_coming(session, use))
        elif use.booking_id in first:
            club.single.append(_coming(session, use))
    for organisation_id, ids in single.items():
        found[organisation_id].more = max(len(ids) - SHOWN, 0)
    return found


def _dates(session: Session, organisations: Collection[UUID], now: datetime) -> list[_Date]:
    wanted = (
        select(HallUse.booking_id, HallUse.organisation_id, HallUse.series_id, Booking.starts_at, HallUse.title)
        .join(Booking, Booking.id == HallUse.booking_id)
        .where(HallUse.organisation_id.in_(organisations), Booking.state.in_(STANDING), Booking.ends_at > now)
        .order_by(Booking.starts_at, Booking.id)
    )
    return [_Date(*row) for row in session.execute(wanted)]  # type: ignore[arg-type]


def _series(session: Session, dates: Iterable[_Date]) -> list[tuple[UUID, Coming]]:
    """Whose it is, and the series in a line; those with the next date first."""
    of: dict[UUID, list[_Date]] = defaultdict(list)
    for each in dates:
        if each.series_id:
            of[each.series_id].append(each)
    loaded = select(Series, Municipality).join(Municipality, Municipality.id == Series.municipality_id)
    rows = session.execute(loaded.where(Series.id.in_(of)).options(joinedload(Series.hall)))
    known = {series.id: (series, town.zone) for series, town in rows}
    return [(own[0].organisation_id, _bundle(session, *known[key], own)) for key, own in of.items()]


def _bundle(session: Session, series: Series, zone: ZoneInfo, dates: list[_Date]) -> Coming:
    """ "Handball, dienstags 18:00, noch 12 Termine", and when the next one is."""
    repeat, count = series.repeat, len(dates)
    weekday = _(EVERY[repeat.every]) % _(WEEKDAYS[repeat.first.weekday()]) if repeat.every in EVERY else ""
    clock = f"{repeat.from_minute // 60:02d}:{repeat.from_minute % 60:02d}"
    left = ngettext("noch ein Termin", "noch %(num)d Termine", count) % {"num": count}
    titles = {each.title for each in dates if each.title}
    title = titles.pop() if len(titles) == 1 else ""
    when = texts.moment(dates[0].starts_at, zone)
    line = ", ".join(filter(None, (title, f"{weekday} {clock}".strip(), left)))
    note = ", ".join((series.hall.name, _("nächster Termin %s") % when))
    return Coming(line, note, series_letters.path(session, series))


def _uses(session: Session, ids: Collection[UUID]) -> list[HallUse]:
    wanted = (
        select(HallUse)
        .join(Booking, Booking.id == HallUse.booking_id)
        .where(HallUse.booking_id.in_(ids))
        .options(joinedload(HallUse.booking).options(joinedload(Booking.resource), joinedload(Booking.municipality)))
        .order_by(Booking.starts_at, Booking.id)
    )
    return list(session.scalars(wanted))


def _coming(session: Session, use: HallUse) -> Coming:
    booking = use.booking
    when = texts.moment(booking.starts_at, booking.municipality.zone)
    return Coming(when, ", ".join(filter(None, (booking.resource.name, use.title))), links.path(session, booking))
