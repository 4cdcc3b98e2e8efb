"""The registrars at the desk."""

from datetime import date

import pytest
from sqlalchemy import select

from buchbar.accounts import revisions
from buchbar.accounts.models import Revision
from buchbar.booking.models import Claim
from buchbar.resources.models import Registrar
from tests.cast import FRIDAY, assemble, confirmed, slot_at
from tests.clerks import become, colleague, counted

DESK = "/diepholz/amt"


@pytest.fixture
def head(client, database, town):
    clerk = colleague(database, town, "head", "Frau Herbst")
    become(client, database, clerk)
    return clerk


@pytest.fixture
def ahrens(town):
    return town.registrars[0]


def form_of(town, **changes):
    venues = {"venues": [str(town.room.id), str(town.mill.id)]}
    return {"name": "Ahrens", "initials": "AH", "prepare_minutes": "15", "wrap_minutes": "10"} | venues | changes


def marries_at(database, registrar):
    with database.read() as session:
        return {venue.slug for venue in session.get_one(Registrar, registrar.id).venues}


def test_an_edit_is_seen_first_then_saved_and_undone(client, posted, database, town, head, ahrens):
    page = f"{DESK}/standesbeamte/{ahrens.id}"
    fields = form_of(town, venues=[str(town.room.id)], wrap_minutes="30")
    answer = posted(f"{page}/vorschau", **fields)
    assert "Trauzimmer im Rathaus, Wassermühle" in answer.text and "30 Minuten" in answer.text
    assert marries_at(database, ahrens) == {"rathaus", "muehle"}
    assert posted(page, **fields).status_code == 303
    assert marries_at(database, ahrens) == {"rathaus"}
    with database.read() as session:
        revision = session.scalars(select(Revision)).one()
    posted(f"{DESK}/aenderungen/{revision.id}/ruecknahme", von=page)
    assert marries_at(database, ahrens) == {"rathaus", "muehle"}


def test_who_no_longer_marries_somewhere_keeps_the_reservations_there(posted, database, town, head):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(FRIDAY, 9))
        on_it = session.scalars(select(Registrar).join(Claim, Claim.resource_id == Registrar.id)).one()
    fields = form_of(town, name=on_it.name, initials=on_it.initials, venues=[str(town.mill.id)])
    answer = posted(f"{DESK}/standesbeamte/{on_it.id}/vorschau", **fields)
    assert booking.number in answer.text and "traut dann nicht mehr an diesem Ort" in answer.text
    posted(f"{DESK}/standesbeamte/{on_it.id}", **fields)
    with database.read() as session:
        assert session.scalars(select(Claim).where(Claim.resource_id == on_it.id)).one().booking_id == booking.id


def test_a_change_for_later_waits(posted, database, town, head, ahrens):
    posted(f"{DESK}/standesbeamte/{ahrens.id}", **form_of(town, venues=[], valid_from="2027-02-01"))
    assert marries_at(database, ahrens) == {"rathaus", "muehle"}
    assert revisions.apply_all_due(database, slot_at(date(2027, 2, 1), 0)) == 1
    assert marries_at(database, ahrens) == set()


def test_a_new_registrar_marries_where_it_was_ticked(client, posted, database, town, head):
    answer = posted(f"{DESK}/standesbeamte", **form_of(town, name="Fischer", initials="FI"))
    assert answer.status_code == 303 and answer.headers["location"].endswith("/dienste")
    assert "Fischer" in client.get(f"{DESK}/standesbeamte").text
    with database.read() as session:
        made = session.scalars(select(Registrar).where(Registrar.name == "Fischer")).one()
        assert len(made.venues) == 2 and made.municipality_id == town.town.id


@pytest.mark.parametrize(
    ("field", "typed"), [("name", ""), ("initials", "VIELZULANG"), ("prepare_minutes", "-1"), ("wrap_minutes", "x")]
)
def test_what_is_typed_wrongly_stays_with_its_sentence(posted, database, town, head, ahrens, field, typed):
    for path in ("", f"/{ahrens.id}", f"/{ahrens.id}/vorschau"):
        answer = posted(f"{DESK}/standesbeamte{path}", **form_of(town, **{field: typed}))
        assert answer.status_code == 422 and f'id="{field}-error"' in answer.text


def test_who_has_reservations_stays_on_duty(client, posted, database, town, head):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(FRIDAY, 9))
        on_it = session.scalars(select(Registrar).join(Claim, Claim.resource_id == Registrar.id)).one()
    other = next(each for each in town.registrars if each.id != on_it.id)
    answer = posted(f"{DESK}/standesbeamte/{on_it.id}/stilllegung")
    assert answer.status_code == 409 and f"{DESK}/buchung/{booking.id}" in answer.text
    assert posted(f"{DESK}/standesbeamte/{other.id}/stilllegung").status_code == 303
    assert "außer Dienst" in client.get(f"{DESK}/standesbeamte").text
    assert posted(f"{DESK}/standesbeamte/{other.id}/wiederaufnahme").status_code == 303


def test_another_towns_registrars_and_venues_are_not_ours(client, posted, database, town, head, ahrens):
    with database.write() as session:
        syke = assemble(session, slug="syke")
    assert client.get(f"{DESK}/standesbeamte/{syke.registrars[0].id}").status_code == 404
    posted(f"{DESK}/standesbeamte/{ahrens.id}", **form_of(town, venues=[str(syke.room.id)]))
    assert marries_at(database, ahrens) == set()


def test_the_list_costs_the_same_whatever_its_length(client, database, town, head):
    client.get(f"{DESK}/standesbeamte")
    with counted(database) as few:
        client.get(f"{DESK}/standesbeamte")
    with database.write() as session:
        for n in range(8):
            session.add(Registrar(municipality_id=town.town.id, name=f"R{n}", initials=f"R{n}"))
    with counted(database) as many:
        client.get(f"{DESK}/standesbeamte")
    assert len(many) == len(few)


def test_an_edit_of_today_is_warned_of_the_plan_that_will_replace_it(posted, town, head, ahrens):
    page = f"{DESK}/standesbeamte/{ahrens.id}"
    assert posted(page, **form_of(town, venues=[str(town.room.id)], valid_from="2027-01-01")).status_code == 303
    warned = posted(f"{page}/vorschau", **form_of(town, venues=[str(town.mill.id)])).text
    assert "Für „Traut hier“ ist ab Freitag, 1. Januar 2027 schon etwas anderes geplant." in warned
    assert "schon etwas anderes geplant" not in posted(f"{page}/vorschau", **form_of(town, wrap_minutes="30")).text
