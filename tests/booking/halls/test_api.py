"""The halls for programs: the same checks as on the pages, precise errors, nothing by halves, nothing twice."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from buchbar.accounts import api_tokens, citizens
from buchbar.accounts.clubs import Member
from buchbar.accounts.people import Person
from buchbar.booking import api_answers
from buchbar.booking.api_answers import ApiAnswer
from buchbar.booking.halls.models import Series
from buchbar.booking.models import Booking
from buchbar.payments.models import Conditions, Tariff
from tests import gym
from tests.booking.crowd import together
from tests.cast import NOW
from tests.gym import TUESDAY

TOWN = "/api/v1/diepholz"
CHECK, BOOK = f"{TOWN}/halls/dreifeldhalle/series/check", f"{TOWN}/series"


@pytest.fixture
def here(database, town):
    with database.write() as session:
        return gym.build(session, town)


@pytest.fixture
def bearer(database, here):
    with database.write() as session:
        token = api_tokens.make(session, session.get_one(Person, here.coach.id), NOW)
    return {"authorization": f"Bearer {token}"}


def said(here, **changes):
    repeat = {"first": TUESDAY.isoformat(), "begins": "18:00", "minutes": 120, "count": 4}
    whole = {"organisation": str(here.club.id), "hall": "dreifeldhalle", "parts": [1], "repeat": repeat}
    return whole | {"use": {"title": "Handball", "age_group": "youth", "persons": 14}} | changes


def count(database, table=Booking):
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_everybody_can_ask_what_there_is_and_what_is_free(client, here):
    hall = client.get(f"{TOWN}/halls").json()["halls"][0]
    assert hall["slug"] == "dreifeldhalle" and [1, 2] in hall["combinations"]
    free = client.get(f"{TOWN}/halls/dreifeldhalle/free?day={TUESDAY}&minutes=120&parts=1%2B2").json()["free"]
    assert free[0] == {"hall": "dreifeldhalle", "parts": [1, 2], "start": "2026-12-01T16:00:00+01:00", "minutes": 120}
    described = client.get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.") and set(described["paths"]["/api/v1/{town}/series"]) == {"post"}
    assert "SeriesSaid" in described["components"]["schemas"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{TOWN}/halls/nirgendwo/free?day=2026-12-01&minutes=60&parts=1", 404),
        (f"{TOWN}/halls/dreifeldhalle/free?day=morgen&minutes=60&parts=1", 422),
        (f"{TOWN}/halls/dreifeldhalle/free?day=2026-12-01&minutes=60&parts=1%2B3", 422),
        ("/api/v1/nirgendwo/halls", 404),
        ("/api/v1/gibt/es/nicht", 404),
    ],
)
@pytest.mark.parametrize("kind", ["sqlite"])
def test_errors_are_problems_for_programs(client, here, path, status):
    answer = client.get(path)
    assert answer.status_code == status == answer.json()["status"]
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_a_program_checks_and_books_a_series(client, database, here, bearer):
    with database.write() as session:
        gym.booked(session, here, gym.slot(here, 1, day=TUESDAY + timedelta(days=7)))
    dates = client.post(CHECK, json=said(here), headers=bearer).json()["dates"]
    assert [each["state"] for each in dates] == ["free", "taken", "free", "free"]
    assert dates[0]["cents"] == 400 and dates[1]["why"] == "schon vergeben"
    only = [dates[0]["slot"], dates[1]["alternatives"][0]]
    answer = client.post(BOOK, json=said(here, only=only), headers=bearer)
    assert answer.status_code == 201, answer.text
    assert [each["state"] for each in answer.json()["booked"]] == ["confirmed"] * 2
    assert client.get(answer.json()["page"]).status_code == 200
    clash = client.post(BOOK, json=said(here, only=only), headers=bearer)
    assert clash.status_code == 409 and clash.headers["content-type"].startswith("application/problem+json")
    assert [each["state"] for each in clash.json()["dates"]] == ["taken", "taken", "free", "free"]
    rest = client.post(BOOK, json=said(here), headers=bearer).json()
    assert len(rest["booked"]) == 2 and len(rest["left_out"]) == 2
    assert count(database) == 5 and count(database, Series) == 2


def test_who_isnt_known_or_isnt_a_member_books_nothing(client, database, here, bearer):
    assert client.post(BOOK, json=said(here)).status_code == 401
    assert client.post(BOOK, json=said(here), headers={"authorization": "Bearer falsch"}).status_code == 401
    with database.write() as session:
        session.delete(session.scalars(select(Member)).one())
    assert client.post(BOOK, json=said(here), headers=bearer).status_code == 404
    assert client.post(CHECK, json=said(here), headers=bearer).status_code == 404
    assert count(database) == 0


def test_the_accounts_cookie_is_enough_but_only_with_json(client, database, here):
    with database.write() as session:
        person = session.get_one(Person, here.coach.id)
        client.cookies.set(citizens.COOKIE, citizens.begin(session, person, NOW))
    assert client.post(CHECK, json=said(here)).status_code == 200
    plain = client.post(BOOK, content=b"{}", headers={"content-type": "text/plain"})
    assert plain.status_code == 422 and count(database) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"parts": "1"},
        {"surprise": 1},
        {"repeat": {"first": "2026-12-01", "begins": "25:99", "minutes": 60, "count": 1}},
        {"repeat": {"first": "2026-12-01", "begins": "18:00", "minutes": 60}},
        {"repeat": {"first": "9999-12-01", "begins": "18:00", "minutes": 60, "count": 9}},
        {"repeat": {"first": "2026-12-01", "begins": "18:00", "minutes": -60, "count": 9}},
        {"only": [{"hall": "dreifeldhalle", "parts": [1], "start": "2026-12-01T18:00:00", "minutes": 60}]},
    ],
)
@pytest.mark.parametrize("kind", ["sqlite"])
def test_what_makes_no_sense_is_refused(client, database, here, bearer, changes):
    answer = client.post(BOOK, json=said(here, **changes), headers=bearer)
    assert answer.status_code == 422 and answer.json()["fields"], answer.text
    assert count(database) == 0


@pytest.mark.parametrize(
    ("where", "name", "value"),
    [
        ("use", "title", "x" * 121),
        ("use", "persons", -1),
        ("use", "phone", "keine"),
        ("use", "traits", ["reich"]),
        ("repeat", "begins", "1²:00"),
        ("repeat", "minutes", -60),
        ("repeat", "count", 0),
        ("", "parts", [1, 3]),
    ],
)
@pytest.mark.parametrize("kind", ["sqlite"])
def test_what_a_form_would_refuse_is_refused_under_its_name(client, database, here, bearer, where, name, value):
    wanted = said(here)
    (wanted[where] if where else wanted)[name] = value
    answer = client.post(BOOK, json=wanted, headers=bearer)
    assert answer.status_code == 422 and count(database) == 0
    assert list(answer.json()["fields"]) == [f"{where}.{name}" if where else name]


def test_a_price_for_a_purpose_or_a_trait_is_a_programs_price_too(client, database, here, bearer):
    with database.write() as session:
        items = session.get_one(Tariff, here.tariff.id).items
        items[0].conditions = Conditions(traits=("entry_fee",))
        items[1].conditions = Conditions(purposes=("training",))

    def cents(**use):
        answer = client.post(CHECK, json=said(here, use={"persons": 14} | use), headers=bearer)
        return answer.json()["dates"][0]["cents"] if answer.status_code == 200 else answer.status_code

    assert (cents(), cents(purpose="match", traits=["entry_fee"]), cents(purpose="quatsch")) == (1200, 400, 422)


def test_the_same_request_under_the_same_key_is_done_once(client, database, here, bearer):
    headers = bearer | {"idempotency-key": "saison-2027"}
    first, second = (client.post(BOOK, json=said(here), headers=headers) for _twice in range(2))
    assert first.status_code == second.status_code == 201 and first.json() == second.json()
    assert count(database) == 4
    other = client.post(BOOK, json=said(here, parts=[2]), headers=headers)
    assert other.status_code == 422 and "Idempotency-Key" in other.json()["fields"]
    assert api_answers.forget(database, NOW + timedelta(days=2)) == 1 and count(database, ApiAnswer) == 0


def test_the_same_key_at_the_same_moment_books_once(client, database, here, bearer):
    headers = bearer | {"idempotency-key": "gleichzeitig"}
    answers = together([lambda: client.post(BOOK, json=said(here), headers=headers)] * 4)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["number"] for answer in answers}) == 1 and count(database) == 4


def test_a_token_is_shown_once_replaced_and_ended(client, posted, database, here):
    with database.write() as session:
        person = session.get_one(Person, here.coach.id)
        client.cookies.set(citizens.COOKIE, citizens.begin(session, person, NOW))
    tokens = [posted("/konto/api").text.partition("<code>")[2].partition("</code>")[0] for _twice in range(2)]
    client.cookies.delete(citizens.COOKIE)

    def status(token):
        return client.post(CHECK, json=said(here), headers={"authorization": f"Bearer {token}"}).status_code

    assert [status(token) for token in tokens] == [401, 200]
    with database.write() as session:
        client.cookies.set(citizens.COOKIE, citizens.begin(session, session.get_one(Person, here.coach.id), NOW))
    assert tokens[1] not in client.get("/konto/api").text
    posted("/konto/api/ende")
    client.cookies.delete(citizens.COOKIE)
    assert status(tokens[1]) == 401
