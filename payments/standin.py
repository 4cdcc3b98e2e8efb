"""Our stand-in for Stripe, for trying out and for tests: an application of its own, reached over HTTP like Stripe.

It shows a pay page, keeps books in memory, sends signed messages, and can be told to behave badly
(``POST /_standin/behaviour``). It holds no rule of the town hall, and no money.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.params import FromPath, RawBody

from buchbar.base.pages import render
from buchbar.base.settings import ROOT
from buchbar.payments.standin_books import Behaviour, Books, Object
from buchbar.payments.standin_messages import Messages
from buchbar.payments.standin_refusals import Fault

STYLE = ROOT / "templates" / "payments" / "standin.css"


def create_standin(webhook_url: str, webhook_secret: str, clock: Callable[[], datetime]) -> Litestar:
    """The application: it tells ``webhook_url`` what happens, signed with ``webhook_secret``."""
    messages = Messages(webhook_url, webhook_secret, clock)

    def send(event: Object) -> None:
        how = books.behaviour
        if not how.lost:
            messages.post(event, late=how.late, copies=2 if how.doubled else 1, swapped=how.swapped)

    books = Books(clock, send)

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        messages.start()
        yield
        messages.stop()

    app = Litestar(
        routes, lifespan=[lifespan], openapi_config=None, logging_config=None, request_max_body_size=1_000_000
    )
    app.state.books, app.state.messages = books, messages
    return app


def _json(body: Any, status: int = 200) -> Response[bytes]:
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json")


def _api(request: Request, call: str, name: str, pairs: list[tuple[str, str]]) -> Response[bytes]:
    """Answer a call of the API, or misbehave."""
    books: Books = request.app.state.books
    if books.behaviour.down:
        return _json({"error": {"type": "api_error", "message": "The stand-in is told to be down."}}, 503)
    if not request.headers.get("authorization", "").startswith("Bearer sk_"):
        return _json({"error": {"type": "invalid_request_error", "message": "You did not provide an API key."}}, 401)
    key = request.headers.get("idempotency-key", "") if request.method == "POST" else ""
    try:
        status, body = books.answer(call, name, key, nested(pairs))
    except Fault as fault:
        return _json(fault.body, fault.status)
    if books.behaviour.unheard and request.method == "POST":
        books.behaviour.unheard -= 1
        return _json({"error": {"type": "api_error", "message": "The answer gets lost."}}, 500)
    return _json(_with_url(request, body), status)


def _with_url(request: Request, body: Object) -> Object:
    """A checkout session shows the address of its page as long as it is open."""
    if body["object"] != "checkout.session":
        return body
    url = f"{request.base_url}pay/{body['id']}" if body["status"] == "open" else None
    return {name: value for name, value in body.items() if name not in ("items", "intent", "methods")} | {"url": url}


def nested(pairs: list[tuple[str, str]]) -> Object:
    """Stripe's way of writing trees in forms: ``a[b][0][c]=d``."""
    tree: Object = {}
    for key, value in pairs:
        *path, last = re.findall(r"[^\[\]]+", key)
        place = tree
        for step in path:
            place = place.setdefault(step, {})
        place[last] = value
    return {name: _listed(value) for name, value in tree.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if all(name.isdigit() for name in value):
        return [_listed(each) for each in value.values()]
    return {name: _listed(each) for name, each in value.items()}


def _posted(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode(), keep_blank_values=True)


@post("/v1/checkout/sessions", status_code=200, sync_to_thread=False)
def open_session(request: Request, body: RawBody) -> Response[bytes]:
    return _api(request, "POST /v1/checkout/sessions", "", _posted(body))


@get("/v1/checkout/sessions/{name:str}", sync_to_thread=False)
def look_at_session(request: Request, name: FromPath[str]) -> Response[bytes]:
    pairs = parse_qsl(request.scope["query_string"].decode())
    return _api(request, "GET /v1/checkout/sessions", name, pairs)


@post("/v1/checkout/sessions/{name:str}/expire", status_code=200, sync_to_thread=False)
def expire_session(request: Request, name: FromPath[str], body: RawBody) -> Response[bytes]:
    return _api(request, "POST /v1/checkout/sessions/expire", name, _posted(body))


@post("/v1/refunds", status_code=200, sync_to_thread=False)
def make_refund(request: Request, body: RawBody) -> Response[bytes]:
    return _api(request, "POST /v1/refunds", "", _posted(body))


@get("/v1/refunds", sync_to_thread=False)
def list_refunds(request: Request) -> Response[bytes]:
    return _api(request, "GET /v1/refunds", "", parse_qsl(request.scope["query_string"].decode()))


@get("/v1/events", sync_to_thread=False)
def list_events(request: Request) -> Response[bytes]:
    return _api(request, "GET /v1/events", "", parse_qsl(request.scope["query_string"].decode()))


@get("/pay/{name:str}", sync_to_thread=False)
def pay_page(request: Request, name: FromPath[str]) -> Response[bytes]:
    return _page(request, name)


@post("/pay/{name:str}", status_code=200, sync_to_thread=False)
def pay(request: Request, name: FromPath[str], body: RawBody) -> Response[bytes]:
    """Pay, at once or by the bank's debit, and go back; or be declined, and stay; or go back without paying."""
    books: Books = request.app.state.books
    choice = dict(_posted(body)).get("choice", "")
    if choice == "ablehnen" or name not in books.sessions:
        return _page(request, name, declined=True)
    session, pays = books.sessions[name], choice in ("zahlen", "lastschrift")
    if pays:
        books.pay(name, slow=choice == "lastschrift" or books.behaviour.slow)
    if pays and session["status"] != "complete":
        return _page(request, name)
    target = session["success_url"] if pays else session["cancel_url"] or session["success_url"]
    return Response(b"", status_code=303, headers={"location": target})


def _page(request: Request, name: str, declined: bool = False) -> Response[bytes]:
    try:
        session = request.app.state.books.session(name)
    except Fault:
        session = None
    html = render(None, "payments/standin.html", session=session, declined=declined)
    policy = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
    headers = {"content-security-policy": policy, "cache-control": "no-store"}
    status = 200 if session else 404
    return Response(html.encode(), status_code=status, media_type="text/html; charset=utf-8", headers=headers)


@get("/standin.css", sync_to_thread=False)
def style() -> Response[bytes]:
    return Response(STYLE.read_bytes(), media_type="text/css; charset=utf-8")


@post("/_standin/behaviour", status_code=200, sync_to_thread=False)
def behave(request: Request, body: RawBody) -> Response[bytes]:
    """Behave like this from now on (JSON, see Behaviour); what isn't named is as it should be."""
    try:
        request.app.state.books.behaviour = msgspec.json.decode(body, type=Behaviour)
    except msgspec.MsgspecError as fault:
        return _json({"error": {"type": "invalid_request_error", "message": str(fault)}}, 400)
    return _json(request.app.state.books.behaviour)


@post("/_standin/bank/{name:str}", status_code=200, sync_to_thread=False)
def bank(request: Request, name: FromPath[str], body: RawBody) -> Response[bytes]:
    """The bank answers to a slow payment: ``{"succeeded": true}``."""
    request.app.state.books.bank(name, msgspec.json.decode(body, type=dict[str, bool])["succeeded"])
    return _json({})


@post("/_standin/bounce/{name:str}", status_code=200, sync_to_thread=False)
def bounce(request: Request, name: FromPath[str]) -> Response[bytes]:
    """The citizen's bank sends a refund back."""
    request.app.state.books.bounce(name)
    return _json({})


@post("/_standin/dispute/{intent:str}", status_code=200, sync_to_thread=False)
def dispute(request: Request, intent: FromPath[str], body: RawBody) -> Response[bytes]:
    """The payer's bank claims money back: ``{"amount": 500, "inquiry": true}``, both may be missing."""
    books: Books = request.app.state.books
    given = msgspec.json.decode(body or b"{}", type=dict[str, int | bool])
    return _json({"id": books.dispute(intent, given.get("amount"), bool(given.get("inquiry")))})


@post("/_standin/decision/{name:str}", status_code=200, sync_to_thread=False)
def decide(request: Request, name: FromPath[str], body: RawBody) -> Response[bytes]:
    """A dispute ends: ``{"won": true}``."""
    request.app.state.books.decide(name, msgspec.json.decode(body, type=dict[str, bool])["won"])
    return _json({})


@get("/_standin/books", sync_to_thread=False)
def show_books(request: Request) -> Response[bytes]:
    """All that is remembered; ``idle`` says that no message is on its way."""
    books, messages = request.app.state.books, request.app.state.messages
    return _json(
        {
            "sessions": list(books.sessions.values()),
            "charges": list(books.charges.values()),
            "refunds": books.refunds,
            "disputes": list(books.disputes.values()),
            "asked": books.asked,
            "sent": messages.sent,
            "held": len(messages.held),
            "idle": messages.idle,
        }
    )


routes = [
    *(open_session, look_at_session, expire_session, make_refund, list_refunds, list_events),
    *(pay_page, pay, style),
    *(behave, bank, bounce, dispute, decide, show_books),
]
