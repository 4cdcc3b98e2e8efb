"""What a newcomer should find at the demonstration's cashier's desk: money that came in each way, and what is left to
do about it. All by the verbs that citizens, clerks, the bank and the payment provider use."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Clerk, Municipality
from buchbar.app.demo_bank import Move, statement
from buchbar.app.demo_lives import Lives, unannounced
from buchbar.app.demo_story import next_free
from buchbar.booking import at_counter, bank_import, dunning_run, lifecycle, mandate_words
from buchbar.booking.events import CITIZEN, Actor, record
from buchbar.booking.models import Booking
from buchbar.calendar.bank_days import is_bank_day
from buchbar.calendar.walls import at, local_date
from buchbar.notices.models import Errand
from buchbar.payments import disputes, ledger, mandates, numbers, refunds, till
from buchbar.payments.models import Payment, Refund
from buchbar.payments.rules import rules_of

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
# Banks publish these as examples; they are nobody's accounts.
_IBANS = ("DE02500105170137075030", "DE02100500000054540402", "DE02300209000106531065", "DE02200505501015871393")
# The couples of these stories, and how many days ago each has reserved.
_RESERVED = {
    "disputed": 60,
    "back out": 26,
    "called back": 24,
    "refund failed": 12,
    "by sign": 10,
    "by reference": 9,
    "by number": 8,
    "mistyped": 8,
    "in cash": 9,
    "by card": 9,
    "cash today": 3,
    "mandate": 2,
}


@dataclass(frozen=True, slots=True)
class Couple:
    """A booking that may be paid, and from whose account that would be."""

    booking: Booking
    payer: str
    iban: str
    cents: int


@dataclass(frozen=True, slots=True)
class Desk:
    """The cashier, and the day before which all was quiet: the last one on which banks and the counter were open."""

    lives: Lives
    cashier: Actor
    yesterday: date

    @property
    def session(self) -> Session:
        return self.lives.session

    @property
    def town(self) -> Municipality:
        return self.lives.town

    def moment(self, hour: int, minute: int = 0) -> datetime:
        """A time of yesterday."""
        return at(self.yesterday, hour * 60 + minute, self.town.zone)

    def ago(self, days: int) -> datetime:
        return self.lives.now - days * _DAY


def tell(lives: Lives) -> None:
    """Let it happen. All that is owed has its number before, because people name it when they pay."""
    clerks = select(Clerk).where(Clerk.municipality_id == lives.town.id, Clerk.role == "cashier")
    yesterday = local_date(lives.now, lives.town.zone) - _DAY
    while not is_bank_day(yesterday):
        yesterday -= _DAY
    desk = Desk(lives, Actor("clerk", lives.session.scalars(clerks).one().name), yesterday)
    with unannounced():
        couples = {
            name: _promised(lives, days, 100 + 5 * number, _IBANS[number % len(_IBANS)])
            for number, (name, days) in enumerate(_RESERVED.items())
        }
        numbers.assign(lives.session, lives.town.id)
        _disputed(desk, couples["disputed"])
        _refund_failed(desk, couples["refund failed"])
        _paid_weeks_ago(desk, couples["back out"], couples["called back"])
        _day_at_the_counter(desk, couples["in cash"], couples["by card"])
    _reminded(desk, couples["disputed"])
    _statement_of_yesterday(desk, couples)
    _take(desk, couples["cash today"], "cash", lives.now - _HOUR / 2)
    _mandate(desk, couples["mandate"])


def refuse(session: Session, town: Municipality) -> None:
    """The provider has given up what ``_refund_failed`` tells of. After all errands count as done."""
    found = session.scalars(
        select(Errand)
        .join(Refund, Refund.id == Errand.subject_id)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.municipality_id == town.id, Payment.provider == "stripe", Refund.state == "failed")
    )
    for errand in found:
        errand.state, errand.done_at, errand.attempts = "failed", None, 1
        errand.fault = "Die Karte ist gesperrt."


def _promised(lives: Lives, days: int, in_days: int, iban: str) -> Couple:
    """A couple that has reserved so many days ago, for a day after ``in_days``, and has the office's yes."""
    asked_at = lives.now - days * _DAY
    plan = next_free(lives, asked_at, lambda venue: venue.visibility == "bookable" and not venue.owner_email, in_days)
    if plan is None:
        raise LookupError("no date is left for the stories about money")
    couple = replace(lives.couple(plan), foreign=False)
    booking, made_at = lives.reserve(plan, couple)
    lifecycle.approve(lives.session, booking, "office", made_at + 2 * _HOUR, lives.clerk)
    return Couple(booking, couple.partner_one, iban, ledger.account(lives.session, booking.id).open)


def _disputed(desk: Desk, couple: Couple) -> None:
    """Paid online from a bank account, and claimed back by its holder four weeks later."""
    desk.lives.receive(couple.booking, desk.ago(59))
    payments = desk.session.scalars(select(Payment).where(Payment.booking_id == couple.booking.id)).all()
    disputes.taken(desk.session, payments, "dp_vorfuehrung", couple.cents, desk.ago(31))


def _reminded(desk: Desk, couple: Couple) -> None:
    dunning_run.run(desk.session, desk.town, [(couple.booking.id, 1)], desk.ago(18), desk.cashier, 0)


def _refund_failed(desk: Desk, couple: Couple) -> None:
    """Paid online, cancelled, and the card is blocked by now."""
    desk.lives.receive(couple.booking, desk.ago(11))
    lifecycle.cancel(desk.session, couple.booking, desk.ago(3), CITIZEN)
    wanted = desk.session.scalars(select(Refund).where(Refund.booking_id == couple.booking.id)).one()
    refunds.failed(desk.session, wanted.id, "re_vorfuehrung")


def _paid_weeks_ago(desk: Desk, backs_out: Couple, other: Couple) -> None:
    """Two transfers, matched. One couple has cancelled since, and its money waits to go back the way it came."""
    moves = [_named(couple, _sign(desk, couple)) for couple in (backs_out, other)]
    _bring_in(desk, desk.ago(20).date(), moves, desk.ago(19))
    lifecycle.cancel(desk.session, backs_out.booking, desk.moment(17), CITIZEN)


def _statement_of_yesterday(desk: Desk, couples: dict[str, Couple]) -> None:
    """It was imported this morning: three who named what they pay each in another way, one who mistyped it, one whom
    nobody knows, what the bank takes back, and what it costs."""
    by_reference, by_number, mistyped = (couples[name] for name in ("by reference", "by number", "mistyped"))
    called_back = couples["called back"]
    sign = _sign(desk, mistyped)
    moves = [
        _named(couples["by sign"], f"KASSENZEICHEN {_sign(desk, couples['by sign'])}"),
        _named(by_reference, ledger.charges(desk.session, by_reference.booking.id)[0].readable),
        _named(by_number, f"Trauung {by_number.booking.number}, herzlichen Dank"),
        _named(mistyped, f"{sign[:-1]}{(int(sign[-1]) + 1) % 10}"),
        Move(83_50, "Standgeld Herbstmarkt", "Imkerei Beispiel (erfunden)", _IBANS[0]),
        replace(_named(called_back, _sign(desk, called_back)), cents=-called_back.cents, returned="FOCR"),
        Move(-4_90, "Kontoführung", "Musterbank (erfunden)"),
    ]
    _bring_in(desk, desk.yesterday, moves, desk.lives.now - _HOUR)


def _named(couple: Couple, text: str) -> Move:
    """A couple's transfer of all that it owes."""
    return Move(couple.cents, text, couple.payer, couple.iban)


def _sign(desk: Desk, couple: Couple) -> str:
    charge = ledger.charges(desk.session, couple.booking.id)[0]
    return charge.kassenzeichen or charge.reference


def _bring_in(desk: Desk, day: date, moves: list[Move], moment: datetime) -> None:
    own = rules_of(desk.session, desk.town.id).iban
    name, content = f"auszug-{day}.xml", statement(own, day, moves)
    bank_import.bring_in(desk.session, desk.town, name, content, moment, desk.cashier.name)


def _day_at_the_counter(desk: Desk, in_cash: Couple, by_card: Couple) -> None:
    """Yesterday in the cash book, from the change in the morning to the closing at noon."""
    by, town_id = desk.cashier.name, desk.town.id
    till.put(desk.session, town_id, uuid4(), 100_00, "Wechselgeld", desk.moment(8), by)
    _take(desk, in_cash, "cash", desk.moment(9, 20))
    _take(desk, by_card, "terminal", desk.moment(10, 45))
    till.put(desk.session, town_id, uuid4(), -in_cash.cents, "Zur Bank gebracht", desk.moment(12), by)
    held = till.today(desk.session, town_id).expected
    till.close(
        desk.session,
        town_id,
        desk.yesterday,
        expected=held,
        counted=held,
        note="",
        at=desk.moment(12, 15),
        by=by,
    )


def _take(desk: Desk, couple: Couple, how: str, moment: datetime) -> None:
    at_counter.take(desk.session, couple.booking, uuid4(), couple.cents, how, moment, desk.cashier)


def _mandate(desk: Desk, couple: Couple) -> None:
    """A couple lets the town collect what it owes."""
    town, moment = desk.town, desk.lives.now - 3 * _HOUR
    account = mandates.Given(couple.payer, "Musterweg 7", f"{town.postcode} {town.city}", couple.iban)
    mandate = mandates.propose(desk.session, town.id, couple.booking.email, account, moment)
    mandates.sign(desk.session, mandate, local_date(moment, town.zone), moment)
    record(desk.session, couple.booking, "mandate", moment, CITIZEN)
    mandate_words.write(desk.session, town, "mandate", mandate, moment, couple.booking)
