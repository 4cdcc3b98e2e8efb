"""Every letter of a wedding as an example couple would get it, for who writes a town's own words.

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
from buchbar.booking.journeys import InLetters
from buchbar.booking.terms import Terms
from buchbar.booking.weddings import letter_words
from buchbar.booking.weddings.letters import EARLY, SUBJECTS
from buchbar.booking.weddings.other_dates import Offer
from buchbar.booking.weddings.timetable import JOURNEY, timetable
from buchbar.calendar.deadlines import last_day, registration_window
from buchbar.calendar.months import add_months
from buchbar.calendar.walls import at, local_date
from buchbar.notices import letters, wordings
from buchbar.notices.wordings import Wording
from buchbar.payments.girocode import Transfer
from buchbar.payments.ledger import Account, Line
from buchbar.payments.reference import grouped, reference
from buchbar.payments.rules import rules_of
from buchbar.resources.models import Venue

FEES, NUMBER = 17_000, "HZ-7K3M-9QXB"
# In which state a letter finds the booking, where that makes a difference to it, and what has happened.
STATES = {
    "received": "requested",
    "payable": "payable",
    "unpaid": "payable",
    "declined": "declined",
    "cancelled": "cancelled",
}
BY = {"owner_refused": "owner"}


def example(session: Session, town: Municipality, kind: str, words: Wording, now: datetime) -> tuple[str, str, str]:
    """Subject, text and HTML of a letter in the given words; for what they leave empty, in the built-in ones."""
    context = _context(session, town, kind, now)
    own = wordings.own(words, letter_words.values(kind, context))
    until = texts.day(context["until"], "short")
    built_in = {"number": NUMBER, "day": texts.day(local_date(context["start"], town.zone), "short"), "until": until}
    subject = own.subject or _(SUBJECTS[kind]) % built_in
    context |= {"wording": own, "greeting": letter_words.greeting(kind, context), "subject": subject}
    text, html = letters.rendered(kind, **context)
    return subject, text, html


def _context(session: Session, town: Municipality, kind: str, now: datetime) -> dict[str, Any]:
    """What the templates may speak of: the same names as in letters.py, filled with examples."""
    venue = _venue(session, town, kind)
    day = _a_saturday(add_months(local_date(now, town.zone), 7))
    start = at(day, 11 * 60, town.zone)
    deadline = now + timedelta(days=14)
    base_url = links.settings(session).base_url
    link = f"{base_url}/{town.slug}/hochzeit"
    sign = grouped(reference(NUMBER, 1))
    account = Account(FEES, FEES if kind in ("paid", "refunded", "lost") else 0, 0, FEES if kind == "lost" else 0)
    return {
        "town": town,
        "office": town.office_for(JOURNEY),
        "zone": town.zone,
        "venue": venue,
        "place": calendar_entries.place(venue),
        "booking": _booking(kind, start, deadline, now),
        "event": _event(kind, venue, start, now),
        "wedding": SimpleNamespace(partner_one="Erika Muster", partner_two="Max Beispiel", guests=12),
        "start": start,
        "early": start - EARLY,
        "from_start": start - timedelta(days=7),
        "from_end": start + timedelta(minutes=30),
        "until": last_day(deadline, town.zone),
        "window": registration_window(day),
        "terms": _terms(session, town, now),
        "needed": {"office"},
        "lines": [Line("example", _("Eheschließung am Samstag (Beispiel)"), FEES, "hoheitlich")],
        "kassenzeichen": sign,
        "account": account,
        "moves": [(_("Bezahlt"), account.paid)] if account.paid else [],
        "bills": [],
        "going": [_(on_the_way.BACK["stripe"]) % texts.euros(FEES)] if kind in ("refunded", "cancelled") else [],
        "pay": _ways(session, town, sign),
        "dunned": _dunned(session, town, sign, last_day(deadline, town.zone), now),
        "credit_note": SimpleNamespace(items=[SimpleNamespace(label=_("Mahngebühr"), cents=-500)]),
        "document": _("Änderungsbescheid"),
        "over": kind in ("declined", "cancelled", "released", "office_late"),
        "revived": False,
        "offers": [Offer(texts.moment(start + timedelta(days=7), town.zone) + f", {venue.name}", link)],
        "link_to_booking": link,
        "search_link": link,
        "proof_link": link,
        "connect_link": link,
        "answer_link": link,
        "overview_link": link,
        "desk_link": f"{base_url}/{town.slug}/amt",
        "closures_link": f"{base_url}/{town.slug}/amt/sperrzeiten",
    }


def _dunned(session: Session, town: Municipality, sign: str, pay_by: date, now: datetime) -> Dunned:
    today, purpose = local_date(now, town.zone), _("Eheschließung am Samstag (Beispiel)")
    words = {"title": _("Gebührenbescheid"), "number": "1", "day": texts.day(today, "short")}
    demand = Demand(sign, today, FEES, _("%(title)s %(number)s vom %(day)s") % words, purpose)
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
        ends_at=start + timedelta(minutes=40),
        hold_until=now + timedelta(hours=1),
        deadline_at=deadline,
        fulfilled_at=now if kind == "registered" else None,
        by_office=False,
    )


def _event(kind: str, venue: Any, start: datetime, now: datetime) -> Any:
    return SimpleNamespace(
        verb=kind,
        at=now,
        by_kind=BY.get(kind, "clerk"),
        by_name=venue.owner_name or venue.name,
        reason=_("An diesem Tag ist Stadtfest."),
        data={"cents": str(FEES), "from_venue": venue.name, "from_start": start.isoformat()},
    )


def _venue(session: Session, town: Municipality, kind: str) -> Any:
    """One of the town's own; for what goes to owners one that has an owner."""
    ours = select(Venue).where(Venue.municipality_id == town.id, Venue.active.is_(True))
    owned = (Venue.owner_email == "") if kind.startswith("owner") else (Venue.owner_email != "")
    found = session.scalar(ours.order_by(owned, Venue.position, Venue.name).limit(1))
    made_up: dict[str, Any] = {
        "name": _("Trauzimmer"),
        "owner_name": "",
        "access_note": "",
        "house_rules": [],
        "site": None,
    }
    return found or SimpleNamespace(**made_up)


def _terms(session: Session, town: Municipality, now: datetime) -> Terms:
    try:
        return timetable(session, town).policy(local_date(now, town.zone)).terms
    except NotFound:
        return Terms()


def _a_saturday(day: date) -> date:
    return day + timedelta(days=(5 - day.weekday()) % 7)


def _variables(kind: str) -> dict[str, str]:
    return {name: _(letter_words.VARIABLES[name]) for name in letter_words.known(kind)}


IN_LETTERS = InLetters(SUBJECTS, letter_words.title, letter_words.languages, _variables, example)
