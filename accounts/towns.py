"""The county puts its towns in: their names in addresses, and the empty municipality that is then set up."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _

# First parts of addresses that are ours, now or as the design has it. No town can be called like that.
RESERVED = {
    "amt", "api", "barrierefreiheit", "bestaetigung", "bild", "bilder", "brief", "buchung", "datenschutz", "demo",
    "embed", "ferien", "hallen", "hausmeister", "health", "hochzeit", "impressum", "kalender", "kita", "konto",
    "leichte-sprache", "logo", "merken", "metrics", "portal", "postfach", "robots.txt", "schema", "serie", "sprache",
    "static", "trauort", "tueren", "vendor", "zahlung", "zustimmung",
}  # fmt: skip
LANDS = {
    "BW": N_("Baden-Württemberg"),
    "BY": N_("Bayern"),
    "BE": N_("Berlin"),
    "BB": N_("Brandenburg"),
    "HB": N_("Bremen"),
    "HH": N_("Hamburg"),
    "HE": N_("Hessen"),
    "MV": N_("Mecklenburg-Vorpommern"),
    "NI": N_("Niedersachsen"),
    "NW": N_("Nordrhein-Westfalen"),
    "RP": N_("Rheinland-Pfalz"),
    "SL": N_("Saarland"),
    "SN": N_("Sachsen"),
    "ST": N_("Sachsen-Anhalt"),
    "SH": N_("Schleswig-Holstein"),
    "TH": N_("Thüringen"),
}
_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def slug_of(name: str) -> str:
    """A name as it stands in addresses: "Bruchhausen-Vilsen (Flecken)" → "bruchhausen-vilsen-flecken"."""
    spelt = unicodedata.normalize("NFKD", name.casefold().replace("ß", "ss").translate(_SPELT))
    plain = spelt.encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def slug(typed: str) -> str:
    """A field for it: lower-case letters without accents, digits, hyphens; empty to take it from the name."""
    if typed and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", typed):
        raise ValueError(_("Bitte nur Kleinbuchstaben ohne Umlaute, Ziffern und Bindestriche, zum Beispiel bad-iburg."))
    if len(typed) > 60:
        raise ValueError(_("Bitte höchstens %d Zeichen.") % 60)
    if typed in RESERVED:
        raise ValueError(_("Diesen Adressteil braucht Buchbar selbst. Bitte wählen Sie einen anderen."))
    return typed


def postcode(typed: str) -> str:
    """Five digits, or empty."""
    if typed and not re.fullmatch(r"[0-9]{5}", typed):
        raise ValueError(_("Bitte eine Postleitzahl mit fünf Ziffern."))
    return typed


# What is asked of a new town. Only name and Land can't wait; the rest is part of setting it up.
FIELDS: dict[str, forms.Field] = {
    "name": forms.text(80),
    "slug": slug,
    "land": forms.one_of(*LANDS),
    "office": forms.text(120, required=False),
    "street": forms.text(120, required=False),
    "postcode": postcode,
    "city": forms.text(80, required=False),
    "phone": forms.phone,
    "email": forms.optional(forms.address),
}


def put_in(session: Session, county: Municipality, typed: Mapping[str, str]) -> Municipality:
    """Put in a town of the county, unpublished. Raises Invalid, for a taken address part with a suggestion."""
    read = forms.read(typed, **FIELDS)
    wanted = read.slug or slug_of(read.name)
    if len(wanted) < 2 or wanted in RESERVED:
        raise Invalid({"slug": _("Aus diesem Namen wird keine brauchbare Adresse. Bitte geben Sie den Adressteil an.")})
    town = Municipality(
        id=uuid4(),
        kind="town",
        county_id=county.id,
        zone_name=county.zone_name,
        demonstration=county.demonstration,
        published=False,
        **vars(read)
        | {"slug": wanted, "email": read.email or "", "city": read.city or read.name}
        | {"office": read.office or f"Standesamt {read.name}"},
    )
    try:
        with session.begin_nested():
            session.add(town)
            session.flush()
    except IntegrityError:
        free = _free(session, wanted)
        raise Invalid({"slug": _("Diesen Adressteil gibt es schon. Frei ist zum Beispiel %s.") % free}) from None
    return town


def _free(session: Session, wanted: str) -> str:
    taken = set(session.scalars(select(Municipality.slug).where(Municipality.slug.startswith(wanted, autoescape=True))))
    return next(other for number in range(2, 1000) if (other := f"{wanted}-{number}") not in taken)


def all_towns_of(session: Session, county: Municipality) -> Sequence[Municipality]:
    """The county's towns by name, also those that aren't published yet."""
    theirs = select(Municipality).where(Municipality.county_id == county.id)
    return session.scalars(theirs.order_by(Municipality.name, Municipality.slug)).all()
