"""Series at the sports office's desk: all of them; one with its dates, to be ended, changed and decided; and how one
that came by telephone or on paper is entered."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from litestar import Request as Asked
from litestar import Response
from litestar.params import FromPath
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts import at_desk
from buchbar.accounts.clubs import Organisation
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LOOK, WORK
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, get_number, redirect
from buchbar.booking.desk_frame import by, show
from buchbar.booking.halls import for_whom, series, series_change, series_form, slot_form
from buchbar.booking.halls.entering import CAME
from buchbar.booking.halls.models import HallUse, Series
from buchbar.booking.halls.plan import plan
from buchbar.booking.halls.reservation import NotOffered
from buchbar.booking.halls.series import Entry, NotAllFree
from buchbar.booking.halls.series_dates import Request, check
from buchbar.booking.halls.series_page import about, ending, form_context, proposed, read_change, ticked
from buchbar.booking.halls.series_routes import kept, shown
from buchbar.booking.models import CHANNELS, Booking

PAGE = "hallen/serien"
ONE = f"/{PAGE}/{{series_id:uuid}}"
A_PAGE = 50
LONGEST_REASON, LONGEST_CONDITIONS = 500, 1000
_ENTRY: dict[str, forms.Field] = {
    "organiser": forms.text(120, required=False),
    "email": forms.optional(forms.address),
    "channel": forms.one_of(*CAME),
}


@at_desk.get(f"/{PAGE}", LOOK, N_("Hallenserien angesehen"))
def all_series(request: Asked, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    """The series that have dates to come, those with requests first."""
    number = get_number(request, "seite")
    rows = session.execute(_listed(clerk, now).limit(A_PAGE + 1).offset((number - 1) * A_PAGE)).all()
    context: dict[str, Any] = {
        "rows": rows[:A_PAGE],
        "number": number,
        "more": len(rows) > A_PAGE,
        "page": f"{clerk.desk}/{PAGE}",
    }
    return show(request, clerk, "desk/halls/series_list.html", now, **context)


def _listed(clerk: Clerk, now: datetime) -> Select[Any]:
    """Series with how many dates are to come, how many of them wait for the office, and when the next one is."""
    waiting = func.count().filter(Booking.state == "requested")
    counts = (
        select(
            HallUse.series_id,
            func.count().label("count"),
            waiting.label("waiting"),
            func.min(Booking.starts_at).label("next"),
        )
        .join(Booking, Booking.id == HallUse.booking_id)
        .where(
            Booking.municipality_id == clerk.town.id,
            Booking.state.in_(series_change.STANDING),
            Booking.starts_at > now,
            HallUse.series_id.is_not(None),
        )
        .group_by(HallUse.series_id)
        .subquery()
    )
    return (
        select(Series, counts.c.count, counts.c.waiting, counts.c.next)
        .join(counts, counts.c.series_id == Series.id)
        .where(Series.municipality_id == clerk.town.id)
        .options(joinedload(Series.hall), joinedload(Series.organisation))
        .order_by(counts.c.waiting.desc(), counts.c.next, Series.number)
    )


@at_desk.get(f"/{PAGE}/neu", WORK)
def new(request: Asked, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _new_page(request, session, clerk, now, dict(request.query_params))


@at_desk.post(f"/{PAGE}/neu/vorschau", WORK, N_("Termine einer Serie geprüft"))
def preview(request: Asked, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    if form.get("zurueck"):
        return _new_page(request, session, clerk, now, dict(form))
    try:
        wanted, _entry = _read(session, clerk, form)
        return _seen(request, session, clerk, now, form, wanted)
    except Invalid as fault:
        return _new_page(request, session, clerk, now, dict(form), fault.fields)
    except NotOffered as refused:
        return _new_page(request, session, clerk, now, dict(form), {"wo": refused.sentence})


@at_desk.post(f"/{PAGE}/neu", WORK, N_("Serie eingetragen"))
def enter(request: Asked, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    try:
        wanted, entry = _read(session, clerk, form)
        made = series.book(session, clerk.town, wanted, now, by(clerk), series_form.read_chosen(form), entry)
    except (NotAllFree, Invalid) as problem:
        if isinstance(problem, Invalid) and "termin" not in problem.fields:
            return _new_page(request, session, clerk, now, dict(form), problem.fields)
        return _seen(request, session, clerk, now, form, wanted, problem.sentence)
    except NotOffered as refused:
        return _new_page(request, session, clerk, now, dict(form), {"wo": refused.sentence})
    return redirect(request, f"{clerk.desk}/{PAGE}/{made.series.id}?erledigt=ja")


@at_desk.get(ONE, LOOK, N_("Hallenserie angesehen"))
def one(request: Asked, session: Session, now: datetime, clerk: Clerk, series_id: FromPath[UUID]) -> Response[Any]:
    return _one(request, session, clerk, series_of(session, clerk, series_id), now)


@at_desk.post(f"{ONE}/ende", WORK, N_("Termine einer Serie storniert"))
def end(
    request: Asked, session: Session, now: datetime, form: Form, clerk: Clerk, series_id: FromPath[UUID]
) -> Response[Any]:
    """Show what cancelling the ticked dates (or all from a day on) does, and with ``ja`` do it."""
    ours = series_of(session, clerk, series_id)
    try:
        ids = ticked(session, ours, form, now)
        reason = forms.read(form, grund=forms.text(LONGEST_REASON, required=False)).grund
        if form.get("ja"):
            series_change.give_back(session, ours, ids, now, by(clerk), reason)
            return redirect(request, f"{clerk.desk}/{PAGE}/{ours.id}?erledigt=ja")
        context = ending(session, ours, ids, now, by(clerk)) | {"reason": reason}
    except (Invalid, Refused) as problem:
        return _one(request, session, clerk, ours, now, problem.sentence)
    return _shown(request, clerk, ours, "desk/halls/series_end.html", now, context)


@at_desk.post(f"{ONE}/entscheidung", WORK, N_("Anfragen einer Serie entschieden"))
def decide(
    request: Asked, session: Session, now: datetime, form: Form, clerk: Clerk, series_id: FromPath[UUID]
) -> Response[Any]:
    """Agree to the ticked requests of the series, and decline the others if that is wanted."""
    ours = series_of(session, clerk, series_id)
    waiting = [each.id for each in series_change.to_come(session, ours, now) if each.state == "requested"]
    try:
        read = forms.read(
            form,
            grund=forms.text(LONGEST_REASON, required=False),
            auflagen=forms.text(LONGEST_CONDITIONS, required=False, lines=True),
        )
        chosen = set() if form.get("keine") else set(ticked(session, ours, form, now))
        if not chosen <= set(waiting):
            raise Refused(_("Einer der Termine wartet nicht mehr. Bitte sehen Sie noch einmal hin."))
        rest = [each for each in waiting if each not in chosen] if form.get("rest") or form.get("keine") else []
        series_change.decide(session, ours, chosen, rest, now, by(clerk), read.grund, read.auflagen)
    except (Invalid, Refused) as problem:
        return _one(request, session, clerk, ours, now, problem.sentence)
    return redirect(request, f"{clerk.desk}/{PAGE}/{ours.id}?erledigt=ja")


@at_desk.get(f"{ONE}/aendern", WORK)
def change_form(
    request: Asked, session: Session, now: datetime, clerk: Clerk, series_id: FromPath[UUID]
) -> Response[Any]:
    return _change_page(request, session, clerk, series_of(session, clerk, series_id), now, {})


@at_desk.post(f"{ONE}/aendern/vorschau", WORK, N_("Änderung einer Serie geprüft"))
def change_preview(
    request: Asked, session: Session, now: datetime, form: Form, clerk: Clerk, series_id: FromPath[UUID]
) -> Response[Any]:
    ours = series_of(session, clerk, series_id)
    if form.get("zurueck"):
        return _change_page(request, session, clerk, ours, now, dict(form))
    try:
        wanted, since = read_change(session, ours, form)
        context = proposed(session, ours, wanted, since, now, by(clerk), form)
    except Invalid as fault:
        return _change_page(request, session, clerk, ours, now, dict(form), fault.fields)
    except Refused as refused:
        return _change_page(request, session, clerk, ours, now, dict(form), {"tag": refused.sentence})
    return _shown(request, clerk, ours, "desk/halls/series_change.html", now, context)


@at_desk.post(f"{ONE}/aendern", WORK, N_("Serie geändert"))
def change(
    request: Asked, session: Session, now: datetime, form: Form, clerk: Clerk, series_id: FromPath[UUID]
) -> Response[Any]:
    ours = series_of(session, clerk, series_id)
    try:
        wanted, since = read_change(session, ours, form)
        series_change.change_from(session, ours, wanted, since, now, by(clerk), series_form.read_chosen(form))
    except (NotAllFree, Invalid) as problem:
        if isinstance(problem, Invalid) and "termin" not in problem.fields:
            return _change_page(request, session, clerk, ours, now, dict(form), problem.fields)
        context = proposed(session, ours, wanted, since, now, by(clerk), form) | {"problem": problem.sentence}
        return _shown(request, clerk, ours, "desk/halls/series_change.html", now, context, 409)
    except Refused as refused:
        return _change_page(request, session, clerk, ours, now, dict(form), {"wo": refused.sentence})
    return redirect(request, f"{clerk.desk}/{PAGE}/{ours.id}?erledigt=ja")


def series_of(session: Session, clerk: Clerk, series_id: UUID) -> Series:
    """A series of the clerk's town. Raises NotFound for any other."""
    found = session.scalar(select(Series).where(Series.municipality_id == clerk.town.id, Series.id == series_id))
    if found is None:
        raise NotFound
    return found


def _read(session: Session, clerk: Clerk, form: Form) -> tuple[Request, Entry]:
    """Raises Invalid field by field, NotFound for an organisation that isn't there."""
    user_class, organisation = for_whom.read(session, clerk.town, form.get("wer", ""))
    rules = plan(session, clerk.town)
    entry, (hall_id, parts), repeat = series_form.together(
        form,
        lambda typed: forms.read(typed, **_ENTRY),
        lambda typed: series_form.read_place(typed, rules),
        series_form.read_repeat,
    )
    email = entry.email or (organisation.email if organisation else "")
    use = series_form.read_use(form, organisation, email, entry.organiser)
    wanted = Request(
        hall_id=hall_id, parts=parts, repeat=repeat, use=use, user_class=user_class, organisation=organisation
    )
    return wanted, Entry(channel=entry.channel, once=forms.once(form.get("einmal", "")))


def _new_page(
    request: Asked,
    session: Session,
    clerk: Clerk,
    now: datetime,
    typed: dict[str, str],
    faults: dict[str, str] | None = None,
) -> Response[Any]:
    rules = plan(session, clerk.town)
    sports = sorted({sport for hall in rules.halls.values() for sport in hall.sports})
    usual = {"minuten": "120", "channel": "telephone", "organiser": "", "email": ""}
    context = series_form.choices(sports) | {
        "people": for_whom.options(session, clerk.town),
        "places": slot_form.places(rules),
        "channels": [(name, _(CHANNELS[name])) for name in CAME],
        "typed": series_form.EMPTY | usual | typed,
        "faults": faults or {},
        "page": f"{clerk.desk}/{PAGE}",
    }
    return show(request, clerk, "desk/halls/series_new.html", now, 422 if faults else 200, **context)


def _seen(
    request: Asked, session: Session, clerk: Clerk, now: datetime, form: Form, wanted: Request, problem: str = ""
) -> Response[Any]:
    """The dates before they are entered."""
    context = shown(plan(session, clerk.town), wanted, check(session, clerk.town, wanted, now, by(clerk))) | {
        "kept": kept(form),
        "once": form.get("einmal") or uuid4(),
        "problem": problem,
        "picked": form.all("termin") if problem else [],
        "page": f"{clerk.desk}/{PAGE}",
    }
    return show(request, clerk, "desk/halls/series_seen.html", now, 409 if problem else 200, **context)


def _one(
    request: Asked, session: Session, clerk: Clerk, ours: Series, now: datetime, problem: str = ""
) -> Response[Any]:
    context = about(session, ours, now)
    context["waiting"] = [row for row in context["coming"] if row["booking"].state == "requested"]
    context["whom"] = session.get(Organisation, ours.organisation_id) if ours.organisation_id else None
    context["problem"] = problem
    return _shown(request, clerk, ours, "desk/halls/series.html", now, context, 409 if problem else 200)


def _change_page(
    request: Asked,
    session: Session,
    clerk: Clerk,
    ours: Series,
    now: datetime,
    typed: dict[str, str],
    faults: dict[str, str] | None = None,
) -> Response[Any]:
    context = form_context(session, ours, now, typed, faults)
    status = 422 if faults else 200
    return _shown(request, clerk, ours, "desk/halls/series_change_form.html", now, context, status)


def _shown(
    request: Asked,
    clerk: Clerk,
    ours: Series,
    template: str,
    now: datetime,
    context: dict[str, Any],
    status: int = 200,
) -> Response[Any]:
    """A page of one series; the frame of the desk knows its town and its code by itself."""
    context = {name: value for name, value in context.items() if name not in ("town", "zone", "code", "page")}
    page = f"{clerk.desk}/{PAGE}"
    return show(request, clerk, template, now, status, **context, page=page, series_at=f"{page}/{ours.id}")


routes = [
    all_series,
    new,
    preview,
    enter,
    one,
    end,
    decide,
    change_form,
    change_preview,
    change,
]
