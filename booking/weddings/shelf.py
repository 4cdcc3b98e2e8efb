"""Whole answers to anonymous visitors, kept as long as they are true.

A kept page is checked against one tiny query: the town's version (rules, venues, policies) and the sum of its
resources' versions (claims). It is thrown away at the latest when a hold in the town runs out, when the next day
begins or a minute has passed. The database alone decides what is booked; a page only shows. What is kept is for
everybody, so these pages have no form that posts, and go without the token against forged requests (FOR_EVERYBODY).
"""

import gzip
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.accounts.queries import municipality
from buchbar.base.texts import language
from buchbar.base.web import is_htmx
from buchbar.booking.models import Claim
from buchbar.resources.models import Resource

MOST = 300
LIFE = timedelta(minutes=1)
Version = tuple[int, int | None] | None
FOR_EVERYBODY = {"exclude_from_csrf": True}
_TOWN, _RESOURCE = Municipality.__table__.c, Resource.__table__.c
_CLAIMS_VERSION = select(func.sum(_RESOURCE.version)).where(_RESOURCE.municipality_id == _TOWN.id)
_VERSION = select(_TOWN.version, _CLAIMS_VERSION.scalar_subquery()).where(_TOWN.slug == bindparam("slug"))


@dataclass(frozen=True, slots=True)
class Kept:
    version: Version
    until: datetime
    status: int
    plain: bytes
    zipped: bytes


def anonymous(
    request: Request, session: Session, town_slug: str, now: datetime, make: Callable[[Municipality], Response[Any]]
) -> Response[Any]:
    """The kept answer, or a new one. Raises NotFound where there is no such town."""
    shelf: OrderedDict[tuple[object, ...], Kept] = session.info["cache"].setdefault("shelf", OrderedDict())
    key = (request.scope["path"], request.scope["query_string"], language.get(), is_htmx(request))
    version: Version = session.execute(_VERSION, {"slug": town_slug}).one_or_none()
    kept = shelf.get(key)
    if kept is None or kept.version != version or kept.until <= now:
        town = municipality(session, town_slug)
        kept = _keep(version, _until(session, town, now), make(town))
        shelf[key] = kept
        shelf.move_to_end(key)
        while len(shelf) > MOST:
            shelf.pop(next(iter(shelf)), None)
    return _answer(request, kept)


def _keep(version: Version, until: datetime, made: Response[Any]) -> Kept:
    return Kept(version, until, made.status_code or 200, made.content, gzip.compress(made.content, 4))


def _answer(request: Request, kept: Kept) -> Response[bytes]:
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"vary": "HX-Request, Accept-Encoding, Accept-Language, Cookie", "cache-control": "no-cache"}
    if zipped:
        headers["content-encoding"] = "gzip"
    content = kept.zipped if zipped else kept.plain
    return Response(content, status_code=kept.status, media_type="text/html", headers=headers)


def _until(session: Session, town: Municipality, now: datetime) -> datetime:
    """A hold that runs out frees its slot at that second."""
    ours = select(Resource.id).where(Resource.municipality_id == town.id)
    next_end = session.scalar(
        select(func.min(Claim.expires_at)).where(Claim.resource_id.in_(ours), Claim.expires_at > now)
    )
    return min(now + LIFE, next_end or now + LIFE)
