"""What a town sets itself: the page that leads to all of it, and the history of all edits, with their undo."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk, revisions, staff
from buchbar.accounts.models import Clerk, Revision
from buchbar.accounts.roles import ADMINISTER, AUDIT, LEAD, LOOK, PRICES, RULES, WHY_NOT, may, sees
from buchbar.base.errors import Forbidden
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, get_number, redirect
from buchbar.booking import desk_money, set_up
from buchbar.booking.desk_frame import show

PAGE = 25
# Where it is, how it is called, what it is for, and the right that it takes to see it.
PAGES = (
    ("trauorte", N_("Trauorte"), N_("Texte, Bilder, Personenzahl, Zugang, Zeiten"), RULES),
    ("standesbeamte", N_("Standesbeamt:innen"), N_("Wer traut, wo und wann: Dienste, Urlaub, Fortbildung"), RULES),
    ("sperrzeiten", N_("Sperrzeiten"), N_("Tage und Stunden, an denen es keine Trauungen gibt"), RULES),
    ("hallen/verwalten", N_("Sporthallen"), N_("Hallen, ihre Teile und Zeiten, Hausmeister"), RULES),
    ("hallen/ferien", N_("Schulferien"), N_("Tage ohne Schule, vom Land und eigene"), RULES),
    ("tueren", N_("Türen"), N_("Türen der Hallen, ihre Schlösser und Codes"), LOOK),
    ("regelung", N_("Regelung"), N_("Wann gebucht werden kann, wer zustimmt, welche Fristen gelten"), RULES),
    ("entgelte", N_("Gebühren und Entgelte"), N_("Was eine Buchung kostet, und ab wann"), PRICES),
    ("kassenregeln", N_("Kasse und Zahlungswege"), N_("Konto, Bescheide, Kassenzeichen, Fälligkeit, Mahnung"), PRICES),
    ("brieftexte", N_("Brieftexte"), N_("Was in den E-Mails an die Buchenden steht"), RULES),
    ("aufbewahrung", N_("Aufbewahrung"), N_("Wann persönliche Daten gelöscht werden, und welche als Nächstes"), RULES),
    ("auftritt", N_("Auftritt"), N_("Anschrift, Begrüßung, Impressum und Farben"), RULES),
    ("abos", N_("Kalender-Abos"), N_("Kalender für andere Programme"), LOOK),
    ("mitarbeitende", N_("Mitarbeitende"), N_("Wer sich hier anmelden kann, und mit welcher Rolle"), ADMINISTER),
    ("aenderungen", N_("Änderungen"), N_("Wer wann welche Einstellung geändert hat, und zurück"), RULES),
    ("protokoll", N_("Protokoll"), N_("Wer was getan und angesehen hat"), AUDIT),
)
# Those for who has to do with weddings.
OF_WEDDINGS = ("trauorte", "standesbeamte", "sperrzeiten")
# Those for who has to do with halls.
OF_HALLS = ("hallen/verwalten", "hallen/ferien", "tueren")
# Those that mean something at a county, which has no bookings of its own.
AT_COUNTY = ("auftritt", "mitarbeitende", "aenderungen", "protokoll")


@at_desk.get("/einstellungen", PRICES)
def settings_page(request: Request, session: Session, clerk: Clerk, now: datetime) -> Response[Any]:
    town = clerk.town
    fitting = [each for each in PAGES if town.kind == "town" or each[0] in AT_COUNTY]
    for journey, theirs in (("weddings", OF_WEDDINGS), ("halls", OF_HALLS)):
        if not sees(clerk.role, journey):
            fitting = [each for each in fitting if each[0] not in theirs]
    pages = [(each[0], _(each[1]), _(each[2])) for each in fitting if may(clerk.role, each[3])]
    steps = set_up.steps(session, town, now)
    missing = any(step.needed and not step.done for step in steps)
    return show(request, clerk, "desk/settings.html", now, pages=pages, steps=steps, missing=missing)


@at_desk.get("/einstellungen/weiter", RULES)
def go_on(request: Request, session: Session, clerk: Clerk, now: datetime) -> Response[Any]:
    """To the next thing that is to be set up; when nothing is missing, to where the town is published."""
    missing = [step for step in set_up.steps(session, clerk.town, now) if step.needed and not step.done]
    return redirect(request, f"{clerk.desk}/{missing[0].page if missing else 'einstellungen'}")


@at_desk.post("/einstellungen/veroeffentlichung", ADMINISTER, N_("Kommune veröffentlicht"))
def publish(request: Request, session: Session, clerk: Clerk, now: datetime) -> Response[Any]:
    set_up.publish(session, clerk.town, now)
    return redirect(request, f"{clerk.desk}/einstellungen")


@at_desk.post("/einstellungen/verbergung", ADMINISTER, N_("Kommune verborgen"))
def hide(request: Request, clerk: Clerk) -> Response[Any]:
    set_up.hide(clerk.town)
    return redirect(request, f"{clerk.desk}/einstellungen")


@at_desk.get("/aenderungen", RULES, N_("Änderungen angesehen"))
def all_edits(request: Request, session: Session, clerk: Clerk, now: datetime) -> Response[Any]:
    number = get_number(request, "seite")
    seen = revisions.names_for(clerk.role)
    ours = select(Revision).where(Revision.municipality_id == clerk.town.id, Revision.subject.in_(seen))
    ordered = ours.order_by(Revision.made_at.desc(), Revision.id).limit(PAGE + 1).offset((number - 1) * PAGE)
    found = session.scalars(ordered).all()
    rows = [(each, _title(session, each), revisions.differences(each)) for each in found[:PAGE]]
    return show(
        request,
        clerk,
        "desk/edits.html",
        now,
        rows=rows,
        number=number,
        more=len(found) > PAGE,
        undoable=lambda revision: may(clerk.role, revisions.known(revision.subject).right),
    )


@at_desk.post("/aenderungen/{revision_id:uuid}/ruecknahme", LEAD, N_("Einstellung zurückgenommen"))
def take_back(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, revision_id: FromPath[UUID]
) -> Response[Any]:
    """Back to where the form stood (``von``: a page of this desk)."""
    revision = revisions.revision_of(session, clerk.town, revision_id)
    right = revisions.known(revision.subject).right
    if not may(clerk.role, right):
        raise Forbidden(_(WHY_NOT[right]))
    if revision.subject == staff.CLERK.name:  # who changes the staff takes turns first, and locks rows after that
        staff.clerk_of(session, clerk.town, revision.subject_id)
    revisions.undo(session, clerk.town, revision, now, clerk.name)
    page = form.get("von", "")
    return redirect(request, page if page.startswith(f"{clerk.desk}/") else f"{clerk.desk}/aenderungen")


def _title(session: Session, revision: Revision) -> str:
    """What the revision is about, as it is called today."""
    subject = revisions.known(revision.subject)
    row = session.get(subject.row, revision.subject_id)
    return subject.title(row) if row else ""


routes = [settings_page, go_on, publish, hide, all_edits, take_back, *desk_money.routes]
