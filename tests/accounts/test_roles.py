"""Every page and form of the desk belongs to a role: the whole matrix of roles, strangers and routes."""

from dataclasses import replace

import pytest
from litestar.routes import HTTPRoute
from sqlalchemy import select

from buchbar.accounts.models import AuditEntry, Municipality
from buchbar.accounts.roles import OWN, ROLES, may, sees
from buchbar.booking import notes
from tests.cast import ANNA_AND_BEN, NOW, SATURDAY, confirmed, slot_at
from tests.clerks import become, colleague

# The pages by which one signs in and out are nobody's.
OPEN = {
    "/{town_slug:str}/amt/anmelden",
    "/{town_slug:str}/amt/anmelden/code",
    "/{town_slug:str}/amt/anmelden/zweiter-faktor",
    "/{town_slug:str}/amt/abmelden",
}
# What the cashier needs, and no more: beside their own desk what a booking owes and pays, and what the town charges.
CASHIER = {
    ("GET", ""),
    ("GET", "/buchung/{booking_id}"),
    ("GET", "/buchung/{booking_id}/bescheid/{charge_id}"),
    ("GET", "/buchung/{booking_id}/quittung/{payment_id}"),
    ("POST", "/buchung/{booking_id}/schalter"),
    ("POST", "/buchung/{booking_id}/schalter/{payment_id}/ruecknahme"),
    ("GET", "/einstellungen"),
    ("GET", "/entgelte"),
    ("GET", "/entgelte/{tariff_id}/rechner"),
    ("GET", "/kassenregeln"),
    ("GET", "/kassenregeln/beispiel"),
}
SOME_ID = "00000000-0000-4000-8000-000000000000"


def desk_routes(app):
    """Path, method and handler of everything at the desk."""
    return sorted(
        (
            (route.path_format, method, handler)
            for route in app.routes
            if isinstance(route, HTTPRoute) and "/amt" in route.path_format
            for handler in route.route_handlers
            for method in handler.http_methods & {"GET", "POST"}
        ),
        key=lambda found: found[:2],
    )


def address(path, town="diepholz"):
    """A route's path with ids of nobody's."""
    parts = (town if part.startswith("{town_slug") else SOME_ID if "{" in part else part for part in path.split("/"))
    return "/".join(parts)


@pytest.fixture
def county(database, town):
    """The county to which Diepholz belongs."""
    with database.write() as session:
        made = Municipality(slug="landkreis-diepholz", name="Landkreis Diepholz", kind="county", land="NI")
        session.add(made)
        session.flush()
        session.get_one(Municipality, town.town.id).county_id = made.id
        return made


def test_every_route_of_the_desk_names_its_right(app):
    routes = desk_routes(app)
    assert len(routes) > 20
    nobodys = {path for path, _method, handler in routes if "right" not in handler.opt}
    assert nobodys == {path.replace(":str", "") for path in OPEN}
    silent = [path for path, method, handler in routes if method == "POST" and not handler.opt.get("audit", "-")]
    assert not silent, "say what the audit trail calls it"


@pytest.mark.parametrize("role", list(ROLES))
def test_a_role_reaches_what_is_its_own_and_nothing_else(client, posted, app, database, town, county, role):
    clerk = colleague(database, town, role)
    if role == "county":
        with database.write() as session:
            session.merge(clerk).municipality_id = county.id
    become(client, database, clerk)
    for path, method, handler in desk_routes(app):
        if "right" not in handler.opt:
            continue
        page = address(path)
        answer = client.get(page, follow_redirects=False) if method == "GET" else posted(page)
        allowed = may(role, handler.opt["right"]) and (not handler.opt["journey"] or sees(role, handler.opt["journey"]))
        assert (answer.status_code == 403) is not allowed, (role, method, page, answer.status_code)
        assert answer.status_code < 500, (role, method, page)


def test_the_cashier_reaches_the_cashiers_desk_and_the_money_of_a_booking(app):
    pages = {
        (method, path.partition("/amt")[2]): handler.opt["right"]
        for path, method, handler in desk_routes(app)
        if "right" in handler.opt
    }
    own = {page for page in pages if page[1] == "/kasse" or page[1].startswith(("/kasse/", "/zugang"))}
    assert len(own) > 40 and pages.keys() >= CASHIER
    assert {page for page, right in pages.items() if may("cashier", right)} == own | CASHIER


def test_what_is_of_one_office_only_is_named_so(app):
    of = {(method, path.partition("/amt")[2]): handler.opt.get("journey") for path, method, handler in desk_routes(app)}
    assert {of["GET", page] for page in ("/trauorte", "/eintragen", "/kalender", "/statistik", "/tagesblatt")} == {
        "weddings"
    }
    assert {of["GET", page] for page in ("", "/buchungen", "/regelung", "/buchung/{booking_id}")} == {""}


def test_the_cashier_sees_whom_to_ask_about_the_money_and_nothing_else_of_a_booking(client, database, town):
    with database.write() as session:
        couple = replace(ANNA_AND_BEN, remarks="Wir kommen mit der Kutsche.")
        booking = confirmed(session, town, slot_at(SATURDAY, 9), couple)
        notes.write(session, booking, town.clerk, "Geburtsurkunde fehlt", NOW)
    page = f"/diepholz/amt/buchung/{booking.id}"
    office = ("Standesbeamt:in", "Notizen des Amts", "Geburtsurkunde fehlt", "Kutsche", "Verlauf", "Nachrichten")
    become(client, database, town.clerk)
    assert all(words in client.get(page).text for words in office)
    become(client, database, colleague(database, town, "cashier"))
    seen = client.get(page).text
    assert "Anna Müller" in seen and ANNA_AND_BEN.phone in seen and "Am Schalter bezahlen lassen" in seen
    assert [words for words in office if words in seen] == []
    assert client.get("/diepholz/amt", follow_redirects=False).headers["location"] == "/diepholz/amt/kasse"


def test_who_has_to_set_up_a_second_factor_first_reaches_only_the_own_access(client, posted, app, database, town):
    with database.write() as session:
        session.get_one(Municipality, town.town.id).second_factor = True
    become(client, database, colleague(database, town, "administrator"))
    for path, method, handler in desk_routes(app):
        if handler.opt.get("right", OWN) == OWN:
            continue
        page = address(path)
        answer = client.get(page, follow_redirects=False) if method == "GET" else posted(page)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/diepholz/amt/zugang"), page
    own = client.get("/diepholz/amt/zugang").text
    assert "zuerst den zweiten Faktor" in own and 'href="/diepholz/amt/buchungen"' not in own


def test_nobody_and_strangers_reach_nothing(client, posted, app, database, town, county):
    with database.write() as session:
        session.add(stuhr := Municipality(slug="stuhr", name="Stuhr", land="NI"))
    routes = [(address(path), method) for path, method, handler in desk_routes(app) if "right" in handler.opt]
    for page, method in routes:
        answer = client.get(page, follow_redirects=False) if method == "GET" else posted(page)
        assert answer.status_code == 303 and answer.headers["location"].partition("?")[0].endswith("/amt/anmelden"), (
            page
        )
    for role in ROLES:  # of another town; its county administration sits in a town of no county
        clerk = colleague(database, town, role, name=f"Frau {role}")
        with database.write() as session:
            session.merge(clerk).municipality_id = stuhr.id
        become(client, database, clerk)
        for page, method in routes:
            answer = client.get(page, follow_redirects=False) if method == "GET" else posted(page)
            assert answer.status_code == 404, (role, page)


def test_who_looked_and_who_did_is_kept(client, posted, database, town):
    become(client, database, town.clerk)
    for query in ("?suche=anna", "?suche=zoe", "?suche=anna", ""):
        client.get(f"/diepholz/amt/buchungen{query}")
        client.get("/diepholz/amt")
    client.get("/diepholz/amt/regelung")  # nobody's data
    posted("/diepholz/amt/abos", ressource=str(town.room.id))
    posted("/diepholz/amt/abos", ressource="nothing")  # refused, so nothing was done
    with database.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(entry.kind, entry.words, entry.clerk_name) for entry in entries] == [
        ("look", "Buchungsliste angesehen", town.clerk.name),
        ("look", "Schreibtisch angesehen", town.clerk.name),
        ("look", "Buchungsliste angesehen", town.clerk.name),
        ("look", "Buchungsliste angesehen", town.clerk.name),
        ("change", "Kalender-Abo angelegt", town.clerk.name),
    ]
    kept = [str(vars(entry)) for entry in entries]
    assert not any("anna" in entry for entry in kept)


def test_the_countys_way_through_a_towns_first_page_is_no_look(client, database, town, county):
    clerk = colleague(database, town, "county")
    with database.write() as session:
        session.merge(clerk).municipality_id = county.id
    become(client, database, clerk)
    assert client.get("/diepholz/amt", follow_redirects=False).status_code == 303
    with database.read() as session:
        assert session.scalars(select(AuditEntry)).all() == []
