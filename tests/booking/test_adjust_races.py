"""Two clerks change the calendar at the same moment: one clear result, no double booking, no error page."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from litestar.middleware.csrf import generate_csrf_token
from litestar.testing import TestClient
from sqlalchemy import select

from buchbar.booking import closures, queries
from buchbar.booking.before import VERBS, staff_of
from buchbar.booking.events import Actor
from buchbar.booking.models import Booking, BookingEvent, Claim
from buchbar.booking.plans import CantBe, Overrun, Wish
from buchbar.booking.terms import Terms
from buchbar.booking.weddings import adjust
from buchbar.calendar.spans import Span
from buchbar.resources.models import Registrar, Resource
from tests.booking.crowd import crowded, doing, in_transaction, take_guards_away, together
from tests.cast import ANNA_AND_BEN, CLERK, NOW, SATURDAY, SETTINGS, assemble, confirmed, slot_at
from tests.clerks import become, colleague

WINTER = Actor("clerk", "Herr Winter")
NINE, LATER = slot_at(SATURDAY, 9), slot_at(SATURDAY, 10, 30)
HALF = timedelta(minutes=30)
ROUNDS = 4


@pytest.fixture
def town(database):
    with database.write() as session:
        return assemble(session, Terms(payment="optional", holds_per_address=50), registrars=3)


@pytest.fixture
def crowd(database_url, town):
    with crowded(database_url, pool=12) as database:
        yield database


def made(crowd, town, start=NINE):
    couple = replace(ANNA_AND_BEN, email=f"{start:%d%H%M}@example.org")
    return in_transaction(crowd, lambda session: confirmed(session, town, start, couple).id)()


def putting(crowd, booking, start, minutes=30, by=CLERK, staff=None):
    """A clerk who wants the booking there; the result is what it was, or the refusal."""

    def act(session, found):
        span = Span(start, start + timedelta(minutes=minutes))
        done = adjust.put(session, found, Wish(found.resource_id, span, staff), NOW, by, anyway=True)
        return done and done.verb

    return doing(crowd, booking, act)


def of(crowd, *bookings):
    """When they are, in order."""
    with crowd.read() as session:
        rows = session.execute(select(Booking.starts_at, Booking.ends_at).where(Booking.id.in_(bookings)))
        return sorted((start, end) for start, end in rows)


def double(crowd):
    """Claims of one resource that overlap."""
    with crowd.read() as session:
        claims = session.scalars(select(Claim)).all()
    pairs = [(a, b) for a in claims for b in claims if a.id < b.id and a.resource_id == b.resource_id]
    return [pair for pair in pairs if pair[0].starts_at < pair[1].ends_at and pair[1].starts_at < pair[0].ends_at]


def refusals(outcomes):
    wrong = [each for each in outcomes if isinstance(each, Exception) and not isinstance(each, CantBe | Overrun)]
    assert not wrong, wrong
    return [each for each in outcomes if isinstance(each, Exception)]


def test_two_who_want_the_same_time_dont_both_get_it(crowd, town):
    first, second = made(crowd, town, NINE), made(crowd, town, LATER)
    for hour in range(13, 13 + ROUNDS):
        there = slot_at(SATURDAY, hour)
        outcomes = together([putting(crowd, first, there), putting(crowd, second, there, by=WINTER)])
        assert len(refusals(outcomes)) == 1 and "move" in outcomes, outcomes
        assert not double(crowd)


def test_lengthening_into_the_neighbour_who_comes_nearer(crowd, town):
    """One lasts longer while the other moves up: together they would overlap."""
    first, second = made(crowd, town, NINE), made(crowd, town, LATER)
    for _round in range(ROUNDS):
        outcomes = together(
            [putting(crowd, first, NINE, 60), putting(crowd, second, slot_at(SATURDAY, 9, 50), by=WINTER)]
        )
        assert len(refusals(outcomes)) == 1, outcomes
        assert not double(crowd)
        putting(crowd, second, LATER)()
        putting(crowd, first, NINE)()
        assert of(crowd, first, second) == [(NINE, NINE + HALF), (LATER, LATER + HALF)]


def test_two_who_want_the_same_registrar_at_the_same_time_dont_both_get_her(crowd, town):
    ahrens, behrens, cordes = (each.id for each in sorted(town.registrars, key=lambda each: each.name))
    first, second = made(crowd, town, NINE), made(crowd, town, LATER)
    noon = Span(slot_at(SATURDAY, 12), slot_at(SATURDAY, 12, 30))

    def at_the_mill(session, booking):
        adjust.put(session, booking, Wish(town.mill.id, noon, behrens), NOW, CLERK)

    for _round in range(ROUNDS):
        putting(crowd, first, noon.start, staff=ahrens)()
        doing(crowd, second, at_the_mill)()
        wanting = [
            doing(crowd, each, lambda s, b: adjust.put(s, b, Wish(b.resource_id, noon, cordes), NOW, CLERK).verb)
            for each in (first, second)
        ]
        outcomes = together(wanting)
        assert len(refusals(outcomes)) == 1 and "reassign" in outcomes, outcomes
        assert not double(crowd)


def test_closing_and_moving_there_at_once_ends_in_one_of_them(crowd, town):
    booking = made(crowd, town)
    for hour in range(13, 13 + ROUNDS):
        span = Span(slot_at(SATURDAY, hour), slot_at(SATURDAY, hour + 1))

        def close(session, span=span):
            return closures.close(session, session.get_one(Resource, town.room.id), span, "Probe", NOW, WINTER).id

        outcomes = together([in_transaction(crowd, close), putting(crowd, booking, span.start)])
        assert len([each for each in outcomes if isinstance(each, Exception)]) == 1, outcomes
        assert isinstance(outcomes[0], closures.InTheWay) or isinstance(outcomes[1], CantBe | Overrun), outcomes
        assert not double(crowd)


def test_swapping_two_weddings_waits_for_nobody_for_ever(crowd, town):
    first, second = made(crowd, town, NINE), made(crowd, town, LATER)
    for _round in range(ROUNDS):
        outcomes = together([putting(crowd, first, LATER), putting(crowd, second, NINE, by=WINTER)])
        assert len(refusals(outcomes)) == 2, outcomes


def test_without_the_guards_two_would_stand_at_one_time(crowd, town, monkeypatch):
    """The negative control: what keeps them apart is the database, not that somebody looked first."""
    monkeypatch.setattr(adjust, "in_the_way", lambda *_all, **_more: [])
    first, second = made(crowd, town, NINE), made(crowd, town, LATER)
    there = slot_at(SATURDAY, 14)
    outcomes = together([putting(crowd, first, there), putting(crowd, second, there, by=WINTER)])
    assert len(refusals(outcomes)) == 1 and not double(crowd)
    take_guards_away(crowd)
    together([putting(crowd, first, LATER + HALF), putting(crowd, second, LATER + HALF, by=WINTER)])
    assert double(crowd)


# --- At the pages -------------------------------------------------------------------------------------------


@pytest.fixture
def two_clerks(app, database, town):
    with (
        TestClient(app, base_url="http://testserver.local") as one,
        TestClient(app, base_url="http://testserver.local") as other,
    ):
        become(one, database, town.clerk)
        become(other, database, colleague(database, town, "registrar"))
        yield one, other


def both_post(two_clerks, path, forms):
    start = Barrier(2)

    def post(client, form):
        client.cookies.set("csrftoken", generate_csrf_token(SETTINGS.secret))
        start.wait()
        return client.post(path, data={"_csrf_token": client.cookies["csrftoken"], **form}, follow_redirects=False)

    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(post, two_clerks, forms))


def test_one_moves_and_the_other_reassigns_and_one_of_them_is_told(two_clerks, database, town):
    with database.write() as session:
        booking = confirmed(session, town, NINE)
        stand = str(queries.events_since(session, booking, 0)[-1].id)
        on_it = staff_of(session, booking)
        other = session.scalars(select(Registrar.id).where(Registrar.id != on_it).order_by(Registrar.name)).first()
    as_it_is = {"tag": "2027-05-15", "von": "09:00", "dauer": "30", "trauort": str(town.room.id), "stand": stand}
    moving, sending = as_it_is | {"von": "10:30", "person": str(on_it)}, as_it_is | {"person": str(other)}
    answers = both_post(two_clerks, f"/diepholz/amt/kalender/buchung/{booking.id}", [moving, sending])
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    told = next(answer for answer in answers if answer.status_code == 409)
    assert "inzwischen etwas geschehen" in told.text
    with database.read() as session:
        done = session.scalars(select(BookingEvent.verb).where(BookingEvent.verb.in_(VERBS))).all()
    assert len(done) == 1


def test_two_take_the_same_change_back_once(two_clerks, database, town):
    with database.write() as session:
        booking = confirmed(session, town, NINE)
        span = Span(LATER, LATER + HALF)
        moved = adjust.put(session, booking, Wish(town.room.id, span, None), NOW, CLERK)
        session.flush()
        number = str(moved.id)
    path = f"/diepholz/amt/kalender/buchung/{booking.id}/ruecknahme"
    answers = both_post(two_clerks, path, [{"ereignis": number}] * 2)
    assert [answer.status_code for answer in answers] == [303, 303], [answer.text for answer in answers]
    with database.read() as session:
        assert session.get_one(Booking, booking.id).starts_at == NINE
        done = session.scalars(select(BookingEvent.verb).where(BookingEvent.verb.in_(VERBS))).all()
    assert done == ["move", "move"]
