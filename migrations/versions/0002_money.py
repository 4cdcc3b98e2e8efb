"""money: conditions of prices, numbered documents, transfers, the counter, mandates, dunning, reversals"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _new_tables()
    _roles()
    _tariffs()
    _charges()
    _payments()


def _new_tables() -> None:
    op.create_table(
        "money_rules",
        _id(),
        _fk("municipality_id"),
        _text("ways"),
        _text("payee"),
        _text("iban"),
        _text("bic"),
        _text("creditor_id"),
        _text("document"),
        _text("instructions"),
        sa.Column("due_days", sa.Integer(), nullable=False),
        _text("number_pattern"),
        _text("sign_pattern"),
        _text("sign_check"),
        _text("counter_hours"),
        _text("dunning"),
        _text("export"),
        sa.Column("export_form", sa.Text(), server_default="{}", nullable=False),
        sa.Column("books_years", sa.Integer(), nullable=False),
        *_keys("money_rules", municipality_id="municipality"),
        sa.UniqueConstraint("municipality_id", name=op.f("uq_money_rules_municipality_id")),
        sa.CheckConstraint("document IN ('notice', 'invoice', 'receipt')", name=op.f("ck_money_rules_document")),
        sa.CheckConstraint("sign_check IN ('', 'luhn', 'mod11', 'mod97')", name=op.f("ck_money_rules_sign_check")),
        sa.CheckConstraint("due_days BETWEEN 0 AND 180", name=op.f("ck_money_rules_due_days")),
        sa.CheckConstraint("books_years BETWEEN 6 AND 30", name=op.f("ck_money_rules_books_years")),
    )
    op.create_table(
        "bank_file",
        _id(),
        _fk("municipality_id"),
        _text("name"),
        _text("digest"),
        _text("kind"),
        sa.Column("imported_at", MOMENT, nullable=False),
        _text("imported_by"),
        sa.Column("undone_at", MOMENT, nullable=True),
        _text("undone_by"),
        _text("faults"),
        *_keys("bank_file", municipality_id="municipality"),
    )
    op.create_index("ix_bank_file_digest", "bank_file", ["municipality_id", "digest"])
    op.create_table(
        "bank_entry",
        _id(),
        _fk("municipality_id"),
        _fk("file_id"),
        sa.Column("place", sa.Integer(), nullable=False),
        _text("key"),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("value_on", sa.Date(), nullable=True),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("is_return", sa.Boolean(), nullable=False),
        _text("name"),
        _text("sealed_iban"),
        _text("text"),
        _text("reference"),
        _text("end_to_end"),
        _text("return_reason"),
        _text("state"),
        _text("why"),
        _text("settled_by"),
        *_keys("bank_entry", municipality_id="municipality", file_id="bank_file"),
        sa.UniqueConstraint("municipality_id", "key", name=op.f("uq_bank_entry_municipality_id_key")),
        sa.CheckConstraint("state IN ('open', 'suggested', 'matched', 'set_aside')", name=op.f("ck_bank_entry_state")),
    )
    op.create_index("ix_bank_entry_state", "bank_entry", ["municipality_id", "state", "booked_on"])
    op.create_index(op.f("ix_bank_entry_file_id"), "bank_entry", ["file_id"])
    op.create_table(
        "mandate",
        _id(),
        _fk("municipality_id"),
        *(_text(name) for name in ("reference", "email", "holder", "street", "city", "sealed_iban", "iban_end", "bic")),
        sa.Column("recurring", sa.Boolean(), nullable=False),
        _text("state"),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("on_paper", sa.Boolean(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        _text("made_by"),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        _text("revoked_by"),
        *_keys("mandate", municipality_id="municipality"),
        sa.UniqueConstraint("municipality_id", "reference", name=op.f("uq_mandate_municipality_id_reference")),
        sa.CheckConstraint("state IN ('proposed', 'active', 'revoked')", name=op.f("ck_mandate_state")),
    )
    op.create_index("ix_mandate_email", "mandate", ["municipality_id", "email"])
    op.create_table(
        "sepa_order",
        _id(),
        _fk("municipality_id"),
        _text("kind"),
        _text("message_id"),
        sa.Column("execute_on", sa.Date(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        _text("made_by"),
        sa.Column("handed_over_at", MOMENT, nullable=True),
        _text("handed_over_by"),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        _text("withdrawn_by"),
        _text("sealed_content"),
        *_keys("sepa_order", municipality_id="municipality"),
        sa.UniqueConstraint("message_id", name=op.f("uq_sepa_order_message_id")),
        sa.CheckConstraint("kind IN ('collection', 'refunds')", name=op.f("ck_sepa_order_kind")),
    )
    op.create_index(op.f("ix_sepa_order_municipality_id"), "sepa_order", ["municipality_id"])
    op.create_table(
        "cash_day",
        _id(),
        _fk("municipality_id"),
        sa.Column("day", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("serial", "opening", "expected", "counted")),
        _text("note"),
        sa.Column("closed_at", MOMENT, nullable=False),
        _text("closed_by"),
        *_keys("cash_day", municipality_id="municipality"),
        sa.UniqueConstraint("municipality_id", "day", name=op.f("uq_cash_day_municipality_id_day")),
        sa.UniqueConstraint("municipality_id", "serial", name=op.f("uq_cash_day_municipality_id_serial")),
    )
    op.create_table(
        "cash_move",
        _id(),
        _fk("municipality_id"),
        sa.Column("cents", sa.Integer(), nullable=False),
        _text("reason"),
        sa.Column("at", MOMENT, nullable=False),
        _text("by"),
        _fk("takes_back_id", nullable=True),
        *_keys("cash_move", municipality_id="municipality", takes_back_id="cash_move"),
        sa.CheckConstraint("cents <> 0", name=op.f("ck_cash_move_cents")),
        sa.UniqueConstraint("takes_back_id", name=op.f("uq_cash_move_takes_back_id")),
    )
    op.create_index(op.f("ix_cash_move_municipality_id"), "cash_move", ["municipality_id"])
    op.create_table(
        "dunning_notice",
        _id(),
        _fk("charge_id"),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("open_cents", sa.Integer(), nullable=False),
        sa.Column("pay_by", sa.Date(), nullable=False),
        _fk("fee_id", nullable=True),
        sa.Column("written_at", MOMENT, nullable=False),
        _text("written_by"),
        *_keys("dunning_notice", charge_id="charge", fee_id="charge"),
        sa.UniqueConstraint("charge_id", "level", name=op.f("uq_dunning_notice_charge_id_level")),
    )
    op.create_table(
        "reversal",
        _id(),
        _fk("payment_id"),
        _fk("booking_id"),
        _fk("entry_id", nullable=True),
        _text("kind"),
        _text("key"),
        sa.Column("cents", sa.Integer(), nullable=False),
        _text("reason"),
        sa.Column("at", MOMENT, nullable=False),
        _text("by"),
        *_keys("reversal", payment_id="payment", booking_id="booking", entry_id="bank_entry"),
        sa.UniqueConstraint("key", name=op.f("uq_reversal_key")),
        sa.CheckConstraint("cents <> 0", name=op.f("ck_reversal_cents")),
        sa.CheckConstraint("kind IN ('returned', 'disputed', 'undone')", name=op.f("ck_reversal_kind")),
    )
    for column in ("payment_id", "booking_id", "entry_id"):
        op.create_index(op.f(f"ix_reversal_{column}"), "reversal", [column])


def _roles() -> None:
    with op.batch_alter_table("clerk") as clerk:
        if op.get_bind().dialect.name == "postgresql":
            clerk.drop_constraint(op.f("ck_clerk_role"), type_="check")
        clerk.create_check_constraint(
            op.f("ck_clerk_role"),
            "role IN ('registrar', 'head', 'cashier', 'administrator', 'county', 'auditor')",
        )


def _tariffs() -> None:
    with op.batch_alter_table("tariff_item") as item:
        item.add_column(_text("kind", "price"))
        item.add_column(_text("unit", "booking"))
        item.add_column(sa.Column("per_part", sa.Boolean(), nullable=False, server_default=sa.false()))
        item.add_column(sa.Column("percent", sa.Integer(), nullable=False, server_default="0"))
        item.add_column(_text("conditions", "{}"))
        item.add_column(_text("vat_changes", "[]"))
        item.create_check_constraint(
            op.f("ck_tariff_item_kind"), "kind IN ('price', 'surcharge', 'reduction', 'minimum', 'maximum')"
        )
        item.create_check_constraint(
            op.f("ck_tariff_item_unit"), "unit IN ('booking', 'hour', 'half_hour', 'day', 'person')"
        )
        item.create_check_constraint(op.f("ck_tariff_item_percent"), "percent BETWEEN 0 AND 100")


def _charges() -> None:
    with op.batch_alter_table("charge") as charge:
        charge.add_column(sa.Column("kassenzeichen", sa.Text(), nullable=True))
        charge.add_column(sa.Column("numbered", sa.Boolean(), nullable=False, server_default=sa.false()))
        charge.add_column(sa.Column("year", sa.Integer(), nullable=True))
        charge.add_column(sa.Column("serial", sa.Integer(), nullable=True))
        charge.add_column(_text("number", ""))
        charge.add_column(_text("document", "notice"))
        charge.add_column(sa.Column("due_on", sa.Date(), nullable=True))
        charge.add_column(sa.Column("corrects_id", sa.Uuid(), nullable=True))
        charge.add_column(_text("debtor", "[]"))
        charge.add_column(sa.Column("stopped_until", sa.Date(), nullable=True))
        charge.add_column(_text("stopped_by", ""))
        charge.add_column(_text("stop_reason", ""))
        charge.create_foreign_key(op.f("fk_charge_corrects_id"), "charge", ["corrects_id"], ["id"])
        charge.create_unique_constraint(
            op.f("uq_charge_municipality_id_year_serial"), ["municipality_id", "year", "serial"]
        )
        charge.create_unique_constraint(
            op.f("uq_charge_municipality_id_kassenzeichen"), ["municipality_id", "kassenzeichen"]
        )
        charge.create_check_constraint(op.f("ck_charge_document"), "document IN ('notice', 'invoice', 'receipt')")
        charge.create_check_constraint(op.f("ck_charge_numbered"), "(year IS NULL) = (serial IS NULL)")
    op.create_index("ix_charge_municipality_due", "charge", ["municipality_id", "due_on"])
    with op.batch_alter_table("charge_item") as item:
        item.add_column(_text("note", ""))


def _payments() -> None:
    op.execute("UPDATE payment SET provider = 'cash' WHERE provider = 'counter'")
    with op.batch_alter_table("payment") as payment:
        for column, table in (
            ("together_id", "payment"),
            ("entry_id", "bank_entry"),
            ("order_id", "sepa_order"),
            ("mandate_id", "mandate"),
        ):
            payment.add_column(sa.Column(column, sa.Uuid(), nullable=True))
            payment.create_foreign_key(op.f(f"fk_payment_{column}"), table, [column], ["id"])
        payment.add_column(_text("taken_by", ""))
        payment.add_column(sa.Column("receipt", sa.Text(), nullable=True))
        payment.create_unique_constraint(op.f("uq_payment_municipality_id_receipt"), ["municipality_id", "receipt"])
        payment.create_check_constraint(
            op.f("ck_payment_provider"), "provider IN ('stripe', 'transfer', 'debit', 'cash', 'terminal')"
        )
    for column in ("together_id", "entry_id", "order_id", "mandate_id"):
        op.create_index(op.f(f"ix_payment_{column}"), "payment", [column])
    with op.batch_alter_table("refund") as refund:
        refund.add_column(sa.Column("order_id", sa.Uuid(), nullable=True))
        for column in ("to_name", "sealed_iban", "paid_out_by"):
            refund.add_column(_text(column, ""))
        refund.create_foreign_key(op.f("fk_refund_order_id"), "sepa_order", ["order_id"], ["id"])
        refund.add_column(sa.Column("follows_id", sa.Uuid(), nullable=True))
        refund.create_foreign_key(op.f("fk_refund_follows_id"), "refund", ["follows_id"], ["id"])
        refund.create_unique_constraint(op.f("uq_refund_follows_id"), ["follows_id"])
        if op.get_bind().dialect.name == "postgresql":
            refund.drop_constraint(op.f("ck_refund_cents"), type_="check")
        refund.create_check_constraint(
            op.f("ck_refund_cents"), "cents > 0 OR (cents < 0 AND state = 'done' AND follows_id IS NOT NULL)"
        )
    op.create_index(op.f("ix_refund_order_id"), "refund", ["order_id"])


def _id() -> sa.Column:
    return sa.Column("id", sa.Uuid(), nullable=False)


def _fk(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _text(name: str, default: str | None = None) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=False, server_default=default)


def _keys(table: str, **foreign: str) -> list[sa.Constraint]:
    made = [
        sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, other in foreign.items()
    ]
    return [*made, sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))]
