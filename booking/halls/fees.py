"""What a hall costs: its fields by their number, each side room by its own positions. A pure function."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from buchbar.booking.halls.plan import HallPlan, HallRules
from buchbar.booking.halls.tariff import CODES
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
    """The positions that are due, by real time. A position without a resource is for fields; a side room costs what
    stands for that room."""

    def case(resource_id: UUID, count: int) -> Case:
        return Case(
            start=span.start,
            end=span.end,
            zone=rules.zone,
            land=rules.land,
            due=CODES,
            resource_id=resource_id,
            user_class=answers.user_class,
            age_group=answers.age_group,
            purpose=answers.purpose,
            traits=answers.traits,
            persons=max(answers.persons, 1),
            parts=count,
        )

    fields = hall.fields_of(parts)
    lines = price(tariff.items, case(hall.id, len(fields))) if fields else []
    for number in sorted(set(parts) - set(fields)):
        room = hall.parts[number].id
        lines += price([item for item in tariff.items if item.resource_id == room], case(room, 1))
    return [line for line in lines if line.cents]
