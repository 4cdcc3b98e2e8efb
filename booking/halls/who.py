"""For whom somebody books a hall: for a user class, or for one of the organisations that the signed-in person may book
for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from litestar import Request
from sqlalchemy.orm import Session

from buchbar.accounts.citizens import person_of
from buchbar.accounts.clubs import Organisation, organisations_of
from buchbar.accounts.models import Municipality
from buchbar.accounts.people import Person
from buchbar.base.errors import NotFound
from buchbar.base.texts import N_, _

# What people without an account can say of themselves; the office looks at it where it has to agree.
CLASSES = {
    "local": N_("privat oder als Gruppe von hier"),
    "outside": N_("von außerhalb"),
    "commercial": N_("gewerblich"),
}


@dataclass(frozen=True, slots=True)
class Booker:
    """``value`` as it stands in forms and addresses, ``label`` as people read it."""

    value: str
    label: str
    user_class: str
    organisation: Organisation | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """Who looks at the page, and for whom that person could book; ``chosen`` is one of them."""

    person: Person | None
    bookers: Sequence[Booker]
    chosen: Booker


def asking(request: Request, session: Session, town: Municipality | None, chosen: str, now: datetime) -> Asking:
    """Who asks, and for whom; without a town for no organisation.

    Raises NotFound where ``chosen`` names an organisation that isn't this person's."""
    person = person_of(request, session, now)
    theirs = organisations_of(session, town, person) if person and town else []
    bookers = [Booker(str(club.id), club.name, club.user_class, club) for club in theirs]
    bookers += [Booker(name, _(label), name) for name, label in CLASSES.items()]
    for booker in bookers:
        if chosen in ("", booker.value):
            return Asking(person, bookers, booker)
    raise NotFound(_("Für diesen Verein können Sie hier nicht buchen. Vielleicht müssen Sie sich erst anmelden."))
