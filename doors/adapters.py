"""What every lock is told and asked, whoever makes it; and what each says of its own abilities.

An adapter speaks to one maker's locks (nuki.py, webhook.py, simulator.py). Its verbs may be called again for the same
thing after a crash, or after an answer that got lost, and then do it once: our id of the code is its name there.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

from buchbar.base.db import Database

TIMEOUT = 10  # seconds for each step of an exchange with a lock
WHOLE = 20  # seconds for an exchange from its beginning to its end


class Unreachable(Exception):
    """The lock, or what speaks for it, doesn't answer now; the message says why, without personal data."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a lock can do with codes.

    Our digits have one of these ``lengths``, none of the signs ``without`` and none of the beginnings
    ``not_starting``. It opens within a window, to ``minutes`` (60: to full hours), if it is ``timed``; else it opens
    from when it is told the code until it is told to forget it. ``weekdays``: within a window on some days of the week
    only. ``removable``: a code can be taken back from afar. ``capacity`` is how many codes it keeps (None: nobody
    knows). ``polled``: it tells what happened when it is asked.
    """

    lengths: tuple[int, ...]
    without: str = ""
    not_starting: tuple[str, ...] = ()
    minutes: int = 1
    timed: bool = True
    weekdays: bool = False
    removable: bool = True
    capacity: int | None = None
    polled: bool = False

    def window(self, starts_at: datetime, ends_at: datetime) -> tuple[datetime, datetime]:
        """The window widened to what the lock can do."""
        step = timedelta(minutes=self.minutes)
        epoch = datetime(2000, 1, 1, tzinfo=UTC)
        return starts_at - (starts_at - epoch) % step, ends_at + (epoch - ends_at) % step


@dataclass(frozen=True, slots=True)
class Lock:
    """A door's lock: what its adapter needs to speak to it ``at`` a moment. ``settings`` hold secrets."""

    door_id: UUID
    at: datetime
    settings: dict[str, str] = field(repr=False)
    database: Database = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wish:
    """A code as a lock should know it. ``key`` is ours for it there; ``since`` when this was last wanted otherwise, so
    the same wish again is known as the same. ``remote_id`` is the lock's own name for it, where one is known;
    ``put_at`` when the lock was last told to know it: that may still be on its way."""

    key: UUID
    digits: str = field(repr=False)
    starts_at: datetime
    ends_at: datetime
    since: datetime
    remote_id: str = ""
    put_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What came of telling: "confirmed" (the lock has said that it is so), "pending" (it has taken the wish, and is to
    be asked again), "taken" (not these digits, but others), "refused" (it never will, as things are; ``why`` in
    words)."""

    state: str
    remote_id: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that a lock tells. ``kind`` as in models.EVENT_KINDS, or "battery_ok"; ``key`` our name of the code, as
    far as it is known."""

    kind: str
    at: datetime
    remote_id: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class News:
    """What a lock has to tell since it was last asked, and whether its battery is low (None: it doesn't say)."""

    heard: list[Heard]
    low_battery: bool | None = None


class Adapter(Protocol):
    """Each verb raises Unreachable. ``put`` and ``remove`` look first, so that doing it twice does it once."""

    abilities: Abilities

    def put(self, lock: Lock, wish: Wish, /) -> Told:
        """Make the lock know this code, in this window and no other."""

    def remove(self, lock: Lock, wish: Wish, /) -> Told:
        """Make the lock forget it."""

    def news(self, lock: Lock, since: datetime | None, /) -> News:
        """What happened at the door since then."""

    def ask(self, lock: Lock, /) -> str:
        """Whether it can be reached and is set up well: "" if so, else what is wrong, in words."""
