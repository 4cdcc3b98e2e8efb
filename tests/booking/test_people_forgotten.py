"""Accounts that nobody uses and refused applications go by themselves; what is still needed stays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from buchbar.accounts import approval, membership
from buchbar.accounts.clubs import Invitation, Organisation
from buchbar.accounts.models import Revision
from buchbar.accounts.people import Person
from buchbar.booking.people_forgotten import forget_people, refused_until
from tests.cast import ANNA_AND_BEN, NOW, SATURDAY, reserved, slot_at
from tests.citizens import person
from tests.clerks import become

DAY = timedelta(days=1)
SV = {"name": "SV Hagewede", "kind": "club", "proof": "", "street": "", "city": "", "email": "", "phone": ""}


def addresses(database):
    with database.read() as session:
        return sorted(session.scalars(select(Person.email)))


def test_who_has_not_been_here_and_has_not_booked_for_two_years_is_forgotten(database, town):
    chair, coach = person(database, "chair@example.org"), person(database, "coach@example.org")
    for email in ("anna@example.org", "kim@example.org"):
        person(database, email)
    with database.write() as session:
        reserved(session, town, slot_at(SATURDAY, 9), replace(ANNA_AND_BEN, email="Anna@example.org"))
        club = approval.apply(session, session.merge(town.town), session.merge(chair), SV, NOW)
        membership.add(session, club, session.merge(coach), "booker", NOW, "x")
    last = datetime(2028, 11, 23, 3, tzinfo=UTC)
    assert forget_people(database, last) == 0
    with database.write() as session:
        session.get_one(Person, coach.id).last_in_at = last
    assert forget_people(database, last + DAY) == 1
    assert addresses(database) == ["anna@example.org", "chair@example.org", "coach@example.org"]
    assert forget_people(database, datetime(2029, 5, 16, 3, tzinfo=UTC)) == 1, "two years after the wedding"
    assert forget_people(database, last + 732 * DAY) == 2, "nobody of the club is here any more"
    with database.read() as session:
        assert session.scalars(select(Organisation)).all() == [], "nobody stood behind the application"


def test_refused_applications_go_after_half_a_year_and_old_invitations_at_once(client, database, town):
    kim = person(database, "kim@example.org")
    with database.write() as session:
        session.merge(kim).last_in_at = NOW
        refused = approval.apply(session, session.merge(town.town), session.merge(kim), SV, NOW)
        approval.decide(session, refused, "refuse", NOW, "Herr Lange", reason="Kein Nachweis")
        other = approval.enter(session, town.town, SV | {"name": "TuS", "user_class": "club"}, NOW, "Herr Lange")
        membership.invite(session, other, "lou@example.org", "booker", NOW, "Herr Lange")
    due = datetime(2027, 5, 24, 3, tzinfo=UTC)
    with database.read() as session:
        assert refused_until(session, town.town, due) == 1
    assert forget_people(database, due - DAY) == 0
    assert forget_people(database, due) == 1
    with database.read() as session:
        assert [each.name for each in session.scalars(select(Organisation))] == ["TuS"]
        assert session.scalars(select(Invitation)).all() == []
        assert {each.subject_id for each in session.scalars(select(Revision))} == {other.id}
    become(client, database, town.clerk)
    page = client.get("/diepholz/amt/aufbewahrung").text
    assert "24 Monate nach der letzten Anmeldung" in page and "0 abgelehnte Anträge von Vereinen" in page
