"""A figure: what the product does, over what is possible here and now. Floor and value come from the same run."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median_low


@dataclass(frozen=True)
class Figure:
    """``aim`` is the ratio to reach: at least ("≥") or at most ("≤"); None where there is none."""

    name: str
    unit: str
    value: float
    floor: float
    aim: tuple[str, float] | None
    spread: tuple[float, float]
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.value / self.floor

    @property
    def reached(self) -> bool:
        if self.aim is None:
            return True
        sign, limit = self.aim
        return self.ratio >= limit if sign == "≥" else self.ratio <= limit


def measure(
    name: str,
    unit: str,
    aim: tuple[str, float] | None,
    rounds: Callable[[], tuple[float, float]],
    *,
    times: int = 3,
    note: str = "",
) -> Figure:
    """Measure value and floor some times, one right after the other, and keep the round with the median ratio."""
    seen = [rounds() for _round in range(times)]
    ratios = [value / floor for value, floor in seen]
    value, floor = seen[ratios.index(median_low(ratios))]
    return Figure(name, unit, value, floor, aim, (min(ratios), max(ratios)), note)
