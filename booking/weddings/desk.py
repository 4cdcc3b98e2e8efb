"""What only weddings show at the desk: the couple's names, where a wedding can be moved to, what can be put right."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import forms, texts
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.booking.alike import sounds_like
from buchbar.booking.events import Actor
from buchbar.booking.journeys import Asked, AtDesk, Choice
from buchbar.booking.models import Booking
from buchbar.booking.weddings import adjust, paper, reservation
from buchbar.booking.weddings.models import Wedding
from buchbar.booking.weddings.on_paper import on_paper
from buchbar.booking.weddings.reservation import SlotTaken, busy_between
from buchbar.booking.weddings.timetable import timetable

MOST_GUESTS = 500  # where the place itself sets no limit
AROUND = timedelta(days=60)  # so far from a day that is full others are looked at
NEAREST = 3  # on either side


def names(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    """The couples' names, by booking."""
    weddings = session.scalars(select(Wedding).where(Wedding.booking_id.in_(ids)))
    return {wedding.booking_id: wedding.names for wedding in weddings}


def called(word: str) -> ColumnElement[bool]:
    """The condition that one of the couple has the word in the name, however the umlauts are spelt."""
    return Booking.id.in_(select(Wedding.booking_id).where(sounds_like(Wedding.sought, word)))


def facts(session: Session, booking: Booking) -> list[tuple[str, str]]:
    """What the couple has said."""
    wedding = session.get(Wedding, booking.id)
    if wedding is None:
        return []
    said = [
        (_("Paar"), wedding.names),
        (_("Gäste"), str(wedding.guests)),
        (_("Ausländisches Recht"), _("ja") if wedding.foreign else _("nein")),
        (_("Anmeldung in einem anderen Standesamt"), _("ja") if wedding.elsewhere else _("nein")),
    ]
    if wedding.street:
        said.append((_("Anschrift"), f"{wedding.street}, {wedding.city}"))
    return [*said, (_("Bemerkung"), wedding.remarks)] if wedding.remarks else said


def free(session: Session, town: Municipality, day: date, now: datetime) -> list[Choice]:
    """A day's free slots for the office: also before the release, never in the past."""
    times = timetable(session, town)
    busy = busy_between(session, times, day, day, now)
    slots = [slot for slot in times.slots_on(day) if slot.span.start > now and busy.free(slot)]
    return [
        Choice(
            f"{slot.venue.id}/{slot.span.start.isoformat()}", texts.clock(slot.span.start, town.zone), slot.venue.name
        )
        for slot in slots
    ]


def nearest(session: Session, town: Municipality, day: date, now: datetime) -> list[tuple[date, int]]:
    """The nearest days before and after a day with something free for the office, and how much; in order."""
    times = timetable(session, town)
    busy = busy_between(session, times, day - AROUND, day + AROUND, now)

    def count(of: date) -> int:
        return sum(slot.span.start > now and busy.free(slot) for slot in times.slots_on(of))

    found: list[tuple[date, int]] = []
    for step in (-1, 1):
        days = (day + timedelta(days=step * distance) for distance in range(1, AROUND.days + 1))
        free_days = ((each, free) for each in days if (free := count(each)))
        found += [each for each, _n in zip(free_days, range(NEAREST), strict=False)]
    return sorted(found)


def free_for(session: Session, booking: Booking, day: date, now: datetime) -> list[Choice]:
    """Where a wedding could be moved to on a day."""
    return free(session, booking.municipality, day, now)


def chosen(value: str) -> tuple[UUID, datetime]:
    """The venue and the beginning that a form's choice names. Raises Invalid for anything else."""
    venue_id, _slash, start = value.partition("/")
    try:
        beginning = datetime.fromisoformat(start)
        if beginning.tzinfo is None or beginning.year not in forms.YEARS:
            raise ValueError(start)
        return UUID(venue_id), beginning
    except ValueError:
        raise Invalid({"termin": _("Bitte wählen Sie einen Termin.")}) from None


def move(session: Session, booking: Booking, value: str, at: datetime, actor: Actor) -> None:
    """Put a wedding on the chosen slot."""
    venue_id, start = chosen(value)
    try:
        reservation.move(session, booking, venue_id, start, at, actor)
    except SlotTaken as taken:
        raise taken.instead(f"/{booking.municipality.slug}/amt/buchung/{booking.id}") from None


def asked(session: Session, booking: Booking) -> list[Asked]:
    """What of a wedding a clerk may put right: not what the fees hang on."""
    wedding = session.get(Wedding, booking.id)
    if wedding is None:
        return []
    most = getattr(booking.resource, "guests", MOST_GUESTS)
    return [
        Asked("partner_one", _("Name der einen Person"), wedding.partner_one, forms.text(120)),
        Asked("partner_two", _("Name der anderen Person"), wedding.partner_two, forms.text(120)),
        Asked("guests", _("Gäste"), str(wedding.guests), forms.whole(0, max(most, wedding.guests))),
        Asked("street", _("Straße und Hausnummer"), wedding.street, forms.text(120, required=False), False),
        Asked("city", _("Postleitzahl und Ort"), wedding.city, forms.text(120, required=False), False),
    ]


def correct(session: Session, booking: Booking, values: Mapping[str, Any]) -> None:
    """Write down what was put right."""
    wedding = session.get_one(Wedding, booking.id)
    if bool(values["street"]) is not bool(values["city"]):
        raise Invalid({"city" if values["street"] else "street": _("Für Briefe braucht es Straße und Ort.")})
    for name, value in values.items():
        setattr(wedding, name, value)


AT_DESK = AtDesk(
    title=N_("Trauungen"),
    who=N_("das Paar"),
    names=names,
    on_paper=on_paper,
    called=called,
    facts=facts,
    free=free_for,
    move=move,
    plan=adjust.plan,
    put=adjust.put,
    put_back=adjust.put_back,
    address=paper.address,
    asked=asked,
    correct=correct,
)
