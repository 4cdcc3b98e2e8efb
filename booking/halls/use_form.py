"""The form in which citizens and members of clubs say what they need a hall for."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from buchbar.accounts.people import Person
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.booking.halls.fees import Answers
from buchbar.booking.halls.models import HallUse
from buchbar.booking.halls.plan import plan
from buchbar.booking.halls.reservation import Use, price_of, slot_of
from buchbar.booking.halls.tariff import OFFERS
from buchbar.booking.models import Booking
from buchbar.payments.ledger import Line
from buchbar.payments.models import Tariff
from buchbar.resources.halls import Hall

MOST_PERSONS = 5000
LABELS = {
    "contact": N_("Name"),
    "organiser": N_("Gruppe oder Firma"),
    "street": N_("Straße und Hausnummer"),
    "city": N_("Postleitzahl und Ort"),
    "email": N_("E-Mail-Adresse"),
    "phone": N_("Telefonnummer"),
    "title": N_("Was findet statt?"),
    "sport": N_("Sportart"),
    "purpose": N_("Wofür?"),
    "age_group": N_("Für wen?"),
    "persons": N_("Wie viele Personen?"),
    "coach": N_("Wer ist in der Halle verantwortlich?"),
    "coach_phone": N_("Telefonnummer dort"),
    "remarks": N_("Bemerkung"),
    "rules": N_("Hallenordnung"),
}


def read(form: Mapping[str, str], session: Session, booking: Booking, person: Person | None) -> Use:
    """What was typed. A member's address is the proven one; the club's name stands. Raises Invalid field by field."""
    use, hall = session.get_one(HallUse, booking.id), session.get_one(Hall, booking.resource_id)
    fields: dict[str, forms.Field] = {
        "contact": forms.text(120),
        "organiser": forms.text(120, required=False),
        "street": forms.text(120, required=False),
        "city": forms.text(120, required=False),
        "email": forms.address,
        "phone": forms.phone,
        "title": forms.text(120, required=False),
        "sport": forms.text(80, required=False),
        "purpose": forms.one_of(*OFFERS.purposes),
        "age_group": forms.one_of(*OFFERS.age_groups),
        "persons": forms.whole(1, MOST_PERSONS),
        "coach": forms.text(120, required=False),
        "coach_phone": forms.phone,
        "remarks": forms.text(500, required=False, lines=True),
    }
    if hall.house_rules:
        fields["rules"] = forms.must_tick
    if person:
        form = dict(form) | {"email": person.email}
    values = vars(forms.read(form, **fields))
    values.pop("rules", None)
    values["organiser"] = use.organiser if use.organisation_id else values["organiser"] or values["contact"]
    traits = [name for name in offered_traits(session, booking) if form.get(f"trait_{name}")]
    said = Use(**values, traits=traits)
    if person is None and cost(session, booking, said):
        missing = {name: _("Wir brauchen Ihre Anschrift für die Rechnung.") for name in ("street", "city")}
        if faults := {name: why for name, why in missing.items() if not values[name]}:
            raise Invalid(faults)
    return said


def known(session: Session, booking: Booking, person: Person | None) -> dict[str, str]:
    """What the form knows before: from the hold, from what was typed earlier, from the account."""
    use = session.get_one(HallUse, booking.id)
    said = {name: getattr(use, name) for name in LABELS if hasattr(use, name)}
    said |= {f"trait_{name}": "ja" for name in use.traits}
    said |= {"email": booking.email, "phone": booking.phone, "persons": str(use.persons or "")}
    if person:
        said["email"] = person.email
        said["contact"], said["phone"] = said["contact"] or person.name, said["phone"] or person.phone
    elif said["organiser"] == said["contact"]:
        said["organiser"] = ""
    return said


def offered_traits(session: Session, booking: Booking) -> Sequence[str]:
    """What the tariff asks about beside age and purpose."""
    tariff = session.get(Tariff, booking.tariff_id) if booking.tariff_id else None
    asked = {trait for item in tariff.items for trait in item.conditions.traits} if tariff else set()
    return [name for name in OFFERS.traits if name in asked]


def cost(session: Session, booking: Booking, use: Use) -> list[Line]:
    """What the booking would cost with these answers."""
    answers = Answers(booking.user_class, use.age_group, use.purpose, tuple(use.traits), use.persons)
    slot = slot_of(booking, session.get_one(HallUse, booking.id))
    return price_of(session, plan(session, booking.municipality), slot, booking.tariff_id, answers)
