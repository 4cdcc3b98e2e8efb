"""How a municipality presents itself: address, imprint, colours, logo. Edited by revisions; pages get it from here."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import contrast, logos, revisions
from buchbar.accounts.models import Municipality
from buchbar.accounts.queries import municipality
from buchbar.accounts.revisions import Field, Subject
from buchbar.base.errors import NotFound
from buchbar.base.texts import N_, _
from buchbar.base.web import get_and_head

KERN = ("#2044aa", "#9eb4e8")  # its blue by day and by night, for samples
FOR_EVER = "public, max-age=31536000, immutable"


def _logo_in_words(logo_id: UUID | None) -> str:
    return _("Bild %s") % str(logo_id)[:8] if logo_id else ""


# In the order of the form.
APPEARANCE = revisions.put_in(
    Subject(
        "appearance",
        Municipality,
        lambda town: _("Auftritt"),
        {
            "office": Field(N_("Name des Amtes")),
            "street": Field(N_("Straße und Hausnummer")),
            "postcode": Field(N_("Postleitzahl")),
            "city": Field(N_("Stadt oder Gemeinde")),
            "phone": Field(N_("Telefon")),
            "email": Field(N_("E-Mail-Adresse")),
            "sports_office": Field(N_("Name des Amtes für Sporthallen")),
            "sports_phone": Field(N_("Telefon für Sporthallen")),
            "sports_email": Field(N_("E-Mail-Adresse für Sporthallen")),
            "greeting": Field(N_("Begrüßung")),
            "responsible": Field(N_("Wer vertritt die Kommune?")),
            "supervision": Field(N_("Aufsichtsbehörde")),
            "vat_id": Field(N_("Umsatzsteuer-Identifikationsnummer")),
            "imprint": Field(N_("Weitere Angaben im Impressum")),
            "privacy_contact": Field(N_("Datenschutzbeauftragte oder Datenschutzbeauftragter")),
            "access_contact": Field(N_("Wohin wendet man sich, wenn etwas nicht barrierefrei ist?")),
            "accent": Field(N_("Farbe auf hellem Grund")),
            "accent_dark": Field(N_("Farbe auf dunklem Grund")),
            "logo_id": Field(N_("Logo"), UUID | None, _logo_in_words),
        },
    )
)


def colours(accent: str, accent_dark: str) -> tuple[str, str]:
    """The colours on light and on dark ground: KERN's where none is given; the dark one follows from the other."""
    return (accent, accent_dark or contrast.nearest(accent, contrast.DARK)) if accent else KERN


def stylesheet(light: str, dark: str, scope: str = ":root") -> str:
    """The colours as KERN's own variables, in a stylesheet that comes after KERN's."""

    def rule(colour: str) -> str:
        return f"{scope}{{--kern-color-action-default:{colour};--action:{colour}}}"

    return f"{rule(light)}@media (prefers-color-scheme:dark){{{rule(dark)}}}"


@get_and_head("/{town_slug:str}/farben.css", opt={"exclude_from_csrf": True})
def colours_of_town(request: Request, session: Session, now: datetime, town_slug: FromPath[str]) -> Response[Any]:
    """``?v=`` is the colours themselves, so that the answer may be kept for ever."""
    town = municipality(session, town_slug, request, now)
    if not town.accent:
        raise NotFound
    current = request.query_params.get("v") == (town.accent + town.accent_dark).replace("#", "")
    headers = {"cache-control": FOR_EVER if current else "no-cache"}
    return Response(stylesheet(*colours(town.accent, town.accent_dark)), headers=headers, media_type="text/css")


@get_and_head("/{town_slug:str}/logo.png", opt={"exclude_from_csrf": True})
def logo_of_town(request: Request, session: Session, now: datetime, town_slug: FromPath[str]) -> Response[Any]:
    town = municipality(session, town_slug, request, now)
    logo = logos.of(session, town, town.logo_id)
    if logo is None:
        raise NotFound
    headers = {"cache-control": FOR_EVER if request.query_params.get("v") == str(logo.id) else "no-cache"}
    return Response(logo.content, headers=headers, media_type="image/png")


routes = [colours_of_town, logo_of_town]
