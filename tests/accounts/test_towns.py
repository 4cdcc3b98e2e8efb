"""The county puts in a town; it is set up unseen, shown to its staff, and published when nothing is missing."""

from datetime import date, timedelta

import pytest
from litestar.routes import HTTPRoute
from sqlalchemy import select

from buchbar.accounts import towns
from buchbar.accounts.models import Clerk, Municipality
from buchbar.accounts.queries import places
from buchbar.accounts.towns import RESERVED, slug_of
from buchbar.base.errors import Invalid, Refused
from buchbar.booking import links, set_up
from buchbar.booking.models import Policy
from buchbar.booking.terms import Terms
from buchbar.calendar.release import Rolling
from tests.cast import NOW, reserved, slot_at
from tests.clerks import become, code_in_mail, colleague

COUNTY = "/landkreis-diepholz/amt"
TYPED = {"name": "Bruchhausen-Vilsen (Flecken)", "land": "NI", "email": "standesamt@vilsen.example.org"}


@pytest.fixture
def county(client, database, town):
    """Frau Niemann administers the county of Diepholz, to which the town belongs, and is signed in."""
    with database.write() as session:
        county = Municipality(slug="landkreis-diepholz", name="Landkreis Diepholz", kind="county", land="NI")
        session.add(county)
        session.flush()
        session.get_one(Municipality, town.town.id).county_id = county.id
        clerk = Clerk(
            municipality_id=county.id, name="Frau Niemann", email="niemann@landkreis.example.org", role="county"
        )
        session.add(clerk)
        session.flush()
    become(client, database, clerk)
    return county


def test_a_county_begins_at_its_towns(client, county):
    page = client.get(COUNTY)
    assert page.url.path == f"{COUNTY}/kommunen"
    assert "/diepholz/amt/einstellungen" in page.text and "veröffentlicht" in page.text
    assert client.get("/diepholz/amt/kommunen").status_code == 404


def test_a_new_town_is_put_in_and_its_setting_up_begins(client, posted, database, county):
    answer = posted(f"{COUNTY}/kommunen", **TYPED)
    assert answer.headers["location"] == "/bruchhausen-vilsen-flecken/amt/einstellungen"
    with database.read() as session:
        made = session.scalars(select(Municipality).where(Municipality.slug == "bruchhausen-vilsen-flecken")).one()
    assert (made.published, made.county_id, made.land, made.kind) == (False, county.id, "NI", "town")
    page = client.get(answer.headers["location"]).text
    assert page.count("fehlt noch") == 6 and "/veroeffentlichung" not in page
    assert "in Einrichtung" in client.get(f"{COUNTY}/kommunen").text


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", "", "füllen"),
        ("land", "XX", "wählen"),
        ("slug", "Ümlaut", "Kleinbuchstaben"),
        ("slug", "demo", "braucht Buchbar selbst"),
        ("slug", "diepholz", "diepholz-2"),
        ("postcode", "4935", "fünf Ziffern"),
        ("email", "x", "name@beispiel.de"),
    ],
)
def test_a_faulty_town_is_not_put_in(posted, database, county, field, typed, words):
    answer = posted(f"{COUNTY}/kommunen", **TYPED | {field: typed})
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text and words in answer.text
    with database.read() as session:
        assert len(session.scalars(select(Municipality)).all()) == 2


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Weyhe", "weyhe"), ("Bad Münder am Deister", "bad-muender-am-deister"), ("Großröhrsdorf", "grossroehrsdorf"),
     ("  Čečá / 7 ", "ceca-7"), ("???", "")],
)  # fmt: skip
def test_names_become_addresses(name, slug):
    assert slug_of(name) == slug


def test_a_name_of_which_no_address_comes_is_said(session, cast):
    with pytest.raises(Invalid):
        towns.put_in(session, cast.town, {"name": "Demo", "land": "NI"})


def test_no_town_can_take_an_address_of_ours(app):
    first = {route.path_format.split("/")[1] for route in app.routes if isinstance(route, HTTPRoute)}
    ours = {part for part in first if part and "{" not in part}
    assert {"buchung", "health"} <= ours <= RESERVED, f"add {ours - RESERVED} to RESERVED"


# --- Published or not -----------------------------------------------------------------------------------


PAGES = ("/diepholz", "/diepholz/hochzeit", "/diepholz/hochzeit/monat/2027-05", "/diepholz/hochzeit/trauort/rathaus")


def unpublish(database, town):
    with database.write() as session:
        set_up.hide(session.get_one(Municipality, town.town.id))


def test_citizens_dont_find_what_isnt_published(client, posted, database, town):
    assert [client.get(page).status_code for page in PAGES] == [200] * 4
    slot = {"trauort": "rathaus", "zeit": "2027-05-14T07:00Z"}
    unpublish(database, town)
    assert [client.get(page).status_code for page in PAGES] == [404] * 4
    assert posted("/diepholz/hochzeit/vormerkung", **slot).status_code == 404
    assert client.get("/diepholz/hochzeit/termin", params=slot).status_code == 404
    assert "Diepholz" not in client.get("/").text and "Diepholz" not in client.get("/impressum").text
    with database.read() as session:
        assert places(session) == []


def test_its_staff_sees_it_before_and_nobody_else_what_they_saw(client, posted, database, town):
    unpublish(database, town)
    become(client, database, town.clerk)
    answers = [client.get(page) for page in PAGES]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert all("Noch nicht veröffentlicht" in answer.text for answer in answers)
    client.cookies.delete("amt")
    assert [client.get(page).status_code for page in PAGES] == [404] * 4
    stranger = colleague(database, town, "head")
    with database.write() as session:
        session.add(stuhr := Municipality(slug="stuhr", name="Stuhr", land="NI"))
        session.flush()
        session.get_one(Clerk, stranger.id).municipality_id = stuhr.id
    become(client, database, stranger)
    assert client.get(PAGES[1]).status_code == 404


def test_a_hidden_towns_staff_signs_in_and_couples_keep_their_page(client, posted, database, town):
    with database.write() as session:
        address = links.path(session, reserved(session, town, slot_at(date(2027, 5, 14), 9)))
    unpublish(database, town)
    assert client.get(address).status_code == 200
    assert posted("/diepholz/amt/anmelden", email=town.clerk.email).status_code == 200
    assert code_in_mail(database)


def test_the_county_signs_in_at_a_towns_desk_too(client, posted, database, county):
    client.cookies.delete("amt")
    assert posted("/diepholz/amt/anmelden", email="niemann@landkreis.example.org").status_code == 200
    assert code_in_mail(database)


# --- What is missing ------------------------------------------------------------------------------------


def missing(session, town, now=NOW):
    return [step.page for step in set_up.steps(session, town, now) if step.needed and not step.done]


def test_what_is_missing_is_listed_until_the_first_date(session, cast):
    assert missing(session, cast.town) == ["auftritt"]
    cast.town.street, cast.town.postcode = "Rathausmarkt 1", "49356"
    session.flush()
    assert missing(session, cast.town) == []
    (first,) = [step for step in set_up.steps(session, cast.town, NOW) if not step.page]
    assert first.done and "Trauzimmer im Rathaus" in first.note
    for registrar in cast.registrars:
        registrar.active = False
    cast.clerk.active = False
    session.flush()
    assert missing(session, cast.town) == ["standesbeamte", "mitarbeitende"]
    with pytest.raises(Refused):
        set_up.publish(session, cast.town, NOW)


def test_without_payment_no_fees_are_needed(session, cast):
    later = NOW - timedelta(days=1)
    assert "entgelte" in missing(session, cast.town, NOW.replace(year=2025))
    session.add(
        Policy(
            municipality_id=cast.town.id,
            journey="weddings",
            valid_from=date(2025, 1, 1),
            terms=Terms(release=Rolling(12), payment="none"),
            made_at=later,
            made_by="x",
        )
    )
    session.flush()
    assert "entgelte" not in missing(session, cast.town, NOW.replace(year=2025))


def test_a_town_with_everything_is_published_and_hidden_by_its_administrator(client, posted, database, town):
    unpublish(database, town)
    become(client, database, colleague(database, town, "administrator"))
    settings = "/diepholz/amt/einstellungen"
    assert posted(f"{settings}/veroeffentlichung").status_code == 409
    with database.write() as session:
        mine = session.get_one(Municipality, town.town.id)
        mine.street, mine.postcode = "Rathausmarkt 1", "49356"
    assert f'action="{settings}/veroeffentlichung"' in client.get(settings).text
    assert posted(f"{settings}/veroeffentlichung").headers["location"] == settings
    assert client.get("/diepholz/hochzeit").status_code == 200
    assert "Bis zum ersten Termin" not in client.get(settings).text
    assert posted(f"{settings}/verbergung").status_code == 303
    assert client.get("/diepholz/hochzeit").text.count("Noch nicht veröffentlicht") == 1
