"""Prices as dated data: which tariff holds when, and how a clerk makes a new one."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session, selectinload

from buchbar.accounts.models import Municipality
from buchbar.base.db import in_line
from buchbar.base.errors import NotFound, Refused
from buchbar.base.texts import _
from buchbar.calendar.rules import WeeklyRule
from buchbar.calendar.walls import local_date
from buchbar.payments.models import Tariff, TariffItem


def tariffs(session: Session, municipality_id: UUID, journey: str) -> list[Tariff]:
    """All tariffs of a journey that count, the one that holds longest ahead first; of one day's, the one made last."""
    return [tariff for tariff in history(session, municipality_id, journey) if tariff.withdrawn_at is None]


def history(session: Session, municipality_id: UUID, journey: str) -> list[Tariff]:
    """All tariffs of a journey, in the same order, also those that were withdrawn."""
    return list(
        session.scalars(
            select(Tariff)
            .where(Tariff.municipality_id == municipality_id, Tariff.journey == journey)
            .order_by(Tariff.valid_from.desc(), Tariff.made_at.desc())
            .options(selectinload(Tariff.items))
        )
    )


def in_force(session: Session, municipality_id: UUID, journey: str, day: date) -> Tariff | None:
    """The tariff that holds on a day."""
    return next((tariff for tariff in tariffs(session, municipality_id, journey) if tariff.valid_from <= day), None)


def tariff_of(session: Session, town: Municipality, tariff_id: UUID) -> Tariff:
    """A tariff of this town, also a withdrawn one. Raises NotFound for any other."""
    found = session.scalar(select(Tariff).where(Tariff.id == tariff_id, Tariff.municipality_id == town.id))
    if found is None:
        raise NotFound
    return found


def drafted(
    town: Municipality,
    journey: str,
    *,
    valid_from: date,
    note: str,
    office_hours: tuple[WeeklyRule, ...],
    items: Sequence[TariffItem],
    at: datetime,
    by: str,
) -> Tariff:
    """A tariff as it would be: to be looked at, and put into force by adding it to a session."""
    for position, item in enumerate(items):
        item.position = position
    return Tariff(
        municipality_id=town.id,
        journey=journey,
        valid_from=valid_from,
        note=note,
        office_hours=office_hours,
        items=list(items),
        made_at=at,
        made_by=by,
    )


def adopt(session: Session, town: Municipality, tariff: Tariff, at: datetime, instead: Tariff | None = None) -> None:
    """Put a drafted tariff into force from its day on; ``instead`` of one that isn't in force yet. What is booked keeps
    its prices. Twice is once.

    Raises Refused where the one that is to be replaced has come into force, or was withdrawn, in the meantime.
    """
    in_line(session, f"tariff:{town.id}:{tariff.journey}")
    same_day = [each for each in tariffs(session, town.id, tariff.journey) if each.valid_from == tariff.valid_from]
    if same_day and _content(same_day[0]) == _content(tariff):
        return
    if instead is not None:
        session.refresh(instead, with_for_update=True)
        if instead.withdrawn_at:
            raise Refused(_("Diese Entgeltordnung ist inzwischen zurückgezogen oder ersetzt worden."))
        withdraw(session, town, instead, at, tariff.made_by)
    session.add(tariff)
    session.flush()


def _content(tariff: Tariff) -> tuple[object, ...]:
    """All that a tariff says."""
    apart = ("id", "tariff_id", "position")
    fields = [each.key for each in inspect(TariffItem).column_attrs if each.key not in apart]
    items = [[getattr(each, name) for name in fields] for each in tariff.items]
    return (tariff.note, tuple(tariff.office_hours), items)


def withdraw(session: Session, town: Municipality, tariff: Tariff, at: datetime, by: str) -> None:
    """Take back a tariff that isn't in force yet; twice is once. Raises Refused for one that is."""
    session.refresh(tariff, with_for_update=True)
    if tariff.withdrawn_at:
        return
    if tariff.valid_from <= local_date(at, town.zone):
        raise Refused(_("Diese Entgeltordnung gilt schon. Bitte machen Sie stattdessen eine neue ab heute."))
    tariff.withdrawn_at, tariff.withdrawn_by = at, by
    session.flush()
