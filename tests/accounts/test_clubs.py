"""Clubs ask to be let book, the office decides, and those who manage them say who books."""

import re
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from sqlalchemy import delete, func, select

from buchbar.accounts import account, approval, membership
from buchbar.accounts.clubs import Invitation, Member, Organisation, organisations_of
from buchbar.accounts.models import Municipality, Revision
from buchbar.accounts.people import Person
from buchbar.base.errors import Invalid, Refused
from buchbar.notices.models import Letter
from tests.cast import NOW, assemble
from tests.citizens import become_citizen, person
from tests.clerks import become, colleague, counted

APPLY = "/diepholz/hallen/verein"
SV = {"name": "SV Hagewede", "kind": "club", "proof": "VR 1234", "email": "sv@example.org"}


def apply_for(database, town, who, **more):
    with database.write() as session:
        values = SV | {"street": "", "city": "", "phone": ""} | more
        return approval.apply(session, session.merge(town.town), session.merge(who), values, NOW)


@pytest.fixture
def kim(database, town):
    return person(database, "kim@example.org", "Kim Weber")


@pytest.fixture
def club(database, town, kim):
    """SV Hagewede, approved, managed by Kim."""
    made = apply_for(database, town, kim)
    with database.write() as session:
        found = approval.organisation_to_change(session, town.town, made.id)
        approval.decide(session, found, "approve", NOW, "Herr Lange", user_class="club")
    return made


@pytest.fixture
def lange(client, database, town):
    clerk = colleague(database, town, "sports", "Herr Lange")
    become(client, database, clerk)
    return clerk


def mails(database, kind=None):
    with database.read() as session:
        letters = session.scalars(select(Letter).order_by(Letter.written_at, Letter.id)).all()
    return [(letter.to_address, letter.subject) for letter in letters if kind in (None, letter.kind)]


def member_of(database, club, who):
    with database.read() as session:
        mine = Member.organisation_id == club.id, Member.person_id == who.id
        return session.scalar(select(Member).where(*mine))


def books_for(database, town, who):
    with database.read() as session:
        return [each.name for each in organisations_of(session, town.town, who)]


def join(client, posted, database, club, who):
    """Kim's invitation is accepted by somebody."""
    link = re.search(r"/konto/einladung/[\w-]{43}", invitation_text(database, who.email))[0]
    become_citizen(client, database, who)
    return posted(link)


def invitation_text(database, email):
    with database.read() as session:
        letters = select(Letter.text).where(Letter.kind == "club_invitation", Letter.to_address == email)
        return session.scalars(letters).all()[-1]


def test_a_club_applies_the_office_approves_and_then_it_may_book(client, posted, database, town, kim, lange):
    with database.write() as session:
        session.merge(town.town).sports_email = "sport@example.org"
    assert "Anmelden und Antrag stellen" in client.get(APPLY).text
    become_citizen(client, database, kim)
    assert 'value="kim@example.org"' in client.get(APPLY).text
    answer = posted(APPLY, **SV)
    assert (answer.status_code, "/konto/verein/" in answer.headers["location"]) == (303, True)
    assert "Wir prüfen Ihren Antrag" in client.get(answer.headers["location"]).text
    assert books_for(database, town, kim) == []
    with database.read() as session:
        made = session.scalars(select(Organisation)).one()
    desk = f"/diepholz/amt/vereine/{made.id}"
    assert "SV Hagewede" in client.get("/diepholz/amt/vereine?stand=applied&suche=hage").text
    assert "VR 1234" in client.get(desk).text
    for _time in range(2):
        assert posted(f"{desk}/zulassung", user_class="local").status_code == 303
    assert books_for(database, town, kim) == ["SV Hagewede"]
    assert "andere aus dem Ort" in client.get(desk).text
    assert sorted(mails(database)) == [
        ("kim@example.org", "Ihr Antrag ist eingegangen: SV Hagewede"),
        ("kim@example.org", "SV Hagewede kann jetzt Hallen buchen"),
        ("sport@example.org", "Ein Verein möchte Hallen buchen"),
    ]
    with database.read() as session:
        made = session.get_one(Organisation, made.id)
        assert (made.state, made.user_class, made.decided_by) == ("approved", "local", "Herr Lange")


def test_a_name_is_there_once_in_a_town_whatever_its_case_but_not_in_the_next(database, town, kim, posted, client):
    club = apply_for(database, town, kim)
    become_citizen(client, database, person(database, "lou@example.org"))
    answer = posted(APPLY, **SV | {"name": "  sv  HAGEWEDE "})
    assert answer.status_code == 422 and "schon jemand eingetragen" in answer.text
    with database.write() as session:
        syke = assemble(session, slug="syke")
    assert apply_for(database, syke, kim).municipality_id == syke.town.id
    with database.write() as session:
        approval.decide(session, session.get_one(Organisation, club.id), "refuse", NOW, "Herr Lange", reason="falsch")
    assert posted(APPLY, **SV).status_code == 303, "what was refused doesn't keep the name"
    with database.write() as session, pytest.raises(Invalid):
        again = session.get_one(Organisation, club.id)
        approval.decide(session, again, "approve", NOW, "Herr Lange", user_class="club")


def test_of_ten_who_apply_under_one_name_at_once_one_does(database, town):
    people = [person(database, f"p{number}@example.org") for number in range(10)]

    def attempt(who):
        try:
            return apply_for(database, town, who)
        except Invalid:
            return None

    with ThreadPoolExecutor(10) as pool:
        assert len([made for made in pool.map(attempt, people) if made]) == 1


def test_refused_and_blocked_clubs_read_why_and_do_not_book(client, posted, database, town, kim, club, lange):
    desk = f"/diepholz/amt/vereine/{club.id}"
    answer = posted(f"{desk}/sperrung", reason=" ")
    assert answer.status_code == 422 and "Bitte füllen Sie dieses Feld aus." in answer.text
    assert posted(f"{desk}/sperrung", reason="Halle verwüstet").status_code == 303
    assert books_for(database, town, kim) == []
    become_citizen(client, database, kim)
    assert "Halle verwüstet" in client.get(f"/konto/verein/{club.id}").text
    assert posted(f"/konto/verein/{club.id}/einladung", email="lou@example.org", role="booker").status_code == 409
    assert posted(f"{desk}/ablehnung", reason="x").status_code == 409
    assert posted(f"{desk}/freigabe").status_code == 303
    assert books_for(database, town, kim) == ["SV Hagewede"]
    page = client.get(desk).text
    assert "Herr Lange" in page and "gesperrt" in page
    subjects = [subject for _to, subject in mails(database, "club")]
    assert "SV Hagewede kann zurzeit nicht buchen" in subjects and "SV Hagewede kann wieder Hallen buchen" in subjects


def test_the_office_enters_a_school_puts_it_right_and_invites_who_books(client, posted, database, town, lange):
    school = {"name": "Grundschule", "kind": "school", "user_class": "school", "email": "", "phone": "", "proof": ""}
    answer = posted("/diepholz/amt/vereine/neu", **school)
    page = answer.headers["location"].split("?")[0]
    assert posted(page, **school | {"name": "Grundschule Mitte"}).status_code == 303
    assert posted(page, **school | {"name": ""}).status_code == 422
    assert posted(f"{page}/einladung", wen="nobody", role="manager").status_code == 422
    assert posted(f"{page}/einladung", wen="lou@example.org", role="manager").status_code == 303
    lou = person(database, "lou@example.org")
    assert join(client, posted, database, None, lou).status_code == 303
    assert books_for(database, town, lou) == ["Grundschule Mitte"]
    assert mails(database, "club") == [], "nobody managed it when it was put right"
    with database.read() as session:
        kept = session.scalars(select(Revision).where(Revision.subject == "organisation").order_by(Revision.made_at))
        assert [each.made_by for each in kept] == ["Herr Lange"] * 2


def test_who_is_invited_books_and_who_is_removed_does_not_any_more(client, posted, database, town, kim, club):
    lou, page = person(database, "lou@example.org", "Lou Meyer"), f"/konto/verein/{club.id}"
    become_citizen(client, database, kim)
    assert posted(f"{page}/einladung", email="Lou@example.org", role="booker").status_code == 303
    assert "lou@example.org" in client.get(page).text
    link = re.search(r"/konto/einladung/[\w-]{43}", invitation_text(database, lou.email))[0]
    assert "ging an eine andere Adresse" in client.get(link).text
    assert posted(link).status_code == 409, "only whom it went to"
    client.cookies.delete("konto")
    assert "Melden Sie sich dazu mit der Adresse lou@example.org an" in client.get(link).text
    assert join(client, posted, database, club, lou).status_code == 303
    assert books_for(database, town, lou) == ["SV Hagewede"]
    assert posted(link).status_code == 404, "once"
    shown = client.get(page).text
    assert "Lou" not in shown and "kim@example.org" not in shown, "the list of members is for managers"
    become_citizen(client, database, kim)
    assert posted(f"{page}/mitglied/{member_of(database, club, lou).id}/entfernung").status_code == 303
    assert books_for(database, town, lou) == []
    become_citizen(client, database, lou)
    assert client.get(page).status_code == 404
    assert ("lou@example.org", "Sie buchen nicht mehr für SV Hagewede") in mails(database)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_an_invitation_that_was_taken_back_or_is_old_does_not_hold(client, posted, database, clock, kim, club):
    page = f"/konto/verein/{club.id}"
    become_citizen(client, database, kim)
    for _again in range(2):
        posted(f"{page}/einladung", email="lou@example.org", role="booker")
    with database.read() as session:
        (invitation,) = session.scalars(select(Invitation))
    lou = person(database, "lou@example.org")
    clock.now = NOW + membership.INVITED_FOR
    assert join(client, posted, database, club, lou).status_code == 404
    clock.now = NOW
    become_citizen(client, database, kim)
    assert posted(f"{page}/einladung/{invitation.id}/ruecknahme").status_code == 303
    assert join(client, posted, database, club, lou).status_code == 404


@pytest.mark.parametrize("kind", ["sqlite"])
def test_strangers_and_members_who_do_not_manage_change_nothing(client, posted, database, town, kim, club):
    lou, zoe = person(database, "lou@example.org"), person(database, "zoe@example.org")
    with database.write() as session:
        organisation = session.get_one(Organisation, club.id)
        membership.add(session, organisation, session.merge(lou), "booker", NOW, "Kim Weber")
        syke = assemble(session, slug="syke")
    other = apply_for(database, syke, zoe, name="TuS Syke")
    kims = member_of(database, club, kim).id
    forms = ["einladung", f"einladung/{uuid4()}/ruecknahme", f"mitglied/{kims}/rolle", f"mitglied/{kims}/entfernung"]
    filled = {"email": "x@example.org", "role": "booker"}
    become_citizen(client, database, zoe)
    assert client.get(f"/konto/verein/{club.id}").status_code == 404
    assert [posted(f"/konto/verein/{club.id}/{form}", **filled).status_code for form in forms] == [404] * 4
    assert posted(f"/konto/verein/{club.id}/austritt").status_code == 404
    become_citizen(client, database, lou)
    assert [posted(f"/konto/verein/{club.id}/{form}", **filled).status_code for form in forms] == [403] * 4
    become_citizen(client, database, kim)
    zoes = member_of(database, other, zoe).id
    assert posted(f"/konto/verein/{club.id}/mitglied/{zoes}/entfernung").status_code == 404
    assert member_of(database, club, kim).role == "manager" and member_of(database, other, zoe)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_the_sports_office_sees_its_own_towns_clubs_and_the_registry_office_none(
    client, posted, database, town, kim, club
):
    with database.write() as session:
        syke = assemble(session, slug="syke")
    other = apply_for(database, syke, kim, name="TuS Syke")
    become(client, database, colleague(database, town, "sports", "Herr Lange"))
    assert client.get(f"/diepholz/amt/vereine/{other.id}").status_code == 404
    assert posted(f"/diepholz/amt/vereine/{other.id}/zulassung", user_class="club").status_code == 404
    assert "TuS Syke" not in client.get("/diepholz/amt/vereine").text
    become(client, database, colleague(database, town, "auditor", "Frau Prüfer"))
    assert "VR 1234" in client.get(f"/diepholz/amt/vereine/{club.id}").text
    assert posted(f"/diepholz/amt/vereine/{club.id}/sperrung", reason="x").status_code == 403
    become(client, database, town.clerk)
    assert client.get("/diepholz/amt/vereine").status_code == 403
    assert client.get(f"/diepholz/amt/vereine/{club.id}").status_code == 403


def test_the_last_manager_stays_until_somebody_else_is_one(client, posted, database, town, kim, club):
    lou, page = person(database, "lou@example.org", "Lou Meyer"), f"/konto/verein/{club.id}"
    become_citizen(client, database, kim)
    assert posted(f"{page}/austritt").status_code == 409
    posted(f"{page}/einladung", email="lou@example.org", role="booker")
    join(client, posted, database, club, lou)
    become_citizen(client, database, kim)
    assert posted(f"{page}/austritt").status_code == 409
    assert "Noch geht das nicht" in client.get("/konto/loeschung").text
    assert posted("/konto/loeschung").status_code == 409
    assert posted(f"{page}/mitglied/{member_of(database, club, lou).id}/rolle", role="manager").status_code == 303
    assert posted(f"{page}/austritt").headers["location"] == "/konto?erledigt=ausgetreten"
    assert member_of(database, club, kim) is None and books_for(database, town, lou) == ["SV Hagewede"]
    assert ("lou@example.org", "Sie verwalten jetzt SV Hagewede") in mails(database)


def test_two_managers_who_remove_each_other_at_once_leave_one(database, town, kim, club):
    lou = person(database, "lou@example.org")
    with database.write() as session:
        organisation = session.get_one(Organisation, club.id)
        membership.add(session, organisation, session.merge(lou), "manager", NOW, "Kim Weber")
    both = [member_of(database, club, who).id for who in (kim, lou)]

    def remove(member_id):
        with database.write() as session:
            organisation = session.get_one(Organisation, club.id)
            try:
                membership.remove(session, organisation, member_id, NOW)
            except Refused:
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, both)) == [False, True]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Member)) == 1


def test_with_the_account_goes_what_nobody_else_stands_behind(database, town, kim, club):
    waiting = apply_for(database, town, kim, name="Neuer Verein")
    with database.write() as session:
        account.delete_account(session, session.get_one(Person, kim.id), NOW)
    with database.read() as session:
        assert session.get(Person, kim.id) is None
        assert session.get(Organisation, waiting.id) is None, "an application without an applicant"
        assert session.get_one(Organisation, club.id).state == "approved", "the office sees to it"
        rows = "".join(
            str(tuple(row))
            for table in (Member, Revision, Organisation)
            for row in session.execute(select(table.__table__))
        )
        assert "Kim" not in rows and "kim" not in rows
        assert session.scalar(select(func.count()).select_from(Member)) == 0


@pytest.mark.parametrize("kind", ["sqlite"])
def test_nobody_fills_the_offices_list(database, town, kim):
    for number in range(approval.MOST_WAITING):
        apply_for(database, town, kim, name=f"Verein {number}")
    with pytest.raises(Refused):
        apply_for(database, town, kim, name="Noch einer")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_county_has_no_clubs(client, database, town):
    with database.write() as session:
        session.add(Municipality(slug="landkreis", name="Landkreis", kind="county", land="NI"))
    assert client.get("/landkreis/hallen/verein").status_code == 404


@pytest.mark.parametrize("kind", ["sqlite"])
def test_only_a_demonstration_names_who_may_sign_in_and_never_a_visitor(client, database, town, club):
    with database.write() as session:
        lou = Person(id=uuid4(), email="lou@gmail.com", made_at=NOW)
        session.add(lou)
        session.flush()
        membership.add(session, session.get_one(Organisation, club.id), lou, "booker", NOW, "Kim Weber")
    assert "kim@example.org" not in client.get("/konto/anmelden").text
    with database.write() as session:
        session.merge(town.town).demonstration = True
    page = client.get("/konto/anmelden").text
    assert "kim@example.org" in page and "gmail" not in page


def test_who_manages_a_club_keeps_its_address_and_the_office_sees_it(client, posted, database, club, kim, lange):
    page = f"/konto/verein/{club.id}/angaben"
    become_citizen(client, database, person(database, "zoe@example.org"))
    assert (client.get(page).status_code, posted(page, email="x@example.org").status_code) == (404, 404)
    become_citizen(client, database, kim)
    answer = posted(page, email="sv", street="Am Weg 1", name="Anderer Verein")
    assert answer.status_code == 422 and 'value="Am Weg 1"' in answer.text
    assert posted(page, email="neu@example.org", street="Am Weg 1", name="Anderer Verein").status_code == 303
    seen = client.get(f"/diepholz/amt/vereine/{club.id}").text
    assert "neu@example.org" in seen and "der Verein selbst" in seen and "Anderer Verein" not in seen


def test_a_clerk_and_who_accepts_an_invitation_do_not_wait_for_each_other(database, town, kim, club):
    lou = person(database, "lou@example.org")
    with database.write() as session:
        organisation = session.get_one(Organisation, club.id)
        invitation = membership.invite(session, organisation, lou.email, "booker", NOW, "Kim Weber")

    def accept():
        with database.write() as session:
            found, own = session.get_one(Invitation, invitation.id), session.get_one(Person, lou.id)
            membership.accept(session, found, own, NOW)

    def remove():
        with database.write() as session:
            organisation = approval.organisation_to_change(session, town.town, club.id)
            with pytest.raises(Refused):
                membership.remove(session, organisation, member_of(database, club, kim).id, NOW)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(accept), pool.submit(remove)]:
            done.result()
    assert books_for(database, town, lou) == ["SV Hagewede"]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_long_list_of_clubs_takes_no_more_questions(client, database, town, kim, lange):
    def ask():
        with counted(database) as sent:
            assert client.get("/diepholz/amt/vereine").status_code == 200
        return len(sent)

    with database.write() as session:
        for number in range(60):
            values = SV | {"name": f"Verein {number}", "street": "", "city": "", "phone": "", "user_class": "club"}
            approval.enter(session, session.merge(town.town), values, NOW, "Herr Lange")
    ask()  # the first look is kept in the audit trail
    many = ask()
    with database.write() as session:
        session.execute(delete(Revision).where(Revision.subject == "organisation"))
        session.execute(delete(Organisation).where(Organisation.name != "Verein 0"))
    assert ask() == many
