"""The form of a venue: text to values and back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Clerk, Municipality, Revision
from buchbar.accounts.towns import slug_of
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import _
from buchbar.base.web import Form
from buchbar.booking.editing import starting
from buchbar.booking.weddings.edits import DRAWINGS, VENUE, VISIBILITY, Named
from buchbar.booking.weddings.timetable import VenueRules
from buchbar.resources.models import Resource, Site, Venue

NEW = "neu"  # in the form, beside the ids of the sites
# What the form edits, in the order of the page.
NAMES = (
    "name", "slug", "site", "summary", "description", "house_rules", "persons", "counts_couple", "step_free",
    "access_note", "season_note", "length_minutes", "step_minutes", "setup_minutes", "cleaning_minutes", "visibility",
    "owner_name", "owner_email", "picture", "position",
)  # fmt: skip
_TEXTS = ("name", "slug", "summary", "description", "access_note", "season_note", "owner_name", "owner_email")
_NUMBERS = ("persons", "length_minutes", "step_minutes", "setup_minutes", "cleaning_minutes", "position")
_SITE = {"site_name": "name", "site_street": "street", "site_postcode": "postcode", "site_city": "city"}


def read(form: Form, today: date, sites: Sequence[Site]) -> tuple[dict[str, Any], Site | None, date]:
    """The values of the venue's fields, the site that is to be made for it, and from when they hold.

    Raises Invalid with a sentence per faulty field.
    """
    new_site = form.get("site") == NEW
    known = {str(site.id): site for site in sites}
    read = _read(form, today, [*known, NEW], new_site)
    read.slug = read.slug or slug_of(read.name)
    faults = {}
    if not read.slug:
        faults["slug"] = _("Aus diesem Namen wird keine brauchbare Adresse. Bitte geben Sie den Namen darin an.")
    if read.counts_couple and read.persons < 2:
        faults["persons"] = _("Wenn das Paar mitzählt, sind es mindestens 2 Personen.")
    if read.owner_email and not read.owner_name:
        faults["owner_name"] = _("Bitte sagen Sie auch, wem die Adresse gehört.")
    if faults:
        raise Invalid(faults)
    site = _new_site(read) if new_site else known[read.site]
    values = {name: getattr(read, name) for name in NAMES if name != "site"}
    values["owner_email"] = read.owner_email or ""
    values["site"] = Named(site.id, site.name)
    return values, site if new_site else None, read.valid_from


def _read(form: Form, today: date, sites: Sequence[str], new_site: bool) -> SimpleNamespace:
    minutes = forms.whole(0, 240)
    fields: dict[str, forms.Field] = {
        "name": forms.text(120),
        "slug": _slug,
        "site": forms.one_of(*sites),
        "summary": forms.text(300, required=False),
        "description": _paragraphs,
        "house_rules": _lines,
        "persons": forms.whole(1, 2000),
        "counts_couple": forms.ticked,
        "step_free": forms.ticked,
        "access_note": forms.text(300, required=False),
        "season_note": forms.text(300, required=False),
        "length_minutes": forms.whole(10, 240),
        "step_minutes": forms.whole(5, 240),
        "setup_minutes": minutes,
        "cleaning_minutes": minutes,
        "visibility": forms.one_of(*VISIBILITY),
        "owner_name": forms.text(120, required=False),
        "owner_email": forms.optional(forms.address),
        "picture": forms.one_of(*DRAWINGS),
        "position": forms.whole(0, 999),
        "valid_from": starting(today),
    }
    if new_site:
        fields |= {"site_name": forms.text(120), "site_street": forms.text(120, required=False)}
        fields |= {"site_postcode": forms.text(10, required=False), "site_city": forms.text(80, required=False)}
        fields["site_way"] = minutes
    return forms.read(form, **fields)


def _slug(typed: str) -> str:
    """Empty to take it from the name."""
    if typed and (not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", typed) or len(typed) > 60):
        raise ValueError(_("Bitte nur kleine Buchstaben ohne Umlaute, Ziffern und Bindestriche, wie alte-muehle."))
    return typed


def _paragraphs(typed: str) -> str:
    return str(forms.text(5000, required=False, lines=True)(typed)).replace("\r\n", "\n")


def _lines(typed: str) -> list[str]:
    """One rule a line."""
    lines = [line.strip() for line in _paragraphs(typed).split("\n")]
    return [line for line in lines if line]


def _new_site(read: SimpleNamespace) -> Site:
    values = {name: getattr(read, field) for field, name in _SITE.items()}
    return Site(id=uuid4(), way_minutes=read.site_way, **values)


def typed(venue: Venue, today: date) -> dict[str, str]:
    """What the form shows of a venue as it is."""
    shown = {name: str(getattr(venue, name)) for name in (*_TEXTS, *_NUMBERS, "visibility", "picture")}
    shown |= {name: "ja" if getattr(venue, name) else "" for name in ("counts_couple", "step_free")}
    shown |= {"site": str(venue.site_id), "house_rules": "\n".join(venue.house_rules)}
    return shown | {"valid_from": today.isoformat()}


def blank(today: date, position: int) -> dict[str, str]:
    """What the form of a new venue proposes."""
    numbers = {"length_minutes": 30, "step_minutes": 45, "setup_minutes": 0, "cleaning_minutes": 15}
    shown = {name: str(number) for name, number in numbers.items()} | {"position": str(position), "picture": "rathaus"}
    return shown | {"visibility": "bookable", "counts_couple": "ja", "site_way": "0", "valid_from": today.isoformat()}


def beside_office(town: Municipality) -> dict[str, str]:
    """What the form proposes for a town's first site: the town hall, where the office is."""
    return {"site_street": town.street, "site_postcode": town.postcode, "site_city": town.city} | {
        "site_name": _("Rathaus")
    }


def taken(session: Session, clerk: Clerk, slug: str, own_id: UUID | None) -> bool:
    """Whether another venue has this name in its address, or is going to have it."""
    ours = Resource.municipality_id == clerk.town.id
    if session.scalar(select(Resource.id).where(ours, Resource.slug == slug, Resource.id != own_id)):
        return True
    planned = select(Revision).where(
        Revision.municipality_id == clerk.town.id,
        Revision.subject == VENUE.name,
        Revision.subject_id != own_id,
        Revision.applied_at.is_(None),
        Revision.withdrawn_at.is_(None),
    )
    return any(each.values.get("slug") == slug for each in session.scalars(planned))


def as_rules(rules: VenueRules, values: Mapping[str, Any], way_minutes: int) -> VenueRules:
    """The timetable's view of a venue with other values."""
    persons = values["persons"] - 2 if values["counts_couple"] else values["persons"]
    return replace(
        rules,
        name=values["name"],
        slug=values["slug"],
        site_id=values["site"].id,
        way=timedelta(minutes=way_minutes),
        visibility=values["visibility"],
        guests=persons,
        step_free=values["step_free"],
        length=timedelta(minutes=values["length_minutes"]),
        step=timedelta(minutes=values["step_minutes"]),
        setup=timedelta(minutes=values["setup_minutes"]),
        cleaning=timedelta(minutes=values["cleaning_minutes"]),
    )
