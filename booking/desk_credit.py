"""A credit note at the cashier's desk: a form for each charge, and what it would do before it is written."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import CASH
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, is_htmx
from buchbar.booking import charge_papers, crediting, dunning_stops, previews, queries
from buchbar.booking.desk_booking import a_reason
from buchbar.booking.desk_frame import by, locked, show, who_of
from buchbar.booking.desk_verbs import done
from buchbar.booking.models import Booking
from buchbar.booking.next_steps import STATE_WORDS
from buchbar.payments.models import Charge


@at_desk.get("/kasse/gutschrift/{charge_id:uuid}", CASH, N_("Gutschrift angesehen"))
def credit_page(
    request: Request, session: Session, now: datetime, clerk: Clerk, charge_id: FromPath[UUID]
) -> Response[Any]:
    charge, booking = dunning_stops.charge_of(session, clerk.town, charge_id)
    return _page(request, session, clerk, now, charge, booking, {"vorgang": str(uuid4())})


@at_desk.post("/kasse/gutschrift/{charge_id:uuid}/vorschau", CASH, N_("Gutschrift ausprobiert"))
def foresee(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, charge_id: FromPath[UUID]
) -> Response[Any]:
    charge, booking = _locked(session, clerk, charge_id, form)
    try:
        foreseen = previews.foresee(session, booking, lambda: _credit(session, clerk, booking, charge, form, now))
    except Invalid as fault:
        return _page(request, session, clerk, now, charge, booking, dict(form), fault.fields)
    return show(
        request,
        clerk,
        "desk/_preview.html" if is_htmx(request) else "desk/preview.html",
        now,
        booking=booking,
        names=queries.names_of(session, [booking]).get(booking.id, ""),
        title=_("Gutschrift schreiben?"),
        preview=foreseen,
        state_words=STATE_WORDS,
        target=f"{clerk.desk}/kasse/gutschrift/{charge.id}",
        kept=[(name, value) for name, value in form.items() if not name.startswith("_")],
    )


@at_desk.post("/kasse/gutschrift/{charge_id:uuid}", CASH, N_("Gutschrift geschrieben"))
def credit(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, charge_id: FromPath[UUID]
) -> Response[Any]:
    charge, booking = _locked(session, clerk, charge_id, form)
    try:
        _credit(session, clerk, booking, charge, form, now)
    except Invalid as fault:
        return _page(request, session, clerk, now, charge, booking, dict(form), fault.fields)
    return done(request, session, clerk, booking, now, form, _("%s: Gutschrift geschrieben.") % booking.number)


def _locked(session: Session, clerk: Clerk, charge_id: UUID, form: Form) -> tuple[Charge, Booking]:
    charge, booking = dunning_stops.charge_of(session, clerk.town, charge_id)
    return charge, locked(session, clerk, booking.id, form)


def _credit(session: Session, clerk: Clerk, booking: Booking, charge: Charge, form: Form, now: datetime) -> None:
    fields = {crediting.field(n): _amount for n in range(1, len(crediting.left(session, charge).lines) + 1)}
    read = vars(forms.read(form, **fields, grund=a_reason, vorgang=forms.once))
    reason, note_id = read.pop("grund"), read.pop("vorgang")
    crediting.credit(session, booking, charge, note_id, list(read.values()), reason, now, by(clerk))


def _amount(typed: str) -> int:
    """Nothing of a position where its field is left empty."""
    return forms.euros(typed) if typed else 0


def _page(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    charge: Charge,
    booking: Booking,
    typed: dict[str, str],
    faults: dict[str, str] | None = None,
) -> Response[Any]:
    left, events = crediting.left(session, charge), queries.events_since(session, booking, 0)
    positions = [(crediting.field(number), line) for number, line in enumerate(left.lines, 1) if line.cents]
    return show(
        request,
        clerk,
        "desk/_credit.html" if is_htmx(request) else "desk/credit.html",
        now,
        422 if faults else 200,
        charge=charge,
        title=f"{charge_papers.title(charge)} {charge_papers.number(charge)}",
        correction=charge_papers.title_of_correction(charge),
        booking=booking,
        names=queries.names_of(session, [booking]).get(booking.id, ""),
        positions=positions,
        seen=typed.get("stand") or (events[-1].id if events else 0),
        typed=typed,
        faults=faults or {},
        labels={crediting.field(number): line.label for number, line in enumerate(left.lines, 1)}
        | {"grund": _("Grund, den %s liest") % who_of(booking)},
    )


routes = [credit_page, foresee, credit]
