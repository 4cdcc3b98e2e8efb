"""Which bookings a request sees at all: an office sees those of its own journeys (docs/decisions/0019).

``accounts/at_desk.py`` writes down on the session who asks. Everything that the session then reads of bookings leaves
out the others, as if they weren't there: lists, searches, counts, a single booking by its id.
"""

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from buchbar.booking.models import Booking


def listen() -> None:
    """From now on, on all sessions of this process; twice is once."""
    if not event.contains(Session, "do_orm_execute", _only_theirs):
        event.listen(Session, "do_orm_execute", _only_theirs)


def _only_theirs(state: ORMExecuteState) -> None:
    only = state.session.info.get("journeys")
    if only is not None and state.is_select and not state.is_column_load:
        theirs = with_loader_criteria(Booking, Booking.journey.in_(only), include_aliases=True)
        state.statement = state.statement.options(theirs)
