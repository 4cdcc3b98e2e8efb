"""Doors of the gym, and who stands before them: what the tests of doors share."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.booking.halls import door_codes
from buchbar.booking.models import Booking
from buchbar.doors import codes, locks
from buchbar.doors.adapters import Abilities, Lock, News, Told, Unreachable, Wish
from buchbar.doors.models import Code, Door, Entry
from tests import gym
from tests.cast import SETTINGS, assemble, slot_at
from tests.gym import Gym

# The booking of the tests: Tuesday 18 to 20; its doors open from 17:45 to 20:30.
START, END = slot_at(gym.TUESDAY, 18), slot_at(gym.TUESDAY, 20)
SOON = START - timedelta(hours=3)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Memory:
    """A lock that keeps what it is told in memory. ``down``: it doesn't answer. ``unheard``: so many answers get lost
    after it has done what it was told. ``pending``: so often it asks to be asked again."""

    abilities = Abilities(lengths=(6,))

    def __init__(self) -> None:
        self.codes: dict[UUID, Wish] = {}
        self.told: list[str] = []
        self.down, self.unheard, self.pending, self.refuses = False, 0, 0, False

    def put(self, lock: Lock, wish: Wish, /) -> Told:
        if self.refuses:
            return Told("refused", why="voll")
        if self.pending:
            self.pending -= 1
            return Told("pending")
        return self._do("put", lambda: self.codes.update({wish.key: wish}))

    def remove(self, lock: Lock, wish: Wish, /) -> Told:
        return self._do("remove", lambda: self.codes.pop(wish.key, None))

    def _do(self, verb, act) -> Told:
        self.told.append(verb)
        if self.down:
            raise Unreachable("schweigt")
        act()
        if self.unheard:
            self.unheard -= 1
            raise Unreachable("schweigt")
        return Told("confirmed")

    def news(self, lock: Lock, since: datetime | None, /) -> News:
        return News([])

    def ask(self, lock: Lock, /) -> str:
        return ""


def doors(session: Session, here: Gym, count: int = 1, adapter: str = "webhook", **fields: object) -> list[Door]:
    """Doors of the gym, open from 15 minutes before a booking until 30 minutes after it."""
    made = [
        Door(id=uuid4(), municipality_id=here.town.town.id, hall_id=here.hall.id, name=f"Eingang {n + 1}", position=n,
             adapter=adapter, **fields)
        for n in range(count)
    ]  # fmt: skip
    session.add_all(made)
    session.flush()
    return made


def build(session: Session, terms=gym.TERMS) -> Gym:
    return gym.build(session, assemble(session), terms)


def follow(session: Session, booking: Booking, at: datetime) -> None:
    door_codes.sync(session, booking, at)
    door_codes.settle(session)


def setting(door: Door, **values: str) -> None:
    locks.keep_settings(SETTINGS, door, values)


def entries(session: Session) -> list[Entry]:
    return list(session.scalars(select(Entry).order_by(Entry.id)))


def digits(session: Session) -> str:
    return codes.digits_of(session, session.scalars(select(Code)).one())
