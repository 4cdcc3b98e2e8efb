"""Tariffs at the desk: what costs what from when, and the form by which the head makes a new one."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk, Municipality
from buchbar.accounts.roles import LEAD, PRICES, sees
from buchbar.base import texts
from buchbar.base.errors import Invalid, Refused
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import desk_calculator, tariff_areas, tariff_words
from buchbar.booking.desk_frame import show
from buchbar.booking.tariff_areas import Example, TariffArea
from buchbar.booking.tariff_forms import (
    FILLED,
    HOURS,
    HOURS_FIELDS,
    ITEMS,
    Draft,
    proposed,
    read,
    retyped,
    rows,
    typed_of,
)
from buchbar.booking.tariff_items import HOLIDAY, KINDS, VAT
from buchbar.calendar.walls import local_date
from buchbar.payments import tariffs
from buchbar.payments.models import Tariff
from buchbar.payments.pricing import UNITS
from buchbar.resources.opening_words import in_words

_MONDAY = date(2024, 1, 1)


@at_desk.get("/entgelte", PRICES)
def all_tariffs(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    asked, town = request.query_params.get("bereich", ""), clerk.town
    area = tariff_areas.named(asked or next(each.name for each in tariff_areas.known() if sees(clerk.role, each.name)))
    made = tariffs.history(session, town.id, area.name)
    today = local_date(now, town.zone)
    count = [tariff for tariff in made if tariff.withdrawn_at is None]
    return show(
        request,
        clerk,
        "desk/tariffs.html",
        now,
        area=area,
        areas=tariff_areas.known(),
        tariffs=count,
        withdrawn=[tariff for tariff in made if tariff.withdrawn_at],
        holds=next((tariff for tariff in count if tariff.valid_from <= today), None),
        today=today,
        words=tariff_words,
        names=dict(_places(session, area, town, made)),
        in_words=in_words,
    )


@at_desk.get("/entgelte/neu", LEAD)
def new_tariff(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    """The form; it starts from the tariff that ``?vorlage=`` names, or, to be changed, ``?ersetzt=``."""
    query, town = request.query_params, clerk.town
    area, today = tariff_areas.named(query.get("bereich", "")), local_date(now, clerk.town.zone)
    made = tariffs.history(session, town.id, area.name)
    replaced = _named(made, query.get("ersetzt", ""))
    newest = next((each for each in made if each.withdrawn_at is None), None)
    pattern = replaced or _named(made, query.get("vorlage", "")) or newest
    typed = typed_of(pattern, max(pattern.valid_from, today)) if pattern else proposed(area, today)
    if replaced:
        typed["ersetzt"] = str(replaced.id)
    return _form(request, session, clerk, now, area, typed, pattern=pattern, first=not pattern)


@at_desk.post("/entgelte/zeilen", LEAD, N_("Entgeltordnung vorbereitet"))
def more_rows(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    """The same form with more room: for positions, or (``mehr``) for office hours."""
    area = tariff_areas.named(form.get("bereich", ""))
    spare = {"items": 4, "hours": 1} | ({"hours": 4} if form.get("mehr") == "zeiten" else {"items": 8})
    return _form(request, session, clerk, now, area, retyped(form), spare=spare)


@at_desk.post("/entgelte/vorschau", LEAD, N_("Entgeltordnung ausprobiert"))
def preview(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    area, town, typed = tariff_areas.named(form.get("bereich", "")), clerk.town, retyped(form)
    try:
        draft = _read(session, typed, area, town, now)
    except Invalid as fault:
        return _form(request, session, clerk, now, area, typed, 422, faults=fault.fields)
    made = tariffs.tariffs(session, town.id, area.name)
    before = next(
        (each for each in made if each.valid_from <= draft.valid_from and str(each.id) != typed.get("ersetzt")), None
    )
    after = _drafted(draft, area, clerk, now)
    cases = [_compared(each) for each in area.examples(session, town, before, after)]
    return _form(request, session, clerk, now, area, typed, cases=cases, before=before)


@at_desk.post("/entgelte", LEAD, N_("Entgeltordnung festgelegt"))
def make(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    area, town, typed = tariff_areas.named(form.get("bereich", "")), clerk.town, retyped(form)
    try:
        draft = _read(session, typed, area, town, now)
        replaced = _named(tariffs.history(session, town.id, area.name), typed.get("ersetzt", ""))
        tariffs.adopt(session, town, _drafted(draft, area, clerk, now), now, replaced)
    except Invalid as fault:
        return _form(request, session, clerk, now, area, typed, 422, faults=fault.fields)
    except Refused as refusal:
        return _form(request, session, clerk, now, area, typed, 409, refusal=refusal.sentence)
    return redirect(request, f"{clerk.desk}/entgelte?bereich={area.name}&erledigt=ja")


@at_desk.post("/entgelte/{tariff_id:uuid}/rueckzug", LEAD, N_("Entgeltordnung zurückgezogen"))
def take_back(
    request: Request, session: Session, now: datetime, clerk: Clerk, tariff_id: FromPath[UUID]
) -> Response[Any]:
    tariff = tariffs.tariff_of(session, clerk.town, tariff_id)
    tariffs.withdraw(session, clerk.town, tariff, now, clerk.name)
    return redirect(request, f"{clerk.desk}/entgelte?bereich={tariff.journey}&erledigt=ja")


def _read(session: Session, typed: Mapping[str, str], area: TariffArea, town: Municipality, now: datetime) -> Draft:
    made = tariffs.history(session, town.id, area.name)
    places = [place_id for place_id, _name in _places(session, area, town, made)]
    return read(typed, area, places, local_date(now, town.zone))


def _drafted(draft: Draft, area: TariffArea, clerk: Clerk, now: datetime) -> Tariff:
    return tariffs.drafted(
        clerk.town,
        area.name,
        valid_from=draft.valid_from,
        note=draft.note,
        office_hours=draft.office_hours,
        items=draft.items,
        at=now,
        by=clerk.name,
    )


def _compared(case: Example) -> dict[str, Any]:
    """An example, position by position: (label, cents before, cents after), and the two sums."""
    keys = [*case.before, *(key for key in case.after if key not in case.before)]
    lines = [(key[1], case.before.get(key), case.after.get(key)) for key in keys]
    return {"title": case.title, "lines": lines, "sums": (sum(case.before.values()), sum(case.after.values()))}


def _named(made: list[Tariff], typed: str) -> Tariff | None:
    return next((tariff for tariff in made if str(tariff.id) == typed), None)


def _places(session: Session, area: TariffArea, town: Municipality, made: list[Tariff]) -> list[tuple[UUID, str]]:
    """What a position can be for, and what isn't used any more but a tariff still names."""
    named = {item.resource_id for tariff in made for item in tariff.items if item.resource_id}
    return area.places(session, town, named) if area.places else []


def _form(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    area: TariffArea,
    typed: dict[str, str],
    status: int = 200,
    *,
    spare: Mapping[str, int] | None = None,
    **context: Any,
) -> Response[Any]:
    room = spare or {"items": 2, "hours": 1}
    places = _places(session, area, clerk.town, tariffs.history(session, clerk.town.id, area.name))
    shown: dict[str, Any] = {"cases": [], "before": None, "refusal": "", "pattern": None, "first": False} | context
    return show(
        request,
        clerk,
        "desk/tariffs_new.html",
        now,
        status,
        area=area,
        typed=typed,
        item_rows=rows(typed, FILLED, ITEMS, room["items"]),
        hour_rows=rows(typed, HOURS_FIELDS, HOURS, room["hours"]),
        codes=_worded(area.codes),
        vat=_worded(VAT),
        places=[("", _("überall")), *((str(place_id), name) for place_id, name in places)],
        weekdays=[(str(day), texts.weekday(_MONDAY.replace(day=1 + day), "EEE")) for day in range(7)],
        today=local_date(now, clerk.town.zone),
        kinds=[(kind, _(KINDS[kind])) for kind in area.offers.kinds],
        units=[(unit, _(UNITS[unit])) for unit in area.offers.units],
        holiday=HOLIDAY,
        class_options=_worded(area.offers.user_classes),
        age_options=_worded(area.offers.age_groups),
        purpose_options=_worded(area.offers.purposes),
        trait_options=_worded(area.offers.traits),
        **shown,
    )


def _worded(options: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name, _(words)) for name, words in options.items()]


routes = [all_tariffs, new_tariff, more_rows, preview, make, take_back, *desk_calculator.routes]
