"""Letters about a season: that a wish has come in, and what a club has got. They go to clubs, not to bookings."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.clubs import Organisation, reached_at
from buchbar.accounts.models import Municipality
from buchbar.base.texts import _, speaking
from buchbar.booking import links
from buchbar.booking.halls import season_words, series_letters
from buchbar.booking.halls.models import JOURNEY, Allotment, HallUse, Round, SeasonWish, Series
from buchbar.booking.halls.plan import HallPlan, plan
from buchbar.booking.halls.season_plan import place_of
from buchbar.booking.models import Booking
from buchbar.calendar.walls import local_date
from buchbar.notices import letters
from buchbar.payments import ledger


@dataclass(frozen=True, slots=True)
class Row:
    """What a club has got for one wish: ``place`` in words, how many dates between which days, and what is open of
    them. ``link`` is the secret address of the series, for whom it belongs to."""

    title: str
    place: str
    reason: str
    placed: bool
    dates: int
    first: date | None
    last: date | None
    left_out: Sequence[date]
    open: int
    link: str


def page_of(town: Municipality, season: Round) -> str:
    """The address of a round's public page, where members of a club also find their wishes."""
    return f"/{town.slug}/hallen/saison/{season.id}"


def handed_in(session: Session, town: Municipality, season: Round, wish: SeasonWish, at: datetime) -> None:
    """Acknowledge a wish, new or changed, to who has handed it in."""
    if not wish.email:
        return
    rules = plan(session, town)
    choices = season_words.choices(rules, wish)
    subject = _("Ihr Wunsch ist eingegangen: %s") % season.name
    club = wish.organisation.name
    _write(session, town, season, "season_handed_in", wish.email, subject, at, wish=wish, choices=choices, club=club)


def results(
    session: Session,
    town: Municipality,
    season: Round,
    allotments: Sequence[Allotment],
    made: Mapping[UUID | None, Series],
    at: datetime,
) -> None:
    """Tell a club what it has got and why, in one letter to each of its addresses; on paper to whom has none. ``made``
    are the series, by the ids of the allotments."""
    club = allotments[0].wish.organisation
    theirs = sorted(allotments, key=lambda each: (each.wish.rank, str(each.wish_id)))
    dates = _dates(session, [made[each.id] for each in theirs if each.id in made])
    with speaking("de"):
        subject = _("Ihre Hallenzeiten: %s") % season.name
        addresses = _addresses(session, club, theirs)
        for address in addresses:
            rows = _rows(session, town, theirs, made, dates, to=address)
            _write(session, town, season, "season_result", address, subject, at, rows=rows, club=club.name)
        if not addresses and dates:
            rows = _rows(session, town, theirs, made, dates, to="")
            context = _context(session, town, season, subject, rows=rows, club=club.name)
            first = min((each for those in dates.values() for each in those), key=lambda each: each.starts_at)
            letters.lay_out(
                session,
                municipality=town,
                booking_id=first.id,
                kind="season_result",
                subject=subject,
                parts=letters.on_paper("season_result", **context),
                at=at,
            )


def _dates(session: Session, made: Sequence[Series]) -> dict[UUID, list[Booking]]:
    """The dates of these series, by series."""
    found: dict[UUID, list[Booking]] = {}
    theirs = select(HallUse.series_id, Booking).join(Booking, Booking.id == HallUse.booking_id)
    theirs = theirs.where(HallUse.series_id.in_([each.id for each in made])).order_by(Booking.starts_at)
    for series_id, booking in session.execute(theirs):
        if series_id:
            found.setdefault(series_id, []).append(booking)
    return found


def _rows(
    session: Session,
    town: Municipality,
    allotments: Sequence[Allotment],
    made: Mapping[UUID | None, Series],
    dates: Mapping[UUID, Sequence[Booking]],
    to: str,
) -> list[Row]:
    """What the letter to an address says. Links to a series go to its own address and to the club's."""
    rules = plan(session, town)
    rows = []
    for each in allotments:
        series = made.get(each.id)
        booked = dates.get(series.id, []) if series else []
        days = [local_date(booking.starts_at, town.zone) for booking in booked]
        may_see = series is not None and to.lower() in (series.email.lower(), each.wish.organisation.email.lower())
        rows.append(
            Row(
                title=each.wish.title,
                place=_said(rules, each),
                reason=each.reason,
                placed=each.hall_id is not None,
                dates=len(days),
                first=min(days, default=None),
                last=max(days, default=None),
                left_out=each.left_out,
                open=sum(sums.open for sums in ledger.accounts(session, [booking.id for booking in booked]).values()),
                link=_address_of(session, series) if series and may_see else "",
            )
        )
    return rows


def _address_of(session: Session, series: Series) -> str:
    return links.settings(session).base_url + series_letters.path(session, series)


def _said(rules: HallPlan, allotment: Allotment) -> str:
    place = place_of(allotment)
    return season_words.place(rules, place) if place else _("kein Platz")


def _addresses(session: Session, club: Organisation, allotments: Collection[Allotment]) -> list[str]:
    """The club's own address and those of who has handed in its wishes, each once; for who has left the club since,
    those of who manages it."""
    wrote = sorted({each.wish.email for each in allotments} - {""})
    reached = [address for email in wrote for address in reached_at(session, club, email)]
    found = {address.lower(): address for address in [club.email, *reached] if address}
    return [found[key] for key in sorted(found)]


def _write(
    session: Session, town: Municipality, season: Round, kind: str, to: str, subject: str, at: datetime, **context: Any
) -> None:
    context = _context(session, town, season, subject, **context)
    text, html = letters.rendered(kind, **context)
    letters.write(
        session,
        municipality=town,
        booking_id=None,
        kind=kind,
        to=to,
        subject=subject,
        text=text,
        html=html,
        at=at,
        office=context["office"],
    )


def _context(session: Session, town: Municipality, season: Round, subject: str, **more: Any) -> dict[str, Any]:
    address = links.settings(session).base_url + page_of(town, season)
    office = town.office_for(JOURNEY)
    return {"town": town, "office": office, "subject": subject, "season": season, "address": address} | more
