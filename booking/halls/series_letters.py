"""The letters of a series: one for many dates. What the single dates would each have said stands in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from buchbar.accounts import clubs
from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.errors import NotFound
from buchbar.base.texts import N_, _
from buchbar.base.tokens import genuine, link_token, named_by
from buchbar.booking import links
from buchbar.booking.halls.models import HallUse, Series
from buchbar.booking.halls.plan import HallPlan, plan
from buchbar.booking.halls.reservation import Slot, slot_of
from buchbar.booking.halls.series_dates import Date
from buchbar.booking.halls.series_money import Due, to_pay
from buchbar.booking.models import Booking
from buchbar.booking.next_steps import Cost
from buchbar.notices import letters
from buchbar.notices.models import Letter
from buchbar.payments import ledger

PURPOSE = "serie"
CANCELLED = N_("Termine storniert: %(hall)s, %(number)s")  # where the office has ended them
SUBJECTS = {
    "hall_series_booked": N_("Ihre Serie: %(hall)s, %(number)s"),
    "hall_series_changed": N_("Ihre Serie ist geändert: %(hall)s, %(number)s"),
    "hall_series_ended": N_("Termine freigegeben: %(hall)s, %(number)s"),
    "hall_series_decided": N_("Das Amt hat entschieden: %(hall)s, %(number)s"),
    "hall_series_reminder": N_("Bitte bezahlen Sie bald: Serie %(number)s, %(hall)s"),
    "hall_series_released": N_("Termine gelten nicht mehr: %(hall)s, %(number)s"),
    "hall_series_office": N_("Zu prüfen: Serie %(number)s"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A date as the letter says it, where it stands now, where it stood before (``was``), and what of it is ``due``."""

    when: str
    where: str
    was: str = ""
    due: Due | None = None


def path(session: Session, series: Series) -> str:
    """The secret address of the series' page."""
    return f"/serie/{link_token(links.settings(session).secret, PURPOSE, series.id, series.generation)}"


def series_by(session: Session, token: str) -> Series:
    """The series that a link names. Raises NotFound for anything that isn't a valid link."""
    named = named_by(token)
    series = session.get(Series, named) if named else None
    if series is None or not genuine(token, links.settings(session).secret, PURPOSE, series.id, series.generation):
        raise NotFound
    return series


def booked(
    session: Session, series: Series, bookings: Sequence[Booking], left_out: Sequence[Date], at: datetime
) -> None:
    """What was booked or asked for, and what of the wish could not be had."""
    _write(session, series, "hall_series_booked", bookings, at, left_out=left_out)
    ask(session, series, bookings, at)


def ask(session: Session, series: Series, bookings: Sequence[Booking], at: datetime) -> None:
    """Tell the office that there are requests. It finds the names at its desk."""
    town = session.get_one(Municipality, series.municipality_id)
    waiting = [booking for booking in bookings if booking.state == "requested"]
    if not waiting or not waiting[0].office.email:
        return
    desk = f"{links.settings(session).base_url}/{town.slug}/amt/hallen/serien/{series.id}"
    with texts.speaking("de"):
        subject = _(SUBJECTS["hall_series_office"]) % {"number": series.number}
        context = {"town": town, "series": series, "subject": subject, "count": len(waiting), "desk_link": desk}
        _mail(session, town, waiting[0], "hall_series_office", context, waiting[0].office.email, at)


def changed(
    session: Session,
    series: Series,
    bookings: Sequence[Booking],
    was: dict[UUID, Slot],
    ended: Sequence[Booking],
    cost: Cost,
    left_out: Sequence[Date],
    at: datetime,
    by_kind: str,
) -> None:
    """The rest of the series as it is from now on; ``was``: where moved dates were; ``ended``: what fell away, and what
    that ``cost``."""
    more: dict[str, Any] = {"was": was, "ended": ended, "cost": cost, "left_out": left_out, "by_kind": by_kind}
    _write(session, series, "hall_series_changed", bookings, at, **more)


def sent_anew(session: Session, series: Series, bookings: Sequence[Booking], at: datetime) -> None:
    """The dates and the link once more: they have gone to somebody else before."""
    _write(session, series, "hall_series_changed", bookings, at, by_kind="clerk")


def ended(
    session: Session, series: Series, bookings: Sequence[Booking], cost: Cost, reason: str, at: datetime, by_kind: str
) -> None:
    """Dates were given back or cancelled, and that ``cost`` so much."""
    _write(session, series, "hall_series_ended", bookings, at, cost=cost, reason=reason, by_kind=by_kind)


def decided(
    session: Session,
    series: Series,
    approved: Sequence[Booking],
    declined: Sequence[Booking],
    reason: str,
    at: datetime,
    conditions: str = "",
) -> None:
    """The office has said yes to these dates, and no to those, for a reason."""
    _write(session, series, "hall_series_decided", approved, at, ended=declined, reason=reason, conditions=conditions)


def reminded(session: Session, series: Series, bookings: Sequence[Booking], at: datetime) -> None:
    """These dates wait to be paid, and their deadline is near."""
    _write(session, series, "hall_series_reminder", bookings, at)


def released(session: Session, series: Series, bookings: Sequence[Booking], back: int, at: datetime) -> None:
    """These dates were not paid in time and are free for others; so many cents go ``back``."""
    _write(session, series, "hall_series_released", bookings, at, back=back)


def invited(bookings: Sequence[Booking]) -> Select[UUID | None]:
    """Those to which somebody got an invitation, which is for one date by itself."""
    ours = Letter.booking_id.in_([booking.id for booking in bookings])
    return select(Letter.booking_id).where(ours, Letter.calendar_method == "REQUEST")


def _write(
    session: Session,
    series: Series,
    kind: str,
    bookings: Sequence[Booking],
    at: datetime,
    was: dict[UUID, Slot] | None = None,
    ended: Sequence[Booking] = (),
    left_out: Sequence[Date] = (),
    **more: Any,
) -> None:
    everything = [*bookings, *ended]
    if not everything:
        return
    first = everything[0]
    town = session.get_one(Municipality, series.municipality_id)
    with texts.speaking(first.language):
        rules, uses = plan(session, town), uses_of(session, everything)
        pay = to_pay(session, bookings) if kind != "hall_series_released" else None
        dues = pay.dues if pay else {}
        context = {
            "town": town,
            "zone": town.zone,
            "series": series,
            "hall": series.hall,
            "greeting": _greeting(uses[first.id]),
            "dates": [_told(rules, each, uses, (was or {}).get(each.id), dues.get(each.id)) for each in bookings],
            "ended": [_told(rules, each, uses) for each in ended],
            "left_out": [each for each in left_out if each.slot],
            "link_to_series": links.settings(session).base_url + path(session, series),
            "office": first.office,
            "pay": pay,
            "over": _open(session, [each for each in everything if not each.alive]),
            "cost": None,
            "for_members": series.organisation_id is not None and clubs.anybody(session, series.organisation_id),
            "requested": any(each.state == "requested" for each in bookings),
            "use": uses[first.id],
            "reason": "",
            "conditions": "",
            "by_kind": "",
        } | more
        subject = CANCELLED if kind == "hall_series_ended" and context["by_kind"] == "clerk" else SUBJECTS[kind]
        context["subject"] = _(subject) % {"hall": series.hall.name, "number": series.number}
        _deliver(session, town, first, kind, context, series.email, at)


def _deliver(
    session: Session, town: Municipality, first: Booking, kind: str, context: dict[str, Any], to: str, at: datetime
) -> None:
    """By mail; on paper to whom has no address. It belongs to the first of the dates, and is forgotten with it."""
    if to:
        _mail(session, town, first, kind, context, to, at)
    elif first.by_office:
        letters.lay_out(
            session,
            municipality=town,
            booking_id=first.id,
            kind=kind,
            subject=context["subject"],
            parts=letters.on_paper(kind, **context),
            at=at,
        )


def _mail(
    session: Session, town: Municipality, first: Booking, kind: str, context: dict[str, Any], to: str, at: datetime
) -> None:
    text, html = letters.rendered(kind, **({"office": first.office} | context))
    letters.write(
        session,
        municipality=town,
        booking_id=first.id,
        kind=kind,
        to=to,
        subject=context["subject"],
        text=text,
        html=html,
        at=at,
        office=first.office,
    )


def uses_of(session: Session, bookings: Sequence[Booking]) -> dict[UUID, HallUse]:
    """What halls know of these bookings, in one query."""
    ours = select(HallUse).where(HallUse.booking_id.in_([booking.id for booking in bookings]))
    return {use.booking_id: use for use in session.scalars(ours)}


def _told(
    rules: HallPlan, booking: Booking, uses: dict[UUID, HallUse], was: Slot | None = None, due: Due | None = None
) -> Told:
    slot = slot_of(booking, uses[booking.id])
    return Told(when(rules, slot), where(rules, slot), when(rules, was) if was else "", due)


def _open(session: Session, ended: Sequence[Booking]) -> int:
    """What is still to be paid of dates that have ended."""
    return sum(account.open for account in ledger.accounts(session, [each.id for each in ended]).values())


def when(rules: HallPlan, slot: Slot) -> str:
    """A slot's time in words."""
    until = texts.clock(slot.span.end, rules.zone)
    return _("%(start)s bis %(end)s") % {"start": texts.moment(slot.span.start, rules.zone), "end": until}


def day_words(day: date) -> str:
    """A day as a list to choose from says it."""
    return texts.day(day)


def where(rules: HallPlan, slot: Slot) -> str:
    """A slot's place in words."""
    hall = rules.halls.get(slot.hall_id)
    return f"{hall.name}, {hall.named(slot.parts)}" if hall else ""


def _greeting(use: HallUse) -> str:
    return _("Guten Tag %(name)s,") % {"name": use.contact} if use.contact else _("Guten Tag,")
