"""Opening times and duties at the desk: rules from a day on, days that differ, and what both do to what is booked."""

import re
from datetime import date

import pytest
from sqlalchemy import select

from buchbar.accounts.models import AuditEntry, Municipality, Revision
from buchbar.booking import retention
from buchbar.booking.models import Booking
from buchbar.booking.weddings.timetable import timetable
from buchbar.calendar.rules import DayException, WeeklyRule
from buchbar.resources.models import OpeningException, Registrar, Resource
from buchbar.resources.opening_edits import days_of, rules_of
from tests.cast import BERLIN, FRIDAY, SATURDAY, confirmed, slot_at
from tests.clerks import become, colleague

DESK = "/diepholz/amt"
RULE = {"von": "13:00", "bis": "16:00", "gilt_ab": "2027-05-01", "wochen": "1"}


@pytest.fixture
def head(client, database, town):
    clerk = colleague(database, town, "head", "Frau Herbst")
    become(client, database, clerk)
    return clerk


@pytest.fixture
def times(town):
    return f"{DESK}/trauorte/{town.room.id}/zeiten"


@pytest.fixture
def duties(town):
    return f"{DESK}/standesbeamte/{town.registrars[0].id}/dienste"


def rules(database, resource):
    with database.read() as session:
        return rules_of(session.get_one(Resource, resource.id))


def days(database, resource):
    with database.read() as session:
        return [(each.exception, each.note) for each in days_of(session.get_one(Resource, resource.id))]


def hours_on(database, town, day):
    with database.read() as session:
        slots = timetable(session, session.get_one(Municipality, town.town.id)).slots_on(day)
        return [slot.span.start.astimezone(BERLIN).strftime("%H:%M") for slot in slots if slot.venue.slug == "rathaus"]


def first_rule(client, page):
    return re.search(r"\?regel=([0-9a-f-]{36})", client.get(page).text)[1]


def test_a_new_rule_is_seen_first_then_saved_and_offered_at_once(client, posted, database, town, head, times):
    fields = RULE | {"tage": ["4", "5"]}
    answer = posted(f"{times}/regel/vorschau", **fields)
    assert "Das ändert sich" in answer.text and "Freitag, Samstag, 13:00 bis 16:00 Uhr, ab 01.05.2027" in answer.text
    assert "mehr" in answer.text and len(rules(database, town.room)) == 1
    assert posted(f"{times}/regel", **fields).status_code == 303
    assert hours_on(database, town, FRIDAY) == ["09:00", "09:45", "10:30", "11:15", "13:00", "13:45", "14:30", "15:15"]
    assert "Rückgängig" in client.get(times).text


def test_every_part_of_a_rule_arrives(posted, database, town, head, times):
    posted(
        f"{times}/regel",
        tage=["5"],
        von="10:00",
        bis="00:00",
        gilt_ab="2027-01-01",
        gilt_bis="2028-12-31",
        saison_von="1.5.",
        saison_bis="30.09.",
        wochen="2",
        anker="2027-05-01",
        nth=["1", "-1"],
        feiertage="ja",
    )
    assert WeeklyRule(
        frozenset({5}), 600, 1440, date(2027, 1, 1), date(2028, 12, 31), (5, 1), (9, 30), 2, date(2027, 5, 1),
        frozenset({1, -1}), True,
    ) in rules(database, town.room)  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"tage": []}, "mindestens einen Wochentag"),
        ({"bis": "12:00"}, "Das Ende liegt vor dem Anfang."),
        ({"von": "25:00"}, "Bitte eine Uhrzeit wie 18:30"),
        ({"gilt_bis": "2027-04-01"}, "Das Ende liegt vor dem Anfang."),
        ({"saison_von": "31.2."}, "Bitte Tag und Monat wie 1.5."),
        ({"saison_von": "1.5."}, "Eine Saison hat einen ersten und letzten Tag."),
        ({"wochen": "2"}, "einen Tag aus einer Woche"),
        ({"wochen": "0"}, "Bitte eine ganze Zahl von 1 bis 52."),
    ],
)
def test_a_rule_that_makes_no_sense_gets_its_sentence(posted, database, town, head, times, typed, sentence):
    for path in ("regel/vorschau", "regel"):
        answer = posted(f"{times}/{path}", **(RULE | {"tage": ["4"]} | typed))
        assert answer.status_code == 422 and sentence in answer.text
    assert len(rules(database, town.room)) == 1


def test_a_changed_rule_holds_from_its_day_and_the_old_one_until_then(client, posted, database, town, head, times):
    named = first_rule(client, times)
    assert "Bisher:" in client.get(f"{times}?regel={named}").text
    fields = RULE | {"tage": ["4"], "regel": named, "gilt_ab": "2027-05-14"}
    assert posted(f"{times}/regel", **fields).status_code == 303
    assert hours_on(database, town, date(2027, 5, 7)) == ["09:00", "09:45", "10:30", "11:15"]
    assert hours_on(database, town, FRIDAY) == ["13:00", "13:45", "14:30", "15:15"]
    assert posted(f"{times}/regel", **fields).status_code == 409  # the rule is another one now


def test_a_rule_ends_and_what_stands_after_it_is_shown_and_stays(client, posted, database, town, head, times):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(FRIDAY, 9))
    named = first_rule(client, times)
    answer = posted(f"{times}/ende/vorschau", regel=named, letzter_tag="2027-04-30")
    assert f"{DESK}/buchung/{booking.id}" in answer.text and "außerhalb der neuen Zeiten" in answer.text
    assert posted(f"{times}/ende", regel=named, letzter_tag="2027-04-30").status_code == 303
    assert rules(database, town.room)[0].valid_until == date(2027, 4, 30)
    assert hours_on(database, town, FRIDAY) == []
    with database.read() as session:
        assert session.get_one(Booking, booking.id).state == booking.state
    assert posted(f"{times}/ende", regel=named, letzter_tag="2020-01-01").status_code in (409, 422)


def test_leave_is_entered_as_a_range_seen_with_whom_it_hits_and_lifted(client, posted, database, town, head, duties):
    with database.write() as session:
        for registrar in session.scalars(select(Registrar).where(Registrar.id == town.registrars[1].id)):
            registrar.venues = []  # so the other one is on it
        session.flush()
        booking = confirmed(session, town, slot_at(FRIDAY, 9))
    leave = {"erster": "2027-05-10", "letzter": "2027-05-16", "art": "zu", "grund": "Urlaub"}
    answer = posted(f"{duties}/tage/vorschau", **leave)
    assert "Mo. 10.05.2027 bis So. 16.05.2027: geschlossen" in answer.text and booking.number in answer.text
    assert posted(f"{duties}/tage", **leave).status_code == 303
    assert len(days(database, town.registrars[0])) == 7
    assert "(Urlaub)" in client.get(duties).text
    assert hours_on(database, town, SATURDAY) == []
    assert posted(f"{duties}/aufhebung", erster="2027-05-10", letzter="2027-05-16").status_code == 303
    assert days(database, town.registrars[0]) == []


def test_selected_saturdays_have_hours_of_their_own(posted, database, town, head, times):
    saturdays = {"erster": "2027-05-01", "letzter": "2027-05-31", "nur": ["5"], "art": "offen", "ab": "14:00"}
    assert posted(f"{times}/tage", **saturdays, ende="15:00").status_code == 303
    assert [each[0].day.day for each in days(database, town.room)] == [1, 8, 15, 22, 29]
    assert hours_on(database, town, SATURDAY) == ["14:00"]
    posted(f"{times}/tage", erster="2027-05-15", art="offen", ab="09:00", ende="10:00", dazu="ja")
    assert hours_on(database, town, SATURDAY) == ["09:00", "14:00"]
    posted(f"{times}/tage", erster="2027-05-15", art="zu")  # instead of what was said
    assert days(database, town.room)[2] == (DayException(SATURDAY), "")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"erster": "2020-05-10"}, "Dieser Tag ist vorbei."),
        ({"letzter": "2027-05-01"}, "Das Ende liegt vor dem Anfang."),
        ({"letzter": "2029-05-01"}, "höchstens ein Jahr"),
        ({"art": "offen"}, "Bitte eine Uhrzeit wie 18:30"),
        ({"art": "vielleicht"}, "Bitte wählen Sie eine der Möglichkeiten."),
        ({"nur": ["6"]}, "fällt in der Zeit kein Tag"),
    ],
)
def test_days_that_make_no_sense_get_their_sentence(posted, database, town, head, times, typed, sentence):
    answer = posted(f"{times}/tage", **({"erster": "2027-05-10", "letzter": "2027-05-12", "art": "zu"} | typed))
    assert answer.status_code == 422 and sentence in answer.text
    assert days(database, town.room) == []


def test_days_and_rules_are_undone_each_as_a_whole(posted, database, town, head, duties):
    posted(f"{duties}/tage", erster="2027-05-10", letzter="2027-05-16", art="zu", grund="Urlaub")
    posted(f"{duties}/regel", **RULE, tage=["6"])
    with database.read() as session:
        first = next(each for each in session.scalars(select(Revision)) if "days" in each.values)
    assert posted(f"{DESK}/aenderungen/{first.id}/ruecknahme").status_code == 303
    assert days(database, town.registrars[0]) == [] and len(rules(database, town.registrars[0])) == 2


def test_who_was_slower_sees_what_the_other_entered(client, posted, database, town, head, duties):
    stand = re.search(r'name="stand" value="([0-9a-f]+)"', client.get(duties).text)[1]
    become(client, database, colleague(database, town, "registrar", "Herr Lenz"))
    posted(f"{duties}/tage", erster="2027-05-10", art="zu", stand=stand)
    become(client, database, head)
    answer = posted(f"{duties}/tage", erster="2027-05-11", art="zu", stand=stand)
    assert answer.status_code == 409 and "Herr Lenz hat inzwischen gespeichert" in answer.text
    assert [each[0].day.day for each in days(database, town.registrars[0])] == [10]


def test_a_registrar_enters_days_and_leaves_the_rules_to_the_head(client, posted, database, town, duties):
    become(client, database, town.clerk)
    assert "/tage/vorschau" in client.get(duties).text and "/regel/vorschau" not in client.get(duties).text
    assert posted(f"{duties}/tage", erster="2027-05-10", art="zu").status_code == 303
    assert posted(f"{duties}/regel", **RULE, tage=["6"]).status_code == 403


def test_why_somebody_is_away_is_not_for_everybody_and_that_it_was_read_is_kept(client, posted, database, town, duties):
    become(client, database, town.clerk)
    posted(f"{duties}/tage", erster="2027-05-10", art="zu", grund="krank")
    assert "krank" in client.get(duties).text
    with database.read() as session:
        words = session.scalars(select(AuditEntry.words)).all()
    assert "Dienste und Abwesenheiten angesehen" in words and "Abweichende Tage eingetragen" in words
    for page in (f"{DESK}/standesbeamte/{town.registrars[0].id}", f"{DESK}/aenderungen"):
        assert "krank" not in client.get(page).text


def test_what_is_long_over_is_forgotten_in_the_history_too(posted, client, database, town, duties):
    become(client, database, town.clerk)
    posted(f"{duties}/tage", erster="2026-11-30", art="zu", grund="krank")
    posted(f"{duties}/tage", erster="2027-05-10", art="zu", grund="Urlaub")
    with database.write() as session:
        retention.tidy(session, slot_at(date(2027, 2, 28), 12))
        assert len(session.scalars(select(OpeningException)).all()) == 2
    with database.write() as session:
        retention.tidy(session, slot_at(date(2027, 3, 1), 12))
    with database.read() as session:
        assert [row.note for row in session.scalars(select(OpeningException))] == ["Urlaub"]
        assert "krank" not in str([(each.values, each.before) for each in session.scalars(select(Revision))])
        last = session.scalars(select(Revision).order_by(Revision.made_at.desc(), Revision.id)).all()
    head = colleague(database, town, "head")
    become(client, database, head)
    urlaub = next(each for each in last if "Urlaub" in str(each.values))
    assert posted(f"{DESK}/aenderungen/{urlaub.id}/ruecknahme").status_code == 303
    assert days(database, town.registrars[0]) == []


def test_every_form_of_the_page_leads_to_a_route_of_it(client, app, town, head, duties, times):
    for page in (duties, times):
        actions = set(re.findall(r'<form method="post" action="([^"]+)"', client.get(page).text))
        own = {action.removeprefix(page) for action in actions if action.startswith(page)}
        assert {"/regel/vorschau", "/ende/vorschau", "/tage/vorschau", "/kalender/vorschau"} <= own
        assert not [action for action in actions if not action.startswith(DESK)]
