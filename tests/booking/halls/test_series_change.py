"""After a series was booked: dates given back, the rest changed or ended, requests decided; what is past stays."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from buchbar.base.errors import Refused
from buchbar.booking import retention
from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import reservation, series_change
from buchbar.booking.halls.models import HallUse
from buchbar.booking.halls.series import NotAllFree
from buchbar.booking.models import BookingEvent, Claim
from buchbar.booking.steps import NotAllowed
from buchbar.booking.terms import CancellationStep
from buchbar.notices.models import Letter
from buchbar.payments import ledger
from buchbar.payments.models import Payment
from tests import gym
from tests.booking.halls.test_series import CLERK, WEEK, book, replace_terms, wish
from tests.cast import NOW, assemble, slot_at
from tests.clerks import counted
from tests.gym import TUESDAY

SECOND = TUESDAY + WEEK
LATER = slot_at(TUESDAY, 21)
LATEST = NOW + timedelta(hours=1)


@pytest.fixture
def here(session):
    return gym.build(session, assemble(session))


def states(session, series):
    return [booking.state for booking in series_change.dates_of(session, series)]


def kinds(session):
    return sorted(session.scalars(select(Letter.kind)))


def test_dates_that_are_given_back_are_free_at_once_and_told_in_one_letter(session, here):
    made = book(session, here, wish(here))
    ids = [made.booked[1].id, made.booked[2].id]
    cost = series_change.cost_of_ending(session, made.booked[1:3], NOW, CITIZEN)
    assert (cost.forgiven, cost.kept) == (2 * 1200, 0)
    series_change.give_back(session, made.series, ids, NOW, CITIZEN)
    assert states(session, made.series) == ["confirmed", "cancelled", "cancelled", "confirmed"]
    assert gym.booked(session, here, gym.slot(here, 1, 2, day=SECOND)).state == "confirmed"
    assert kinds(session) == ["hall_address", "hall_confirmed", "hall_series_booked", "hall_series_ended"]
    uses = session.scalars(select(HallUse).where(HallUse.given_back_at.is_not(None)))
    assert {use.booking_id for use in uses} == set(ids)
    series_change.give_back(session, made.series, ids, NOW, CITIZEN)
    assert len(kinds(session)) == 4, "twice is once"


def test_what_it_costs_follows_the_policy_unless_the_office_cancels(session, here):
    here.policy.terms = replace_terms(here, cancellation=(CancellationStep(14, 100), CancellationStep(0, 50)))
    session.flush()
    made = book(session, here, wish(here))
    assert series_change.cost_of_ending(session, made.booked, NOW, CITIZEN).kept == 600
    assert series_change.cost_of_ending(session, made.booked, NOW, CLERK).kept == 0
    series_change.end_from(session, made.series, SECOND, NOW, CLERK, "Der Boden wird erneuert.")
    assert states(session, made.series) == ["confirmed", "cancelled", "cancelled", "cancelled"]
    letter = session.scalars(select(Letter).where(Letter.kind == "hall_series_ended")).one()
    assert "Boden" in letter.text and "Für Sie entstehen keine Kosten." in letter.text
    assert letter.subject.startswith("Termine storniert: ")


def test_what_has_begun_or_belongs_to_others_is_refused(session, here):
    made = book(session, here, wish(here))
    other = gym.booked(session, here, gym.slot(here, 3))
    during = slot_at(TUESDAY, 19)
    for ids in ([made.booked[0].id, made.booked[1].id], [other.id], []):
        with pytest.raises(Refused):
            series_change.give_back(session, made.series, ids, during, CITIZEN)
    assert states(session, made.series) == ["confirmed"] * 4


def test_the_rest_is_changed_from_a_date_on_and_the_past_stays(session, here):
    made = book(session, here, wish(here))
    first = made.booked[0].starts_at
    change = wish(here, 1, 2, first=SECOND, hour=19)
    more, back = series_change.rehearse(
        session,
        made.series,
        lambda: series_change.change_from(session, made.series, change, SECOND, LATER, CITIZEN),
    )
    assert (more, back) == (3 * 1200 + 2400, 0), "three dates with one part more, and a fifth week"
    assert states(session, made.series) == ["confirmed"] * 4
    standing = series_change.change_from(session, made.series, change, SECOND, LATER, CITIZEN)
    assert [each.starts_at for each in standing] == [slot_at(TUESDAY + n * WEEK, 19) for n in range(1, 5)]
    assert made.booked[0].starts_at == first
    assert sorted(each.id for each in standing[:3]) == sorted(each.id for each in made.booked[1:])
    assert [ledger.account(session, each.id).owed for each in standing] == [2400] * 4
    assert session.scalar(select(func.count()).where(BookingEvent.verb == "move")) == 3
    assert kinds(session) == ["hall_series_booked", "hall_series_changed"]
    assert gym.booked(session, here, gym.slot(here, 1, day=SECOND, hour=17), at=LATER).state == "confirmed"


def test_another_weekday_takes_each_date_of_the_same_week_and_a_shorter_rule_ends_the_last(session, here):
    made = book(session, here, wish(here))
    thursday = SECOND + timedelta(days=2)
    change = wish(here, first=thursday, count=2)
    standing = series_change.change_from(session, made.series, change, SECOND, NOW, CITIZEN)
    assert [each.id for each in standing] == [each.id for each in made.booked[1:3]]
    assert standing[0].starts_at == slot_at(thursday, 18)
    assert states(session, made.series) == ["confirmed"] * 3 + ["cancelled"]


def test_clashes_are_shown_first_and_what_clashes_stays_as_it_is(session, here):
    made = book(session, here, wish(here))
    gym.booked(session, here, gym.slot(here, 1, day=SECOND + WEEK, hour=20, minutes=60))
    change = wish(here, first=SECOND, hour=19, count=3)
    proposal = series_change.propose(session, made.series, change, SECOND, NOW, CITIZEN)
    assert [each.date.state for each in proposal.changes] == ["free", "taken", "free"]
    assert proposal.changes[1].date.alternatives
    only = [each.date.slot for each in proposal.changes]
    with pytest.raises(NotAllFree):
        series_change.change_from(session, made.series, change, SECOND, NOW, CITIZEN, only=only)
    assert [each.starts_at for each in made.booked] == [slot_at(TUESDAY + n * WEEK, 18) for n in range(4)]
    standing = series_change.change_from(session, made.series, change, SECOND, NOW, CITIZEN)
    assert [each.starts_at for each in standing] == [
        slot_at(SECOND, 19),
        slot_at(SECOND + WEEK, 18),
        slot_at(SECOND + 2 * WEEK, 19),
    ]
    letter = session.scalars(select(Letter.text).where(Letter.kind == "hall_series_changed")).one()
    assert "schon vergeben" in letter


def test_a_week_whose_date_was_given_back_stays_empty_unless_it_is_chosen(session, here):
    made = book(session, here, wish(here))
    series_change.give_back(session, made.series, [made.booked[2].id], NOW, CITIZEN)
    change = wish(here, first=SECOND, hour=17, count=3)
    standing = series_change.change_from(session, made.series, change, SECOND, NOW, CITIZEN)
    assert len(standing) == 2
    proposal = series_change.propose(session, made.series, change, SECOND, NOW, CITIZEN)
    only = [each.date.slot for each in proposal.changes]
    assert len(series_change.change_from(session, made.series, change, SECOND, NOW, CITIZEN, only=only)) == 3


def test_no_date_goes_into_a_week_whose_date_was_given_back(session, here):
    made = book(session, here, wish(here))
    series_change.give_back(session, made.series, [made.booked[2].id], NOW, CITIZEN)
    shorter = wish(here, first=SECOND, count=2)
    proposal = series_change.propose(session, made.series, shorter, SECOND, NOW, CITIZEN)
    assert [each.id for each in proposal.ending] == [made.booked[3].id]
    series_change.change_from(session, made.series, shorter, SECOND, NOW, CITIZEN)
    assert states(session, made.series) == ["confirmed", "confirmed", "cancelled", "cancelled"]


def test_dates_that_stay_count_for_the_hours_of_their_week(session, here):
    here.policy.terms = replace_terms(here, week_minutes=240)
    session.flush()
    made = book(session, here, wish(here))
    beside = SECOND + WEEK + timedelta(days=1)
    reservation.move(session, made.booked[3], gym.slot(here, 1, day=beside), NOW, CITIZEN)
    longer = wish(here, first=SECOND, hour=17, minutes=240, count=3)
    slots = [
        each.date.slot for each in series_change.propose(session, made.series, longer, SECOND, NOW, CITIZEN).changes
    ]
    with pytest.raises(NotAllFree):
        series_change.change_from(session, made.series, longer, SECOND, NOW, CITIZEN, only=[slots[1]])
    assert len(series_change.change_from(session, made.series, longer, SECOND, NOW, CITIZEN, only=slots)) == 3


def test_the_same_change_twice_is_told_once(session, here):
    made = book(session, here, wish(here))
    change = wish(here, first=SECOND, hour=19, count=3)
    for _twice in range(2):
        assert len(series_change.change_from(session, made.series, change, SECOND, NOW, CITIZEN)) == 3
    assert kinds(session) == ["hall_series_booked", "hall_series_changed"]


def test_the_office_is_told_of_dates_that_are_asked_for_later(session, here):
    here.policy.terms = replace_terms(here, approval="office")
    session.flush()
    made = book(session, here, wish(here))
    series_change.decide(session, made.series, [each.id for each in made.booked], [], NOW, CLERK)
    longer = wish(here, first=SECOND, count=6)
    series_change.change_from(session, made.series, longer, SECOND, NOW, CITIZEN)
    assert states(session, made.series) == ["confirmed"] * 4 + ["requested"] * 3
    assert kinds(session).count("hall_series_office") == 2


def test_what_an_end_costs_and_gives_back_is_in_its_letter(session, here):
    here.policy.terms = replace_terms(here, cancellation=(CancellationStep(14, 100), CancellationStep(0, 50)))
    session.flush()
    made = book(session, here, wish(here))
    session.add(
        Payment(
            id=uuid4(), municipality_id=here.town.town.id, booking_id=made.booked[0].id, cents=1200, state="paid",
            provider="cash", started_at=NOW, expires_at=NOW, settled_at=NOW,
        )
    )  # fmt: skip
    session.flush()
    series_change.give_back(session, made.series, [each.id for each in made.booked], NOW, CITIZEN)
    letter = session.scalars(select(Letter.text).where(Letter.kind == "hall_series_ended")).one()
    assert "wegfallen, 6,00" in letter and "42,00" in letter and "Zurück gehen 6,00" in letter


def test_who_was_invited_to_a_date_hears_of_its_end_in_the_calendar(session, here):
    made = book(session, here, wish(here))
    reservation.move(session, made.booked[1], gym.slot(here, 1, day=SECOND, hour=20), LATEST, CITIZEN)
    series_change.give_back(session, made.series, [each.id for each in made.booked[:2]], LATEST, CITIZEN)
    said = session.execute(select(Letter.kind, Letter.calendar_method).where(Letter.written_at == LATEST)).all()
    assert sorted(said) == [("hall_given_back", "CANCEL"), ("hall_moved", "REQUEST"), ("hall_series_ended", None)]


def test_what_ending_costs_is_asked_in_few_queries(database, session, here):
    made = book(session, here, wish(here, count=10))
    with counted(database) as asked:
        assert series_change.cost_of_ending(session, made.booked, NOW, CITIZEN).forgiven == 12_000
    assert len(asked) < 5


def test_requests_are_decided_at_once_in_part_and_under_conditions(session, here):
    here.policy.terms = replace_terms(here, approval="office")
    session.flush()
    made = book(session, here, wish(here))
    assert states(session, made.series) == ["requested"] * 4
    assert kinds(session) == ["hall_series_booked", "hall_series_office"]
    yes, no = [each.id for each in made.booked[:3]], [made.booked[3].id]
    with pytest.raises(Refused, match="Grund"):
        series_change.decide(session, made.series, yes, no, NOW, CLERK)
    series_change.decide(session, made.series, yes, no, NOW, CLERK, "An dem Tag ist Wahl.", "Nur helle Sohlen.")
    assert states(session, made.series) == ["confirmed"] * 3 + ["declined"]
    letter = session.scalars(select(Letter.text).where(Letter.kind == "hall_series_decided")).one()
    assert "Wahl" in letter
    assert "helle Sohlen" in letter
    with pytest.raises(NotAllowed):
        series_change.decide(session, made.series, yes, [], NOW, CLERK)
    assert session.scalar(select(func.count()).select_from(Claim)) == 3


def test_with_its_last_date_a_series_forgets_its_address(session, here):
    made = book(session, here, wish(here))
    series_change.end_from(session, made.series, TUESDAY, NOW, CITIZEN)
    years_later = NOW + timedelta(days=800)
    for booking in made.booked:
        assert made.series.email == "coach@example.org"
        assert retention.forget(session, booking, years_later)
    assert made.series.email == ""
    assert session.scalar(select(func.count()).where(Letter.kind.like("hall_series_%"))) == 0
