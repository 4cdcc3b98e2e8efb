"""The photographs of a venue at the desk: upload, what they show in words, their order, taking them down."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LEAD
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking.editing import save
from buchbar.booking.weddings.desk_edits import venue_of
from buchbar.booking.weddings.desk_venues import show_venue
from buchbar.booking.weddings.edits import VENUE
from buchbar.resources import pictures
from buchbar.resources.models import Venue
from buchbar.resources.pictures import MOST_BYTES, MOST_PICTURES, Made, Shown

# The picture, and what a form has around it.
MOST_POSTED = MOST_BYTES + 500_000
LONGEST_ALT = 250


@at_desk.post("/trauorte/{venue_id:uuid}/bilder", LEAD, N_("Bild hochgeladen"), request_max_body_size=MOST_POSTED)
def upload(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, venue_id: FromPath[UUID]
) -> Response[Any]:
    venue = venue_of(session, clerk, venue_id, lock=True)
    shown = pictures.shown(session, venue)
    try:
        made, alt = _read(form, len(shown))
    except Invalid as fault:
        words = {"alt": form.get("alt", "")}
        return show_venue(request, session, clerk, now, venue, 422, picture_faults=fault.fields, picture_typed=words)
    picture = pictures.add(session, venue, made, alt, now, clerk.name)
    return _saved(request, session, clerk, now, venue, [*shown, Shown(picture.id, alt)])


@at_desk.post("/trauorte/{venue_id:uuid}/bilder/{picture_id:uuid}", LEAD, N_("Bild geändert"))
def change(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    venue_id: FromPath[UUID],
    picture_id: FromPath[UUID],
) -> Response[Any]:
    """``was`` says what: its text, one place forward or back, or down with it."""
    venue = venue_of(session, clerk, venue_id, lock=True)
    shown = pictures.shown(session, venue)
    place = next((n for n, each in enumerate(shown) if each.id == picture_id), None)
    if place is None:
        raise NotFound
    try:
        wanted = _changed(shown, place, form)
    except Invalid as fault:
        return show_venue(request, session, clerk, now, venue, 422, picture_faults=fault.fields)
    return _saved(request, session, clerk, now, venue, wanted)


def _read(form: Form, count: int) -> tuple[Made, str]:
    """The uploaded picture, made anew, and what it shows. Raises Invalid."""
    faults: dict[str, str] = {}
    alt, made = "", None
    try:
        alt = str(forms.text(LONGEST_ALT)(form.get("alt", "").strip()))
    except ValueError as fault:
        faults["alt"] = str(fault)
    try:
        made = _made(form, count)
    except ValueError as fault:
        faults["bild"] = str(fault)
    if faults or made is None:
        raise Invalid(faults)
    return made, alt


def _made(form: Form, count: int) -> Made:
    if count >= MOST_PICTURES:
        raise ValueError(
            _("Mehr als %d Bilder je Trauort gibt es nicht. Bitte nehmen Sie zuerst eines heraus.") % count
        )
    uploaded = form.upload("bild")
    if uploaded is None:
        raise ValueError(_("Bitte wählen Sie eine Datei aus."))
    return pictures.make(*uploaded)


def _changed(shown: list[Shown], place: int, form: Form) -> list[Shown]:
    wanted = [*shown]
    match form.get("was", ""):
        case "text":
            read = forms.read(form, alt=forms.text(LONGEST_ALT))
            wanted[place] = Shown(wanted[place].id, read.alt)
        case "vor" if place > 0:
            wanted.insert(place - 1, wanted.pop(place))
        case "zurueck":
            wanted.insert(place + 1, wanted.pop(place))
        case "weg":
            wanted.pop(place)
    return wanted


def _saved(
    request: Request, session: Session, clerk: Clerk, now: datetime, venue: Venue, wanted: list[Shown]
) -> Response[Any]:
    save(session, clerk, VENUE, venue, {"pictures": wanted}, now)
    return redirect(request, f"{clerk.desk}/trauorte/{venue.id}?gespeichert=bild#bilder")


routes = [upload, change]
