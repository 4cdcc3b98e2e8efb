"""What has to be told upward: which journeys there are, and what happens when money comes in."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session, object_session

from buchbar.accounts import account, desk_page, membership
from buchbar.accounts.models import Municipality
from buchbar.base import pages
from buchbar.booking import account_page, claims, journeys, lifecycle, set_up, tariff_areas, whose
from buchbar.booking.events import PROVIDER, record
from buchbar.booking.halls import calendar_entries as halls_calendar
from buchbar.booking.halls import citizen as halls_citizen
from buchbar.booking.halls import club_access, club_dates, door_codes, following, own_data, presence, watches
from buchbar.booking.halls import desk as halls_desk
from buchbar.booking.halls import in_rules as halls_rules
from buchbar.booking.halls import letter_examples as halls_examples
from buchbar.booking.halls import models as halls
from buchbar.booking.halls import plan as halls_plan
from buchbar.booking.halls import reservation as halls_reservation
from buchbar.booking.halls import set_up as halls_set_up
from buchbar.booking.halls import tariff as halls_tariff
from buchbar.booking.models import Booking
from buchbar.booking.weddings import (
    calendar_entries,
    couple,
    desk,
    in_rules,
    letter_examples,
    letters,
    reservation,
    timetable,
)
from buchbar.booking.weddings import set_up as weddings_set_up
from buchbar.booking.weddings.timetable import JOURNEY
from buchbar.doors import events as door_events
from buchbar.payments import bills, paying


def put_together() -> None:
    """Make the journeys known to the kernel, and to the payments what they mean."""
    journeys.put_in(
        journeys.Journey(
            name=JOURNEY,
            page=couple.show,
            prove=reservation.prove,
            tell=letters.tell,
            reclaim=reservation.reclaim,
            forget=reservation.forget,
            desk=desk.AT_DESK,
            calendar=calendar_entries.IN_CALENDARS,
            letters=letter_examples.IN_LETTERS,
            rules=in_rules.IN_RULES,
        )
    )
    journeys.put_in(
        journeys.Journey(
            name=halls.JOURNEY,
            page=halls_citizen.show,
            prove=halls_reservation.prove,
            tell=following.tell,
            reclaim=halls_reservation.reclaim,
            forget=following.forget,
            desk=halls_desk.AT_DESK,
            calendar=halls_calendar.IN_CALENDARS,
            letters=halls_examples.IN_LETTERS,
            rules=halls_rules.IN_RULES,
            let_in=club_access.let_in,
            readdressed=club_access.readdressed,
        )
    )
    whose.listen()
    door_codes.listen()
    watches.listen()
    door_events.hand_down(present=presence.present)
    tariff_areas.put_in(in_rules.TARIFFS)
    tariff_areas.put_in(halls_tariff.TARIFFS)
    set_up.put_in(weddings_set_up.steps)
    set_up.put_in(halls_set_up.steps)
    account_page.put_in(club_dates.of_clubs)
    membership.hand_down(left=club_access.left)
    account.put_in(own_data.forget)
    account_page.put_in_data(own_data.of_person)
    desk_page.put_in("halls", halls_set_up.has_any)
    pages.put_in("has_halls", has_halls)
    pages.put_in("has_venues", has_venues)
    paying.hand_down(
        lock=lock,
        at_once=claims.versions_last,
        paid=on_paid,
        refunded=on_refunded,
        taken=on_taken,
        underway=on_underway,
        unpaid=on_unpaid,
    )
    bills.hand_down(debtor=debtor)


def has_halls(town: Municipality) -> bool:
    """Whether the pages of a town lead to its halls; from memory."""
    session = object_session(town)
    return session is not None and bool(halls_plan.plan(session, town).halls)


def has_venues(town: Municipality) -> bool:
    """Whether the pages of a town lead to its places to marry; from memory."""
    session = object_session(town)
    return session is not None and timetable.has_venues(session, town)


def lock(session: Session, booking_ids: Sequence[UUID]) -> None:
    """Lock bookings that are paid at once, in the order given."""
    for booking_id in booking_ids:
        lifecycle.lock(session, session.get_one(Booking, booking_id))


def debtor(session: Session, booking_id: UUID) -> list[str]:
    """Who owes what a booking costs: the lines of the address, as far as it is known."""
    booking = session.get_one(Booking, booking_id)
    return journeys.of(booking).desk.address(session, booking)


def on_paid(session: Session, booking_id: UUID, at: datetime, book: Callable[[], int]) -> None:
    """Money has come in: the booking is locked before its payment is changed (LESSONS: the other order ends paid
    *and* cancelled)."""
    booking = session.get_one(Booking, booking_id)
    lifecycle.lock(session, booking)
    if cents := book():
        lifecycle.pay(session, booking, at, PROVIDER, cents)


def on_refunded(session: Session, booking_id: UUID, at: datetime, book: Callable[[], int]) -> None:
    """Money has gone back by a hand in the provider's dashboard: the booking's history says so. What is left of ours
    that crossed it goes anew."""
    booking = session.get_one(Booking, booking_id)
    lifecycle.lock(session, booking)
    if cents := book():
        record(session, booking, "refund", at, PROVIDER, cents=str(cents))
        lifecycle.give_back(session, booking, at, PROVIDER)


def on_taken(session: Session, booking_id: UUID, at: datetime, book: Callable[[], int]) -> None:
    """The bank has taken a payment back (or given it again: less than nothing)."""
    booking = session.get_one(Booking, booking_id)
    lifecycle.lock(session, booking)
    if cents := book():
        lifecycle.lose(session, booking, at, PROVIDER, cents)


def on_underway(session: Session, booking_id: UUID, at: datetime, book: Callable[[], int]) -> None:
    """The bank has a payment, and takes its days."""
    _said(session, booking_id, "underway", at, book)


def on_unpaid(session: Session, booking_id: UUID, at: datetime, book: Callable[[], int]) -> None:
    """The bank that had a payment says no in the end."""
    _said(session, booking_id, "unpaid", at, book)


def _said(session: Session, booking_id: UUID, verb: str, at: datetime, book: Callable[[], int]) -> None:
    booking = session.get_one(Booking, booking_id)
    lifecycle.lock(session, booking)
    if cents := book():
        lifecycle.hear(session, booking, verb, at, PROVIDER, cents)
