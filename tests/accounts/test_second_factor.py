"""The second factor: setting it up, signing in with it, and what nobody may do with a code."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import pyotp
import pytest
from sqlalchemy import func, select

from buchbar.accounts import second_factor, sign_in
from buchbar.accounts.models import AuditEntry, Clerk, Municipality, RecoveryCode, SecondFactor, SecondStep, SignIn
from buchbar.base import sealed
from buchbar.base.errors import Refused, TooMany
from buchbar.notices.models import Letter
from tests.cast import NOW, SETTINGS
from tests.clerks import become, code_in_mail, colleague

DESK = "/diepholz/amt"
ADDRESS = "sommer@diepholz.example.org"
ACCESS = f"{DESK}/zugang"


def code_at(key, moment):
    """What the telephone shows at a moment."""
    return pyotp.TOTP(key).generate_otp(int(moment.timestamp()) // second_factor.STEP)


def key_of(database, clerk):
    """The key in the clerk's telephone."""
    with database.read() as session:
        return sealed.unseal(SETTINGS.secret, second_factor.PURPOSE, session.get_one(SecondFactor, clerk.id).sealed_key)


@pytest.fixture
def key(database, town):
    """Frau Sommer has had a second factor since an hour ago; the key in her telephone."""
    then = NOW - timedelta(hours=1)
    with database.write() as session:
        clerk = session.get_one(Clerk, town.clerk.id)
        second_factor.begin(session, clerk, then)
        session.flush()
    key = key_of(database, town.clerk)
    with database.write() as session:
        clerk = session.get_one(Clerk, town.clerk.id)
        assert len(second_factor.confirm(session, clerk, code_at(key, then), then)) == 10
    return key


def past_the_mail(posted, database, onward=""):
    """Ask for a code and type it in: the page that asks for the second one, and under which id."""
    page = posted(f"{DESK}/anmelden", email=ADDRESS, weiter=onward).text
    asked = re.search(r'name="anfrage" value="([^"]+)"', page)[1]
    answer = posted(f"{DESK}/anmelden/code", anfrage=asked, code=code_in_mail(database), weiter=onward)
    assert answer.status_code == 200
    return re.search(r'name="anfrage" value="([^"]+)"', answer.text)[1], answer.text


def type_in(posted, asked, code):
    return posted(f"{DESK}/anmelden/zweiter-faktor", anfrage=asked, code=code)


def count(database, table):
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table))


# --- Setting it up --------------------------------------------------------------------------------------


def test_a_clerk_sets_it_up_with_the_telephone(client, posted, database, town):
    become(client, database, town.clerk)
    assert posted(f"{ACCESS}/zweiter-faktor").headers["location"] == f"{ACCESS}/zweiter-faktor"
    page = client.get(f"{ACCESS}/zweiter-faktor").text
    key = re.search(r"totp__key\">([A-Z2-7 ]+)<", page)[1].replace(" ", "")
    assert 'src="data:image/svg+xml' in page and key == key_of(database, town.clerk)
    wrong = posted(f"{ACCESS}/zweiter-faktor/bestaetigung", code="000000")
    assert wrong.status_code == 422 and 'id="code-error"' in wrong.text
    done = posted(f"{ACCESS}/zweiter-faktor/bestaetigung", code=code_at(key, NOW))
    codes = re.findall(r"<code>([2-9A-Z]{5}-[2-9A-Z]{5})</code>", done.text)
    assert (done.status_code, len(set(codes))) == (200, 10)
    assert (
        client.get(f"{ACCESS}/zweiter-faktor", follow_redirects=False).status_code == 303
    )  # nobody sees the key again
    page = client.get(ACCESS).text
    assert "10 Wiederherstellungscodes" in page and key not in page.replace(" ", "")
    assert client.get(DESK).status_code == 200


def test_setting_it_up_ends_the_sessions_elsewhere(client, posted, database, town):
    elsewhere = become(client, database, town.clerk)
    become(client, database, town.clerk)
    posted(f"{ACCESS}/zweiter-faktor")
    posted(f"{ACCESS}/zweiter-faktor/bestaetigung", code=code_at(key_of(database, town.clerk), NOW))
    assert client.get(DESK, follow_redirects=False).status_code == 200
    client.cookies.delete("amt")
    client.cookies.set("amt", elsewhere)
    assert client.get(DESK, follow_redirects=False).status_code == 303


def test_the_address_for_the_telephone_names_town_and_clerk(session, cast):
    second_factor.begin(session, cast.clerk, NOW)
    shown = second_factor.to_scan(session, cast.clerk)
    drawn = unquote(shown.picture.partition(",")[2])
    assert drawn.startswith("<svg") and "script" not in drawn
    again = second_factor.to_scan(session, cast.clerk)
    second_factor.begin(session, cast.clerk, NOW)  # a second click keeps the key that was scanned
    assert again == shown == second_factor.to_scan(session, cast.clerk)


def test_the_key_is_not_readable_in_the_database(session, cast):
    second_factor.begin(session, cast.clerk, NOW)
    key = second_factor.to_scan(session, cast.clerk).key.replace(" ", "")
    kept = session.scalar(select(SecondFactor.sealed_key))
    assert key not in kept
    with pytest.raises(sealed.Unreadable):
        sealed.unseal("another secret", second_factor.PURPOSE, kept)
    with pytest.raises(sealed.Unreadable):
        sealed.unseal(SETTINGS.secret, "another purpose", kept)


def test_who_has_one_sets_up_no_other(database, town, key):
    with database.write() as session, pytest.raises(Refused):
        second_factor.begin(session, session.get_one(Clerk, town.clerk.id), NOW)


# --- Signing in -----------------------------------------------------------------------------------------


def test_a_session_begins_only_after_the_second_code(client, posted, database, key):
    asked, page = past_the_mail(posted, database)
    assert "Zweiter Faktor" in page and count(database, SignIn) == 0
    answer = type_in(posted, asked, code_at(key, NOW))
    assert (answer.status_code, answer.headers["location"]) == (303, DESK)
    assert "Frau Sommer" in client.get(DESK).text


@pytest.mark.parametrize(("seconds", "status"), [(-61, 422), (-30, 303), (0, 303), (30, 303), (61, 422)])
def test_a_clock_may_be_half_a_minute_off(posted, database, key, seconds, status):
    asked, _page = past_the_mail(posted, database)
    assert type_in(posted, asked, code_at(key, NOW + timedelta(seconds=seconds))).status_code == status


def test_a_code_is_accepted_once(posted, database, key):
    code = code_at(key, NOW)
    for status in (303, 422):
        asked, _page = past_the_mail(posted, database)
        assert type_in(posted, asked, code).status_code == status
    assert count(database, SignIn) == 1


def test_an_older_code_than_the_last_is_not_accepted(posted, database, key):
    for off, status in ((0, 303), (-30, 422), (30, 303)):
        asked, _page = past_the_mail(posted, database)
        assert type_in(posted, asked, code_at(key, NOW + timedelta(seconds=off))).status_code == status


def test_five_wrong_codes_begin_it_all_again(posted, database, key):
    asked, _page = past_the_mail(posted, database)
    for _guess in range(5):
        assert type_in(posted, asked, "000000").status_code == 422
    assert type_in(posted, asked, code_at(key, NOW)).status_code == 422
    assert count(database, SignIn) == 0


def test_the_second_page_holds_ten_minutes(posted, database, clock, key):
    asked, _page = past_the_mail(posted, database)
    clock.now += timedelta(minutes=10)
    assert type_in(posted, asked, code_at(key, clock.now)).status_code == 422


def test_nobody_guesses_more_than_twenty_times_an_hour(session, cast):
    second_factor.begin(session, cast.clerk, NOW)
    for _guess in range(20):
        assert second_factor.confirm(session, cast.clerk, "000000", NOW) is None
    with pytest.raises(TooMany):
        second_factor.confirm(session, cast.clerk, "000000", NOW)


def test_without_the_mails_code_the_telephones_opens_nothing(posted, database, town, key):
    posted(f"{DESK}/anmelden", email=ADDRESS)
    for asked in ("", "x", str(town.clerk.id)):
        assert type_in(posted, asked, code_at(key, NOW)).status_code in (303, 422)
    assert count(database, SignIn) == 0


def test_of_two_who_bring_the_same_code_at_once_one_gets_in(posted, database, town, key):
    steps = [past_the_mail(posted, database)[0] for _browser in range(2)]

    def redeem(asked):
        with database.write() as session:
            return sign_in.redeem_second(session, town.town, asked, code_at(key, NOW), NOW)

    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(redeem, [UUID(asked) for asked in steps] * 4))
    assert sum(token is not None for token in tokens) == 1
    assert count(database, SignIn) == 1


def test_a_session_of_before_does_not_do_once_there_is_a_second_factor(client, database, town, key):
    become(client, database, town.clerk)
    assert client.get(DESK, follow_redirects=False).status_code == 303


# --- Recovery codes, removing ---------------------------------------------------------------------------


def recovery_codes(database, town):
    with database.write() as session:
        return second_factor.new_recovery_codes(session, session.get_one(Clerk, town.clerk.id))


def test_a_recovery_code_stands_in_for_the_telephone_once(posted, database, town, key):
    code = recovery_codes(database, town)[3]
    for typed, status in ((code.lower().replace("-", " "), 303), (code, 422)):
        asked, _page = past_the_mail(posted, database)
        assert type_in(posted, asked, typed).status_code == status
    with database.read() as session:
        assert second_factor.recovery_codes_left(session, session.get_one(Clerk, town.clerk.id)) == 9
        assert code.replace("-", "") not in "".join(session.scalars(select(RecoveryCode.code_print)))


def signed_in(client, posted, database, key):
    asked, _page = past_the_mail(posted, database)
    assert type_in(posted, asked, code_at(key, NOW)).status_code == 303


def test_new_recovery_codes_replace_the_old_ones(client, posted, database, town, clock, key):
    (old, *_rest) = recovery_codes(database, town)
    signed_in(client, posted, database, key)
    clock.now += timedelta(seconds=30)
    assert posted(f"{ACCESS}/wiederherstellungscodes", code_neu="1").status_code == 422
    answer = posted(f"{ACCESS}/wiederherstellungscodes", code_neu=code_at(key, clock.now))
    assert answer.status_code == 200 and old not in answer.text and count(database, RecoveryCode) == 10


def test_it_is_removed_with_a_code(client, posted, database, clock, key):
    signed_in(client, posted, database, key)
    clock.now += timedelta(seconds=30)
    assert posted(f"{ACCESS}/zweiter-faktor/entfernung", code_weg="123").status_code == 422
    assert posted(f"{ACCESS}/zweiter-faktor/entfernung", code_weg=code_at(key, clock.now)).status_code == 303
    assert (count(database, SecondFactor), count(database, RecoveryCode)) == (0, 0)
    with database.read() as session:
        assert "Zweiten Faktor entfernt" in session.scalars(select(AuditEntry.words)).all()
        told = session.scalars(select(Letter).where(Letter.kind == "second_factor_gone")).one()
    assert "Waren Sie das nicht" in told.text


def demand(database, town):
    with database.write() as session:
        session.get_one(Municipality, town.town.id).second_factor = True


def test_nobody_removes_what_the_town_demands(client, posted, database, town, clock, key):
    demand(database, town)
    signed_in(client, posted, database, key)
    clock.now += timedelta(seconds=30)
    assert posted(f"{ACCESS}/zweiter-faktor/entfernung", code_weg=code_at(key, clock.now)).status_code == 409
    assert count(database, SecondFactor) == 1


def test_who_has_none_where_it_is_demanded_sets_it_up_and_goes_on(client, posted, database, town):
    demand(database, town)
    become(client, database, town.clerk)
    assert client.get(DESK, follow_redirects=False).headers["location"] == ACCESS
    posted(f"{ACCESS}/zweiter-faktor")
    posted(f"{ACCESS}/zweiter-faktor/bestaetigung", code=code_at(key_of(database, town.clerk), NOW))
    assert client.get(DESK, follow_redirects=False).status_code == 200


def test_what_a_town_demands_binds_the_countys_staff_at_its_desk(client, posted, database, town, clock):
    demand(database, town)
    with database.write() as session:
        county = Municipality(slug="landkreis", name="Landkreis", kind="county", land="NI")
        session.add(county)
        session.flush()
        mine = session.get_one(Municipality, town.town.id)
        mine.county_id, mine.published = county.id, False
        clerk = Clerk(municipality_id=county.id, name="Frau Niemann", email="n@example.org", role="county")
        session.add(clerk)
    become(client, database, clerk)
    staff = f"{DESK}/mitarbeitende"
    assert client.get(staff, follow_redirects=False).headers["location"] == ACCESS
    assert posted(f"{staff}/regeln", second_factor="nein").headers["location"] == ACCESS
    assert client.get("/diepholz/hochzeit").status_code == 404
    posted(f"{ACCESS}/zweiter-faktor")
    posted(f"{ACCESS}/zweiter-faktor/bestaetigung", code=code_at(key_of(database, clerk), NOW))
    assert client.get(staff, follow_redirects=False).status_code == 200
    assert client.get("/diepholz/hochzeit").status_code == 200
    clock.now += timedelta(seconds=30)
    refused = posted(f"{ACCESS}/zweiter-faktor/entfernung", code_weg=code_at(key_of(database, clerk), clock.now))
    assert refused.status_code == 409 and "entfernung" not in client.get(ACCESS).text
    assert client.get("/landkreis/amt/einstellungen", follow_redirects=False).status_code == 200


def test_after_the_secret_was_changed_it_is_said_that_it_must_be_reset(database, town, key):
    with database.write() as session:
        session.get_one(SecondFactor, town.clerk.id).sealed_key = sealed.seal("old", second_factor.PURPOSE, key)
    with database.write() as session, pytest.raises(Refused):
        second_factor.passes(session, town.clerk.id, "000000", NOW)


def test_steps_that_have_run_out_are_forgotten(posted, database, key):
    past_the_mail(posted, database)
    with database.write() as session:
        sign_in.forget(session, NOW + timedelta(days=2))
    assert count(database, SecondStep) == 0


# --- Sessions, and the way back -------------------------------------------------------------------------


def test_signing_out_everywhere_ends_every_session_and_those_of_nobody_else(client, posted, database, town):
    other = colleague(database, town, "head")
    elsewhere = [become(client, database, clerk) for clerk in (other, town.clerk, town.clerk)]
    answer = posted(f"{ACCESS}/abmeldung")
    assert answer.headers["location"] == f"{DESK}/anmelden"
    assert 'amt=""' in answer.headers["set-cookie"] or "amt=;" in answer.headers["set-cookie"]
    for token, status in zip(elsewhere, (200, 303, 303), strict=True):
        client.cookies.delete("amt")
        client.cookies.set("amt", token)
        assert client.get(DESK, follow_redirects=False).status_code == status


def test_one_session_is_ended_from_another(client, posted, database, town):
    become(client, database, town.clerk)
    become(client, database, town.clerk)
    page = client.get(ACCESS).text
    (printed,) = re.findall(r'name="sitzung" value="([0-9a-f]+)"', page)
    assert page.count("Das ist diese Sitzung") == 1
    assert posted(f"{ACCESS}/sitzungen/ende", sitzung=printed).status_code == 303
    assert count(database, SignIn) == 1 and client.get(DESK, follow_redirects=False).status_code == 200
    assert posted(f"{ACCESS}/sitzungen/ende", sitzung=printed).status_code == 404


def test_a_colleagues_session_is_not_ours_to_end(client, posted, database, town):
    become(client, database, colleague(database, town, "head"))
    with database.read() as session:
        printed = session.scalar(select(SignIn.token_print))
    become(client, database, town.clerk)
    assert posted(f"{ACCESS}/sitzungen/ende", sitzung=printed).status_code == 404


def test_after_signing_in_one_is_where_one_wanted_to_be(client, posted, database, key):
    wanted = f"{DESK}/buchungen?zustand=offen&seite=2"
    there = client.get(wanted, follow_redirects=False).headers["location"]
    assert parse_qs(urlsplit(there).query) == {"weiter": [wanted]}
    assert f'name="weiter" value="{wanted.replace("&", "&amp;")}"' in client.get(there).text
    asked, page = past_the_mail(posted, database, onward=wanted)
    assert 'name="weiter"' in page
    answer = posted(f"{DESK}/anmelden/zweiter-faktor", anfrage=asked, code=code_at(key, NOW), weiter=wanted)
    assert answer.headers["location"] == wanted


def test_a_fragment_leads_back_to_its_page_and_a_form_to_the_desk(client, posted, town):
    headers = {"hx-request": "true", "hx-current-url": f"http://testserver.local{DESK}/kalender?tag=2027-05-14"}
    there = client.get(f"{DESK}/buchungen", headers=headers).headers["hx-redirect"]
    assert parse_qs(urlsplit(there).query) == {"weiter": [f"{DESK}/kalender?tag=2027-05-14"]}
    assert posted(f"{DESK}/abos").headers["location"] == f"{DESK}/anmelden"


@pytest.mark.parametrize(
    "wanted",
    [
        "", "https://example.org/", "//example.org/diepholz/amt/x", "/diepholz", "/syke/amt/buchungen",
        "/diepholz/amtlich", "/diepholz/amt/../../syke", "/diepholz/amt//example.org",
        "/diepholz/amt/\\example.org", "/diepholz/amt/a\r\nb: c", "/diepholz/amt/abmelden",
        "/diepholz/amt/anmelden", "/diepholz/amt/buchungen?a=\nb", "/diepholz/amt/" + "x" * 700,
    ],
)  # fmt: skip
def test_nobody_is_sent_elsewhere_by_a_link_to_the_sign_in_page(posted, database, key, wanted):
    asked, _page = past_the_mail(posted, database, onward=wanted)
    answer = posted(f"{DESK}/anmelden/zweiter-faktor", anfrage=asked, code=code_at(key, NOW), weiter=wanted)
    assert answer.headers["location"] == DESK
