"""What halls cost: the words of their tariffs, and who typically hires one. What varies from town to town is data."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.texts import N_, _
from buchbar.booking.tariff_areas import Example, Offers, TariffArea, by_position
from buchbar.calendar.public_holidays import is_working_day
from buchbar.calendar.walls import at
from buchbar.payments.models import Tariff
from buchbar.payments.pricing import Case, price

CODES = {"use": N_("für die Nutzung"), "extra": N_("zusätzlich zur Nutzung")}
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
_SATURDAY, _WEDNESDAY = 5, 2


def due(_tariff: Tariff, _case: Case) -> Collection[str]:
    """Every position whose conditions are met is due."""
    return CODES


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
            due=CODES,
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
    venues=False,
    due=due,
    examples=examples,
)
