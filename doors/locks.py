"""Which adapter speaks to which door's lock, and the secrets that it needs for that."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from buchbar.base.db import Database
from buchbar.base.sealed import Unreadable, seal, unseal
from buchbar.base.settings import Settings
from buchbar.base.texts import N_, _
from buchbar.doors import nuki, simulator, webhook
from buchbar.doors.adapters import Abilities, Adapter, Lock
from buchbar.doors.models import Door

ADAPTERS: dict[str, Adapter] = {
    "simulator": simulator.Simulator(),
    "webhook": webhook.Webhook(),
    "nuki": nuki.Nuki(),
}
NAMES = {
    "simulator": N_("Übungsschloss (zum Ausprobieren)"),
    "webhook": N_("Eigene Steuerung (Webhook, zum Beispiel Home Assistant)"),
    "nuki": N_("Nuki mit Keypad"),
}
PURPOSE = "door settings"


def of(door: Door) -> Adapter:
    """Who speaks to the door's lock."""
    return ADAPTERS[door.adapter]


def abilities(door: Door) -> Abilities:
    """What the door's lock can do: as its maker says, but for what was set up otherwise."""
    return replace(of(door).abilities, timed=door.keeps_time)


def in_words(door: Door) -> list[str]:
    """What the door's lock can do, for who looks after it."""
    can = abilities(door)
    lengths = (
        _("Codes mit %d Ziffern") % can.lengths[0]
        if len(can.lengths) == 1
        else (_("Codes mit %(least)d bis %(most)d Ziffern") % {"least": min(can.lengths), "most": max(can.lengths)})
    )
    times = (
        _("kennt keine Zeiten: Codes werden zu Beginn gesetzt und am Ende gelöscht")
        if not can.timed
        else (_("Zeiten auf die Minute") if can.minutes == 1 else _("Zeiten auf %d Minuten") % can.minutes)
    )
    also = [_("Wochentage")] if can.weekdays else []
    return [lengths, times, *also, _("aus der Ferne zu löschen") if can.removable else _("nur vor Ort zu löschen")]


def host(settings: Settings, door: Door) -> str:
    """Who answers for the door's lock: the same for all that are silent together."""
    url = settings_of(settings, door).get("url", "")
    return urlsplit(url).netloc if url else door.adapter


def lock_of(database: Database, door: Door, at: datetime) -> Lock:
    """What its adapter needs to know of it."""
    return Lock(door.id, at, settings_of(database.info["settings"], door), database)


def settings_of(settings: Settings, door: Door) -> dict[str, str]:
    """What was set up for the door's lock; nothing, where the installation's secret was changed since."""
    if not door.settings:
        return {}
    try:
        return msgspec.json.decode(unseal(settings.secret, PURPOSE, door.settings), type=dict[str, str])
    except Unreadable:
        return {}


def keep_settings(settings: Settings, door: Door, values: dict[str, str]) -> None:
    """Keep them sealed."""
    door.settings = seal(settings.secret, PURPOSE, msgspec.json.encode(values, order="sorted").decode())


def common(doors: Iterable[Door]) -> Abilities:
    """What digits must be like to fit all of these doors. Raises ValueError where no length fits all."""
    each = [of(door).abilities for door in doors]
    lengths = set.intersection(*(set(abilities.lengths) for abilities in each))
    if not lengths:
        raise ValueError("no length of digits fits all these doors")
    return Abilities(
        lengths=(6,) if 6 in lengths else (max(lengths),),
        without="".join(sorted({sign for abilities in each for sign in abilities.without})),
        not_starting=tuple(sorted({start for abilities in each for start in abilities.not_starting})),
    )
