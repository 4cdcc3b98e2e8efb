"""A clerk puts a hall's booking elsewhere, makes it longer, shorter, bigger or smaller: planned first, then done, then
undone. All of these are a move: what it costs follows."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from buchbar.base import texts
from buchbar.base.errors import Invalid
from buchbar.base.texts import _
from buchbar.booking import lifecycle, plans
from buchbar.booking.before import kept
from buchbar.booking.events import Actor
from buchbar.booking.halls import reservation
from buchbar.booking.halls.free import refusal
from buchbar.booking.halls.models import HallUse
from buchbar.booking.halls.plan import HallPlan, HallRules, read_parts
from buchbar.booking.halls.plan import plan as rules_of
from buchbar.booking.halls.reservation import Slot
from buchbar.booking.models import Booking, BookingEvent
from buchbar.booking.obstacles import in_the_way
from buchbar.booking.plans import Obstacle, Plan, Wish
from buchbar.calendar.spans import Span, inside_any
from buchbar.calendar.walls import local_date

_DESK = Actor("clerk")


def plan(session: Session, booking: Booking, wish: Wish, at: datetime) -> Plan:
    """What would happen, and what stands against it. Nothing is done."""
    rules = rules_of(session, booking.municipality)
    slot, use = _slot(session, booking, wish), session.get_one(HallUse, booking.id)
    if slot == reservation.slot_of(booking, use):
        return Plan(wish)
    hall = rules.halls.get(slot.hall_id)
    if hall is None:
        return Plan(wish, "move", obstacles=(Obstacle(_("Diese Halle gibt es nicht (mehr).")),))
    changes = tuple(_changes(rules, booking, use, slot))
    if why := refusal(rules, hall, slot.parts, slot.span, booking.user_class, at, _DESK):
        return Plan(wish, "move", changes=changes, obstacles=(Obstacle(why),))
    wanted = tuple(hall.claims(slot.parts, slot.span))
    against = in_the_way(session, booking.municipality, wanted, at, but=booking.id)
    warnings = tuple(_warnings(rules, booking, hall, slot))
    return Plan(wish, "move", wanted, changes, (), tuple(against), warnings)


def put(
    session: Session,
    booking: Booking,
    wish: Wish,
    at: datetime,
    by: Actor,
    *,
    anyway: bool = False,
    reason: str = "",
    **more: str,
) -> BookingEvent | None:
    """Do what the plan says; None when the booking is there already. ``anyway``: the clerk has read the warnings.
    ``more`` goes with the event.

    Raises CantBe for what stands against it, Invalid for unread warnings, NotAllowed, Taken.
    """
    lifecycle.lock(session, booking)
    made = plan(session, booking, wish, at)
    if not made.verb:
        return None
    if made.obstacles:
        raise plans.CantBe(made.obstacles)
    if made.warnings and not anyway:
        raise Invalid({"trotzdem": _("Bitte bestätigen Sie, dass es trotzdem so sein soll.")})
    return reservation.move(session, booking, _slot(session, booking, wish), at, by, reason, None, **more)


def put_back(session: Session, booking: Booking, event: BookingEvent, at: datetime, by: Actor) -> BookingEvent | None:
    """Take a change back: the place, the time, and of prices, approvals and deadline what can be had again. None when
    it is as it was. Raises CantBe when somebody else has taken the place meanwhile."""
    lifecycle.lock(session, booking)
    before = kept(event)
    if before is None:
        return None
    span = Span(before.starts_at, before.ends_at)
    wish = Wish(before.place_id, span, parts=read_parts(event.data["from_parts"]))
    made = plan(session, booking, wish, at)
    if made.obstacles:
        raise plans.CantBe(made.obstacles)
    reason = _("Die vorige Änderung wurde zurückgenommen.")
    slot = _slot(session, booking, wish)
    return reservation.move(session, booking, slot, at, by, reason, before, undoes=str(event.id))


def _slot(session: Session, booking: Booking, wish: Wish) -> Slot:
    parts = wish.parts or tuple(session.get_one(HallUse, booking.id).parts)
    return Slot(wish.place_id, parts, wish.span)


def _warnings(rules: HallPlan, booking: Booking, hall: HallRules, slot: Slot) -> Iterable[str]:
    """What a clerk may put aside, knowing it."""
    day = local_date(slot.span.start, rules.zone)
    if not inside_any(slot.span, rules.openings(hall, day, local_date(slot.span.end, rules.zone), booking.user_class)):
        yield _("%(hall)s gehört zu dieser Zeit der Schule.") % {"hall": hall.name}
    if hall.visibility == "information" and hall.id != booking.resource_id:
        yield _("%(hall)s wird sonst nicht vergeben, sondern nur vorgestellt.") % {"hall": hall.name}


def _changes(rules: HallPlan, booking: Booking, use: HallUse, slot: Slot) -> Iterable[tuple[str, str, str]]:
    """Label, now and then, of what would be otherwise."""
    hall, now_in = rules.halls[slot.hall_id], rules.halls.get(booking.resource_id)
    rows = [
        (_("Halle"), booking.resource.name, hall.name),
        (_("Hallenteil"), now_in.named(use.parts) if now_in else "", hall.named(slot.parts)),
        (_("Beginn"), texts.moment(booking.starts_at, rules.zone), texts.moment(slot.span.start, rules.zone)),
        (_("Ende"), texts.moment(booking.ends_at, rules.zone), texts.moment(slot.span.end, rules.zone)),
    ]
    return [row for row in rows if row[1] != row[2]]
