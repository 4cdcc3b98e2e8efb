"""Letters go out once, to the right one, whatever happens on the way."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from buchbar.base.db import Database, connect
from buchbar.notices import letters, mail, outbox
from buchbar.notices.models import Errand, Letter
from buchbar.notices.outbox import Hopeless, NotYet, work_off
from tests import cast as people
from tests.cast import NOW
from tests.notices.conftest import CERTIFICATE

WORKERS = {"mail": mail.deliver}


def errands(database: Database) -> dict[str, Errand]:
    """The errands by the address of their letters."""
    with database.read() as session:
        rows = session.execute(select(Letter.to_address, Errand).join(Errand, Errand.subject_id == Letter.id))
        return dict(iter(rows))


def test_a_letter_arrives_as_it_was_written(database, post_office, write):
    letter_id = write()
    assert work_off(database, WORKERS, lambda: NOW) == 1
    [(to, arrived)] = post_office.taken
    assert to == "anna@example.org" and arrived["To"] == "anna@example.org"
    assert arrived["Subject"] == "Grüße aus Diepholz"
    assert str(arrived["From"]) == "Standesamt Diepholz <standesamt@example.org>"
    assert str(arrived["Reply-To"]) == "Standesamt Diepholz <standesamt@example.org>"
    assert arrived["Auto-Submitted"] == "auto-generated" and arrived["Content-Language"] == "de"
    assert arrived["Message-ID"] == f"<{letter_id}@testserver.local>"
    assert arrived["Date"].datetime == NOW
    assert arrived.get_body(("plain",)).get_content().splitlines() == ["Schöne Grüße"]
    assert arrived.get_body(("html",)).get_content().strip() == "<p>Schöne Grüße</p>"
    with database.read() as session:
        assert session.get_one(Letter, letter_id).sent_at == NOW
    assert work_off(database, WORKERS, lambda: NOW + timedelta(days=1)) == 0 and len(post_office.taken) == 1


def test_one_bad_address_stops_nobody_and_comes_to_a_clerk(database, post_office, write):
    for to in ("first@example.org", "550gone@example.org", "451busy@example.org", "not an address", "last@example.org"):
        write(to=to)
    assert work_off(database, WORKERS, lambda: NOW) == 2
    assert sorted(to for to, _arrived in post_office.taken) == ["first@example.org", "last@example.org"]
    known = errands(database)
    assert known["550gone@example.org"].state == "failed" and "550" in known["550gone@example.org"].fault
    assert known["not an address"].state == "failed"
    assert known["451busy@example.org"].state == "waiting" and known["451busy@example.org"].next_at > NOW
    assert not any("example" in errand.fault for errand in known.values()), "no personal data in what went wrong"


def test_several_workers_send_each_letter_once(database, database_url, post_office, write):
    wanted = [f"paar{number}@example.org" for number in range(20)]
    for to in wanted:
        write(to=to)
    own = [Database(connect(database_url), settings=database.info["settings"]) for _worker in range(2)]
    start, done = threading.Barrier(2), []

    def work(mine: Database) -> None:
        start.wait()
        done.append(work_off(mine, WORKERS, lambda: NOW))

    threads = [threading.Thread(target=work, args=(mine,)) for mine in own]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for mine in own:
        mine.engine.dispose()
    assert sorted(to for to, _arrived in post_office.taken) == sorted(wanted)
    assert sum(done) == len(wanted)


def test_after_a_crash_between_sending_and_writing_it_down_it_is_recognised_as_the_same(
    database, post_office, write, monkeypatch
):
    write()

    class Crash(BaseException):
        pass

    def send_and_die(server, letter):
        send(server, letter)
        raise Crash

    send = mail._send
    monkeypatch.setattr(mail, "_send", send_and_die)
    with pytest.raises(Crash):
        work_off(database, WORKERS, lambda: NOW)
    monkeypatch.undo()
    assert work_off(database, WORKERS, lambda: NOW) == 0, "the lease of the dead worker still holds"
    assert work_off(database, WORKERS, lambda: NOW + outbox.LEASE) == 1
    first, second = (arrived["Message-ID"] for _to, arrived in post_office.taken)
    assert first == second


def test_a_server_that_is_away_is_asked_again_later(database, post_office, write):
    write()
    there = database.info["settings"]
    database.info["settings"] = replace(there, smtp_url="smtp://127.0.0.1:1")
    assert work_off(database, WORKERS, lambda: NOW) == 0
    waiting = errands(database)["anna@example.org"]
    assert waiting.state == "waiting" and "nicht zu erreichen" in waiting.fault
    database.info["settings"] = there
    assert work_off(database, WORKERS, lambda: waiting.next_at) == 1 and len(post_office.taken) == 1


def test_a_password_never_goes_out_unencrypted(database, post_office, write):
    letter_id = write()
    plain = database.info["settings"].smtp_url.replace("smtp://", "smtp://clerk:secret@")
    database.info["settings"] = replace(database.info["settings"], smtp_url=plain)
    with pytest.raises(NotYet, match="Verschlüsselung"):
        mail.deliver(database, letter_id, NOW)
    assert not post_office.taken


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd doesn't see that smtps is encrypted already
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_password_goes_out_to_an_encrypted_server_that_can_be_trusted(
    database, write, encrypted_office, scheme, monkeypatch
):
    office = encrypted_office(scheme)
    letter_id = write()
    with pytest.raises(NotYet, match="SSLCertVerificationError"):
        mail.deliver(database, letter_id, NOW)
    assert not office.taken and not office.heard
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    mail.deliver(database, letter_id, NOW)
    assert office.heard == [(b"clerk@town", b"sec:ret/")] and len(office.taken) == 1


def test_without_a_mail_server_the_demonstration_counts_it_as_sent_and_real_use_waits(database, write):
    letter_id = write()
    database.info["settings"] = replace(people.SETTINGS, demo=False)
    with pytest.raises(NotYet):
        mail.deliver(database, letter_id, NOW)
    database.info["settings"] = people.SETTINGS
    mail.deliver(database, letter_id, NOW)
    with database.read() as session:
        assert session.get_one(Letter, letter_id).sent_at == NOW


def test_a_letter_that_was_deleted_with_its_booking_is_no_trouble(database, post_office, write):
    letter_id = write()
    with database.write() as session:
        session.delete(session.get_one(Letter, letter_id))
    assert work_off(database, WORKERS, lambda: NOW) == 1 and not post_office.taken


@pytest.mark.parametrize("sly", ["Hallo\nBcc: all@example.org", "Hallo\r\nBcc: all@example.org", "Hallo\x85Bcc: x", ""])
def test_a_subject_cannot_smuggle_in_a_header(database, write, sly):
    with pytest.raises(ValueError, match="one line"):
        write(subject=sly)
    with database.read() as session:
        assert not session.scalars(select(Letter)).all() and not session.scalars(select(Errand)).all()


@pytest.mark.parametrize(
    "sly",
    [
        "a@example.org, b@example.org",
        "a@example.org\nBcc: b@example.org",
        "a@example.org>\r\nBcc: <b@example.org",
        "Name <a@example.org>",
        "@example.org",
        "a@",
        "",
    ],
)
def test_an_address_is_one_address_or_none(database, post_office, write, sly):
    letter_id = write(to=sly)
    with pytest.raises(Hopeless):
        mail.deliver(database, letter_id, NOW)
    assert not post_office.taken


def test_a_domain_with_umlauts_is_written_as_every_server_knows_it(database, post_office, write):
    mail.deliver(database, write(to="anna@müller.example"), NOW)
    [(to, _arrived)] = post_office.taken
    assert to == "anna@xn--mller-kva.example"


def test_an_office_whose_name_has_commas_and_umlauts_is_one_sender(database, post_office, town, write):
    with database.write() as session:
        office = session.merge(town.town)
        office.office = "Bürgeramt, Standesamt & mehr"
    town.town.office = "Bürgeramt, Standesamt & mehr"
    mail.deliver(database, write(), NOW)
    [(_to, arrived)] = post_office.taken
    [sender] = arrived["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Bürgeramt, Standesamt & mehr", "standesamt@example.org")
    [back] = arrived["Reply-To"].addresses
    assert back.display_name == "Bürgeramt, Standesamt & mehr"


def test_letters_about_a_booking_can_be_forgotten(session, cast):
    from buchbar.booking.models import Booking
    from tests.cast import SATURDAY, reserved, slot_at

    booking = reserved(session, cast, slot_at(SATURDAY, 9))
    assert session.scalars(select(Letter)).all()
    letters.forget(session, booking.id)
    assert not session.scalars(select(Letter)).all() and session.get_one(Booking, booking.id)
