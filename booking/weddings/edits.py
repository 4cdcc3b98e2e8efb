"""What is edited of sites, venues and registrars by dated revisions (accounts/revisions.py).

The lists of opening rules, of differing days and of pictures are fields like any other: so an import of a hundred days
is one edit, and is undone as one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from buchbar.accounts import revisions
from buchbar.accounts.models import Revision
from buchbar.accounts.revisions import Field, Subject
from buchbar.base.errors import Refused
from buchbar.base.texts import N_, _
from buchbar.booking.editing import standing
from buchbar.calendar.rules import WeeklyRule
from buchbar.resources import pictures
from buchbar.resources.models import Registrar, Resource, Site, Venue
from buchbar.resources.opening_edits import Differing, days_of, put_days, put_rules, rules_of, stretches
from buchbar.resources.opening_words import in_words, stretch_in_words
from buchbar.resources.pictures import Shown

VISIBILITY = {
    "bookable": N_("buchbar"),
    "request": N_("auf Anfrage: Das Amt entscheidet immer"),
    "information": N_("nur zur Information, nicht online buchbar"),
}
DRAWINGS = {
    "rathaus": N_("Rathaus"),
    "schloss": N_("Schloss"),
    "muehle": N_("Mühle"),
    "turm": N_("Turm"),
    "schiff": N_("Schiff"),
    "museum": N_("Museum"),
    "scheune": N_("Scheune"),
    "villa": N_("Villa"),
    "garten": N_("Garten"),
}


@dataclass(frozen=True, slots=True)
class Named:
    """A row that another one refers to, and how it was called then."""

    id: UUID
    name: str


def _minutes(value: int) -> str:
    return _("%d Minuten") % value


def _lines(value: Sequence[str]) -> str:
    return "\n".join(value)


def _names(value: Sequence[Named]) -> str:
    return ", ".join(each.name for each in value)


def _apart(said: Callable[[Any], list[str]]) -> Callable[[Any, Any], tuple[str, str]]:
    """Of two lists: what of the first is gone, and what of the second is new, line by line."""

    def both(before: Any, after: Any) -> tuple[str, str]:
        gone = said([each for each in before if each not in after])
        new = said([each for each in after if each not in before])
        if not gone and not new:  # only their order differs
            gone, new = said(before), said(after)
        return "\n".join(gone), "\n".join(new)

    return both


def _rules(rules: Sequence[WeeklyRule]) -> list[str]:
    return [in_words(rule) for rule in rules]


def _days(days: Sequence[Differing]) -> list[str]:
    """Without the notes: why somebody is away is for those who work with the bookings."""
    return [stretch_in_words(each) for each in stretches(days)]


def _pictures(shown: Sequence[Shown]) -> list[str]:
    return [each.alt for each in shown]


def _put_rules(_session: Session, resource: Resource, rules: list[WeeklyRule]) -> None:
    put_rules(resource, rules)


def _put_days(_session: Session, resource: Resource, days: list[Differing]) -> None:
    put_days(resource, days)


def _put_slug(session: Session, venue: Venue, slug: str) -> None:
    """The form looks at this too; an undo, or a plan whose day has come, can still find it taken."""
    others = Resource.municipality_id == venue.municipality_id, Resource.slug == slug, Resource.id != venue.id
    taken = session.scalar(select(Resource.name).where(*others))
    if taken is not None:
        raise Refused(_("„%s“ heißt jetzt so in der Adresse. Bitte ändern Sie das zuerst.") % taken)
    venue.slug = slug


def _put_site(session: Session, venue: Venue, site: Named) -> None:
    venue.site_id = site.id
    venue.site = session.get_one(Site, site.id)


def venues_of(registrar: Registrar) -> list[Named]:
    return sorted((Named(each.id, each.name) for each in registrar.venues), key=lambda each: (each.name, each.id))


def _put_venues(session: Session, registrar: Registrar, wanted: list[Named]) -> None:
    ids = [each.id for each in wanted]
    ours = Venue.municipality_id == registrar.municipality_id, Venue.id.in_(ids)
    registrar.venues = list(session.scalars(select(Venue).where(*ours).order_by(Venue.name)))


def _shown(venue: Venue) -> list[Shown]:
    session = object_session(venue)
    return pictures.shown(session, venue) if session else []


def _put_pictures(session: Session, venue: Venue, wanted: list[Shown]) -> None:
    pictures.show(session, venue, wanted, _edited_at(session, venue))


def _put_active(session: Session, resource: Resource, active: bool) -> None:
    """Whatever stands is kept: nobody vanishes from the desk who still has a reservation, not by an undo either."""
    if not active and (those := standing(session, resource, _edited_at(session, resource))):
        few = ", ".join(each.number for each in those[:5])
        raise Refused(_("Hier stehen noch Reservierungen: %s. Bitte verlegen oder stornieren Sie sie zuerst.") % few)
    resource.active = active


def _edited_at(session: Session, row: Resource) -> datetime:
    """When the edit was made that is being applied: the row's last."""
    edits = select(Revision.made_at).where(Revision.subject.in_(("venue", "registrar")), Revision.subject_id == row.id)
    return session.scalars(edits.order_by(Revision.made_at.desc()).limit(1)).one()


_TIMES = {
    "rules": Field(
        N_("Regelmäßige Zeiten"),
        list[WeeklyRule],
        lambda rules: "\n".join(_rules(rules)),
        rules_of,
        _put_rules,
        _apart(_rules),
    ),
    "days": Field(
        N_("Einzelne Tage"),
        list[Differing],
        lambda days: "\n".join(_days(days)),
        days_of,
        _put_days,
        _apart(_days),
    ),
    "active": Field(N_("Im Einsatz"), bool, put=_put_active),
}

SITE = revisions.put_in(
    Subject(
        "site",
        Site,
        lambda site: site.name,
        {
            "name": Field(N_("Name des Standorts")),
            "street": Field(N_("Straße und Hausnummer")),
            "postcode": Field(N_("Postleitzahl")),
            "city": Field(N_("Ort")),
            "way_minutes": Field(N_("Weg vom Rathaus"), int, _minutes),
        },
    )
)

VENUE = revisions.put_in(
    Subject(
        "venue",
        Venue,
        lambda venue: venue.name,
        {
            "name": Field(N_("Name")),
            "slug": Field(N_("Name in der Adresse"), put=_put_slug),
            "site": Field(
                N_("Standort"),
                Named,
                lambda site: str(site.name),
                lambda venue: Named(venue.site.id, venue.site.name),
                _put_site,
            ),
            "visibility": Field(N_("Wie er zu haben ist"), str, lambda value: _(VISIBILITY[value])),
            "summary": Field(N_("In einem Satz")),
            "description": Field(N_("Beschreibung")),
            "house_rules": Field(N_("Hausregeln"), list[str], _lines),
            "persons": Field(N_("Personen"), int),
            "counts_couple": Field(N_("Das Paar zählt mit"), bool),
            "step_free": Field(N_("Stufenlos"), bool),
            "access_note": Field(N_("Zum Zugang")),
            "season_note": Field(N_("Wann es Trauungen gibt")),
            "length_minutes": Field(N_("Dauer der Trauung"), int, _minutes),
            "step_minutes": Field(N_("Abstand der Anfänge"), int, _minutes),
            "setup_minutes": Field(N_("Vorbereitung des Raums"), int, _minutes),
            "cleaning_minutes": Field(N_("Aufräumen danach"), int, _minutes),
            "owner_name": Field(N_("Gehört"), personal=True),
            "owner_email": Field(N_("E-Mail des Eigentümers"), personal=True),
            "picture": Field(N_("Zeichnung"), str, lambda value: _(DRAWINGS.get(value, value))),
            "position": Field(N_("Reihenfolge"), int),
            "pictures": Field(
                N_("Bilder"),
                list[Shown],
                lambda shown: "\n".join(_pictures(shown)),
                _shown,
                _put_pictures,
                _apart(_pictures),
            ),
            **_TIMES,
        },
        journey="weddings",
    )
)

REGISTRAR = revisions.put_in(
    Subject(
        "registrar",
        Registrar,
        lambda registrar: registrar.name,
        {
            "name": Field(N_("Name"), personal=True),
            "initials": Field(N_("Kürzel"), personal=True),
            "prepare_minutes": Field(N_("Vorbereitung"), int, _minutes),
            "wrap_minutes": Field(N_("Nachbereitung"), int, _minutes),
            "venues": Field(N_("Traut hier"), list[Named], _names, venues_of, _put_venues),
            **_TIMES,
        },
        journey="weddings",
    )
)
