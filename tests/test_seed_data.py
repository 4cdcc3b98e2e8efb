"""The demonstration county: it loads on both databases, once, and looks like a county."""

import hashlib
import re
import shutil
import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from buchbar.accounts.models import Clerk, Municipality
from buchbar.app import demo, demo_standin, seeds
from buchbar.app.tables import metadata
from buchbar.base.db import Database, connect
from buchbar.base.settings import ROOT
from buchbar.booking import dunning_run, owners, papers, queries
from buchbar.booking.failures import failures
from buchbar.booking.halls.models import Series
from buchbar.booking.models import CHANNELS, Booking
from buchbar.booking.notes import Note
from buchbar.booking.queries import STANDING
from buchbar.booking.weddings.reservation import busy_between
from buchbar.booking.weddings.slots import Wish, look
from buchbar.booking.weddings.timetable import timetable
from buchbar.calendar.walls import local_date
from buchbar.notices.models import Errand, Letter
from buchbar.payments import checks, ledger, mandates, payouts, till
from buchbar.payments.models import Charge, Payment, Refund
from buchbar.payments.statements import BankEntry
from buchbar.resources.models import Registrar, Venue
from tests import cast
from tests.cast import assemble

NOW = cast.NOW
TOWNS = ("diepholz", "gladbeck", "stuhr", "syke")
WITH_HALLS = ("diepholz", "stuhr")
pytestmark = pytest.mark.xdist_group("county")  # in one process, so that the county is loaded once


@pytest.fixture(scope="module")
def county(sqlite_template, tmp_path_factory):
    """The whole county, loaded once for all tests here; they only read."""
    path = tmp_path_factory.mktemp("county") / "county.sqlite"
    shutil.copy(sqlite_template, path)
    engine = connect(f"sqlite:///{path}", synchronous="OFF")
    database = Database(engine, settings=cast.SETTINGS)
    assert demo.load(database, NOW) == ["landkreis-diepholz", *TOWNS]
    yield database
    engine.dispose()


def small(stories=0):
    """The same county with few bookings; with ``stories``, those that a newcomer finds in Diepholz."""
    less = {"past_bookings": 3, "full_day": 0}
    towns = [
        msgspec.structs.replace(town, bookings=min(town.bookings, 12), hall_weeks=min(town.hall_weeks, stories), **less)
        for town in seeds.demonstration()
    ]
    return [msgspec.structs.replace(town, full_day=stories) if town.slug == "diepholz" else town for town in towns]


@pytest.fixture
def few(monkeypatch):
    """It for tests that load it again and again, on both databases."""
    towns = small()
    monkeypatch.setattr(seeds, "demonstration", lambda: towns)


def fingerprint(database):
    """What is in each table, whatever order it comes in."""
    with database.read() as session:
        return {
            table.name: hashlib.sha256(
                "\n".join(sorted(str(tuple(row)) for row in session.execute(select(table)))).encode()
            ).hexdigest()
            for table in metadata.sorted_tables
        }


def town_of(session, slug):
    return session.scalars(select(Municipality).where(Municipality.slug == slug)).one()


def test_loading_it_twice_changes_nothing(database, few):
    assert demo.load(database, NOW) == ["landkreis-diepholz", *TOWNS]
    before = fingerprint(database)
    assert demo.load(database, NOW + timedelta(days=3)) == []
    assert fingerprint(database) == before


def test_two_who_load_at_once_load_it_once(database, few):
    loaded = []
    threads = [threading.Thread(target=lambda: loaded.extend(demo.load(database, NOW))) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(loaded) == sorted(["landkreis-diepholz", *TOWNS])


def test_everything_says_that_it_is_made_up(county):
    with county.read() as session:
        assert all(session.scalars(select(Municipality.demonstration)))
        addresses = [
            *session.scalars(select(Municipality.email)),
            *session.scalars(select(Clerk.email)),
            *session.scalars(select(Booking.email).where(Booking.email != "")),
            *session.scalars(select(Venue.owner_email).where(Venue.owner_email != "")),
        ]
        phones = [
            *session.scalars(select(Municipality.phone)),
            *session.scalars(select(Booking.phone).where(Booking.phone != "")),
        ]
    assert [
        address for address in addresses if not re.fullmatch(r"[a-z0-9.-]+@([a-z-]+\.)?example\.org", address)
    ] == []
    assert [phone for phone in phones if not phone.startswith("030 23125 ")] == []
    for path in seeds.SEED_DATA.glob("*.toml"):
        assert "demonstration data" in path.read_text(encoding="utf-8").partition("\n\n")[0], path


@pytest.mark.parametrize("slug", TOWNS)
def test_each_town_has_free_days_and_full_ones_in_the_coming_year(county, slug):
    with county.read() as session:
        times = timetable(session, town_of(session, slug))
        first = local_date(NOW, times.zone)
        days = [first + timedelta(days=n) for n in range(365)]
        states = Counter(
            day.state for day in look(times, busy_between(session, times, first, days[-1], NOW), days, NOW, Wish())
        )
    assert states["free"] > 60
    assert states["full"] >= 1 and states["holiday"] >= 5 and states["closed"] > 50


@pytest.mark.parametrize("slug", TOWNS)
def test_each_town_has_a_plausible_year_of_bookings(county, slug):
    with county.read() as session:
        town = town_of(session, slug)
        ours = (Booking.municipality_id == town.id, Booking.journey == "weddings", Booking.starts_at > NOW)
        bookings = session.scalars(select(Booking).where(*ours)).all()
        assert 110 <= len(bookings) <= 250
        assert all(booking.starts_at < NOW + timedelta(days=367) for booking in bookings)
        assert all(booking.made_at < NOW for booking in bookings)
        states = Counter(booking.state for booking in bookings)
        assert states["requested"] >= 2 and states["confirmed"] > 60 and states["cancelled"] >= 1
        assert not states["held"] and not states["submitted"]
        assert any(b.deadline_at and NOW < b.deadline_at < NOW + timedelta(days=8) for b in bookings if b.alive)
        assert not any(b.deadline_at and b.deadline_at <= NOW for b in bookings)
        weekdays = Counter(booking.starts_at.astimezone(town.zone).weekday() for booking in bookings)
        assert weekdays[4] + weekdays[5] > len(bookings) / 3
        for booking in bookings:
            account = ledger.account(session, booking.id)
            assert not account.surplus, booking.number
            assert account.paid == account.reversed or not account.open, booking.number


@pytest.mark.parametrize("slug", TOWNS)
def test_there_is_a_year_to_look_back_on(county, slug):
    with county.read() as session:
        town = town_of(session, slug)
        over = (Booking.municipality_id == town.id, Booking.journey == "weddings", Booking.starts_at < NOW)
        bookings = session.scalars(select(Booking).where(*over)).all()
        assert len(bookings) > 40 and all(booking.made_at < booking.starts_at for booking in bookings)
        states = Counter(booking.state for booking in bookings)
        assert states["confirmed"] > 30 and not {*states} & {"held", "submitted", "payable", "requested"}


def test_nothing_of_it_waits_to_be_sent_but_what_came_back_and_the_mail_is_short(county):
    with county.read() as session:
        errands = session.execute(select(Errand.kind, Errand.state)).all()
        assert sorted(kind for kind, state in errands if state != "done") == ["mail", "refund"]
        assert {state for _kind, state in errands} == {"done", "failed"}
        letters = session.scalars(select(Letter).where(Letter.paper.is_(None))).all()
        of_halls = [letter for letter in letters if letter.kind.startswith(("hall_", "club", "door_", "season_"))]
        assert 4 <= len(letters) - len(of_halls) <= 50 and len(of_halls) <= 25
        assert len([letter for letter in letters if not letter.sent_at]) == 1


@pytest.mark.parametrize("slug", WITH_HALLS)
def test_the_sports_halls_have_series_of_clubs_a_request_and_what_was_given_back(county, slug):
    with county.read() as session:
        ours = (Booking.municipality_id == town_of(session, slug).id, Booking.journey == "halls")
        states = Counter(session.scalars(select(Booking.state).where(*ours)))
        assert states["confirmed"] > 60 and states["requested"] == 1 and states["cancelled"] == 1
        first, last = session.execute(
            select(func.min(Booking.starts_at), func.max(Booking.starts_at)).where(*ours)
        ).one()
        assert first < NOW - timedelta(days=50) and last > NOW + timedelta(days=50)
        assert (
            session.scalar(select(func.count(Series.id)).where(Series.municipality_id == town_of(session, slug).id)) > 6
        )


def test_somebody_is_in_a_hall_right_now_and_has_just_got_the_letter(county):
    with county.read() as session:
        [there] = session.scalars(
            select(Booking)
            .where(Booking.journey == "halls", Booking.channel == "online", Booking.email != "")
            .where(Booking.starts_at <= NOW, Booking.ends_at > NOW, Booking.state == "confirmed")
        )
        assert there.resource.name == "Bewegungsraum im Bürgerhaus"
        kinds = session.scalars(select(Letter.kind).where(Letter.booking_id == there.id)).all()
        assert "hall_confirmed" in kinds


# --- What a newcomer finds at the desk of Diepholz ------------------------------------------------------------


def test_one_day_has_twelve_weddings(county):
    with county.read() as session:
        town = town_of(session, "diepholz")
        ours = (Booking.municipality_id == town.id, Booking.journey == "weddings")
        stands = (*ours, Booking.starts_at > NOW, Booking.state.in_(STANDING))
        days = Counter(
            local_date(start, town.zone) for start in session.scalars(select(Booking.starts_at).where(*stands))
        )
    [(_day, most)] = days.most_common(1)
    assert most >= 12


def test_there_is_something_to_do_of_every_kind(county):
    with county.read() as session:
        town = town_of(session, "diepholz")
        requests = queries.requests(session, town)
        assert [row for row in requests if "office" in row.missing]
        [silent] = [row for row in requests if row.missing == {"owner"}]
        assert owners.asked(session, [silent.booking], NOW)[silent.booking.id].reminders == 2
        assert queries.deadlines(session, town, NOW)
        assert [failure.booking for failure in failures(session, town)]
        [(letter, booking)] = papers.to_print(session, town)
        assert booking.channel == "telephone" and not booking.email and booking.phone
        assert len(session.scalars(select(Note)).all()) == 3
        feeds = queries.feeds(session, town)
        assert {feed.details for feed in feeds} == {"busy", "plain", "names"} and any(f.resource is None for f in feeds)


def test_all_ways_of_booking_occur(county):
    with county.read() as session:
        assert set(session.scalars(select(Booking.channel))) == {*CHANNELS}


def test_the_ship_is_shown_but_has_no_dates(county):
    with county.read() as session:
        times = timetable(session, town_of(session, "diepholz"))
        assert times.venue("schiff").visibility == "information"
        summer = [date(2027, 6, 1) + timedelta(days=n) for n in range(90)]
        assert "schiff" not in {slot.venue.slug for day in summer for slot in times.slots_on(day)}


def test_the_mill_turns_on_fridays_and_every_other_saturday_from_may_to_september(county):
    with county.read() as session:
        times = timetable(session, town_of(session, "diepholz"))
        year = [date(2027, 1, 1) + timedelta(days=n) for n in range(365)]
        open_days = [day for day in year if any(slot.venue.slug == "muehle" for slot in times.slots_on(day))]
        assert times.venue("muehle").way == timedelta(minutes=20)
    assert {day.month for day in open_days} == {5, 6, 7, 8, 9} and {day.weekday() for day in open_days} == {4, 5}
    saturdays = [day for day in open_days if day.weekday() == 5]
    # Weeks lie between when somebody is on leave.
    assert len(saturdays) >= 8 and {(day - saturdays[0]).days % 14 for day in saturdays} == {0}


def test_on_christmas_eve_and_the_staff_day_everything_is_closed(county):
    with county.read() as session:
        for slug in TOWNS:
            times = timetable(session, town_of(session, slug))
            for day in (date(2026, 12, 24), date(2026, 12, 31)):
                busy = busy_between(session, times, day, day, NOW)
                assert not any(busy.free(slot) for slot in times.slots_on(day))
                assert not look(times, busy, [day], NOW, Wish())[0].slots


def test_a_year_has_its_habits_and_its_prices(county):
    with county.read() as session:
        habits = {}
        for slug in TOWNS:
            times = timetable(session, town_of(session, slug))
            habits[slug] = times.policy(date(2026, 11, 23)).terms
            assert times.tariff_id(date(2026, 12, 31)) != times.tariff_id(date(2027, 1, 1))
            people = session.scalar(select(func.count(Registrar.id)).where(Registrar.municipality_id == times.town_id))
            assert 2 <= people <= 5 and 3 <= len(times.venues) <= 5
    assert len({(terms.approval, terms.payment, str(terms.release)) for terms in habits.values()}) == 4


def test_each_town_has_somebody_of_each_role(county):
    with county.read() as session:
        for slug in TOWNS:
            roles = session.scalars(select(Clerk.role).join(Municipality).where(Municipality.slug == slug)).all()
            sports = ["sports"] if slug in WITH_HALLS else []
            assert sorted(roles) == ["administrator", "auditor", "cashier", "head", "registrar", *sports]


def test_every_picture_is_drawn(county):
    with county.read() as session:
        names = set(session.scalars(select(Venue.picture)))
    assert [name for name in names if not (ROOT / "static" / "pictures" / f"{name}.svg").is_file()] == []


@pytest.mark.parametrize(
    "now",
    [
        datetime(2027, 3, 28, 0, 30, tzinfo=UTC),
        datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
        datetime(2027, 12, 31, 22, 59, tzinfo=UTC),
        datetime(2028, 2, 29, 12, 0, tzinfo=UTC),
    ],
    ids=str,
)
def test_it_loads_on_any_day(database, monkeypatch, now):
    towns = small(stories=1)
    monkeypatch.setattr(seeds, "demonstration", lambda: towns)
    assert len(demo.load(database, now)) == 5
    with database.read() as session:
        assert session.scalar(select(func.count(Booking.id)).where(Booking.starts_at > now)) > 20
        assert checks.findings(session, town_of(session, "diepholz"), now) == []


def test_a_file_that_contradicts_itself_is_refused_with_a_sentence(tmp_path):
    path = tmp_path / "town.toml"
    path.write_text('slug = "x"\nnmae = "X"\n', encoding="utf-8")
    with pytest.raises(seeds.Faulty, match="nmae"):
        seeds.town(path)


def test_a_town_of_ones_own_comes_without_made_up_bookings(database):
    diepholz = next(town for town in seeds.demonstration() if town.slug == "syke")
    own = msgspec.structs.replace(diepholz, slug="bassum", county="", demonstration=False)
    own = msgspec.structs.replace(own, clerks=())
    with database.write() as session:
        assert demo.place(session, own, NOW)
        assert demo.place(session, own, NOW) is None
    with database.read() as session:
        assert not town_of(session, "bassum").demonstration
        assert session.scalar(select(func.count(Booking.id))) == 0
        assert timetable(session, town_of(session, "bassum")).slots_on(date(2027, 5, 12))


def test_a_town_with_two_venues_of_one_name_in_addresses_is_refused(session):
    syke = next(town for town in seeds.demonstration() if town.slug == "syke")
    twice = msgspec.structs.replace(syke, county="", venues=(*syke.venues, syke.venues[0]))
    with pytest.raises(seeds.Faulty, match=f"two venues have the slug '{syke.venues[0].slug}'"):
        demo.place(session, twice, NOW)


def test_the_database_refuses_two_venues_of_one_name_in_addresses_in_a_town_but_not_in_two(session, cast):
    def venue(of):
        return Venue(municipality_id=of.town.id, site_id=of.mill.site_id, name="Saal", slug="rathaus", persons=9)

    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(venue(cast))
        session.flush()
    with pytest.raises(IntegrityError), session.begin_nested():
        nameless = venue(cast)
        nameless.slug = None
        session.add(nameless)
        session.flush()
    assemble(session, slug="syke")


def test_what_is_owed_is_numbered_without_a_gap_and_has_its_sign(county):
    with county.read() as session:
        for slug, shape in (("diepholz", r"\d{4}-\d{5}"), ("stuhr", r"R\d{4}-\d{4}")):
            town = town_of(session, slug)
            made = session.scalars(select(Charge).where(Charge.municipality_id == town.id)).all()
            assert made and all(re.fullmatch(shape, charge.number) for charge in made)
            for year in {charge.year for charge in made}:
                serials = sorted(charge.serial for charge in made if charge.year == year)
                assert serials == [*range(1, len(serials) + 1)]
            assert all((charge.kassenzeichen is None) is (charge.cents <= 0) for charge in made)


# --- What the cashier of Diepholz finds -----------------------------------------------------------------------


def test_money_came_in_every_way_and_the_books_add_up(county):
    with county.read() as session:
        town = town_of(session, "diepholz")
        paid = Payment.municipality_id == town.id, Payment.state == "paid"
        ways = Counter(session.scalars(select(Payment.provider).where(*paid)))
        assert ways["stripe"] > 100 and ways["transfer"] == 5 and ways["cash"] == 2 and ways["terminal"] == 1
        for slug in TOWNS:
            assert checks.findings(session, town_of(session, slug), NOW) == []


def test_the_statement_has_what_is_clear_and_what_the_cashier_has_to_look_at(county):
    with county.read() as session:
        entries = session.scalars(select(BankEntry).where(BankEntry.booked_on > NOW.date() - timedelta(days=7))).all()
        kinds = Counter((entry.state, entry.is_return) for entry in entries)
        assert kinds == {
            ("matched", False): 3,
            ("suggested", False): 1,
            ("open", False): 1,
            ("matched", True): 1,
            ("set_aside", False): 1,
        }


def test_the_till_is_closed_for_the_last_day_and_open_for_today(county):
    with county.read() as session:
        town = town_of(session, "diepholz")
        [day] = till.days(session, town.id, 2026)
        assert day.day == date(2026, 11, 20) and day.expected == day.counted == 100_00  # NOW is a Monday
        held = till.today(session, town.id)
        assert len(held.cash) == 1 and held.expected > held.opening == 100_00
        assert [move.kind for move in till.of_day(session, day).card] == ["taken"]


def test_somebody_was_reminded_somebody_will_be_and_money_waits_to_go_back(county):
    with county.read() as session:
        town = town_of(session, "diepholz")
        assert sorted(r.number for r in dunning_run.rehearse(session, town, NOW, 0).reminders) == [1, 2]
        [waiting] = payouts.waiting(session, town.id)
        assert payouts.accounts(session, [waiting])[waiting.id].number
        assert [f.verbs for f in failures(session, town) if f.refund] == [("repay",)]
        [mandate] = mandates.of_town(session, town.id)
        assert mandates.holds(mandate, NOW.date())


def test_what_was_paid_online_before_can_be_given_back_on_the_stand_in(county):
    charges = {}
    with county.read() as session:
        demo_standin.remember(charges, session)
        online = session.scalars(select(Payment).where(Payment.provider == "stripe")).all()
        back = select(func.sum(Refund.cents)).join(Payment).where(Payment.provider == "stripe", Refund.state == "done")
        given = session.scalar(back)
    assert {payment.intent_id: payment.cents for payment in online} == {
        intent: charge["amount"] for intent, charge in charges.items()
    }
    assert sum(charge["amount_refunded"] for charge in charges.values()) == given > 0
