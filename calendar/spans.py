"""Spans of time, and what can be done with lists of them.

A span is half-open: it holds its start and not its end, so that 10 to 12 and 12 to 14 touch without
overlapping. Moments are aware and kept in UTC, where subtraction gives true lengths (22:00 to 04:00 may be
five or seven hours).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter

_by_start = attrgetter("start")
_NOTHING = timedelta(0)


def as_utc(instant: datetime) -> datetime:
    """The same moment in UTC; ValueError for a naive one, which would not say what moment it means."""
    if instant.tzinfo is UTC:
        return instant
    if instant.utcoffset() is None:
        raise ValueError(f"a moment needs a time zone: {instant!r}")
    return instant.astimezone(UTC)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `start` until just before `end`, both aware; kept in UTC, ordered by start and then by end.

    ValueError for a naive moment, and for an end that isn't after the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC or self.end.tzinfo is not UTC:
            object.__setattr__(self, "start", as_utc(self.start))
            object.__setattr__(self, "end", as_utc(self.end))
        if self.end <= self.start:
            raise ValueError(f"a span ends after it starts: {self.start} to {self.end}")

    @property
    def length(self) -> timedelta:
        """The time that really passes, whatever the clocks on the wall do meanwhile."""
        return self.end - self.start

    def overlaps(self, other: Span) -> bool:
        """Whether the two share a moment; touching isn't overlapping."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: Span | datetime) -> bool:
        """Whether the other span, or the (aware) moment, lies wholly inside; the end itself is outside."""
        if isinstance(other, Span):
            return self.start <= other.start and other.end <= self.end
        return self.start <= as_utc(other) < self.end

    def widened(self, before: timedelta = _NOTHING, after: timedelta = _NOTHING) -> Span:
        """With time for setting up and cleaning around it; ValueError for a negative time."""
        if before < _NOTHING or after < _NOTHING:
            raise ValueError("a span is widened by positive times")
        return Span(self.start - before, self.end + after)


def merge(spans: Iterable[Span]) -> list[Span]:
    """The same moments as few spans, sorted and apart: overlapping and touching ones become one."""
    merged: list[Span] = []
    for span in sorted(spans, key=_by_start):
        if merged and span.start <= merged[-1].end:
            if span.end > merged[-1].end:
                merged[-1] = Span(merged[-1].start, span.end)
        else:
            merged.append(span)
    return merged


def subtract(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What is left of `spans` without `taken`: sorted and apart. "What is free?" is this question."""
    left: list[Span] = []
    blocks = merge(taken)
    first = 0
    for span in merge(spans):
        while first < len(blocks) and blocks[first].end <= span.start:
            first += 1
        free_from = span.start
        for block in blocks[first:]:
            if block.start >= span.end:
                break
            if block.start > free_from:
                left.append(Span(free_from, block.start))
            free_from = block.end
        if free_from < span.end:
            left.append(span if free_from == span.start else Span(free_from, span.end))
    return left


def intersect(a: Iterable[Span], b: Iterable[Span]) -> list[Span]:
    """The moments that lie in both, sorted and apart."""
    ours, theirs = merge(a), merge(b)
    shared: list[Span] = []
    i = j = 0
    while i < len(ours) and j < len(theirs):
        start, end = max(ours[i].start, theirs[j].start), min(ours[i].end, theirs[j].end)
        if start < end:
            shared.append(Span(start, end))
        if ours[i].end <= theirs[j].end:
            i += 1
        else:
            j += 1
    return shared


def inside_any(span: Span, spans: Iterable[Span]) -> bool:
    """Whether the span lies wholly inside the others put together. Overlapping them isn't enough."""
    return any(opening.contains(span) for opening in merge(spans))
