"""Many bookings at once: ticked in the list, looked at in a preview, then done."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import WORK
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form
from buchbar.booking import bulk, listing
from buchbar.booking.bulk import MOST, NEED_REASON, VERBS, Deed, Outcome
from buchbar.booking.desk_booking import a_reason
from buchbar.booking.desk_frame import by, locked, show
from buchbar.booking.desk_list import address, show_list, sought_among, typed_before, wished
from buchbar.booking.models import Booking
from buchbar.booking.queries import Row

# In the preview the reason is not yet typed; the letters are as many with any.
ANY_REASON = "…"


@at_desk.post("/buchungen/sammelaktion", WORK, N_("Sammelaktion in der Vorschau angesehen"))
def preview(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    try:
        verb = forms.read(form, was=forms.one_of(*VERBS)).was
        rows = _chosen(session, clerk, form, now)
    except Invalid as fault:
        return show_list(request, session, clerk, typed_before(form.get("liste", "")), now, fault.fields)
    return _preview(request, session, clerk, form, verb, rows, now)


@at_desk.post("/buchungen/sammelaktion/ausfuehrung", WORK, N_("Sammelaktion ausgeführt"))
def perform(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    verb = forms.read(form, was=forms.one_of(*VERBS)).was
    rows = _ticked(session, clerk, form)
    try:
        reason = forms.read(form, grund=a_reason).grund if verb in NEED_REASON else ""
    except Invalid as fault:
        return _preview(request, session, clerk, form, verb, rows, now, 422, faults=fault.fields, typed=dict(form))
    deed = Deed(verb, reason, now, by(clerk))

    def as_seen(booking_id: UUID) -> Booking:
        return locked(session, clerk, booking_id, Form({"stand": form.get(f"stand-{booking_id}", "")}))

    outcomes = bulk.perform(session, [row.booking.id for row in rows], deed, as_seen)
    session.flush()
    shown = _pairs(_rows(session, clerk, [row.booking.id for row in rows]), outcomes)
    return show(request, clerk, "desk/bulk_done.html", now, **_context(form, verb, shown))


def _preview(
    request: Request,
    session: Session,
    clerk: Clerk,
    form: Form,
    verb: str,
    rows: Sequence[Row],
    now: datetime,
    status: int = 200,
    **context: Any,
) -> Response[Any]:
    outcomes = bulk.rehearse(session, [row.booking for row in rows], Deed(verb, ANY_REASON, now, by(clerk)))
    shown = _pairs(_rows(session, clerk, [row.booking.id for row in rows]), outcomes)
    context |= {"needs_reason": verb in NEED_REASON, **_context(form, verb, shown)}
    return show(request, clerk, "desk/bulk.html", now, status, **context)


def _context(form: Form, verb: str, shown: list[tuple[Row, Outcome]]) -> dict[str, Any]:
    """What both pages say: each booking with what becomes of it, and the sums."""
    done = [outcome for _row, outcome in shown if outcome.changed]
    asked = form.get("liste", "")
    return {
        "verb": verb,
        "words": _(VERBS[verb]),
        "goes": [(row, outcome) for row, outcome in shown if outcome.changed],
        "stays": [(row, outcome) for row, outcome in shown if not outcome.changed],
        "letters": sum(outcome.letters for outcome in done),
        "forgiven": sum(outcome.forgiven for outcome in done),
        "returned": sum(outcome.back for outcome in done),
        "asked": asked,
        "list_address": address(typed_before(asked)),
    }


def _chosen(session: Session, clerk: Clerk, form: Form, now: datetime) -> list[Row]:
    """What was ticked, or all that the list's filter finds. Raises Invalid for nothing and for too many."""
    if form.get("umfang") != "alle":
        return _ticked(session, clerk, form)
    wish, _faults = wished(typed_before(form.get("liste", "")), sought_among(session, clerk), now)
    return _checked(_rows(session, clerk, listing.ids(session, clerk.town, wish, MOST + 1, now)))


def _ticked(session: Session, clerk: Clerk, form: Form) -> list[Row]:
    ids = []
    for typed in form.all("buchung")[: MOST + 1]:
        try:
            ids.append(UUID(typed))
        except ValueError:
            continue
    return _checked(_rows(session, clerk, ids))


def _checked(rows: list[Row]) -> list[Row]:
    if not rows:
        raise Invalid({"umfang": _("Bitte kreuzen Sie in der Liste mindestens eine Buchung an.")})
    if len(rows) > MOST:
        words = _("Bitte höchstens %d Buchungen auf einmal. Grenzen Sie die Liste weiter ein.")
        raise Invalid({"umfang": words % MOST})
    return rows


def _rows(session: Session, clerk: Clerk, ids: Sequence[UUID]) -> list[Row]:
    return [row for some in listing.chunks(session, clerk.town, list(dict.fromkeys(ids))) for row in some]


def _pairs(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> list[tuple[Row, Outcome]]:
    of = {outcome.booking_id: outcome for outcome in outcomes}
    return [(row, of[row.booking.id]) for row in rows]


routes = [preview, perform]
