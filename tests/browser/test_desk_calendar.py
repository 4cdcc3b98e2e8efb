"""The desk's calendar in a real browser: by keyboard alone, by mouse, without scripts, on a desk and on a tablet."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from buchbar.accounts.models import SignIn
from buchbar.app.main import now
from buchbar.base.tokens import fingerprint, new_token
from buchbar.booking import closures
from buchbar.booking.models import Booking
from buchbar.calendar.spans import Span
from buchbar.resources.models import Closure
from tests.browser.conftest import DESK, PHONE, sound
from tests.cast import ANNA_AND_BEN, CLERK, confirmed, slot_at

TABLET = {"width": 820, "height": 1100}


@pytest.fixture
def weddings(house):
    """Two weddings in the room on one Saturday, and a closed afternoon at the mill."""
    day = house.saturday
    with house.database.write() as session:
        first = confirmed(session, house.cast, slot_at(day, 9), ANNA_AND_BEN, now())
        cleo = replace(ANNA_AND_BEN, partner_one="Cleo Öztürk", partner_two="Dora Klein", email="cleo@example.org")
        second = confirmed(session, house.cast, slot_at(day, 11, 15), cleo, now())
        afternoon = Span(slot_at(day, 14), slot_at(day, 16))
        closures.close(session, house.cast.mill, afternoon, "Mühlenfest", now(), CLERK)
        return first.id, second.id


@pytest.fixture
def at_desk(house, visitor, weddings):
    """Frau Sommer before the calendar of that Saturday."""

    def sit_down(viewport=DESK, view="tag", **options):
        token = new_token()
        with house.database.write() as session:
            print_of = fingerprint(house.settings.secret, f"sign-in:{token}")
            moment = {"signed_in_at": now(), "seen_at": now(), "ends_at": now() + timedelta(hours=8)}
            session.add(SignIn(token_print=print_of, clerk_id=house.cast.clerk.id, **moment))
        page = visitor(viewport, **options)
        page.context.add_cookies([{"name": "amt", "value": token, "url": house.url}])
        page.goto(f"{house.url}/diepholz/amt/kalender?ansicht={view}&tag={house.saturday}")
        return page

    return sit_down


def begins(house, booking_id):
    with house.database.read() as session:
        return session.get_one(Booking, booking_id).starts_at


def entry(page, name):
    """The block of a wedding in its venue's column."""
    return page.locator("td[data-kind=venue] .cal-entry").filter(has_text=name)


def tab_to(page, text):
    for _step in range(120):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "[document.activeElement.getAttribute('aria-label'), document.activeElement.innerText,"
            " document.activeElement.name].join('|')"
        )
        if text in focused:
            assert page.evaluate(
                "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
                " || getComputedStyle(document.activeElement).boxShadow !== 'none'"
            ), f"the focus on {text!r} can't be seen"
            return
    raise AssertionError(f"no way by keyboard to {text!r}")


@pytest.mark.parametrize("viewport", [DESK, TABLET, PHONE], ids=["desk", "tablet", "phone"])
def test_every_view_is_sound(house, at_desk, weddings, viewport):
    page = at_desk(viewport)
    for view in ("tag", "woche", "monat"):
        page.goto(f"{house.url}/diepholz/amt/kalender?ansicht={view}&tag={house.saturday}")
        expect(page.get_by_role("link", name="Anna Müller & Ben Yıldız", exact=True).first).to_be_visible()
        page.get_by_text(re.compile("Trauorte und Personen")).click()
        sound(page, f"calendar-{view}")
    page.goto(f"{house.url}/diepholz/amt/kalender/buchung/{weddings[0]}?von=11:00")
    expect(page.get_by_role("heading", name="Das geht so nicht")).to_be_visible()
    sound(page, "calendar-refused")
    page.goto(f"{house.url}/diepholz/amt/kalender/buchung/{weddings[0]}?dauer=45")
    expect(page.get_by_role("heading", name="Das würde geschehen")).to_be_visible()
    sound(page, "calendar-plan")
    page.goto(f"{house.url}/diepholz/amt/kalender/sperrung?vorschau=ja")
    sound(page, "calendar-closing")


def test_by_keyboard_alone_a_wedding_is_moved_and_moved_back(house, at_desk, weddings):
    page = at_desk()
    before = begins(house, weddings[0])
    tab_to(page, "Ändern: Anna Müller")
    page.keyboard.press("Enter")
    page.wait_for_url("**/kalender/buchung/**")
    tab_to(page, "von")
    page.keyboard.type("1005")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Das würde geschehen")).to_be_visible()
    assert begins(house, weddings[0]) == before, "nothing has happened yet"
    tab_to(page, "So verlegen")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Termin verlegt: Anna Müller & Ben Yıldız")).to_be_visible()
    assert begins(house, weddings[0]) == slot_at(house.saturday, 10, 5)
    sound(page, "calendar-done")
    tab_to(page, "Rückgängig")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ruecknahme/vorschau")  # the move has confirmed a request, so the way back is shown first
    assert begins(house, weddings[0]) == slot_at(house.saturday, 10, 5)
    tab_to(page, "Ja, so machen")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Zurückgenommen")).to_be_visible()
    assert begins(house, weddings[0]) == before


def drag(page, start, end):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=4)
    page.mouse.move(*end, steps=4)
    page.mouse.up()


def middle(box):
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_mouse_drags_a_wedding_to_another_time(house, at_desk, weddings):
    page = at_desk({"width": 1280, "height": 2400})
    box = entry(page, "Anna").bounding_box()
    nine, ten = (page.locator(f"tr[data-minute='{minute}'] th").bounding_box()["y"] for minute in (540, 600))
    x, _y = middle(box)
    drag(page, (x, box["y"] + 3), (x, box["y"] + 3 + ten - nine))
    page.wait_for_url("**/kalender/buchung/**")
    expect(page.get_by_role("heading", name="Das würde geschehen")).to_be_visible()
    expect(page.locator("#von")).to_have_value("10:00")
    page.get_by_role("button", name="So verlegen").click()
    expect(page.get_by_text("Termin verlegt")).to_be_visible()
    assert begins(house, weddings[0]) == slot_at(house.saturday, 10)


def test_the_mouse_drags_a_wedding_to_another_person_and_pulls_it_longer(house, at_desk, weddings):
    page = at_desk({"width": 1280, "height": 2400})
    own = page.locator("td[data-kind=registrar] .cal-entry").filter(has_text="Anna")
    box = own.bounding_box()
    busy = own.locator("xpath=..").get_attribute("data-resource")
    other = next(each for each in house.cast.registrars if str(each.id) != busy)
    head = page.get_by_role("columnheader", name=re.compile(other.name)).bounding_box()
    drag(page, (middle(box)[0], box["y"] + 3), (middle(head)[0], box["y"] + 3))
    page.wait_for_url("**/kalender/buchung/**")
    expect(page.locator("#person")).to_have_value(str(other.id))
    expect(page.locator("#von")).to_have_value("09:00")
    page.get_by_role("button", name="So einteilen").click()
    expect(page.get_by_text("Andere Person eingeteilt")).to_be_visible()
    box, row = entry(page, "Anna").bounding_box(), page.locator("tr[data-minute='585'] th").bounding_box()
    x, bottom = middle(box)[0], box["y"] + box["height"] - 3
    drag(page, (x, bottom), (x, row["y"] + 1))
    page.wait_for_url("**/kalender/buchung/**")
    expect(page.locator("#dauer")).to_have_value("45")


def test_the_mouse_marks_a_while_and_closes_it(house, at_desk):
    page = at_desk({"width": 1280, "height": 2400})
    cell = page.locator(f"td.cal-piece--open[data-resource='{house.cast.mill.id}']").first.bounding_box()
    first, last = (page.locator(f"tr[data-minute='{minute}'] th").bounding_box()["y"] for minute in (660, 720))
    x = middle(cell)[0]
    drag(page, (x, first + 4), (x, last - 4))
    page.wait_for_url("**/kalender/sperrung**")
    expect(page.locator("section[aria-labelledby=vorschau]")).to_contain_text("11:00 bis 12:00 Uhr")
    page.get_by_label("Grund").fill("Fotoprobe")
    page.get_by_role("button", name="So sperren").click()
    expect(page.get_by_text("Gesperrt: Wassermühle")).to_be_visible()
    page.get_by_role("button", name="Rückgängig").click()
    expect(page.get_by_text("Gesperrt: Wassermühle")).to_have_count(0)
    with house.database.read() as session:
        assert [each.reason for each in session.query(Closure)] == ["Mühlenfest"]


def test_a_click_is_no_drag(house, at_desk, weddings):
    page = at_desk()
    entry(page, "Anna").get_by_role("link", name="Anna Müller & Ben Yıldız", exact=True).click()
    page.wait_for_url(f"**/amt/buchung/{weddings[0]}")


def test_without_scripts_the_forms_do_the_same(house, at_desk, weddings):
    page = at_desk(TABLET, scripts=False)
    entry(page, "Cleo").get_by_role("link", name=re.compile("Ändern")).click()
    page.get_by_label("Dauer in Minuten").fill("45")
    page.get_by_role("button", name="Zeigen, was geschehen würde").click()
    page.get_by_role("button", name="Dauer so ändern").click()
    expect(page.get_by_text("Dauer geändert: Cleo Öztürk")).to_be_visible()
    page.get_by_role("button", name="Rückgängig").click()
    expect(page.get_by_text("Zurückgenommen")).to_be_visible()
