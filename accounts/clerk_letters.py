"""Letters to clerks."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from buchbar.accounts.models import Clerk, Municipality
from buchbar.notices import letters


def write(
    session: Session, town: Municipality, clerk: Clerk, kind: str, subject: str, at: datetime, **context: Any
) -> None:
    """Write ``templates/letters/{kind}.html`` to a clerk, in the name of a town."""
    text, html = letters.rendered(kind, town=town, subject=subject, name=clerk.name, **context)
    letters.write(
        session,
        municipality=town,
        booking_id=None,
        kind=kind,
        to=clerk.email,
        subject=subject,
        text=text,
        html=html,
        at=at,
    )
