"""What policies and tariffs mean for weddings: shown to a clerk before they are saved, by the rules that then hold."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.texts import N_, _
from buchbar.booking.journeys import InRules
from buchbar.booking.tariff_areas import Example, Offers, TariffArea, by_position
from buchbar.booking.weddings.fees import CODES, USUAL, Answers, due, fees
from buchbar.booking.weddings.timetable import JOURNEY, Timetable, timetable
from buchbar.calendar.public_holidays import is_working_day
from buchbar.calendar.rules import opening
from buchbar.calendar.walls import at
from buchbar.payments.models import Tariff
from buchbar.resources.models import Venue

YEAR = 366
_NOWHERE = UUID(int=0)  # no venue: a town that has none yet sees its prices all the same


@dataclass(frozen=True, slots=True)
class _Case:
    """A wedding whose price is shown."""

    title: str
    venue_id: UUID
    start: datetime
    answers: Answers = Answers()


def days(session: Session, town: Municipality, asked: Iterable[date]) -> list[date]:
    """Those of the days on which there are weddings at all."""
    times = timetable(session, town)
    return [day for day in asked if times.slots_on(day)]


def examples(session: Session, town: Municipality, before: Tariff | None, after: Tariff) -> list[Example]:
    """What typical weddings cost under one tariff and under the other, from the other's first day on."""

    def price(tariff: Tariff | None, case: _Case) -> dict[tuple[str, str], int]:
        lines = fees(tariff, case.venue_id, case.start, town.zone, town.land, case.answers) if tariff else []
        return by_position(lines)

    cases = _cases(timetable(session, town), town, after)
    return [Example(case.title, price(before, case), price(after, case)) for case in cases]


def places(session: Session, town: Municipality, named: Collection[UUID]) -> list[tuple[UUID, str]]:
    """The town's venues, and those that aren't used any more but are named by these ids."""
    ours = select(Venue.id, Venue.name).where(
        Venue.municipality_id == town.id, or_(Venue.active.is_(True), Venue.id.in_(named))
    )
    return [(row.id, row.name) for row in session.execute(ours.order_by(Venue.position, Venue.name))]


def _cases(times: Timetable, town: Municipality, tariff: Tariff) -> Iterator[_Case]:
    """One wedding each in office hours, outside them, on a Saturday, at a venue that costs extra, and with all that a
    couple's answers add; as far as there are such slots within a year."""
    hired = {item.resource_id for item in tariff.items if item.code == "room" and item.resource_id and item.cents}
    found: dict[str, _Case] = {}
    for day in (tariff.valid_from + timedelta(days=distance) for distance in range(YEAR)):
        for slot in times.slots_on(day):
            kind = "hired" if slot.venue.id in hired else _kind(slot.span.start, day, town, tariff)
            title = f"{texts.moment(slot.span.start, town.zone)}, {slot.venue.name}"
            found.setdefault(kind, _Case(title, slot.venue.id, slot.span.start))
        if len(found) == (4 if hired else 3):
            break
    for kind in ("inside", "saturday"):
        found.setdefault(kind, _nowhere(kind, town, tariff))
    usual = found["inside"]
    yield from (found[kind] for kind in ("inside", "outside", "saturday", "hired") if kind in found)
    title = _("%s, mit ausländischem Recht und Anmeldung in einem anderen Standesamt") % usual.title
    yield _Case(title, usual.venue_id, usual.start, Answers(foreign=True, elsewhere=True))


def _kind(start: datetime, day: date, town: Municipality, tariff: Tariff) -> str:
    if not is_working_day(day, town.land):
        return "saturday"
    hours = opening(tariff.office_hours, (), day, town.zone, town.land)
    return "inside" if any(span.contains(start) for span in hours) else "outside"


def _nowhere(kind: str, town: Municipality, tariff: Tariff) -> _Case:
    """A case for which there is no slot: at ten o'clock of the next fitting day, at no venue."""
    month = [tariff.valid_from + timedelta(days=distance) for distance in range(30)]
    wanted = (day for day in month if is_working_day(day, town.land) is (kind == "inside"))
    start = at(next(wanted), 10 * 60, town.zone)
    return _Case(texts.moment(start, town.zone), _NOWHERE, start)


IN_RULES = InRules(days)
TARIFFS = TariffArea(
    name=JOURNEY,
    title=N_("Trauungen"),
    codes=CODES,
    usual=USUAL,
    offers=Offers(),
    questions={"foreign": N_("ausländisches Recht"), "elsewhere": N_("Anmeldung bei einem anderen Standesamt")},
    office_hours=True,
    places=places,
    due=due,
    examples=examples,
)
