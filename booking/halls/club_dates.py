"""What clubs have coming up in halls, for the account of those who book for them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts.clubs import Organisation
from buchbar.base import texts
from buchbar.base.texts import _, ngettext
from buchbar.booking import links
from buchbar.booking.account_page import Coming, OfClub
from buchbar.booking.halls import series_letters
from buchbar.booking.halls.models import HallUse, Series
from buchbar.booking.models import Booking
from buchbar.booking.queries import STANDING

# Of single dates so many are shown for each club.
SHOWN = 10


def of_clubs(session: Session, organisations: Collection[UUID], now: datetime) -> dict[UUID, OfClub]:
    """The series of these organisations of which dates are still to come, and their single dates."""
    found = {organisation_id: OfClub() for organisation_id in organisations}
    for organisation_id, series in _series(session, organisations, now):
        found[organisation_id].series.append(series)
    for use in _single(session, organisations, now):
        club = found[use.organisation_id]  # type: ignore[index]
        if len(club.single) < SHOWN:
            club.single.append(_coming(session, use))
        else:
            club.more += 1
    return found


def _series(session: Session, organisations: Collection[UUID], now: datetime) -> list[tuple[UUID, Coming]]:
    dates = (
        select(HallUse.series_id, func.count().label("count"), func.min(Booking.starts_at).label("first"))
        .join(Booking, Booking.id == HallUse.booking_id)
        .where(HallUse.organisation_id.in_(organisations), Booking.state.in_(STANDING), Booking.ends_at > now)
        .group_by(HallUse.series_id)
        .subquery()
    )
    rows = session.execute(
        select(Series, Organisation, dates.c.count, dates.c.first)
        .join(dates, dates.c.series_id == Series.id)
        .join(Organisation, Organisation.id == Series.organisation_id)
        .where(Organisation.id.in_(organisations))
        .options(joinedload(Series.hall), joinedload(Organisation.municipality))
        .order_by(dates.c.first, Series.id)
    )
    return [
        (club.id, _bundle(session, series, count, texts.moment(first, club.municipality.zone)))
        for series, club, count, first in rows
    ]


def _bundle(session: Session, series: Series, count: int, when: str) -> Coming:
    words = ngettext("Serie: %(hall)s, noch ein Termin", "Serie: %(hall)s, noch %(num)d Termine", count)
    what = words % {"hall": series.hall.name, "num": count}
    return Coming(_("nächster Termin %s") % when, what, series_letters.path(session, series))


def _single(session: Session, organisations: Collection[UUID], now: datetime) -> list[HallUse]:
    wanted = (
        select(HallUse)
        .join(Booking, Booking.id == HallUse.booking_id)
        .where(
            HallUse.organisation_id.in_(organisations),
            HallUse.series_id.is_(None),
            Booking.state.in_(STANDING),
            Booking.ends_at > now,
        )
        .options(
            joinedload(HallUse.booking).options(joinedload(Booking.resource), joinedload(Booking.municipality)),
        )
        .order_by(Booking.starts_at, Booking.id)
    )
    return list(session.scalars(wanted))


def _coming(session: Session, use: HallUse) -> Coming:
    booking = use.booking
    when = texts.moment(booking.starts_at, booking.municipality.zone)
    return Coming(when, ", ".join(filter(None, (booking.resource.name, use.title))), links.path(session, booking))
