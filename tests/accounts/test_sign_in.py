import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from buchbar.accounts import sign_in
from buchbar.accounts.models import Clerk, SignIn, SignInCode
from buchbar.notices.models import Letter
from tests.cast import NOW, assemble
from tests.clerks import become, code_in_mail

PAGE = "/diepholz/amt/anmelden"
ADDRESS = "sommer@diepholz.example.org"


@pytest.fixture
def asked(client, posted, town):
    """Frau Sommer has asked for a code: what the page hides in its form."""
    answer = posted(PAGE, email=ADDRESS)
    assert answer.status_code == 200
    return re.search(r'name="anfrage" value="([^"]+)"', answer.text)[1]


def type_in(posted, asked, code):
    return posted(f"{PAGE}/code", anfrage=asked, code=code)


def sign_ins(database):
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(SignIn))


def test_a_clerk_signs_in_with_the_code_from_the_mail(client, posted, database, asked):
    answer = type_in(posted, asked, code_in_mail(database))
    assert (answer.status_code, answer.headers["location"]) == (303, "/diepholz/amt")
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("amt=", "HttpOnly", "SameSite=lax", "Path=/"))
    assert "Frau Sommer" in client.get("/diepholz/amt").text


def test_nobody_sees_the_desk_without_signing_in(client, town):
    answer = client.get("/diepholz/amt", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    htmx = client.get("/diepholz/amt", headers={"hx-request": "true"}, follow_redirects=False)
    assert htmx.headers["hx-redirect"] == PAGE


def test_the_answer_is_the_same_whether_or_not_somebody_has_the_address(client, posted, database, town):
    known, unknown = (posted(PAGE, email=email).text for email in (ADDRESS, "niemand@diepholz.example.org"))
    bare = [re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", text) for text in (known, unknown)]
    assert bare[0] == bare[1]
    with database.read() as session:
        assert list(session.scalars(select(Letter.to_address))) == [ADDRESS]


def test_another_towns_clerk_gets_no_code_here(client, posted, database, town):
    with database.write() as session:
        assemble(session, slug="syke")
    assert posted(PAGE, email="sommer@syke.example.org").status_code == 200
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Letter)) == 0


def test_a_code_holds_ten_minutes(posted, database, clock, asked):
    code = code_in_mail(database)
    clock.now = NOW + timedelta(minutes=10)
    assert type_in(posted, asked, code).status_code == 422
    assert sign_ins(database) == 0
    clock.now = NOW + timedelta(minutes=9, seconds=59)
    assert type_in(posted, asked, code).status_code == 303


def test_a_code_works_once(posted, database, asked):
    code = code_in_mail(database)
    assert type_in(posted, asked, code).status_code == 303
    assert type_in(posted, asked, code).status_code == 422
    assert sign_ins(database) == 1


def test_five_wrong_guesses_are_the_end_of_a_code(posted, database, asked):
    code = code_in_mail(database)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _guess in range(5):
        assert type_in(posted, asked, wrong).status_code == 422
    assert type_in(posted, asked, code).status_code == 422
    assert sign_ins(database) == 0


def test_a_strangers_guesses_do_not_lock_the_clerk_out(posted, database, asked):
    code = code_in_mail(database)
    for _guess in range(5):
        assert type_in(posted, str(uuid4()), "000000").status_code == 422
    assert type_in(posted, asked, code).status_code == 303


def redeem_at_once(database, town, asked, codes):
    def redeem(code):
        with database.write() as session:
            return sign_in.redeem(session, town.town, UUID(asked), code, NOW)

    with ThreadPoolExecutor(10) as pool:
        return list(pool.map(redeem, codes))


def test_of_ten_who_use_a_code_at_once_one_gets_in(database, town, asked):
    tokens = redeem_at_once(database, town, asked, [code_in_mail(database)] * 10)
    assert sum(token is not None for token in tokens) == 1
    assert sign_ins(database) == 1


def test_a_crowd_gets_no_more_guesses_than_one(database, town, asked):
    code = int(code_in_mail(database))
    wrong = [f"{(code + n) % 1_000_000:06d}" for n in range(1, 21)]
    assert not any(redeem_at_once(database, town, asked, wrong))
    with database.read() as session:
        assert session.scalar(select(SignInCode.attempts)) == 5


def test_a_cookie_that_was_there_before_never_becomes_the_session(client, posted, database, asked):
    client.cookies.set("amt", "chosen-by-somebody-else")
    answer = type_in(posted, asked, code_in_mail(database))
    assert "chosen-by-somebody-else" not in answer.headers["set-cookie"]
    client.cookies.delete("amt")
    client.cookies.set("amt", "chosen-by-somebody-else")
    assert client.get("/diepholz/amt", follow_redirects=False).status_code == 303


def test_signing_in_again_ends_the_session_before(client, posted, database, town, asked):
    old = become(client, database, town.clerk)
    assert type_in(posted, asked, code_in_mail(database)).status_code == 303
    client.cookies.delete("amt")
    client.cookies.set("amt", old)
    assert client.get("/diepholz/amt", follow_redirects=False).status_code == 303


def test_a_session_ends_after_two_idle_hours(client, database, town, clock):
    become(client, database, town.clerk)
    for _visit in range(3):
        clock.now += timedelta(hours=1, minutes=59)
        assert client.get("/diepholz/amt", follow_redirects=False).status_code == 200
    clock.now += timedelta(hours=2)
    assert client.get("/diepholz/amt", follow_redirects=False).status_code == 303


def test_a_session_ends_after_twelve_hours_however_busy(client, database, town, clock):
    become(client, database, town.clerk)
    for _visit in range(11):
        clock.now += timedelta(hours=1)
        assert client.get("/diepholz/amt", follow_redirects=False).status_code == 200
    clock.now += timedelta(hours=1)
    assert client.get("/diepholz/amt", follow_redirects=False).status_code == 303


def test_a_form_that_is_posted_keeps_the_session_too(client, posted, database, town, clock):
    become(client, database, town.clerk)
    for _visit in range(2):
        clock.now += timedelta(hours=1, minutes=59)
        assert posted("/diepholz/amt/abos", ressource=str(town.room.id)).status_code == 303
    with database.read() as session:
        assert session.scalar(select(SignIn.seen_at)) == clock.now


def test_who_leaves_the_town_hall_is_out_at_once(client, database, town):
    become(client, database, town.clerk)
    assert client.get("/diepholz/amt").status_code == 200
    with database.write() as session:
        session.get_one(Clerk, town.clerk.id).active = False
    assert client.get("/diepholz/amt", follow_redirects=False).status_code == 303


def test_signing_out_ends_the_session_in_the_town_hall_too(client, posted, database, town):
    token = become(client, database, town.clerk)
    assert posted("/diepholz/amt/abmelden").headers["location"] == PAGE
    client.cookies.set("amt", token)
    assert client.get("/diepholz/amt", follow_redirects=False).status_code == 303


def test_another_towns_clerk_finds_nothing(client, posted, database, town):
    with database.write() as session:
        syke = assemble(session, slug="syke")
    become(client, database, syke.clerk)
    assert client.get("/syke/amt").status_code == 200
    assert client.get("/diepholz/amt", follow_redirects=False).status_code == 404
    assert posted("/diepholz/amt/abos", ressource=str(town.room.id)).status_code == 404


def test_an_address_gets_five_codes_in_a_quarter_of_an_hour(client, posted, database, clock, town):
    for _time in range(5):
        assert posted(PAGE, email=ADDRESS.upper().replace("SOMMER", "sommer")).status_code == 200
    refused = posted(PAGE, email=ADDRESS)
    assert (refused.status_code, "Bitte warten Sie" in refused.text) == (429, True)
    clock.now = NOW + timedelta(minutes=15)
    assert posted(PAGE, email=ADDRESS).status_code == 200


@pytest.fixture
def place(app, monkeypatch):
    """Where on the network the client is: a test may set its ``client``."""
    place = {"client": ("192.0.2.1", 50000)}
    handler = app.asgi_handler

    async def moved(scope, receive, send):
        await handler(scope | place, receive, send)

    monkeypatch.setattr(app, "asgi_handler", moved)
    return place


def test_who_asks_in_a_clerks_name_does_not_shut_the_clerk_out(place, posted, town):
    answers = [posted(PAGE, email=ADDRESS).status_code for _time in range(6)]
    assert answers == [200] * 5 + [429]
    place["client"] = ("192.0.2.2", 50000)
    assert posted(PAGE, email=ADDRESS).status_code == 200


def test_one_address_gets_thirty_codes_an_hour_from_all_places_together(place, posted, clock, town):
    def ask(number):
        place["client"] = (f"192.0.2.{number}", 50000)
        return posted(PAGE, email=ADDRESS).status_code

    assert [ask(number // 5) for number in range(31)] == [200] * 30 + [429]
    clock.now = NOW + timedelta(hours=1)
    assert ask(9) == 200


def test_one_network_address_asks_twenty_times(client, posted, town):
    for number in range(20):
        assert posted(PAGE, email=f"nobody{number}@example.org").status_code == 200
    assert posted(PAGE, email=ADDRESS).status_code == 429


def test_a_mistyped_address_is_said_beside_the_field(client, posted, town):
    answer = posted(PAGE, email="sommer")
    assert answer.status_code == 422
    assert 'value="sommer"' in answer.text and "name@beispiel.de" in answer.text


def test_only_a_demonstration_names_who_may_sign_in(client, database, town):
    assert ADDRESS not in client.get(PAGE).text
    with database.write() as session:
        session.merge(town.town).demonstration = True
    page = client.get(PAGE).text
    assert ADDRESS in page and "/demo/post" in page


def test_old_codes_and_sessions_are_forgotten(database, town, posted, client, asked):
    become(client, database, town.clerk)
    with database.write() as session:
        sign_in.forget(session, NOW + timedelta(days=2))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(SignInCode)) == 0
        assert session.scalar(select(func.count()).select_from(SignIn)) == 0
