"""Responses counted as they arrive, states as packed arrays, cohorts, and students who wait for scoring."""

import sqlalchemy as sa
from alembic import op

from db.base import BigKey, Json, Packed, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A row of student_states up to this size stays in its page, uncompressed: the most that PostgreSQL allows.
LARGEST_ROW_BYTES = 8160


def upgrade() -> None:
    _number_arrivals()
    op.drop_table("student_states")
    _create_student_states()
    _create_cohort_members()
    with op.batch_alter_table("students") as batch:
        batch.add_column(sa.Column("scoring_due", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("students") as batch:
        batch.alter_column("scoring_due", server_default=None)
        batch.create_index(
            "ix_students_scoring_due",
            ["id"],
            sqlite_where=sa.text("scoring_due = 1"),
            postgresql_where=sa.text("scoring_due"),
        )
    # Their states are gone: a worker scores them again.
    op.execute("UPDATE students SET scoring_due = true WHERE n_interactions > 0")
    with op.batch_alter_table("skills") as batch:
        for name in ("prior_mastery", "prior_probability", "prior_mastery_reference"):
            batch.add_column(sa.Column(name, sa.Double(), nullable=True))
    with op.batch_alter_table("models") as batch:
        batch.add_column(sa.Column("scored_through", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("ability_sd", sa.Double(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("models") as batch:
        batch.drop_column("ability_sd")
        batch.drop_column("scored_through")
    with op.batch_alter_table("skills") as batch:
        for name in ("prior_mastery_reference", "prior_probability", "prior_mastery"):
            batch.drop_column(name)
    with op.batch_alter_table("students") as batch:
        batch.drop_index("ix_students_scoring_due")
        batch.drop_column("scoring_due")
    op.drop_table("cohort_members")
    op.drop_table("student_states")
    _create_first_student_states()
    _number_interactions()


def _number_arrivals() -> None:
    """Interactions by student, each with the number of those that came before."""
    _set_aside_interactions()
    op.create_table(
        "interactions",
        sa.Column("student_pk", BigKey, autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("skills", Json(), nullable=False),
        sa.Column("item", sa.Text(), nullable=True),
        sa.Column("correct", sa.Boolean(), nullable=False),
        sa.Column("occurred_at", UtcDateTime(), nullable=False),
        sa.Column("arrival", sa.Integer(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("student_pk", "event_id", name="pk_interactions"),
    )
    op.execute(
        "INSERT INTO interactions "
        "(student_pk, event_id, skills, item, correct, occurred_at, arrival, received_at) "
        "SELECT student_pk, event_id, skills, item, correct, occurred_at,"
        " row_number() OVER (PARTITION BY student_pk ORDER BY id) - 1, received_at "
        "FROM interactions_before ORDER BY student_pk, id"
    )
    op.drop_table("interactions_before")
    op.create_index(
        "ix_interactions_student_pk_occurred_at_arrival",
        "interactions",
        ["student_pk", "occurred_at", "arrival"],
    )


def _number_interactions() -> None:
    """Interactions as they came in, each with a number of its own."""
    _set_aside_interactions()
    op.create_table(
        "interactions",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("student_pk", BigKey, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("skills", Json(), nullable=False),
        sa.Column("item", sa.Text(), nullable=True),
        sa.Column("correct", sa.Boolean(), nullable=False),
        sa.Column("occurred_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["student_pk"], ["students.id"], name="fk_interactions_student_pk_students", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_interactions"),
        sa.UniqueConstraint("student_pk", "event_id", name="uq_interactions_student_pk_event_id"),
    )
    columns = "student_pk, event_id, skills, item, correct, occurred_at, received_at"
    op.execute(
        f"INSERT INTO interactions ({columns}) SELECT {columns} FROM interactions_before "
        "ORDER BY received_at, student_pk, arrival"
    )
    op.drop_table("interactions_before")
    op.create_index(
        "ix_interactions_student_pk_occurred_at_id", "interactions", ["student_pk", "occurred_at", "id"]
    )


def _set_aside_interactions() -> None:
    op.rename_table("interactions", "interactions_before")
    if op.get_bind().dialect.name == "postgresql":
        # There the names of keys are unique among all tables, and those of sequences, too.
        op.drop_constraint("pk_interactions", "interactions_before", type_="primary")
        op.execute("ALTER SEQUENCE IF EXISTS interactions_id_seq RENAME TO interactions_before_id_seq")


def _create_student_states() -> None:
    op.create_table(
        "student_states",
        sa.Column("model_id", sa.Uuid(), nullable=False),
        sa.Column("student_pk", BigKey, nullable=False),
        sa.Column("theta", sa.Double(), nullable=False),
        sa.Column("theta_reference", sa.Double(), nullable=False),
        sa.Column("theta_reference_sd", sa.Double(), nullable=False),
        sa.Column("n_interactions", sa.Integer(), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("mastery", Packed("f4"), nullable=False),
        sa.Column("probability", Packed("f4"), nullable=False),
        sa.Column("mastery_reference", Packed("f4"), nullable=False),
        sa.Column("evidence", Packed("i4"), nullable=False),
        sa.Column("last_practised", Packed("i8"), nullable=False),
        sa.Column("mastered_at", Packed("i8"), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_student_states_model_id_models", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["student_pk"], ["students.id"], name="fk_student_states_student_pk_students", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", "student_pk", name="pk_student_states"),
    )
    op.create_index("ix_student_states_student_pk", "student_states", ["student_pk"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE student_states SET (toast_tuple_target = {LARGEST_ROW_BYTES})")


def _create_cohort_members() -> None:
    op.create_table(
        "cohort_members",
        sa.Column("cohort", sa.Text(), nullable=False),
        sa.Column("student_pk", BigKey, nullable=False),
        sa.ForeignKeyConstraint(
            ["student_pk"], ["students.id"], name="fk_cohort_members_student_pk_students", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cohort", "student_pk", name="pk_cohort_members"),
    )
    op.create_index("ix_cohort_members_student_pk", "cohort_members", ["student_pk"])


def _create_first_student_states() -> None:
    op.create_table(
        "student_states",
        sa.Column("student_pk", BigKey, nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=False),
        sa.Column("theta", sa.Double(), nullable=False),
        sa.Column("theta_reference", sa.Double(), nullable=False),
        sa.Column("theta_reference_sd", sa.Double(), nullable=False),
        sa.Column("mastery", Json(), nullable=False),
        sa.Column("probability", Json(), nullable=False),
        sa.Column("mastery_reference", Json(), nullable=False),
        sa.Column("n_interactions", sa.Integer(), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_student_states_model_id_models", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["student_pk"], ["students.id"], name="fk_student_states_student_pk_students", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("student_pk", "model_id", name="pk_student_states"),
    )
    op.create_index("ix_student_states_model_id", "student_states", ["model_id"])
