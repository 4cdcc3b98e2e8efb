"""Letter texts at the desk: what a town says in its own words, letter by letter, in German and English."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk, revisions
from buchbar.accounts.models import Clerk, Municipality
from buchbar.accounts.roles import LEAD, RULES
from buchbar.base import forms, limits, texts
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect, security_headers, settings_of
from buchbar.booking import journeys
from buchbar.booking.desk_frame import show
from buchbar.booking.journeys import InLetters
from buchbar.calendar.walls import local_date
from buchbar.notices import letters, wordings
from buchbar.notices.routes import LETTER_POLICY
from buchbar.notices.wordings import Wording

LONGEST = {"subject": 150, "opening": 1200, "closing": 600}
TESTS = 10  # mails to oneself in an hour
SUBJECT = revisions.put_in(
    revisions.Subject(
        name="wording",
        row=Wording,
        title=lambda row: (
            _("Brieftext: %(letter)s (%(language)s)")
            % {"letter": _letters_with(row.kind).title(row.kind), "language": texts.LANGUAGES[row.language]}
        ),
        fields={
            "subject": revisions.Field(N_("Betreff")),
            "opening": revisions.Field(N_("Anfang")),
            "closing": revisions.Field(N_("Schluss")),
        },
    )
)


@at_desk.get("/brieftexte", RULES)
def all_wordings(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    ours = session.scalars(select(Wording).where(Wording.municipality_id == clerk.town.id))
    own = {(row.kind, row.language) for row in ours if row.subject or row.opening or row.closing}
    theirs = journeys.seen_by(clerk.role)
    return show(request, clerk, "desk/wordings.html", now, journeys=theirs, own=own, names=texts.LANGUAGES)


@at_desk.get("/brieftexte/{kind:str}/{language:str}", RULES)
def one_wording(
    request: Request, session: Session, now: datetime, clerk: Clerk, kind: FromPath[str], language: FromPath[str]
) -> Response[Any]:
    said = _("Gespeichert.") if request.query_params.get("gespeichert") else ""
    return _show(request, session, clerk, now, _standing(session, clerk, kind, language), said=said)


@at_desk.post("/brieftexte/{kind:str}/{language:str}", LEAD, N_("Brieftext geändert"))
def save(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    kind: FromPath[str],
    language: FromPath[str],
) -> Response[Any]:
    standing = _standing(session, clerk, kind, language)
    try:
        typed = _read(form, kind)
        valid_from = forms.read(form, valid_from=_from(clerk.town, now)).valid_from
    except Invalid as fault:
        return _show(request, session, clerk, now, standing, 422, faults=fault.fields, typed=dict(form))
    row = wordings.kept(session, clerk.town.id, kind, language)
    edited = revisions.edit(session, clerk.town, SUBJECT, row, typed, valid_from=valid_from, at=now, by=clerk.name)
    here = f"{clerk.desk}/brieftexte/{kind}/{language}"
    return redirect(request, f"{here}?gespeichert=ja" if edited else here)


@at_desk.post("/brieftexte/{kind:str}/{language:str}/vorschau", LEAD, N_("Brieftext in der Vorschau angesehen"))
def preview(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    kind: FromPath[str],
    language: FromPath[str],
) -> Response[Any]:
    standing = _standing(session, clerk, kind, language)
    try:
        typed = _read(form, kind)
    except Invalid as fault:
        return _show(request, session, clerk, now, standing, 422, faults=fault.fields, typed=dict(form))
    differences = revisions.differences_of(SUBJECT, standing, typed)
    said = _("So sähe der Brief aus. Gespeichert ist noch nichts.")
    words = _as_typed(standing, typed)
    return _show(
        request, session, clerk, now, standing, words=words, typed=dict(form), differences=differences, said=said
    )


@at_desk.post("/brieftexte/{kind:str}/{language:str}/test", LEAD, N_("Brieftext an sich selbst geschickt"))
def send_test(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    kind: FromPath[str],
    language: FromPath[str],
) -> Response[Any]:
    standing = _standing(session, clerk, kind, language)
    try:
        words = _as_typed(standing, _read(form, kind))
    except Invalid as fault:
        return _show(request, session, clerk, now, standing, 422, faults=fault.fields, typed=dict(form))
    secret, an_hour = settings_of(request).secret, timedelta(hours=1)
    limits.count(session, secret, "test-letter", str(clerk.id), most=TESTS, per=an_hour, now=now)
    _send_test(session, clerk, words, now)
    said = _("Der Test ist unterwegs an %s.") % clerk.email
    return _show(request, session, clerk, now, standing, words=words, typed=dict(form), said=said)


def _send_test(session: Session, clerk: Clerk, words: Wording, now: datetime) -> None:
    with texts.speaking(words.language):
        subject, text, html = _letters_with(words.kind).example(session, clerk.town, words.kind, words, now)
        letters.write(
            session,
            municipality=clerk.town,
            booking_id=None,
            kind="test",
            to=clerk.email,
            subject=_("Test: %s") % subject,
            text=text,
            html=html,
            at=now,
        )


@at_desk.get("/brieftexte/{kind:str}/{language:str}/ansicht", RULES)
def as_html(
    request: Request, session: Session, now: datetime, clerk: Clerk, kind: FromPath[str], language: FromPath[str]
) -> Response[Any]:
    """The letter as mail programs show it, in the words that the address carries, for the frame on the page."""
    standing = _standing(session, clerk, kind, language)
    query = request.query_params
    if any(name in query for name in LONGEST):
        standing = _as_typed(standing, _read({name: query.get(name, "") for name in LONGEST}, kind))
    with texts.speaking(language):
        _subject, _text, html = _letters_with(kind).example(session, clerk.town, kind, standing, now)
    headers = {"content-security-policy": LETTER_POLICY}
    return Response(html.encode(), media_type="text/html", headers=headers)


def _letters_with(kind: str) -> InLetters:
    """The letters of the journey that has one of this kind. Raises NotFound."""
    for journey in journeys.known():
        if kind in journey.letters.kinds:
            return journey.letters
    raise NotFound


def _standing(session: Session, clerk: Clerk, kind: str, language: str) -> Wording:
    """The town's words as they are today, perhaps all empty. Raises NotFound for a letter that there isn't, or of a
    journey that the clerk doesn't see."""
    town, theirs = clerk.town, journeys.seen_by(clerk.role)
    if not any(kind in journey.letters.kinds for journey in theirs):
        raise NotFound
    if language not in _letters_with(kind).languages(kind):
        raise NotFound
    empty = Wording(municipality_id=town.id, kind=kind, language=language, subject="", opening="", closing="")
    return wordings.of(session, town.id, kind, language) or empty


def _as_typed(standing: Wording, typed: Mapping[str, str]) -> Wording:
    return Wording(kind=standing.kind, language=standing.language, **typed)


def _read(form: Mapping[str, str], kind: str) -> dict[str, str]:
    """The three texts. Raises Invalid with the sentence for each that can't be used."""
    known = _letters_with(kind).variables(kind)
    return vars(forms.read(form, **{name: _words(longest, name, known) for name, longest in LONGEST.items()}))


def _words(longest: int, name: str, known: Mapping[str, str]) -> forms.Field:
    def convert(typed: str) -> str:
        lines = name != "subject"
        words = str(forms.text(longest, required=False, lines=lines)(typed)).replace("\r\n", "\n")
        if not lines and len(words.splitlines()) > 1:
            raise ValueError(_("Der Betreff ist eine einzige Zeile."))
        return wordings.check(words, known)

    return convert


def _from(town: Municipality, now: datetime) -> forms.Field:
    """From which day it holds: today or later."""

    def convert(typed: str) -> date:
        day: date = forms.day(typed)
        if day < local_date(now, town.zone):
            raise ValueError(_("Bitte heute oder einen späteren Tag."))
        return day

    return convert


def _show(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    standing: Wording,
    status: int = 200,
    words: Wording | None = None,
    **context: Any,
) -> Response[Any]:
    kind, language, words = standing.kind, standing.language, words or standing
    mine = _letters_with(kind)
    with texts.speaking(language):
        subject, text, _html = mine.example(session, clerk.town, kind, words, now)
        built_in = mine.example(session, clerk.town, kind, Wording(subject="", opening="", closing=""), now)
    history = revisions.history(session, SUBJECT, standing.id) if standing.id else []
    today = local_date(now, clerk.town.zone)
    now_typed = {name: getattr(standing, name) for name in LONGEST} | {"valid_from": today.isoformat()}
    here = f"{clerk.desk}/brieftexte/{kind}/{language}"
    shown = show(
        request,
        clerk,
        "desk/wording.html",
        now,
        status,
        here=here,
        return_to=here,
        kind=kind,
        language_of_letter=language,
        letter=mine.title(kind),
        languages_of_letter=[(code, texts.LANGUAGES[code]) for code in mine.languages(kind)],
        variables=mine.variables(kind),
        longest=LONGEST,
        subject=subject,
        text=text,
        built_in=built_in[0],
        frame=f"{here}/ansicht?" + urlencode({name: getattr(words, name) for name in LONGEST}),
        history=[(each, "", revisions.differences(each)) for each in history],
        today=today,
        **({"typed": now_typed, "differences": []} | context),
    )
    policy = dict(security_headers(settings_of(request)))[b"content-security-policy"].decode()
    shown.headers["content-security-policy"] = f"{policy}; frame-src 'self'"
    return shown


routes = [all_wordings, one_wording, save, preview, send_test, as_html]
