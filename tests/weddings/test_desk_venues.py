"""The venues at the desk: edits that are looked at first, dated, undone; nothing that stands is ever broken."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from buchbar.accounts import revisions
from buchbar.accounts.models import Municipality, Revision
from buchbar.booking.models import Booking
from buchbar.booking.weddings import venue_form
from buchbar.resources.models import Picture, Site, Venue
from tests.cast import FRIDAY, NOW, assemble, confirmed, slot_at
from tests.clerks import become, colleague, counted

DESK = "/diepholz/amt"
TODAY = date(2026, 11, 23)


@pytest.fixture
def head(client, database, town):
    clerk = colleague(database, town, "head", "Frau Herbst")
    become(client, database, clerk)
    return clerk


def form_of(venue, **changes):
    """What the page's form holds, with some fields typed anew."""
    return venue_form.typed(venue, TODAY) | {name: str(value) for name, value in changes.items()}


def stand_in(page):
    return re.search(r'name="stand" value="([0-9a-f]*)"', page.text)[1]


def venue(database, town, which="room"):
    with database.read() as session:
        return session.get_one(Venue, getattr(town, which).id)


def test_the_list_shows_all_venues_also_those_at_rest(client, database, town, head):
    with database.write() as session:
        session.get_one(Venue, town.mill.id).active = False
    page = client.get(f"{DESK}/trauorte").text
    assert "Trauzimmer im Rathaus" in page and "Wassermühle" in page and "außer Dienst" in page


def test_the_list_costs_the_same_whatever_its_length(client, database, town, head):
    client.get(f"{DESK}/trauorte")
    with counted(database) as few:
        client.get(f"{DESK}/trauorte")
    with database.write() as session:
        for n in range(8):
            session.add(
                Venue(
                    municipality_id=town.town.id, name=f"Ort {n}", slug=f"ort-{n}", site_id=town.room.site_id, persons=9
                )
            )
    with counted(database) as many:
        client.get(f"{DESK}/trauorte")
    assert len(many) == len(few)


def test_a_preview_says_what_changes_and_saves_nothing(client, posted, database, town, head):
    answer = posted(f"{DESK}/trauorte/{town.room.id}/vorschau", **form_of(town.room, persons=30, length_minutes=90))
    assert answer.status_code == 200
    assert "Das ändert sich" in answer.text and "22" in answer.text and "30" in answer.text
    assert "weniger" in answer.text  # ninety minutes don't fit as often into three hours
    assert venue(database, town).persons == 22


def test_an_edit_holds_at_once_for_couples_and_is_undone(client, posted, database, town, head):
    before = client.get("/diepholz/hochzeit/trauort/rathaus").text
    assert "22 Personen" in before
    answer = posted(f"{DESK}/trauorte/{town.room.id}", **form_of(town.room, persons=30, summary="Unter Linden"))
    assert answer.status_code == 303
    after = client.get("/diepholz/hochzeit/trauort/rathaus").text
    assert "30 Personen" in after and "Unter Linden" in after
    with database.read() as session:
        revision = session.scalars(select(Revision).where(Revision.subject == "venue")).one()
        assert set(revision.values) == {"persons", "summary"} and revision.made_by == "Frau Herbst"
    page = client.get(f"{DESK}/trauorte/{town.room.id}").text
    assert "Rückgängig" in page and "Unter Linden" in page
    posted(f"{DESK}/aenderungen/{revision.id}/ruecknahme", von=f"{DESK}/trauorte/{town.room.id}")
    assert "22 Personen" in client.get("/diepholz/hochzeit/trauort/rathaus").text


def test_an_edit_for_later_waits_for_its_day(client, posted, database, town, head):
    later = form_of(town.room, persons=10, valid_from="2027-01-01")
    posted(f"{DESK}/trauorte/{town.room.id}", **later)
    assert venue(database, town).persons == 22
    assert "geplant ab 01.01.2027" in client.get(f"{DESK}/trauorte/{town.room.id}").text
    assert revisions.apply_all_due(database, slot_at(date(2026, 12, 31), 23, 59)) == 0
    assert revisions.apply_all_due(database, slot_at(date(2027, 1, 1), 0, 1)) == 1
    assert venue(database, town).persons == 10


def test_more_guests_than_the_new_limit_are_shown_and_stay_booked(client, posted, database, town, head):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(FRIDAY, 9))  # ten guests
    answer = posted(f"{DESK}/trauorte/{town.room.id}/vorschau", **form_of(town.room, persons=8))
    assert f"{DESK}/buchung/{booking.id}" in answer.text and "mehr Gäste als Platz: 10" in answer.text
    posted(f"{DESK}/trauorte/{town.room.id}", **form_of(town.room, persons=8))
    with database.read() as session:
        assert session.get_one(Booking, booking.id).state == booking.state
    again = posted(f"{DESK}/trauorte/{town.room.id}/vorschau", **form_of(town.room, persons=7))
    assert "Alle Reservierungen passen weiterhin." in again.text  # it didn't fit before either


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("name", "", "Bitte füllen Sie dieses Feld aus."),
        ("slug", "Alte Mühle", "Bitte nur kleine Buchstaben"),
        ("slug", "muehle", "So heißt schon ein anderer Trauort"),
        ("persons", "0", "Bitte eine ganze Zahl von 1 bis 2000."),
        ("persons", "1", "mindestens 2 Personen"),
        ("length_minutes", "5", "Bitte eine ganze Zahl von 10 bis 240."),
        ("visibility", "vielleicht", "Bitte wählen Sie eine der Möglichkeiten."),
        ("picture", "../../etc/passwd", "Bitte wählen Sie eine der Möglichkeiten."),
        ("site", "00000000-0000-4000-8000-000000000000", "Bitte wählen Sie eine der Möglichkeiten."),
        ("owner_email", "nur ein Wort", "E-Mail-Adresse wie"),
        ("valid_from", "2020-01-01", "Bitte heute oder einen späteren Tag."),
        ("valid_from", "2031-01-01", "in den nächsten zwei Jahren"),
    ],
)
def test_what_is_typed_wrongly_gets_its_sentence_and_stays(posted, database, town, head, field, typed, sentence):
    for page in ("/vorschau", ""):
        answer = posted(f"{DESK}/trauorte/{town.room.id}{page}", **form_of(town.room, summary="Neu", **{field: typed}))
        assert answer.status_code == 422 and sentence in answer.text
        assert "Neu" in answer.text
    assert venue(database, town).summary == ""


def test_a_new_venue_with_a_new_site_takes_its_place(client, posted, database, town, head):
    fields = venue_form.blank(TODAY, 2) | {
        "name": "Schlosspark",
        "slug": "schlosspark",
        "persons": "50",
        "site": "neu",
        "site_name": "Schloss",
        "site_way": "15",
        "site_street": "Allee 1",
    }
    answer = posted(f"{DESK}/trauorte", **fields)
    assert answer.status_code == 303 and answer.headers["location"].endswith("/zeiten")
    with database.read() as session:
        made = session.scalars(select(Venue).where(Venue.slug == "schlosspark")).one()
        assert (made.site.name, made.site.way_minutes, made.persons) == ("Schloss", 15, 50)
        assert made.municipality_id == town.town.id
    assert "Schlosspark" in client.get("/diepholz/hochzeit").text
    assert posted(f"{DESK}/trauorte", **fields).status_code == 422  # a second click makes no second one


def test_a_planned_name_in_the_address_is_taken_too(posted, database, town, head):
    posted(f"{DESK}/trauorte/{town.mill.id}", **form_of(town.mill, slug="alte-muehle", valid_from="2027-01-01"))
    answer = posted(f"{DESK}/trauorte/{town.room.id}", **form_of(town.room, slug="alte-muehle"))
    assert answer.status_code == 422 and "So heißt schon" in answer.text


def test_a_venue_with_reservations_stays_in_use_until_they_are_gone(client, posted, database, town, head):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(FRIDAY, 9))
    answer = posted(f"{DESK}/trauorte/{town.room.id}/stilllegung")
    assert answer.status_code == 409 and f"{DESK}/buchung/{booking.id}" in answer.text
    assert posted(f"{DESK}/trauorte/{town.mill.id}/stilllegung").status_code == 303
    assert client.get("/diepholz/hochzeit/trauort/muehle").status_code == 404
    assert posted(f"{DESK}/trauorte/{town.mill.id}/wiederaufnahme").status_code == 303
    assert client.get("/diepholz/hochzeit/trauort/muehle").status_code == 200


def test_an_undo_does_not_take_a_venue_with_reservations_out_of_use(posted, database, town, head):
    posted(f"{DESK}/trauorte/{town.room.id}/stilllegung")
    posted(f"{DESK}/trauorte/{town.room.id}/wiederaufnahme")
    with database.write() as session:
        confirmed(session, town, slot_at(FRIDAY, 9))
        back = next(each for each in session.scalars(select(Revision)) if each.values.get("active") is True)
    answer = posted(f"{DESK}/aenderungen/{back.id}/ruecknahme")
    assert answer.status_code == 409 and "Hier stehen noch Reservierungen" in answer.text
    assert venue(database, town).active


def test_who_saves_after_somebody_else_sees_theirs_first(client, posted, database, town, head):
    stand = stand_in(client.get(f"{DESK}/trauorte/{town.room.id}"))
    become(client, database, colleague(database, town, "administrator", "Herr Lenz"))
    posted(f"{DESK}/trauorte/{town.room.id}", **form_of(town.room, persons=30), stand=stand)
    become(client, database, head)
    answer = posted(f"{DESK}/trauorte/{town.room.id}", **form_of(town.room, persons=15), stand=stand)
    assert answer.status_code == 409
    assert "Herr Lenz hat inzwischen gespeichert" in answer.text and "Ihre Eingaben stehen noch" in answer.text
    assert venue(database, town).persons == 30
    answer = posted(f"{DESK}/trauorte/{town.room.id}", **form_of(town.room, persons=15), stand=stand_in(answer))
    assert answer.status_code == 303 and venue(database, town).persons == 15


def test_clicking_twice_saves_once(client, posted, database, town, head):
    stand = stand_in(client.get(f"{DESK}/trauorte/{town.room.id}"))
    for _click in range(2):
        answer = posted(f"{DESK}/trauorte/{town.room.id}", **form_of(town.room, persons=30), stand=stand)
        assert answer.status_code == 303
    with database.read() as session:
        assert len(session.scalars(select(Revision)).all()) == 1


def test_a_longer_way_is_shown_with_its_effect_and_saved(client, posted, database, town, head):
    page = f"{DESK}/trauorte/standorte/{town.mill.site_id}"
    assert "Wassermühle" in client.get(page).text
    fields = {"name": "Mühle", "street": "Am Mühlenteich 3", "way_minutes": "45", "valid_from": "2027-05-01"}
    answer = posted(f"{page}/vorschau", **fields)
    assert "Das ändert sich ab Samstag, 1. Mai 2027" in answer.text
    assert "Freie Termine hier vom 01.05.2027" in answer.text
    assert posted(page, **fields | {"valid_from": ""}).status_code == 303
    with database.read() as session:
        assert session.get_one(Site, town.mill.site_id).way_minutes == 45


@pytest.mark.parametrize("role", ["registrar", "auditor"])
def test_who_may_not_change_sees_no_forms(client, posted, database, town, role):
    become(client, database, colleague(database, town, role))
    page = client.get(f"{DESK}/trauorte/{town.room.id}")
    assert page.status_code == 200 and "/vorschau" not in page.text and 'type="file"' not in page.text
    assert posted(f"{DESK}/trauorte/{town.room.id}", **form_of(town.room, persons=9)).status_code == 403


def test_another_towns_venue_is_not_found(client, posted, database, town, head):
    with database.write() as session:
        syke = assemble(session, slug="syke")
    for path in ("", "/zeiten"):
        assert client.get(f"{DESK}/trauorte/{syke.room.id}{path}").status_code == 404
    assert posted(f"{DESK}/trauorte/{syke.room.id}", **form_of(syke.room)).status_code == 404
    answer = posted(f"{DESK}/trauorte/{town.room.id}", **form_of(town.room, site=syke.room.site_id))
    assert answer.status_code == 422


def test_an_edit_of_pictures_raises_the_version(database, town):
    with database.write() as session:
        before = session.get_one(Municipality, town.town.id).version
        session.add(
            Picture(venue_id=town.room.id, position=0, alt="Saal", width=1, height=1, large=b"", small=b"",
                    added_by="x", added_at=NOW - timedelta(days=1))
        )  # fmt: skip
        session.flush()
        assert session.get_one(Municipality, town.town.id).version > before
