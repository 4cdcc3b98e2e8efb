"""The town's rules for money, at the desk: seen before they are saved, dated, with their history."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk, revisions
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LEAD, PRICES, may
from buchbar.base.db import in_line
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import money_forms
from buchbar.booking.desk_frame import show
from buchbar.calendar.walls import local_date
from buchbar.payments import kassenzeichen
from buchbar.payments.money_settings import DOCUMENTS, MONEY, WAYS, proposed_instructions
from buchbar.payments.rules import MoneyRules, rules_of

SERIAL, NUMBER = 42, "HZ-7K3M-9QXB"  # of examples


@at_desk.get("/kassenregeln", PRICES)
def money_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show(request, session, clerk, now)


@at_desk.get("/kassenregeln/beispiel", PRICES)
def example(request: Request, now: datetime, clerk: Clerk) -> Response[Any]:
    """What the patterns that are being typed would make, for the form."""
    made = examples(request.query_params, local_date(now, clerk.town.zone))
    return show(request, clerk, "desk/_money_example.html", now, examples=made)


@at_desk.post("/kassenregeln/vorschau", LEAD, N_("Regeln für die Kasse ausprobiert"))
def preview(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    typed = _typed(form)
    try:
        values, _valid_from = money_forms.read(typed, local_date(now, clerk.town.zone))
    except Invalid as fault:
        return _show(request, session, clerk, now, 422, faults=fault.fields, typed=typed)
    differences = revisions.differences_of(MONEY, rules_of(session, clerk.town.id), values)
    return _show(request, session, clerk, now, typed=typed, previewed=True, differences=differences)


@at_desk.post("/kassenregeln", LEAD, N_("Regeln für die Kasse geändert"))
def save(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    town, typed = clerk.town, _typed(form)
    try:
        values, valid_from = money_forms.read(typed, local_date(now, town.zone))
    except Invalid as fault:
        return _show(request, session, clerk, now, 422, faults=fault.fields, typed=typed)
    rules = _kept(session, clerk)
    revisions.edit(session, town, MONEY, rules, values, valid_from=valid_from, at=now, by=clerk.name)
    return redirect(request, f"{clerk.desk}/kassenregeln?erledigt=ja")


def examples(typed: Mapping[str, str], today: date) -> list[tuple[str, str, bool]]:
    """What the patterns make: what it is, the example or what is wrong with it, and whether it is fine."""
    number, sign = (typed.get(name, "").strip() for name in ("number_pattern", "sign_pattern"))
    check = typed.get("sign_check", "")
    check = check if check in kassenzeichen.CHECKS else ""
    made = []
    if number:
        fault = kassenzeichen.fault_in_number(number)
        shown = fault or kassenzeichen.sign(number, year=today.year, serial=SERIAL)
        made.append((_("Nummer, zum Beispiel"), shown, not fault))
    if sign:
        fault = kassenzeichen.fault_in(sign, check)
        shown = fault or kassenzeichen.sign(sign, check, year=today.year, serial=SERIAL, booking=NUMBER, ordinal=1)
        made.append((_("Kassenzeichen, zum Beispiel"), shown, not fault))
    return made


def _typed(form: Form) -> dict[str, str]:
    return dict(form) | {"ways": ",".join(form.all("ways"))}


def _kept(session: Session, clerk: Clerk) -> MoneyRules:
    """The town's rules; its first ones are the usual, from now on its own."""
    in_line(session, f"money_rules:{clerk.town.id}")
    rules = rules_of(session, clerk.town.id)
    session.add(rules)
    session.flush()
    return rules


def _labels() -> dict[str, str]:
    """What each field of the form is called, also where it stands beside no other."""
    labels = {name: _(field.label) for name, field in MONEY.fields.items()} | {"valid_from": _("Gilt ab")}
    for number in range(1, money_forms.MOST_LEVELS + 1):
        for name, words in money_forms.LEVEL_FIELDS.items():
            labels[f"{name}_{number}"] = _("Stufe %(n)d, %(what)s") % {"n": number, "what": _(words)}
    return labels


def _show(
    request: Request, session: Session, clerk: Clerk, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    town = clerk.town
    today = local_date(now, town.zone)
    rules = rules_of(session, town.id)
    typed: Mapping[str, str] = context.pop("typed", None) or money_forms.typed_of(rules, today)
    past = revisions.history(session, MONEY, rules.id) if rules.id else []
    return show(
        request,
        clerk,
        "desk/money.html",
        now,
        status,
        labels=_labels(),
        typed=typed,
        ways={name: _(words) for name, words in WAYS.items()},
        documents=[(name, _(words)) for name, words in DOCUMENTS.items()],
        checks=[(name, _(words)) for name, words in kassenzeichen.CHECK_WORDS.items()],
        places=[(f"{{{name}}}", _(words)) for name, words in kassenzeichen.PLACES.items()],
        examples=examples(typed, today),
        holds=[(_(field.label), field.words(getattr(rules, name))) for name, field in MONEY.fields.items()],
        proposal="" if typed.get("instructions") else proposed_instructions(town),
        levels=range(1, money_forms.MOST_LEVELS + 1),
        may_lead=may(clerk.role, LEAD),
        history=[(revision, "", revisions.differences(revision)) for revision in past],
        today=today,
        **{"differences": [], "previewed": False} | context,
    )


routes = [money_page, example, preview, save]
