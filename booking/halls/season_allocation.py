"""Who gets which hall when in a season. Pure: wishes, the halls' free times, criteria and a seed in; results out.

Wish by wish, in the order of the criteria (allocation.py); each takes the first of its choices that is free. So nobody
loses a place to a wish that came later, and whoever has a place that somebody else asked for in vain had, at that
moment, the better standing: ``Missed`` says by which criterion. It ends after as many turns as there are wishes.

Lots are drawn per club and place: for everybody's first place, for everybody's second, and so on. Many wishes are
therefore no better than one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from buchbar.booking.allocation import Standing, Turn, decided, in_turn, lot
from buchbar.booking.halls import season_criteria
from buchbar.booking.halls.models import Criterion
from buchbar.booking.halls.plan import Parts

# From one minute of the day on the wall until another.
Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Parts of a hall, every week at the same time."""

    hall_id: UUID
    parts: Parts
    weekday: int
    from_minute: int
    until_minute: int

    def clashes(self, other: "Place", buffer: int) -> bool:
        """Whether they can't both be, where ``buffer`` minutes after each stay free."""
        return (
            self.hall_id == other.hall_id
            and self.weekday == other.weekday
            and not {*self.parts}.isdisjoint(other.parts)
            and self.from_minute < other.until_minute + buffer
            and other.from_minute < self.until_minute + buffer
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to fulfil a wish; without a hall any that suits."""

    weekday: int
    from_minute: int
    hall_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A club's weekly wish, its choices the best first. Names as in SeasonWish.

    ``most_minutes``: how much its club may have in a week, 0 without a limit. ``by_hand``: a clerk has decided, for
    ``place`` or (None) for nothing; it takes no part, and its place is gone for the others.
    """

    id: UUID
    club: UUID
    minutes: int
    choices: tuple[Choice, ...]
    user_class: str = "club"
    age_group: str = "adults"
    purpose: str = "training"
    sport: str = ""
    persons: int = 0
    parts_wanted: int = 1
    step_free: bool = False
    rank: int = 1
    kept: bool = False
    most_minutes: int = 0
    by_hand: bool = False
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Dates:
    """So many dates of the season on one weekday, on which each part is free at the same times: ``free``, by part."""

    count: int
    free: Mapping[int, Ranges]

    def hold(self, place: Place) -> bool:
        """Whether all parts of a place are free for all of its time."""
        return all(
            any(start <= place.from_minute and place.until_minute <= end for start, end in self.free.get(part, ()))
            for part in place.parts
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HallTimes:
    """A hall and when it is free in the season. ``free``: by user class, then by weekday all dates."""

    id: UUID
    slug: str
    combinations: tuple[Parts, ...]
    sports: tuple[str, ...] = ()
    step_free: bool = True
    buffer: int = 0
    free: Mapping[str, Mapping[int, Sequence[Dates]]]

    def suits(self, wish: Wish) -> bool:
        """Whether its sport may be done here, and everybody who comes can get in."""
        return (self.step_free or not wish.step_free) and (
            not self.sports or not wish.sport or wish.sport.casefold() in {each.casefold() for each in self.sports}
        )

    def fitting(self, parts_wanted: int) -> list[Parts]:
        """The smallest combinations that are big enough, in order."""
        enough = [each for each in self.combinations if len(each) >= parts_wanted]
        least = min(map(len, enough), default=0)
        return sorted(each for each in enough if len(each) == least)

    def open_for(self, user_class: str, place: Place) -> bool:
        """Whether a place is free as a whole on more than half of its dates, other places of the season left aside."""
        dates = self.free.get(user_class, {}).get(place.weekday, ())
        return 2 * sum(each.count for each in dates if each.hold(place)) > sum(each.count for each in dates)


@dataclass(frozen=True, slots=True)
class Missed:
    """A choice that couldn't be had. ``why``: "closed" (no hall that suits is free then, whoever asks), "limit" (the
    club would have more than it may), "taken" (``by`` has it, a wish that came before ``decided`` by this criterion),
    "hand" (a clerk has put ``by`` there)."""

    choice: int
    why: str
    by: UUID | None = None
    decided: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What a wish has got: which of its choices (``choice``, from 0) and where, or nothing. ``number`` is when it was
    looked at, 0 where a clerk has decided; ``missed`` are the choices before."""

    wish: Wish
    number: int
    place: Place | None
    choice: int | None
    missed: tuple[Missed, ...] = ()


@dataclass(slots=True)
class _Season:
    criteria: Sequence[Criterion]
    seed: str
    halls: dict[UUID, HallTimes]
    results: list[Result] = field(default_factory=list)
    # When each club has got its places, by the numbers of the turns.
    _got: dict[UUID, list[int]] = field(default_factory=dict)
    _minutes: dict[UUID, int] = field(default_factory=dict)
    _placed: dict[tuple[UUID, int], list[Result]] = field(default_factory=dict)
    _standings: dict[tuple[UUID, int], Standing] = field(default_factory=dict)

    def standing(self, wish: Wish, before: int | None = None) -> Standing:
        """Of a wish now, or just before a turn."""
        turns = self._got.get(wish.club, [])
        got = len(turns) if before is None else sum(turn < before for turn in turns)
        if (wish.id, got) not in self._standings:
            drawn = lot(self.seed, f"{wish.club}:{got + 1}"), wish.rank, lot(self.seed, str(wish.id))
            self._standings[wish.id, got] = (*season_criteria.standing(self.criteria, wish, got), *drawn)
        return self._standings[wish.id, got]

    def settle(self, wish: Wish, number: int, place: Place | None, choice: int | None, missed: list[Missed]) -> None:
        result = Result(wish, number, place, choice, tuple(missed))
        self.results.append(result)
        if place:
            self._placed.setdefault((place.hall_id, place.weekday), []).append(result)
            self._got.setdefault(wish.club, []).append(number)
            self._minutes[wish.club] = self._minutes.get(wish.club, 0) + _length(place)

    def serve(self, turn: Turn[Wish]) -> None:
        """Give a wish the first of its choices that can be had."""
        wish, missed = turn.applicant, list[Missed]()
        for index, choice in enumerate(wish.choices):
            possible = list(self._possible(wish, choice))
            free = [place for place in possible if not self._in_the_way(place)]
            too_much = wish.most_minutes and self._minutes.get(wish.club, 0) + wish.minutes > wish.most_minutes
            if free and not too_much:
                self.settle(wish, turn.number, min(free, key=self._fit), index, missed)
                return
            missed.append(Missed(index, "limit") if free else self._missed(wish, index, possible))
        self.settle(wish, turn.number, None, None, missed)

    def _possible(self, wish: Wish, choice: Choice) -> Iterable[Place]:
        """Where a choice could be fulfilled if nobody else was there."""
        wanted = self.halls.values() if choice.hall_id is None else filter(None, [self.halls.get(choice.hall_id)])
        for hall in wanted:
            if not hall.suits(wish):
                continue
            for parts in hall.fitting(wish.parts_wanted):
                end = choice.from_minute + wish.minutes
                place = Place(hall.id, parts, choice.weekday, choice.from_minute, end)
                if hall.open_for(wish.user_class, place):
                    yield place

    def _in_the_way(self, place: Place) -> list[Result]:
        buffer = self.halls[place.hall_id].buffer if place.hall_id in self.halls else 0
        there = self._placed.get((place.hall_id, place.weekday), ())
        return [each for each in there if each.place and place.clashes(each.place, buffer)]

    def _missed(self, wish: Wish, index: int, possible: list[Place]) -> Missed:
        """Why a choice can't be had. Of several in the way, the one whose turn came last tells most: even that one
        came before."""
        others = [each for place in possible for each in self._in_the_way(place)]
        if not others:
            return Missed(index, "closed")
        last = max(others, key=lambda each: (each.number, each.wish.rank, str(each.wish.id)))
        if not last.number:
            return Missed(index, "hand", last.wish.id)
        ours, theirs = self.standing(wish, last.number), self.standing(last.wish, last.number)
        by = decided(season_criteria.names(self.criteria), theirs, ours)
        return Missed(index, "taken", last.wish.id, by)

    def _fit(self, place: Place) -> tuple[int, int, str, Parts]:
        """The better fit is smaller: first what claims least, then what leaves most combinations whole."""
        hall = self.halls[place.hall_id]
        whole = [
            parts
            for parts in hall.combinations
            if {*parts}.isdisjoint(place.parts)
            and not self._in_the_way(Place(hall.id, parts, place.weekday, place.from_minute, place.until_minute))
        ]
        return len(place.parts), -len(whole), hall.slug, place.parts


def allocate(
    wishes: Iterable[Wish], halls: Iterable[HallTimes], criteria: Sequence[Criterion], seed: str
) -> list[Result]:
    """The results in the order in which the wishes were looked at; first those that a clerk has decided."""
    season = _Season(criteria, seed, {hall.id: hall for hall in sorted(halls, key=lambda each: each.slug)})
    wishes = list(wishes)
    for wish in sorted((each for each in wishes if each.by_hand), key=lambda each: str(each.id)):
        season.settle(wish, 0, wish.place, None, [])
    waiting = [each for each in wishes if not each.by_hand]
    for turn in in_turn(waiting, season_criteria.names(criteria), season.standing):
        season.serve(turn)
    return season.results


def _length(place: Place) -> int:
    return place.until_minute - place.from_minute
