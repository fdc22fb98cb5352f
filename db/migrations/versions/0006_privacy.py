"""Erasures, the audit log, and how many of those whom a model has learned from were erased since."""

import sqlalchemy as sa
from alembic import op

from db.base import BigKey, Json, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PENDING = sa.text("finished_at IS NULL")
COUNTS = ("n_interactions", "n_states", "n_cohorts", "n_experiments", "n_models")


def upgrade() -> None:
    _create_erasures()
    _create_audit_entries()
    op.create_table(
        "student_tokens",
        sa.Column("student_pk", BigKey, nullable=False),
        sa.Column("token", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["student_pk"], ["students.id"], name="fk_student_tokens_student_pk_students", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("student_pk", name="pk_student_tokens"),
        sa.UniqueConstraint("token", name="uq_student_tokens_token"),
    )
    for table in ("experiments", "models"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("erased_students", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("experiments") as batch:
        batch.add_column(sa.Column("content_hash", sa.Text(), nullable=True))


def downgrade() -> None:
    _refuse_pending_erasures()
    with op.batch_alter_table("experiments") as batch:
        batch.drop_column("content_hash")
    for table in ("models", "experiments"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("erased_students")
    for table in ("student_tokens", "audit_entries", "erasures"):
        op.drop_table(table)


def _create_erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_pk", BigKey, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=True),
        sa.Column("student_id", sa.Text(), nullable=True),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("student_pk", sa.BigInteger(), nullable=True),
        sa.Column("student_created_at", UtcDateTime(), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.Column("datasets", Json(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_expires_at", UtcDateTime(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("error_type", sa.Text(), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_pk"], ["tenants.id"], name="fk_erasures_tenant_pk_tenants"),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
    )
    op.create_index("ix_erasures_tenant_pk_id", "erasures", ["tenant_pk", "id"])
    op.create_index("ix_erasures_requested_at", "erasures", ["requested_at"])
    op.create_index(
        "ix_erasures_pending",
        "erasures",
        ["tenant_pk", "due_at"],
        sqlite_where=PENDING,
        postgresql_where=PENDING,
    )


def _create_audit_entries() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("tenant_pk", BigKey, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=True),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=True),
        sa.Column("resource", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_pk"], ["tenants.id"], name="fk_audit_entries_tenant_pk_tenants"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_tenant_pk_id", "audit_entries", ["tenant_pk", "id"])
    op.create_index("ix_audit_entries_subject_id", "audit_entries", ["subject", "id"])
    op.create_index("ix_audit_entries_at", "audit_entries", ["at"])


def _refuse_pending_erasures() -> None:
    n_pending = op.get_bind().scalar(sa.text("SELECT count(*) FROM erasures WHERE finished_at IS NULL"))
    if n_pending:
        raise RuntimeError(
            f"{n_pending} erasures are not done, and the older schema would forget them: "
            "let a worker finish them first"
        )
