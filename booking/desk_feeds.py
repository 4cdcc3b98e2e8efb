"""Calendar subscriptions at the desk: for a venue, a registrar, a hall or the whole office, revoked with one click."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LOOK, WORK, sees
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect, settings_of
from buchbar.booking import feeds, queries
from buchbar.booking.desk_frame import show
from buchbar.resources.models import Feed

OFFICE = "amt"
# What a calendar shows, and to whom it may be given.
DETAILS = {
    "busy": (N_("Nur belegt"), N_("Zeigt, wann etwas ist, und sonst nichts. Das darf jede und jeder sehen.")),
    "plain": (
        N_("Ohne Namen"),
        N_("Zeigt Ort, Uhrzeit, Personenzahl, Stand und Nummer. Für das Haus, den Hausmeister und die Musik."),
    ),
    "names": (
        N_("Mit Namen"),
        N_("Zeigt dazu die Namen, nie Telefon oder E-Mail. Nur für Kalender, die allein das Amt sieht."),
    ),
}


@at_desk.get("/abos", LOOK, N_("Kalender-Abos angesehen"))
def all_feeds(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show(request, session, clerk, now)


@at_desk.post("/abos", WORK, N_("Kalender-Abo angelegt"))
def subscribe(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    town = clerk.town
    ours: dict[str, UUID | None] = {
        key: None if key == OFFICE else UUID(key) for key, _name in _offered(session, clerk)
    }
    try:
        typed = forms.read(
            form,
            ressource=forms.one_of(*ours),
            einzelheiten=lambda given: forms.one_of(*DETAILS)(given or "plain"),
            rundum=forms.ticked,
            notiz=forms.text(120, required=False),
        )
    except Invalid as fault:
        return _show(request, session, clerk, now, 422, faults=fault.fields, typed=dict(form))
    feed = Feed(id=uuid4(), municipality_id=town.id, resource_id=ours[typed.ressource], details=typed.einzelheiten)
    feed.with_around, feed.note = typed.rundum, typed.notiz
    feed.created_by, feed.created_at = clerk.name, now
    session.add(feed)
    return redirect(request, f"{clerk.desk}/abos?erledigt=ja")


@at_desk.post("/abos/{feed_id:uuid}/widerruf", WORK, N_("Kalender-Abo widerrufen"))
def revoke(request: Request, session: Session, now: datetime, clerk: Clerk, feed_id: FromPath[UUID]) -> Response[Any]:
    feed = queries.feed_of(session, clerk.town, feed_id)
    if not _theirs(clerk, feed):
        raise NotFound
    feed.revoked_at = feed.revoked_at or now
    return redirect(request, f"{clerk.desk}/abos?erledigt=ja")


def _theirs(clerk: Clerk, feed: Feed) -> bool:
    """Whether it shows what the clerk's office sees; the whole office is the registry office."""
    of_hall = feed.resource is not None and feed.resource.kind == "hall"
    return sees(clerk.role, "halls" if of_hall else "weddings")


def _offered(session: Session, clerk: Clerk) -> list[tuple[str, str]]:
    """What there can be a calendar of: its value in the form, and its name."""
    offered: list[tuple[str, str]] = []
    if sees(clerk.role, "weddings"):
        offered.append((OFFICE, _("Das ganze Standesamt")))
        offered += [(str(each.id), each.name) for each in queries.resources(session, clerk.town)]
    if sees(clerk.role, "halls"):
        offered += [(str(each.id), each.name) for each in queries.halls(session, clerk.town)]
    return offered


def _show(
    request: Request, session: Session, clerk: Clerk, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    base_url = settings_of(request).base_url
    return show(
        request,
        clerk,
        "desk/feeds.html",
        now,
        status,
        feeds=[feed for feed in queries.feeds(session, clerk.town) if _theirs(clerk, feed)],
        address=lambda feed: base_url + feeds.path(session, feed),
        choices=[("", _("Bitte wählen")), *_offered(session, clerk)],
        details={key: (_(title), _(about)) for key, (title, about) in DETAILS.items()},
        **({"typed": {}} | context),
    )


routes = [all_feeds, subscribe, revoke]
