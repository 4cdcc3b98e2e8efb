"""Citizens sign in by a mailed code, see to their own account, and are gone when they wish it."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import unquote
from uuid import UUID

import pytest
from sqlalchemy import func, select

from buchbar.accounts import account, citizens
from buchbar.accounts.people import Person, PersonCode, PersonSignIn
from buchbar.notices.models import Letter
from tests.cast import NOW
from tests.citizens import become_citizen, person

PAGE = "/konto/anmelden"
ADDRESS = "Kim@example.org"
DAY = timedelta(days=1)


@pytest.fixture
def asked(posted, town):
    """Kim has asked for a code: what the page hides in its form."""
    answer = posted(PAGE, email=ADDRESS)
    assert answer.status_code == 200
    return re.search(r'name="anfrage" value="([^"]+)"', answer.text)[1]


def code_in_mail(database):
    with database.read() as session:
        letter = session.scalars(select(Letter).where(Letter.kind == "account_code").order_by(Letter.written_at)).all()
    return re.search(r"\b\d{6}\b", letter[-1].text)[0]


def type_in(posted, asked, code, email=ADDRESS, **more):
    return posted(f"{PAGE}/code", anfrage=asked, email=email, code=code, **more)


def count(database, table):
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table))


@pytest.mark.parametrize("kind", ["sqlite"])
def test_the_code_comes_from_the_office_to_whose_pages_it_leads(posted, database, town):
    with database.write() as session:
        session.merge(town.town).sports_office = "Amt für Sport"
    pages = ("/diepholz/hallen/dreifeldhalle/serie", "/diepholz/hochzeit")
    for page in pages:
        posted(PAGE, email=ADDRESS, weiter=page)
    with database.read() as session:
        texts = session.scalars(select(Letter.text).where(Letter.kind == "account_code")).all()
    assert sorted("Amt für Sport" in text for text in texts) == [False, True]


def test_a_citizen_signs_in_with_the_code_from_the_mail_and_is_then_known(client, posted, database, asked):
    assert count(database, Person) == 0
    answer = type_in(posted, asked, f" {code_in_mail(database)} ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/konto")
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("konto=", "HttpOnly", "SameSite=lax", "Path=/"))
    with database.read() as session:
        kim = session.scalars(select(Person)).one()
    assert (kim.email, kim.last_in_at, kim.language) == ("kim@example.org", NOW, "de")
    assert "kim@example.org" in client.get("/konto/angaben").text
    assert client.get(PAGE, follow_redirects=False).headers["location"] == "/konto"


def test_a_code_is_for_one_address_one_time_ten_minutes_and_five_guesses(posted, database, clock, asked):
    code = code_in_mail(database)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert type_in(posted, asked, code, email="somebody@example.org").status_code == 422
    assert type_in(posted, str(UUID(int=1)), code).status_code == 422
    clock.now = NOW + timedelta(minutes=10)
    assert type_in(posted, asked, code).status_code == 422
    clock.now = NOW
    for _guess in range(4):
        assert type_in(posted, asked, wrong).status_code == 422
    assert type_in(posted, asked, code).status_code == 303
    assert type_in(posted, asked, code).status_code == 422
    assert (count(database, Person), count(database, PersonSignIn)) == (1, 1)


def redeem_at_once(database, asked, codes):
    def redeem(code):
        with database.write() as session:
            return citizens.redeem(session, UUID(asked), ADDRESS, code, NOW)

    with ThreadPoolExecutor(10) as pool:
        return [token for token in pool.map(redeem, codes) if token]


def test_a_crowd_gets_no_more_guesses_than_one(posted, database, asked):
    code = int(code_in_mail(database))
    assert redeem_at_once(database, asked, [f"{(code + n) % 1_000_000:06d}" for n in range(1, 21)]) == []
    with database.read() as session:
        assert session.scalar(select(PersonCode.attempts)) == 5
    assert type_in(posted, asked, f"{code:06d}").status_code == 422
    assert count(database, Person) == 0


def test_of_ten_who_use_a_code_at_once_one_gets_in(database, asked):
    assert len(redeem_at_once(database, asked, [code_in_mail(database)] * 10)) == 1
    assert (count(database, Person), count(database, PersonSignIn)) == (1, 1)


def test_the_way_leads_back_to_where_one_wanted_to_go_but_never_elsewhere(client, posted, database, town, asked):
    page = client.get("/konto/angaben?x=1", follow_redirects=False)
    assert unquote(page.headers["location"]) == f"{PAGE}?weiter=/konto/angaben?x=1"
    assert posted("/konto/angaben").headers["location"] == PAGE
    code = code_in_mail(database)
    assert citizens.believed("https://evil.example") == citizens.believed("//evil.example") == "/konto"
    assert citizens.believed(PAGE) == "/konto"
    answer = type_in(posted, asked, code, weiter="/diepholz/hallen/verein")
    assert answer.headers["location"] == "/diepholz/hallen/verein"


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_cookie_that_was_there_before_never_becomes_the_session(client, posted, database, asked):
    old = become_citizen(client, database, person(database, "other@example.org"))
    answer = type_in(posted, asked, code_in_mail(database))
    assert old not in answer.headers["set-cookie"]
    assert count(database, PersonSignIn) == 1, "the session before has ended"


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_session_lasts_thirty_days_idle_and_ninety_at_the_longest(client, posted, database, clock, town):
    become_citizen(client, database, person(database, "kim@example.org"))
    for _visit in range(3):
        clock.now += 29 * DAY
        assert client.get("/konto", follow_redirects=False).status_code == 200
    clock.now = NOW + 90 * DAY
    assert client.get("/konto", follow_redirects=False).status_code == 303
    become_citizen(client, database, person(database, "kim@example.org"), clock.now)
    clock.now += 30 * DAY
    assert client.get("/konto", follow_redirects=False).status_code == 303
    with database.write() as session:
        account.tidy(session, clock.now)
    assert count(database, PersonSignIn) == 0


@pytest.mark.parametrize("kind", ["sqlite"])
def test_signing_out_ends_one_session_or_all(client, posted, database, town):
    kim = person(database, "kim@example.org")
    tokens = [become_citizen(client, database, kim) for _browser in range(3)]
    assert posted("/konto/abmelden").headers["location"] == f"{PAGE}?erledigt=abgemeldet"
    assert count(database, PersonSignIn) == 2
    client.cookies.set("konto", tokens[0])
    assert posted("/konto/abmelden/ueberall").status_code == 303
    assert count(database, PersonSignIn) == 0
    assert "auf allen Geräten abgemeldet" in client.get(f"{PAGE}?erledigt=ueberall").text


@pytest.mark.parametrize("kind", ["sqlite"])
def test_an_address_gets_five_codes_in_a_quarter_of_an_hour(posted, clock, town):
    for _time in range(5):
        assert posted(PAGE, email=ADDRESS).status_code == 200
    assert posted(PAGE, email=ADDRESS.lower()).status_code == 429
    clock.now = NOW + timedelta(minutes=15)
    assert posted(PAGE, email=ADDRESS).status_code == 200


@pytest.mark.parametrize("kind", ["sqlite"])
def test_what_is_mistyped_is_said_beside_the_field(client, posted, database, town):
    answer = posted(PAGE, email="kim")
    assert answer.status_code == 422 and 'value="kim"' in answer.text and "name@beispiel.de" in answer.text
    become_citizen(client, database, person(database, "kim@example.org"))
    answer = posted("/konto/angaben", name="Kim Weber", phone="ruf an", language="en")
    assert answer.status_code == 422 and 'value="ruf an"' in answer.text
    assert posted("/konto/angaben", name="Kim Weber", phone="05441 12", language="en").status_code == 303
    with database.read() as session:
        kim = session.scalars(select(Person)).one()
    assert (kim.name, kim.phone, kim.language) == ("Kim Weber", "05441 12", "en")


def test_who_deletes_the_account_is_gone_everywhere(client, posted, database, town):
    become_citizen(client, database, person(database, "kim@example.org", "Kim Weber"))
    assert "Konto endgültig löschen" in client.get("/konto/loeschung").text
    answer = posted("/konto/loeschung")
    assert answer.headers["location"] == f"{PAGE}?erledigt=geloescht"
    assert count(database, Person) == count(database, PersonSignIn) == 0
    assert client.get("/konto/angaben", follow_redirects=False).status_code == 303
