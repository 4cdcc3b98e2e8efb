"""Sports halls and clubs as the files of ``seed_data/`` write them down."""

from buchbar.app.seed_parts import Hours, Part, minutes, weekday
from buchbar.calendar.rules import WeeklyRule
from buchbar.resources.halls import HallHours


class HallPartSeed(Part):
    number: int
    name: str
    side: bool = False


class DoorSeed(Part):
    """Fields as in doors/models.py; the lock is the simulator."""

    name: str
    parts: tuple[int, ...] = ()
    phone: str = ""


class HallSeed(Part):
    """Fields as in resources/halls.py; ``site`` is the slug of one of the sites, ``combinations`` are written "1+2"."""

    slug: str
    site: str
    name: str
    summary: str
    description: str
    parts: tuple[HallPartSeed, ...]
    combinations: tuple[str, ...]
    open: tuple[Hours, ...]
    in_holidays: tuple[Hours, ...] | None = None
    school: tuple[Hours, ...] = ()
    cleaning: tuple[Hours, ...] = ()
    doors: tuple[DoorSeed, ...] = ()
    visibility: str = "bookable"
    house_rules: tuple[str, ...] = ()
    floor: str = ""
    sports: tuple[str, ...] = ()
    resin: bool = False
    spectators: int = 0
    scoreboard: bool = False
    step_free: bool = False
    access_note: str = ""
    step_minutes: int = 30
    buffer_minutes: int = 0
    caretaker: str = ""
    caretaker_phone: str = ""

    @property
    def hours(self) -> HallHours:
        """Raises ValueError for times that mean nothing."""
        return HallHours(
            open=_rules(self.open),
            in_holidays=None if self.in_holidays is None else _rules(self.in_holidays),
            school=_rules(self.school),
            cleaning=_rules(self.cleaning),
        )

    @property
    def sets(self) -> list[tuple[int, ...]]:
        """The combinations as part numbers."""
        return [tuple(int(number) for number in each.split("+")) for each in self.combinations]


class MemberSeed(Part):
    """Somebody who may book for a club; the first is its manager."""

    name: str
    email: str


class TrainingSeed(Part):
    """What a club has in a hall every week but in the school holidays; ``at`` is "Di 17:30"."""

    hall: str
    parts: tuple[int, ...]
    at: str
    minutes: int
    title: str
    sport: str
    persons: int
    age_group: str = "youth"
    purpose: str = "training"

    @property
    def weekday(self) -> int:
        return weekday(self.at.split()[0])

    @property
    def minute(self) -> int:
        return minutes(self.at.split()[1])


class ClubSeed(Part):
    """Fields as in accounts/clubs.py, with what it has in the town's halls."""

    name: str
    email: str
    kind: str = "club"
    user_class: str = "club"
    state: str = "approved"
    proof: str = ""
    street: str = ""
    city: str = ""
    phone: str = ""
    members: tuple[MemberSeed, ...] = ()
    trainings: tuple[TrainingSeed, ...] = ()


def _rules(hours: tuple[Hours, ...]) -> tuple[WeeklyRule, ...]:
    return tuple(each.rule() for each in hours)
