"""So many bookings that a page which looks at each of them can't hide it."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from buchbar.booking.alike import folded
from buchbar.booking.models import Booking, BookingEvent
from buchbar.booking.weddings.models import Wedding
from buchbar.payments.models import Charge, ChargeItem, Payment
from buchbar.payments.reference import reference
from tests.cast import NOW, Cast

STATES = ("confirmed", "confirmed", "confirmed", "payable", "requested", "cancelled", "released")
NAMES = ("Schäfer", "Yıldız", "Großmann", "von der Heide", "Łukasz", "Petersen", "Hohenstein-Wackernagel")
_SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def many(session: Session, cast: Cast, count: int, offset: int = 0) -> None:
    """Put them into the database, without their claims and letters, each at an hour of its own: half of them past."""
    bookings, weddings, charges, items, payments, events = [], [], [], [], [], []
    for n in range(offset, offset + count):
        booking_id, state, name = UUID(int=n + 1), STATES[n % len(STATES)], NAMES[n % len(NAMES)]
        number = _number(n)
        start = NOW + timedelta(hours=n - 5000)
        bookings.append(_booking(cast, n, booking_id, number, state, start))
        couple = {"partner_one": f"Anna{n} {name}", "partner_two": f"Ben{n} Müller"}
        sought = folded(" & ".join(couple.values()))
        weddings.append({"booking_id": booking_id, **couple, "guests": n % 20, "remarks": "", "sought": sought})
        events.append({"booking_id": booking_id, "at": NOW, "verb": "confirm", "by_kind": "clerk", "by_name": "Frau S"})
        owed = {"municipality_id": cast.town.id, "booking_id": booking_id}
        charge_id = UUID(int=n + 1)
        charges.append(owed | {"id": charge_id, "kind": "fees", "reference": reference(number, 1), "charged_at": NOW})
        item = {"code": "base", "label": "Gebühr", "cents": 6000, "vat": "hoheitlich"}
        items.append(item | {"id": UUID(int=n + 1), "charge_id": charge_id, "position": 0})
        if n % 2:
            times = {"started_at": NOW, "expires_at": NOW, "settled_at": NOW}
            payments.append(owed | times | {"id": UUID(int=n + 1), "cents": 6000, "state": "paid"})
    for table, rows in ((Booking, bookings), (Wedding, weddings), (BookingEvent, events), (Charge, charges)):
        session.execute(insert(table), rows)
    session.execute(insert(ChargeItem), items)
    session.execute(insert(Payment), payments)
    session.execute(text("ANALYZE"))  # as both databases do in real use, or they take the tables for empty


def _number(n: int) -> str:
    signs = ""
    for _place in range(8):
        n, place = divmod(n * 7 + 3, len(_SIGNS)) if not signs else divmod(n, len(_SIGNS))
        signs += _SIGNS[place]
    return f"HZ-{signs[:4]}-{signs[4:]}"


def _booking(cast: Cast, n: int, booking_id: UUID, number: str, state: str, start: object) -> dict[str, object]:
    return {
        "id": booking_id,
        "municipality_id": cast.town.id,
        "journey": "weddings",
        "number": number,
        "state": state,
        "policy_id": cast.policy.id,
        "tariff_id": cast.tariff.id,
        "resource_id": (cast.room, cast.mill)[n % 2].id,
        "starts_at": start,
        "ends_at": start + timedelta(minutes=30),  # type: ignore[operator]
        "made_at": NOW - timedelta(minutes=n),
        "deadline_at": NOW + timedelta(days=n % 60) if state == "payable" else None,
        "email": f"paar{n}@example.org" if n % 5 else "",
        "phone": f"05441 {10000 + n}",
        "email_proven_at": NOW,
        "channel": "online" if n % 5 else "telephone",
    }
