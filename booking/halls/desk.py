"""What only halls show at the desk: whose a booking is, where it can be moved to, what can be put right."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from buchbar.accounts.clubs import USER_CLASSES
from buchbar.accounts.models import Municipality
from buchbar.base import forms, texts
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.booking.alike import sounds_like
from buchbar.booking.events import Actor
from buchbar.booking.halls import adjust, reservation, slot_form
from buchbar.booking.halls.desk_matters import matters
from buchbar.booking.halls.free import busy_between, starts
from buchbar.booking.halls.models import HallUse
from buchbar.booking.halls.plan import HallPlan, HallRules, Parts, parts_in_words, plan
from buchbar.booking.halls.reservation import Slot
from buchbar.booking.halls.tariff import OFFERS
from buchbar.booking.journeys import Asked, AtDesk, Choice, OnPaper
from buchbar.booking.models import Booking
from buchbar.calendar.spans import Span

DESK = Actor("clerk")  # by whose rules is asked what is free
MOST_PERSONS = 10_000


def names(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    """For whom the bookings are: "TuS Diepholz, Handball"."""
    rows = session.execute(
        select(HallUse.booking_id, HallUse.organiser, HallUse.title).where(HallUse.booking_id.in_(ids))
    )
    return {booking_id: ", ".join(word for word in words if word) for booking_id, *words in rows}


def places(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    """In which parts of which halls they are: "Dreifeldhalle, Feld 1 und Feld 2"."""
    columns = (Booking.id, Booking.municipality_id, Booking.resource_id, HallUse.parts)
    rows = session.execute(
        select(*columns).join(HallUse, HallUse.booking_id == Booking.id).where(Booking.id.in_(ids))
    ).all()
    plans = {town_id: plan(session, session.get_one(Municipality, town_id)) for town_id in {row[1] for row in rows}}
    halls = {row[0]: plans[row[1]].halls.get(row[2]) for row in rows}
    return {row[0]: f"{hall.name}, {hall.named(row[3])}" for row in rows if (hall := halls[row[0]])}


def on_paper(session: Session, ids: Collection[UUID]) -> dict[UUID, OnPaper]:
    """The halls' bookings among these, in one query."""
    uses = session.scalars(select(HallUse).where(HallUse.booking_id.in_(ids)))
    return {
        use.booking_id: OnPaper(
            people=tuple(word for word in (use.organiser, use.contact, use.coach) if word),
            guests=use.persons,
            flags=(_("mit Auflagen"),) if use.conditions else (),
            remarks=use.remarks,
        )
        for use in uses
    }


def called(word: str) -> ColumnElement[bool]:
    """The condition that the club, the person or the occasion has the word in its name, however umlauts are spelt."""
    return Booking.id.in_(select(HallUse.booking_id).where(sounds_like(HallUse.sought, word)))


def facts(session: Session, booking: Booking) -> list[tuple[str, str]]:
    """What is known of the use."""
    use = session.get(HallUse, booking.id)
    if use is None:
        return []
    hall = plan(session, booking.municipality).halls.get(booking.resource_id)
    said = [
        (_("Hallenteil"), hall.named(use.parts) if hall else parts_in_words(use.parts)),
        (_("Gebucht für"), use.organiser),
        (_("Nutzergruppe"), _(USER_CLASSES.get(booking.user_class, booking.user_class))),
        (_("Verantwortlich"), use.contact),
        (_("Anlass"), use.title),
        (_("Sportart"), use.sport),
        (_("Zweck"), _(OFFERS.purposes[use.purpose]) if use.purpose in OFFERS.purposes else ""),
        (_("Altersgruppe"), _(OFFERS.age_groups[use.age_group]) if use.age_group in OFFERS.age_groups else ""),
        (_("Personen"), str(use.persons or "")),
        (_("In der Halle"), ", ".join(word for word in (use.coach, use.coach_phone) if word)),
        (_("Besonderes"), ", ".join(_(OFFERS.traits[each]) for each in use.traits if each in OFFERS.traits)),
        (_("Anschrift"), f"{use.street}, {use.city}" if use.street else ""),
        (_("Bemerkung"), use.remarks),
        (_("Auflagen des Amts"), use.conditions),
        (_("Serie"), use.series.number if use.series else ""),
    ]
    return [(label, words) for label, words in said if words]


def free(session: Session, booking: Booking, day: date, now: datetime) -> list[Choice]:
    """Where a booking could be moved to on a day, as long and as big as it is: any time in its own hall, the same time
    in the other halls."""
    use = session.get(HallUse, booking.id)
    if use is None:
        return []
    rules = plan(session, booking.municipality)
    minutes = int((booking.ends_at - booking.starts_at).total_seconds()) // 60
    busy = busy_between(session, rules.halls.values(), rules, day, day + timedelta(days=1), now, but=booking.id)
    clock = booking.starts_at.astimezone(rules.zone).time()
    found: list[Choice] = []
    for hall in sorted(rules.halls.values(), key=lambda each: each.id != booking.resource_id):
        for parts in _as_big(rules, booking, use, hall):
            for span in starts(rules, busy, hall, parts, day, minutes, booking.user_class, now, DESK):
                here = hall.id == booking.resource_id or span.start.astimezone(rules.zone).time() == clock
                if here and not _there(booking, use, hall, parts, span):
                    found.append(_choice(rules, hall, parts, span))
    return found


def _as_big(rules: HallPlan, booking: Booking, use: HallUse, hall: HallRules) -> list[Parts]:
    """What of a hall is as big as what the booking has: its own parts first, then as many fields elsewhere."""
    own = tuple(sorted(use.parts))
    now_in = rules.halls.get(booking.resource_id)
    fields = now_in.fields_of(own) if now_in else own
    others = [each for each in hall.choices() if fields and len(hall.fields_of(each)) == len(fields)]
    first = [own] if hall.id == booking.resource_id and hall.allows(own) else []
    return first + [each for each in others if each not in first]


def _there(booking: Booking, use: HallUse, hall: HallRules, parts: Parts, span: Span) -> bool:
    return Slot(hall.id, parts, span) == reservation.slot_of(booking, use)


def _choice(rules: HallPlan, hall: HallRules, parts: Parts, span: Span) -> Choice:
    value = slot_form.value(Slot(hall.id, parts, span))
    return Choice(value, texts.clock(span.start, rules.zone), f"{hall.name}, {hall.named(parts)}")


def move(session: Session, booking: Booking, value: str, at: datetime, actor: Actor) -> None:
    """Put a booking on the chosen slot."""
    reservation.move(session, booking, slot_form.chosen(value), at, actor)


def address(session: Session, booking: Booking) -> list[str]:
    """The lines for the window of the envelope; only the names where no address is known."""
    use = session.get(HallUse, booking.id)
    if use is None:
        return []
    people = [use.organiser, use.contact if use.contact != use.organiser else ""]
    lines = [*people, *((use.street, use.city) if use.street else ())]
    return [line for line in lines if line]


def asked(session: Session, booking: Booking) -> list[Asked]:
    """What of a booking a clerk may put right: not what the fees hang on."""
    use = session.get(HallUse, booking.id)
    if use is None:
        return []

    def line(name: str, label: str, *, required: bool = False) -> Asked:
        return Asked(name, label, getattr(use, name), forms.text(120, required=required), required)

    organiser = [] if use.organisation_id else [line("organiser", _("Gebucht für"), required=True)]
    persons = [Asked("persons", _("Personen"), str(use.persons), forms.whole(0, MOST_PERSONS))]
    if reservation.price(session, booking, persons=1) != reservation.price(session, booking, persons=MOST_PERSONS):
        persons = []
    return [
        *organiser,
        line("contact", _("Verantwortlich"), required=True),
        line("title", _("Anlass")),
        line("sport", _("Sportart")),
        *persons,
        line("coach", _("Wer in der Halle ist")),
        Asked("coach_phone", _("Telefon in der Halle"), use.coach_phone, forms.phone, False),
        line("street", _("Straße und Hausnummer")),
        line("city", _("Postleitzahl und Ort")),
    ]


def correct(session: Session, booking: Booking, values: Mapping[str, Any]) -> None:
    """Write down what was put right."""
    if bool(values["street"]) is not bool(values["city"]):
        raise Invalid({"city" if values["street"] else "street": _("Für Briefe braucht es Straße und Ort.")})
    use = session.get_one(HallUse, booking.id)
    for name, value in values.items():
        setattr(use, name, value)


AT_DESK = AtDesk(
    title=N_("Sporthallen"),
    who=N_("die Gruppe"),
    names=names,
    on_paper=on_paper,
    called=called,
    facts=facts,
    free=free,
    move=move,
    plan=adjust.plan,
    put=adjust.put,
    put_back=adjust.put_back,
    address=address,
    asked=asked,
    correct=correct,
    lacks=("approve_owner", "register", "lengthen", "reassign"),
    places=places,
    matters=matters,
)
