"""What would happen if a booking was put elsewhere, lasted longer or got somebody else: said before it is done.

The journey makes the plan (``journeys.AtDesk.plan``) and carries it out (``put``); both look at the same things.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from buchbar.base.errors import Refused
from buchbar.booking.claims import Wanted
from buchbar.calendar.spans import Span


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a clerk would like to have a booking: the place, the event's span, who is on it (None: who is free), and
    which parts of the place (empty: as now, or all)."""

    place_id: UUID
    span: Span
    staff_id: UUID | None = None
    parts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands against it, in a sentence; with ``booking_id`` it is another booking."""

    sentence: str
    booking_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """``verb`` is what it would be ("" when nothing changes), ``wish`` says who was chosen, ``claims`` what it takes.

    ``changes`` are label, now, then; ``effects`` what follows for money, approvals and letters. Nobody can do it
    against ``obstacles``; a clerk may against ``warnings``.
    """

    wish: Wish
    verb: str = ""
    claims: tuple[Wanted, ...] = ()
    changes: tuple[tuple[str, str, str], ...] = ()
    effects: tuple[str, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    warnings: tuple[str, ...] = ()


class CantBe(Refused):
    """Something stands against it."""

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        super().__init__(" ".join(obstacle.sentence for obstacle in obstacles))


class Overrun(Refused):
    """Somebody else has just taken what the plan needs."""
