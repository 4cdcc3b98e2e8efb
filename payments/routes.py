"""Where the payment provider's messages arrive."""

from datetime import datetime

from litestar import Request, Response
from litestar.params import RawBody
from sqlalchemy.orm import Session

from buchbar.base.web import post, settings_of
from buchbar.payments import checkout, inbox

MOST_BYTES = 256_000


# Excluded from the token against forged requests: what comes here bears Stripe's signature instead.
@post("/zahlung/stripe", exclude_from_csrf=True, request_max_body_size=MOST_BYTES)
def told_by_stripe(request: Request, session: Session, now: datetime, body: RawBody) -> Response[bytes]:
    signature = request.headers.get("stripe-signature", "")
    try:
        message = checkout.verify(body, signature, settings_of(request).stripe_webhook_secret, now)
    except checkout.Forged:
        return Response(b"", status_code=400)
    inbox.receive(session, message, now)
    return Response(b"", status_code=200)


routes = [told_by_stripe]
