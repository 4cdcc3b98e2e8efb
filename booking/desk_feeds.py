"""Calendar subscriptions at the desk: made for a venue, a registrar or the whole office, revoked with one click."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LOOK, WORK
from buchbar.base import forms
from buchbar.base.errors import Invalid
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
        N_("Zeigt Trauort, Uhrzeit, Gästezahl, Stand und Nummer. Für Trauorte, Hausmeister und die Musik."),
    ),
    "names": (
        N_("Mit Namen"),
        N_("Zeigt dazu die Namen der Paare, nie Telefon oder E-Mail. Nur für Kalender, die allein das Amt sieht."),
    ),
}


@at_desk.get("/abos", LOOK, N_("Kalender-Abos angesehen"))
def all_feeds(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show(request, session, clerk, now)


@at_desk.post("/abos", WORK, N_("Kalender-Abo angelegt"))
def subscribe(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    town = clerk.town
    ours: dict[str, UUID | None] = {OFFICE: None}
    ours |= {str(each.id): each.id for each in queries.resources(session, town)}
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
    feed.revoked_at = feed.revoked_at or now
    return redirect(request, f"{clerk.desk}/abos?erledigt=ja")


def _show(
    request: Request, session: Session, clerk: Clerk, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    base_url = settings_of(request).base_url
    resources = queries.resources(session, clerk.town)
    choices = [("", _("Bitte wählen")), (OFFICE, _("Das ganze Amt"))]
    return show(
        request,
        clerk,
        "desk/feeds.html",
        now,
        status,
        feeds=queries.feeds(session, clerk.town),
        address=lambda feed: base_url + feeds.path(session, feed),
        choices=[*choices, *((str(each.id), each.name) for each in resources)],
        details={key: (_(title), _(about)) for key, (title, about) in DETAILS.items()},
        **({"typed": {}} | context),
    )


routes = [all_feeds, subscribe, revoke]
