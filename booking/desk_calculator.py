"""The calculator beside a tariff: a case in, what it costs under that tariff out, line by line. Nothing is kept."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk, Municipality
from buchbar.accounts.roles import PRICES
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import _
from buchbar.booking import tariff_areas, tariff_items
from buchbar.booking.desk_frame import show
from buchbar.booking.tariff_areas import TariffArea
from buchbar.calendar.walls import at, local_date
from buchbar.payments.models import Tariff
from buchbar.payments.pricing import Case, price
from buchbar.payments.tariffs import tariff_of

_LONGEST = timedelta(days=31)
_MOST_PERSONS = 9999


@at_desk.get("/entgelte/{tariff_id:uuid}/rechner", PRICES)
def calculator(
    request: Request, session: Session, now: datetime, clerk: Clerk, tariff_id: FromPath[UUID]
) -> Response[Any]:
    """The form; with what a case costs where one was typed."""
    town, tariff = clerk.town, tariff_of(session, clerk.town, tariff_id)
    area = tariff_areas.named(tariff.journey)
    places = area.places(session, town, ()) if area.places else []
    query = request.query_params
    typed = dict(query) | {name: "ja" for name in area.questions if query.get(name)}
    if "tag" not in query:
        typed = _example(tariff, area, local_date(now, town.zone))
    lines, faults, before = None, {}, False
    try:
        case = _case(typed, town, area, {str(place_id): place_id for place_id, _name in places})
        before = local_date(case.start, town.zone) < tariff.valid_from
        lines = price(tariff.items, replace(case, due=area.due(tariff, case)))
    except Invalid as fault:
        faults = fault.fields
    return show(
        request,
        clerk,
        "desk/calculator.html",
        now,
        422 if faults else 200,
        tariff=tariff,
        area=area,
        typed=typed,
        faults=faults,
        before=before,
        asked="tag" in query,
        lines=lines,
        total=sum(line.cents for line in lines or ()),
        vat=tariff_items.VAT,
        places=[("", _("nirgends besonders")), *((str(place_id), name) for place_id, name in places)],
        choices=[
            (name, label, [(key, _(words)) for key, words in options.items()])
            for name, label, options in _choices(area)
            if options
        ],
    )


def _choices(area: TariffArea) -> list[tuple[str, str, Mapping[str, str]]]:
    offers = area.offers
    return [
        ("wer", _("Wer"), offers.user_classes),
        ("alter", _("Alter"), offers.age_groups),
        ("zweck", _("Zweck"), offers.purposes),
    ]


def _example(tariff: Tariff, area: TariffArea, today: date) -> dict[str, str]:
    """Something to begin with: two hours in the evening, of whom the area names first."""
    day = max(today, tariff.valid_from)
    typed = {"tag": day.isoformat(), "von": "18:00", "bis_tag": day.isoformat(), "bis": "20:00"}
    return typed | {name: next(iter(options)) for name, _label, options in _choices(area) if options}


def _case(typed: Mapping[str, str], town: Municipality, area: TariffArea, places: Mapping[str, UUID]) -> Case:
    """The case that was typed. Raises Invalid."""
    parts = forms.whole(0, max(1, area.offers.parts), required=False)
    said = forms.read(
        typed,
        tag=forms.day,
        von=forms.minute,
        bis_tag=forms.optional(forms.day),
        bis=forms.minute,
        ort=forms.optional(forms.one_of(*places)),
        teile=parts,
        personen=forms.whole(1, _MOST_PERSONS, required=False),
        **{name: forms.one_of(*options) for name, _label, options in _choices(area) if options},
    )
    start, end = at(said.tag, said.von, town.zone), at(said.bis_tag or said.tag, said.bis, town.zone)
    if end <= start:
        raise Invalid({"bis": _("Das Ende liegt vor dem Anfang.")}, dict(typed))
    if end - start > _LONGEST:
        raise Invalid({"bis_tag": _("Bitte höchstens 31 Tage auf einmal.")}, dict(typed))
    return Case(
        start=start,
        end=end,
        zone=town.zone,
        land=town.land,
        due=(),
        resource_id=places[said.ort] if said.ort else None,
        user_class=getattr(said, "wer", ""),
        age_group=getattr(said, "alter", ""),
        purpose=getattr(said, "zweck", ""),
        traits=[name for name in area.questions if typed.get(name)],
        persons=said.personen or 1,
        parts=1 if said.teile is None else said.teile,
    )


routes = [calculator]
