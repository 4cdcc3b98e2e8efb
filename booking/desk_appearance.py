"""How the town presents itself, at the desk: texts, colours and logo, seen before they are saved; their history."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk, contrast, logos, revisions
from buchbar.accounts.appearance import APPEARANCE, colours
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import ADMINISTER, RULES, may
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking.desk_frame import show
from buchbar.calendar.walls import local_date

MOST_POSTED = 3_000_000  # more than a logo may have, so that the refusal comes as a sentence
LONG = ("greeting", "imprint", "privacy_contact", "access_contact")
Edit = dict[str, Any]
# What the samples of the preview look like: parameter, and where its colour goes.
SAMPLES = {
    "hell_alt": ".sample--old .sample__light",
    "dunkel_alt": ".sample--old .sample__dark",
    "hell": ".sample--new .sample__light",
    "dunkel": ".sample--new .sample__dark",
}


@at_desk.get("/auftritt", RULES)
def appearance_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show(request, session, clerk, now)


@at_desk.post("/auftritt/vorschau", ADMINISTER, N_("Auftritt ausprobiert"), request_max_body_size=MOST_POSTED)
def preview(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    typed = _typed(form) | _kept_logo(session, clerk, form, now)
    try:
        values, _valid_from = _read(session, clerk, typed, now)
    except Invalid as fault:
        return _show(request, session, clerk, now, 422, faults=fault.fields, typed=typed)
    differences = revisions.differences_of(APPEARANCE, clerk.town, values)
    return _show(request, session, clerk, now, typed=typed, preview=values, differences=differences)


@at_desk.post("/auftritt", ADMINISTER, N_("Auftritt geändert"), request_max_body_size=MOST_POSTED)
def save(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    typed = _typed(form) | _kept_logo(session, clerk, form, now)
    try:
        values, valid_from = _read(session, clerk, typed, now)
    except Invalid as fault:
        return _show(request, session, clerk, now, 422, faults=fault.fields, typed=typed)
    revisions.edit(session, clerk.town, APPEARANCE, clerk.town, values, valid_from=valid_from, at=now, by=clerk.name)
    return redirect(request, f"{clerk.desk}/auftritt")


@at_desk.get("/auftritt/logo/{logo_id:uuid}", RULES)
def logo(request: Request, session: Session, clerk: Clerk, logo_id: FromPath[UUID]) -> Response[Any]:
    """Any of the town's logos, for the preview."""
    found = logos.of(session, clerk.town, logo_id)
    if found is None:
        raise NotFound
    return Response(found.content, media_type="image/png")


@at_desk.get("/auftritt/farben.css", RULES)
def sample_colours(request: Request, clerk: Clerk) -> Response[Any]:
    """Colours of the address, before and after, each on its ground, whatever the reader's is: for the samples."""
    try:
        given = {name: contrast.parsed(request.query_params.get(name, "")) for name in SAMPLES}
    except ValueError:
        raise NotFound from None
    rules = (f"{where}{{--action:{given[name]}}}" for name, where in SAMPLES.items())
    return Response("".join(rules), media_type="text/css")


def _typed(form: Form) -> dict[str, str]:
    """What was typed; a file is no text."""
    return {name: form.get(name, "") for name in form if name != "logo"}


def _kept_logo(session: Session, clerk: Clerk, form: Form, now: datetime) -> dict[str, str]:
    """Keep an uploaded logo, so that it needn't be uploaded again after the preview; a fault stands for the file."""
    upload = form.upload("logo")
    if upload is None:
        return {}
    try:
        content = logos.made(upload[1])
    except ValueError as fault:
        return {"logo_fault": str(fault)}
    return {"logo_neu": str(logos.keep(session, clerk.town, content, now).id)}


def _address(text: str) -> str:
    """An e-mail address, or none."""
    return forms.address(text) if text else ""


def _read(session: Session, clerk: Clerk, typed: Mapping[str, str], now: datetime) -> tuple[Edit, date]:
    """What was typed, and from when. Raises Invalid."""
    fields: dict[str, forms.Field] = {
        "valid_from": _not_before(local_date(now, clerk.town.zone)),
        "office": forms.text(120),
        "street": forms.text(120, required=False),
        "postcode": forms.text(10, required=False),
        "city": forms.text(80, required=False),
        "phone": forms.phone,
        "email": _address,
        "sports_office": forms.text(120, required=False),
        "sports_phone": forms.phone,
        "sports_email": _address,
        **{name: forms.text(300, required=False) for name in ("responsible", "supervision")},
        "vat_id": _vat_id,
        **{name: forms.text(3000, required=False, lines=True) for name in LONG},
        "accent": _colour(contrast.LIGHT, N_("Auf hellem Grund")),
        "accent_dark": _colour(contrast.DARK, N_("Auf dunklem Grund")),
    }
    faults: dict[str, str] = {}
    values: Edit = {}
    try:
        values = vars(forms.read(typed, **fields))
    except Invalid as fault:
        faults = fault.fields
    if values.get("accent_dark") and not values.get("accent"):
        faults["accent"] = _("Bitte geben Sie auch die Farbe für hellen Grund an.")
    if typed.get("logo_fault"):
        faults["logo"] = typed["logo_fault"]
    if faults:
        raise Invalid(faults)
    values = {name: value.replace("\r\n", "\n") if isinstance(value, str) else value for name, value in values.items()}
    valid_from: date = values.pop("valid_from")
    return values | {"logo_id": _logo_id(session, clerk, typed)}, valid_from


def _logo_id(session: Session, clerk: Clerk, typed: Mapping[str, str]) -> UUID | None:
    if typed.get("logo_weg"):
        return None
    try:
        chosen = logos.of(session, clerk.town, UUID(typed.get("logo_neu", "")))
    except ValueError:
        chosen = None
    return chosen.id if chosen else clerk.town.logo_id


def _colour(grounds: tuple[str, ...], where: str) -> forms.Field:
    """A colour that can be read on the grounds, or none."""

    def convert(typed: str) -> str:
        if not typed:
            return ""
        try:
            colour = contrast.parsed(typed)
        except ValueError:
            raise ValueError(_("Bitte eine Farbe wie #2044aa eingeben.")) from None
        reached = contrast.least(colour, grounds)
        if reached < contrast.ENOUGH:
            words = {"where": _(where), "ratio": f"{int(reached * 100) / 100:.2f}".replace(".", ",")}
            words["instead"] = contrast.nearest(colour, grounds)
            raise ValueError(
                _(
                    "%(where)s hat diese Farbe einen Kontrast von nur %(ratio)s : 1, nötig sind 4,5 : 1. "
                    "Die nächste lesbare ist %(instead)s."
                )
                % words
            )
        return colour

    return convert


def _vat_id(typed: str) -> str:
    bare = typed.replace(" ", "").upper()
    if bare and not (bare.startswith("DE") and len(bare) == 11 and bare[2:].isascii() and bare[2:].isdigit()):
        raise ValueError(_("Bitte eine Nummer wie DE123456789 eingeben."))
    return bare


def _not_before(today: date) -> forms.Field:
    def convert(typed: str) -> date:
        day = forms.day(typed)
        if day < today:
            raise ValueError(_("Eine Änderung gilt frühestens ab heute."))
        return day

    return convert


def _sample(clerk: Clerk, new: Edit) -> str:
    """The address of the stylesheet for the samples."""
    town = clerk.town
    pairs = (*colours(town.accent, town.accent_dark), *colours(new["accent"], new["accent_dark"]))
    query = {name: colour[1:] for name, colour in zip(SAMPLES, pairs, strict=True)}
    return f"{clerk.desk}/auftritt/farben.css?{urlencode(query)}"


def _show(
    request: Request, session: Session, clerk: Clerk, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    town = clerk.town
    today = local_date(now, town.zone)
    usual = {name: getattr(town, name) for name in APPEARANCE.fields if name != "logo_id"}
    shown: dict[str, Any] = {"typed": usual | {"valid_from": today.isoformat()}, "preview": None} | context
    new = shown["preview"]
    past = revisions.history(session, APPEARANCE, town.id)
    return show(
        request,
        clerk,
        "desk/appearance.html",
        now,
        status,
        labels={name: _(field.label) for name, field in APPEARANCE.fields.items()}
        | {"valid_from": _("Gilt ab"), "logo": _("Logo")},
        may_administer=may(clerk.role, ADMINISTER),
        sample=_sample(clerk, new) if new else "",
        history=[(revision, "", revisions.differences(revision)) for revision in past],
        today=today,
        **{"differences": []} | shown,
    )


routes = [appearance_page, preview, save, logo, sample_colours]
