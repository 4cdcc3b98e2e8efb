"""What a town sets itself: dated edits, their history, their undo."""

from collections.abc import Callable
from datetime import date, timedelta
from threading import Thread
from uuid import uuid4

import pytest
from sqlalchemy import select

from buchbar.accounts import revisions
from buchbar.accounts.models import Municipality, Revision
from buchbar.accounts.revisions import apply_all_due, apply_due, differences, differences_of, edit, history, undo
from buchbar.base.errors import NotFound, Refused
from buchbar.booking.weddings.edits import SITE, VENUE
from buchbar.resources.models import Site, Venue
from tests.cast import NOW, assemble, slot_at
from tests.clerks import become, colleague

TODAY = date(2026, 11, 23)
NEW_YEAR = date(2027, 1, 1)
MIDNIGHT = slot_at(NEW_YEAR, 0)
SOON = timedelta(minutes=1)


@pytest.fixture
def change(session, cast) -> Callable[..., Revision | None]:
    """Frau Sommer edits the room."""

    def make(valid_from=TODAY, at=NOW, by="Frau Sommer", **values):
        return edit(session, cast.town, VENUE, cast.room, values, valid_from=valid_from, at=at, by=by)

    return make


def test_an_edit_of_today_holds_at_once_and_knows_what_was_before(session, cast, change):
    revision = change(persons=30, summary="Unter Linden")
    assert (cast.room.persons, cast.room.summary) == (30, "Unter Linden")
    assert revision.applied_at == NOW
    assert (revision.before, revision.values) == (
        {"persons": 22, "summary": ""},
        {"persons": 30, "summary": "Unter Linden"},
    )


def test_an_edit_that_changes_nothing_is_none(session, cast, change):
    assert change(persons=22) is None
    assert history(session, VENUE, cast.room.id) == []


def test_only_what_changed_is_kept(session, cast, change):
    assert change(persons=30, name=cast.room.name).values == {"persons": 30}


def test_a_planned_edit_waits_for_midnight_on_the_wall(session, cast, change):
    revision = change(NEW_YEAR, persons=30)
    assert cast.room.persons == 22 and revision.applied_at is None
    assert apply_due(session, MIDNIGHT - SOON) == 0 and cast.room.persons == 22
    assert apply_due(session, MIDNIGHT) == 1 and cast.room.persons == 30
    assert revision.applied_at == MIDNIGHT
    assert apply_due(session, MIDNIGHT + SOON) == 0


def test_planned_edits_are_applied_in_the_order_of_their_days(session, cast, change):
    change(NEW_YEAR + timedelta(days=1), persons=50)
    change(NEW_YEAR, NOW + SOON, persons=30)
    assert apply_due(session, MIDNIGHT + timedelta(days=2)) == 2
    assert cast.room.persons == 50


def test_a_planned_edit_remembers_what_it_really_replaced(session, cast, change):
    planned = change(NEW_YEAR, persons=30)
    change(at=NOW + SOON, persons=25)
    apply_due(session, MIDNIGHT)
    assert planned.before == {"persons": 25}
    undo(session, cast.town, planned, MIDNIGHT + SOON, "Frau Sommer")
    assert cast.room.persons == 25


def test_a_planned_edit_can_be_withdrawn_and_then_never_comes(session, cast, change):
    revision = change(NEW_YEAR, persons=30)
    for _click in range(2):
        undo(session, cast.town, revision, NOW + SOON, "Herr Winter")
    assert (revision.withdrawn_at, revision.withdrawn_by) == (NOW + SOON, "Herr Winter")
    assert apply_due(session, MIDNIGHT) == 0 and cast.room.persons == 22


def test_an_undo_is_an_edit_too_and_can_be_undone(session, cast, change):
    first = change(persons=30)
    undo(session, cast.town, first, NOW + SOON, "Herr Winter")
    assert cast.room.persons == 22
    back = history(session, VENUE, cast.room.id)[0]
    assert (back.undoes_id, back.made_by, back.values) == (first.id, "Herr Winter", {"persons": 22})
    undo(session, cast.town, back, NOW + 2 * SOON, "Frau Sommer")
    assert cast.room.persons == 30


def test_an_undo_that_comes_too_late_is_refused(session, cast, change):
    first = change(persons=30)
    change(at=NOW + SOON, persons=40)
    with pytest.raises(Refused, match="inzwischen wieder geändert"):
        undo(session, cast.town, first, NOW + 2 * SOON, "Frau Sommer")
    assert cast.room.persons == 40


def test_an_undo_leaves_alone_what_others_changed_beside_it(session, cast, change):
    first = change(persons=30)
    change(at=NOW + SOON, summary="Unter Linden")
    undo(session, cast.town, first, NOW + 2 * SOON, "Frau Sommer")
    assert (cast.room.persons, cast.room.summary) == (22, "Unter Linden")


def test_what_was_put_in_has_nothing_before_it(session, cast):
    made = revisions.created(session, cast.town, VENUE, cast.room, at=NOW, by="Frau Sommer")
    assert made.values["persons"] == 22 and made.applied_at == NOW
    with pytest.raises(Refused, match="weil es davor nichts gab"):
        undo(session, cast.town, made, NOW + SOON, "Frau Sommer")


def test_the_history_is_the_rows_own_newest_first(session, cast, change):
    change(persons=30)
    change(at=NOW + SOON, persons=31)
    edit(session, cast.town, VENUE, cast.mill, {"persons": 9}, valid_from=TODAY, at=NOW, by="Frau Sommer")
    assert [each.values["persons"] for each in history(session, VENUE, cast.room.id)] == [31, 30]


def test_differences_are_said_in_words_before_and_after(session, cast, change):
    said = [(each.label, each.before, each.after) for each in differences_of(VENUE, cast.room, {"step_free": False})]
    assert said == [("Stufenlos", "ja", "nein")]
    revision = change(step_free=False, length_minutes=45)
    assert [(each.label, each.before, each.after) for each in differences(revision)] == [
        ("Stufenlos", "ja", "nein"),
        ("Dauer der Trauung", "30 Minuten", "45 Minuten"),
    ]


def test_of_long_lists_only_what_differs_is_said(session, cast, change):
    change(house_rules=["Kein Reis", "Kein Konfetti"])
    rules = revisions.current(VENUE, cast.room)["rules"]
    assert rules and differences_of(VENUE, cast.room, {"rules": []})[0].after == ""
    assert "Montag bis Samstag" in differences_of(VENUE, cast.room, {"rules": []})[0].before


def test_what_is_personal_leaves_the_history_with_the_audit_trail(session, cast):
    def made(days, valid_from=TODAY, **values):
        at = NOW + timedelta(days=days)
        return edit(session, cast.town, VENUE, cast.mill, values, valid_from=valid_from, at=at, by="Frau Sommer").id

    mixed = made(0, owner_name="Erna Alt", owner_email="erna@example.org", persons=41)
    only = made(1, owner_email="emil@example.org")
    taken_back = session.get_one(Revision, only)
    undo(session, cast.town, taken_back, NOW + timedelta(days=200), "Frau Sommer")
    later = made(201, owner_name="Enno Neu")
    planned = made(2, date(2029, 1, 1), owner_name="Ella Dann")
    revisions.forget(session, slot_at(date(2027, 11, 24), 2))
    session.expire_all()
    assert session.get(Revision, only), "kept for twelve months, to the day"
    revisions.forget(session, slot_at(date(2027, 11, 25), 2))
    session.expire_all()
    left = {each.id: (each.values, each.before) for each in history(session, VENUE, cast.mill.id)}
    assert left[mixed] == ({"persons": 41}, {"persons": 40}) and only not in left
    assert left[later][0] == {"owner_name": "Enno Neu"} and left[planned][0] == {"owner_name": "Ella Dann"}
    assert len(left) == 4, "the undo is younger, and stays"


def test_another_towns_revision_is_not_found(session, cast, change):
    revision = change(persons=30)
    syke = assemble(session, slug="syke")
    for town, found in ((cast.town, revision.id), (syke.town, revision.id), (cast.town, uuid4())):
        if (town, found) == (cast.town, revision.id):
            assert revisions.revision_of(session, town, found) is revision
        else:
            with pytest.raises(NotFound):
                revisions.revision_of(session, town, found)


def test_each_town_has_its_own_midnight(session, cast, change):
    cast.town.zone_name = "America/New_York"
    session.flush()
    change(NEW_YEAR, persons=30)
    assert apply_due(session, MIDNIGHT) == 0
    assert apply_due(session, MIDNIGHT + timedelta(hours=6)) == 1


def test_a_row_that_is_gone_holds_up_nobody(session, cast, change):
    change(NEW_YEAR, persons=30)
    site = Site(municipality_id=cast.town.id, name="Kiosk")
    session.add(site)
    session.flush()
    edit(session, cast.town, SITE, site, {"name": "Laden"}, valid_from=NEW_YEAR, at=NOW - SOON, by="Frau Sommer")
    session.delete(site)
    session.flush()
    assert apply_due(session, MIDNIGHT) == 1 and cast.room.persons == 30


def test_an_applied_edit_raises_the_version_by_which_pages_are_kept(database, town):
    with database.write() as session:
        ours, room = session.get_one(Municipality, town.town.id), session.get_one(Venue, town.room.id)
        edit(session, ours, VENUE, room, {"persons": 30}, valid_from=NEW_YEAR, at=NOW, by="Frau Sommer")
        before = ours.version
    apply_all_due(database, MIDNIGHT)
    with database.read() as session:
        assert session.get_one(Municipality, town.town.id).version > before


def test_two_processes_apply_a_planned_edit_once(database, town):
    with database.write() as session:
        ours, room = session.get_one(Municipality, town.town.id), session.get_one(Venue, town.room.id)
        edit(session, ours, VENUE, room, {"persons": 30}, valid_from=NEW_YEAR, at=NOW, by="Frau Sommer")
    done: list[int] = []
    racers = [Thread(target=lambda: done.append(apply_all_due(database, MIDNIGHT))) for _process in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(done) == [0, 1]


def test_one_edit_that_cant_be_applied_keeps_no_other_waiting(client, posted, database, town):
    with database.write() as session:
        ours = session.get_one(Municipality, town.town.id)
        syke = assemble(session, slug="syke")
        for number, place in enumerate((town.room, town.mill)):
            row = session.get_one(Venue, place.id)
            made = {"valid_from": NEW_YEAR, "at": NOW + number * SOON, "by": "Frau Sommer"}
            edit(session, ours, VENUE, row, {"slug": "schloss"}, **made)
        theirs = edit(session, syke.town, VENUE, syke.room, {"persons": 9}, **made | {"at": NOW + 2 * SOON}).id
    assert apply_all_due(database, MIDNIGHT) == 2
    with database.read() as session:
        assert session.get_one(Revision, theirs).applied_at == MIDNIGHT
        assert session.get_one(Venue, town.mill.id).slug == "muehle"
    become(client, database, colleague(database, town, "head", "Frau Lenz"))
    assert "geplant ab 01.01.2027" in client.get(f"/diepholz/amt/trauorte/{town.mill.id}").text


def test_what_is_overdue_says_so(client, database, town, clock):
    with database.write() as session:
        ours, room = session.get_one(Municipality, town.town.id), session.get_one(Venue, town.room.id)
        edit(session, ours, VENUE, room, {"persons": 30}, valid_from=NEW_YEAR, at=NOW, by="Frau Sommer")
    clock.now = MIDNIGHT + timedelta(days=1)
    become(client, database, colleague(database, town, "head", "Frau Lenz"), clock.now)
    for page in (f"trauorte/{town.room.id}", "aenderungen"):
        text = client.get(f"/diepholz/amt/{page}").text
        assert "fällig seit 01.01.2027" in text and "ließ sich bisher nicht vornehmen" in text


def test_a_name_in_the_address_that_another_has_taken_isnt_taken_back(session, cast, change):
    renamed = change(slug="neu")
    edit(session, cast.town, VENUE, cast.mill, {"slug": "rathaus"}, valid_from=TODAY, at=NOW, by="Frau Sommer")
    with pytest.raises(Refused, match="Wassermühle"), session.begin_nested():
        undo(session, cast.town, renamed, NOW + SOON, "Frau Sommer")
    session.expire_all()
    assert cast.room.slug == "neu"


def test_two_clerks_who_undo_the_same_at_once_undo_it_once(database, town):
    with database.write() as session:
        ours, room = session.get_one(Municipality, town.town.id), session.get_one(Venue, town.room.id)
        first = edit(session, ours, VENUE, room, {"persons": 30}, valid_from=TODAY, at=NOW, by="Frau Sommer")
    refused: list[str] = []

    def take_back(name):
        try:
            with database.write() as session:
                ours = session.get_one(Municipality, town.town.id)
                undo(session, ours, session.get_one(Revision, first.id), NOW + SOON, name)
        except Refused as refusal:
            refused.append(refusal.sentence)

    racers = [Thread(target=take_back, args=[name]) for name in ("Frau Sommer", "Herr Winter")]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    with database.read() as session:
        assert session.get_one(Venue, town.room.id).persons == 22
        assert len(session.scalars(select(Revision)).all()) == 2
    assert len(refused) == 1
