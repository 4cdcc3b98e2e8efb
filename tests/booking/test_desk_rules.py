"""The pages by which clerks close, set rules, hand out calendars and enter by telephone; and who may do what."""

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from litestar.handlers import HTTPRouteHandler
from sqlalchemy import select

from buchbar.base.tokens import genuine
from buchbar.booking import forms
from buchbar.booking.models import Booking, BookingEvent, Policy
from buchbar.booking.terms import CancellationStep, DaysAfterBooking, EarlierOf, MonthsBeforeDate, Terms
from buchbar.booking.terms_in_words import in_words
from buchbar.booking.weddings.models import Wedding
from buchbar.calendar.release import FixedInstant, MonthlyFirstWorkingDay, Rolling
from buchbar.notices.models import Letter
from buchbar.resources.models import Closure, Feed
from tests.cast import BERLIN, FRIDAY, NOW, SATURDAY, SETTINGS, assemble, confirmed, slot_at
from tests.clerks import become, colleague

DESK = "/diepholz/amt"
TODAY = date(2026, 11, 23)
TERMS = [
    Terms(),
    Terms(
        release=MonthlyFirstWorkingDay(12, 480),
        lead_days=30,
        hold_minutes=15,
        proof_minutes=120,
        deadline=DaysAfterBooking(40),
        approval="none",
        payment="required",
        pay_days=7,
        cancellation=(CancellationStep(60, 100), CancellationStep(14, 50)),
        holds_per_address=1,
        reminder_days=(),
        retention_months=24,
        gate_foreign=False,
    ),
    Terms(
        release=FixedInstant(slot_at(date(2027, 1, 4), 8), date(2027, 12, 31)),
        deadline=EarlierOf(28, 5),
        approval="office_and_owner",
        payment="later",
        cancellation=(),
    ),
    Terms(release=FixedInstant(slot_at(date(2027, 7, 1), 0)), deadline=MonthsBeforeDate(5), payment="none"),
    Terms(release=Rolling(6, 0), cancellation=tuple(CancellationStep(days, days) for days in range(90, 0, -10))),
]


@pytest.fixture
def frau_sommer(client, database, town):
    become(client, database, town.clerk)
    return town.clerk


@pytest.fixture
def head(client, database, town):
    frau_lenz = colleague(database, town, "head", "Frau Lenz")
    become(client, database, frau_lenz)
    return frau_lenz


def all_of(database, model):
    with database.read() as session:
        return session.scalars(select(model)).all()


# --- Closures ---------------------------------------------------------------------------------------------


def close(posted, resource, **fields):
    return posted(f"{DESK}/sperrzeiten", **{"ressource": str(resource.id), "grund": "Betriebsausflug", **fields})


def test_a_venue_is_closed_for_a_day_and_nobody_can_book_it(client, posted, database, frau_sommer, town):
    assert close(posted, town.room, von_tag="2027-05-15").status_code == 303
    (closure,) = all_of(database, Closure)
    assert (closure.starts_at, closure.ends_at) == (slot_at(SATURDAY, 0), slot_at(date(2027, 5, 16), 0))
    page = client.get(f"{DESK}/sperrzeiten").text
    assert "Betriebsausflug" in page and "Sa. 15.05.2027, ganztags" in page
    assert "Trauzimmer im Rathaus" not in client.get(f"{DESK}/eintragen?tag=2027-05-15").text
    assert "Trauzimmer im Rathaus" in client.get(f"{DESK}/eintragen?tag=2027-05-14").text


def test_a_closure_from_and_to_a_time_is_lifted_again(client, posted, database, frau_sommer, town):
    registrar = town.registrars[0]
    times = {"von_tag": "14.05.2027", "bis_tag": "2027-05-15", "von_zeit": "13:00", "bis_zeit": "10:30"}
    assert close(posted, registrar, **times).status_code == 303
    (closure,) = all_of(database, Closure)
    assert (closure.starts_at, closure.ends_at) == (slot_at(FRIDAY, 13), slot_at(SATURDAY, 10, 30))
    assert posted(f"{DESK}/sperrzeiten/{closure.id}/aufhebung").status_code == 303
    assert all_of(database, Closure) == []
    assert "Zurzeit ist nichts gesperrt." in client.get(f"{DESK}/sperrzeiten").text


def test_bookings_in_the_way_are_named_and_nothing_is_closed(client, posted, database, frau_sommer, town):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
    answer = close(posted, town.room, von_tag="2027-05-10", bis_tag="2027-05-20")
    assert answer.status_code == 409
    assert f"{DESK}/buchung/{booking.id}" in answer.text and 'value="2027-05-10"' in answer.text
    assert all_of(database, Closure) == []


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("ressource", {"ressource": "x", "von_tag": "2027-05-15"}),
        ("von_tag", {"von_tag": ""}),
        ("bis_tag", {"von_tag": "2027-05-15", "bis_tag": "2027-05-14"}),
        ("bis_zeit", {"von_tag": "2027-05-15", "von_zeit": "12:00", "bis_zeit": "11:00"}),
        ("grund", {"von_tag": "2027-05-15", "grund": ""}),
        ("bis_tag", {"von_tag": "2020-05-15"}),
        ("von_tag", {"von_tag": "9999-12-31"}),
    ],
)
def test_what_cant_be_closed_is_said_beside_its_field(posted, database, frau_sommer, town, field, typed):
    answer = close(posted, town.room, **typed)
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text
    assert all_of(database, Closure) == []


def test_all_venues_are_closed_at_once_and_stand_in_one_row(client, posted, database, frau_sommer, town):
    assert posted(f"{DESK}/sperrzeiten", ressource="trauorte", grund="Feier", von_tag="2026-12-24").status_code == 303
    assert {each.resource_id for each in all_of(database, Closure)} == {town.room.id, town.mill.id}
    page = client.get(f"{DESK}/sperrzeiten").text
    assert "2 Trauorte" in page and page.count('<td data-label="Wann">Do. 24.12.2026, ganztags') == 1
    assert page.index('id="sperren"') < page.index('id="gesperrt"'), "the form comes first"
    first, _second = all_of(database, Closure)
    assert posted(f"{DESK}/sperrzeiten/{first.id}/aufhebung", alle="ja").status_code == 303
    assert all_of(database, Closure) == []


def test_one_of_several_closures_is_lifted_alone(posted, database, frau_sommer, town):
    posted(f"{DESK}/sperrzeiten", ressource="trauorte", grund="Feier", von_tag="2026-12-24")
    (room,) = [each for each in all_of(database, Closure) if each.resource_id == town.room.id]
    posted(f"{DESK}/sperrzeiten/{room.id}/aufhebung")
    assert [each.resource_id for each in all_of(database, Closure)] == [town.mill.id]


def test_a_booking_in_one_venue_keeps_all_of_them_open(posted, database, frau_sommer, town):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
    answer = posted(f"{DESK}/sperrzeiten", ressource="trauorte", grund="Feier", von_tag="2027-05-15")
    assert answer.status_code == 409 and booking.number in answer.text
    assert all_of(database, Closure) == []


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ({"bis_tag": "2027-05-16"}, "Sa. 15.05.2027 bis So. 16.05.2027, ganztags"),
        ({"von_zeit": "9:00", "bis_zeit": "12:30"}, "Sa. 15.05.2027, 09:00 bis 12:30 Uhr"),
        ({"von_zeit": "9:00"}, "Sa. 15.05.2027, 09:00 bis 24:00 Uhr"),
        ({"bis_tag": "2027-05-16", "bis_zeit": "8:00"}, "Sa. 15.05.2027, 00:00 Uhr bis So. 16.05.2027, 08:00 Uhr"),
    ],
)
def test_a_closure_says_when_as_people_do(client, posted, frau_sommer, town, times, words):
    assert close(posted, town.room, von_tag="2027-05-15", **times).status_code == 303
    assert words in client.get(f"{DESK}/sperrzeiten").text


def test_opening_rules_are_shown_in_words(client, frau_sommer):
    page = client.get(f"{DESK}/sperrzeiten").text
    assert "Montag bis Samstag, 9:00 bis 12:00 Uhr" in page
    assert "Freitag, Samstag, 10:00 bis 16:00 Uhr, vom 1.5. bis 30.9." in page


# --- Policy -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("terms", TERMS)
def test_terms_go_through_the_form_and_come_back_the_same(terms):
    day = date(2027, 1, 1)
    assert forms.read(forms.typed(terms, BERLIN, day), BERLIN, TODAY) == (terms, day)


@pytest.mark.parametrize("terms", TERMS[1:3])
def test_the_head_adopts_a_policy_by_the_page(client, posted, database, head, town, terms):
    typed = forms.typed(terms, BERLIN, date(2027, 1, 1))
    assert posted(f"{DESK}/regelung", **typed).status_code == 303
    (adopted,) = [policy for policy in all_of(database, Policy) if policy.id != town.policy.id]
    assert (adopted.terms, adopted.valid_from, adopted.made_by) == (terms, date(2027, 1, 1), "Frau Lenz")
    page = client.get(f"{DESK}/regelung").text
    assert "Ab Freitag, 1. Januar 2027" in page and "gilt noch nicht" in page


def test_a_policy_takes_effect_on_its_day(client, posted, clock, database, head):
    typed = forms.typed(Terms(release=Rolling(1)), BERLIN, date(2027, 1, 1))
    posted(f"{DESK}/regelung", **typed)
    day = "/diepholz/hochzeit?tag=2027-05-14"
    assert "ab 14.04.2027, 00:00 Uhr buchbar" not in client.get(day).text
    clock.now = NOW + timedelta(days=60)
    become(client, database, head, clock.now)
    page = client.get(f"{DESK}/regelung").text
    assert page.index("gilt heute") < page.index("abgelöst")
    assert "ab 14.04.2027, 00:00 Uhr buchbar" in client.get(day).text


def test_the_preview_says_when_the_last_of_august_opens_and_saves_nothing(posted, database, head):
    typed = forms.typed(Terms(release=Rolling(6, 480), deadline=DaysAfterBooking(40)), BERLIN, TODAY)
    page = posted(f"{DESK}/regelung/vorschau", **typed).text
    assert "Der 31.08.2028 wird am Dienstag, 29. Februar 2028 um 08:00 Uhr buchbar." in page
    assert "Wer ihn am 31.03.2028 reserviert, muss sich bis Mittwoch, 10. Mai 2028 anmelden." in page
    assert len(all_of(database, Policy)) == 1


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("valid_from", "2026-11-22"),
        ("release", "whenever"),
        ("release_months", "-1"),
        ("release_time", "24:00"),
        ("lead_days", "366"),
        ("hold_minutes", "0"),
        ("proof_minutes", "4"),
        ("deadline", ""),
        ("deadline_days", ""),
        ("approval", "everybody"),
        ("payment", "cash"),
        ("pay_days", "91"),
        ("holds_per_address", "0"),
        ("reminder_days", "14, soon"),
        ("retention_months", "0"),
        ("step_percent_1", "101"),
        ("step_days_2", ""),
    ],
)
def test_a_faulty_field_is_named_and_what_was_typed_stays(posted, database, head, field, typed):
    fields = forms.typed(Terms(deadline=DaysAfterBooking(40)), BERLIN, TODAY) | {"step_percent_2": "50"}
    fields |= {"step_days_2": "10", "holds_per_address": "7", field: typed}
    answer = posted(f"{DESK}/regelung", **fields)
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text
    assert field == "holds_per_address" or 'name="holds_per_address" type="text" value="7"' in answer.text
    assert len(all_of(database, Policy)) == 1


def test_a_deadline_by_months_ends_on_its_day_not_on_the_midnight_after(posted, head):
    typed = forms.typed(Terms(release=Rolling(12), deadline=MonthsBeforeDate(2)), BERLIN, TODAY)
    page = posted(f"{DESK}/regelung/vorschau", **typed).text
    assert "Wer ihn am 31.03.2028 reserviert, muss sich bis Freitag, 30. Juni 2028 anmelden." in page


def test_faults_have_names_and_stand_in_the_order_of_the_form(posted, head):
    typed = forms.typed(Terms(deadline=DaysAfterBooking(40)), BERLIN, TODAY)
    typed |= dict.fromkeys(("retention_months", "step_percent_1", "deadline_days", "release_time", "valid_from"), "x")
    page = posted(f"{DESK}/regelung", **typed).text
    faults = page[page.index('id="faults"') : page.index("<form", page.index('id="faults"'))]
    named = re.findall(r'href="#(\w+)">([^:<]+):', faults)
    assert [name for name, _label in named] == [
        *("valid_from", "release_time", "deadline_days", "step_percent_1", "retention_months")
    ]
    assert ("step_percent_1", "Zeile 1: Prozent") in re.findall(r'href="#(\w+)">(Zeile 1: Prozent)', faults)


def test_the_policy_in_force_is_said_in_full(client, database, frau_sommer, town):
    terms = Terms(
        release=MonthlyFirstWorkingDay(12, 480),
        hold_minutes=1,
        deadline=EarlierOf(40, 5),
        approval="office",
        payment="required",
        cancellation=(CancellationStep(14, 50),),
    )
    with database.write() as session:
        session.get_one(Policy, town.policy.id).terms = terms
    page = " ".join(client.get(f"{DESK}/regelung").text.split())
    for words in (
        "ein ganzer Monat am ersten Werktag, 12 Monate vorher, um 08:00 Uhr",
        ">1 Minute<",
        "60 Minuten",
        "spätestens 40 Tage nach der Reservierung oder 5 Monate vor dem Termin, was früher ist",
        "Das Amt",
        "Gilt erst, wenn bezahlt ist",
        "erlassen werden: bis 14 Tage vorher 50 %, danach nichts",
        "14 Tage, 3 Tage vorher",
        "höchstens 2",
        ">12 Monate<",
    ):
        assert words in page, words


@pytest.mark.parametrize("terms", TERMS)
def test_all_terms_can_be_said_in_words(terms):
    assert all(label and words for label, words in in_words(terms, BERLIN))


def test_what_a_choice_may_require_isnt_called_voluntary(client, head):
    assert "(freiwillig)" not in client.get(f"{DESK}/regelung").text


def test_two_steps_of_the_same_day_contradict_each_other(posted, head):
    fields = forms.typed(Terms(), BERLIN, TODAY) | {"step_days_2": "0", "step_percent_2": "50"}
    assert 'id="step_days_2-error"' in posted(f"{DESK}/regelung", **fields).text


def test_a_registrar_reads_the_policy_but_does_not_set_it(client, posted, database, frau_sommer):
    page = client.get(f"{DESK}/regelung").text
    assert "gilt heute" in page and "Neue Regelung" not in page
    answer = posted(f"{DESK}/regelung", **forms.typed(Terms(), BERLIN, TODAY))
    assert answer.status_code == 403 and len(all_of(database, Policy)) == 1


# --- Calendars --------------------------------------------------------------------------------------------


def test_a_feed_is_made_shown_with_its_address_and_revoked(client, posted, database, frau_sommer, town):
    assert posted(f"{DESK}/abos", ressource=str(town.registrars[0].id), einzelheiten="names").status_code == 303
    (feed,) = all_of(database, Feed)
    assert (feed.details, feed.created_by) == ("names", "Frau Sommer")
    page = client.get(f"{DESK}/abos").text
    token = page.partition('data-copy="http://testserver.local/kalender/')[2].partition(".ics")[0]
    assert genuine(token, SETTINGS.secret, "feed", feed.id) and "8 bis 24 Stunden" in page
    assert posted(f"{DESK}/abos/{feed.id}/widerruf").status_code == 303
    assert all_of(database, Feed)[0].revoked_at == NOW
    assert "Noch gibt es kein Abo." in client.get(f"{DESK}/abos").text


def test_a_feed_of_nothing_or_of_another_towns_is_refused(posted, database, frau_sommer):
    with database.write() as session:
        syke = assemble(session, slug="syke")
    for resource_id in ("", "x", str(syke.room.id)):
        assert posted(f"{DESK}/abos", ressource=resource_id).status_code == 422
    assert all_of(database, Feed) == []


# --- By telephone -----------------------------------------------------------------------------------------

COUPLE = {"partner_one": "Cem Kaya", "partner_two": "Doris Ohlsen", "guests": "12", "phone": "05441 777"}
COUPLE |= {"channel": "telephone"}


def hold(posted, town, start):
    answer = posted(f"{DESK}/eintragen", termin=f"{town.room.id}/{start.isoformat()}", tag="2027-05-14")
    assert answer.status_code == 303
    return answer.headers["location"]


def test_a_clerk_enters_a_couple_by_telephone_also_before_the_release(client, posted, database, frau_sommer, town):
    far = date(2028, 5, 19)  # a Friday beyond the release
    assert "09:00 Uhr, Trauzimmer im Rathaus" in client.get(f"{DESK}/eintragen?tag={far}").text
    form = hold(posted, town, slot_at(far, 9))
    assert "Vorgemerkt bis 10:20 Uhr" in client.get(form).text
    assert posted(form, **COUPLE, foreign="ja").status_code == 303
    (booking,) = all_of(database, Booking)
    assert (booking.state, booking.channel, booking.email) == ("payable", "telephone", "")
    (wedding,) = all_of(database, Wedding)
    assert (wedding.names, wedding.guests, wedding.foreign) == ("Cem Kaya & Doris Ohlsen", 12, True)
    assert [letter.kind for letter in all_of(database, Letter) if letter.paper] == ["payable"]
    page = client.get(f"{DESK}/buchung/{booking.id}").text
    assert "Prüfung ausländischen Rechts" in page and "am Telefon" in page


def test_too_many_guests_are_refused_with_the_number_that_fits(client, posted, frau_sommer, town):
    form = hold(posted, town, slot_at(FRIDAY, 9))
    assert "Höchstens 20 an diesem Ort" in client.get(form).text
    answer = posted(form, **COUPLE | {"guests": "21"})
    assert answer.status_code == 422 and "von 0 bis 20." in answer.text
    assert not re.search(r"\b500\b", answer.text), "nor any larger number, though one may stand inside a token"


def test_what_is_missing_is_said_and_the_slot_stays_held(client, posted, database, frau_sommer, town):
    form = hold(posted, town, slot_at(FRIDAY, 9))
    for faulty, field in (
        ({**COUPLE, "partner_two": ""}, "partner_two"),
        ({**COUPLE, "guests": "21"}, "guests"),
        ({**COUPLE, "email": "doris"}, "email"),
    ):
        answer = posted(form, **faulty)
        assert answer.status_code == 422 and f'id="{field}-error"' in answer.text and "Cem Kaya" in answer.text
    (booking,) = all_of(database, Booking)
    assert booking.state == "held" and all_of(database, Wedding) == []


def test_a_slot_that_was_held_on_the_telephone_is_given_back(client, posted, database, frau_sommer, town):
    form = hold(posted, town, slot_at(FRIDAY, 9))
    assert posted(f"{form}/freigabe").headers["location"] == f"{DESK}/eintragen"
    assert hold(posted, town, slot_at(FRIDAY, 9))
    assert client.get(form, follow_redirects=False).status_code == 303


def test_only_a_hold_is_given_back_that_way(posted, database, frau_sommer, town):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(FRIDAY, 9))
    assert posted(f"{DESK}/eintragen/{booking.id}/freigabe").status_code == 409


def test_a_slot_is_chosen_from_those_there_are(posted, database, frau_sommer, town):
    for nonsense in ("", "x", f"{town.room.id}/tomorrow"):
        answer = posted(f"{DESK}/eintragen", termin=nonsense, tag="2027-05-14")
        assert answer.status_code == 422 and "09:00 Uhr, Trauzimmer" in answer.text
    beside = f"{town.room.id}/{slot_at(FRIDAY, 9, 10).isoformat()}"
    assert posted(f"{DESK}/eintragen", termin=beside).status_code == 409
    assert all_of(database, Booking) == []


# --- Who may do what --------------------------------------------------------------------------------------


def routes_of_the_desk(app):
    """Method and address of all that stands below /{town}/amt, but for signing in."""
    some = str(uuid4())
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            if not isinstance(handler, HTTPRouteHandler) or "/amt" not in route.path:
                continue
            path = route.path
            for part in route.path_parameters.values():
                path = path.replace(f"{{{part.full}}}", "diepholz" if part.type is str else some)
            for method in handler.http_methods - {"HEAD", "OPTIONS"}:
                if not path.startswith(f"{DESK}/anmelden") and path != f"{DESK}/abmelden":
                    yield str(method), path


def ask(client, posted, method, path):
    return posted(path) if method == "POST" else client.get(path, follow_redirects=False)


def test_no_page_of_the_desk_answers_who_is_not_signed_in(app, client, posted, town):
    walked = list(routes_of_the_desk(app))
    assert len(walked) >= 24
    for method, path in walked:
        answer = ask(client, posted, method, path)
        there = answer.headers.get("location", "").partition("?")[0]
        assert (answer.status_code, there) == (303, f"{DESK}/anmelden"), path


def test_no_page_of_the_desk_answers_another_towns_clerk(app, client, posted, database, town):
    with database.write() as session:
        syke = assemble(session, slug="syke")
    become(client, database, syke.clerk)
    for method, path in routes_of_the_desk(app):
        assert ask(client, posted, method, path).status_code == 404, path


def test_an_auditor_changes_nothing(app, client, posted, database, town):
    become(client, database, colleague(database, town, "auditor"))
    for method, path in routes_of_the_desk(app):
        if method == "POST" and not path.startswith(f"{DESK}/zugang"):  # but their own access
            assert ask(client, posted, method, path).status_code == 403, path


def test_an_auditor_sees_everything_and_no_button(client, database, town):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
    become(client, database, colleague(database, town, "auditor"))
    for page in ("", "/buchungen", f"/buchung/{booking.id}", "/sperrzeiten", "/regelung", "/abos"):
        answer = client.get(f"{DESK}{page}")
        assert answer.status_code == 200
        assert answer.text.count('method="post"') == answer.text.count(f'action="{DESK}/abmelden"') == 1, page
    assert client.get(f"{DESK}/eintragen").status_code == 403


def test_bookings_closures_and_feeds_of_another_town_are_not_found(client, posted, database, frau_sommer):
    with database.write() as session:
        syke = assemble(session, slug="syke")
        booking = confirmed(session, syke, slot_at(SATURDAY, 9))
        closure = Closure(
            id=uuid4(),
            municipality_id=syke.town.id,
            resource_id=syke.room.id,
            starts_at=NOW,
            ends_at=NOW + timedelta(days=1),
            reason="x",
            closed_by="x",
            closed_at=NOW,
        )
        feed = Feed(id=uuid4(), municipality_id=syke.town.id, resource_id=syke.room.id, created_by="x", created_at=NOW)
        session.add_all([closure, feed])
    assert client.get(f"{DESK}/buchung/{booking.id}").status_code == 404
    for noun in ("zustimmung", "ablehnung", "stornierung", "anmeldung", "verlaengerung", "verlegung"):
        assert posted(f"{DESK}/buchung/{booking.id}/{noun}", partei="office").status_code == 404
    assert posted(f"{DESK}/eintragen/{booking.id}").status_code == 404
    assert posted(f"{DESK}/eintragen/{booking.id}/freigabe").status_code == 404
    assert posted(f"{DESK}/sperrzeiten/{closure.id}/aufhebung").status_code == 404
    assert posted(f"{DESK}/abos/{feed.id}/widerruf").status_code == 404
    assert close(posted, syke.room, von_tag="2027-05-15").status_code == 404
    assert booking.number not in client.get(f"{DESK}/buchungen?zustand=alle").text
    assert len(all_of(database, BookingEvent)) == len(booking_events(database, booking))


def booking_events(database, booking):
    return [event for event in all_of(database, BookingEvent) if event.booking_id == booking.id and event.at == NOW]
