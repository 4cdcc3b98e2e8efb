"""Retention at the desk: what is kept how long, what will be deleted next, and what was deleted last."""

from datetime import date, datetime, timedelta
from typing import Any

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk, audit, membership, revisions
from buchbar.accounts.models import Clerk, Municipality
from buchbar.accounts.roles import LEAD, LOOK, RULES, may
from buchbar.base import forms, texts
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _, ngettext
from buchbar.base.web import Form, redirect
from buchbar.booking import attach, bank_folder, forgetting, journeys, people_forgotten, policies, retention
from buchbar.booking.desk_frame import show
from buchbar.calendar.walls import local_date
from buchbar.payments import bank_entries, claimable, mandates
from buchbar.payments.rules import rules_of


@at_desk.get("/aufbewahrung", RULES, N_("Löschliste angesehen"))
def retention_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show(request, session, clerk, now)


@at_desk.post("/aufbewahrung", LEAD, N_("Aufbewahrung geändert"))
def save(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    town, today = clerk.town, local_date(now, clerk.town.zone)
    try:
        read = forms.read(form, audit_months=forms.whole(1, 120), valid_from=_not_before(today))
    except Invalid as fault:
        return _show(request, session, clerk, now, 422, faults=fault.fields, typed=dict(form))
    values = {"audit_months": read.audit_months}
    revisions.edit(session, town, audit.RETENTION, town, values, valid_from=read.valid_from, at=now, by=clerk.name)
    return redirect(request, f"{clerk.desk}/aufbewahrung?erledigt=ja")


def _not_before(today: date) -> forms.Field:
    def convert(typed: str) -> date:
        day = forms.day(typed)
        if day < today:
            raise ValueError(_("Eine Änderung gilt frühestens ab heute."))
        return day

    return convert


def kept(session: Session, town: Municipality, role: str, today: date) -> list[tuple[str, str, str]]:
    """What is kept, how long, and where that is settled; of the journeys that a role sees."""
    rows = []
    for journey in journeys.seen_by(role):
        holds = next(
            (each for each in policies.policies(session, town.id, journey.name) if each.valid_from <= today), None
        )
        length = _months(holds.terms.retention_months) if holds else "–"
        what = _("%s: Namen, Kontakt, Bemerkungen, Briefe, Notizen und Dateien") % _(journey.desk.title)
        rows.append((what, _("%s nach dem Termin oder der Absage") % length, _("in der Regelung")))
    days = {
        _("Vormerkungen, die nie bestätigt wurden"): retention.UNPROVEN,
        _("E-Mails, die zu keiner Buchung gehören: Anmeldecodes, Einladungen, Nachrichten an Vereine"): (
            retention.LETTERS_OF_CLERKS
        ),
        _("Einladungen in einen Verein, die niemand angenommen hat"): membership.INVITED_FOR,
        _("Meldungen des Zahlungsdienstes"): retention.MESSAGES,
        _("Sperrzeiten mit ihrem Grund, nach ihrem Ende"): retention.CLOSURES,
        _("E-Mail-Adressen, die zu einem Brief angegeben und nie bestätigt wurden"): attach.UNPROVEN,
        _("Widerrufene Kalender-Abos, mit der Notiz, für wen sie waren"): retention.FEEDS,
    }
    rows += [(what, _days(length.days), _("fest")) for what, length in days.items()]
    rows += [
        (
            _("Konten von Bürgerinnen und Bürgern, mit der Zugehörigkeit zu Vereinen"),
            _("%s nach der letzten Anmeldung und der letzten Buchung") % _months(people_forgotten.UNUSED_MONTHS),
            _("fest"),
        ),
        (
            _("Abgelehnte Anträge von Vereinen"),
            _("%s nach der Ablehnung") % _months(people_forgotten.REFUSED_MONTHS),
            _("fest"),
        ),
    ]
    rows += _money(session, town)
    trail, here = _months(town.audit_months), _("auf dieser Seite")
    rows.append((_("Protokoll: wer was getan und angesehen hat"), trail, here))
    rows.append((_("Frühere Namen und Adressen in den Änderungen an Einstellungen"), trail, here))
    forever = {
        _("Buchungsnummern, Termine, Beträge und Zahlungen, ohne Namen"): _("für die Kasse, auf Dauer"),
        _("Wer im Amt etwas entschieden oder eingestellt hat: Namen der Beschäftigten, mit Zugang auch die Adresse"): _(
            "auf Dauer, auch nach dem Ausscheiden"
        ),
    }
    return [*rows, *((what, how_long, _("fest")) for what, how_long in forever.items())]


def _money(session: Session, town: Municipality) -> list[tuple[str, str, str]]:
    books = _("%d Jahre nach dem Ende des Jahres (§ 147 AO)") % rules_of(session, town.id).books_years
    rules, fixed = _("in den Regeln für die Kasse"), _("fest")
    claimed = _("%(notice)d Jahre nach dem Ende des Jahres bei Bescheiden (§ 228 AO), sonst %(other)d (§ 195 BGB)")
    years = {"notice": claimable.YEARS_BY_NOTICE, "other": claimable.YEARS}
    spans, name = bank_entries.PERSONAL_FOR, _("Namen, Konten und Verwendungszwecke auf Kontoauszügen: %s")
    after = _("%s nach der Buchung auf dem Konto")
    used = _("%(months)s nach Widerruf und letztem Einzug, ohne Widerruf %(unused)s nach dem letzten Einzug")
    return [
        (_("Wer etwas zu bezahlen hatte, auf Bescheiden und Rechnungen"), books, rules),
        (_("Namen und Kontakt, solange zu einer Buchung noch etwas offen ist: höchstens"), claimed % years, fixed),
        (_("Warum eine Zahlung zurückgenommen wurde"), books, rules),
        (name % _("zugeordnet"), after % _days(spans["matched"].days), fixed),
        (name % _("beiseitegelegt"), after % _days(spans["set_aside"].days), fixed),
        (name % _("ungeklärt"), after % _days(spans["open"].days), fixed),
        (
            _("Lastschriftmandate: Namen, Anschrift und Konto"),
            used % {"months": _months(mandates.KEPT_MONTHS), "unused": _months(mandates.UNUSED_MONTHS)},
            fixed,
        ),
        (_("Lastschriftmandate, die nie unterschrieben wurden"), _days(mandates.UNSIGNED.days), fixed),
        (_("Konten, auf die eine Erstattung ging"), _("wie die Angaben der Buchung"), fixed),
        (
            _("Kontoauszüge als Dateien im überwachten Ordner"),
            _("%s nach dem Import") % _days(bank_folder.KEPT.days),
            fixed,
        ),
    ]


def _months(count: int) -> str:
    return ngettext("%(num)d Monat", "%(num)d Monate", count) % {"num": count}


def _days(count: int) -> str:
    return ngettext("%(num)d Tag", "%(num)d Tage", count) % {"num": count}


def _show(
    request: Request, session: Session, clerk: Clerk, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    town = clerk.town
    today = local_date(now, town.zone)
    looks = may(clerk.role, LOOK)
    typed = {"audit_months": str(town.audit_months), "valid_from": today.isoformat()}
    past = revisions.history(session, audit.RETENTION, town.id)
    return show(
        request,
        clerk,
        "desk/retention.html",
        now,
        status,
        kept=kept(session, town, clerk.role, today),
        going=forgetting.going(session, town, now, with_names=looks),
        looks=looks,
        unproven=forgetting.unproven(session, town),
        entries=forgetting.audit_entries(session, town, now),
        money=forgetting.money(session, town, now),
        refused=people_forgotten.refused_until(session, town, now + timedelta(days=forgetting.AHEAD)),
        gone=[(texts.day(day), count) for day, count in forgetting.gone(session, town, now)],
        history=[(revision, "", revisions.differences(revision)) for revision in past],
        today=today,
        **{"typed": typed} | context,
    )


routes = [retention_page, save]
