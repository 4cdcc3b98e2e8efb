"""The dates of a series before it is booked: each one free, taken (and what is free instead) or refused, and why."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from buchbar.accounts.clubs import Organisation
from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.texts import _
from buchbar.booking import claims
from buchbar.booking.events import Actor
from buchbar.booking.halls import season_rounds
from buchbar.booking.halls.fees import Answers, fees
from buchbar.booking.halls.free import Busy, refusal, starts
from buchbar.booking.halls.models import Round
from buchbar.booking.halls.plan import HallPlan, HallRules, Parts, plan
from buchbar.booking.halls.reservation import (
    NotOffered,
    Slot,
    Use,
    taken,
    theirs,
    too_much_in_a_week,
)
from buchbar.booking.models import Booking
from buchbar.calendar.months import monday_of
from buchbar.calendar.repeats import Repeat
from buchbar.calendar.spans import Span, inside_any
from buchbar.calendar.walls import day_span, local_date
from buchbar.payments.models import Tariff

# With more clashes, what is free instead is only sought for the first ones.
MOST_WITH_ALTERNATIVES = 60
# So many other times, other parts and other halls are shown for a date.
EACH = 2
_WEEK = timedelta(days=7)


class InSeason(NotOffered):
    """A series would take what the round of a ``season`` is to give."""

    def __init__(self, season: Round, at: datetime) -> None:
        said = _("Vom %(first)s bis %(last)s werden die Hallenzeiten für alle gemeinsam vergeben: „%(name)s“.")
        first, last = (texts.day(day, "short") for day in (season.first, season.last))
        sentences = [said % {"name": season.name, "first": first, "last": last}]
        if season_rounds.accepts(season, at):
            sentences.append(_("Bitte geben Sie dort Ihre Wünsche ab."))
        sentences.append(_("Einzelne Termine können Sie weiterhin buchen, Serien nur außerhalb dieser Zeit."))
        super().__init__(" ".join(sentences))
        self.season = season


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A wish for a series: parts of a hall at a time that repeats, for whom and what for. Without an organisation only
    a clerk can book one, for a user class. ``own_hours``: a clerk books it, but only when the hall is open for whom it
    is, not in school hours."""

    hall_id: UUID
    parts: Parts
    repeat: Repeat
    use: Use
    user_class: str = "club"
    organisation: Organisation | None = None
    own_hours: bool = False

    @property
    def whose_class(self) -> str:
        return self.organisation.user_class if self.organisation else self.user_class


@dataclass(frozen=True, slots=True)
class Date:
    """One date of a series. ``state``: "free", "taken" (``alternatives`` then, the nearest first of each kind), or
    "refused" by the rules; ``why`` not, in a sentence. ``cents``: what it costs."""

    day: date
    slot: Slot | None
    state: str
    why: str = ""
    cents: int = 0
    alternatives: tuple[Slot, ...] = ()

    @property
    def free(self) -> bool:
        return self.state == "free"


def check(session: Session, town: Municipality, request: Request, at: datetime, by: Actor) -> list[Date]:
    """Every date of the request, in order, with what is free instead. Nothing is taken. Raises NotOffered where a
    series can't be booked at all."""
    rules = plan(session, town)
    dates = judged(session, rules, request, wished(rules, request), at, by)
    return with_alternatives(session, rules, request, dates, at, by)


def wished(rules: HallPlan, request: Request) -> dict[date, Slot | None]:
    """The slots that the request asks for, by day; None for what the clock skips that day."""
    spans = {day: request.repeat.span(day, rules.zone) for day in request.repeat.days(rules.day_off)}
    return {day: Slot(request.hall_id, request.parts, span) if span else None for day, span in spans.items()}


def judged(
    session: Session,
    rules: HallPlan,
    request: Request,
    slots: Mapping[date, Slot | None],
    at: datetime,
    by: Actor,
    but: Collection[UUID] = (),
    leaving: Collection[UUID] | None = None,
) -> list[Date]:
    """What can be had of these slots, in order, by the rules and beside all others' bookings. ``but`` are bookings that
    give way; ``leaving``, where not all of them do in the end, those that don't count for their weeks. Raises
    NotOffered."""
    _allow(rules, request, at, by)
    wanted = [slot for slot in slots.values() if slot]
    if by.kind != "clerk":
        _leave_to_the_season(session, rules, wanted, at, but)
    busy = busy_at(session, rules, wanted, at, but)
    room = _Week(session, rules, request, wanted, at, by, but if leaving is None else leaving)
    tariff_id = rules.tariff_id(local_date(at, rules.zone))
    tariff = session.get(Tariff, tariff_id, options=[selectinload(Tariff.items)]) if tariff_id else None
    return [_judge(rules, request, day, slots[day], busy, room, tariff, at, by) for day in sorted(slots)]


def busy_at(session: Session, rules: HallPlan, slots: Sequence[Slot], at: datetime, but: Collection[UUID] = ()) -> Busy:
    """What is taken of the slots' halls on their days, in one query."""
    halls = [rules.halls[hall_id] for hall_id in {slot.hall_id for slot in slots} if hall_id in rules.halls]
    return _busy(session, rules, halls, slots, at, but)


def _busy(
    session: Session,
    rules: HallPlan,
    halls: Iterable[HallRules],
    slots: Sequence[Slot],
    at: datetime,
    but: Collection[UUID] = (),
) -> Busy:
    days = {local_date(slot.span.start, rules.zone): slot for slot in slots}
    buffer = max((hall.buffer for hall in rules.halls.values()), default=timedelta(0))
    spans = [
        Span(min(whole.start, slot.span.start), max(whole.end, slot.span.end) + buffer)
        for day, slot in days.items()
        for whole in [day_span(day, rules.zone)]
    ]
    parts = [part_id for hall in halls for part_id in hall.part_ids]
    return Busy(claims.taken_in(session, parts, spans, at, but))


def _allow(rules: HallPlan, request: Request, at: datetime, by: Actor) -> None:
    if request.hall_id not in rules.halls:
        raise NotOffered(_("Diese Halle gibt es hier nicht."))
    club = request.organisation
    if club and (club.municipality_id != rules.town_id or club.state != "approved"):
        raise NotOffered(_("Dieser Verein ist hier nicht zum Buchen zugelassen."))
    if by.kind == "clerk":
        return
    if club is None:
        raise NotOffered(_("Serien können Vereine und Schulen buchen, die das Amt zugelassen hat."))
    if not rules.terms(local_date(at, rules.zone), request.whose_class).series:
        raise NotOffered(_("Serien nimmt das Amt hier selbst auf. Bitte rufen Sie an oder schreiben Sie."))


def _leave_to_the_season(
    session: Session, rules: HallPlan, slots: Sequence[Slot], at: datetime, but: Collection[UUID]
) -> None:
    """Refuse to take before a season's round what it is to give. What a series has there already may be changed, as
    long as it doesn't become more. Raises InSeason."""
    days = [local_date(slot.span.start, rules.zone) for slot in slots if _is_given(rules, slot)]
    rounds = season_rounds.under_way(session, rules.town_id, min(days), max(days)) if days else []
    for season in rounds:
        new = sum(season.first <= day <= season.last for day in days)
        had = session.scalars(select(Booking.starts_at).where(Booking.id.in_(but)))
        if new > sum(season.first <= local_date(start, rules.zone) <= season.last for start in had):
            raise InSeason(season, at)


def _is_given(rules: HallPlan, slot: Slot) -> bool:
    """Whether a season's round gives such a place: fields of a hall, not its side rooms alone."""
    hall = rules.halls.get(slot.hall_id)
    return hall is not None and bool(hall.fields_of(slot.parts))


def _judge(
    rules: HallPlan,
    request: Request,
    day: date,
    slot: Slot | None,
    busy: Busy,
    room: "_Week",
    tariff: Tariff | None,
    at: datetime,
    by: Actor,
) -> Date:
    if slot is None:
        return Date(day, None, "refused", _("Diese Uhrzeit gibt es an dem Tag nicht: Die Uhren werden vorgestellt."))
    hall = rules.halls.get(slot.hall_id)
    why = refusal(rules, hall, slot.parts, slot.span, request.whose_class, at, by) if hall else ""
    if hall is None or why:
        return Date(day, slot, "refused", why or _("Diese Halle gibt es hier nicht."))
    if request.own_hours and not _open_for_them(rules, request, hall, slot.span):
        return Date(
            day, slot, "refused", _("Zu dieser Zeit ist die Halle nicht geöffnet, oder die Schule braucht sie.")
        )
    cents = _cost(rules, request, hall, slot, tariff)
    if not busy.free(hall.claims(slot.parts, slot.span)):
        closed = any(busy.closed(hall.parts[number].id, slot.span) for number in slot.parts)
        return Date(day, slot, "taken", _("Die Halle ist gesperrt.") if closed else _("schon vergeben"), cents)
    if not room.take(slot.span):
        return Date(day, slot, "refused", too_much_in_a_week(room.most), cents)
    return Date(day, slot, "free", cents=cents)


def _open_for_them(rules: HallPlan, request: Request, hall: HallRules, span: Span) -> bool:
    first, last = local_date(span.start, rules.zone) - timedelta(days=1), local_date(span.end, rules.zone)
    return inside_any(span, rules.openings(hall, first, last, request.whose_class))


def _cost(rules: HallPlan, request: Request, hall: HallRules, slot: Slot, tariff: Tariff | None) -> int:
    """What a date costs under today's tariff, in cents."""
    use = request.use
    answers = Answers(request.whose_class, use.age_group, use.purpose, tuple(use.traits), use.persons)
    lines = fees(tariff, rules, hall, slot.parts, slot.span, answers) if tariff else []
    return sum(line.cents for line in lines)


def limited(rules: HallPlan, request: Request, at: datetime, by: Actor) -> int:
    """How many minutes a week whoever asks may have; 0 for as many as they like."""
    return 0 if by.kind == "clerk" else rules.terms(local_date(at, rules.zone), request.whose_class).week_minutes


class _Week:
    """How much of its weeks an organisation has, and with the dates that were judged free before."""

    def __init__(
        self,
        session: Session,
        rules: HallPlan,
        request: Request,
        slots: Sequence[Slot],
        at: datetime,
        by: Actor,
        but: Collection[UUID],
    ) -> None:
        self.zone = rules.zone
        self.most = limited(rules, request, at, by)
        self.have: Counter[date] = Counter()
        if not self.most or not slots:
            return
        organisation_id = request.organisation.id if request.organisation else None
        others = theirs(rules.town_id, organisation_id, request.use.email).where(
            Booking.starts_at >= min(slot.span.start for slot in slots) - _WEEK,
            Booking.starts_at < max(slot.span.start for slot in slots) + _WEEK,
            Booking.id.not_in(but),
        )
        for start, end in session.execute(others):
            self._add(Span(start, end))

    def take(self, span: Span) -> bool:
        """Whether it fits into its week; then it is in it."""
        minutes = span.length // timedelta(minutes=1)
        if self.most and self.have[self._week(span)] + minutes > self.most:
            return False
        self._add(span)
        return True

    def _add(self, span: Span) -> None:
        self.have[self._week(span)] += span.length // timedelta(minutes=1)

    def _week(self, span: Span) -> date:
        return monday_of(local_date(span.start, self.zone))


def with_alternatives(
    session: Session, rules: HallPlan, request: Request, dates: Sequence[Date], at: datetime, by: Actor
) -> list[Date]:
    """The same dates, and with those that are taken what is free instead: another time, other parts, another hall."""
    clashes = [date.slot for date in dates if date.state == "taken" and date.slot][:MOST_WITH_ALTERNATIVES]
    if not clashes:
        return list(dates)
    busy = _busy(session, rules, rules.halls.values(), clashes, at)
    wanted = set(clashes)

    def seen(each: Date) -> Date:
        if each.state != "taken" or each.slot not in wanted:
            return each
        return replace(each, alternatives=tuple(instead(rules, busy, each.slot, request.whose_class, at, by)))

    return [seen(each) for each in dates]


def instead(rules: HallPlan, busy: Busy, slot: Slot, user_class: str, at: datetime, by: Actor) -> list[Slot]:
    """What is free on the same day instead of a slot: other times, then other parts, then other halls."""
    hall = rules.halls[slot.hall_id]
    day, minutes = local_date(slot.span.start, rules.zone), slot.span.length // timedelta(minutes=1)
    spans = starts(rules, busy, hall, slot.parts, day, minutes, user_class, at, by)
    nearest = sorted(spans, key=lambda span: (abs(span.start - slot.span.start), span.start))
    times = [Slot(slot.hall_id, slot.parts, span) for span in nearest[:EACH]]
    others = [other for other in rules.halls.values() if other.id != hall.id]
    size = len(hall.fields_of(slot.parts))
    return times + [
        found
        for halls in ([hall], others)
        for found in _first(_elsewhere(rules, busy, halls, size, slot, user_class, at, by))
    ]


def _elsewhere(
    rules: HallPlan,
    busy: Busy,
    halls: Sequence[HallRules],
    size: int,
    slot: Slot,
    user_class: str,
    at: datetime,
    by: Actor,
) -> Iterator[Slot]:
    """The same time with as many fields in these halls."""
    for hall in halls:
        for parts in hall.choices():
            fits = len(hall.fields_of(parts)) == size > 0 and busy.free(hall.claims(parts, slot.span))
            if fits and not refusal(rules, hall, parts, slot.span, user_class, at, by):
                yield Slot(hall.id, parts, slot.span)


def _first(found: Iterator[Slot]) -> list[Slot]:
    return [slot for slot, _n in zip(found, range(EACH), strict=False)]


def gone(rules: HallPlan, slot: Slot) -> str:
    """That a slot was free when it was shown and isn't any more."""
    return taken(rules, rules.halls[slot.hall_id], slot).sentence
