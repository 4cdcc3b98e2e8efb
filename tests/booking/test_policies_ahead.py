"""A policy before it is put into force: what it changes, how many days it opens or closes, and taking it back."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from buchbar.booking import forms, policies
from buchbar.booking.models import Policy
from buchbar.booking.terms import DaysAfterBooking, Terms
from buchbar.calendar.release import Rolling
from tests.cast import BERLIN, NOW, assemble
from tests.clerks import become, colleague

DESK = "/diepholz/amt"
NEW_YEAR = date(2027, 1, 1)
SAME = Terms(release=Rolling(12), deadline=DaysAfterBooking(40), payment="required")


@pytest.fixture
def head(client, database, town):
    become(client, database, colleague(database, town, "head", "Frau Lenz"))


def made(database, town):
    """The policies beside the cast's."""
    with database.read() as session:
        return session.scalars(select(Policy).where(Policy.id != town.policy.id)).all()


def test_clicking_twice_makes_one_policy(posted, database, town, head, clock):
    typed = forms.typed(SAME, BERLIN, NEW_YEAR)
    for _click in range(2):
        assert posted(f"{DESK}/regelung", **typed).status_code == 303
        clock.now += timedelta(seconds=1)
    assert len(made(database, town)) == 1


def preview(posted, terms, valid_from=NEW_YEAR):
    page = posted(f"{DESK}/regelung/vorschau", **forms.typed(terms, BERLIN, valid_from)).text
    return " ".join(page[page.index('id="vorschau"') :].split())


def test_the_preview_says_what_differs_and_only_that(posted, head):
    seen = preview(posted, Terms(release=Rolling(12), deadline=DaysAfterBooking(40), payment="required", pay_days=7))
    assert re.findall("<dt>(.*?)</dt>", seen[: seen.index("</dl>")]) == ["Zeit zum Bezahlen"]
    assert "<del>14 Tage</del>" in seen and "<ins>7 Tage</ins>" in seen
    assert "sind dieselben Tage buchbar wie bisher" in seen
    assert "Nichts: Das gilt an diesem Tag schon." in preview(posted, SAME)


def test_the_preview_counts_the_days_on_which_there_are_weddings(posted, head):
    # A year on: the room is open from Mondays to Saturdays but for public holidays. January 2028 begins on a Saturday.
    more = preview(posted, Terms(release=Rolling(13), deadline=DaysAfterBooking(40), payment="required"))
    assert "Am Freitag, 1. Januar 2027: 26 Tage werden buchbar (03.01.2028 bis 01.02.2028)." in more
    fewer = preview(posted, Terms(release=Rolling(11), deadline=DaysAfterBooking(40), payment="required"))
    assert "25 Tage sind nicht mehr online buchbar (02.12.2027 bis 31.12.2027)" in fewer


def test_what_isnt_in_force_yet_is_withdrawn_and_nothing_of_it_holds(client, posted, database, head, town, clock):
    posted(f"{DESK}/regelung", **forms.typed(Terms(release=Rolling(1)), BERLIN, NEW_YEAR))
    (planned,) = made(database, town)
    assert f"/regelung/{planned.id}/rueckzug" in client.get(f"{DESK}/regelung").text
    for _twice in range(2):
        assert posted(f"{DESK}/regelung/{planned.id}/rueckzug").status_code == 303
    with database.read() as session:
        assert [each.id for each in policies.policies(session, town.town.id, "weddings")] == [town.policy.id]
    page = client.get(f"{DESK}/regelung").text
    assert "zurückgezogen von Frau Lenz" in page
    clock.now = NOW + timedelta(days=60)
    assert "ab 14.04.2027" not in client.get("/diepholz/hochzeit?tag=2027-05-14").text


def test_what_is_in_force_cant_be_withdrawn_nor_another_towns(posted, database, head, town):
    assert posted(f"{DESK}/regelung/{town.policy.id}/rueckzug").status_code == 409
    with database.write() as session:
        syke = assemble(session, slug="syke")
    assert posted(f"{DESK}/regelung/{syke.policy.id}/rueckzug").status_code == 404


def test_an_older_policy_is_the_pattern_for_a_new_one(client, posted, database, head, town):
    posted(f"{DESK}/regelung", **forms.typed(Terms(release=Rolling(12), pay_days=33), BERLIN, NEW_YEAR))
    (other,) = made(database, town)
    assert (
        'id="pay_days" name="pay_days" type="text" value="33"' in client.get(f"{DESK}/regelung?vorlage={other.id}").text
    )
    for nonsense in ("x", "00000000-0000-4000-8000-000000000000"):
        page = client.get(f"{DESK}/regelung?vorlage={nonsense}").text
        assert 'id="pay_days" name="pay_days" type="text" value="14"' in page
