"""Handlers of the desk. Each says which right it needs and how the audit trail calls it; here both are seen to.

``@at_desk.get("/buchung/{booking_id:uuid}", LOOK, N_("Buchung angesehen"))`` makes a page at
``/{town}/amt/buchung/…``. Its function may name ``clerk``: who asks, signed in, allowed, at this town's desk
(``clerk.town``). A page that shows personal data says so by its words: that it was looked at is kept. So is every
change.

What is of one journey only is for those who have to do with that journey: what stands in its own folder
(``booking/halls``) by that, other handlers by naming it (``journey="halls"``).
"""

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import audit, sign_in
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import NOT_YOURS, journeys_of, may, sees
from buchbar.base import web
from buchbar.base.errors import Forbidden
from buchbar.base.texts import _

DESK = "/{town_slug:str}/amt"
_OWN: dict[str, Any] = {"request": Request, "session": Session, "now": datetime, "town_slug": FromPath[str]}


def get(
    path: str,
    right: str,
    looked: str = "",
    *,
    looks_with: str = "",
    journey: str = "",
    tries: bool = False,
    **options: Any,
) -> Callable[[Callable[..., Any]], Any]:
    """A page of the desk. ``looked`` is what the audit trail says of it; empty for a page without personal data.

    ``looks_with`` is the right without which the page shows nothing personal, where that isn't ``right`` itself.
    ``tries``: see web.get.
    """
    return lambda fn: web.get(DESK + path, opt=_named(fn, right, looked, journey), tries=tries, **options)(
        _for_clerk(fn, right, looked, looks_with or right, tries=tries)
    )


def post(path: str, right: str, did: str, *, journey: str = "", **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A form of the desk; ``did`` is what the audit trail says when it was done."""
    return lambda fn: web.post(DESK + path, opt=_named(fn, right, did, journey), **options)(_for_clerk(fn, right, did))


def _named(fn: Callable[..., Any], right: str, words: str, journey: str) -> dict[str, str]:
    """What a handler says of itself: its right, the words for the audit trail, and of which journey it is."""
    folder = fn.__module__.split(".")[1:-1]
    own = folder[1] if len(folder) == 2 and folder[0] == "booking" else ""
    return {"right": right, "audit": words, "journey": journey or own}


def _for_clerk(
    fn: Callable[..., Any], right: str, words: str, looks_with: str = "", *, tries: bool = False
) -> Callable[..., Any]:
    """The handler that Litestar calls: it asks for what the desk needs besides what ``fn`` names."""
    wanted = inspect.signature(fn).parameters

    def run(**given: Any) -> Any:
        request, session, now = given["request"], given["session"], given["now"]
        if request.method == "POST":
            sign_in.seen(session, request, now)
        else:
            writing = nullcontext(session) if tries else request.app.state.database.write()
            _there(request, writing, given["town_slug"], right, words, looks_with, now)
        clerk = _who(request, session, now, given["town_slug"], right)
        session.info["journeys"] = journeys_of(clerk.role)  # booking/whose.py
        arguments = given | {"clerk": clerk}
        answer = fn(**{name: arguments[name] for name in wanted})
        if request.method == "POST" and isinstance(answer, Response) and (answer.status_code or 200) < 400:
            audit.changed(session, request, clerk, words, now)
        return answer

    if limit := getattr(fn, "limit", None):
        run.limit = limit  # type: ignore[attr-defined]
    parameters = {name: parameter for name, parameter in wanted.items() if name != "clerk"}
    for name, kind in _OWN.items():
        parameters.setdefault(name, inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind))
    ordered = sorted(parameters.values(), key=lambda parameter: parameter.kind)
    run.__signature__ = inspect.Signature(ordered, return_annotation=Response[Any])  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in ordered} | {"return": Response[Any]}
    run.__name__ = run.__qualname__ = fn.__name__
    run.__module__, run.__doc__ = fn.__module__, fn.__doc__
    return run


def _who(request: Request, session: Session, now: datetime, town_slug: str, right: str) -> Clerk:
    """The clerk who asks. Raises Forbidden also for one of another office."""
    clerk = sign_in.signed_in(request, session, now, town_slug, right)
    if (journey := request.route_handler.opt["journey"]) and not sees(clerk.role, journey):
        raise Forbidden(_(NOT_YOURS))
    return clerk


def _there(
    request: Request,
    writing: AbstractContextManager[Session],
    town_slug: str,
    right: str,
    words: str,
    looks_with: str,
    now: datetime,
) -> None:
    """Keep that the clerk is there and looks. A page that reads can't write in its own transaction; ``writing`` is then
    over before that begins, for a request that needed two connections at once would run the pool dry."""
    with writing as own:
        sign_in.seen(own, request, now)
        if words and may((clerk := _who(request, own, now, town_slug, right)).role, looks_with):
            audit.looked(own, request, clerk, words, now)
