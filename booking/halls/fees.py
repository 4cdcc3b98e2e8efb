"""What a hall costs: its fields by their number, each side room by its own positions. A pure function."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from buchbar.booking.halls.plan import HallPlan, HallRules
from buchbar.booking.halls.tariff import FOR_FIELDS, FOR_ROOMS
from buchbar.calendar.spans import Span
from buchbar.payments.ledger import Line
from buchbar.payments.models import Tariff
from buchbar.payments.pricing import Case, price


@dataclass(frozen=True, slots=True)
class Answers:
    """What the fees depend on beside the slot. Names as in booking/halls/tariff.py."""

    user_class: str = ""
    age_group: str = "adults"
    purpose: str = "training"
    traits: tuple[str, ...] = ()
    persons: int = 0


def fees(
    tariff: Tariff, rules: HallPlan, hall: HallRules, parts: Collection[int], span: Span, answers: Answers
) -> list[Line]:
    """The positions that are due, by real time: those of the fields by their number, those of each side room."""

    def case(resource_id: UUID, count: int, due: tuple[str, ...]) -> Case:
        return Case(
            start=span.start,
            end=span.end,
            zone=rules.zone,
            land=rules.land,
            due=due,
            resource_id=resource_id,
            user_class=answers.user_class,
            age_group=answers.age_group,
            purpose=answers.purpose,
            traits=answers.traits,
            persons=max(answers.persons, 1),
            parts=count,
        )

    fields = hall.fields_of(parts)
    lines = price(tariff.items, case(hall.id, len(fields), FOR_FIELDS)) if fields else []
    for number in sorted(set(parts) - set(fields)):
        lines += price(tariff.items, case(hall.parts[number].id, 0, FOR_ROOMS))
    return [line for line in lines if line.cents]
