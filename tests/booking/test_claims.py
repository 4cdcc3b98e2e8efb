"""Two on one resource: the database itself refuses it, whoever asks and however."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from buchbar.booking import claims
from buchbar.booking.claims import Wanted
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking, Claim
from buchbar.booking.weddings import reservation
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import at, day_span
from buchbar.resources.models import Resource
from tests.cast import BERLIN, CLERK, NOW, SATURDAY, confirmed, slot_at


@pytest.fixture
def booking(session, cast):
    """A booking that other claims can be given to: its own are on another day."""
    return reservation.hold(session, cast.town, cast.room.id, slot_at(SATURDAY + timedelta(days=28), 9), NOW, CITIZEN)


def span(hour: int, until: int, day: date = SATURDAY) -> Span:
    return Span(slot_at(day, hour), slot_at(day, until))


def row(booking, resource, wanted: Span, site=None, way: int = 0) -> dict:
    around = wanted.widened(timedelta(minutes=way), timedelta(minutes=way))
    travel = {"site_id": site, "leaves_at": around.start, "returns_at": around.end} if site else {}
    owner = {"resource_id": resource.id, "booking_id": booking.id}
    return {"id": uuid4(), "starts_at": wanted.start, "ends_at": wanted.end, **owner, **travel}


def refused(session, rule: str, statement) -> bool:
    """Whether the database refuses the statement, by the rule of this name."""
    try:
        with session.begin_nested():
            session.execute(statement)
    except DBAPIError as refusal:
        assert rule in str(refusal.orig), refusal
        return True
    return False


@pytest.mark.parametrize(
    ("hours", "why"),
    [((10, 12), "the same"), ((9, 11), "its end"), ((11, 13), "its start"), ((9, 13), "around"), ((10, 11), "inside")],
)
def test_the_database_refuses_an_overlapping_insert(session, cast, booking, hours, why):
    session.execute(insert(Claim).values(row(booking, cast.room, span(10, 12))))
    assert refused(session, "claim_no_overlap", insert(Claim).values(row(booking, cast.room, span(*hours)))), why


def test_the_database_refuses_raw_sql_too(session, cast, booking):
    session.execute(insert(Claim).values(row(booking, cast.room, span(10, 12))))
    again = text(
        "INSERT INTO claim (id, resource_id, starts_at, ends_at, booking_id) "
        "SELECT booking_id, resource_id, starts_at, ends_at, booking_id FROM claim WHERE resource_id = :room"
    )
    room = cast.room.id.hex if session.get_bind().dialect.name == "sqlite" else cast.room.id
    with pytest.raises(IntegrityError, match="claim_no_overlap"), session.begin_nested():
        session.execute(again, {"room": room})


def test_the_database_refuses_an_overlapping_update(session, cast, booking):
    session.execute(insert(Claim).values(row(booking, cast.room, span(10, 12))))
    later = row(booking, cast.room, span(13, 14))
    session.execute(insert(Claim).values(later))
    mine = update(Claim).where(Claim.id == later["id"])
    assert refused(session, "claim_no_overlap", mine.values(starts_at=slot_at(SATURDAY, 11)))
    elsewhere = row(booking, cast.mill, span(10, 12))
    session.execute(insert(Claim).values(elsewhere))
    theirs = update(Claim).where(Claim.id == elsewhere["id"])
    assert refused(session, "claim_no_overlap", theirs.values(resource_id=cast.room.id))
    assert not refused(session, "", mine.values(starts_at=slot_at(SATURDAY, 12))), "touching is allowed"


def test_an_update_finds_a_claim_that_starts_later(session, cast, booking):
    early = row(booking, cast.room, span(8, 9))
    session.execute(insert(Claim).values([early, row(booking, cast.room, span(10, 12))]))
    longer = update(Claim).where(Claim.id == early["id"]).values(ends_at=slot_at(SATURDAY, 11))
    assert refused(session, "claim_no_overlap", longer)


def test_spans_that_touch_stand_side_by_side(session, cast, booking):
    for hours in ((10, 12), (12, 14), (8, 10)):
        assert not refused(session, "", insert(Claim).values(row(booking, cast.room, span(*hours))))


def test_other_resources_dont_mind(session, cast, booking):
    for resource in (cast.room, cast.mill, *cast.registrars):
        assert not refused(session, "", insert(Claim).values(row(booking, resource, span(10, 12))))


@pytest.mark.parametrize(("way", "gap_is_enough"), [(29, True), (30, True), (31, False)])
def test_somebody_at_two_sites_needs_both_ways_between(session, cast, booking, way, gap_is_enough):
    ahrens = cast.registrars[0]
    session.execute(insert(Claim).values(row(booking, ahrens, span(10, 11), cast.room.site_id, 30)))
    other = row(booking, ahrens, span(12, 13), cast.mill.site_id, way)
    assert refused(session, "claim_reachable", insert(Claim).values(other)) is not gap_is_enough


def test_somebody_at_one_site_may_go_on_at_once(session, cast, booking):
    ahrens = cast.registrars[0]
    for hours in ((10, 11), (11, 12)):
        wanted = row(booking, ahrens, span(*hours), cast.room.site_id, 60)
        assert not refused(session, "", insert(Claim).values(wanted))


def test_moving_somebody_to_another_site_is_refused_without_time_for_the_way(session, cast, booking):
    ahrens = cast.registrars[0]
    later = row(booking, ahrens, span(11, 12), cast.room.site_id, 20)
    session.execute(insert(Claim).values([row(booking, ahrens, span(10, 11), cast.room.site_id, 20), later]))
    elsewhere = update(Claim).where(Claim.id == later["id"]).values(site_id=cast.mill.site_id)
    assert refused(session, "claim_reachable", elsewhere)


def test_duty_in_the_town_hall_itself_needs_no_way(session, cast, booking):
    ahrens = cast.registrars[0]
    session.execute(insert(Claim).values(row(booking, ahrens, span(10, 11), cast.mill.site_id, 30)))
    assert not refused(session, "", insert(Claim).values(row(booking, ahrens, span(11, 12)))), "no site, no way"


@pytest.mark.parametrize(
    ("starts", "ends", "rule"),
    [
        (10, 10, "ck_claim_span"),
        (12, 10, "ck_claim_span"),
        (0, 25.001, "ck_claim_span"),
    ],
)
def test_inverted_empty_and_endless_spans_are_refused(session, cast, booking, starts, ends, rule):
    begin = slot_at(SATURDAY, 0)
    values = row(booking, cast.room, span(1, 2))
    values |= {"starts_at": begin + timedelta(hours=starts), "ends_at": begin + timedelta(hours=ends)}
    assert refused(session, rule, insert(Claim).values(values))


def test_a_day_of_25_hours_can_be_claimed(session, cast, booking):
    autumn = day_span(date(2027, 10, 31), BERLIN)
    assert autumn.length == timedelta(hours=25)
    assert not refused(session, "", insert(Claim).values(row(booking, cast.room, autumn)))


def test_a_claim_belongs_to_a_booking_or_a_closure(session, cast, booking):
    nobodys = row(booking, cast.room, span(10, 12)) | {"booking_id": None}
    assert refused(session, "ck_claim_owner", insert(Claim).values(nobodys))


def test_claims_are_compared_by_the_microsecond_and_across_offsets(session, cast, booking):
    noon = datetime(2027, 5, 15, 12, 0, tzinfo=BERLIN)
    session.execute(insert(Claim).values(row(booking, cast.room, Span(noon, noon + timedelta(hours=1)))))
    a_little = timedelta(microseconds=1)
    early = Span(datetime(2027, 5, 15, 9, 0, tzinfo=UTC), noon.astimezone(UTC) + a_little)
    assert refused(session, "claim_no_overlap", insert(Claim).values(row(booking, cast.room, early)))


def test_taking_two_claims_in_one_statement_takes_what_is_free(session, cast, booking):
    wanted = [Wanted(cast.room.id, span(10, 12)), Wanted(cast.mill.id, span(10, 12))]
    assert sorted(claims.take(session, wanted, booking_id=booking.id)) == sorted([cast.room.id, cast.mill.id])
    more = [Wanted(cast.mill.id, span(11, 12)), Wanted(cast.registrars[0].id, span(11, 12))]
    assert claims.take(session, more, booking_id=booking.id) == [cast.registrars[0].id]


def test_two_claims_of_one_statement_dont_overlap_each_other_either(session, cast, booking):
    wanted = [Wanted(cast.room.id, span(10, 12)), Wanted(cast.room.id, span(11, 13))]
    assert claims.take(session, wanted, booking_id=booking.id) == [cast.room.id]


def test_freeing_gives_back_all_and_says_what(session, cast, booking):
    claims.take(session, [Wanted(cast.mill.id, span(10, 12))], booking_id=booking.id)
    freed = claims.free(session, booking.id)
    assert {cast.room.id, cast.mill.id} < freed and len(freed) == 3
    assert claims.free(session, booking.id) == set()


def test_a_move_frees_and_takes_in_one_go(session, cast):
    booking = confirmed(session, cast, slot_at(SATURDAY, 9))
    reservation.move(session, booking, cast.room.id, slot_at(SATURDAY, 9, 45), NOW, CLERK)
    spans = session.scalars(select(Claim.starts_at).where(Claim.resource_id == cast.room.id)).all()
    assert spans == [slot_at(SATURDAY, 9, 45)]
    again = reservation.hold(session, cast.town, cast.room.id, slot_at(SATURDAY, 9), NOW, CITIZEN)
    assert again.alive


def test_a_move_to_a_taken_slot_leaves_everything_as_it_was(session, cast):
    booking = confirmed(session, cast, slot_at(SATURDAY, 9))
    reservation.hold(session, cast.town, cast.room.id, slot_at(SATURDAY, 9, 45), NOW, CITIZEN)
    before = session.execute(select(Claim.id).where(Claim.booking_id == booking.id).order_by(Claim.id)).all()
    with pytest.raises(reservation.SlotTaken):
        reservation.move(session, booking, cast.room.id, slot_at(SATURDAY, 9, 45), NOW, CLERK)
    after = session.execute(select(Claim.id).where(Claim.booking_id == booking.id).order_by(Claim.id)).all()
    assert before == after and booking.starts_at == slot_at(SATURDAY, 9)


def test_a_move_may_use_the_time_that_it_gives_back(session, cast):
    cast.room.step_minutes = 15
    session.flush()
    booking = confirmed(session, cast, slot_at(SATURDAY, 9))
    reservation.move(session, booking, cast.room.id, slot_at(SATURDAY, 9, 15), NOW, CLERK)
    assert booking.starts_at == slot_at(SATURDAY, 9, 15)


def test_a_refused_hold_leaves_nothing_behind_even_if_its_transaction_goes_on(session, cast, monkeypatch):
    reservation.hold(session, cast.town, cast.room.id, slot_at(SATURDAY, 9), NOW, CITIZEN)
    for registrar in cast.registrars:  # both have something else to do, and nobody has looked
        session.execute(delete(Claim).where(Claim.resource_id == registrar.id))
        free = session.scalars(select(Booking)).first()
        session.execute(insert(Claim).values(row(free, registrar, span(9, 12))))
    monkeypatch.setattr("buchbar.booking.weddings.slots.Busy.allows", lambda self, wanted: True)
    before = session.scalars(select(Claim.id)).all()
    with pytest.raises(reservation.SlotTaken):
        reservation.hold(session, cast.town, cast.room.id, slot_at(SATURDAY, 10, 30), NOW, CITIZEN)
    assert session.scalars(select(Claim.id)).all() == before
    assert len(session.scalars(select(Booking.id)).all()) == 1


def test_every_change_of_claims_raises_the_versions_of_its_resources(session, cast):
    def version(resource) -> int:
        return session.scalar(select(Resource.version).where(Resource.id == resource.id))

    seen = [version(cast.room)]
    booking = reservation.hold(session, cast.town, cast.room.id, slot_at(SATURDAY, 9), NOW, CITIZEN)
    seen.append(version(cast.room))
    claims.expire(session, [booking.id], NOW + timedelta(hours=1))
    seen.append(version(cast.room))
    assert seen == sorted(set(seen)), "each time higher"


def test_an_hour_before_dawn_is_no_different(session, cast, booking):
    """25 October 02:30 exists twice; as moments the two are an hour apart and don't overlap."""
    first = at(date(2027, 10, 31), 150, BERLIN)
    for begin in (first, first + timedelta(hours=1)):
        wanted = Span(begin, begin + timedelta(hours=1))
        assert not refused(session, "", insert(Claim).values(row(booking, cast.room, wanted)))
