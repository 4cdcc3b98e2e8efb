"""What halls cost: the words of their tariffs, and who typically hires one. What varies from town to town is data."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.texts import N_, _
from buchbar.booking.tariff_areas import Example, Offers, TariffArea, by_position
from buchbar.calendar.public_holidays import is_working_day
from buchbar.calendar.walls import at
from buchbar.payments.models import Tariff
from buchbar.payments.pricing import Case, price
from buchbar.resources.halls import Hall, HallPart
from buchbar.resources.models import Resource

CODES = {
    "use": N_("für die Nutzung"),
    "extra": N_("zusätzlich zur Nutzung"),
    "room": N_("für einen Nebenraum"),
}
USUAL = {"use": N_("Nutzung der Halle"), "extra": N_("Reinigung")}
OFFERS = Offers(
    kinds=("price", "surcharge", "reduction", "minimum", "maximum"),
    units=("hour", "half_hour", "day", "booking", "person"),
    user_classes={
        "club": N_("Vereine aus dem Ort"),
        "local": N_("andere aus dem Ort"),
        "outside": N_("Auswärtige"),
        "commercial": N_("Gewerbliche"),
    },
    age_groups={"youth": N_("Kinder und Jugendliche"), "adults": N_("Erwachsene und gemischte Gruppen")},
    purposes={"training": N_("Training"), "match": N_("Spiel oder Turnier"), "event": N_("Veranstaltung")},
    traits={"entry_fee": N_("mit Eintrittsgeld"), "social": N_("mit Sozialpass"), "sibling": N_("Geschwisterkind")},
    parts=6,
    hours=True,
)
FOR_FIELDS, FOR_ROOMS = ("use", "extra"), ("room",)
_SATURDAY, _WEDNESDAY = 5, 2


def due(_tariff: Tariff, case: Case) -> Collection[str]:
    """What is due for so many fields; without a field it is a side room."""
    return FOR_FIELDS if case.parts else FOR_ROOMS


def places(session: Session, town: Municipality, named: Collection[UUID]) -> list[tuple[UUID, str]]:
    """The town's halls, and their side rooms."""
    ours = Resource.municipality_id == town.id, or_(Resource.active.is_(True), Resource.id.in_(named))
    halls = session.scalars(select(Hall).where(*ours).order_by(Hall.position, Hall.name)).all()
    rooms = session.scalars(select(HallPart).where(*ours, HallPart.side.is_(True)).order_by(HallPart.number)).all()
    found: list[tuple[UUID, str]] = []
    for hall in halls:
        found.append((hall.id, hall.name))
        found += [(room.id, f"{hall.name}, {room.name}") for room in rooms if room.hall_id == hall.id]
    return found


def examples(_session: Session, town: Municipality, before: Tariff | None, after: Tariff) -> list[Example]:
    """What a training of young people, one of adults and a fair cost under the one tariff and under the other."""
    return [
        Example(title, by_position(price(before.items, case)) if before else {}, by_position(price(after.items, case)))
        for title, case in _cases(town, after.valid_from)
    ]


def _cases(town: Municipality, first: date) -> list[tuple[str, Case]]:
    """Two on the first Wednesday that is no holiday, one on the first Saturday."""
    month = [first + timedelta(days=distance) for distance in range(30)]
    wednesday = next(day for day in month if day.weekday() == _WEDNESDAY and is_working_day(day, town.land))
    saturday = next(day for day in month if day.weekday() == _SATURDAY)

    def case(day: date, start: int, minutes: int, user_class: str, age_group: str, parts: int) -> Case:
        begins = at(day, start * 60, town.zone)
        return Case(
            start=begins,
            end=begins + timedelta(minutes=minutes),
            zone=town.zone,
            land=town.land,
            due=FOR_FIELDS,
            user_class=user_class,
            age_group=age_group,
            parts=parts,
        )

    young, adult = case(wednesday, 17, 90, "club", "youth", 1), case(wednesday, 20, 90, "club", "adults", 2)
    fair = replace(case(saturday, 10, 480, "commercial", "adults", 3), purpose="event", traits=("entry_fee",))
    return [
        (_("%s, Jugendtraining eines Vereins, 90 Minuten, ein Hallenteil") % _when(young), young),
        (_("%s, Training Erwachsener eines Vereins, 90 Minuten, zwei Hallenteile") % _when(adult), adult),
        (_("%s, gewerbliche Messe mit Eintritt, acht Stunden, drei Hallenteile") % _when(fair), fair),
    ]


def _when(case: Case) -> str:
    return texts.moment(case.start, case.zone)


TARIFFS = TariffArea(
    name="halls",
    title=N_("Sporthallen"),
    codes=CODES,
    usual=USUAL,
    offers=OFFERS,
    questions=OFFERS.traits,
    office_hours=False,
    places=places,
    due=due,
    examples=examples,
)
