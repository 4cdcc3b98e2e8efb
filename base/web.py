"""How a request runs: load, act, show, in one thread and one transaction.

``get`` and ``post`` make Litestar handlers of plain functions. Such a function may name ``session`` (a transaction:
returning saves, raising undoes), ``now`` (the moment of the request) and ``form`` (what was posted); everything else
it names is Litestar's business.
"""

import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from functools import partial, wraps
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from anyio import CapacityLimiter, to_thread
from litestar import Request, Response, route
from litestar import get as litestar_get
from litestar import post as litestar_post
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram
from sqlalchemy.orm import Session

from buchbar.base import limits, texts
from buchbar.base.db import Database
from buchbar.base.errors import Invalid, NotFound, Problem, SignInNeeded, TooMany
from buchbar.base.pages import render
from buchbar.base.settings import Settings
from buchbar.base.texts import _

log = logging.getLogger("buchbar.web")
REQUESTS = Counter("buchbar_requests", "Answered requests", ["method", "route", "status"])
Answer = Callable[[], Awaitable[Any]]
KeptBy = Callable[[Request, datetime, Answer], Awaitable[Any]]
Limit = tuple[str, int, timedelta]
SECONDS = Histogram("buchbar_request_seconds", "Time to answer", ["route"], buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10))


class Form(Mapping[str, str]):
    """What was posted, by field; of a repeated field the first one, or all with ``all``."""

    def __init__(self, posted: FormMultiDict | Mapping[str, str]) -> None:
        self._posted = posted

    def __getitem__(self, name: str) -> str:
        value = self._posted[name]
        if not isinstance(value, str):
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._posted)

    def __len__(self) -> int:
        return len(self._posted)

    def upload(self, name: str) -> tuple[str, bytes] | None:
        """An uploaded file: its name as the sender called it (never a path to write to) and its bytes."""
        value = self._posted.get(name)
        if not isinstance(value, UploadFile) or not value.filename:
            return None
        value.file.seek(0)
        return value.filename, value.file.read()

    def all(self, name: str) -> list[str]:
        """All values of a repeated field."""
        if isinstance(self._posted, FormMultiDict):
            return [value for value in self._posted.getall(name, []) if isinstance(value, str)]
        return [self._posted[name]] if name in self._posted else []


def get(
    path: str | list[str],
    *,
    kept_by: KeptBy | None = None,
    tries: bool = False,
    **options: Any,
) -> Callable[[Callable[..., Any]], Any]:
    """A page that reads. ``kept_by`` may have kept its answer: it asks for a new one only when it needs it.

    ``tries``: to see what would happen it does it and undoes it, for which it needs a transaction that may write.
    """
    return lambda fn: litestar_get(path, **options)(_in_transaction(fn, writes=tries, kept_by=kept_by))


def post(path: str, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A form's target: it changes something."""
    options.setdefault("status_code", 200)
    return lambda fn: litestar_post(path, **options)(_in_transaction(fn, writes=True))


def get_and_head(path: str, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A document that clients also ask for with HEAD."""
    return lambda fn: route(path, http_method=["GET", "HEAD"], **options)(_in_transaction(fn, writes=False))


def limited(what: str, most: int, per: timedelta) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let one address on the network post to a handler at most ``most`` times in ``per``. Put it below ``post``."""

    def mark(fn: Callable[..., Any]) -> Callable[..., Any]:
        fn.limit = (what, most, per)  # type: ignore[attr-defined]
        return fn

    return mark


def _in_transaction(
    fn: Callable[..., Any],
    *,
    writes: bool,
    kept_by: KeptBy | None = None,
) -> Callable[..., Any]:
    """Loading, acting, rendering and saving happen in one worker thread.

    There are as many such threads as database connections, so nobody waits for a connection while holding one.
    """
    signature = inspect.signature(fn)
    own = {name for name in ("session", "now", "form") if name in signature.parameters}
    limit: Limit | None = getattr(fn, "limit", None)

    @wraps(fn)
    async def run(request: Request, **arguments: Any) -> Any:
        state = request.app.state
        if "request" in signature.parameters:
            arguments["request"] = request
        now = state.clock()
        if "now" in own:
            arguments["now"] = now
        if "form" in own:
            arguments["form"] = Form(await request.form())
        count = partial(_count, request, limit, now) if limit else None
        transaction = None if "session" not in own else state.database.write if writes else state.database.read
        asks = partial(asking, request=request, now=now)
        answer = partial(in_thread, request, partial(_act, fn, arguments, state.database, transaction, count, asks))
        return await (kept_by(request, now, answer) if kept_by else answer())

    parameters = [p for name, p in signature.parameters.items() if name not in own | {"request"}]
    request_parameter = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Request)
    run.__signature__ = signature.replace(parameters=[request_parameter, *parameters])  # type: ignore[attr-defined]
    hints = {name: hint for name, hint in fn.__annotations__.items() if name not in own}
    run.__annotations__ = hints | {"request": Request}
    del run.__wrapped__
    return run


def _act(
    fn: Callable[..., Any],
    arguments: dict[str, Any],
    database: Database,
    transaction: Callable[[], AbstractContextManager[Session]] | None,
    count: Callable[[Session], None] | None,
    asks: Callable[[Session], None],
) -> Any:
    """Count the attempt and act, in one transaction where there is one; what is undone counts all the same."""
    if transaction is None:
        if count:
            with database.write() as session:
                count(session)
        return fn(**arguments)
    try:
        with transaction() as session:
            if count:
                count(session)
            asks(session)
            return fn(session=session, **arguments)
    except Exception:
        if count:
            with database.write() as session:
                count(session)
        raise


def asking(session: Session, request: Request, now: datetime) -> None:
    """Write down on a session whose request it serves: some of what it reads isn't for everybody."""
    session.info["request"], session.info["now"] = request, now


def _count(request: Request, limit: Limit, now: datetime, session: Session) -> None:
    what, most, per = limit
    limits.count(session, request.app.state.settings.secret, what, client(request), most=most, per=per, now=now)


async def in_thread(request: Request, act: Callable[[], Any]) -> Any:
    """Do something that waits for the database, in one of the threads for that."""
    state = request.app.state
    if "limiter" not in state:
        state.limiter = CapacityLimiter(state.settings.pool)
    return await to_thread.run_sync(act, limiter=state.limiter)


def client(request: Request) -> str:
    """The address on the network that asks (behind a proxy: as the server's proxy headers say)."""
    return request.client.host if request.client else ""


def get_number(request: Request, name: str) -> int:
    """A page number from the address, 1 when there is none that makes sense."""
    given = request.query_params.get(name, "")
    return min(max(int(given), 1), 10_000) if given.isascii() and given.isdigit() else 1


def settings_of(request: Request) -> Settings:
    return request.app.state.settings


def page(request: Request, template: str, status: int = 200, **context: Any) -> Response[bytes]:
    """A whole page, rendered here and now."""
    body = render(request, template, **context)
    headers = {"vary": "HX-Request"}
    return Response(body.encode(), status_code=status, media_type="text/html", headers=headers)


def swap(request: Request, fragment: str, *, otherwise: str, **context: Any) -> Response[Any]:
    """After an action: the fragment for HTMX, or (without JavaScript) a redirect to the page that includes it."""
    if is_htmx(request):
        return page(request, fragment, **context)
    return redirect(request, otherwise)


def redirect(request: Request, url: str) -> Response[Any]:
    """Go on to another page: by 303 after a form, by HX-Redirect for HTMX."""
    if is_htmx(request):
        return Response(b"", headers={"hx-redirect": url}, media_type="text/html")
    return Response(b"", status_code=303, headers={"location": url}, media_type="text/html")


def own_path(address: str) -> str:
    """The address if it is a path on this site, otherwise the front page: nobody is sent elsewhere by our link."""
    if not address.startswith("/") or address.startswith(("//", "/\\")):
        return "/"
    return quote(address, safe="/?&=%+:,;@-._~!$'()*")


def is_htmx(request: Request) -> bool:
    """Whether HTMX asks for a fragment (and not for a page that it restores from history)."""
    headers = request.headers
    return headers.get("hx-request") == "true" and headers.get("hx-history-restore-request") != "true"


def show_problem(request: Request, problem: Exception) -> Response[Any]:
    """Every refusal and every bug becomes a page, or for HTMX a sentence in the notice area."""
    number = request.scope.get("request_number", "")
    if isinstance(problem, SignInNeeded):
        return redirect(request, problem.url)
    if isinstance(problem, Problem):
        status, sentence = problem.status, problem.sentence
    elif isinstance(problem, HTTPException):
        status, sentence = problem.status_code, ""
        if status == 403 and "CSRF" in str(problem.detail):
            sentence = _("Diese Seite war zu lange offen. Bitte laden Sie sie neu und versuchen Sie es noch einmal.")
        problem = NotFound() if status in (404, 405) else problem
    else:
        status, sentence = 500, ""
        log.error("bug", extra={"request": number}, exc_info=problem)
    headers = {"retry-after": str(problem.retry_after)} if isinstance(problem, TooMany) else {}
    for_program = request.url.path.startswith("/api/")
    if for_program or request.headers.get("accept", "").startswith("application/json"):
        body: dict[str, Any] = {"status": status, "detail": sentence, "request": number}
        if isinstance(problem, Invalid):
            body["fields"] = problem.fields
        kind = "application/problem+json" if for_program else "application/json"  # RFC 9457
        return Response(body, status_code=status, media_type=kind, headers=headers)
    template = "base/_problem.html" if is_htmx(request) else "base/problem.html"
    shown = page(request, template, status, problem=problem, code=status, sentence=sentence, number=number)
    shown.headers.update(headers)
    if is_htmx(request):
        shown.headers.update({"hx-retarget": "#notices", "hx-reswap": "innerHTML"})
    return shown


class Watch(ASGIMiddleware):
    """Around every request: its number, its language, security headers, one line of log, the counters."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, settings: Settings) -> None:
        self.headers = security_headers(settings)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        number = uuid4().hex[:10]
        scope["request_number"] = number  # type: ignore[typeddict-unknown-key]
        started = time.perf_counter()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {name for name, _value in message["headers"]}
                own = [(name, value) for name, value in self.headers if name not in present]
                message["headers"] = [*message["headers"], *own, (b"x-request-id", number.encode())]
            await send(message)

        with _language(scope):
            await next_app(scope, receive, watched)
        handler = scope.get("route_handler")
        path = next(iter(sorted(handler.paths)), "") if handler else ""
        took = time.perf_counter() - started
        method = scope.get("method", "")
        REQUESTS.labels(method, path, status).inc()
        SECONDS.labels(path).observe(took)
        extra = {"request": number, "method": method, "route": path, "status": status}
        log.info("answered", extra=extra | {"ms": round(took * 1000, 1)})


def security_headers(settings: Settings) -> list[tuple[bytes, bytes]]:
    """Everything comes from here, nothing runs inline, nobody frames us; a form may lead to the payment page."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self'; form-action 'self' {settings.payment_origin}; frame-ancestors 'none'; base-uri 'none'"
    )
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=()",
        "cross-origin-opener-policy": "same-origin",
        # Names and secret links stay out of the browser's store; what may be kept says so itself.
        "cache-control": "no-store",
    }
    if settings.secure:
        headers["strict-transport-security"] = "max-age=31536000"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


@contextmanager
def _language(scope: Scope) -> Iterator[None]:
    chosen = accept = ""
    for name, value in scope["headers"]:
        if name == b"cookie":
            crumbs = [crumb.strip().partition("=") for crumb in value.decode("latin-1").split(";")]
            chosen = next((value for key, _eq, value in crumbs if key == "sprache"), chosen)
        elif name == b"accept-language":
            accept = value.decode("latin-1")
    token = texts.language.set(chosen if chosen in texts.LANGUAGES else texts.best_language(accept))
    try:
        yield
    finally:
        texts.language.reset(token)
