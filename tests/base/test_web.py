"""A request: returning saves, raising undoes, and each refusal has its status and its sentence."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from litestar import Request, Response
from litestar.params import FromPath
from litestar.testing import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.app import main
from buchbar.base import errors
from buchbar.base.limits import Attempts
from buchbar.base.web import Form, get, is_htmx, limited, post, redirect, swap
from buchbar.notices import outbox
from buchbar.notices.models import Errand
from tests import cast as people

PROBLEMS = {
    "refused": (errors.Refused("Dieser Termin ist vergeben."), 409),
    "invalid": (errors.Invalid({"guests": "Bitte eine ganze Zahl."}), 422),
    "forbidden": (errors.Forbidden("Das darf nur die Leitung."), 403),
    "notfound": (errors.NotFound(), 404),
    "toomany": (errors.TooMany("Zu viele Versuche.", 90), 429),
    "bug": (RuntimeError("geheim: anna@example.org"), 500),
}


@post("/probe/{end:str}")
def act(request: Request, session: Session, now, form: Form, end: FromPath[str]) -> Response:
    """Write something, and then end as the address says."""
    outbox.send(session, "probe", people.uuid4(), now)
    session.flush()
    if end in PROBLEMS:
        raise PROBLEMS[end][0]
    return Response({"name": form.get("name", ""), "all": form.all("day")})


@get("/probe/lesen/{end:str}")
def look(request: Request, end: FromPath[str]) -> Response:
    if end in PROBLEMS:
        raise PROBLEMS[end][0]
    return swap(request, "base/_problem.html", otherwise="/weiter", problem=None, code=409, sentence="x", number="")


@post("/probe/grenze/zwei")
@limited("probe", most=2, per=timedelta(minutes=1))
def seldom(session: Session, now) -> Response:
    outbox.send(session, "probe", people.uuid4(), now)
    return Response("ok")


@get("/probe/weiter/weg")
def onwards(request: Request) -> Response:
    return redirect(request, "/anderswo")


@pytest.fixture
def app(database, clock, monkeypatch):
    probes = SimpleNamespace(routes=[act, look, seldom, onwards])
    monkeypatch.setattr(main, "FOLDERS", [probes, *main.FOLDERS])
    return main.create_app(people.SETTINGS, clock=clock, database=database)


@pytest.fixture
def client(app):
    with TestClient(app, base_url="http://testserver.local", raise_server_exceptions=False) as running:
        yield running


def written(database) -> int:
    with database.read() as session:
        return len(session.scalars(select(Errand.id)).all())


def test_returning_saves(database, posted):
    assert posted("/probe/gut").status_code == 200
    assert written(database) == 1


def test_raising_undoes_and_says_why(database, posted):
    for end, (problem, status) in PROBLEMS.items():
        answer = posted(f"/probe/{end}")
        assert answer.status_code == status, end
        assert written(database) == 0, end
        assert getattr(problem, "sentence", "") in answer.text
        assert "text/html" in answer.headers["content-type"] and "<html" in answer.text


def test_a_bug_has_a_number_that_is_in_the_log_and_tells_nothing_else(posted, caplog):
    answer = posted("/probe/bug")
    number = answer.headers["x-request-id"]
    assert number in answer.text and "anna@example.org" not in answer.text
    assert [record.request for record in caplog.records if record.message == "bug"] == [number]


def test_htmx_gets_the_sentence_for_the_notice_area(posted):
    for end, (_problem, status) in PROBLEMS.items():
        answer = posted(f"/probe/{end}", htmx=True)
        assert answer.status_code == status, end
        assert answer.headers["hx-retarget"] == "#notices" and "<html" not in answer.text


def test_programs_get_json(client, posted):
    client.headers["accept"] = "application/json"
    answer = posted("/probe/invalid")
    assert answer.status_code == 422
    assert answer.json()["fields"] == {"guests": "Bitte eine ganze Zahl."}
    assert answer.json()["request"] == answer.headers["x-request-id"]


def test_too_many_says_when_to_come_back(posted):
    assert posted("/probe/toomany").headers["retry-after"] == "90"


def test_a_limited_handler_counts_also_what_is_refused(database, posted):
    assert [posted("/probe/grenze/zwei").status_code for _time in range(4)] == [200, 200, 429, 429]
    assert written(database) == 2
    with database.read() as session:
        assert session.scalars(select(Attempts.count)).one() == 2


def test_a_form_from_elsewhere_is_refused(database, client):
    answer = client.post("/probe/gut", data={"name": "x"})
    assert answer.status_code == 403 and written(database) == 0


def test_repeated_fields_come_as_a_list(client, posted):
    token = {"_csrf_token": client.get("/probe/weiter/weg") and client.cookies.get("csrftoken", "")}
    answer = client.post("/probe/gut", data=token | {"name": ["eins", "zwei"], "day": ["mo", "di"]})
    assert answer.json() == {"name": "eins", "all": ["mo", "di"]}


def test_a_file_where_a_word_is_expected_is_no_word(client):
    client.get("/probe/weiter/weg", follow_redirects=False)
    token = {"_csrf_token": client.cookies.get("csrftoken", "")}
    answer = client.post("/probe/gut", data=token, files={"name": ("x.txt", b"x")})
    assert answer.status_code == 200 and answer.json()["name"] == ""


def test_pages_that_dont_exist_are_not_found(client):
    answer = client.get("/gibt/es/nicht/hier")
    assert answer.status_code == 404 and "<html" in answer.text


def test_strange_hosts_are_sent_away(client):
    assert client.get("/health", headers={"host": "evil.example"}).status_code == 400


def test_after_an_action_htmx_gets_the_fragment_and_others_go_on(client):
    answer = client.get("/probe/lesen/gut", headers={"hx-request": "true"})
    assert answer.status_code == 200 and "<html" not in answer.text
    plain = client.get("/probe/lesen/gut", follow_redirects=False)
    assert (plain.status_code, plain.headers["location"]) == (303, "/weiter")


def test_redirects_lead_htmx_by_its_header(client):
    answer = client.get("/probe/weiter/weg", headers={"hx-request": "true"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["hx-redirect"]) == (200, "/anderswo")


def test_a_page_restored_from_history_is_a_whole_page():
    def asks(**headers):
        return is_htmx(SimpleNamespace(headers=headers))

    assert asks(**{"hx-request": "true"})
    assert not asks(**{"hx-request": "true", "hx-history-restore-request": "true"}) and not asks()


def test_every_answer_keeps_strangers_out(client):
    for path in ("/probe/lesen/refused", "/gibt/es/nicht", "/probe/weiter/weg"):
        headers = client.get(path, follow_redirects=False).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff" and headers["x-request-id"]


def test_the_language_follows_the_cookie_before_the_browser(client):
    german = client.get("/gibt/es/nicht", headers={"accept-language": "de"}).text
    english = client.get("/gibt/es/nicht", headers={"accept-language": "en-GB,de;q=0.5"}).text
    assert 'lang="de"' in german and 'lang="en"' in english
    cookie = {"cookie": "sprache=en", "accept-language": "de"}
    assert 'lang="en"' in client.get("/gibt/es/nicht", headers=cookie).text
