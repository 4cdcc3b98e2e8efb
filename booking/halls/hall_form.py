"""The form of a hall: text to values and back."""

import re
from collections.abc import Callable, Sequence
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
from buchbar.booking.halls.edits import HALL, VISIBILITY, Named, combinations_in_words
from buchbar.booking.halls.plan import HallRules
from buchbar.resources import hour_lines
from buchbar.resources.halls import Hall, HallHours
from buchbar.resources.models import Resource, Site

NEW = "neu"  # in the form, beside the ids of the sites
# What the form edits, in the order of the page.
NAMES = (
    "name", "slug", "site", "summary", "description", "house_rules", "floor", "sports", "resin", "spectators",
    "scoreboard", "step_free", "access_note", "combinations", "hours", "step_minutes", "buffer_minutes", "caretaker",
    "caretaker_phone", "visibility", "position",
)  # fmt: skip
_TEXTS = ("name", "slug", "summary", "description", "floor", "access_note", "caretaker", "caretaker_phone")
_NUMBERS = ("spectators", "step_minutes", "buffer_minutes", "position")
_TICKS = ("resin", "scoreboard", "step_free")
_HOURS = {"zeiten": "open", "ferienzeiten": "in_holidays", "schulzeiten": "school", "reinigung": "cleaning"}
_SITE = {"site_name": "name", "site_street": "street", "site_postcode": "postcode", "site_city": "city"}
MOST_PARTS = 20


def read(
    form: Form, today: date, sites: Sequence[Site], fields_known: Sequence[int]
) -> tuple[dict[str, Any], Site | None, date]:
    """The values of the hall's fields, the site that is to be made for it, and from when they hold.

    ``fields_known``: the numbers of its fields. Raises Invalid with a sentence per faulty field.
    """
    new_site = form.get("site") == NEW
    known = {str(site.id): site for site in sites}
    read = _read(form, today, [*known, NEW], new_site, fields_known)
    read.slug = read.slug or slug_of(read.name)
    if not read.slug:
        why = _("Aus diesem Namen wird keine brauchbare Adresse. Bitte geben Sie den Namen darin an.")
        raise Invalid({"slug": why})
    site = _new_site(read) if new_site else known[read.site]
    values = {name: getattr(read, name) for name in NAMES if name not in ("site", "hours")}
    values["site"] = Named(site.id, site.name)
    values["hours"] = HallHours(
        open=read.zeiten,
        in_holidays=read.ferienzeiten if read.ferien_anders else None,
        school=read.schulzeiten,
        cleaning=read.reinigung,
    )
    return values, site if new_site else None, read.valid_from


def _read(
    form: Form, today: date, sites: Sequence[str], new_site: bool, fields_known: Sequence[int]
) -> SimpleNamespace:
    fields: dict[str, forms.Field] = {
        "name": forms.text(120),
        "slug": _slug,
        "site": forms.one_of(*sites),
        "summary": forms.text(300, required=False),
        "description": _paragraphs,
        "house_rules": _lines,
        "floor": forms.text(120, required=False),
        "sports": _lines,
        "resin": forms.ticked,
        "spectators": forms.whole(0, 20_000),
        "scoreboard": forms.ticked,
        "step_free": forms.ticked,
        "access_note": forms.text(300, required=False),
        "combinations": _combinations(fields_known),
        **dict.fromkeys(_HOURS, hour_lines.read),
        "ferien_anders": forms.ticked,
        "step_minutes": forms.whole(5, 120),
        "buffer_minutes": forms.whole(0, 60),
        "caretaker": forms.text(120, required=False),
        "caretaker_phone": forms.phone,
        "visibility": forms.one_of(*VISIBILITY),
        "position": forms.whole(0, 999),
        "valid_from": starting(today),
    }
    if new_site:
        fields |= {"site_name": forms.text(120), "site_street": forms.text(120, required=False)}
        fields |= {"site_postcode": forms.text(10, required=False), "site_city": forms.text(80, required=False)}
    return forms.read(form, **fields)


def read_combinations(typed: str) -> list[tuple[int, ...]]:
    """ "1, 2, 1+2" as sorted part numbers, the smallest first, each once. Raises ValueError with a sentence."""
    found = set()
    for word in re.split(r"[,;\n]+", typed):
        if not word.strip():
            continue
        if not re.fullmatch(r"\s*\d{1,2}(\s*\+\s*\d{1,2})*\s*", word):
            raise ValueError(_("Bitte wie „1, 2, 3, 1+2, 2+3, 1+2+3“ eingeben."))
        numbers = [int(each) for each in word.split("+")]
        if len(set(numbers)) < len(numbers):
            raise ValueError(_("In „%s“ steht ein Teil zweimal.") % word.strip())
        found.add(tuple(sorted(numbers)))
    return sorted(found, key=lambda each: (len(each), each))


def _combinations(known: Sequence[int]) -> Callable[[str], list[tuple[int, ...]]]:
    def convert(typed: str) -> list[tuple[int, ...]]:
        found = read_combinations(typed)
        strange = sorted({number for each in found for number in each} - {*known})
        if strange:
            raise ValueError(_("Teil %s gibt es in dieser Halle nicht.") % ", ".join(map(str, strange)))
        if not found and known:
            raise ValueError(_("Bitte nennen Sie mindestens eine Möglichkeit, zum Beispiel „1“."))
        return found

    return convert


def _slug(typed: str) -> str:
    """Empty to take it from the name."""
    if typed and (not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", typed) or len(typed) > 60):
        raise ValueError(_("Bitte nur kleine Buchstaben ohne Umlaute, Ziffern und Bindestriche, wie alte-muehle."))
    if typed in RESERVED:
        raise ValueError(_("Diese Adresse gibt es schon. Bitte wählen Sie eine andere."))
    return typed


# What stands below /{town}/hallen beside the halls themselves.
RESERVED = ("verein", "saison", "suche", "plan", "serie", "serien", "buchen", "merken", "tag", "woche")


def _paragraphs(typed: str) -> str:
    return str(forms.text(5000, required=False, lines=True)(typed)).replace("\r\n", "\n")


def _lines(typed: str) -> list[str]:
    """One entry a line."""
    lines = [line.strip() for line in _paragraphs(typed).split("\n")]
    return [line for line in lines if line]


def _new_site(read: SimpleNamespace) -> Site:
    return Site(id=uuid4(), **{name: getattr(read, field) for field, name in _SITE.items()})


def typed(hall: Hall, today: date) -> dict[str, str]:
    """What the form shows of a hall as it is."""
    shown = {name: str(getattr(hall, name)) for name in (*_TEXTS, *_NUMBERS, "visibility")}
    shown |= {name: "ja" if getattr(hall, name) else "" for name in _TICKS}
    shown |= {name: "\n".join(getattr(hall, name)) for name in ("house_rules", "sports")}
    shown |= {name: hour_lines.written(getattr(hall.hours, kind) or ()) for name, kind in _HOURS.items()}
    shown["ferien_anders"] = "" if hall.hours.in_holidays is None else "ja"
    shown |= {"site": str(hall.site_id), "combinations": combinations_in_words(hall.combinations)}
    return shown | {"valid_from": today.isoformat()}


def blank(today: date, position: int) -> dict[str, str]:
    """What the form of a new hall proposes: three fields between curtains, open in the evening and at weekends."""
    return {
        "parts": "3",
        "combinations": "1, 2, 3, 1+2, 2+3, 1+2+3",
        "zeiten": "Mo-Fr 08:00-22:00\nSa So 09:00-20:00",
        "schulzeiten": "Mo-Fr 08:00-16:00",
        "spectators": "0",
        "step_minutes": "30",
        "buffer_minutes": "0",
        "position": str(position),
        "visibility": "bookable",
        "valid_from": today.isoformat(),
    }


def beside_office(town: Municipality) -> dict[str, str]:
    """What the form proposes for a town's first site."""
    return {"site_postcode": town.postcode, "site_city": town.city, "site": NEW}


def taken(session: Session, clerk: Clerk, slug: str, own_id: UUID | None) -> bool:
    """Whether something else has this name in its address, or another hall is going to have it."""
    ours = Resource.municipality_id == clerk.town.id
    if session.scalar(select(Resource.id).where(ours, Resource.slug == slug, Resource.id != own_id)):
        return True
    planned = select(Revision).where(
        Revision.municipality_id == clerk.town.id,
        Revision.subject == HALL.name,
        Revision.subject_id != own_id,
        Revision.applied_at.is_(None),
        Revision.withdrawn_at.is_(None),
    )
    return any(each.values.get("slug") == slug for each in session.scalars(planned))


def as_rules(rules: HallRules, values: dict[str, Any]) -> HallRules:
    """The plan's view of a hall with other values."""
    return replace(
        rules,
        name=values["name"],
        slug=values["slug"],
        site_id=values["site"].id,
        visibility=values["visibility"],
        step=timedelta(minutes=values["step_minutes"]),
        buffer=timedelta(minutes=values["buffer_minutes"]),
        combinations=tuple(tuple(each) for each in values["combinations"]),
        hours=values["hours"],
    )
