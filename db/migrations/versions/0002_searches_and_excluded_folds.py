"""Cross-validations and sweeps, folds left out altogether, more settings, and more about each run."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from db.base import Json, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Section = dict[str, Any]

EMPTY = sa.text("'[]'")
STATES = ("queued", "running", "succeeded", "failed", "cancelled")

# Settings that came with this revision, each at what was meant before there was a choice; the kinds of model
# and reference that are new have none of them.
OLD_KINDS = {"model": ("type", "ikt"), "reference": ("name", "rasch")}
NEW_SETTINGS: dict[str, Section] = {
    "model": {
        "mastery": "scalar",
        "prediction": "separate",
        "skill_rank": 64,
        "recurrent_width": 0,
        "recurrent_dropout": 0.5,
    },
    "reference": {"difficulty": "marginal", "ability": "posterior-mean"},
    "loss": {"lambda_schedule": "linear", "balancing": "fixed"},
}


def upgrade() -> None:
    _create_cross_validations()
    _create_sweeps()
    _add_filled_columns("calibrations", "exclude_folds")
    _add_filled_columns("experiments", "exclude_folds", "warnings")
    _extend_experiments()
    # Until now the device that a worker took replaced the one asked for, when it noted what it runs on.
    op.execute("UPDATE experiments SET device_used = device WHERE package_versions IS NOT NULL")
    # Stored settings are complete; or else equal ones would look different.
    _rewrite_settings(lambda given, new: new | given)


def downgrade() -> None:
    # A choice that the older release does not have is left for it to refuse: without it, it would train
    # another model than was asked for.
    _rewrite_settings(
        lambda given, new: {name: value for name, value in given.items() if (name, value) not in new.items()}
    )
    # The older states know no better name for a trial that was given up.
    op.execute("UPDATE experiments SET status = 'cancelled' WHERE status = 'pruned'")
    op.execute("UPDATE experiments SET device = device_used WHERE device_used IS NOT NULL")
    with op.batch_alter_table("experiments") as batch:
        _limit_status(batch, STATES)
        batch.drop_index("ix_experiments_cross_validation_id")
        batch.drop_constraint("uq_experiments_sweep_id_trial", type_="unique")
        batch.drop_constraint("fk_experiments_sweep_id_sweeps", type_="foreignkey")
        batch.drop_constraint("fk_experiments_cross_validation_id_cross_validations", type_="foreignkey")
        for column in (
            "device_used",
            "warnings",
            "trial_settings",
            "trial",
            "sweep_id",
            "cross_validation_id",
            "exclude_folds",
        ):
            batch.drop_column(column)
    # Fitted without some folds; the older key could not tell them from those fitted on all.
    op.execute("DELETE FROM calibrations WHERE CAST(exclude_folds AS TEXT) <> '[]'")
    with op.batch_alter_table("calibrations") as batch:
        batch.drop_column("exclude_folds")
    op.drop_table("sweeps")
    op.drop_table("cross_validations")


def _add_filled_columns(table: str, *columns: str) -> None:
    """Lists that are never NULL and have no default; rows that are there get empty ones."""
    with op.batch_alter_table(table) as batch:
        for column in columns:
            batch.add_column(sa.Column(column, Json(), nullable=False, server_default=EMPTY))
    with op.batch_alter_table(table) as batch:
        for column in columns:
            batch.alter_column(column, server_default=None)


def _extend_experiments() -> None:
    with op.batch_alter_table("experiments") as batch:
        batch.add_column(sa.Column("cross_validation_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("sweep_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("trial", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("trial_settings", Json(), nullable=True))
        batch.add_column(sa.Column("device_used", sa.Text(), nullable=True))
        batch.create_foreign_key(
            "fk_experiments_cross_validation_id_cross_validations",
            "cross_validations",
            ["cross_validation_id"],
            ["id"],
            ondelete="SET NULL",
        )
        batch.create_foreign_key(
            "fk_experiments_sweep_id_sweeps", "sweeps", ["sweep_id"], ["id"], ondelete="SET NULL"
        )
        batch.create_unique_constraint("uq_experiments_sweep_id_trial", ["sweep_id", "trial"])
        batch.create_index("ix_experiments_cross_validation_id", ["cross_validation_id"])
        _limit_status(batch, (*STATES, "pruned"))


def _limit_status(batch: BatchOperations, states: tuple[str, ...]) -> None:
    name = op.f("ck_experiments_status")
    batch.drop_constraint(name, type_="check")
    batch.create_check_constraint(name, sa.column("status").in_(states))


def _rewrite_settings(change: Callable[[Section, Section], Section]) -> None:
    """Replace stored settings by `change` of those of a section and the new ones it can have, and name the
    configurations anew.
    """

    def changed(section: str, given: Section) -> Section:
        tag, kind = OLD_KINDS.get(section, ("", None))
        return change(given, NEW_SETTINGS.get(section, {})) if given.get(tag) == kind else given

    connection = op.get_bind()
    experiments = sa.table(
        "experiments", sa.column("id"), sa.column("config_fingerprint"), sa.column("config", Json())
    )
    for row in connection.execute(sa.select(experiments)).all():
        sections = {section: changed(section, given) for section, given in row.config.items()}
        values = {"config": sections, "config_fingerprint": _fingerprint(sections)}
        connection.execute(sa.update(experiments).where(experiments.c.id == row.id).values(values))
    calibrations = sa.table("calibrations", sa.column("id"), sa.column("settings", Json()))
    for row in connection.execute(sa.select(calibrations)).all():
        settings = changed("reference", row.settings)
        connection.execute(
            sa.update(calibrations).where(calibrations.c.id == row.id).values(settings=settings)
        )


def _fingerprint(config: dict[str, Section]) -> str:
    canonical = json.dumps(config, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _create_cross_validations() -> None:
    op.create_table(
        "cross_validations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("folds", Json(), nullable=False),
        sa.Column("exclude_folds", Json(), nullable=False),
        sa.Column("preset", sa.Text(), nullable=True),
        sa.Column("config", Json(), nullable=False),
        sa.Column("config_fingerprint", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("request_hash", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"],
            ["datasets.id"],
            name="fk_cross_validations_dataset_id_datasets",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_cross_validations"),
        sa.UniqueConstraint("idempotency_key", name="uq_cross_validations_idempotency_key"),
    )
    op.create_index("ix_cross_validations_dataset_id", "cross_validations", ["dataset_id"])


def _create_sweeps() -> None:
    op.create_table(
        "sweeps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("fold", sa.Integer(), nullable=False),
        sa.Column("exclude_folds", Json(), nullable=False),
        sa.Column("preset", sa.Text(), nullable=True),
        sa.Column("config", Json(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("search", Json(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("pruner", Json(), nullable=False),
        sa.Column("parallel", sa.Integer(), nullable=False),
        sa.Column("n_trials", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
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
        sa.Column("n_created", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("request_hash", sa.Text(), nullable=True),
        sa.Column("rung_at", UtcDateTime(), nullable=False),
        sa.Column("rings", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("error_type", sa.Text(), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name="fk_sweeps_dataset_id_datasets", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sweeps"),
        sa.UniqueConstraint("idempotency_key", name="uq_sweeps_idempotency_key"),
    )
    op.create_index("ix_sweeps_dataset_id", "sweeps", ["dataset_id"])
    op.create_index("ix_sweeps_status_rung_at", "sweeps", ["status", "rung_at"])
