"""What becomes of a series after it was booked: dates are given back, the rest is changed or ended, the office decides.

Past dates never change. Several dates are one transaction and one letter; each date has its own history.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from buchbar.accounts.models import Municipality
from buchbar.base.errors import Refused
from buchbar.base.texts import _
from buchbar.booking import claims, closures, lifecycle, steps
from buchbar.booking.events import Actor
from buchbar.booking.halls import letters, reservation, series_letters
from buchbar.booking.halls.models import HallUse, Series
from buchbar.booking.halls.plan import HallPlan, plan
from buchbar.booking.halls.reservation import Slot, Use, slot_of, where_it_was
from buchbar.booking.halls.series import NotAllFree, chosen, part_ids, stand, take_together
from buchbar.booking.halls.series_dates import Date, Request, busy_at, judged, limited, wished, with_alternatives
from buchbar.booking.models import Booking, BookingEvent
from buchbar.booking.next_steps import Cost, cost_of_cancelling
from buchbar.calendar.months import monday_of
from buchbar.calendar.walls import local_date
from buchbar.payments import ledger
from buchbar.payments.ledger import Account

STANDING = steps.STEPS["move"]


@dataclass(frozen=True, slots=True)
class Change:
    """A date of the series as it would be: ``booking`` is the date that goes there, None where it is a new one.

    ``usual``: it is done where nothing else is chosen; not what can't be had, and not a week whose date the club has
    given back before.
    """

    date: Date
    booking: Booking | None
    usual: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a changed rule would do: the dates, and those of today's dates that fall away with it."""

    changes: list[Change]
    ending: list[Booking]


def dates_of(session: Session, series: Series) -> list[Booking]:
    """All dates of a series, in order, however they ended."""
    ours = select(HallUse.booking_id).where(HallUse.series_id == series.id)
    loading = selectinload(Booking.policy), selectinload(Booking.municipality), selectinload(Booking.resource)
    return list(
        session.scalars(select(Booking).where(Booking.id.in_(ours)).order_by(Booking.starts_at).options(*loading))
    )


def to_come(session: Session, series: Series, at: datetime, since: date | None = None) -> list[Booking]:
    """The dates that still stand and haven't begun, from a day on."""
    zone = session.get_one(Municipality, series.municipality_id).zone
    return [
        booking
        for booking in dates_of(session, series)
        if booking.state in STANDING
        and booking.starts_at > at
        and (since is None or local_date(booking.starts_at, zone) >= since)
    ]


def cost_of_ending(session: Session, bookings: Sequence[Booking], at: datetime, by: Actor) -> Cost:
    """What ending these dates would do to their accounts, together."""
    clerk = by.kind != "citizen"
    accounts = ledger.accounts(session, [booking.id for booking in bookings])
    costs = [
        _cost(session, booking, accounts[booking.id], 100 if clerk else _percent(session, booking, at))
        for booking in bookings
        if booking.id in accounts
    ]
    return Cost(
        100 if clerk else 0,
        sum(cost.forgiven for cost in costs),
        sum(cost.back for cost in costs),
        sum(cost.kept for cost in costs),
    )


def _percent(session: Session, booking: Booking, at: datetime) -> int:
    """What share goes back; without asking what has happened before, where that is everything until the end."""
    always = any(step.days <= 0 and step.percent >= 100 for step in booking.terms.cancellation)
    return 100 if always else lifecycle.refund_percent(session, booking, at)


def _cost(session: Session, booking: Booking, account: Account, percent: int) -> Cost:
    if percent < 100:
        return cost_of_cancelling(session, booking, percent)
    return Cost(percent, account.owed, replace(account, owed=0).surplus, 0)


def give_back(
    session: Session, series: Series, ids: Collection[UUID], at: datetime, by: Actor, reason: str = ""
) -> list[Booking]:
    """Give these dates back, or (a clerk) cancel them. What has ended already stays as it is. Raises Refused for what
    isn't a date of this series to come, and then nothing has happened."""
    with session.begin_nested():
        bookings = _locked(session, series, ids)
        ending = [booking for booking in bookings if booking.state not in ("cancelled", "declined", "released")]
        cost = cost_of_ending(session, ending, at, by)
        with letters.quiet(session), claims.versions_last(session):
            for booking in ending:
                _end(session, booking, at, by, reason)
    if ending:
        series_letters.ended(session, series, ending, cost, reason, at, by.kind)
        _to_calendars(session, ending, at)
    return ending


def end_from(session: Session, series: Series, day: date, at: datetime, by: Actor, reason: str = "") -> list[Booking]:
    """End the series with the first date on or after a day; what was before stays."""
    _lock(session, series)
    return give_back(session, series, [each.id for each in to_come(session, series, at, day)], at, by, reason)


def decide(
    session: Session,
    series: Series,
    approve: Collection[UUID],
    decline: Collection[UUID],
    at: datetime,
    by: Actor,
    reason: str = "",
    conditions: str = "",
) -> None:
    """Say yes to some of the requested dates, perhaps with conditions, and no to others, for a reason. Raises Refused
    for what isn't requested (any more), and then nothing has happened."""
    if decline and not reason.strip():
        raise Refused(_("Bitte nennen Sie den Grund: Die Buchenden lesen ihn."))
    with session.begin_nested():
        bookings = _locked(session, series, {*approve, *decline})
        with letters.quiet(session), claims.versions_last(session):
            for booking in bookings:
                steps.allow(booking, "decline", at)
                if booking.id in decline:
                    lifecycle.decline(session, booking, reason, at, by)
                else:
                    session.get_one(HallUse, booking.id).conditions = conditions
                    lifecycle.approve(session, booking, "office", at, by)
    yes = [booking for booking in bookings if booking.id not in decline]
    no = [booking for booking in bookings if booking.id in decline]
    series_letters.decided(session, series, yes, no, reason, at, conditions)
    _to_calendars(session, bookings, at)


def _to_calendars(session: Session, bookings: Sequence[Booking], at: datetime) -> None:
    """Who was invited to one of the dates by itself gets that date's own letter, too: it puts the calendar right."""
    news = select(BookingEvent).where(
        BookingEvent.booking_id.in_(series_letters.invited(bookings)),
        BookingEvent.verb.in_(("cancel", "decline", "move")),
        BookingEvent.at == at,
    )
    last = {event.booking_id: event for event in session.scalars(news.order_by(BookingEvent.id))}
    for booking_id, event in last.items():
        letters.tell(session, session.get_one(Booking, booking_id), event)


class _Tried(Exception):
    """Takes back what was only tried."""


def rehearse(session: Session, series: Series, act: Callable[[], object]) -> tuple[int, int]:
    """What doing it would change of what the series costs, in cents (more, or less than nothing), and what of it goes
    back. Nothing of it stays; raises what doing it would raise."""
    before, after = _owed(session, series), (0, 0)
    try:
        with session.begin_nested():
            act()
            after = _owed(session, series)
            raise _Tried
    except _Tried:
        session.expire_all()
    return after[0] - before[0], after[1] - before[1]


def _owed(session: Session, series: Series) -> tuple[int, int]:
    session.flush()
    accounts = ledger.accounts(session, [booking.id for booking in dates_of(session, series)]).values()
    return sum(account.owed for account in accounts), sum(account.returned for account in accounts)


def again(session: Session, series: Series, request_of: Callable[[Use, str], Request]) -> Request:
    """A new request with what the series' latest date is for."""
    latest = dates_of(session, series)[-1]
    use = session.get_one(HallUse, latest.id)
    said = {name: getattr(use, name) for name in Use.__dataclass_fields__ if name not in ("email", "phone")}
    return request_of(Use(email=latest.email, phone=latest.phone, **said), latest.user_class)


def propose(session: Session, series: Series, request: Request, since: date, at: datetime, by: Actor) -> Proposal:
    """What the request would make of the series from a day on, with what is free instead. Nothing is changed."""
    rules = _rules(session, series)
    found = _proposal(session, rules, series, request, since, at, by)
    dates = with_alternatives(session, rules, request, [each.date for each in found.changes], at, by)
    changes = [replace(each, date=date) for each, date in zip(found.changes, dates, strict=True)]
    return Proposal(changes, found.ending)


def change_from(
    session: Session,
    series: Series,
    request: Request,
    since: date,
    at: datetime,
    by: Actor,
    only: Sequence[Slot] | None = None,
    drop: Collection[UUID] = (),
) -> list[Booking]:
    """Make of the dates from a day on what the request says: all that can be had, or exactly the slots in ``only``.

    Dates for which there is no slot stay as they are, but for ``drop`` and for those that the new rule has no room
    for: these end. Raises NotAllFree where a slot in ``only`` can't be had (any more), or none; then nothing has
    happened. The dates that stand from now on.
    """
    rules = _rules(session, series)
    with session.begin_nested(), letters.quiet(session), claims.versions_last(session):
        _lock(session, series)
        before = to_come(session, series, at, since)
        _lock(session, series, [each.id for each in before])
        asked = {each.id for each in before if each.state == "requested"}
        slots = wished(rules, request) if only is None else chosen(rules, request, only)
        _sweep(session, rules, slots.values(), at)
        found = _proposal(session, rules, series, request, since, at, by, slots, drop)
        done = [each for each in found.changes if each.usual or (only is not None and each.date.free)]
        if not done or (only is not None and len(done) < len(only)):
            raise _refusal(session, rules, request, found, at, by)
        kept = {each.booking.id for each in done if each.booking}
        everything = to_come(session, series, at, since)
        ending = [each for each in everything if each.id not in kept and (each in found.ending or each.id in drop)]
        cost = cost_of_ending(session, ending, at, by)
        was = _rearrange(session, rules, series, request, done, ending, at, by)
        series.repeat, series.hall_id = request.repeat, request.hall_id
        session.flush()
    standing = to_come(session, series, at, since)
    new = {each.id for each in standing} - {each.id for each in everything}
    if was or ending or new:
        left_out = [each.date for each in found.changes if not each.date.free]
        series_letters.changed(session, series, standing, was, ending, cost, left_out, at, by.kind)
        _to_calendars(session, [*standing, *ending], at)
    series_letters.ask(session, series, [each for each in standing if each.id in was or each.id not in asked], at)
    return standing


def _rules(session: Session, series: Series) -> HallPlan:
    return plan(session, session.get_one(Municipality, series.municipality_id))


def _proposal(
    session: Session,
    rules: HallPlan,
    series: Series,
    request: Request,
    since: date,
    at: datetime,
    by: Actor,
    slots: dict[date, Slot | None] | None = None,
    drop: Collection[UUID] = (),
) -> Proposal:
    """``slots``: only these of the rule's days are changed; their dates, and those in ``drop``, leave their weeks."""
    if since > request.repeat.first:
        raise Refused(_("Die neue Regel beginnt vor dem Tag, ab dem sich die Serie ändern soll."))
    today = to_come(session, series, at, since)
    rhythm = wished(rules, request)
    slots = rhythm if slots is None else slots
    gone = _given_back_weeks(session, rules, series)
    pairs = _paired(rules, list(rhythm), today, gone)
    staying = {pair.id for day, pair in pairs.items() if pair and day not in slots} - set(drop)
    dates = _judged(session, rules, request, slots, pairs, today, staying, at, by)
    changes = []
    for each in dates:
        new_in_a_gap = pairs[each.day] is None and monday_of(each.day) in gone
        changes.append(Change(each, pairs[each.day], usual=each.free and not new_in_a_gap))
    taken = {booking.id for booking in pairs.values() if booking}
    return Proposal(changes, [booking for booking in today if booking.id not in taken])


def _judged(
    session: Session,
    rules: HallPlan,
    request: Request,
    slots: dict[date, Slot | None],
    pairs: dict[date, Booking | None],
    today: Sequence[Booking],
    staying: set[UUID],
    at: datetime,
    by: Actor,
) -> list[Date]:
    """What can be had of the slots beside the dates that stay where they are: for hours in a week those count, and
    what can't be had makes its date stay."""
    everything = [booking.id for booking in today]
    while True:
        leaving = [booking_id for booking_id in everything if booking_id not in staying]
        dates = judged(session, rules, request, slots, at, by, everything, leaving)
        stay = {pair.id for each in dates if not each.free and (pair := pairs[each.day])}
        if not limited(rules, request, at, by) or stay <= staying:
            return dates
        staying = staying | stay


def _paired(
    rules: HallPlan, days: Sequence[date], bookings: Sequence[Booking], gone: Collection[date]
) -> dict[date, Booking | None]:
    """Which date goes to which day: the one of the same week, then those that are left in their order, but into no week
    whose date was given back."""
    left = {booking.id: booking for booking in bookings}
    pairs: dict[date, Booking | None] = dict.fromkeys(days)
    for day in days:
        same = [each for each in left.values() if monday_of(local_date(each.starts_at, rules.zone)) == monday_of(day)]
        if same:
            pairs[day] = left.pop(same[0].id)
    alone = [day for day in days if pairs[day] is None and monday_of(day) not in gone]
    pairs |= dict(zip(alone, left.values(), strict=False))
    return pairs


def _given_back_weeks(session: Session, rules: HallPlan, series: Series) -> set[date]:
    """The weeks in which the series has nothing any more because its date was ended."""
    weeks: dict[date, bool] = {}
    for booking in dates_of(session, series):
        week = monday_of(local_date(booking.starts_at, rules.zone))
        weeks[week] = weeks.get(week, False) or booking.alive
    return {week for week, alive in weeks.items() if not alive}


def _rearrange(
    session: Session,
    rules: HallPlan,
    series: Series,
    request: Request,
    done: Sequence[Change],
    ending: Sequence[Booking],
    at: datetime,
    by: Actor,
) -> dict[UUID, Slot]:
    """End, free all that moves, take all that is wanted, in this order; where moved dates were, by booking."""
    uses = series_letters.uses_of(session, [each.booking for each in done if each.booking])
    for booking in ending:
        _end(session, booking, at, by, "")
    slots = {each.booking.id: each.date.slot for each in done if each.booking and each.date.slot}
    moving = [
        each.booking for each in done if each.booking and slot_of(each.booking, uses[each.booking.id]) != each.date.slot
    ]
    new = [each.date.slot for each in done if each.booking is None and each.date.slot]
    was = {booking.id: slot_of(booking, uses[booking.id]) for booking in moving}
    data = {booking.id: where_it_was(session, booking, uses[booking.id], by) for booking in moving}
    around = [claims.reach(booking) for booking in moving]
    freed: set[UUID] = set()
    for booking in moving:
        claims.remember(session, booking, at)
        freed |= claims.free(session, booking.id)
    # Looking first keeps those who want to swap from waiting for each other.
    places = [slots[booking.id] for booking in moving] + new
    busy = busy_at(session, rules, places, at)
    if not all(busy.free(rules.halls[slot.hall_id].claims(slot.parts, slot.span)) for slot in places):
        raise NotAllFree(_("Inzwischen ist einer der Termine vergeben. Es ist nichts geändert."), [])
    made = take_together(session, rules, series, request, new, {each.id: slots[each.id] for each in moving}, at, by)
    if made is None:
        raise NotAllFree(_("Inzwischen ist einer der Termine vergeben. Es ist nichts geändert."), [])
    for span in around:
        closures.fill(session, freed, span)
    claims.changed(session, freed)
    for booking in moving:
        reservation.put(session, booking, uses[booking.id], slots[booking.id])
        lifecycle.moved(session, booking, reservation.price(session, booking), at, by, None, "", **data[booking.id])
    stand(session, series, request, list(made.values()), at, by)
    return was


def _refusal(
    session: Session, rules: HallPlan, request: Request, found: Proposal, at: datetime, by: Actor
) -> NotAllFree:
    dates = with_alternatives(session, rules, request, [each.date for each in found.changes], at, by)
    return NotAllFree(
        _("Nicht alle Termine sind (noch) frei. Es ist nichts geändert. Bitte sehen Sie die Liste noch einmal durch."),
        dates,
    )


def _sweep(session: Session, rules: HallPlan, slots: Collection[Slot | None], at: datetime) -> None:
    spans = [slot.span for slot in slots if slot]
    if spans:
        claims.changed(session, claims.sweep(session, part_ids(rules, slots), spans, at))


def _end(session: Session, booking: Booking, at: datetime, by: Actor, reason: str) -> None:
    if by.kind == "citizen":
        reservation.give_back(session, booking, at, by, reason)
    else:
        lifecycle.cancel(session, booking, at, by, reason)


def _locked(session: Session, series: Series, ids: Collection[UUID]) -> list[Booking]:
    """These dates of the series, locked in one order. Raises Refused where one isn't of it."""
    _lock(session, series, ids)
    bookings = [booking for booking in dates_of(session, series) if booking.id in ids]
    if len(bookings) < len(set(ids)) or not bookings:
        raise Refused(_("Bitte wählen Sie Termine dieser Serie."))
    return bookings


def _lock(session: Session, series: Series, ids: Collection[UUID] = ()) -> None:
    """Wait for whoever changes the series or these dates; the series first, for it may have other dates then."""
    session.flush()
    session.execute(select(Series.id).where(Series.id == series.id).with_for_update(key_share=True))
    session.execute(select(Booking.id).where(Booking.id.in_(list(ids))).order_by(Booking.id).with_for_update())
    session.expire_all()
