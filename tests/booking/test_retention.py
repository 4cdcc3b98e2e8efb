"""After its retention date, nothing of a booking says any more who it was; the books stay complete."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import pytest
from sqlalchemy import func, select, update

from buchbar.accounts.models import SignIn, SignInCode
from buchbar.app.tables import metadata
from buchbar.base.limits import Attempts
from buchbar.base.once import JobRun
from buchbar.booking import before, closures, forgetting, lifecycle, links, owner_houses, retention
from buchbar.booking.events import CITIZEN, record
from buchbar.booking.models import Approval, Booking, BookingEvent, Claim, Policy
from buchbar.calendar.spans import Span
from buchbar.notices.models import Errand, Letter
from buchbar.payments import ledger
from buchbar.payments.models import Charge, Payment, ProviderEvent, Refund
from buchbar.payments.rules import MoneyRules
from buchbar.resources.models import Closure, Feed, Registrar, Venue
from tests.booking.money import pay
from tests.cast import ANNA_AND_BEN, CLERK, NOW, SATURDAY, confirmed, slot_at
from tests.clerks import become

COUPLE = replace(ANNA_AND_BEN, email="anna.mueller@example.org", remarks="Oma Hertha sitzt im Rollstuhl")
DAY = timedelta(days=1)
PERSONAL = ("Anna Müller", "Ben Yıldız", "anna.mueller", "05441 12345", "Hertha", "Scheidung", "pay/secret")


def everything(database):
    """All rows of all tables, as text."""
    with database.read() as session:
        return "\n".join(str(tuple(row)) for table in metadata.sorted_tables for row in session.execute(select(table)))


@pytest.fixture
def paid(database, town):
    """A wedding that was paid, and partly given back when the couple cancelled; its id and how it stands."""
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9), COUPLE)
        cents = ledger.account(session, booking.id).open
        moments = {"started_at": NOW, "expires_at": NOW, "settled_at": NOW}
        page = {"checkout_id": "cs_1", "checkout_url": "https://pay.example.org/pay/secret", "intent_id": "pi_1"}
        payment = Payment(
            id=uuid4(),
            municipality_id=town.town.id,
            booking_id=booking.id,
            cents=cents,
            state="paid",
            **moments,
            **page,
        )
        session.add(payment)
        lifecycle.pay(session, booking, NOW, CITIZEN, cents)
        lifecycle.cancel(session, booking, NOW + timedelta(days=10), CLERK, "Scheidung der ersten Ehe fehlt")
    return booking.id


def test_on_its_day_and_not_before_a_cancelled_booking_is_forgotten(database, paid):
    # Cancelled on 3 December 2026, kept for twelve months.
    before = everything(database)
    assert all(text in before for text in PERSONAL)
    late_before = datetime(2027, 12, 2, 22, 59, tzinfo=UTC)
    assert retention.forget_what_is_due(database, late_before) == 0
    assert "Anna Müller" in everything(database)
    first_minute = datetime(2027, 12, 2, 23, 0, tzinfo=UTC)  # midnight in Diepholz
    assert retention.forget_what_is_due(database, first_minute) == 1
    after = everything(database)
    assert [text for text in PERSONAL if text in after] == ["Anna Müller", "Ben Yıldız"], "in the books"
    assert retention.forget_what_is_due(database, first_minute) == 0


def test_who_had_to_pay_stays_on_the_documents_as_long_as_the_books(database, paid):
    # Charged in 2026, so the books must be kept until the end of 2034.
    retention.forget_what_is_due(database, datetime(2034, 12, 31, 22, 59, tzinfo=UTC))
    with database.read() as session:
        assert session.scalars(select(Charge.debtor)).all() == [("Anna Müller", "Ben Yıldız")] * 2
    retention.forget_what_is_due(database, datetime(2034, 12, 31, 23, 0, tzinfo=UTC))
    assert [text for text in PERSONAL if text in everything(database)] == []


def test_who_never_paid_and_owes_nothing_is_in_no_books(database, town):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9), COUPLE)
        lifecycle.cancel(session, booking, NOW, CLERK)
    retention.forget_what_is_due(database, NOW + timedelta(days=400))
    assert [text for text in PERSONAL if text in everything(database)] == []


def test_a_numbered_invoice_stays_a_copy_of_itself_even_if_it_was_credited(database, town):
    with database.write() as session:
        session.add(MoneyRules(municipality_id=town.town.id, document="invoice", number_pattern="{year}-{serial:05}"))
        session.flush()
        booking = confirmed(session, town, slot_at(SATURDAY, 9), COUPLE)
        lifecycle.cancel(session, booking, NOW, CLERK)
    retention.forget_what_is_due(database, NOW + timedelta(days=400))
    with database.read() as session:
        assert session.get_one(Booking, booking.id).forgotten_at
        assert session.scalars(select(Charge.debtor)).all() == [("Anna Müller", "Ben Yıldız")] * 2


def test_what_the_books_need_stays(database, paid):
    with database.read() as session:
        account = ledger.account(session, paid)
        number = session.get_one(Booking, paid).number
    retention.forget_what_is_due(database, NOW + timedelta(days=400))
    with database.read() as session:
        booking = session.get_one(Booking, paid)
        assert (booking.number, booking.state, booking.starts_at) == (number, "cancelled", slot_at(SATURDAY, 9))
        assert ledger.account(session, paid) == account
        assert account.paid > 0 and account.returned == account.paid
        assert session.scalar(select(Payment.intent_id).where(Payment.booking_id == paid)) == "pi_1"
        assert session.scalar(select(func.count(Refund.id)).where(Refund.booking_id == paid)) == 1
        verbs = session.scalars(select(BookingEvent.verb).where(BookingEvent.booking_id == paid)).all()
        assert {"hold", "pay", "cancel"} < set(verbs) and verbs.count("forget") == 1


def test_a_wedding_that_took_place_is_forgotten_after_its_day_not_after_its_booking(database, town):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9), COUPLE)
        pay(session, booking, NOW)
    assert retention.forget_what_is_due(database, datetime(2028, 5, 14, 12, tzinfo=UTC)) == 0
    assert retention.forget_what_is_due(database, datetime(2028, 5, 15, 12, tzinfo=UTC)) == 1
    with database.read() as session:
        assert session.get_one(Booking, booking.id).forgotten_at == datetime(2028, 5, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("document", "last"),
    [("notice", datetime(2031, 12, 31, 12, tzinfo=UTC)), ("invoice", datetime(2029, 12, 31, 12, tzinfo=UTC))],
)
def test_whoever_still_owes_something_is_kept_until_it_can_t_be_claimed_any_more(database, town, document, last):
    """Due in 2026: else nobody could be written to about it, or enforced against."""
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9), COUPLE)
        session.execute(update(Charge).values(document=document))
    assert retention.forget_what_is_due(database, last) == 0
    with database.read() as session:
        assert session.get_one(Booking, booking.id).email == COUPLE.email
        (going,) = forgetting.going(session, town.town, last, with_names=True)
        assert (going.on, going.names) == ((last + DAY).date(), "Anna Müller & Ben Yıldız")
    assert retention.forget_what_is_due(database, last + DAY) == 1


def test_whoever_pays_late_is_forgotten_then(database, town):
    late = datetime(2028, 6, 1, 12, tzinfo=UTC)
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9), COUPLE)
    assert retention.forget_what_is_due(database, late) == 0
    with database.write() as session:
        pay(session, session.get_one(Booking, booking.id), late)
    assert retention.forget_what_is_due(database, late) == 1


def test_the_secret_link_dies_with_the_data(database, client, paid):
    with database.read() as session:
        path = links.path(session, session.get_one(Booking, paid))
    assert client.get(path).status_code == 200
    retention.forget_what_is_due(database, NOW + timedelta(days=400))
    assert client.get(path).status_code == 404


def test_the_desk_still_shows_the_booking_without_anybody_in_it(database, client, clock, town, paid):
    clock.now = NOW + 400 * DAY
    retention.forget_what_is_due(database, clock.now)
    become(client, database, town.clerk, clock.now)
    shown = client.get(f"/diepholz/amt/buchung/{paid}")
    assert shown.status_code == 200 and "Persönliche Daten gelöscht" in shown.text
    assert [text for text in PERSONAL if text in shown.text] == []
    assert client.get("/diepholz/amt/buchungen").status_code == 200


def test_the_retention_of_the_policy_it_was_made_under_holds(database, town, paid):
    with database.write() as session:
        short = msgspec.structs.replace(town.policy.terms, retention_months=1)
        session.execute(update(Policy).values(terms=short))
    assert retention.forget_what_is_due(database, datetime(2027, 1, 2, 12, tzinfo=UTC)) == 0
    assert retention.forget_what_is_due(database, datetime(2027, 1, 3, 12, tzinfo=UTC)) == 1


def test_one_that_fails_does_not_keep_the_others(database, town, paid, monkeypatch):
    with database.write() as session:
        other = confirmed(session, town, slot_at(SATURDAY, 10, 30), replace(COUPLE, email="zoe@example.org"))
        pay(session, other, NOW)
    forget = retention.letters.forget

    def fails_for_one(session, booking_id):
        if booking_id == paid:
            raise RuntimeError
        forget(session, booking_id)

    monkeypatch.setattr(retention.letters, "forget", fails_for_one)
    assert retention.forget_what_is_due(database, NOW + timedelta(days=600)) == 1
    with database.read() as session:
        assert session.get_one(Booking, other.id).forgotten_at is not None
        assert session.get_one(Booking, paid).forgotten_at is None


def test_technical_traces_go_when_they_are_old(database, town):
    old, fresh = NOW - timedelta(days=100), NOW - timedelta(hours=1)
    with database.write() as session:
        for at in (old, fresh):
            session.add(Attempts(key_print=f"k{at}", window_at=at, count=1))
            session.add(JobRun(name="expire", slot_at=at, started_at=at))
            session.add(SignInCode(clerk_id=town.clerk.id, code_print="c", expires_at=at))
            session.add(
                SignIn(token_print=f"t{at}", clerk_id=town.clerk.id, signed_in_at=at, seen_at=at, ends_at=at + DAY)
            )
            session.add(
                ProviderEvent(
                    event_id=f"e{at}", errand_id=uuid4(), kind="k", object_id="o", body="{}", received_at=at, done_at=at
                )
            )
            session.add(Errand(kind="mail", subject_id=uuid4(), state="done", written_at=at, next_at=at, done_at=at))
            session.add(
                Letter(
                    municipality_id=town.town.id,
                    kind="code",
                    to_address="sommer@example.org",
                    subject="Code",
                    text="123456",
                    html="",
                    message_id=f"<{at.timestamp()}@example.org>",
                    written_at=at,
                )
            )
    retention.forget_what_is_due(database, NOW)
    with database.read() as session:
        for table in (Attempts, JobRun, SignInCode, SignIn, ProviderEvent, Errand, Letter):
            assert session.scalar(select(func.count()).select_from(table)) == 1, table.__tablename__


def test_an_errand_that_failed_goes_with_what_it_was_about(database, town, paid):
    """Otherwise the count of failures never comes back to nothing, and no clerk can do anything about it."""
    with database.write() as session:
        letters = session.scalars(select(Letter.id).where(Letter.booking_id == paid)).all()
        refund = session.scalars(select(Refund.id)).one()
        payment = session.scalars(select(Payment.id)).one()
        session.execute(update(Errand).values(state="failed"))
        for kind in ("provider_event", "refund", "close_checkout", "mail"):
            session.add(Errand(kind=kind, subject_id=uuid4(), state="failed", written_at=NOW, next_at=NOW))
        session.add(Errand(kind="close_checkout", subject_id=payment, state="failed", written_at=NOW, next_at=NOW))

    def failed():
        with database.read() as session:
            return set(session.scalars(select(Errand.subject_id).where(Errand.state == "failed")))

    retention.forget_what_is_due(database, NOW)
    assert failed() == {*letters, refund, payment}
    retention.forget_what_is_due(database, NOW + 400 * DAY)
    assert failed() == {refund, payment}, "the letters have gone, the money still matters"


def test_why_somebody_was_away_is_forgotten_a_quarter_after_their_return(database, town):
    with database.write() as session:
        ill = town.registrars[0]
        for days in (2, 5):
            span = Span(NOW + timedelta(days=days), NOW + timedelta(days=days, hours=8))
            closures.close(session, session.get_one(Registrar, ill.id), span, "krank", NOW, CLERK)
    retention.forget_what_is_due(database, NOW + timedelta(days=92, hours=8))
    with database.read() as session:
        assert len(session.scalars(select(Closure)).all()) == 2
    retention.forget_what_is_due(database, NOW + timedelta(days=94))
    with database.read() as session:
        (left,) = session.scalars(select(Closure))
        assert left.starts_at == NOW + timedelta(days=5)
        assert set(session.scalars(select(Claim.closure_id).where(Claim.closure_id.is_not(None)))) == {left.id}


def test_who_agreed_is_forgotten_with_the_booking_and_in_its_snapshots_too(database, town):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9), COUPLE)
        session.add(Approval(booking_id=booking.id, party="owner", given_at=NOW, given_by="Gisela Eigen"))
        session.flush()
        text = before.written(before.as_it_stands(session, booking))
        record(session, booking, "move", NOW, CLERK, before=text)
        pay(session, booking, NOW)
    assert everything(database).count("Gisela Eigen") == 2
    retention.forget_what_is_due(database, NOW + timedelta(days=600))
    assert "Gisela Eigen" not in everything(database)
    with database.read() as session:
        moved = session.scalars(select(BookingEvent).where(BookingEvent.verb == "move")).one()
        assert {each.party for each in before.kept(moved).approvals} == {"office", "owner"}
        assert len(session.scalars(select(Approval).where(Approval.booking_id == booking.id)).all()) == 2


def test_a_revoked_calendar_goes_after_a_quarter_but_an_owner_isnt_given_it_again(database, town):
    def feed(session, days_ago, note, id_=None):
        made = Feed(id=id_ or uuid4(), municipality_id=town.town.id, created_by="x", created_at=NOW, note=note)
        made.revoked_at = NOW - days_ago * DAY if days_ago is not None else None
        session.add(made)

    with database.write() as session:
        mill = session.get_one(Venue, town.mill.id)
        feed(session, 91, "Hausmeister, bis 2025")
        feed(session, 89, "erst widerrufen")
        feed(session, None, "gilt noch")
        feed(session, 91, mill.owner_email, owner_houses.feed_id(mill))
    retention.forget_what_is_due(database, NOW)
    with database.write() as session:
        assert sorted(session.scalars(select(Feed.note))) == ["erst widerrufen", "gilt noch", "muehle@example.org"]
        owner_houses.keep_feeds(session, NOW)
        assert owner_houses.feeds_of(session, [session.get_one(Venue, town.mill.id)]) == {}
