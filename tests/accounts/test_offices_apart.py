"""Two offices at one desk: whatever page of it the one looks at, it finds nothing of the other's bookings, and no form
of it acts on them (docs/decisions/0019)."""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

import pytest
from msgspec import structs
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from buchbar.accounts import approval, revisions
from buchbar.accounts.models import AuditEntry, Clerk
from buchbar.accounts.roles import may, sees
from buchbar.booking import at_counter, failures, files, lifecycle, notes, queries
from buchbar.booking.events import Actor
from buchbar.booking.halls import reservation as hall_reservation
from buchbar.booking.models import Booking, BookingEvent
from buchbar.booking.weddings import edits as weddings_edits
from buchbar.booking.weddings import reservation
from buchbar.notices.models import Errand, Letter
from buchbar.payments import ledger
from buchbar.payments.models import Charge, Payment
from buchbar.resources.models import Feed
from tests import gym as halls
from tests.accounts.test_roles import desk_routes
from tests.cast import ANNA_AND_BEN, FRIDAY, NOW, SATURDAY, Cast, confirmed, reserved, slot_at
from tests.clerks import become, colleague

DESK = "/diepholz/amt"
ALL_OF_A_LIST = ("", "?zustand=alle", "?suche={number}", "?suche={name}", "?suche={email}", "?suche={sign}")


@dataclass
class Side:
    """What one office has: the ids of its things by the names that routes have for them, and words only it may read."""

    ids: dict[str, str]
    words: tuple[str, ...]
    search: dict[str, str]


def told(session: Session, booking: Booking, clerk: Clerk, word: str) -> dict[str, str]:
    """All that can hang on a booking: a note, a file, a payment, a letter that didn't arrive."""
    notes.write(session, booking, clerk, f"Notiz {word}", NOW)
    file = files.File(
        id=uuid4(), booking_id=booking.id, name=f"{word}.pdf", media_type="application/pdf", size=4, content=b"%PDF",
        added_by=clerk.name, added_at=NOW,
    )  # fmt: skip
    session.add(file)
    payment_id = uuid4()
    if cents := ledger.account(session, booking.id).open:
        at_counter.take(session, booking, payment_id, cents, "cash", NOW, Actor("clerk", clerk.name))
    letter = session.scalars(select(Letter).where(Letter.booking_id == booking.id).order_by(Letter.written_at)).first()
    assert letter is not None
    letter.subject = f"Betreff {word}"
    session.execute(update(Errand).where(Errand.subject_id == letter.id).values(state="failed", fault="gibt es nicht"))
    session.flush()
    errand = session.scalars(select(Errand).where(Errand.subject_id == letter.id)).one()
    charge = session.scalars(select(Charge).where(Charge.booking_id == booking.id)).first()
    return {
        "booking_id": str(booking.id),
        "note_id": str(session.scalars(select(notes.Note.id)).all()[-1]),
        "file_id": str(file.id),
        "payment_id": str(payment_id),
        "charge_id": str(charge.id if charge else uuid4()),
        "letter_id": str(letter.id),
        "errand_id": str(errand.id),
    }


def long_ago(booking: Booking) -> None:
    """It ended so long ago that its data goes soon."""
    booking.ended_at = NOW - timedelta(days=350)


@pytest.fixture
def weddings(database, town) -> Side:
    with database.write() as session:
        cast = session.merge(town.clerk)
        firm = confirmed(session, town, slot_at(SATURDAY, 9))
        ids = told(session, firm, cast, "Kutsche")
        reserved(
            session,
            town,
            slot_at(SATURDAY, 10, 30),
            replace(ANNA_AND_BEN, partner_one="Clara Fallers", email="clara@example.org"),
        )
        on_paper = reservation.hold(session, town.town, town.room.id, slot_at(FRIDAY, 9), NOW, Actor("clerk", "x"))
        nobody = replace(ANNA_AND_BEN, partner_one="Paula Papierski", email="", street="Weg 1", city="49356 Diepholz")
        reservation.enter(session, on_paper, nobody, NOW, Actor("clerk", "x"))
        ended = replace(ANNA_AND_BEN, partner_one="Olga Overbeck", email="olga@example.org")
        over = reserved(session, town, slot_at(FRIDAY, 10, 30), ended)
        lifecycle.cancel(session, over, NOW, Actor("clerk", "x"), "Regen")
        long_ago(over)
        feed = feed_of(session, town, None, "Kapelle")
        edited(session, town, weddings_edits.REGISTRAR, session.merge(town.registrars[0]), "Zacharias")
        sign = ledger.charges(session, firm.id)[0].sign
        numbers = tuple(each.number for each in (firm, on_paper, over))
        return Side(
            ids | {"feed_id": str(feed), "venue_id": str(town.room.id), "registrar_id": str(town.registrars[0].id)},
            (
                *numbers,
                "Müller",
                "Fallers",
                "Papierski",
                "Overbeck",
                "Zacharias",
                "Kutsche",
                "anna@example.org",
                "Kapelle",
                sign,
            ),
            {"number": firm.number, "name": "Müller", "email": "anna@example.org", "sign": sign},
        )


@pytest.fixture
def sports(database, town) -> Side:
    with database.write() as session:
        gym = halls.build(session, town, structs.replace(halls.TERMS, payment="later"))
        gym.clerk.role = "sports"
        firm = halls.booked(session, gym, halls.slot(gym, 1))
        ids = told(session, firm, gym.clerk, "Harz")
        trade = replace(halls.KIM, organiser="Messe Groß", contact="Grete Groß", email="grete@example.org")
        halls.booked(session, gym, halls.slot(gym, 2), trade, "commercial")
        halls.of_club(session, gym, halls.slot(gym, 3))
        on_paper = hall_reservation.hold(
            session, town.town, halls.slot(gym, 3, hour=16), "local", NOW, Actor("clerk", "x")
        )
        nobody = replace(halls.KIM, organiser="Tilo Tusche", contact="Tilo Tusche", email="", street="Weg 2", city="X")
        hall_reservation.enter(session, on_paper, nobody, NOW, Actor("clerk", "x"))
        ended = replace(halls.KIM, organiser="Ute Uralt", email="ute@example.org")
        over = halls.booked(session, gym, halls.slot(gym, 1, hour=20), ended)
        lifecycle.cancel(session, over, NOW, Actor("clerk", "x"), "Regen")
        long_ago(over)
        feed = feed_of(session, town, gym.hall.id, "Hallenwart")
        edited(session, town, approval.ORGANISATION, gym.club, "TuS Neustadt")
        sign = ledger.charges(session, firm.id)[0].sign
        numbers = tuple(each.number for each in (firm, on_paper, over))
        return Side(
            ids | {"feed_id": str(feed), "hall_id": str(gym.hall.id), "organisation_id": str(gym.club.id)},
            (*numbers, "Weber", "Groß", "TuS", "Tusche", "Uralt", "Harz", "kim@example.org", "Hallenwart", sign),
            {"number": firm.number, "name": "Weber", "email": "kim@example.org", "sign": sign},
        )


def feed_of(session: Session, town: Cast, resource_id, note: str):
    feed = Feed(id=uuid4(), municipality_id=town.town.id, resource_id=resource_id, details="names", note=note)
    feed.created_by, feed.created_at = "x", NOW
    session.add(feed)
    session.flush()
    return feed.id


def edited(session: Session, town: Cast, subject: revisions.Subject, row, name: str) -> None:
    """It gets another name, and the history of the settings says so."""
    revisions.edit(session, town.town, subject, row, {"name": name}, valid_from=NOW.date(), at=NOW, by="x")


def pages(app, role: str, ids: dict[str, str]):
    """The addresses of all pages that a role reaches, about these things."""
    others = {"kind": "json", "language": "de", "file": "alle.xlsx", "day": "2027-05-15", "ending": "csv"}
    for path, method, handler in desk_routes(app):
        right, journey = handler.opt.get("right"), handler.opt.get("journey")
        if right and may(role, right) and (not journey or sees(role, journey)):
            named = path.replace("{town_slug}", "diepholz").replace("brieftexte/{kind}", "brieftexte/confirmed")
            for name, value in (others | ids).items():
                named = named.replace("{" + name + "}", value)
            yield method, named.replace("{", "").replace("}", "")


@pytest.mark.parametrize("role", ["registrar", "sports"])
def test_no_page_shows_anything_of_the_other_office(client, app, database, town, weddings, sports, role):
    own, other = (weddings, sports) if role == "registrar" else (sports, weddings)
    become(client, database, colleague(database, town, role))
    lists = (f"{DESK}/buchungen", f"{DESK}/buchungen/datei/json")
    seen = ""
    for method, page in pages(app, role, other.ids):
        if method != "GET":
            continue
        for query in ALL_OF_A_LIST if page in lists else ("",):
            answer = client.get(page + query.format(**other.search), follow_redirects=False)
            assert answer.status_code < 500, page
            asked = query.format(**other.search)
            assert [word for word in other.words if word in answer.text and word not in asked] == [], (page, query)
            seen += answer.text
    seen += client.get(f"{DESK}/buchung/{own.ids['booking_id']}").text
    assert [word for word in own.words if word not in seen and not word.endswith("@example.org")] == []


@pytest.mark.parametrize("role", ["registrar", "sports"])
def test_no_form_acts_on_what_is_the_other_offices(client, posted, app, database, town, weddings, sports, role):
    other = sports if role == "registrar" else weddings
    become(client, database, colleague(database, town, role))
    before = counted(database)
    about = [name for name in other.ids if name not in ("venue_id", "registrar_id", "hall_id", "organisation_id")]
    tried = 0
    for method, page in pages(app, role, other.ids):
        if method == "POST" and any(other.ids[name] in page for name in about):
            answer = posted(page, grund_stornierung="Regen", wer="amt", partei="office", notiz="x", stand="")
            assert answer.status_code == 404, page
            tried += 1
    assert tried > 20 and counted(database) == before


def counted(database) -> list[int]:
    """How much there is of what forms can bring about."""
    with database.read() as session:
        tables = (BookingEvent, Letter, Payment, notes.Note, files.File)
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_a_calendar_of_the_other_office_is_neither_made_nor_seen(client, posted, database, town, weddings, sports):
    become(client, database, colleague(database, town, "sports"))
    for whose in ("amt", str(town.room.id)):
        assert posted(f"{DESK}/abos", ressource=whose).status_code == 422
    become(client, database, town.clerk)
    assert posted(f"{DESK}/abos", ressource=sports.ids["hall_id"]).status_code == 422


def test_who_leads_sees_both(client, database, town, weddings, sports):
    become(client, database, colleague(database, town, "head"))
    seen = client.get(f"{DESK}/buchungen?zustand=alle").text + client.get(DESK).text
    assert "Müller" in seen and "Weber" in seen and "Betreff Kutsche" in seen and "Betreff Harz" in seen
    only = client.get(f"{DESK}/buchungen?zustand=alle&bereich=halls").text
    assert "Weber" in only and "Müller" not in only and "Bereich: Sporthallen" in only


def test_a_sports_clerk_is_told_whose_page_it_is(client, database, town):
    become(client, database, colleague(database, town, "sports"))
    answer = client.get(f"{DESK}/trauorte")
    assert answer.status_code == 403 and "Das gehört zu einem anderen Amt." in answer.text
    with database.read() as session:
        assert session.scalars(select(AuditEntry)).all() == []
    page = client.get(DESK).text
    assert not any(f'href="{DESK}/{part}"' in page for part in ("kalender", "statistik", "eintragen"))
    settings = client.get(f"{DESK}/einstellungen").text
    assert f'href="{DESK}/trauorte"' not in settings and f'href="{DESK}/sperrzeiten"' not in settings


def test_what_failed_for_the_other_office_cant_be_settled(database, town, weddings, sports):
    with database.read() as session:
        session.info["journeys"] = ("halls",)
        found = failures.failures(session, town.town)
        assert [each.words for each in found] == ["E-Mail nicht zugestellt: „Betreff Harz“"]
        asked = queries.requests(session, town.town)
        assert [(row.names, row.place) for row in asked] == [("Messe Groß", "Dreifeldhalle, Feld 2")]
