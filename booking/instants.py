"""Moments as they stand in addresses and forms: in UTC, so that no clock change makes one mean two."""

from datetime import UTC, datetime

from buchbar.base import forms
from buchbar.base.errors import NotFound

INSTANT = "%Y-%m-%dT%H:%MZ"


def instant(moment: datetime) -> str:
    """A moment as an address names it."""
    return moment.astimezone(UTC).strftime(INSTANT)


def read_instant(typed: str) -> datetime:
    """The moment that an address names. Raises NotFound for anything else."""
    try:
        read = datetime.strptime(typed, INSTANT).replace(tzinfo=UTC)
    except ValueError:
        raise NotFound from None
    if read.year not in forms.YEARS:
        raise NotFound
    return read
