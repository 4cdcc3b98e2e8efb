"""The form of a door: text to values. What is secret is typed in and never shown again."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import forms
from buchbar.base.settings import Settings
from buchbar.base.texts import _
from buchbar.base.web import Form
from buchbar.booking.halls.door_edits import SECRETS
from buchbar.doors import locks, nuki
from buchbar.doors.models import Door
from buchbar.resources.halls import Hall

# What each kind of lock has to be told: its settings by name, and which of them are secret.
SETTINGS = {"simulator": (), "webhook": ("url", "secret", "events"), "nuki": ("lock", "token", "capacity")}
# What names another lock: where it changes, nothing is known of what the lock knows.
WHICH = ("url", "lock")
SHORTEST_SECRET = 16


def adapters(settings: Settings, town: Municipality) -> list[tuple[str, str]]:
    """The kinds of lock that can be chosen, with their names; the one for trying out only in a demonstration."""
    offered = [name for name in locks.NAMES if name != "simulator" or town.demonstration or settings.demo]
    return [(name, _(locks.NAMES[name])) for name in offered]


def taken(session: Session, town: Municipality, door: Door | None) -> set[str]:
    """The numbers of locks that belong to other doors of the town: the same digits are in a lock once only."""
    theirs = select(Door).where(Door.municipality_id == town.id, Door.adapter == "nuki")
    others = [each for each in session.scalars(theirs) if door is None or each.id != door.id]
    return {locks.settings_of(session.info["settings"], each).get("lock", "") for each in others}


def read(
    form: Form,
    settings: Settings,
    town: Municipality,
    halls: list[Hall],
    door: Door | None,
    taken: set[str] = frozenset(),  # type: ignore[assignment]
) -> dict[str, Any]:
    """The values of a door's columns; its lock's settings under "settings", of the secrets those that are new.
    ``taken`` are the numbers of locks at other doors. Raises Invalid.
    """
    known = locks.settings_of(settings, door) if door else {}
    by_id = {str(hall.id): hall for hall in halls}
    read = forms.read(
        form,
        hall=(lambda typed: door.hall_id) if door else lambda typed: by_id[str(forms.one_of(*by_id)(typed))].id,
        name=forms.text(80),
        run_in_minutes=forms.whole(0, 120),
        run_out_minutes=forms.whole(0, 120),
        phone=forms.phone,
        adapter=forms.one_of(*(name for name, _label in adapters(settings, town)), *([door.adapter] if door else [])),
    )
    hall = by_id[str(read.hall)]
    numbers = {part.number for part in hall.parts}
    parts = sorted(numbers & {int(text) for text in form.all("parts") if text.isascii() and text.isdigit()})
    values = {name: value for name, value in vars(read).items() if name != "hall"}
    stays = known if door and door.adapter == read.adapter else {}
    lock = _lock(form, read.adapter, stays, taken)
    timed = read.adapter != "webhook" or not form.get("untimed")
    own = {"hall_id": read.hall, "parts": parts, "keeps_time": timed, "active": bool(form.get("active"))}
    return values | own | {"settings": lock}


def _lock(form: Form, adapter: str, known: dict[str, str], taken: set[str]) -> dict[str, str]:
    """The settings of the lock; a secret that is left empty stays as it is, but goes to no other address."""
    if known.get("url") and known["url"] != form.get("url", "").strip():
        known = {name: value for name, value in known.items() if name != "secret"}
    fields: dict[str, forms.Field] = {
        "url": _address,
        "lock": lambda typed: _number(typed, taken),
        "capacity": forms.whole(1, 1000),
        "events": forms.text(2, required=False),
    }
    for name in SECRETS:
        fields[name] = _kept(known[name]) if known.get(name) else forms.text(500)
    if not known.get("secret"):
        fields["secret"] = _secret
    read = forms.read(form, **{name: fields[name] for name in SETTINGS[adapter]})
    return {name: str(value) for name, value in vars(read).items() if value}


def _kept(known: str) -> forms.Field:
    """A secret that is set: nothing typed leaves it."""
    return lambda typed: forms.text(500)(typed) if typed else known


def _secret(typed: str) -> str:
    if not SHORTEST_SECRET <= len(typed) <= 500:
        raise ValueError(_("Zu dieser Adresse bitte das Geheimnis eingeben, mindestens %d Zeichen.") % SHORTEST_SECRET)
    return typed


def _address(typed: str) -> str:
    if len(typed) > 500 or not typed.startswith(("https://", "http://")) or any(sign.isspace() for sign in typed):
        raise ValueError(_("Bitte eine Adresse wie https://steuerung.example.de/codes eingeben."))
    return typed


def _number(typed: str, taken: set[str]) -> str:
    if typed in taken:
        raise ValueError(_("Dieses Schloss gehört schon zu einer anderen Tür."))
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 20):
        raise ValueError(_("Bitte die Nummer des Schlosses aus dem Nuki-Konto eingeben, nur Ziffern."))
    return typed


def proposed(count: int, halls: list[Hall], offered: list[tuple[str, str]]) -> dict[str, str]:
    """What a new door's form holds."""
    return {
        "name": _("Eingang"),
        "run_in_minutes": "15",
        "run_out_minutes": "30",
        "adapter": offered[0][0] if offered else "",
        "hall": str(halls[0].id) if halls else "",
        "capacity": str(nuki.Nuki.abilities.capacity),
        "active": "ja",
        "position": str(count),
    }


def as_typed(settings: Settings, door: Door) -> dict[str, str]:
    """What an existing door's form holds; of secrets nothing."""
    columns = ("name", "run_in_minutes", "run_out_minutes", "phone", "adapter")
    values = {name: str(getattr(door, name)) for name in columns} | {"active": "ja" if door.active else ""}
    values["untimed"] = "" if door.keeps_time else "ja"
    known = locks.settings_of(settings, door)
    return values | {"capacity": "100"} | {name: value for name, value in known.items() if name not in SECRETS}


def halls_of(session: Session, town: Municipality) -> list[Hall]:
    """The town's halls, in the order in which they are shown."""
    ours = select(Hall).where(Hall.municipality_id == town.id).order_by(Hall.position, Hall.name)
    return list(session.scalars(ours))


def put(settings: Settings, door: Door, values: dict[str, Any]) -> bool:
    """Write the values down; whether the door has another lock now."""
    before = door.adapter, {name: locks.settings_of(settings, door).get(name) for name in WHICH}
    lock = values.pop("settings")
    for name, value in values.items():
        setattr(door, name, value)
    locks.keep_settings(settings, door, lock)
    return before != (door.adapter, {name: lock.get(name) for name in WHICH})
