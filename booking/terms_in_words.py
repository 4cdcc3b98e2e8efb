"""The terms of a policy, said in words: all of them, for those who have to answer for them."""

from zoneinfo import ZoneInfo

from buchbar.accounts.clubs import USER_CLASSES
from buchbar.base import texts
from buchbar.base.texts import _, ngettext
from buchbar.booking import forms
from buchbar.booking.terms import ClassTerms, DaysAfterBooking, Deadline, EarlierOf, MonthsBeforeDate, Terms
from buchbar.calendar.release import FixedInstant, MonthlyFirstWorkingDay, ReleaseRule


def in_words(terms: Terms, zone: ZoneInfo, by_class: bool = False) -> list[tuple[str, str]]:
    """What is settled, and how: label and sentence, in the order of the form; ``by_class`` as in journeys.InRules."""
    own = _of_lengths(terms) if by_class else _of_slots(terms)
    return [
        (_("Freigabe"), _release(terms.release, zone)),
        (_("Vorlauf"), _lead(terms.lead_days)),
        (_("Vormerkung"), _minutes(terms.hold_minutes)),
        (_("Bestätigung der E-Mail-Adresse"), _minutes(terms.proof_minutes)),
        (_("Zustimmung"), _(forms.APPROVAL[terms.approval])),
        (_("Reservierungen je E-Mail-Adresse"), _("höchstens %d") % terms.holds_per_address),
        *own,
        (_("Erinnerungen vor der Frist"), _reminders(terms)),
        (_("Bezahlung"), _(forms.PAYMENT[terms.payment])),
        (_("Zeit zum Bezahlen"), _days(terms.pay_days)),
        (_("Bei einer Absage"), _cancellation(terms)),
        (_("Aufbewahrung nach dem Termin"), _months(terms.retention_months)),
        *(_classes(terms, zone) if by_class else ()),
    ]


def _of_slots(terms: Terms) -> list[tuple[str, str]]:
    return [
        (_("Erinnerungen an den Trauort"), _owner_reminders(terms)),
        (_("Nach dem Ausland gefragt"), _yes(terms.gate_foreign)),
        (_("Anmeldung"), _deadline(terms.deadline)),
    ]


def _of_lengths(terms: Terms) -> list[tuple[str, str]]:
    return [
        (_("Online buchbar"), _yes(terms.books)),
        (_("In Serien buchbar"), _yes(terms.series)),
        (_("Dauer"), _("%(least)s bis %(most)s") % _lengths(terms)),
        (_("Höchstens je Woche"), _week(terms.week_minutes)),
        (_("Namen von Vereinen im öffentlichen Plan"), _yes(terms.public_names)),
        (_("Türcode sichtbar"), _("%s vorher") % _hours(terms.code_hours * 60)),
        (_("Wer an der Tür war, bleibt gespeichert"), _days(terms.door_days)),
    ]


def _classes(terms: Terms, zone: ZoneInfo) -> list[tuple[str, str]]:
    """What is different for each user class."""
    own = {each.name: each for each in terms.classes}
    return [
        (_("Für %s") % _(words), _class(own[name], zone) if name in own else _("wie für alle"))
        for name, words in USER_CLASSES.items()
    ]


def _class(own: ClassTerms, zone: ZoneInfo) -> str:
    said = [
        _("online buchbar: %s") % _yes(own.books) if own.books is not None else "",
        _("in Serien: %s") % _yes(own.series) if own.series is not None else "",
        _release(own.release, zone) if own.release else "",
        _("Vorlauf: %s") % _lead(own.lead_days) if own.lead_days is not None else "",
        _("mindestens %s") % _hours(own.shortest_minutes) if own.shortest_minutes else "",
        _("höchstens %s") % _hours(own.longest_minutes) if own.longest_minutes else "",
        _("je Woche: %s") % _week(own.week_minutes) if own.week_minutes is not None else "",
        _("Zustimmung: %s") % _(forms.APPROVAL[own.approval]) if own.approval else "",
        _("Bezahlung: %s") % _(forms.PAYMENT[own.payment]) if own.payment else "",
    ]
    return "; ".join(each for each in said if each) or _("wie für alle")


def _yes(value: bool) -> str:
    return _("ja") if value else _("nein")


def _lead(days: int) -> str:
    return _days(days) if days else _("keiner")


def _lengths(terms: Terms) -> dict[str, str]:
    return {"least": _hours(terms.shortest_minutes), "most": _hours(terms.longest_minutes)}


def _week(minutes: int) -> str:
    return _hours(minutes) if minutes else _("so viel, wie frei ist")


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


def _hours(minutes: int) -> str:
    """Minutes as hours where these are whole ones."""
    if minutes % 60:
        return _minutes(minutes)
    return ngettext("%(num)d Stunde", "%(num)d Stunden", minutes // 60) % {"num": minutes // 60}
