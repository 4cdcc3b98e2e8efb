"""A mail server of our own, and letters to send."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from buchbar.base.db import Database
from buchbar.notices import letters
from tests import cast as people


class PostOffice:
    """Keeps what it takes; refuses an address for good, or for now, whose local part begins with the SMTP code."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, EmailMessage]] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address[:3].isdigit():
            return f"{address[:3]} no such box {address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        read = message_from_bytes(envelope.content or b"", policy=policy.default)
        assert isinstance(read, EmailMessage)
        self.taken.append((envelope.rcpt_tos[0], read))
        return "250 OK"


@pytest.fixture
def post_office(database: Database) -> Iterator[PostOffice]:
    """The server that the settings of ``database`` name."""
    handler = PostOffice()
    controller = Controller(handler, hostname="127.0.0.1", port=0)
    # aiosmtpd asks the port it was given whether it answers, and port 0 never does.
    controller._trigger_server = lambda: None  # type: ignore[method-assign]
    controller.start()
    port = controller.server.sockets[0].getsockname()[1]
    database.info["settings"] = replace(people.SETTINGS, smtp_url=f"smtp://127.0.0.1:{port}")
    yield handler
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
