"""For whom a clerk books: the town's approved organisations, and single people by their user class."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.clubs import USER_CLASSES, Organisation
from buchbar.accounts.models import Municipality
from buchbar.base.errors import NotFound
from buchbar.base.texts import _

# Who books without an organisation.
PEOPLE = ("local", "outside", "commercial")


def organisations(session: Session, town: Municipality) -> list[Organisation]:
    """Those for which can be booked, by name."""
    ours = Organisation.municipality_id == town.id, Organisation.state == "approved"
    return list(session.scalars(select(Organisation).where(*ours).order_by(Organisation.name)))


def options(session: Session, town: Municipality) -> list[tuple[str, str]]:
    """Whom a form offers: single people by their class, then the organisations by name."""
    people = [(name, _("Person oder Gruppe: %s") % _(USER_CLASSES[name])) for name in PEOPLE]
    return people + [(str(each.id), each.name) for each in organisations(session, town)]


def read(session: Session, town: Municipality, typed: str) -> tuple[str, Organisation | None]:
    """The user class and the organisation that a form's choice names. Raises NotFound for anything else."""
    if typed in PEOPLE:
        return typed, None
    chosen = next((each for each in organisations(session, town) if str(each.id) == typed), None)
    if chosen is None:
        raise NotFound
    return chosen.user_class, chosen
