"""What cancelling gives back, said before one books."""

from datetime import date, timedelta

from buchbar.base import texts
from buchbar.base.texts import _
from buchbar.booking.terms import Terms


def cancelling(terms: Terms, day: date, today: date) -> list[str]:
    """What a cancellation still gives back, until which day, as sentences; nothing where it is always free."""
    steps = sorted(terms.cancellation, key=lambda step: -step.days)
    if not steps or (len(steps) == 1 and steps[0].days == 0 and steps[0].percent == 100):
        return []
    lines = [
        _("bis %(day)s bekommen Sie %(percent)d %% der Gebühren zurück")
        % {"day": texts.day(day - timedelta(days=step.days), "short"), "percent": step.percent}
        for step in steps
        if day - timedelta(days=step.days) >= today
    ]
    if steps[-1].days == 0:
        return lines
    return [*lines, _("danach nichts")] if lines else [_("Sie bekommen nichts mehr zurück")]
