"""Pictures at the desk and on the pages of the couples."""

import re

import pytest
from litestar.middleware.csrf import generate_csrf_token
from sqlalchemy import select

from buchbar.accounts.models import Revision
from tests.cast import SETTINGS
from tests.clerks import become, colleague
from tests.resources.test_pictures import HOSTILE, SVG, image

DESK = "/diepholz/amt"


@pytest.fixture
def head(client, database, town):
    clerk = colleague(database, town, "head", "Frau Herbst")
    become(client, database, clerk)
    return clerk


@pytest.fixture
def upload(client, town):
    def send(content, name="Saal.jpg", alt="Heller Saal", venue=None):
        if "csrftoken" not in client.cookies:
            client.cookies.set("csrftoken", generate_csrf_token(SETTINGS.secret))
        token = client.cookies["csrftoken"]
        return client.post(
            f"{DESK}/trauorte/{(venue or town.room).id}/bilder",
            data={"_csrf_token": token, "alt": alt},
            files={"bild": (name, content, "image/jpeg")} if name else None,
            follow_redirects=False,
        )

    return send


def pictures_on(client, page="/diepholz/hochzeit/trauort/rathaus"):
    return list(dict.fromkeys(re.findall(r'src="(/bild/[^"]+)"', client.get(page).text)))


def test_an_uploaded_picture_stands_on_the_couples_pages_at_once(client, upload, head):
    assert pictures_on(client) == []
    assert "rathaus.svg" in client.get("/diepholz/hochzeit").text
    assert upload(image()).status_code == 303
    assert upload(image(colour="blue"), alt="Der Garten").status_code == 303
    page = client.get("/diepholz/hochzeit/trauort/rathaus").text
    assert 'alt="Heller Saal"' in page and 'alt="Der Garten"' in page and "rathaus.svg" not in page
    assert len(pictures_on(client)) == 2
    assert len(pictures_on(client, "/diepholz/hochzeit")) == 1 == len(pictures_on(client, "/diepholz"))


def test_a_picture_is_served_for_ever_and_as_nothing_else(client, upload, head):
    upload(image())
    address = pictures_on(client)[0]
    client.cookies.clear()
    answer = client.get(address)
    assert answer.headers["content-type"] == "image/jpeg" and answer.content.startswith(b"\xff\xd8")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = client.get(address, headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304 and not again.content
    assert client.head(address).status_code == 200
    for other in ("/bild/x-gross.jpg", address.replace("gross", "riesig"), address.replace(".jpg", ".html")):
        assert client.get(other).status_code == 404


@pytest.mark.parametrize("name", ["svg that is called jpg", "bomb", "cut off", "html", "huge"])
def test_a_hostile_file_gets_its_sentence_beside_the_field(client, upload, head, name):
    called, content, sentence = HOSTILE[name]
    answer = upload(content, called)
    assert answer.status_code in (413, 422)
    if answer.status_code == 422:
        assert sentence in answer.text and 'id="bild-error"' in answer.text and "Heller Saal" in answer.text
    assert pictures_on(client) == []


def test_a_name_that_leads_elsewhere_is_refused_or_never_used(client, upload, head):
    answer = upload(image(), "../../../static/app.js")
    assert answer.status_code == 422 and "Name der Datei" in answer.text


def test_words_are_required_and_a_file_too(client, upload, head):
    answer = upload(image(), alt="  ")
    assert answer.status_code == 422 and 'id="alt-error"' in answer.text
    answer = upload(b"", name="")
    assert answer.status_code == 422 and "Bitte wählen Sie eine Datei aus." in answer.text
    assert upload(SVG, alt="").text.count("kern-error") == 2


def test_pictures_are_moved_renamed_taken_out_and_put_back(client, posted, database, town, upload, head):
    for alt in ("Eins", "Zwei", "Drei"):
        upload(image(), alt=alt)
    page = f"{DESK}/trauorte/{town.room.id}"
    ids = [each[6:42] for each in pictures_on(client, page)]

    def order():
        return [each[6:42] for each in pictures_on(client, page)]

    posted(f"{page}/bilder/{ids[2]}", was="vor")
    assert order() == [ids[0], ids[2], ids[1]]
    posted(f"{page}/bilder/{ids[0]}", was="zurueck")
    assert order() == [ids[2], ids[0], ids[1]]
    assert posted(f"{page}/bilder/{ids[0]}", was="text", alt="Neuer Text").status_code == 303
    assert 'alt="Neuer Text"' in client.get(page).text
    assert posted(f"{page}/bilder/{ids[0]}", was="text", alt="").status_code == 422
    posted(f"{page}/bilder/{ids[0]}", was="weg")
    assert order() == [ids[2], ids[1]] and client.get(f"/bild/{ids[0]}-gross.jpg").status_code == 404
    assert posted(f"{page}/bilder/{ids[0]}", was="weg").status_code == 404
    with database.read() as session:
        last = session.scalars(select(Revision)).all()
        down = next(each for each in last if len(each.values.get("pictures", [])) < len(each.before["pictures"]))
    assert posted(f"{DESK}/aenderungen/{down.id}/ruecknahme").status_code == 303
    assert order() == [ids[2], ids[0], ids[1]]


def test_who_may_not_uploads_nothing(client, database, town, upload):
    become(client, database, town.clerk)
    assert upload(image()).status_code == 403
