"""Whole answers to anonymous visitors, kept as long as they are true.

A kept page is checked against one tiny query: the town's version (rules, venues, policies) and the sum of its
resources' versions (claims). It is thrown away at the latest when a hold in the town runs out or the next minute of
the clock begins: days are released, and become too near or past, at full minutes. The database alone decides what is
booked; a page only shows. What is kept is for everybody, so these pages have no form that posts, and go
without the token against forged requests.
"""

import asyncio
import gzip
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

from litestar import Request, Response
from sqlalchemy import bindparam, func, select

from buchbar.accounts.models import Municipality
from buchbar.base.db import Database, table_of
from buchbar.base.texts import language
from buchbar.base.web import Answer, in_thread, is_htmx
from buchbar.booking.models import Claim
from buchbar.resources.models import Resource

MOST = 300
LIFE = timedelta(minutes=1)
_TOWN, _RESOURCE, _CLAIM = table_of(Municipality).c, table_of(Resource).c, table_of(Claim).c
_CLAIMS_VERSION = select(func.sum(_RESOURCE.version)).where(_RESOURCE.municipality_id == _TOWN.id)
_VERSION = select(_TOWN.version, _CLAIMS_VERSION.scalar_subquery(), _TOWN.published).where(
    _TOWN.slug == bindparam("slug")
)
_NEXT_END = (
    select(func.min(_CLAIM.expires_at))
    .join(table_of(Resource), _RESOURCE.id == _CLAIM.resource_id)
    .join(table_of(Municipality), _TOWN.id == _RESOURCE.municipality_id)
    .where(_TOWN.slug == bindparam("slug"), _CLAIM.expires_at > bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class Kept:
    version: object
    until: datetime
    status: int
    plain: bytes
    zipped: bytes


@dataclass
class Shelf:
    """What a process has kept, and for each town the question for its version that is to be asked next."""

    pages: OrderedDict[tuple[object, ...], Kept] = field(default_factory=OrderedDict)
    asking: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    next: dict[str, asyncio.Task[object]] = field(default_factory=dict)


async def anonymous(request: Request, now: datetime, answer: Answer) -> Response[Any]:
    """The kept answer, or a new one."""
    shelf: Shelf = request.app.state.database.info["cache"].setdefault("shelf", Shelf())
    key = (request.scope["path"], request.scope["query_string"], language.get(), is_htmx(request))
    version: Any = await _version(request, shelf)
    if version and not version.published:  # what those see who set the town up is for nobody else
        return await answer()
    kept = shelf.pages.get(key)
    if kept is None or kept.version != version or kept.until <= now:
        made = await answer()
        until = await in_thread(request, lambda: _until(request, now))
        kept = Kept(version, until, made.status_code, made.content, gzip.compress(made.content, 4))
        shelf.pages[key] = kept
        shelf.pages.move_to_end(key)
        if len(shelf.pages) > MOST:
            shelf.pages.popitem(last=False)
    return _answer(request, kept)


FOR_EVERYBODY: dict[str, Any] = {"kept_by": anonymous, "exclude_from_csrf": True}


def _answer(request: Request, kept: Kept) -> Response[bytes]:
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"vary": "HX-Request, Accept-Encoding, Accept-Language, Cookie", "cache-control": "no-cache"}
    if zipped:
        headers["content-encoding"] = "gzip"
    content = kept.zipped if zipped else kept.plain
    return Response(content, status_code=kept.status, media_type="text/html", headers=headers)


async def _version(request: Request, shelf: Shelf) -> object:
    """The version of the town at a moment after this request came.

    Who comes while the database is being asked shares the next question, so that a crowd costs one at a time.
    """
    slug, database = request.path_params["town_slug"], request.app.state.database

    async def ask() -> object:
        async with shelf.asking.setdefault(slug, asyncio.Lock()):
            await asyncio.sleep(0)
            del shelf.next[slug]
            return await in_thread(request, lambda: database.ask(_VERSION, slug=slug))

    if slug not in shelf.next:
        shelf.next[slug] = asyncio.create_task(ask())
    return await asyncio.shield(shelf.next[slug])


def _until(request: Request, now: datetime) -> datetime:
    """A hold that runs out frees its slot at that second, all else changes with the minute."""
    database: Database = request.app.state.database
    with database.read() as session:
        next_end = session.scalar(_NEXT_END, {"slug": request.path_params["town_slug"], "now": now})
    next_minute = now.replace(second=0, microsecond=0) + LIFE
    return min(next_minute, next_end or next_minute)
