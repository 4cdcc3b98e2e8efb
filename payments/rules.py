"""How a town keeps its money: account, documents, dunning, export. One row a town, edited by revisions."""

from uuid import UUID

import msgspec
from sqlalchemy import CheckConstraint, ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from buchbar.base.db import Base, Identified, Shape, in_line

WAYS = ("stripe", "transfer", "debit", "counter")


class DunningLevel(msgspec.Struct, frozen=True):
    """A step of dunning: so many ``days`` after the due date, or after the step before it, with a fee in ``cents`` and
    the words of the town; the citizen has ``pay_days`` to pay then."""

    days: int
    cents: int = 0
    words: str = ""
    pay_days: int = 14


class ExportColumn(msgspec.Struct, frozen=True):
    """A column of the export to the accounting system: its heading there, what of ours stands in it, or a fixed text;
    and whether it always stands in quotation marks."""

    heading: str
    field: str = ""
    fixed: str = ""
    quoted: bool = False


class Posting(msgspec.Struct, frozen=True):
    """Where a position is posted: the account and the cost centre of what has all of ``words`` (the name of a journey,
    the code of a position, a VAT key); without words, of all else."""

    words: tuple[str, ...]
    account: str
    cost_centre: str = ""


class ExportForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the export to the accounting system is written: the sign between its columns, its encoding, the sign before
    the cents, how a date is written (as strftime has it), whether the headings come first, and to which accounts the
    positions belong. ``head`` is a line before all others, with places (accounting.places) in it."""

    separator: str = ";"
    encoding: str = "utf-8-sig"
    decimal: str = ","
    dates: str = "%d.%m.%Y"
    headings: bool = True
    postings: tuple[Posting, ...] = ()
    head: str = ""


class MoneyRules(Identified, Base):
    """A town's rules for money.

    ``payee``, ``iban``, ``bic``: its account; the payee is exactly the account holder's name (verification of payee,
    Regulation (EU) 2024/886). ``creditor_id`` allows direct debits. ``document`` is what a charge is: "notice",
    "invoice" or "receipt"; ``instructions`` the legal instructions of a notice. ``number_pattern`` makes the documents'
    numbers, where the town wants them without gaps; ``sign_pattern`` and ``sign_check`` its Kassenzeichen.
    ``books_years`` is how long documents are kept after the end of their year (Section 147 AO).
    """

    __tablename__ = "money_rules"
    __table_args__ = (
        CheckConstraint("document IN ('notice', 'invoice', 'receipt')", name="document"),
        CheckConstraint("sign_check IN ('', 'luhn', 'mod11', 'mod97')", name="sign_check"),
        CheckConstraint("due_days BETWEEN 0 AND 180", name="due_days"),
        CheckConstraint("books_years BETWEEN 6 AND 30", name="books_years"),
    )

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), unique=True)
    ways: Mapped[tuple[str, ...]] = mapped_column(Shape(tuple[str, ...]), default=("stripe", "counter"))
    payee: Mapped[str] = mapped_column(default="")
    iban: Mapped[str] = mapped_column(default="")
    bic: Mapped[str] = mapped_column(default="")
    creditor_id: Mapped[str] = mapped_column(default="")
    document: Mapped[str] = mapped_column(default="notice")
    instructions: Mapped[str] = mapped_column(default="")
    due_days: Mapped[int] = mapped_column(default=14)
    number_pattern: Mapped[str] = mapped_column(default="")
    sign_pattern: Mapped[str] = mapped_column(default="")
    sign_check: Mapped[str] = mapped_column(default="")
    counter_hours: Mapped[str] = mapped_column(default="")
    dunning: Mapped[tuple[DunningLevel, ...]] = mapped_column(Shape(tuple[DunningLevel, ...]), default=())
    export: Mapped[tuple[ExportColumn, ...]] = mapped_column(Shape(tuple[ExportColumn, ...]), default=())
    export_form: Mapped[ExportForm] = mapped_column(Shape(ExportForm), default=ExportForm(), server_default="{}")
    books_years: Mapped[int] = mapped_column(default=8)


def rules_of(session: Session, municipality_id: UUID) -> MoneyRules:
    """A town's rules; the usual ones, not saved, where it hasn't set any."""
    found = session.scalar(select(MoneyRules).where(MoneyRules.municipality_id == municipality_id))
    return found or usual(municipality_id)


def own_rules(session: Session, municipality_id: UUID) -> MoneyRules:
    """A town's rules, to be changed; its first ones are the usual, from now on its own."""
    in_line(session, f"money_rules:{municipality_id}")
    rules = rules_of(session, municipality_id)
    session.add(rules)
    session.flush()
    return rules


def usual(municipality_id: UUID) -> MoneyRules:
    """The rules of a town that hasn't set any: online or at the counter, as fee notices."""
    columns = MoneyRules.__table__.columns
    given = {
        column.name: column.default.arg for column in columns if column.default is not None and column.default.is_scalar
    }
    return MoneyRules(**given | {"municipality_id": municipality_id})
