"""What is edited of halls and their parts by dated revisions (accounts/revisions.py)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts import revisions
from buchbar.accounts.models import Revision
from buchbar.accounts.revisions import Field, Subject
from buchbar.base.errors import Refused
from buchbar.base.texts import N_, _
from buchbar.booking.editing import standing
from buchbar.booking.halls.models import JOURNEY
from buchbar.booking.halls.plan import parts_in_words
from buchbar.booking.models import ALIVE, Booking
from buchbar.calendar.rules import WeeklyRule
from buchbar.resources.halls import Hall, HallHours, HallPart
from buchbar.resources.models import Resource, Site
from buchbar.resources.opening_words import in_words

VISIBILITY = {
    "bookable": N_("buchbar"),
    "request": N_("auf Anfrage: Das Amt entscheidet immer"),
    "information": N_("nur zur Information, nicht online buchbar"),
}


@dataclass(frozen=True, slots=True)
class Named:
    """A row that another one refers to, and how it was called then."""

    id: UUID
    name: str


def standing_in(session: Session, hall: Hall, now: datetime, since: datetime | None = None) -> list[Booking]:
    """A hall's bookings that aren't over, in order; holds that live are among them."""
    wanted = select(Booking).where(
        Booking.municipality_id == hall.municipality_id,
        Booking.journey == JOURNEY,
        Booking.resource_id == hall.id,
        Booking.state.in_(ALIVE),
        Booking.ends_at > now,
        Booking.starts_at >= (since or now),
    )
    ordered = session.scalars(wanted.order_by(Booking.starts_at, Booking.id))
    return [booking for booking in ordered if not booking.lapsed(now)]


def combinations_in_words(combinations: Iterable[Sequence[int]]) -> str:
    """ "1, 2, 3, 1+2, 2+3, 1+2+3", as the form reads them."""
    return ", ".join(parts_in_words(each) for each in combinations)


def _minutes(value: int) -> str:
    return _("%d Minuten") % value


def _lines(value: Sequence[str]) -> str:
    return "\n".join(value)


def _rules(rules: Sequence[WeeklyRule]) -> str:
    return "\n".join(in_words(rule) for rule in rules) or _("keine")


def _hours(hours: HallHours) -> str:
    holidays = _("wie sonst") if hours.in_holidays is None else _rules(hours.in_holidays)
    said = [_("Geöffnet: %s") % _rules(hours.open), _("In den Ferien: %s") % holidays]
    said += [_("Schule: %s") % _rules(hours.school), _("Reinigung: %s") % _rules(hours.cleaning)]
    return "\n".join(said)


def _put_slug(session: Session, hall: Hall, slug: str) -> None:
    """The form looks at this too; an undo, or a plan whose day has come, can still find it taken."""
    others = Resource.municipality_id == hall.municipality_id, Resource.slug == slug, Resource.id != hall.id
    taken = session.scalar(select(Resource.name).where(*others))
    if taken is not None:
        raise Refused(_("„%s“ heißt jetzt so in der Adresse. Bitte ändern Sie das zuerst.") % taken)
    hall.slug = slug


def _put_site(session: Session, hall: Hall, site: Named) -> None:
    hall.site_id = site.id
    hall.site = session.get_one(Site, site.id)


def _put_active(session: Session, hall: Hall, active: bool) -> None:
    """Nobody vanishes from the desk who still has a reservation, not by an undo either."""
    if not active:
        refuse_standing(standing_in(session, hall, _edited_at(session, hall)))
    hall.active = active


def _put_part_active(session: Session, part: HallPart, active: bool) -> None:
    if not active:
        refuse_standing(standing(session, part, _edited_at(session, part)))
    part.active = active


def refuse_standing(those: Sequence[Booking]) -> None:
    """Raise Refused where bookings still need what is to be taken out of use."""
    if those:
        few = ", ".join(each.number for each in those[:5])
        raise Refused(_("Hier stehen noch Buchungen: %s. Bitte verlegen oder stornieren Sie sie zuerst.") % few)


def _edited_at(session: Session, row: Resource) -> datetime:
    """When the edit was made that is being applied: the row's last."""
    edits = select(Revision.made_at).where(Revision.subject.in_((HALL.name, PART.name)), Revision.subject_id == row.id)
    return session.scalars(edits.order_by(Revision.made_at.desc()).limit(1)).one()


HALL = revisions.put_in(
    Subject(
        "hall",
        Hall,
        lambda hall: hall.name,
        {
            "name": Field(N_("Name")),
            "slug": Field(N_("Name in der Adresse"), put=_put_slug),
            "site": Field(
                N_("Standort"),
                Named,
                lambda site: str(site.name),
                lambda hall: Named(hall.site.id, hall.site.name),
                _put_site,
            ),
            "visibility": Field(N_("Wie sie zu haben ist"), str, lambda value: _(VISIBILITY[value])),
            "summary": Field(N_("In einem Satz")),
            "description": Field(N_("Beschreibung")),
            "house_rules": Field(N_("Hausregeln"), list[str], _lines),
            "floor": Field(N_("Boden")),
            "sports": Field(N_("Sportarten"), list[str], _lines),
            "resin": Field(N_("Harz erlaubt"), bool),
            "spectators": Field(N_("Plätze für Zuschauer"), int),
            "scoreboard": Field(N_("Anzeigetafel"), bool),
            "step_free": Field(N_("Stufenlos"), bool),
            "access_note": Field(N_("Zum Zugang")),
            "combinations": Field(N_("Was zusammen zu haben ist"), list[tuple[int, ...]], combinations_in_words),
            "hours": Field(N_("Zeiten"), HallHours, _hours),
            "step_minutes": Field(N_("Abstand der Anfänge"), int, _minutes),
            "buffer_minutes": Field(N_("Pause danach"), int, _minutes),
            "caretaker": Field(N_("Hausmeister:in"), personal=True),
            "caretaker_phone": Field(N_("Telefon dort"), personal=True),
            "position": Field(N_("Reihenfolge"), int),
            "active": Field(N_("Im Einsatz"), bool, put=_put_active),
        },
        journey="halls",
    )
)

PART = revisions.put_in(
    Subject(
        "hall_part",
        HallPart,
        lambda part: part.name,
        {
            "name": Field(N_("Name")),
            "active": Field(N_("Im Einsatz"), bool, put=_put_part_active),
        },
        journey="halls",
    )
)


def kept(hall: Hall) -> dict[str, Any]:
    """The fields of a hall that its form edits, as they are."""
    return {name: getattr(hall, name) for name in HALL.fields if name not in ("site", "active")}
