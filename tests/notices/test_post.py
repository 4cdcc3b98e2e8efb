"""The post of the demonstration: readable by whoever tries it out, and nowhere else."""

from dataclasses import replace

import pytest
from litestar.testing import TestClient
from sqlalchemy import event

from buchbar.app.main import create_app
from buchbar.base.settings import DEMO_SECRET
from tests import cast as people
from tests.cast import SATURDAY, Terms, reserved, slot_at

REAL = replace(people.SETTINGS, demo=False, smtp_url="smtp://127.0.0.1:1")


def test_the_newest_lie_on_top_and_older_ones_on_the_next_page(client, write):
    for number in range(30):
        write(subject=f"Brief {number}", to=f"paar{number}@example.org")
    first, second = client.get("/demo/post").text, client.get("/demo/post?seite=2").text
    assert first.count("/demo/post/") == 25 and second.count("/demo/post/") == 5
    assert "/demo/post?seite=2" in first and "/demo/post?seite=1" in second and "seite=3" not in second
    for strange in ("0", "-1", "x", "99999999999", "²"):
        assert client.get("/demo/post", params={"seite": strange}).status_code == 200


def test_a_letter_is_shown_with_text_html_and_calendar(database, client, town):
    with database.write() as session:
        town.policy = session.merge(town.policy)
        town.policy.terms = Terms(approval="none", payment="none")
        booking = reserved(session, town, slot_at(SATURDAY, 9))
    listed = client.get("/demo/post").text
    assert "Ihr Termin ist reserviert: Trauung am 15.05.2027" in listed and "mit Kalendereintrag" in listed
    address = listed.split('href="/demo/post/')[1].split('"')[0]
    shown = client.get(f"/demo/post/{address}")
    page = client.get(f"/demo/post/{address}/html")
    file = client.get(f"/demo/post/{address}/termin.ics")
    if "termin.ics" not in shown.text:
        address = listed.split('href="/demo/post/')[2].split('"')[0]
        shown = client.get(f"/demo/post/{address}")
        page = client.get(f"/demo/post/{address}/html")
        file = client.get(f"/demo/post/{address}/termin.ics")
    assert f'<iframe class="letter" src="/demo/post/{address}/html"' in shown.text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in shown.text
    assert '<a href="http://testserver.local/buchung/' in shown.text, "links in the text can be clicked"
    policy = shown.headers["content-security-policy"]
    assert "frame-src 'self'" in policy and "script-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert page.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'"
    )
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text.count('target="_blank"') == page.text.count("<a ") > 0
    assert file.text.startswith("BEGIN:VCALENDAR") and f"{booking.id}@testserver.local" in file.text


@pytest.mark.parametrize("settings", [REAL, replace(people.SETTINGS, smtp_url="smtp://127.0.0.1:1")])
def test_where_mail_is_really_sent_nobody_can_read_it(database, write, settings):
    letter_id = write()
    assert settings.secret == DEMO_SECRET
    with TestClient(create_app(settings, clock=lambda: people.NOW, database=database)) as real:
        real.base_url = "http://testserver.local"
        for path in ("", f"/{letter_id}", f"/{letter_id}/html", f"/{letter_id}/termin.ics"):
            assert real.get(f"/demo/post{path}").status_code == 404


@pytest.mark.parametrize("rest", ["", "/html", "/termin.ics"])
def test_a_letter_that_is_not_there_is_not_found(client, town, rest):
    assert client.get(f"/demo/post/{town.town.id}{rest}").status_code == 404


def test_a_letter_without_calendar_has_no_file(client, write):
    letter_id = write()
    assert client.get(f"/demo/post/{letter_id}/termin.ics").status_code == 404
    assert "termin.ics" not in client.get(f"/demo/post/{letter_id}").text


def test_the_list_asks_the_same_few_questions_however_long_it_is(database, client, write):
    def questions() -> int:
        asked: list[str] = []

        def count(_connection, _cursor, statement, *_rest) -> None:
            asked.append(statement)

        event.listen(database.engine, "before_cursor_execute", count)
        assert client.get("/demo/post").status_code == 200
        event.remove(database.engine, "before_cursor_execute", count)
        return len(asked)

    write()
    few = questions()
    for _letter in range(10):
        write()
    assert questions() == few
