"""Letters to citizens about their account and their clubs, and to the office about clubs that want to book."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.clubs import Invitation, Member, Organisation
from buchbar.accounts.models import Municipality
from buchbar.accounts.people import Person
from buchbar.accounts.queries import places
from buchbar.base import texts
from buchbar.base.errors import NotFound
from buchbar.base.settings import Settings
from buchbar.base.texts import N_, _
from buchbar.base.tokens import link_token
from buchbar.notices import letters

INVITATION = "einladung"
# Pages of who books for a club, beside those of the halls themselves.
OF_CLUBS = ("/konto/verein", "/konto/einladung", "/serie/")
JOURNEY = "halls"
# What the members of a club hear: the subject, what has happened, and whether the account is where to look.
NEWS: dict[str, tuple[str, str]] = {
    "applied": (
        N_("Ihr Antrag ist eingegangen: %(club)s"),
        N_(
            "danke für Ihren Antrag. Wir prüfen, ob %(club)s bei uns Hallen buchen kann, und schreiben Ihnen dann. "
            "Den Stand sehen Sie jederzeit in Ihrem Konto."
        ),
    ),
    "approved": (
        N_("%(club)s kann jetzt Hallen buchen"),
        N_(
            "%(club)s ist zugelassen und kann ab sofort Hallen buchen. Wer sonst noch buchen soll, laden Sie in Ihrem "
            "Konto ein."
        ),
    ),
    "refused": (
        N_("Ihr Antrag wurde abgelehnt: %(club)s"),
        N_("Ihren Antrag für %(club)s konnten wir leider nicht annehmen."),
    ),
    "blocked": (
        N_("%(club)s kann zurzeit nicht buchen"),
        N_(
            "wir haben das Buchen für %(club)s gesperrt. Was schon gebucht ist, bleibt eingetragen, und Sie können es "
            "freigeben. Ändern können Sie es zurzeit nicht, und Türcodes zeigen wir nicht."
        ),
    ),
    "freed": (
        N_("%(club)s kann wieder Hallen buchen"),
        N_("die Sperre für %(club)s ist aufgehoben. Sie können wieder buchen."),
    ),
    "changed": (
        N_("Angaben geändert: %(club)s"),
        N_("wir haben Angaben zu %(club)s geändert. Stimmt etwas nicht? Dann sagen Sie uns bitte Bescheid."),
    ),
    "manager": (
        N_("Sie verwalten jetzt %(club)s"),
        N_("Sie verwalten jetzt %(club)s: Sie laden ein und entfernen, wer für den Verein Hallen bucht."),
    ),
    "booker": (
        N_("Sie verwalten %(club)s nicht mehr"),
        N_("Sie verwalten %(club)s nicht mehr. Hallen buchen können Sie weiterhin."),
    ),
    "removed": (
        N_("Sie buchen nicht mehr für %(club)s"),
        N_("Sie können nicht mehr für %(club)s buchen. Fragen dazu beantwortet, wer den Verein verwaltet."),
    ),
}


def write_code(session: Session, onward: str, email: str, code: str, minutes: int, at: datetime) -> None:
    """Mail the code for signing in, in the name of the town and the office to whose page (``onward``) it leads."""
    context: dict[str, Any] = {"code": code, "minutes": minutes}
    town = _sender(session, onward.split("/")[1])
    if "/hallen" in onward or onward.startswith(OF_CLUBS):
        context["office"] = town.office_for("halls")
    _write(session, town, email, "account_code", _("Ihr Code für die Anmeldung"), at, **context)


def invite(session: Session, invitation: Invitation, at: datetime) -> None:
    """Mail an invitation. What its club is called is all that stands in it of theirs: the address may be a
    stranger's."""
    organisation = invitation.organisation
    subject = _("Einladung: Hallen buchen für %(club)s") % {"club": organisation.name}
    token = link_token(_settings(session).secret, INVITATION, invitation.id)
    link = f"{_settings(session).base_url}/konto/einladung/{token}"
    context = {"club": organisation.name, "role": invitation.role, "link": link, "until": invitation.expires_at}
    _write(session, organisation.municipality, invitation.email, "club_invitation", subject, at, **context)


def tell(session: Session, organisation: Organisation, person: Person, news: str, at: datetime) -> None:
    """Tell one person what has happened, in their language."""
    subject, words = NEWS[news]
    with texts.speaking(person.language):
        club = {"club": organisation.name}
        reason = organisation.reason if news in ("refused", "blocked") else ""
        context = {"name": person.name, "words": _(words) % club, "reason": reason, "link": _account(session)}
        _write(session, organisation.municipality, person.email, "club", _(subject) % club, at, **context)


def tell_managers(session: Session, organisation: Organisation, news: str, at: datetime) -> None:
    """Tell those who manage a club what has happened."""
    managers = (
        select(Person)
        .join(Member, Member.person_id == Person.id)
        .where(Member.organisation_id == organisation.id, Member.role == "manager")
    )
    for person in session.scalars(managers.order_by(Person.email)):
        tell(session, organisation, person, news, at)


def tell_office(session: Session, organisation: Organisation, at: datetime) -> None:
    """Tell the office that a club waits to be looked at: without its name, which anybody may have typed."""
    town = organisation.municipality
    email = town.office_for("halls").email
    if not email:
        return
    with texts.speaking("de"):
        link = f"{_settings(session).base_url}/{town.slug}/amt/vereine/{organisation.id}"
        _write(session, town, email, "club_office", _("Ein Verein möchte Hallen buchen"), at, link=link)


def _write(
    session: Session, town: Municipality, to: str, kind: str, subject: str, at: datetime, **context: Any
) -> None:
    office = context.pop("office", None) or town.office_for("halls" if kind.startswith("club") else "weddings")
    context = {"town": town, "office": office, "zone": town.zone, "subject": subject} | context
    text, html = letters.rendered(kind, **context)
    letters.write(
        session,
        municipality=town,
        booking_id=None,
        kind=kind,
        to=to,
        subject=subject,
        text=text,
        html=html,
        at=at,
        office=office,
    )


def _sender(session: Session, town_slug: str) -> Municipality:
    """The published town of this address, else the first municipality here: a county before its towns."""
    everyone = [one for place in places(session) for one in (place.county, *place.towns) if one is not None]
    if not everyone:
        raise NotFound(_("Diesen Ort gibt es hier nicht."))
    return next((one for one in everyone if one.slug == town_slug), everyone[0])


def _account(session: Session) -> str:
    return f"{_settings(session).base_url}/konto"


def _settings(session: Session) -> Settings:
    settings: Settings = session.info["settings"]
    return settings
