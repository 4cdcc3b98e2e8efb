"""What was changed at a door, for the history: all but what is secret.

Taking an edit back isn't offered: another lock knows other codes, and its secret isn't kept here.
"""

from typing import Any

from sqlalchemy.orm import Session, object_session

from buchbar.accounts import revisions
from buchbar.accounts.revisions import Field, Subject
from buchbar.accounts.roles import ANEW, LOOK
from buchbar.base.texts import N_, _
from buchbar.booking.halls.models import JOURNEY
from buchbar.doors import locks
from buchbar.doors.models import Door

SECRETS = ("secret", "token")
LABELS = {
    "url": N_("Adresse der Steuerung"),
    "lock": N_("Nummer des Schlosses"),
    "capacity": N_("Plätze für Codes"),
    "events": N_("Die Steuerung meldet, wer öffnet"),
}


def open_settings(settings: dict[str, str]) -> dict[str, str]:
    """What of a lock's settings isn't secret."""
    return {name: value for name, value in settings.items() if name not in SECRETS}


def _settings(door: Door) -> dict[str, str]:
    session = object_session(door)
    return open_settings(locks.settings_of(session.info["settings"], door)) if session else {}


def _in_words(settings: dict[str, str]) -> str:
    return ", ".join(f"{_(LABELS[name])}: {settings[name]}" for name in LABELS if settings.get(name))


def _parts(parts: list[int]) -> str:
    return ", ".join(str(number) for number in parts) or _("alle")


def _put_by_form(_session: Session, _door: Door, _value: Any) -> None:
    """The form writes all of a door at once (door_form.put)."""


def _field(label: str, kind: Any = str, **options: Any) -> Field:
    return Field(label, kind, put=_put_by_form, **options)


DOOR = revisions.put_in(
    Subject(
        "door",
        Door,
        lambda door: door.name,
        {
            "name": _field(N_("Name der Tür")),
            "parts": _field(N_("Teile der Halle"), list[int], words=_parts),
            "run_in_minutes": _field(N_("Öffnet so viele Minuten vorher"), int),
            "run_out_minutes": _field(N_("Öffnet so viele Minuten danach"), int),
            "phone": _field(N_("Telefon, wenn sie nicht aufgeht"), personal=True),
            "adapter": _field(N_("Schloss"), words=lambda name: _(locks.NAMES[name])),
            "settings": _field(N_("Einstellungen des Schlosses"), dict[str, str], words=_in_words, get=_settings),
            "keeps_time": _field(N_("Kennt Zeiten"), bool),
            "active": _field(N_("In Betrieb"), bool),
        },
        right=ANEW,
        seen_with=LOOK,
        journey=JOURNEY,
    )
)
