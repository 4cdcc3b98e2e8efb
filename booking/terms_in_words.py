"""The terms of a policy, said in words: all of them, for those who have to answer for them."""

from zoneinfo import ZoneInfo

from buchbar.base import texts
from buchbar.base.texts import _, ngettext
from buchbar.booking import forms
from buchbar.booking.terms import DaysAfterBooking, Deadline, EarlierOf, MonthsBeforeDate, Terms
from buchbar.calendar.release import FixedInstant, MonthlyFirstWorkingDay, ReleaseRule


def in_words(terms: Terms, zone: ZoneInfo) -> list[tuple[str, str]]:
    """What is settled, and how: label and sentence, in the order of the form."""
    return [
        (_("Freigabe"), _release(terms.release, zone)),
        (_("Vorlauf"), _days(terms.lead_days) if terms.lead_days else _("keiner")),
        (_("Vormerkung"), _minutes(terms.hold_minutes)),
        (_("Bestätigung der E-Mail-Adresse"), _minutes(terms.proof_minutes)),
        (_("Zustimmung"), _(forms.APPROVAL[terms.approval])),
        (_("Erinnerungen an den Trauort"), _owner_reminders(terms)),
        (_("Reservierungen je E-Mail-Adresse"), _("höchstens %d") % terms.holds_per_address),
        (_("Nach dem Ausland gefragt"), _("ja") if terms.gate_foreign else _("nein")),
        (_("Anmeldung"), _deadline(terms.deadline)),
        (_("Erinnerungen vor der Frist"), _reminders(terms)),
        (_("Bezahlung"), _(forms.PAYMENT[terms.payment])),
        (_("Zeit zum Bezahlen"), _days(terms.pay_days)),
        (_("Bei einer Absage des Paares"), _cancellation(terms)),
        (_("Aufbewahrung nach dem Termin"), _months(terms.retention_months)),
    ]


def _release(rule: ReleaseRule, zone: ZoneInfo) -> str:
    if isinstance(rule, FixedInstant):
        opens = texts.moment(rule.opens, zone)
        if rule.until is None:
            return _("alle Tage ab %s") % opens
        return _("alle Tage bis %(until)s ab %(opens)s") % {"until": texts.day(rule.until), "opens": opens}
    when = {"months": _months(rule.months), "time": f"{rule.at_minute // 60:02d}:{rule.at_minute % 60:02d}"}
    if isinstance(rule, MonthlyFirstWorkingDay):
        return _("ein ganzer Monat am ersten Werktag, %(months)s vorher, um %(time)s Uhr") % when
    return _("jeder Tag einzeln, %(months)s vorher, um %(time)s Uhr") % when


def _deadline(deadline: Deadline | None) -> str:
    match deadline:
        case DaysAfterBooking(days=days):
            return _("spätestens %s nach der Reservierung") % _days(days)
        case MonthsBeforeDate(months=months):
            return _("spätestens %s vor dem Termin") % _months(months)
        case EarlierOf(days=days, months=months):
            both = {"days": _days(days), "months": _months(months)}
            return _("spätestens %(days)s nach der Reservierung oder %(months)s vor dem Termin, was früher ist") % both
        case _:
            return _("ohne Frist")


def _owner_reminders(terms: Terms) -> str:
    if not terms.owner_reminder_days:
        return _("keine")
    return _("%s nach der Anfrage") % ", ".join(_days(days) for days in terms.owner_reminder_days)


def _reminders(terms: Terms) -> str:
    if not terms.reminder_days:
        return _("keine")
    return _("%s vorher") % ", ".join(_days(days) for days in terms.reminder_days)


def _cancellation(terms: Terms) -> str:
    steps = sorted(terms.cancellation, key=lambda step: -step.days)
    if not steps:
        return _("wird nichts erlassen")
    parts = [_("bis %(days)s vorher %(percent)d %%") % {"days": _days(s.days), "percent": s.percent} for s in steps]
    if steps[-1].days:
        parts.append(_("danach nichts"))
    return _("erlassen werden: %s") % ", ".join(parts)


# Accusative measures ("40 Tage nach …", "6 Monate vorher"), so that one form fits everywhere.
def _days(count: int) -> str:
    return ngettext("%(num)d Tag", "%(num)d Tage", count) % {"num": count}


def _months(count: int) -> str:
    return ngettext("%(num)d Monat", "%(num)d Monate", count) % {"num": count}


def _minutes(count: int) -> str:
    return ngettext("%(num)d Minute", "%(num)d Minuten", count) % {"num": count}
