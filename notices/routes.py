"""The post of the demonstration: where no mail server is set up, the letters can be read here."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from buchbar.base.errors import NotFound
from buchbar.base.web import get, page, security_headers, settings_of
from buchbar.notices.models import Letter

AT_ONCE = 25
ZONE = ZoneInfo("Europe/Berlin")
# The letter's own style may stand in it, and nothing else; only our page may frame it.
LETTER_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'"


@get("/demo/post")
def post_office(request: Request, session: Session) -> Response[Any]:
    _only_in_demonstration(request)
    typed = request.query_params.get("seite", "1")
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 1
    letters, more = _newest(session, max(number, 1))
    return page(request, "notices/post.html", letters=letters, number=max(number, 1), more=more, zone=ZONE)


@get("/demo/post/{letter_id:uuid}")
def one_letter(request: Request, session: Session, letter_id: FromPath[UUID]) -> Response[Any]:
    letter = _letter(request, session, letter_id)
    shown = page(request, "notices/letter.html", letter=letter, zone=ZONE)
    policy = dict(security_headers(settings_of(request)))[b"content-security-policy"].decode()
    shown.headers["content-security-policy"] = f"{policy}; frame-src 'self'"
    return shown


@get("/demo/post/{letter_id:uuid}/html")
def as_html(request: Request, session: Session, letter_id: FromPath[UUID]) -> Response[bytes]:
    letter = _letter(request, session, letter_id)
    headers = {"content-security-policy": LETTER_POLICY}
    return Response(letter.html.encode(), media_type="text/html", headers=headers)


@get("/demo/post/{letter_id:uuid}/termin.ics")
def calendar_part(request: Request, session: Session, letter_id: FromPath[UUID]) -> Response[bytes]:
    letter = _letter(request, session, letter_id)
    if letter.calendar is None:
        raise NotFound
    headers = {"content-disposition": 'attachment; filename="termin.ics"'}
    return Response(letter.calendar.encode(), media_type="text/calendar", headers=headers)


def _only_in_demonstration(request: Request) -> None:
    settings = settings_of(request)
    if not settings.demo or settings.smtp_url:
        raise NotFound


def _letter(request: Request, session: Session, letter_id: UUID) -> Letter:
    _only_in_demonstration(request)
    letter = session.get(Letter, letter_id)
    if letter is None:
        raise NotFound
    return letter


def _newest(session: Session, number: int) -> tuple[Sequence[Letter], bool]:
    """One page of letters, the newest first, and whether there are older ones."""
    shown = load_only(Letter.to_address, Letter.subject, Letter.written_at, Letter.sent_at, Letter.calendar_method)
    newest = select(Letter).options(shown).where(Letter.paper.is_(None)).order_by(Letter.written_at.desc(), Letter.id)
    rows = session.scalars(newest.offset((number - 1) * AT_ONCE).limit(AT_ONCE + 1)).all()
    return rows[:AT_ONCE], len(rows) > AT_ONCE


routes = [post_office, one_letter, as_html, calendar_part]
