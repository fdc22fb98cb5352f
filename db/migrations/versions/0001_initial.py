"""Datasets, calibrations, experiments, models, students and what they answered."""

import sqlalchemy as sa
from alembic import op

from db.base import BigKey, Json, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_datasets()
    _create_calibrations()
    _create_experiments()
    _create_epoch_metrics()
    _create_models()
    _create_skills()
    _create_students()
    _create_interactions()
    _create_student_states()


def downgrade() -> None:
    for table in (
        "student_states",
        "interactions",
        "students",
        "skills",
        "models",
        "epoch_metrics",
        "experiments",
        "calibrations",
        "datasets",
    ):
        op.drop_table(table)


def _create_datasets() -> None:
    op.create_table(
        "datasets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("n_students", sa.Integer(), nullable=False),
        sa.Column("n_responses", sa.Integer(), nullable=False),
        sa.Column("n_skills", sa.Integer(), nullable=False),
        sa.Column("n_folds", sa.Integer(), nullable=False),
        sa.Column("share_correct", sa.Double(), nullable=False),
        sa.Column("statistics", Json(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_datasets"),
        sa.UniqueConstraint("content_hash", name="uq_datasets_content_hash"),
    )


def _create_calibrations() -> None:
    op.create_table(
        "calibrations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("fold", sa.Integer(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("settings", Json(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("parameters", Json(), nullable=False),
        sa.Column("summary", Json(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name="fk_calibrations_dataset_id_datasets", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_calibrations"),
        sa.UniqueConstraint("key", name="uq_calibrations_key"),
    )
    op.create_index("ix_calibrations_dataset_id", "calibrations", ["dataset_id"])


def _create_experiments() -> None:
    op.create_table(
        "experiments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("fold", sa.Integer(), nullable=False),
        sa.Column("preset", sa.Text(), nullable=True),
        sa.Column("config", Json(), nullable=False),
        sa.Column("config_fingerprint", sa.Text(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "running",
                "succeeded",
                "failed",
                "cancelled",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_expires_at", UtcDateTime(), nullable=True),
        sa.Column("heartbeat_at", UtcDateTime(), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("epochs_done", sa.Integer(), nullable=False),
        sa.Column("epochs", sa.Integer(), nullable=False),
        sa.Column("code_version", sa.Text(), nullable=True),
        sa.Column("package_versions", Json(), nullable=True),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("error_type", sa.Text(), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("metrics", Json(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("request_hash", sa.Text(), nullable=True),
        sa.Column("rung_at", UtcDateTime(), nullable=False),
        sa.Column("rings", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name="fk_experiments_dataset_id_datasets", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_experiments"),
        sa.UniqueConstraint("idempotency_key", name="uq_experiments_idempotency_key"),
    )
    op.create_index("ix_experiments_config_fingerprint", "experiments", ["config_fingerprint"])
    op.create_index("ix_experiments_dataset_id", "experiments", ["dataset_id"])
    op.create_index("ix_experiments_preset", "experiments", ["preset"])
    op.create_index("ix_experiments_status_lease_expires_at", "experiments", ["status", "lease_expires_at"])
    op.create_index("ix_experiments_status_rung_at", "experiments", ["status", "rung_at"])


def _create_epoch_metrics() -> None:
    op.create_table(
        "epoch_metrics",
        sa.Column("experiment_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("metrics", Json(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiments.id"],
            name="fk_epoch_metrics_experiment_id_experiments",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("experiment_id", "epoch", name="pk_epoch_metrics"),
    )


def _create_models() -> None:
    op.create_table(
        "models",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("experiment_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("metrics", Json(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "candidate",
                "promoting",
                "serving",
                "retired",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_expires_at", UtcDateTime(), nullable=True),
        sa.Column("heartbeat_at", UtcDateTime(), nullable=True),
        sa.Column("rung_at", UtcDateTime(), nullable=False),
        sa.Column("rings", sa.Integer(), nullable=False),
        sa.Column("error_type", sa.Text(), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("promoted_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiments.id"],
            name="fk_models_experiment_id_experiments",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
        sa.UniqueConstraint("experiment_id", name="uq_models_experiment_id"),
    )
    op.create_index(
        "uq_models_serving",
        "models",
        ["status"],
        unique=True,
        sqlite_where=sa.text("status = 'serving'"),
        postgresql_where=sa.text("status = 'serving'"),
    )


def _create_skills() -> None:
    op.create_table(
        "skills",
        sa.Column("model_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("difficulty", sa.Double(), nullable=False),
        sa.Column("standard_error", sa.Double(), nullable=True),
        sa.Column("n_responses", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_skills_model_id_models", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", "position", name="pk_skills"),
        sa.UniqueConstraint("model_id", "name", name="uq_skills_model_id_name"),
    )


def _create_students() -> None:
    op.create_table(
        "students",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("student_id", sa.Text(), nullable=False),
        sa.Column("n_interactions", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_interaction_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_students"),
        sa.UniqueConstraint("student_id", name="uq_students_student_id"),
    )


def _create_interactions() -> None:
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
    op.create_index(
        "ix_interactions_student_pk_occurred_at_id", "interactions", ["student_pk", "occurred_at", "id"]
    )


def _create_student_states() -> None:
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
