"""A clerk puts a wedding elsewhere, lets it last longer, or sends somebody else: planned first, then done, then undone.

Unlike the couple's own move (reservation.py) it may be at any time at which venue and registrar are free; that the
venue isn't open then, or that the registrar has no duty, the clerk is told, and decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from buchbar.base import texts
from buchbar.base.errors import Invalid
from buchbar.base.texts import _
from buchbar.booking import approvals, claims, closures, lifecycle, plans, steps
from buchbar.booking.before import Before, as_it_stands, kept, staff_of, written
from buchbar.booking.claims import Wanted
from buchbar.booking.events import Actor
from buchbar.booking.models import Booking, BookingEvent
from buchbar.booking.obstacles import in_the_way
from buchbar.booking.plans import Obstacle, Plan, Wish
from buchbar.booking.weddings.models import Wedding
from buchbar.booking.weddings.reservation import evenly, price
from buchbar.booking.weddings.slots import Busy
from buchbar.booking.weddings.timetable import RegistrarRules, Timetable, VenueRules, timetable
from buchbar.calendar.rules import opening
from buchbar.calendar.spans import Span, inside_any
from buchbar.calendar.walls import local_date
from buchbar.resources.models import Resource, Venue


@dataclass(frozen=True, slots=True)
class _There:
    """The wish, with what it names: the venue, and who would be sent."""

    wish: Wish
    times: Timetable
    venue: VenueRules
    registrar: RegistrarRules | None

    @property
    def claims(self) -> tuple[Wanted, ...]:
        if self.registrar is None:
            return (self.venue.claim(self.wish.span),)
        return self.venue.claim(self.wish.span), self.registrar.claim(self.wish.span, self.venue)


def plan(session: Session, booking: Booking, wish: Wish, at: datetime) -> Plan:
    """What would happen, and what stands against it. Nothing is done."""
    times = timetable(session, booking.municipality)
    venue = times.venues.get(wish.place_id)
    if venue is None:
        return Plan(wish, "move", obstacles=(Obstacle(_("Diesen Trauort gibt es nicht (mehr).")),))
    named = times.registrars.get(wish.staff_id) if wish.staff_id else None
    there = _who(session, booking, _There(wish, times, venue, named), at)
    verb = _verb(session, booking, there.wish)
    if not verb:
        return Plan(there.wish)
    against = [*_rules_against(session, booking, there, verb, at)]
    against += in_the_way(session, booking.municipality, there.claims, at, but=booking.id)
    return Plan(
        there.wish,
        verb,
        there.claims,
        tuple(_changes(session, booking, there)),
        tuple(_effects(session, booking, there, verb)),
        tuple(against),
        tuple(_warnings(booking, there, verb)),
    )


def put(
    session: Session, booking: Booking, wish: Wish, at: datetime, by: Actor, *, anyway: bool = False
) -> BookingEvent | None:
    """Do what the plan says; None when the booking is there already. ``anyway``: the clerk has read the warnings.

    Raises CantBe or Overrun for what stands against it, Invalid for unread warnings, NotAllowed.
    """
    lifecycle.lock(session, booking)
    made = plan(session, booking, wish, at)
    if not made.verb:
        return None
    if made.warnings and not (made.obstacles or anyway):
        raise Invalid({"trotzdem": _("Bitte bestätigen Sie, dass es trotzdem so sein soll.")})
    return _carry_out(session, booking, made, at, by)


def put_back(session: Session, booking: Booking, event: BookingEvent, at: datetime, by: Actor) -> BookingEvent | None:
    """Take a change back: the place, the time, the person, and of prices, approvals and deadline what can be had again.
    None when it is as it was. Raises CantBe when somebody else has taken the place meanwhile."""
    lifecycle.lock(session, booking)
    before = kept(event)
    if before is None:
        return None
    made = plan(session, booking, Wish(before.place_id, Span(before.starts_at, before.ends_at), before.staff_id), at)
    if not made.verb:
        return None
    return _carry_out(session, booking, made, at, by, back_to=before, undoes=str(event.id))


def _carry_out(
    session: Session,
    booking: Booking,
    made: Plan,
    at: datetime,
    by: Actor,
    back_to: Before | None = None,
    **data: str,
) -> BookingEvent:
    steps.allow(booking, made.verb, at)
    if made.obstacles:
        raise plans.CantBe(made.obstacles)
    before = as_it_stands(session, booking)
    _change_claims(session, booking, made, at)
    reason = _("Die vorige Änderung wurde zurückgenommen.") if back_to else ""
    data |= {"before": written(before), "from_start": before.starts_at.isoformat()}
    data |= {"from_end": before.ends_at.isoformat(), "from_venue": booking.resource.name}
    booking.resource_id = made.wish.place_id
    booking.starts_at, booking.ends_at = made.wish.span.start, made.wish.span.end
    session.flush()
    session.refresh(booking, ["resource", "claims"])
    if made.verb != "move":
        return lifecycle.adjusted(session, booking, made.verb, at, by, reason, **data)
    lines = back_to.lines if back_to else price(session, booking)
    return lifecycle.moved(session, booking, lines, at, by, back_to, reason, **data)


def _change_claims(session: Session, booking: Booking, made: Plan, at: datetime) -> None:
    """Claim what was planned instead of what the booking claims. Raises Overrun when somebody else is quicker."""
    swept = claims.sweep(session, [each.resource_id for each in made.claims], made.wish.span, at)
    with session.begin_nested() as attempt:
        claims.remember(session, booking, at)
        freed = claims.free(session, booking.id)
        took = set(claims.take(session, made.claims, booking_id=booking.id))
        if len(took) < len(made.claims):
            attempt.rollback()
    if len(took) < len(made.claims):
        claims.changed(session, swept)  # who catches this and goes on has ended those holds
        raise plans.Overrun(_("Gerade ist dort etwas anderes eingetragen worden. Bitte sehen Sie noch einmal nach."))
    closures.fill(session, freed, claims.reach(booking))
    claims.changed(session, swept | freed | took)


def _verb(session: Session, booking: Booking, wish: Wish) -> str:
    """What the wish amounts to: a move is more than another length, and that is more than another person."""
    if (wish.place_id, wish.span.start) != (booking.resource_id, booking.starts_at):
        return "move"
    if wish.span.end != booking.ends_at:
        return "lengthen"
    return "reassign" if wish.staff_id != staff_of(session, booking) else ""


def _who(session: Session, booking: Booking, there: _There, at: datetime) -> _There:
    """Somebody to send where nobody was named: who is on it already, else who has the least to do; None if nobody."""
    if there.wish.staff_id is not None:
        return there
    span = there.wish.span
    eligible = [there.times.registrars[each] for each in there.venue.registrar_ids]
    on_duty = [each for each in eligible if inside_any(each.claim(span, there.venue).span, _duty(there, each))]
    wanted = [each.claim(span, there.venue) for each in on_duty]
    busy = Busy(claims.taken(session, [each.id for each in on_duty], span, at, but=booking.id))
    free = evenly(session, [each for each in wanted if busy.allows(each)], span)
    now_on = staff_of(session, booking)
    chosen = next((each.resource_id for each in free if each.resource_id == now_on), None)
    chosen = chosen or next((each.resource_id for each in free), None)
    registrar = there.times.registrars.get(chosen) if chosen else None
    return replace(there, wish=replace(there.wish, staff_id=chosen), registrar=registrar)


def _duty(there: _There, rules: RegistrarRules | VenueRules) -> list[Span]:
    day = local_date(there.wish.span.start, there.times.zone)
    return opening(rules.weekly, rules.exceptions, day, there.times.zone, there.times.land)


def _rules_against(session: Session, booking: Booking, there: _There, verb: str, at: datetime) -> Iterable[Obstacle]:
    """What no clerk can put aside."""
    venue, registrar = there.venue, there.registrar
    wedding = session.get(Wedding, booking.id)
    if there.wish.span.start <= at:
        yield Obstacle(_("Diese Zeit hat schon begonnen."))
    if wedding and verb == "move" and wedding.guests > venue.guests:
        words = {"venue": venue.name, "room": venue.guests, "guests": wedding.guests}
        yield Obstacle(_("%(venue)s: Platz für %(room)d Gäste, angemeldet sind %(guests)d.") % words)
    if registrar is None and there.wish.staff_id:
        yield Obstacle(_("Diese Person arbeitet hier nicht (mehr)."))
    elif registrar is None:
        yield Obstacle(_("Zu dieser Zeit ist niemand frei und im Dienst, der dort trauen darf."))
    elif registrar.id not in venue.registrar_ids:
        yield Obstacle(_("%(who)s darf an diesem Trauort nicht trauen.") % {"who": registrar.name})


def _warnings(booking: Booking, there: _There, verb: str) -> Iterable[str]:
    """What a clerk may put aside, knowing it."""
    venue, registrar, span = there.venue, there.registrar, there.wish.span
    if verb != "reassign" and not inside_any(span, _duty(there, venue)):
        yield _("%(what)s ist zu dieser Zeit nicht geöffnet (%(hours)s).") % _open(there, venue)
    if verb == "move" and venue.visibility == "information" and venue.id != booking.resource_id:
        yield _("%(venue)s wird sonst nicht vergeben, sondern nur vorgestellt.") % {"venue": venue.name}
    if registrar and not inside_any(registrar.claim(span, venue).span, _duty(there, registrar)):
        yield _("%(what)s ist nicht die ganze Zeit im Dienst (%(hours)s); Vor- und Nachbereitung zählen mit.") % _open(
            there, registrar
        )


def _open(there: _There, rules: RegistrarRules | VenueRules) -> dict[str, str]:
    """The name, and the day's hours in words."""
    zone = there.times.zone
    spans = [(f"{each.start.astimezone(zone):%H:%M}", texts.clock(each.end, zone)) for each in _duty(there, rules)]
    hours = [_("%(from)s bis %(until)s") % {"from": start, "until": end} for start, end in spans]
    return {"what": rules.name, "hours": ", ".join(hours) or _("an diesem Tag gar nicht")}


def _changes(session: Session, booking: Booking, there: _There) -> Iterable[tuple[str, str, str]]:
    """Label, now and then, of what would be otherwise."""
    zone, span = there.times.zone, there.wish.span
    now_on = staff_of(session, booking)
    was = session.get(Resource, now_on) if now_on else None
    rows = [
        (_("Beginn"), texts.moment(booking.starts_at, zone), texts.moment(span.start, zone)),
        (_("Ende"), texts.clock(booking.ends_at, zone), texts.clock(span.end, zone)),
        (_("Dauer"), _minutes(Span(booking.starts_at, booking.ends_at)), _minutes(span)),
        (_("Trauort"), booking.resource.name, there.venue.name),
        (
            _("Standesbeamt:in"),
            was.name if was else _("niemand"),
            there.registrar.name if there.registrar else _("niemand"),
        ),
    ]
    return [row for row in rows if row[1] != row[2]]


def _minutes(span: Span) -> str:
    return _("%d Minuten") % (span.length.total_seconds() // 60)


def _effects(session: Session, booking: Booking, there: _There, verb: str) -> Iterable[str]:
    """What a clerk should know beside state, money and letters, which a rehearsal shows (booking/previews.py)."""
    if verb == "move":
        yield from _agreements(session, booking, session.get_one(Venue, there.venue.id))
    if verb == "lengthen" and "owner" in approvals.needed(booking):
        yield _("%(owner)s wird nicht noch einmal gefragt.") % {"owner": _owner(session.get_one(Venue, there.venue.id))}
    if verb == "reassign":
        yield _("Das Paar bekommt keine Nachricht; die Kalender-Abos zeigen die Änderung.")
    elif not booking.email and not booking.by_office:
        yield _("Das Paar hat keine E-Mail-Adresse angegeben: Bitte geben Sie ihm selbst Bescheid.")


def _agreements(session: Session, booking: Booking, place: Venue) -> Iterable[str]:
    """Whose yes a move by the office gives, and whose it asks for."""
    needed = approvals.required_at(booking, place)
    if "office" in needed and "office" not in approvals.given(session, booking):
        yield _("Der Termin gilt damit als vom Amt bestätigt.")
    if "owner" in needed:
        yield _("%(owner)s muss dem neuen Termin zustimmen; bis dahin ist er „zu prüfen“.") % {"owner": _owner(place)}


def _owner(place: Venue) -> str:
    return place.owner_name or place.name
