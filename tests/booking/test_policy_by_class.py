"""The policy of a journey in which user classes differ: its form, its words, its preview."""

from datetime import date

import pytest

from buchbar.base.errors import Invalid
from buchbar.booking import forms, policies
from buchbar.booking.terms import CancellationStep, ClassTerms, EarlierOf, Terms
from buchbar.booking.terms_in_words import in_words
from buchbar.calendar.release import MonthlyFirstWorkingDay, Rolling
from tests.cast import BERLIN
from tests.clerks import become, colleague

TODAY = date(2026, 11, 23)
HALLS = Terms(
    release=MonthlyFirstWorkingDay(3, 480),
    lead_days=2,
    approval="office",
    payment="later",
    cancellation=(CancellationStep(7, 100),),
    books=False,
    series=False,
    shortest_minutes=60,
    longest_minutes=180,
    week_minutes=90,
    public_names=True,
    code_hours=48,
    door_days=7,
    classes=(
        ClassTerms(name="school", books=True, approval="none", payment="none"),
        ClassTerms(
            name="club",
            books=True,
            series=True,
            release=MonthlyFirstWorkingDay(12, 480),
            lead_days=0,
            shortest_minutes=30,
            longest_minutes=240,
            week_minutes=0,
        ),
    ),
)


@pytest.mark.parametrize("terms", [HALLS, Terms(), Terms(release=Rolling(6, 0), series=True)])
def test_the_form_makes_the_terms_that_it_shows(terms):
    assert forms.read(forms.typed(terms, BERLIN, TODAY), BERLIN, TODAY, True) == (terms, TODAY)


def test_what_only_weddings_have_is_not_read_for_halls():
    wedding = forms.typed(Terms(deadline=EarlierOf(40, 5), gate_foreign=False), BERLIN, TODAY)
    assert forms.read(wedding, BERLIN, TODAY, True)[0] == Terms()


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("shortest_minutes", "1"),
        ("longest_minutes", "45"),
        ("week_minutes", "viel"),
        ("week_minutes", "169"),
        ("code_hours", "0"),
        ("club_longest_minutes", "20"),
        ("club_lead_days", "-1"),
        ("outside_approval", "office_and_owner"),
        ("outside_books", "vielleicht"),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field(field, typed):
    with pytest.raises(Invalid) as fault:
        forms.read(forms.typed(HALLS, BERLIN, TODAY) | {field: typed}, BERLIN, TODAY, True)
    assert list(fault.value.fields) == [field]


def test_a_class_that_is_too_short_for_everybodys_longest_is_told_so():
    with pytest.raises(Invalid) as fault:
        forms.read(forms.typed(HALLS, BERLIN, TODAY) | {"outside_shortest_minutes": "240"}, BERLIN, TODAY, True)
    assert list(fault.value.fields) == ["outside_longest_minutes"]


def test_every_term_is_said_in_words():
    said = dict(in_words(HALLS, BERLIN, True))
    assert said["Dauer"] == "1 Stunde bis 3 Stunden" and said["Höchstens je Woche"] == "90 Minuten"
    assert said["Für Vereine aus dem Ort"] == (
        "online buchbar: ja; in Serien: ja; ein ganzer Monat am ersten Werktag, 12 Monate vorher, um 08:00 Uhr; "
        "Vorlauf: keiner; mindestens 30 Minuten; höchstens 4 Stunden; je Woche: so viel, wie frei ist"
    )
    assert said["Für Auswärtige"] == "wie für alle"
    assert "Anmeldung" not in said and "Dauer" not in dict(in_words(Terms(), BERLIN))


def test_the_head_sets_rules_for_halls_and_sees_before_what_they_do(client, posted, database, town):
    become(client, database, colleague(database, town, "head"))
    page = client.get("/diepholz/amt/regelung?bereich=halls").text
    assert 'name="club_months"' in page and 'name="door_days"' in page
    assert not any(f'name="{name}"' in page for name in ("deadline", "gate_foreign", "owner_reminder_days"))
    assert "Trauort" not in page and "Paar" not in page
    weddings = client.get("/diepholz/amt/regelung").text
    assert 'name="deadline"' in weddings and 'name="club_months"' not in weddings
    typed = forms.typed(HALLS, BERLIN, TODAY) | {"bereich": "halls"}
    preview = " ".join(posted("/diepholz/amt/regelung/vorschau", **typed).text.split())
    assert "Der 31.08.2028 ist nicht online buchbar." in preview
    assert "Für Vereine aus dem Ort: Der 31.08.2028 wird am Montag, 2. August 2027 um 08:00 Uhr buchbar." in preview
    assert posted("/diepholz/amt/regelung", **typed).status_code == 303
    with database.read() as session:
        assert policies.policies(session, town.town.id, "halls")[0].terms == HALLS
        assert len(policies.policies(session, town.town.id, "weddings")) == 1
    page = client.get("/diepholz/amt/regelung?bereich=halls").text
    assert page.count("abweichend") == 2 and "Für Vereine aus dem Ort" in page


def test_each_office_sees_its_own_rules_only(client, database, town):
    become(client, database, colleague(database, town, "sports"))
    assert "Regelung: Sporthallen" in client.get("/diepholz/amt/regelung").text
    assert client.get("/diepholz/amt/regelung?bereich=weddings").status_code == 404
    become(client, database, town.clerk)
    assert client.get("/diepholz/amt/regelung?bereich=halls").status_code == 404
