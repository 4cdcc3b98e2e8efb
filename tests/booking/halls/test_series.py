"""A series: every date is looked at before, all that is free is booked in one transaction, each date a booking."""

from dataclasses import replace
from datetime import date, timedelta

import msgspec
import pytest
from sqlalchemy import func, select

from buchbar.base.errors import Refused
from buchbar.booking import closures
from buchbar.booking.events import CITIZEN, Actor
from buchbar.booking.halls import series
from buchbar.booking.halls.models import HallUse, Series
from buchbar.booking.halls.reservation import NotOffered, Use
from buchbar.booking.halls.series import NotAllFree
from buchbar.booking.halls.series_dates import Request, check
from buchbar.booking.models import Booking, Claim
from buchbar.calendar.repeats import Repeat
from buchbar.calendar.rules import WeeklyRule
from buchbar.calendar.spans import Span
from buchbar.notices.models import Letter
from buchbar.payments import ledger
from buchbar.resources.halls import SchoolHoliday
from tests import gym
from tests.cast import NOW, assemble, slot_at
from tests.gym import TUESDAY

HANDBALL = Use(organiser="TuS Diepholz", contact="Alex Brandt", email="coach@example.org", title="Handball", persons=14)
CLERK = Actor("clerk", "Herr Lange")
WEEK = timedelta(days=7)


@pytest.fixture
def here(session):
    return gym.build(session, assemble(session))


def wish(here, *parts, first=TUESDAY, hour=18, minutes=120, use=HANDBALL, **rule):
    """A club's wish for Tuesdays from six to eight."""
    ends = {} if "last" in rule or "count" in rule else {"count": 4}
    repeat = Repeat(first=first, from_minute=hour * 60, until_minute=hour * 60 + minutes, **ends, **rule)
    return Request(hall_id=here.hall.id, parts=parts or (1,), repeat=repeat, use=use, organisation=here.club)


def look(session, here, request, by=CITIZEN, at=NOW):
    return check(session, here.town.town, request, at, by)


def book(session, here, request, by=CITIZEN, at=NOW, **more):
    return series.book(session, here.town.town, request, at, by, **more)


def test_all_dates_are_booked_and_told_in_one_letter(session, here):
    made = book(session, here, wish(here, 1, 2))
    assert [each.state for each in made.booked] == ["confirmed"] * 4
    assert [each.starts_at for each in made.booked] == [slot_at(TUESDAY + n * WEEK, 18) for n in range(4)]
    assert [ledger.account(session, each.id).owed for each in made.booked] == [2 * 2 * 600] * 4
    assert session.scalar(select(func.count()).select_from(Claim)) == 8
    letters = session.scalars(select(Letter)).all()
    assert [letter.kind for letter in letters] == ["hall_series_booked"]
    assert letters[0].text.count("18:00") == 4
    assert made.series.number in letters[0].subject
    assert "wer für den Verein bucht" in letters[0].text


def test_clashes_are_shown_with_what_is_free_instead_and_the_rest_is_booked(session, here):
    gym.booked(session, here, gym.slot(here, 1, 2, 3, day=TUESDAY + WEEK))
    gym.booked(session, here, gym.slot(here, 1, day=TUESDAY + 2 * WEEK))
    dates = look(session, here, wish(here))
    assert [each.state for each in dates] == ["free", "taken", "taken", "free"]
    earlier, other_part = dates[1].alternatives[0], dates[2].alternatives[2]
    assert earlier.span == Span(slot_at(TUESDAY + WEEK, 16), slot_at(TUESDAY + WEEK, 18))
    assert other_part.parts == (2,)
    assert other_part.span == dates[2].slot.span
    made = book(session, here, wish(here))
    assert len(made.booked) == 2
    assert [each.day for each in made.left_out] == [TUESDAY + WEEK, TUESDAY + 2 * WEEK]
    assert "schon vergeben" in session.scalars(select(Letter.text).where(Letter.kind == "hall_series_booked")).one()


def test_exactly_what_was_chosen_is_booked_or_nothing(session, here):
    gym.booked(session, here, gym.slot(here, 1, day=TUESDAY + WEEK))
    dates = look(session, here, wish(here))
    only = [dates[0].slot, dates[1].alternatives[2]]
    made = book(session, here, wish(here), only=only)
    uses = {use.booking_id: use.parts for use in session.scalars(select(HallUse))}
    assert [uses[each.id] for each in made.booked] == [[1], [2]]
    with pytest.raises(NotAllFree) as refusal:
        book(session, here, wish(here), only=[dates[0].slot, dates[2].slot])
    assert [each.state for each in refusal.value.dates] == ["taken", "free"]
    assert refusal.value.dates[0].alternatives
    assert session.scalar(select(func.count()).select_from(Series)) == 1


def test_two_times_on_a_day_or_one_on_another_day_are_refused_and_nothing_is_booked(session, here):
    dates = look(session, here, wish(here))
    later = gym.slot(here, 1, hour=20)
    another_day = gym.slot(here, 1, day=TUESDAY + timedelta(days=1))
    for only in ([dates[0].slot, later], [dates[0].slot, dates[0].slot], [dates[0].slot, another_day], []):
        with pytest.raises(Refused, match="höchstens einen Termin"):
            book(session, here, wish(here), only=only)
    for nothing in (Series, Booking, Claim, Letter):
        assert session.scalar(select(func.count()).select_from(nothing)) == 0


def test_nothing_free_is_nothing_booked(session, here):
    book(session, here, wish(here))
    with pytest.raises(NotAllFree, match="Keiner"):
        book(session, here, wish(here, 1, 2, 3))
    assert session.scalar(select(func.count()).select_from(Booking)) == 4


def test_the_rules_hold_for_every_date(session, here):
    early = look(session, here, wish(here, hour=10))
    assert {each.state for each in early} == {"refused"}
    assert "Schule" in early[0].why
    cleaned = look(session, here, wish(here, first=date(2026, 11, 30), hour=20))
    assert {each.state for each in cleaned} == {"refused"}
    too_far = look(session, here, wish(here, first=date(2027, 11, 16), count=3))
    assert [each.state for each in too_far] == ["free", "free", "refused"]
    past = look(session, here, wish(here, first=date(2026, 11, 17), count=2))
    assert [each.state for each in past] == ["refused", "free"]


def test_only_clubs_and_the_office_book_series(session, here):
    with pytest.raises(NotOffered, match="Vereine"):
        look(session, here, replace(wish(here), organisation=None))
    assert book(session, here, replace(wish(here), organisation=None, user_class="local"), by=CLERK).booked
    here.club.state = "blocked"
    with pytest.raises(NotOffered, match="zugelassen"):
        look(session, here, wish(here, 2))
    here.club.state = "approved"
    here.policy.terms = replace_terms(here, series=False)
    session.flush()
    with pytest.raises(NotOffered, match="Amt"):
        look(session, here, wish(here, 2))
    assert book(session, here, wish(here, 2), by=CLERK).booked[0].channel == "telephone"


def replace_terms(here, **changes):
    return msgspec.structs.replace(here.policy.terms, **changes)


def test_hours_in_a_week_count_with_the_dates_before(session, here):
    here.policy.terms = replace_terms(here, week_minutes=240)
    session.flush()
    gym.of_club(session, here, gym.slot(here, 3, day=TUESDAY + WEEK + timedelta(days=1), minutes=180))
    dates = look(session, here, wish(here))
    assert [each.state for each in dates] == ["free", "refused", "free", "free"]
    assert "4:00" in dates[1].why
    assert len(book(session, here, wish(here)).booked) == 3


def test_without_holidays(session, here):
    session.add(
        SchoolHoliday(municipality_id=here.town.town.id, name="Ferien", first=TUESDAY + WEEK, last=TUESDAY + 2 * WEEK)
    )
    session.flush()
    days = [each.day for each in look(session, here, wish(here, without_holidays=True))]
    assert days == [TUESDAY, TUESDAY + 3 * WEEK, TUESDAY + 4 * WEEK, TUESDAY + 5 * WEEK]
    assert len(look(session, here, wish(here))) == 4


def test_the_time_on_the_wall_stays_and_fees_follow_real_length(session, here):
    """Saturdays from ten in the evening to two, over both changes of the clock."""
    here.hall.hours = _always_open(here)
    session.flush()
    made = book(session, here, wish(here, first=date(2027, 3, 20), hour=22, minutes=360, count=2))
    assert [each.ends_at - each.starts_at for each in made.booked] == [timedelta(hours=6), timedelta(hours=5)]
    assert [ledger.account(session, each.id).owed for each in made.booked] == [6 * 600, 5 * 600]
    autumn = book(session, here, wish(here, 2, first=date(2027, 10, 30), hour=22, minutes=360, count=2), by=CLERK)
    assert [ledger.account(session, each.id).owed for each in autumn.booked] == [7 * 600, 6 * 600]


def _always_open(here):
    open_always = (WeeklyRule(frozenset(range(7)), 0, 1440, on_holidays=True),)
    return msgspec.structs.replace(here.hall.hours, open=open_always, cleaning=())


def test_a_closure_stands_against_a_date(session, here):
    part = here.parts[1]
    closures.close(session, part, Span(slot_at(TUESDAY, 19), slot_at(TUESDAY, 20)), "Wartung", NOW, CLERK)
    dates = look(session, here, wish(here))
    assert [each.why for each in dates][0] == "Die Halle ist gesperrt."
    assert len(book(session, here, wish(here)).booked) == 3


def test_what_has_run_out_is_free_and_its_hold_is_written_down(session, here):
    gym.held(session, here, gym.slot(here, 1), at=NOW)
    later = NOW + timedelta(hours=1)
    assert len(book(session, here, wish(here), at=later).booked) == 4
