"""sports halls: citizens' accounts, organisations, halls and parts, series, season plans, doors and their codes"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _roles()
    _new_tables()


def _roles() -> None:
    with op.batch_alter_table("clerk") as clerk:
        if op.get_bind().dialect.name == "postgresql":
            clerk.drop_constraint(op.f("ck_clerk_role"), type_="check")
        clerk.create_check_constraint(
            op.f("ck_clerk_role"),
            "role IN ('registrar', 'sports', 'head', 'cashier', 'administrator', 'county', 'auditor')",
        )


def _new_tables() -> None:
    op.create_table(
        "person",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("last_in_at", MOMENT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
    )
    op.create_table(
        "person_code",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("code_print", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_code")),
    )
    op.create_table(
        "hall_round",
        sa.Column("municipality_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("opens_at", MOMENT, nullable=False),
        sa.Column("closes_at", MOMENT, nullable=False),
        sa.Column("without_holidays", sa.Boolean(), nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("seed_print", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("rehearsed_at", MOMENT, nullable=True),
        sa.Column("rehearsed_by", sa.Text(), nullable=False),
        sa.Column("worked_on_by", sa.Uuid(), nullable=True),
        sa.Column("released_at", MOMENT, nullable=True),
        sa.Column("released_by", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'open', 'closed', 'rehearsed', 'released')", name=op.f("ck_hall_round_state")
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_hall_round_municipality_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hall_round")),
    )
    op.create_index(op.f("ix_hall_round_municipality_id"), "hall_round", ["municipality_id"], unique=False)
    op.create_table(
        "organisation",
        sa.Column("municipality_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_class", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('club', 'school', 'office', 'company', 'other')", name=op.f("ck_organisation_kind")
        ),
        sa.CheckConstraint(
            "state IN ('applied', 'approved', 'refused', 'blocked')", name=op.f("ck_organisation_state")
        ),
        sa.CheckConstraint(
            "user_class IN ('school', 'office', 'club', 'local', 'outside', 'commercial')",
            name=op.f("ck_organisation_user_class"),
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_organisation_municipality_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
    )
    op.create_index("ix_organisation_municipality_state", "organisation", ["municipality_id", "state"], unique=False)
    op.create_index(
        "uq_organisation_name",
        "organisation",
        ["municipality_id", "name_key"],
        unique=True,
        postgresql_where=sa.text("state <> 'refused'"),
        sqlite_where=sa.text("state <> 'refused'"),
    )
    op.create_table(
        "invitation",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("role IN ('manager', 'booker')", name=op.f("ck_invitation_role")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_invitation_organisation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("organisation_id", "email", name=op.f("uq_invitation_organisation_id_email")),
    )
    op.create_table(
        "person_sign_in",
        sa.Column("token_print", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("signed_in_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_person_sign_in_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_print", name=op.f("pk_person_sign_in")),
    )
    op.create_index(op.f("ix_person_sign_in_person_id"), "person_sign_in", ["person_id"], unique=False)
    op.create_table(
        "api_token",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("token_print", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_api_token_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_print", name=op.f("uq_api_token_token_print")),
    )
    op.create_table(
        "api_answer",
        sa.Column("key_print", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("request_print", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_api_answer_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key_print", name=op.f("pk_api_answer")),
    )
    op.create_index(op.f("ix_api_answer_person_id"), "api_answer", ["person_id"], unique=False)
    op.create_table(
        "school_holiday",
        sa.Column("municipality_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("last >= first", name=op.f("ck_school_holiday_order")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_school_holiday_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school_holiday")),
    )
    op.create_index(
        "ix_school_holiday_municipality_first", "school_holiday", ["municipality_id", "first"], unique=False
    )
    op.create_table(
        "hall",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("house_rules", sa.Text(), nullable=False),
        sa.Column("floor", sa.Text(), nullable=False),
        sa.Column("sports", sa.Text(), nullable=False),
        sa.Column("resin", sa.Boolean(), nullable=False),
        sa.Column("spectators", sa.Integer(), nullable=False),
        sa.Column("scoreboard", sa.Boolean(), nullable=False),
        sa.Column("step_free", sa.Boolean(), nullable=False),
        sa.Column("access_note", sa.Text(), nullable=False),
        sa.Column("combinations", sa.Text(), nullable=False),
        sa.Column("hours", sa.Text(), nullable=False),
        sa.Column("step_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_minutes", sa.Integer(), nullable=False),
        sa.Column("caretaker", sa.Text(), nullable=False),
        sa.Column("caretaker_phone", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.CheckConstraint("visibility IN ('bookable', 'request', 'information')", name=op.f("ck_hall_visibility")),
        sa.CheckConstraint("buffer_minutes BETWEEN 0 AND 60", name=op.f("ck_hall_buffer")),
        sa.CheckConstraint("spectators >= 0", name=op.f("ck_hall_spectators")),
        sa.CheckConstraint("step_minutes BETWEEN 5 AND 120", name=op.f("ck_hall_step")),
        sa.ForeignKeyConstraint(["id"], ["resource.id"], name=op.f("fk_hall_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_hall_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hall")),
    )
    op.create_index(op.f("ix_hall_site_id"), "hall", ["site_id"], unique=False)
    op.create_table(
        "hall_season_wish",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sport", sa.Text(), nullable=False),
        sa.Column("age_group", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("parts_wanted", sa.Integer(), nullable=False),
        sa.Column("step_free", sa.Boolean(), nullable=False),
        sa.Column("alternatives", sa.Text(), nullable=False),
        sa.Column("remarks", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("minutes BETWEEN 15 AND 720", name=op.f("ck_hall_season_wish_minutes")),
        sa.CheckConstraint("parts_wanted BETWEEN 1 AND 20", name=op.f("ck_hall_season_wish_parts_wanted")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_hall_season_wish_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["hall_round.id"], name=op.f("fk_hall_season_wish_round_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hall_season_wish")),
    )
    op.create_index(op.f("ix_hall_season_wish_organisation_id"), "hall_season_wish", ["organisation_id"], unique=False)
    op.create_index(
        "ix_hall_season_wish_round_organisation", "hall_season_wish", ["round_id", "organisation_id"], unique=False
    )
    op.create_table(
        "member",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("role IN ('manager', 'booker')", name=op.f("ck_member_role")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_member_organisation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_member_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("organisation_id", "person_id", name=op.f("uq_member_organisation_id_person_id")),
    )
    op.create_index(op.f("ix_member_person_id"), "member", ["person_id"], unique=False)
    op.create_table(
        "door",
        sa.Column("municipality_id", sa.Uuid(), nullable=False),
        sa.Column("hall_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("run_in_minutes", sa.Integer(), nullable=False),
        sa.Column("run_out_minutes", sa.Integer(), nullable=False),
        sa.Column("adapter", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("keeps_time", sa.Boolean(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("low_battery_at", MOMENT, nullable=True),
        sa.Column("heard_at", MOMENT, nullable=True),
        sa.Column("polled_at", MOMENT, nullable=True),
        sa.Column("asked_at", MOMENT, nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("adapter IN ('simulator', 'webhook', 'nuki')", name=op.f("ck_door_adapter")),
        sa.CheckConstraint("run_in_minutes BETWEEN 0 AND 120", name=op.f("ck_door_run_in")),
        sa.CheckConstraint("run_out_minutes BETWEEN 0 AND 120", name=op.f("ck_door_run_out")),
        sa.ForeignKeyConstraint(["hall_id"], ["hall.id"], name=op.f("fk_door_hall_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_door_municipality_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_door")),
    )
    op.create_index(op.f("ix_door_hall_id"), "door", ["hall_id"], unique=False)
    op.create_index(op.f("ix_door_municipality_id"), "door", ["municipality_id"], unique=False)
    op.create_table(
        "hall_allotment",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("wish_id", sa.Uuid(), nullable=False),
        sa.Column("hall_id", sa.Uuid(), nullable=True),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("from_minute", sa.Integer(), nullable=False),
        sa.Column("until_minute", sa.Integer(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("left_out", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("order_number", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["hall_id"], ["hall.id"], name=op.f("fk_hall_allotment_hall_id")),
        sa.ForeignKeyConstraint(
            ["round_id"], ["hall_round.id"], name=op.f("fk_hall_allotment_round_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["wish_id"], ["hall_season_wish.id"], name=op.f("fk_hall_allotment_wish_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hall_allotment")),
        sa.UniqueConstraint("round_id", "wish_id", name=op.f("uq_hall_allotment_round_id_wish_id")),
    )
    op.create_index(op.f("ix_hall_allotment_hall_id"), "hall_allotment", ["hall_id"], unique=False)
    op.create_index(op.f("ix_hall_allotment_wish_id"), "hall_allotment", ["wish_id"], unique=False)
    op.create_table(
        "hall_part",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hall_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("side", sa.Boolean(), nullable=False),
        sa.CheckConstraint("number BETWEEN 1 AND 20", name=op.f("ck_hall_part_number")),
        sa.ForeignKeyConstraint(["hall_id"], ["hall.id"], name=op.f("fk_hall_part_hall_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["id"], ["resource.id"], name=op.f("fk_hall_part_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hall_part")),
        sa.UniqueConstraint("hall_id", "number", name=op.f("uq_hall_part_hall_id_number")),
    )
    op.create_index(op.f("ix_hall_part_hall_id"), "hall_part", ["hall_id"], unique=False)
    op.create_table(
        "hall_watch",
        sa.Column("municipality_id", sa.Uuid(), nullable=False),
        sa.Column("hall_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("weekdays", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("proven_at", MOMENT, nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["hall_id"], ["hall.id"], name=op.f("fk_hall_watch_hall_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_hall_watch_municipality_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hall_watch")),
        sa.UniqueConstraint("hall_id", "email", name=op.f("uq_hall_watch_hall_id_email")),
    )
    op.create_index(op.f("ix_hall_watch_municipality_id"), "hall_watch", ["municipality_id"], unique=False)
    op.create_table(
        "door_event",
        sa.Column("door_id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('opened', 'refused', 'low_battery', 'unreachable')", name=op.f("ck_door_event_kind")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_door_event_booking_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_door_event_door_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_door_event")),
        sa.UniqueConstraint("door_id", "remote_id", name=op.f("uq_door_event_door_id_remote_id")),
    )
    op.create_index(op.f("ix_door_event_booking_id"), "door_event", ["booking_id"], unique=False)
    op.create_index("ix_door_event_door_at", "door_event", ["door_id", "at"], unique=False)
    op.create_table(
        "hall_series",
        sa.Column("municipality_id", sa.Uuid(), nullable=False),
        sa.Column("hall_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("repeat", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("allotment_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["allotment_id"], ["hall_allotment.id"], name=op.f("fk_hall_series_allotment_id")),
        sa.ForeignKeyConstraint(["hall_id"], ["hall.id"], name=op.f("fk_hall_series_hall_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_hall_series_municipality_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_hall_series_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hall_series")),
        sa.UniqueConstraint("number", name=op.f("uq_hall_series_number")),
    )
    op.create_index(op.f("ix_hall_series_allotment_id"), "hall_series", ["allotment_id"], unique=False)
    op.create_index(op.f("ix_hall_series_hall_id"), "hall_series", ["hall_id"], unique=False)
    op.create_index(op.f("ix_hall_series_municipality_id"), "hall_series", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_hall_series_organisation_id"), "hall_series", ["organisation_id"], unique=False)
    op.create_table(
        "simulated_key",
        sa.Column("door_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_simulated_key_door_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("door_id", "key", name=op.f("pk_simulated_key")),
    )
    op.create_table(
        "door_code",
        sa.Column("municipality_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("series_id", sa.Uuid(), nullable=True),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("written_at", MOMENT, nullable=True),
        sa.Column("renewed_at", MOMENT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(booking_id IS NULL) <> (series_id IS NULL)", name=op.f("ck_door_code_owner")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_door_code_booking_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_door_code_municipality_id")),
        sa.ForeignKeyConstraint(["series_id"], ["hall_series.id"], name=op.f("fk_door_code_series_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_door_code")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_door_code_booking_id")),
        sa.UniqueConstraint("series_id", name=op.f("uq_door_code_series_id")),
    )
    op.create_index(op.f("ix_door_code_municipality_id"), "door_code", ["municipality_id"], unique=False)
    op.create_table(
        "hall_use",
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("organiser", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sport", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("age_group", sa.Text(), nullable=False),
        sa.Column("traits", sa.Text(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("coach", sa.Text(), nullable=False),
        sa.Column("coach_phone", sa.Text(), nullable=False),
        sa.Column("remarks", sa.Text(), nullable=False),
        sa.Column("conditions", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("sought", sa.Text(), nullable=False),
        sa.Column("missed_at", MOMENT, nullable=True),
        sa.Column("present_at", MOMENT, nullable=True),
        sa.Column("given_back_at", MOMENT, nullable=True),
        sa.CheckConstraint("persons >= 0", name=op.f("ck_hall_use_persons")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_hall_use_booking_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_hall_use_organisation_id")),
        sa.ForeignKeyConstraint(["series_id"], ["hall_series.id"], name=op.f("fk_hall_use_series_id")),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_hall_use")),
    )
    op.create_index(op.f("ix_hall_use_organisation_id"), "hall_use", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_hall_use_series_id"), "hall_use", ["series_id"], unique=False)
    op.create_table(
        "door_entry",
        sa.Column("door_id", sa.Uuid(), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=False),
        sa.Column("digits_print", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("told_from", MOMENT, nullable=True),
        sa.Column("told_until", MOMENT, nullable=True),
        sa.Column("put_at", MOMENT, nullable=True),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("leased_until", MOMENT, nullable=True),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("alarmed_at", MOMENT, nullable=True),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('planned', 'sent', 'confirmed', 'active', 'removing', 'removed', 'failed')",
            name=op.f("ck_door_entry_state"),
        ),
        sa.ForeignKeyConstraint(["code_id"], ["door_code.id"], name=op.f("fk_door_entry_code_id")),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_door_entry_door_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_door_entry")),
        sa.UniqueConstraint("door_id", "code_id", name=op.f("uq_door_entry_door_id_code_id")),
    )
    op.create_index(op.f("ix_door_entry_code_id"), "door_entry", ["code_id"], unique=False)
    op.create_index("ix_door_entry_next", "door_entry", ["next_at"], unique=False)
    op.create_index(
        "uq_door_entry_digits",
        "door_entry",
        ["door_id", "digits_print"],
        unique=True,
        postgresql_where=sa.text("state <> 'removed'"),
        sqlite_where=sa.text("state <> 'removed'"),
    )
    op.create_table(
        "door_window",
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("door_id", sa.Uuid(), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_door_window_booking_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["code_id"], ["door_code.id"], name=op.f("fk_door_window_code_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_door_window_door_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("booking_id", "door_id", name=op.f("pk_door_window")),
    )
    op.create_index(op.f("ix_door_window_code_id"), "door_window", ["code_id"], unique=False)
    op.create_index("ix_door_window_door_start", "door_window", ["door_id", "starts_at"], unique=False)
    for column in ("sports_office", "sports_phone", "sports_email"):
        op.add_column("municipality", sa.Column(column, sa.Text(), server_default="", nullable=False))
    op.add_column("booking", sa.Column("user_class", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_booking_email_lower", "booking", [sa.text("lower(email)")], unique=False)
