"""Every letter about a hall as an example club would get it, for who writes a town's own words.

Nothing of it is saved, and nobody's data are in it.
"""

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.errors import NotFound
from buchbar.base.texts import _
from buchbar.booking import calendar_entries, links, on_the_way, payable
from buchbar.booking.dunning_letters import Demand, Dunned
from buchbar.booking.halls import letter_words
from buchbar.booking.halls.letters import PREFIX, SUBJECTS, subject_words
from buchbar.booking.halls.models import JOURNEY
from buchbar.booking.halls.other_slots import Offer
from buchbar.booking.halls.plan import plan
from buchbar.booking.journeys import InLetters
from buchbar.booking.terms import Terms
from buchbar.calendar.deadlines import last_day
from buchbar.calendar.walls import at, local_date
from buchbar.notices import letters, wordings
from buchbar.notices.wordings import Wording
from buchbar.payments.girocode import Transfer
from buchbar.payments.ledger import Account, Line
from buchbar.payments.reference import grouped, reference
from buchbar.payments.rules import rules_of
from buchbar.resources.halls import Hall

FEES, NUMBER = 2_400, "HA-7K3M-9QXB"
# In which state a letter finds the booking, where that makes a difference to it.
STATES = {
    "received": "requested",
    "payable": "payable",
    "reminder": "payable",
    "prolonged": "payable",
    "unpaid": "payable",
    "declined": "declined",
    "cancelled": "cancelled",
    "given_back": "cancelled",
    "released": "released",
}
PAID = ("paid", "refunded", "lost")
OVER = ("declined", "cancelled", "given_back", "released", "office_late")


def example(session: Session, town: Municipality, kind: str, words: Wording, now: datetime) -> tuple[str, str, str]:
    """Subject, text and HTML of a letter in the given words; for what they leave empty, in the built-in ones."""
    context = _context(session, town, kind.removeprefix(PREFIX), now)
    own = wordings.own(words, letter_words.values(kind, context))
    subject = own.subject or _(SUBJECTS[kind]) % subject_words(context)
    context |= {"wording": own, "greeting": letter_words.greeting(kind, context), "subject": subject}
    context["named"] = letter_words.named(kind)
    text, html = letters.rendered(kind, **context)
    return subject, text, html


def _context(session: Session, town: Municipality, kind: str, now: datetime) -> dict[str, Any]:
    """What the templates may speak of: the same names as in letters.py, filled with examples."""
    day = _a_wednesday(local_date(now, town.zone) + timedelta(days=28))
    start = at(day, 18 * 60, town.zone)
    hall = _hall(session, town)
    deadline = now + timedelta(days=14)
    link = f"{links.settings(session).base_url}/{town.slug}/hallen"
    return {
        "town": town,
        "office": town.office_for(JOURNEY),
        "zone": town.zone,
        "hall": hall,
        "place": calendar_entries.place(hall),
        "parts": _("Feld 1"),
        "from_parts": _("Feld 2"),
        "booking": _booking(kind, start, deadline, now),
        "event": _event(kind, hall, start, now),
        "use": SimpleNamespace(contact="Erika Muster", organiser=_("Sportverein Beispiel")),
        "conditions": _("Bitte betreten Sie die Halle nur mit hellen Sohlen."),
        "code_from": start - timedelta(hours=24),
        "lapsed": False,
        "start": start,
        "from_start": start - timedelta(days=7),
        "from_end": start + timedelta(hours=1),
        "until": last_day(deadline, town.zone),
        "terms": _terms(session, town, now),
        "needed": {"office"},
        "revived": False,
        "offers": [Offer(f"{texts.moment(start + timedelta(hours=2), town.zone)}, {hall.name}", link)],
        "search_link": link,
        "link_to_booking": link,
        "proof_link": link,
        "connect_link": link,
        "desk_link": f"{links.settings(session).base_url}/{town.slug}/amt",
        **_money(session, town, kind, deadline, now),
    }


def _money(session: Session, town: Municipality, kind: str, deadline: datetime, now: datetime) -> dict[str, Any]:
    sign = grouped(reference(NUMBER, 1))
    owed = 0 if kind in OVER else FEES
    account = Account(owed, FEES if kind in PAID else 0, 0, FEES if kind == "lost" else 0)
    pay_by = last_day(deadline, town.zone)
    return {
        "lines": [Line("use", _("Nutzung der Halle (Beispiel)"), FEES, "none")],
        "kassenzeichen": sign,
        "account": account,
        "moves": [(_("Bezahlt"), account.paid)] if account.paid else [],
        "bills": [],
        "going": [_(on_the_way.BACK["stripe"]) % texts.euros(FEES)] if kind in ("refunded", "cancelled") else [],
        "pay": _ways(session, town, sign),
        "over": kind in OVER,
        "credit_note": SimpleNamespace(items=[SimpleNamespace(label=_("Mahngebühr"), cents=-500)]),
        "document": _("Änderungsbescheid"),
        "dunned": _dunned(session, town, sign, pay_by, now),
    }


def _dunned(session: Session, town: Municipality, sign: str, pay_by: date, now: datetime) -> Dunned:
    words = {"title": _("Rechnung"), "number": "1", "day": texts.day(local_date(now, town.zone), "short")}
    title = _("%(title)s %(number)s vom %(day)s") % words
    demand = Demand(sign, local_date(now, town.zone), FEES, title, _("Nutzung der Halle (Beispiel)"))
    return Dunned(1, [demand], 0, pay_by, [], _ways(session, town, sign).transfer)


def _ways(session: Session, town: Municipality, sign: str) -> payable.Ways:
    """All ways to pay that the town offers."""
    rules = rules_of(session, town.id)
    transfer = Transfer(rules.payee, rules.iban, FEES, words=sign, bic=rules.bic) if "transfer" in rules.ways else None
    return payable.Ways("", "stripe" in rules.ways, transfer, "counter" in rules.ways, rules.counter_hours, hurry=False)


def _booking(kind: str, start: datetime, deadline: datetime, now: datetime) -> Any:
    return SimpleNamespace(
        number=NUMBER,
        state=STATES.get(kind, "confirmed"),
        starts_at=start,
        ends_at=start + timedelta(minutes=90),
        hold_until=now + timedelta(hours=1),
        deadline_at=deadline,
        by_office=False,
    )


def _event(kind: str, hall: Any, start: datetime, now: datetime) -> Any:
    return SimpleNamespace(
        verb=kind,
        at=now,
        by_kind="clerk",
        by_name="",
        reason=_("An diesem Tag wird der Boden erneuert."),
        data={"cents": str(FEES), "from_venue": hall.name, "from_start": start.isoformat()},
    )


def _hall(session: Session, town: Municipality) -> Any:
    ours = select(Hall).where(Hall.municipality_id == town.id, Hall.active.is_(True))
    made_up: dict[str, Any] = {"name": _("Sporthalle"), "access_note": "", "house_rules": [], "site": None}
    return session.scalar(ours.order_by(Hall.position, Hall.name).limit(1)) or SimpleNamespace(**made_up)


def _terms(session: Session, town: Municipality, now: datetime) -> Terms:
    try:
        return plan(session, town).terms(local_date(now, town.zone), "club")
    except NotFound:
        return Terms()


def _a_wednesday(day: date) -> date:
    return day + timedelta(days=(2 - day.weekday()) % 7)


def _variables(kind: str) -> dict[str, str]:
    return {name: _(letter_words.VARIABLES[name]) for name in letter_words.known(kind)}


IN_LETTERS = InLetters(SUBJECTS, letter_words.title, letter_words.languages, _variables, example)
