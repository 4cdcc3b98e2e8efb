"""Calendar subscriptions at the desk: made for one venue or registrar, revoked with one click."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import sign_in
from buchbar.accounts.models import Clerk
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import _
from buchbar.base.web import Form, get, post, redirect, settings_of
from buchbar.booking import feeds, queries
from buchbar.booking.desk_frame import show
from buchbar.resources.models import Feed


@get("/{town_slug:str}/amt/kalender")
def all_feeds(request: Request, session: Session, now: datetime, town_slug: FromPath[str]) -> Response[Any]:
    clerk = sign_in.signed_in(request, session, now, town_slug)
    return _show(request, session, clerk, now)


@post("/{town_slug:str}/amt/kalender")
def subscribe(request: Request, session: Session, now: datetime, form: Form, town_slug: FromPath[str]) -> Response[Any]:
    clerk = sign_in.changing(request, session, now, town_slug)
    town = clerk.municipality
    ours = {str(each.id): each.id for each in queries.resources(session, town)}
    try:
        typed = forms.read(form, ressource=forms.one_of(*ours), namen=forms.ticked)
    except Invalid as fault:
        return _show(request, session, clerk, now, 422, faults=fault.fields, typed=dict(form))
    feed = Feed(id=uuid4(), municipality_id=town.id, resource_id=ours[typed.ressource], with_names=typed.namen)
    feed.created_by, feed.created_at = clerk.name, now
    session.add(feed)
    return redirect(request, f"/{town_slug}/amt/kalender")


@post("/{town_slug:str}/amt/kalender/{feed_id:uuid}/widerruf")
def revoke(
    request: Request, session: Session, now: datetime, town_slug: FromPath[str], feed_id: FromPath[UUID]
) -> Response[Any]:
    clerk = sign_in.changing(request, session, now, town_slug)
    feed = queries.feed_of(session, clerk.municipality, feed_id)
    feed.revoked_at = feed.revoked_at or now
    return redirect(request, f"/{town_slug}/amt/kalender")


def _show(
    request: Request, session: Session, clerk: Clerk, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    base_url = settings_of(request).base_url
    resources = queries.resources(session, clerk.municipality)
    return show(
        request,
        clerk,
        "desk/feeds.html",
        now,
        status,
        feeds=queries.feeds(session, clerk.municipality),
        address=lambda feed: base_url + feeds.path(session, feed),
        choices=[("", _("Bitte wählen")), *((str(each.id), each.name) for each in resources)],
        **({"typed": {}} | context),
    )


routes = [all_feeds, subscribe, revoke]
