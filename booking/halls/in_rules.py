"""What policies mean for halls: on which days there is anything to book."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.booking.halls.plan import plan
from buchbar.booking.journeys import InRules


def days(session: Session, town: Municipality, asked: Iterable[date]) -> list[date]:
    """Those of the days on which any hall is open for everybody."""
    rules = plan(session, town)
    return [day for day in asked if any(rules.opening(hall, day, "local") for hall in rules.halls.values())]


IN_RULES = InRules(days, by_class=True)
