"""Charts as SVG: values and words in, markup out. No styles in it: static/statistics.css colours its classes.

A chart never stands alone: its table beside it says the same, exactly. So its bars carry their numbers in words, the
other period is told apart by its shape (an outline) and not only by its colour, and screen readers get its title and
one sentence.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from markupsafe import Markup

WIDTH = 360  # units, so that letters are as big on a phone as they are meant: about a pixel each
LETTER = 6.6  # about as wide is a letter of 12 units
SHORT = 14  # longer labels stand above their bars
ROOM = 56  # right of the longest bar, for its number
_TEXT = Markup('<text class="chart__{}" x="{:g}" y="{:g}" text-anchor="{}">{}</text>')
_BAR = Markup('<rect class="chart__{}" x="{:g}" y="{:g}" width="{:g}" height="{:g}"/>')
_LINE = Markup('<line class="chart__{}" x1="{:g}" y1="{:g}" x2="{:g}" y2="{:g}"/>')


@dataclass(frozen=True, slots=True)
class Bar:
    """One value, and what it was before (None: nothing to compare with). ``words`` is the number as people read it."""

    label: str
    value: float
    words: str
    before: float | None = None


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the bars stand: from ``left`` on, so many units for one."""

    left: float
    scale: float
    high: int
    step: float


def bars(
    ident: str,
    title: str,
    description: str,
    values: Sequence[Bar],
    legend: tuple[str, str],
    tick: Callable[[float], str] = "{:g}".format,
) -> Markup:
    """Lying bars over an axis, one below the other, so that long words have room.

    ``ident`` is unique on the page; ``legend`` says what the full and the outlined bars are, ``tick`` words the axis.
    """
    compared = any(bar.before is not None for bar in values)
    frame, most = _frame(values, compared)
    top = 24 if compared else 4
    bottom = top + frame.high * len(values)
    parts = [*_legend(legend)] if compared else []
    for number in range(round(most / frame.step) + 1):
        x = frame.left + frame.scale * number * frame.step
        parts.append(_LINE.format("axis" if number == 0 else "grid", x, top, x, bottom + 4))
        parts.append(_TEXT.format("tick", x, bottom + 17, "middle" if number else "start", tick(number * frame.step)))
    for number, bar in enumerate(values):
        parts += _bar(bar, frame, top + number * frame.high)
    return Markup(
        '<svg class="chart" viewBox="0 0 {:d} {:g}" role="img" aria-labelledby="{}-title {}-desc">'
        '<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}</svg>'
    ).format(WIDTH, bottom + 22, ident, ident, ident, title, ident, description, Markup("").join(parts))


def _frame(values: Sequence[Bar], compared: bool) -> tuple[_Frame, float]:
    longest = max((len(bar.label) for bar in values), default=0)
    aside = longest <= SHORT
    left = LETTER * longest + 10 if aside else 2
    step = nice_step(max((max(bar.value, bar.before or 0) for bar in values), default=0))
    most = step * max(1, ceil(max((max(bar.value, bar.before or 0) for bar in values), default=0) / step))
    high = (0 if aside else 18) + (30 if compared else 26)
    return _Frame(left, (WIDTH - ROOM - left) / most, high, step), most


def nice_step(most: float) -> float:
    """A step of 1, 2 or 5 times a power of ten, at least 1, with which three to five steps reach ``most``."""
    if most <= 4:
        return 1
    power = 10.0 ** floor(log10(most / 4))
    return next(each * power for each in (1, 2, 5, 10) if each * power >= most / 5)


def _bar(bar: Bar, frame: _Frame, y: float) -> list[Markup]:
    parts = []
    if frame.left > 2:
        parts.append(_TEXT.format("label", frame.left - 8, y + 16, "end", bar.label))
    else:
        parts.append(_TEXT.format("label", frame.left + 5, y + 13, "start", bar.label))
        y += 18
    length = max(0.0, bar.value) * frame.scale
    parts.append(_BAR.format("now", frame.left, y + 4, length, 16))
    if bar.before is not None:
        parts.append(_BAR.format("before", frame.left + 0.5, y + 20.5, max(0.0, bar.before) * frame.scale, 5))
    parts.append(_TEXT.format("number", frame.left + length + 5, y + 16, "start", bar.words))
    return parts


def _legend(words: tuple[str, str]) -> list[Markup]:
    second = 24 + LETTER * len(words[0]) + 16
    return [
        _BAR.format("now", 2, 2, 14, 12),
        _TEXT.format("label", 22, 12, "start", words[0]),
        _BAR.format("before", second, 5.5, 14, 5),
        _TEXT.format("label", second + 20, 12, "start", words[1]),
    ]
