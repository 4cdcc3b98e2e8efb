"""How a town presents itself: its imprint, its colours, which can be read, and its logo, which is only pixels."""

import io
import struct
import zlib
from datetime import timedelta

import pytest
from PIL import Image, PngImagePlugin
from sqlalchemy import select

from buchbar.accounts import contrast, logos, revisions
from buchbar.accounts.appearance import APPEARANCE
from buchbar.accounts.models import Logo, Municipality, Revision
from tests.cast import NOW, assemble
from tests.clerks import become, colleague

DESK = "/diepholz/amt"
BASE = {"valid_from": "2026-11-23", "office": "Standesamt Diepholz", "email": "standesamt@example.org"}


@pytest.fixture
def administrator(client, database, town):
    clerk = colleague(database, town, "administrator", "Herr Kern")
    become(client, database, clerk)
    return clerk


def picture(form="PNG", size=(600, 200), **options):
    into = io.BytesIO()
    Image.new("RGB", size, "#2044aa").save(into, form, **options)
    return into.getvalue()


def upload(client, posted, content, path="auftritt", name="logo.png", **fields):
    posted(f"{DESK}/auftritt/vorschau")  # for the cookie against forged requests
    data = {"_csrf_token": client.cookies.get("csrftoken", ""), **BASE, **fields}
    files = {"logo": (name, content, "application/octet-stream")}
    return client.post(f"{DESK}/{path}", data=data, files=files, follow_redirects=False)


def diepholz(database):
    with database.read() as session:
        return session.scalars(select(Municipality).where(Municipality.slug == "diepholz")).one()


# --- Contrast ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.0),
        ("#0000ff", "#ffffff", 8.59),
        ("#00ff00", "#000000", 15.3),
    ],
)
def test_contrast_is_what_wcag_says(one, other, ratio):
    assert contrast.ratio(one, other) == pytest.approx(ratio, abs=0.005) == contrast.ratio(other, one)


@pytest.mark.parametrize("colour", ["#ffcc00", "#ff0000", "#00ffff", "#777777", "#ffffff", "#000000", "#2044aa"])
@pytest.mark.parametrize("grounds", [contrast.LIGHT, contrast.DARK])
def test_what_is_suggested_can_be_read_and_is_the_nearest(colour, grounds):
    near = contrast.nearest(colour, grounds)
    assert contrast.least(near, grounds) >= contrast.ENOUGH
    assert (near == colour) is (contrast.least(colour, grounds) >= contrast.ENOUGH)
    assert near == colour or contrast.least(near, grounds) < contrast.ENOUGH + 0.25


def test_a_colour_is_written_in_many_ways():
    assert {contrast.parsed(typed) for typed in ("#2044AA", "2044aa", "#24a", " 24A ")} == {"#2044aa", "#2244aa"}
    for nonsense in ("", "blue", "#12345", "#gggggg", "#2044aa;}", "#٢٠٤٤٤٤"):
        with pytest.raises(ValueError):
            contrast.parsed(nonsense)


# --- The page ---------------------------------------------------------------------------------------------


def test_a_colour_that_cant_be_read_is_refused_with_its_ratio_and_a_better_one(posted, database, administrator):
    answer = posted(f"{DESK}/auftritt", **BASE, accent="#ffcc00")
    better = contrast.nearest("#ffcc00", contrast.LIGHT)
    assert answer.status_code == 422 and f"Die nächste lesbare ist {better}." in answer.text
    assert "einen Kontrast von nur 1,3" in answer.text and 'value="#ffcc00"' in answer.text
    assert diepholz(database).accent == ""
    assert posted(f"{DESK}/auftritt", **BASE, accent=better).status_code == 303
    dark = posted(f"{DESK}/auftritt", **BASE, accent=better, accent_dark="#300000")
    assert dark.status_code == 422 and "Auf dunklem Grund" in dark.text


def test_the_colours_reach_every_page_of_the_town_and_no_other(client, posted, database, administrator):
    assert "farben.css" not in client.get("/diepholz").text
    posted(f"{DESK}/auftritt", **BASE, accent="#8a1538")
    page = client.get("/diepholz").text
    assert 'href="/diepholz/farben.css?v=8a1538"' in page and 'href="/diepholz/farben.css' in client.get(DESK).text
    css = client.get("/diepholz/farben.css?v=8a1538")
    light = contrast.nearest("#8a1538", contrast.DARK)
    assert css.headers["content-type"].startswith("text/css") and "immutable" in css.headers["cache-control"]
    assert "--kern-color-action-default:#8a1538" in css.text and f"--kern-color-action-default:{light}" in css.text
    assert client.get("/diepholz/farben.css?v=old").headers["cache-control"] == "no-cache"
    assert "farben.css" not in client.get("/impressum").text
    with database.write() as session:
        assemble(session, slug="syke")
    assert client.get("/syke/farben.css").status_code == 404


def test_what_is_said_of_the_office_stands_where_the_law_wants_it(client, posted, administrator):
    said = {
        "responsible": "Bürgermeister Florian Muster",
        "supervision": "Landkreis Diepholz",
        "vat_id": "de 123456789",
        "imprint": "Zeile eins\nZeile <b>zwei</b>",
        "privacy_contact": "datenschutz@example.org",
        "access_contact": "Frau Barrierefrei",
    }
    assert posted(f"{DESK}/auftritt", **BASE, **said).status_code == 303
    imprint = client.get("/impressum").text
    assert all(words in imprint for words in ("Florian Muster", "Landkreis Diepholz", "DE123456789"))
    assert "Zeile &lt;b&gt;zwei" in imprint
    assert "datenschutz@example.org" in client.get("/datenschutz").text
    assert "Frau Barrierefrei" in client.get("/barrierefreiheit").text


def test_an_edit_is_dated_shown_beforehand_and_undone(client, posted, database, administrator):
    seen = posted(f"{DESK}/auftritt/vorschau", **BASE | {"office": "Bürgeramt"}).text
    assert "<del>Standesamt Diepholz</del>" in seen and "<ins>Bürgeramt</ins>" in seen
    assert diepholz(database).office == "Standesamt Diepholz"
    posted(f"{DESK}/auftritt", **BASE | {"office": "Bürgeramt"})
    assert diepholz(database).office == "Bürgeramt"
    posted(f"{DESK}/auftritt", **BASE | {"office": "Trauamt", "valid_from": "2027-01-01"})
    assert diepholz(database).office == "Bürgeramt", "planned"
    with database.read() as session:
        first = session.scalars(select(Revision).where(Revision.applied_at.is_not(None))).first()
    assert "geplant ab 01.01.2027" in client.get(f"{DESK}/auftritt").text
    posted(f"{DESK}/aenderungen/{first.id}/ruecknahme", von=f"{DESK}/auftritt")
    assert diepholz(database).office == "Standesamt Diepholz"


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("office", ""),
        ("email", "amt"),
        ("phone", "ruf an"),
        ("vat_id", "DE12"),
        ("accent", "blau"),
        ("valid_from", "2026-11-22"),
        ("greeting", "x" * 3001),
    ],
)
def test_what_is_faulty_is_named_and_nothing_is_saved(posted, database, administrator, field, typed):
    answer = posted(f"{DESK}/auftritt", **BASE | {"city": "Anderswo", field: typed})
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text and 'value="Anderswo"' in answer.text
    assert diepholz(database).city == "Diepholz"


def test_only_who_administers_changes_it(client, posted, database, town):
    become(client, database, colleague(database, town, "head", "Frau Lenz"))
    page = client.get(f"{DESK}/auftritt")
    assert page.status_code == 200 and "Das ändert die Verwaltung des Systems." in page.text
    assert posted(f"{DESK}/auftritt", **BASE).status_code == 403
    assert posted(f"{DESK}/auftritt/vorschau", **BASE).status_code == 403


# --- The logo ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_logo_is_made_anew_and_shown(client, posted, database, administrator, form):
    assert client.get("/diepholz/logo.png").status_code == 404
    assert upload(client, posted, picture(form, (2000, 900))).status_code == 303
    logo_id = diepholz(database).logo_id
    page = client.get("/diepholz").text
    assert f'src="/diepholz/logo.png?v={logo_id}"' in page
    shown = client.get(f"/diepholz/logo.png?v={logo_id}")
    assert shown.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(shown.content)) as image:
        assert image.format == "PNG" and image.width <= 720 and image.height <= 240
    assert posted(f"{DESK}/auftritt", **BASE, logo_weg="ja").status_code == 303
    assert diepholz(database).logo_id is None


def test_a_logo_of_the_preview_neednt_be_uploaded_again(client, posted, database, administrator):
    seen = upload(client, posted, picture(), path="auftritt/vorschau")
    with database.read() as session:
        (logo,) = session.scalars(select(Logo))
    assert f'name="logo_neu" value="{logo.id}"' in seen.text and diepholz(database).logo_id is None
    assert client.get(f"{DESK}/auftritt/logo/{logo.id}").status_code == 200
    assert posted(f"{DESK}/auftritt", **BASE, logo_neu=str(logo.id)).status_code == 303
    assert diepholz(database).logo_id == logo.id


def test_another_towns_logo_is_not_ours(client, posted, database, administrator):
    with database.write() as session:
        syke = assemble(session, slug="syke")
        theirs = logos.keep(session, syke.town, picture(), syke.policy.made_at).id
    assert client.get(f"{DESK}/auftritt/logo/{theirs}").status_code == 404
    posted(f"{DESK}/auftritt", **BASE, logo_neu=str(theirs))
    assert diepholz(database).logo_id is None


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb():
    """A PNG of a few hundred bytes that says it is 60,000 pixels wide and high."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (SVG, "logo.svg", "kein SVG"),
        (SVG, "logo.png", "kein SVG"),
        (b"GIF89a" + b"\0" * 100, "logo.gif", "kein Bild"),
        (b"%PDF-1.7", "../../etc/passwd", "kein Bild"),
        (bomb(), "logo.png", "zu viele Bildpunkte"),
        (picture()[:200], "logo.png", "beschädigt"),
        (picture() + b"\0" * 1_000_000, "logo.png", "höchstens 1 MB"),
    ],
    ids=["svg", "svg_called_png", "gif", "pdf_and_traversal", "bomb", "cut_off", "too_big"],
)
def test_a_hostile_logo_is_refused_with_a_sentence(client, posted, database, administrator, content, name, words):
    answer = upload(client, posted, content, name=name)
    assert answer.status_code == 422 and words in answer.text and 'id="logo-error"' in answer.text
    with database.read() as session:
        assert session.scalars(select(Logo)).all() == []


def test_nothing_comes_along_with_the_pixels():
    note = PngImagePlugin.PngInfo()
    note.add_text("Comment", "<script>alert(1)</script>")
    made = logos.made(picture(pnginfo=note) + SVG)
    assert b"script" not in made and b"Comment" not in made


def test_logos_that_were_never_used_go_and_those_of_the_history_stay(session, cast):
    first, unused = (logos.keep(session, cast.town, picture(), NOW) for _n in range(2))
    for logo_id in (first.id, None):
        today = NOW.date()
        revisions.edit(
            session, cast.town, APPEARANCE, cast.town, {"logo_id": logo_id}, valid_from=today, at=NOW, by="x"
        )
    session.flush()
    newest = logos.keep(session, cast.town, picture(), NOW + timedelta(days=2))
    session.flush()
    assert set(session.scalars(select(Logo.id))) == {first.id, newest.id}, "the first can be taken back"
