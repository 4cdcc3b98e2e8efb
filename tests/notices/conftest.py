"""A mail server of our own, and letters to send."""

import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from buchbar.base.db import Database
from buchbar.notices import letters
from tests import cast as people

# Key and self-signed certificate of a server at 127.0.0.1 (until 2126).
CERTIFICATE = Path(__file__).with_name("post_office.pem")


class PostOffice:
    """Keeps what it takes; refuses an address for good, or for now, whose local part begins with the SMTP code."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, EmailMessage]] = []
        self.heard: list[tuple[bytes, bytes]] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address[:3].isdigit():
            return f"{address[:3]} no such box {address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        read = message_from_bytes(envelope.content or b"", policy=policy.default)
        assert isinstance(read, EmailMessage)
        self.taken.append((envelope.rcpt_tos[0], read))
        return "250 OK"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.heard.append((data.login, data.password))
        return AuthResult(success=True)


class AnyPort(Controller):
    """On a port that the system chooses. aiosmtpd asks whether it answers by the number that it was given."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def post_office(database: Database) -> Iterator[PostOffice]:
    """The server that the settings of ``database`` name."""
    handler = PostOffice()
    controller = AnyPort(handler, hostname="127.0.0.1", port=0)
    controller.start()
    database.info["settings"] = replace(people.SETTINGS, smtp_url=f"smtp://127.0.0.1:{controller.port}")
    yield handler
    controller.stop()


@pytest.fixture
def encrypted_office(database: Database) -> Iterator[Callable[[str], PostOffice]]:
    """A server that wants encryption, at once (smtps) or by STARTTLS (smtp), and a password."""
    running: list[Controller] = []

    def started(scheme: str) -> PostOffice:
        handler = PostOffice()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        by_starttls = {"tls_context": context, "require_starttls": True}
        how = by_starttls if scheme == "smtp" else {"ssl_context": context, "auth_require_tls": False}
        controller = AnyPort(handler, "127.0.0.1", 0, authenticator=handler.authenticate, auth_required=True, **how)
        controller.start()
        running.append(controller)
        url = f"{scheme}://clerk%40town:sec%3Aret%2F@127.0.0.1:{controller.port}"
        database.info["settings"] = replace(people.SETTINGS, smtp_url=url)
        return handler

    yield started
    for controller in running:
        controller.stop()


@pytest.fixture
def write(database: Database, town: people.Cast) -> Callable[..., UUID]:
    """Write a letter, as a verb does."""

    def written(to: str = "anna@example.org", **changes: object) -> UUID:
        parts = {"subject": "Grüße aus Diepholz", "text": "Schöne Grüße\n", "html": "<p>Schöne Grüße</p>"} | changes
        with database.write() as session:
            return letters.write(
                session,
                municipality=town.town,
                booking_id=None,
                kind="test",
                to=to,
                at=people.NOW,
                **parts,  # type: ignore[arg-type]
            ).id

    return written
