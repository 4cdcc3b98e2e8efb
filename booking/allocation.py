"""Where more people want something than there is: in which order wishes are looked at, and why.

Pure: the same wishes, criteria and seed give the same order, however the wishes arrive. Criteria are compared in the
town's order, the next one only between equals. Only who is equal in all of them draws lots; neither an id nor the time
of arrival ever decides. The seed is made before the first wish, and its print (SHA-256) is published then; when the
seed is opened after the allocation, everybody can draw the lots again and compare.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any, Generic, TypeVar

Applicant = TypeVar("Applicant")
# What each criterion says of an applicant, in the criteria's order; what is smaller comes first.
Standing = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Turn(Generic[Applicant]):
    """Somebody's turn. ``before`` is who would have been next, ``decided`` the criterion between the two ("" where
    nobody else was left)."""

    number: int
    applicant: Applicant
    before: Applicant | None
    decided: str


def seed_print(seed: str) -> str:
    """What is published of a seed beforehand: anyone can compute it, nobody can find the seed by it."""
    return hashlib.sha256(seed.encode()).hexdigest()


def lot(seed: str, name: str) -> str:
    """The lot of a name, 64 hexadecimal digits: HMAC-SHA256 with the seed as its key. The smallest is drawn first."""
    return hmac.new(seed.encode(), name.encode(), hashlib.sha256).hexdigest()


def lots(seed: str, names: Iterable[str]) -> list[str]:
    """The names in the order in which they are drawn, whatever order they come in."""
    return sorted(set(names), key=lambda name: lot(seed, name))


def decided(criteria: Sequence[str], first: Standing, second: Standing) -> str:
    """Which criterion tells two standings apart: the name of the first in which they differ, "" where none does."""
    pairs = zip(criteria, first, second, strict=True)
    return next((name for name, ours, theirs in pairs if ours != theirs), "")


def in_turn(
    applicants: Iterable[Applicant], criteria: Sequence[str], standing: Callable[[Applicant], Standing]
) -> Iterator[Turn[Applicant]]:
    """One after another, the best standing first; each is asked anew before every turn.

    What the caller gives somebody in their turn may so change the standing of those who still wait. It ends: every
    turn takes one away. ``criteria`` names the places of a standing. ValueError where two are equal in all of them,
    for then the order of arrival would decide.
    """
    waiting = list(applicants)
    number = 0
    while waiting:
        standings = [standing(each) for each in waiting]
        best, *rest = nsmallest(2, range(len(waiting)), key=standings.__getitem__)
        by = decided(criteria, standings[best], standings[rest[0]]) if rest else ""
        if rest and not by:
            raise ValueError("two applicants are equal even in their lots")
        number += 1
        turn = Turn(number, waiting[best], waiting[rest[0]] if rest else None, by)
        del waiting[best]
        yield turn
