"""What a policy will do, said before it is put into force."""

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from buchbar.accounts.clubs import USER_CLASSES
from buchbar.accounts.models import Municipality
from buchbar.accounts.revisions import Difference
from buchbar.base import texts
from buchbar.base.texts import _, ngettext
from buchbar.booking import journeys
from buchbar.booking.terms import Terms
from buchbar.booking.terms_in_words import in_words
from buchbar.calendar.deadlines import last_day
from buchbar.calendar.months import add_months
from buchbar.calendar.release import opens_at
from buchbar.calendar.walls import at, day_span, local_date

NOON = 12 * 60
# So many days ahead it is counted which of them become bookable, or aren't any more.
AHEAD = 730


def examples(terms: Terms, town: Municipality, now: datetime, by_class: bool = False) -> list[str]:
    """What the terms mean for a date that is hard to reckon: the last of the next but one August; ``by_class`` as in
    journeys.InRules."""
    today = local_date(now, town.zone)
    day = date(today.year + (1 if today.month < 9 else 2), 8, 31)
    if not by_class:
        return [_opening_sentence(terms, town, day), _deadline_sentence(terms, town, day, today)]
    everybody = _opening_sentence(terms, town, day)
    said = {name: _opening_sentence(terms.of(name), town, day) for name in USER_CLASSES}
    others = [
        _("Für %(whom)s: %(sentence)s") % {"whom": _(USER_CLASSES[name]), "sentence": sentence}
        for name, sentence in said.items()
        if sentence != everybody
    ]
    return [everybody, *others]


def differences(before: Terms, after: Terms, town: Municipality, by_class: bool = False) -> list[Difference]:
    """What is settled otherwise, in words."""
    pairs = zip(in_words(before, town.zone, by_class), in_words(after, town.zone, by_class), strict=True)
    return [Difference(label, old, new) for (label, old), (_label, new) in pairs if old != new]


def effect(
    session: Session,
    journey: journeys.Journey,
    town: Municipality,
    before: Terms | None,
    after: Terms,
    valid_from: date,
    now: datetime,
) -> list[str]:
    """How many days become bookable on the day when the terms come into force, and how many aren't any more."""
    moment = max(now, day_span(valid_from, town.zone).start)
    first = local_date(moment, town.zone)
    ahead = [first + timedelta(days=distance) for distance in range(AHEAD)]
    old = {day for day in ahead if before and _bookable(before, day, town, moment)}
    new = {day for day in ahead if _bookable(after, day, town, moment)}
    won = journey.rules.days(session, town, sorted(new - old))
    lost = journey.rules.days(session, town, sorted(old - new))
    if not won and not lost:
        return [_("Am %s sind dieselben Tage buchbar wie bisher.") % texts.day(first)]
    said = []
    if won:
        more = ngettext("%(num)d Tag wird buchbar", "%(num)d Tage werden buchbar", len(won)) % {"num": len(won)}
        said.append(_("Am %(day)s: %(what)s (%(span)s).") % {"day": texts.day(first), "what": more, "span": _span(won)})
    if lost:
        less = ngettext("%(num)d Tag ist", "%(num)d Tage sind", len(lost)) % {"num": len(lost)}
        words = {"day": texts.day(first), "what": less, "span": _span(lost)}
        said.append(_("Am %(day)s: %(what)s nicht mehr online buchbar (%(span)s). Was gebucht ist, bleibt.") % words)
    return said


def _bookable(terms: Terms, day: date, town: Municipality, moment: datetime) -> bool:
    opens = opens_at(terms.release, day, town.zone, town.land) if terms.books else None
    return opens is not None and opens <= moment and at(day, NOON, town.zone) >= terms.earliest_start(moment)


def _span(days: list[date]) -> str:
    first, last = texts.day(days[0], "short"), texts.day(days[-1], "short")
    return first if first == last else _("%(first)s bis %(last)s") % {"first": first, "last": last}


def _opening_sentence(terms: Terms, town: Municipality, day: date) -> str:
    opens = opens_at(terms.release, day, town.zone, town.land)
    when = {"day": texts.day(day, "short")}
    if not terms.books:
        return _("Der %(day)s ist nicht online buchbar.") % when
    if opens is None:
        return _("Der %(day)s wird nach dieser Regelung nie buchbar.") % when
    when |= {"opens": texts.day(local_date(opens, town.zone)), "time": texts.clock(opens, town.zone)}
    return _("Der %(day)s wird am %(opens)s um %(time)s buchbar.") % when


def _deadline_sentence(terms: Terms, town: Municipality, day: date, today: date) -> str:
    """For somebody who reserves five months before the day, for noon, at noon."""
    reserved = max(add_months(day, -5), today)
    limit = terms.deadline_at(at(reserved, NOON, town.zone), at(day, NOON, town.zone), town.zone)
    when = {"day": texts.day(day, "short"), "reserved": texts.day(reserved, "short")}
    if limit is None:
        return _("Wer ihn am %(reserved)s reserviert, hat keine Frist für die Anmeldung.") % when
    when["limit"] = texts.day(last_day(limit, town.zone))
    return _("Wer ihn am %(reserved)s reserviert, muss sich bis %(limit)s anmelden.") % when
