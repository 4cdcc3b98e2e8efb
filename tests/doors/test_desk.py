"""Doors at the desk: set up, tried out, looked after; secrets and codes are shown to nobody who doesn't ask."""

import pytest
from sqlalchemy import select

from buchbar.accounts.models import AuditEntry, Municipality, Revision
from buchbar.base.logs import JsonLines
from buchbar.doors import listening, locks, reconciler
from buchbar.doors.models import Door, Entry, Window
from tests import gym
from tests.cast import NOW, SETTINGS, assemble
from tests.clerks import become, colleague, counted
from tests.doors import porter
from tests.doors.porter import MINUTE, SOON, START, Memory, digits, doors, entries, follow

DESK = "/diepholz/amt"


@pytest.fixture
def lock(monkeypatch):
    memory = Memory()
    monkeypatch.setitem(locks.ADAPTERS, "webhook", memory)
    return memory


@pytest.fixture
def here(database):
    with database.write() as session:
        built = porter.build(session)
        doors(session, built)
        built.booking = gym.booked(session, built, gym.slot(built, 1))
        return built


@pytest.fixture
def head(client, database, here):
    become(client, database, colleague(database, here.town, "head", "Frau Lenz"))


def the_door(database):
    with database.read() as session:
        return session.scalars(select(Door).order_by(Door.position)).all()[-1]


NUKI = {"name": "Haupteingang", "run_in_minutes": "20", "run_out_minutes": "40", "phone": "", "adapter": "nuki",
        "lock": "17", "token": "very-secret-token", "capacity": "200", "active": "ja"}  # fmt: skip


def test_a_door_is_set_up_and_its_token_is_never_shown_again(client, posted, database, here, head):
    assert client.get(f"{DESK}/tueren/neu").status_code == 200
    answer = posted(f"{DESK}/tueren", hall=str(here.hall.id), **NUKI)
    assert answer.status_code == 303 and answer.headers["location"].endswith("?erledigt=ja")
    made = the_door(database)
    known = locks.settings_of(SETTINGS, made)
    assert known == {"lock": "17", "token": "very-secret-token", "capacity": "200"} and "very" not in made.settings
    page = client.get(f"{DESK}/tueren/{made.id}").text
    assert "very-secret-token" not in page and "Gesetzt." in page and 'value="17"' in page
    posted(f"{DESK}/tueren/{made.id}", **NUKI | {"token": "", "name": "Nordeingang"})
    assert locks.settings_of(SETTINGS, the_door(database))["token"] == "very-secret-token"
    faulty = posted(f"{DESK}/tueren/{made.id}", **NUKI | {"lock": "abc", "token": "another-token"})
    assert faulty.status_code == 422 and "nur Ziffern" in faulty.text and "another-token" not in faulty.text


def test_a_door_with_another_lock_begins_anew_there(client, posted, database, here, head, lock):
    reconciler.run(database, SOON)
    assert len(lock.codes) == 1
    nuki = Memory()
    locks_nuki, locks.ADAPTERS["nuki"] = locks.ADAPTERS["nuki"], nuki
    try:
        posted(f"{DESK}/tueren/{the_door(database).id}", **NUKI)
        reconciler.run(database, SOON)
    finally:
        locks.ADAPTERS["nuki"] = locks_nuki
    assert len(nuki.codes) == 1


def test_what_hangs_is_shown_and_tried_again(client, posted, clock, database, here, lock):
    lock.down = True
    clock.now = START - 90 * MINUTE
    become(client, database, colleague(database, here.town, "sports"), clock.now)
    reconciler.run(database, clock.now)
    with database.read() as session:
        (entry,) = entries(session)
    page = client.get(f"{DESK}/tueren").text
    assert "Codes, die hängen" in page and here.booking.number in page and "schweigt" in page
    lock.down = False
    assert posted(f"{DESK}/tueren/{entry.door_id}/codes/{entry.id}/wiederholung").status_code == 303
    reconciler.run(database, clock.now)
    assert lock.codes and "Codes, die hängen" not in client.get(f"{DESK}/tueren").text


def test_a_lock_is_asked_by_a_job_and_no_page_waits_for_it(client, posted, database, here, head, lock):
    page = f"{DESK}/tueren/{the_door(database).id}"
    assert posted(f"{page}/probe").status_code == 303 and "wird gefragt" in client.get(page).text
    assert listening.answer(database, NOW) == 1 and listening.answer(database, NOW) == 0
    assert "Das Schloss antwortet." in client.get(page).text


def test_a_clerk_sees_a_code_on_request_and_that_is_kept_without_the_digits(
    client, posted, database, here, lock, caplog
):
    caplog.set_level("INFO")
    with database.read() as session:
        code = digits(session)
    become(client, database, colleague(database, here.town, "sports", "Herr Lange"))
    assert code not in client.get(f"{DESK}/tueren").text + client.get(f"{DESK}/tueren/{the_door(database).id}").text
    address = f"{DESK}/buchung/{here.booking.id}/tuercode"
    assert "Türcode ansehen" in client.get(address.removesuffix("/tuercode")).text
    assert code in posted(address).text
    with database.write() as session:
        session.scalars(select(Door)).one().adapter = "simulator"
        session.get_one(Municipality, here.town.town.id).demonstration = True
    assert "Am Übungsschloss ausprobieren" in posted(address).text
    with database.read() as session:
        kept = session.scalars(select(AuditEntry)).all()
    assert [each.booking_id for each in kept if each.words == "Türcode angesehen"] == [here.booking.id] * 2
    assert code not in str([vars(each) for each in kept]) + "".join(JsonLines().format(r) for r in caplog.records)
    become(client, database, colleague(database, here.town, "auditor", "Frau Prüfer"))
    assert posted(address).status_code == 403
    become(client, database, colleague(database, here.town, "registrar", "Frau Sommer"))
    assert posted(address).status_code == client.get(f"{DESK}/tueren").status_code == 403


def test_a_secret_goes_to_no_other_address_and_a_lock_to_one_door(client, posted, database, here, head):
    own = {"adapter": "webhook", "url": "https://own.example.org/", "secret": "a-secret-of-this-door", "untimed": "ja"}
    page = f"{DESK}/tueren/{the_door(database).id}"
    assert posted(page, **NUKI | own).status_code == 303 and not the_door(database).keeps_time
    faulty = posted(page, **NUKI | own | {"url": "https://other.example.org/", "secret": ""})
    assert faulty.status_code == 422 and "bitte das Geheimnis eingeben" in faulty.text
    assert posted(page, **NUKI | own | {"secret": ""}).status_code == 303
    hall = str(here.hall.id)
    assert posted(f"{DESK}/tueren", hall=hall, **NUKI).status_code == 303
    again = posted(f"{DESK}/tueren", hall=hall, **NUKI)
    assert again.status_code == 422 and "gehört schon zu einer anderen Tür" in again.text
    with database.read() as session:
        edits = session.scalars(select(Revision).where(Revision.subject == "door").order_by(Revision.made_at)).all()
    assert len(edits) == 2 and "https://own.example.org/" in str([each.values for each in edits])
    kept = str([(each.values, each.before) for each in edits])
    assert "a-secret-of" not in kept and "very-secret" not in kept
    history = client.get(f"{DESK}/aenderungen").text
    assert "Adresse der Steuerung: https://own.example.org/" in history and "very-secret" not in history


def test_the_county_has_nothing_to_do_with_doors(client, posted, database, here):
    become(client, database, colleague(database, here.town, "county", "Frau Kreis"))
    page = f"{DESK}/tueren/{the_door(database).id}"
    for path in (f"{DESK}/tueren", page, f"{DESK}/tueren/neu"):
        assert client.get(path).status_code == 403
    for path in (f"{DESK}/tueren", page, f"{page}/probe"):
        answer = posted(path, name="")
        assert answer.status_code == 403 and here.booking.number not in answer.text


def test_doors_of_other_towns_are_not_found(client, posted, database, here, head):
    with database.write() as session:
        other = gym.build(session, assemble(session, slug="stuhr"), slug="stuhr-halle")
        (theirs,) = doors(session, other)
    for path in ("", "/probe"):
        assert posted(f"{DESK}/tueren/{theirs.id}{path}", **NUKI).status_code == 404
    assert client.get(f"{DESK}/tueren/{theirs.id}").status_code == 404
    assert "stuhr" not in client.get(f"{DESK}/tueren").text


def test_pages_ask_as_much_for_many_codes_as_for_few(client, database, here, head, lock):
    def asked():
        with counted(database) as sent:
            client.get(f"{DESK}/tueren")
            client.get(f"{DESK}/tueren/{the_door(database).id}")
        return len(sent)

    lock.down = True
    reconciler.run(database, SOON)
    asked()
    few = asked()
    with database.write() as session:
        for part, hour in ((1, 16), (2, 16), (2, 18), (3, 18)):
            booking = gym.of_club(session, here, gym.slot(here, part, hour=hour, minutes=60))
            follow(session, booking, NOW)
        session.flush()
        for entry in session.scalars(select(Entry)):
            entry.state = "failed"
        assert len(session.scalars(select(Window)).all()) == 5
    assert asked() == few
