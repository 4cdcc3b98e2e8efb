"""The front doors and the frame of every page: what everybody sees, signed in or not."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from uuid import uuid4

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import event, select

from buchbar.accounts.models import Municipality
from buchbar.accounts.queries import municipality, places, towns_of
from buchbar.base.db import Database
from buchbar.base.errors import NotFound
from buchbar.base.pages import environment
from buchbar.base.settings import ROOT
from buchbar.base.web import own_path
from buchbar.resources.halls import Hall
from buchbar.resources.models import Site
from tests import cast as people
from tests.markup import faults_in

PAGES = [
    "/", "/diepholz", "/landkreis-diepholz", "/impressum", "/datenschutz", "/barrierefreiheit", "/leichte-sprache",
]  # fmt: skip
PICTURES = ["rathaus", "schloss", "muehle", "schiff", "garten", "scheune", "villa", "museum", "turm"]


@pytest.fixture
def county(database: Database) -> Municipality:
    """The county with Diepholz (two places to marry) and Stuhr (nothing yet), and Gladbeck on its own."""
    with database.write() as session:
        county = Municipality(
            id=uuid4(), slug="landkreis-diepholz", name="Landkreis Diepholz", kind="county", land="NI"
        )
        session.add(county)
        session.flush()
        diepholz = people.assemble(session).town
        diepholz.county_id, diepholz.street, diepholz.postcode = county.id, "Rathausmarkt 1", "49356"
        session.add(Municipality(id=uuid4(), slug="stuhr", name="Stuhr", land="NI", county_id=county.id))
        session.add(Municipality(id=uuid4(), slug="gladbeck", name="Gladbeck", land="NW"))
    return county


class Frame(HTMLParser):
    """What a screen reader would stumble over: the language, headings, ids, links, images without a word."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.lang, self.ids, self.links, self.headings = "", [], [], []  # type: ignore[var-annotated]
        self.silent: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.lang = given.get("lang") or ""
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "a":
            self.links.append(given.get("href") or "")
        if tag == "img" and "alt" not in given:
            self.silent.append(given.get("src") or "")
        if "id" in given:
            self.ids.append(given["id"])


# --- Who is there -----------------------------------------------------------------------------------------


def test_a_county_comes_with_its_towns_by_name_and_towns_of_their_own_come_last(database, county):
    with database.read() as session:
        found = [(place.county and place.county.name, [town.name for town in place.towns]) for place in places(session)]
        assert [town.slug for town in towns_of(session, county)] == ["diepholz", "stuhr"]
    assert found == [("Landkreis Diepholz", ["Diepholz", "Stuhr"]), (None, ["Gladbeck"])]


def test_a_town_is_found_by_its_address_and_nobody_else(session, cast):
    assert municipality(session, "diepholz").id == cast.town.id
    with pytest.raises(NotFound):
        municipality(session, "Diepholz'--")


# --- The portal and the towns -----------------------------------------------------------------------------


def test_the_portal_offers_a_wedding_date_where_there_are_places_to_marry(client, county):
    page = client.get("/").text
    assert 'href="/diepholz/hochzeit"' in page and "2 Trauorte" in page
    assert 'href="/stuhr"' in page and 'href="/stuhr/hochzeit"' not in page
    assert page.count("Hier ist online noch nichts buchbar") == 2  # Stuhr and Gladbeck


@pytest.mark.parametrize(
    ("typed", "seen", "hidden"),
    [
        ("DIEP", ["/diepholz", "/stuhr"], ["/gladbeck"]),  # the county's name finds all its towns
        (" stu ", ["/stuhr"], ["/diepholz", "/gladbeck"]),
        ("glad", ["/gladbeck"], ["/diepholz", "/landkreis-diepholz"]),
    ],
)
def test_a_town_is_found_by_a_part_of_its_name(client, county, typed, seen, hidden):
    links = Frame(client.get("/", params={"ort": typed}).text).links
    assert set(seen) <= set(links)
    assert not set(hidden) & set(links)


def test_a_search_without_a_hit_says_so_and_escapes_what_was_typed(client, county):
    page = client.get("/", params={"ort": "<script>Atlantis"}).text
    assert "haben wir keinen Ort gefunden" in page
    assert "&lt;script&gt;Atlantis" in page and "<script>Atlantis" not in page


def test_a_county_shows_what_its_towns_offer(client, county):
    links = Frame(client.get("/landkreis-diepholz").text).links
    assert {"/diepholz", "/diepholz/hochzeit", "/stuhr"} <= set(links)
    assert "/gladbeck" not in links and "/landkreis-diepholz/amt" in links


def test_a_town_says_how_its_office_is_reached_and_where_its_clerks_sign_in(client, county):
    page = client.get("/diepholz").text
    assert "Rathausmarkt 1" in page and "49356 Diepholz" in page
    assert {"tel:054419090", "/diepholz/hochzeit", "/diepholz/amt", "/landkreis-diepholz"} <= set(Frame(page).links)


def test_a_town_of_sports_halls_only_says_nothing_of_weddings_and_which_office_sees_to_what(client, database, county):
    with database.write() as session:
        town = session.scalar(select(Municipality).where(Municipality.slug == "gladbeck"))
        town.sports_office, town.sports_phone, town.version = "Amt für Sport", "02043 99", 2
        place = Site(id=uuid4(), municipality_id=town.id, name="Schulzentrum")
        session.add(place)
        session.flush()
        session.add(Hall(municipality_id=town.id, name="Riesener-Halle", slug="riesener", site_id=place.id))
    links = Frame(client.get("/gladbeck").text).links
    assert "/gladbeck/hallen" in links and "/gladbeck/hochzeit" not in links
    assert "/diepholz/hochzeit" in Frame(client.get("/diepholz").text).links
    for path in ("/impressum", "/datenschutz", "/barrierefreiheit", "/leichte-sprache"):
        assert {"tel:0204399", "tel:054419090"} <= set(Frame(client.get(path).text).links), path
    assert client.get("/gladbeck/hallen/saison").status_code == 200
    for nowhere in ("stuhr", "landkreis-diepholz"):
        assert client.get(f"/{nowhere}/hallen/saison").status_code == 404


def test_pages_of_many_towns_cost_as_few_queries_as_pages_of_one(client, database, county):
    def queries(path: str) -> int:
        seen: list[str] = []

        def note(_connection, _cursor, statement, *_rest):
            seen.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        client.get(path)
        event.remove(database.engine, "before_cursor_execute", note)
        return len(seen)

    paths = ("/", "/landkreis-diepholz", "/diepholz", "/impressum")
    client.get("/diepholz")  # from now on what its halls are is in memory
    few = [queries(path) for path in paths]
    with database.write() as session:
        session.add_all(
            Municipality(id=uuid4(), slug=f"ort-{n}", name=f"Ort {n}", land="NI", county_id=county.id)
            for n in range(30)
        )
    assert [queries(path) for path in paths] == few
    assert "Ort 29" in client.get("/").text


# --- The frame --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_a_language_one_main_heading_and_a_way_to_the_contents(client, county, path):
    answer = client.get(path)
    assert answer.status_code == 200
    frame = Frame(answer.text)
    assert frame.lang == "de"
    assert frame.headings.count(1) == 1 and frame.headings[0] == 1
    assert all(later <= earlier + 1 for earlier, later in zip(frame.headings, frame.headings[1:], strict=False))
    assert len(frame.ids) == len(set(frame.ids)) and {"content", "notices"} <= set(frame.ids)
    assert {"#content", "/impressum", "/datenschutz", "/barrierefreiheit", "/leichte-sprache"} <= set(frame.links)
    assert not frame.silent
    assert not faults_in(answer.text)


@pytest.mark.parametrize("path", PAGES)
def test_pages_that_only_show_hold_no_secret_of_the_reader(client, county, path):
    client.get("/health")
    token = client.cookies.get("csrftoken", "")
    assert token and token not in client.get(path).text


def test_the_demonstration_says_that_it_is_one(client, county):
    assert "keine echten Buchungen" in client.get("/diepholz").text


def test_the_pages_say_what_everybody_loads_with_an_address_that_changes_with_its_content(client, county):
    loaded = re.findall(r'(?:href|src)="(/(?:static|vendor)/[^"?]+)\?v=(\w+)"', client.get("/").text)
    assert len(loaded) >= 6
    for path, version in loaded:
        if path.startswith("/static/"):
            assert version != "0" and client.get(path).status_code == 200


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_small_and_holds_nothing_but_shapes(name):
    drawn = (ROOT / "static" / "pictures" / f"{name}.svg").read_text()
    assert len(drawn.encode()) < 5000 and 'viewBox="0 0 480 300"' in drawn
    assert not re.search(r"<(script|style|image|foreignObject|text)|\son\w+=|style=", drawn)


# --- The language -----------------------------------------------------------------------------------------


def test_the_language_switch_remembers_and_leads_back_to_the_same_page(client, county):
    links = Frame(client.get("/?ort=diep").text).links
    switch = next(link for link in links if link.startswith("/sprache/en"))
    answer = client.get(switch, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?ort=diep")
    kept = answer.headers["set-cookie"].lower()
    assert "sprache=en" in kept and "httponly" in kept and "samesite=lax" in kept
    assert Frame(client.get("/").text).lang == "en"
    client.get("/sprache/de")
    assert Frame(client.get("/").text).lang == "de"


def test_the_browsers_language_counts_until_one_is_chosen(client, county):
    assert Frame(client.get("/", headers={"accept-language": "en-GB,en;q=0.9"}).text).lang == "en"
    assert Frame(client.get("/", headers={"accept-language": "fr"}).text).lang == "de"


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/diepholz/hochzeit?tag=2027-05-15", "/diepholz/hochzeit?tag=2027-05-15"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/%09/evil.example"),
        ("/a\r\nset-cookie: x=1", "/a%0D%0Aset-cookie:%20x=1"),
        ("/müller", "/m%C3%BCller"),
        ("", "/"),
    ],
)
def test_the_language_switch_sends_nobody_to_another_site(asked, led):
    assert own_path(asked) == led


def test_an_unknown_language_is_not_found(client, county):
    assert client.get("/sprache/xx").status_code == 404


# --- When something is wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/nirgends", "/diepholz/nirgends", "/diepholz/amt/a/b/c", "/static/nirgends.css"])
def test_an_unknown_page_says_so_kindly_and_with_a_number(client, county, path):
    answer = client.get(path)
    number = answer.headers["x-request-id"]
    assert answer.status_code == 404 and re.fullmatch("[0-9a-f]{10}", number)
    assert "content-security-policy" in answer.headers
    assert number in answer.text and Frame(answer.text).headings == [1]


def test_an_unknown_page_speaks_the_readers_language(client, county):
    client.cookies.set("sprache", "en")
    assert Frame(client.get("/diepholz/nirgends").text).lang == "en"


def test_for_htmx_a_problem_is_a_sentence_in_the_notice_area(client, county):
    answer = client.get("/diepholz/nirgends", headers={"hx-request": "true"})
    assert answer.headers["hx-retarget"] == "#notices"
    assert "<html" not in answer.text and "Diese Seite gibt es nicht" in answer.text


@pytest.fixture
def fragile(database: Database, app: Litestar) -> Iterator[TestClient]:
    """A browser whose front page breaks."""
    with database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE municipality RENAME TO gone")
    with TestClient(app, base_url="http://testserver.local", raise_server_exceptions=False) as running:
        yield running


def test_a_bug_shows_a_number_to_quote_and_nothing_of_its_inside(fragile):
    answer = fragile.get("/")
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] in answer.text and "nicht an Ihnen" in answer.text
    assert "municipality" not in answer.text and "Traceback" not in answer.text
    notice = fragile.get("/", headers={"hx-request": "true"})
    assert notice.headers["x-request-id"] in notice.text and notice.headers["hx-retarget"] == "#notices"


@pytest.mark.parametrize("code", [400, 403, 404, 405, 409, 413, 422, 429, 500, 503])
def test_each_kind_of_problem_has_its_words(code):
    words = environment().get_template("base/reasons.html").module
    assert words.reason(code).strip() and words.advice(code).strip()


# --- Forms ------------------------------------------------------------------------------------------------


def drawn(macro: str) -> str:
    names = "field, area, select, radios, tick, summary, button, link_button"
    return environment().from_string(f'{{% from "base/forms.html" import {names} %}}{macro}').render()


@pytest.mark.parametrize(
    "macro",
    [
        '{{ field("name", "Name", error="Fehlt.", hint="Wie im Ausweis") }}',
        '{{ area("name", "Name", error="Fehlt.", hint="Wie im Ausweis") }}',
        '{{ select("name", "Name", [("a", "A")], error="Fehlt.", hint="Wie im Ausweis") }}',
        '{{ radios("name", "Name", [("a", "A"), ("b", "B")], error="Fehlt.", hint="Wie im Ausweis") }}',
        '{{ tick("name", "Name", error="Fehlt.", hint="Wie im Ausweis") }}',
    ],
)
def test_a_faulty_field_is_read_out_with_its_hint_and_its_fault(macro):
    html = drawn(macro)
    assert 'aria-describedby="name-hint name-error"' in html and 'aria-invalid="true"' in html
    assert {"name", "name-hint", "name-error"} <= set(Frame(html).ids)  # where the summary's link leads


def test_a_field_escapes_what_was_typed():
    assert '"><b>' not in drawn("""{{ field("name", "Name", '"><b>') }}{{ area("text", "Text", "</textarea><b>") }}""")
    assert "<b>" not in drawn("""{{ area("text", "Text", "</textarea><b>") }}""")


def test_only_what_may_be_left_empty_says_so():
    assert "freiwillig" not in drawn('{{ field("a", "A") }}{{ field("b", "B", required=none) }}')
    assert "freiwillig" in drawn('{{ field("a", "A", required=false) }}')


def test_the_summary_of_faults_leads_to_the_fields():
    html = drawn('{{ summary({"name": "Bitte füllen Sie dieses Feld aus."}, {"name": "Erster Name"}) }}')
    assert 'role="alert"' in html and 'tabindex="-1"' in html
    assert Frame(html).links == ["#name"] and "Erster Name: Bitte" in html
    assert not drawn("{{ summary({}) }}").strip()


def test_a_chosen_value_stays_chosen():
    assert '<option value="2" selected>' in drawn('{{ select("n", "N", [(1, "eins"), (2, "zwei")], "2") }}')
    assert 'value="b" checked' in drawn('{{ radios("n", "N", [("a", "A"), ("b", "B")], "b") }}')
