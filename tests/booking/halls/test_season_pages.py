"""The season's plan through its pages: a club hands in wishes, clerks rehearse and release, everybody reads why."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from buchbar.accounts import citizens
from buchbar.booking.halls import season_release, season_wishes
from buchbar.booking.halls.models import Round, SeasonWish, Series
from buchbar.booking.halls.season_forgotten import forget_wishes
from buchbar.calendar.months import add_months
from buchbar.notices.models import Letter
from tests.booking.halls.season import AFTER, CLOSES, LAST, MONDAY, OPENS, prepare, wish
from tests.cast import slot_at
from tests.clerks import become, counted
from tests.markup import faults_in

ONE_DAY = timedelta(days=1)
DESK = "/diepholz/amt/vergabe"
FIELDS = {
    "titel": "Handball, C-Jugend",
    "sport": "Handball",
    "alter": "youth",
    "zweck": "training",
    "personen": "16",
    "dauer": "90",
    "teile": "2",
    "tag_1": "1",
    "von_1": "17:00",
    "halle_1": "",
    "tag_2": "",
    "von_2": "",
}


@pytest.fixture
def season(database):
    with database.write() as session:
        return prepare(session)


@pytest.fixture
def page(season):
    return f"/diepholz/hallen/saison/{season.round.id}"


@pytest.fixture
def coach(client, database, season, clock):
    with database.write() as session:
        token = citizens.begin(session, session.merge(season.here.coach), OPENS)
    client.cookies.set("konto", token)
    clock.now = OPENS
    return season.here.coach


def wishes(database, season):
    with database.read() as session:
        return season_wishes.wishes_of(session, session.get_one(Round, season.round.id))


def test_everybody_reads_the_criteria_and_the_print_of_the_seed_before(client, season, page, clock):
    clock.now = OPENS
    assert season.round.name in client.get("/diepholz/hallen/saison").text
    shown = client.get(page).text
    assert season.round.seed_print in shown and "Kinder und Jugendliche in Vereinen" in shown
    assert (
        client.get(f"{page}/wunsch", follow_redirects=False).headers["location"].startswith("/konto/anmelden?weiter=")
    )
    assert client.get(page.replace("diepholz", "syke")).status_code == 404


def test_a_club_hands_in_changes_and_withdraws_until_the_cut_off(client, posted, database, season, page, coach, clock):
    assert "TuS Diepholz" in client.get(f"{page}/wunsch").text
    once = {"einmal": "11111111-1111-4111-8111-111111111111"}
    for _twice in range(2):
        assert posted(f"{page}/wunsch", **FIELDS, **once).status_code == 303
    (made,) = wishes(database, season)
    assert (made.persons, made.minutes, made.email) == (16, 90, "coach@example.org")
    with database.read() as session:
        (told,) = session.scalars(select(Letter).where(Letter.kind == "season_handed_in")).all()
    assert "Dienstag, 17:00 Uhr" in told.text and told.to_address == "coach@example.org"
    assert posted(f"{page}/wunsch/{made.id}", **FIELDS | {"personen": "20"}).status_code == 303
    assert wishes(database, season)[0].persons == 20
    clock.now = CLOSES
    answer = posted(f"{page}/wunsch/{made.id}/rueckzug")
    assert answer.status_code == 409 and "Frist" in answer.text
    assert posted(f"{page}/wunsch", **FIELDS).status_code == 409 and len(wishes(database, season)) == 1


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"von_1": "10:00"}, "von_1", "nicht geöffnet"),
        ({"teile": "4"}, "teile", "von 1 bis 3"),
        ({"tag_1": "", "von_1": ""}, "tag_1", "mindestens eine"),
        ({"dauer": "900"}, "dauer", "ganze Zahl"),
    ],
)
@pytest.mark.parametrize("kind", ["sqlite"])
def test_what_could_never_be_is_said_beside_the_field(posted, database, season, page, coach, typed, field, sentence):
    answer = posted(f"{page}/wunsch", **FIELDS | typed)
    assert answer.status_code == 422 and "Handball, C-Jugend" in answer.text
    assert sentence in answer.text and f'href="#{field}"' in answer.text
    assert not wishes(database, season)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_other_clubs_wishes_are_not_found(client, posted, database, season, page, coach):
    with database.write() as session:
        theirs = wish(session, season, session.merge(season.other), (MONDAY, 1080), title="Geheim")
    assert client.get(f"{page}/wunsch/{theirs.id}").status_code == 404
    assert posted(f"{page}/wunsch/{theirs.id}/rueckzug").status_code == 404
    assert "Geheim" not in client.get(page).text
    assert posted(f"{page}/wunsch", **FIELDS | {"verein": str(season.other.id)}).status_code == 303
    assert {each.organisation_id for each in wishes(database, season)} == {season.other.id, season.here.club.id}


def test_from_wishes_to_bookings_at_the_desk(client, posted, database, season, page, coach, clock):
    with database.write() as session:
        ours = wish(session, season, session.merge(season.here.club), (MONDAY, 1080), title="Handball Herren")
        theirs = wish(session, season, session.merge(season.other), (MONDAY, 1080), title="Turnen", age_group="youth")
    clock.now = AFTER
    become(client, database, season.here.clerk, AFTER)
    here = f"{DESK}/{season.round.id}"
    on_paper = FIELDS | {"verein": str(season.other.id), "titel": "Zettel"}
    assert posted(f"{here}/wuensche/neu", **on_paper).status_code == 303
    assert posted(f"{here}/probe").status_code == 303
    proposal = client.get(f"{here}/plan").text
    assert "Reihenfolge der Gruppen" in proposal and "Turnen" in proposal
    assert "Plan freigeben" not in client.get(here).text and posted(f"{here}/freigabe").status_code == 403
    assert client.get(page).text.count("kein Platz") == 0  # nobody outside sees a proposal
    place = {"platz": f"{season.here.hall.id}/1+2+3", "tag": "0", "von": "20:00", "grund": ""}
    assert posted(f"{here}/plan/{ours.id}", **place).status_code == 422
    refused = posted(f"{here}/plan/{ours.id}", **place | {"von": "19:00", "grund": "Ausgleich"})
    assert refused.status_code == 422 and "SV Rot" in refused.text and "Ausgleich" in refused.text
    elsewhere = place | {"tag": "2", "grund": "Ausgleich für die Jugend"}
    assert posted(f"{here}/plan/{ours.id}", **elsewhere).status_code == 303
    assert "Ausgleich für die Jugend" in client.get(here).text
    become(client, database, season.second, AFTER)
    assert posted(f"{here}/freigabe").status_code == 303
    assert "0 von 3 Plätzen gebucht" in client.get(here).text and "werden gerade gebucht" in client.get(page).text
    season_release.book_released(database, AFTER)
    assert "3 von 3 Plätzen gebucht" in client.get(here).text
    with database.read() as session:
        assert len(session.scalars(select(Series)).all()) == 3
        seed_print = session.get_one(Round, season.round.id).seed_print
    shown = client.get(page).text
    assert "Ausgleich für die Jugend" in shown and "Turnen" not in shown and seed_print in shown
    assert "Jetzt, nach der Vergabe, ist die Zahl offen" in shown
    assert re.search(r'href="/serie/[^"]+">Alle Termine', shown)
    assert posted(f"{here}/probe").status_code == 409 and theirs.id
    (first, *_rest) = re.findall(r'href="(/diepholz/amt/hallen/serien/[^"]+)"', client.get(f"{here}/plan").text)
    assert client.get(first).status_code == 200
    for address in (DESK, here, f"{here}/plan", f"{here}/wuensche", f"{DESK}/neu"):
        answer = client.get(address)
        assert answer.status_code == 200 and not faults_in(answer.text)


def test_a_clerk_makes_a_round_with_the_towns_own_order(client, posted, database, season, clock):
    clock.now = OPENS
    become(client, database, season.here.clerk, OPENS)
    typed = {
        "name": "Sommer 2027", "erster": "2027-05-01", "letzter": "2027-09-30", "ab_tag": "2026-12-01",
        "ab_zeit": "08:00", "bis_tag": "2027-01-31", "bis_zeit": "20:00", "platz_share": "2", "platz_persons": "1",
        "zahl_persons": "10", "gruppe_club": "1", "gruppe_youth": "2",
    }  # fmt: skip
    wrong = posted(DESK, **typed | {"platz_share": "1", "bis_tag": "2026-11-01"})
    assert wrong.status_code == 422 and "jede nur einmal" in wrong.text and "Sommer 2027" in wrong.text
    made = posted(DESK, **typed).headers["location"]
    with database.read() as session:
        season_made = session.scalars(select(Round).where(Round.name == "Sommer 2027")).one()
    assert [(each.kind, each.number) for each in season_made.criteria] == [("persons", 10), ("share", 0)]
    assert client.get(f"/diepholz/hallen/saison/{season_made.id}").status_code == 404
    assert posted(f"{made}/veroeffentlichung").status_code == 303
    assert client.get(f"/diepholz/hallen/saison/{season_made.id}").status_code == 200
    later = posted(f"{made}/bearbeiten", name="Sommer", bis_tag="2027-02-15", bis_zeit="20:00", platz_group="1")
    assert later.status_code == 303
    with database.read() as session:
        kept = session.get_one(Round, season_made.id)
        assert (kept.name, kept.first, [each.kind for each in kept.criteria]) == (
            "Sommer",
            date(2027, 5, 1),
            ["persons", "share"],
        )


@pytest.mark.parametrize("kind", ["postgresql"])
def test_pages_ask_as_much_of_many_wishes_as_of_few(client, posted, database, season, clock):
    clock.now = AFTER
    become(client, database, season.here.clerk, AFTER)
    here = f"{DESK}/{season.round.id}"
    asked = []
    for title in ("one", "two", "three"):
        with database.write() as session:
            for n in range(4):
                club = session.merge(season.other if n % 2 else season.here.club)
                wish(session, season, club, (n, 960), title=f"{title}{n}")
            session.merge(season.round)
        assert posted(f"{here}/probe").status_code == 303
        pages = []
        for address in (here, f"{here}/plan", f"{here}/wuensche"):
            with counted(database) as sent:
                assert client.get(address).status_code == 200
            pages.append(len(sent))
        asked.append(pages)
    assert asked[1] == asked[2]  # the first time, more is not known yet


def test_who_handed_a_wish_in_is_forgotten_after_the_season(database, season):
    with database.write() as session:
        made = wish(session, season, session.merge(season.other), (MONDAY, 1080), remarks="Bitte mit Rampe.")
    months = season.here.policy.terms.retention_months
    due = add_months(LAST, months)
    for day, left in ((due - ONE_DAY, "coach@example.org"), (due, "")):
        forget_wishes(database, slot_at(day, 9))
        with database.read() as session:
            kept = session.get_one(SeasonWish, made.id)
            assert (kept.email, bool(kept.remarks), kept.title) == (left, bool(left), "Handball")
