"""Who works at a desk: taken on, changed, let go, and never the last one who could."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep

import pytest
from sqlalchemy import select

from buchbar.accounts import revisions, second_factor, staff
from buchbar.accounts.models import Clerk, Municipality, RecoveryCode, Revision, SecondFactor, SignIn
from buchbar.base.errors import Invalid, Refused
from buchbar.notices.models import Letter
from tests.cast import NOW, assemble
from tests.clerks import become, code_in_mail, colleague

DESK = "/diepholz/amt"
PAGE = f"{DESK}/mitarbeitende"


@pytest.fixture
def boss(client, database, town):
    """Frau Quast administers the system in Diepholz, and is signed in."""
    clerk = colleague(database, town, "administrator", name="Frau Quast")
    become(client, database, clerk)
    return clerk


def fresh(database, clerk):
    with database.read() as session:
        return session.get_one(Clerk, clerk.id)


def test_somebody_new_is_invited_and_signs_in(client, posted, database, town, boss):
    typed = {"name": "Herr Özdemir", "email": "Oezdemir@Diepholz.example.org", "role": "registrar"}
    answer = posted(PAGE, **typed)
    assert answer.status_code == 303
    page = client.get(answer.headers["location"]).text
    assert "Die Einladung ist unterwegs" in page and "Herr Özdemir" in page and "neu angelegt" in page
    with database.read() as session:
        letter = session.scalars(select(Letter)).one()
    assert (letter.to_address, letter.kind) == ("oezdemir@diepholz.example.org", "invitation")
    assert "http://testserver.local/diepholz/amt" in letter.text and "Frau Quast" in letter.text
    asked = posted(f"{DESK}/anmelden", email="OEZDEMIR@diepholz.example.org").text
    asked = re.search(r'name="anfrage" value="([^"]+)"', asked)[1]
    assert posted(f"{DESK}/anmelden/code", anfrage=asked, code=code_in_mail(database)).status_code == 303
    become(client, database, boss)
    assert "noch nie" in client.get(PAGE).text and "23.11.2026" in client.get(PAGE).text


@pytest.mark.parametrize(
    ("field", "typed"),
    [("name", ""), ("email", "x"), ("email", "sommer@diepholz.example.org"), ("role", "county"), ("role", "king")],
)
def test_what_is_typed_wrongly_is_said_beside_the_field(posted, database, boss, field, typed):
    fields = {"name": "Herr Vogt", "email": "vogt@diepholz.example.org", "role": "head", field: typed}
    answer = posted(PAGE, **fields)
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text
    assert field == "name" or 'value="Herr Vogt"' in answer.text


def test_an_address_of_another_towns_clerk_is_taken_too(session, cast):
    assemble(session, slug="syke")
    with pytest.raises(Invalid):
        staff.take_on(session, cast.town, "Herr Vogt", "SOMMER@syke.example.org", "head", NOW, "Frau Quast")


def test_a_role_is_changed_seen_in_the_history_and_taken_back(client, posted, database, town, boss):
    mine = f"{PAGE}/{town.clerk.id}"
    fields = {"name": "Frau Sommer-Winter", "email": town.clerk.email, "role": "head"}
    assert posted(mine, **fields).headers["location"] == f"{mine}?getan=gespeichert"
    assert (fresh(database, town.clerk).role, fresh(database, town.clerk).name) == ("head", "Frau Sommer-Winter")
    page = client.get(mine).text
    assert "<del>Standesamt</del>" in page and "<ins>Leitung</ins>" in page
    with database.read() as session:
        revision = session.scalars(select(Revision)).one()
    assert posted(f"{DESK}/aenderungen/{revision.id}/ruecknahme", von=mine).headers["location"] == mine
    assert (fresh(database, town.clerk).role, fresh(database, town.clerk).name) == ("registrar", "Frau Sommer")


def test_a_head_takes_no_role_back(client, posted, database, town, boss):
    head = colleague(database, town, "administrator", name="Herr Kühn")
    posted(f"{PAGE}/{head.id}", name="Herr Kühn", email=head.email, role="head")
    become(client, database, head)
    with database.read() as session:
        revision = session.scalars(select(Revision)).one()
    assert "/ruecknahme" not in client.get(f"{DESK}/aenderungen").text
    assert posted(f"{DESK}/aenderungen/{revision.id}/ruecknahme").status_code == 403
    assert fresh(database, head).role == "head"


def test_who_is_let_go_is_out_at_once_and_can_come_back(client, posted, database, town, boss):
    token = become(client, database, town.clerk)
    become(client, database, boss)
    assert posted(f"{PAGE}/{town.clerk.id}/sperrung").status_code == 303
    assert "gesperrt" in client.get(PAGE).text
    client.cookies.delete("amt")
    client.cookies.set("amt", token)
    assert client.get(DESK, follow_redirects=False).status_code == 303
    with database.read() as session:
        assert session.scalars(select(SignIn.clerk_id)).all() != [] and session.get(SignIn, token) is None
        assert session.scalar(select(SignIn).where(SignIn.clerk_id == town.clerk.id)) is None
    become(client, database, boss)
    assert posted(f"{PAGE}/{town.clerk.id}/freigabe").status_code == 303
    assert fresh(database, town.clerk).active


def test_nothing_of_a_second_factor_is_kept_of_who_left(session, cast):
    colleague = Clerk(municipality_id=cast.town.id, name="x", email="x@example.org", role="administrator")
    session.add(colleague)
    second_factor.begin(session, cast.clerk, NOW)
    second_factor.new_recovery_codes(session, cast.clerk)
    let_go(session, cast.town, cast.clerk)
    assert session.scalars(select(SecondFactor)).all() == session.scalars(select(RecoveryCode)).all() == []


def test_who_takes_an_edit_back_and_who_edits_wait_for_each_other_in_one_order(posted, database, town, boss):
    with database.write() as session:
        staff.edit(session, town.town, session.get_one(Clerk, town.clerk.id), {"role": "head"}, NOW, "x")
        revision = session.scalars(select(Revision)).one()
    with ThreadPoolExecutor(1) as other:
        with database.write() as session:
            clerk = staff.clerk_of(session, town.town, town.clerk.id)
            answer = other.submit(posted, f"{DESK}/aenderungen/{revision.id}/ruecknahme")
            sleep(0.4)  # by now it waits, and must not have the clerk's row
            staff.edit(session, town.town, clerk, {"name": "Frau S."}, NOW, "x")
        assert answer.result().status_code == 303
    assert (fresh(database, town.clerk).name, fresh(database, town.clerk).role) == ("Frau S.", "registrar")


def test_a_new_address_ends_the_sessions_of_the_old_one(client, posted, database, town, boss):
    become(client, database, town.clerk)
    become(client, database, boss)
    fields = {"name": "Frau Sommer", "email": "winter@diepholz.example.org", "role": "registrar"}
    assert posted(f"{PAGE}/{town.clerk.id}", **fields).status_code == 303
    with database.read() as session:
        assert session.scalar(select(SignIn).where(SignIn.clerk_id == town.clerk.id)) is None
    taken = fields | {"email": boss.email}
    assert 'id="email-error"' in posted(f"{PAGE}/{town.clerk.id}", **taken).text


def test_nobody_changes_their_own_role_or_locks_themselves_out(client, posted, database, boss):
    own = f"{PAGE}/{boss.id}"
    page = client.get(own).text
    assert 'name="role"' not in page and "/sperrung" not in page
    assert posted(own, name="Frau Quast-Meyer", role="registrar", email="x@y.example").status_code == 303
    kept = fresh(database, boss)
    assert (kept.name, kept.role, kept.email) == ("Frau Quast-Meyer", "administrator", boss.email)
    for noun in ("sperrung", "zweiter-faktor"):
        assert posted(f"{own}/{noun}").status_code == 409


def test_another_towns_clerk_is_not_found(posted, client, database, boss):
    with database.write() as session:
        syke = assemble(session, slug="syke")
    assert client.get(f"{PAGE}/{syke.clerk.id}").status_code == 404
    for noun in ("", "/sperrung", "/freigabe", "/einladung", "/zweiter-faktor"):
        assert posted(f"{PAGE}/{syke.clerk.id}{noun}").status_code == 404


def test_the_second_factor_is_reset_for_who_lost_the_telephone(client, posted, database, town, boss):
    with database.write() as session:
        clerk = session.get_one(Clerk, town.clerk.id)
        second_factor.begin(session, clerk, NOW)
        session.get_one(SecondFactor, clerk.id).confirmed_at = NOW
        second_factor.new_recovery_codes(session, clerk)
    assert "zurücksetzen" in client.get(f"{PAGE}/{town.clerk.id}").text
    assert posted(f"{PAGE}/{town.clerk.id}/zweiter-faktor").status_code == 303
    with database.read() as session:
        assert not session.get_one(Clerk, town.clerk.id).enrolled
    assert "zurücksetzen" not in client.get(f"{PAGE}/{town.clerk.id}").text


def test_the_town_demands_a_second_factor_and_takes_that_back(client, posted, database, town, boss):
    assert posted(f"{PAGE}/regeln", second_factor="ja").status_code == 303
    assert client.get(PAGE, follow_redirects=False).headers["location"] == f"{DESK}/zugang"
    with database.write() as session:
        revision = session.scalars(select(Revision)).one()
        revisions.undo(session, session.get_one(Municipality, town.town.id), revision, NOW, "Frau Quast")
    assert client.get(PAGE).status_code == 200


# --- Somebody must be left ------------------------------------------------------------------------------


def let_go(session, town, clerk):
    staff.edit(session, town, clerk, {"active": False}, NOW, "x")


def test_the_last_administrator_stays(session, cast):
    last = staff.take_on(session, cast.town, "Frau Quast", "quast@diepholz.example.org", "administrator", NOW, "x")
    with pytest.raises(Refused):
        let_go(session, cast.town, last)
    with pytest.raises(Refused):
        staff.edit(session, cast.town, last, {"role": "head"}, NOW, "x")
    staff.take_on(session, cast.town, "Herr Kühn", "kuehn@diepholz.example.org", "administrator", NOW, "x")
    let_go(session, cast.town, last)
    assert not last.active


def test_a_town_that_its_county_looks_after_needs_no_administrator(session, cast):
    county = Municipality(slug="landkreis", name="Landkreis", kind="county", land="NI")
    session.add(county)
    session.flush()
    cast.town.county_id = county.id
    last = staff.take_on(session, cast.town, "Frau Quast", "quast@diepholz.example.org", "administrator", NOW, "x")
    with pytest.raises(Refused):
        let_go(session, cast.town, last)
    guard = staff.take_on(session, county, "Frau Niemann", "niemann@landkreis.example.org", "county", NOW, "x")
    let_go(session, cast.town, last)
    with pytest.raises(Refused):
        let_go(session, county, guard)


def test_two_administrators_who_let_each_other_go_at_once_dont_both_succeed(database, town):
    both = [colleague(database, town, "administrator", name=name) for name in ("Frau Quast", "Herr Kühn")]

    def leave(clerk):
        try:
            with database.write() as session:
                mine = session.get_one(Municipality, town.town.id)
                let_go(session, mine, staff.clerk_of(session, mine, clerk.id))
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(leave, both)) == [False, True]


def test_of_two_who_take_the_same_address_on_at_once_one_is_told(database, town):
    def add(name):
        try:
            with database.write() as session:
                mine = session.get_one(Municipality, town.town.id)
                staff.take_on(session, mine, name, "neu@diepholz.example.org", "head", NOW + timedelta(0), "x")
        except Invalid:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(add, "ABCD")) == [False, False, False, True]
