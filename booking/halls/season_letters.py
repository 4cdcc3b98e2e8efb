"""Letters about a season: that a wish has come in, and what a club has got. They go to clubs, not to bookings."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from buchbar.accounts.clubs import Organisation
from buchbar.accounts.models import Municipality
from buchbar.base.texts import _, speaking
from buchbar.booking import links
from buchbar.booking.halls import season_words
from buchbar.booking.halls.models import JOURNEY, Allotment, Round, SeasonWish
from buchbar.booking.halls.plan import HallPlan, plan
from buchbar.booking.halls.season_plan import place_of
from buchbar.notices import letters


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


def results(session: Session, town: Municipality, season: Round, allotments: Sequence[Allotment], at: datetime) -> None:
    """Tell every club what it has got and why, in one letter to each of its addresses."""
    rules = plan(session, town)
    clubs: dict[Organisation, list[Allotment]] = {}
    for each in allotments:
        clubs.setdefault(each.wish.organisation, []).append(each)
    with speaking("de"):
        subject = _("Ihre Hallenzeiten: %s") % season.name
        for club, theirs in sorted(clubs.items(), key=lambda pair: pair[0].name_key):
            theirs.sort(key=lambda each: (each.wish.rank, str(each.wish_id)))
            rows = [(each, _said(rules, each)) for each in theirs]
            for address in _addresses(club, theirs):
                _write(session, town, season, "season_result", address, subject, at, rows=rows, club=club.name)


def _said(rules: HallPlan, allotment: Allotment) -> str:
    place = place_of(allotment)
    return season_words.place(rules, place) if place else _("kein Platz")


def _addresses(club: Organisation, allotments: Collection[Allotment]) -> list[str]:
    """The club's own address and those of who has handed in its wishes, each once."""
    found = {address.lower(): address for address in [club.email, *(each.wish.email for each in allotments)] if address}
    return [found[key] for key in sorted(found)]


def _write(
    session: Session, town: Municipality, season: Round, kind: str, to: str, subject: str, at: datetime, **context: Any
) -> None:
    link = links.settings(session).base_url + page_of(town, season)
    office = town.office_for(JOURNEY)
    text, html = letters.rendered(kind, town=town, office=office, subject=subject, season=season, link=link, **context)
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
        office=office,
    )
