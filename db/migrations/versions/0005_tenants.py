"""Tenants and their keys: every root belongs to one tenant, and what was unique is so within a tenant."""

import sqlalchemy as sa
from alembic import op

from db.base import BigKey, Json, UtcDateTime, utc_now

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

needs_stop = True
"""What the release before would write names no tenant, and keys that are unique no more."""

LISTED = ("datasets", "experiments", "cross_validations", "sweeps", "models", "students")
"""Tables whose rows are listed in the order of their ids."""
ROOTS = (*LISTED, "cohort_members")
UNIQUE = {
    "datasets": "content_hash",
    "experiments": "idempotency_key",
    "cross_validations": "idempotency_key",
    "sweeps": "idempotency_key",
    "students": "student_id",
}
SERVING = sa.text("status = 'serving'")


def upgrade() -> None:
    _create_tenants()
    _create_api_keys()
    for table in ROOTS:
        # With a default PostgreSQL adds the column without touching a row.
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("tenant_pk", BigKey, nullable=False, server_default="1"))
        with op.batch_alter_table(table) as batch:
            batch.alter_column("tenant_pk", server_default=None)
            batch.create_foreign_key(f"fk_{table}_tenant_pk_tenants", "tenants", ["tenant_pk"], ["id"])
            if table in UNIQUE:
                batch.drop_constraint(f"uq_{table}_{UNIQUE[table]}", type_="unique")
                columns = ["tenant_pk", UNIQUE[table]]
                batch.create_unique_constraint(f"uq_{table}_{'_'.join(columns)}", columns)
            if table in LISTED:
                batch.create_index(f"ix_{table}_tenant_pk_id", ["tenant_pk", "id"])
    _index_calibrations("dataset_id", "key")
    _index_serving("tenant_pk")
    _index_due("tenant_pk", "id")
    _key_cohort_members("tenant_pk", "cohort", "student_pk")


def downgrade() -> None:
    _refuse_several_tenants()
    _key_cohort_members("cohort", "student_pk")
    _index_due("id")
    _index_serving("status")
    _index_calibrations("key")
    for table in reversed(ROOTS):
        with op.batch_alter_table(table) as batch:
            if table in LISTED:
                batch.drop_index(f"ix_{table}_tenant_pk_id")
            if table in UNIQUE:
                batch.drop_constraint(f"uq_{table}_tenant_pk_{UNIQUE[table]}", type_="unique")
                batch.create_unique_constraint(f"uq_{table}_{UNIQUE[table]}", [UNIQUE[table]])
            batch.drop_constraint(f"fk_{table}_tenant_pk_tenants", type_="foreignkey")
            batch.drop_column("tenant_pk")
    op.drop_table("api_keys")
    op.drop_table("tenants")


def _create_tenants() -> None:
    tenants = op.create_table(
        "tenants",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tenants"),
        sa.UniqueConstraint("name", name="uq_tenants_name"),
    )
    # The first row of all: its key is 1.
    op.bulk_insert(tenants, [{"name": "default", "created_at": utc_now()}])


def _create_api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_pk", BigKey, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("scopes", Json(), nullable=False),
        sa.Column("requests_per_minute", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.ForeignKeyConstraint(["tenant_pk"], ["tenants.id"], name="fk_api_keys_tenant_pk_tenants"),
        sa.UniqueConstraint("prefix", name="uq_api_keys_prefix"),
    )
    op.create_index("ix_api_keys_tenant_pk_id", "api_keys", ["tenant_pk", "id"])


def _index_calibrations(*unique: str) -> None:
    """Equal contents of two tenants are two datasets, and each is fitted for itself."""
    by_dataset = unique[0] == "dataset_id"
    old = "key" if by_dataset else "dataset_id_key"
    with op.batch_alter_table("calibrations") as batch:
        batch.drop_constraint(f"uq_calibrations_{old}", type_="unique")
        batch.create_unique_constraint(f"uq_calibrations_{'_'.join(unique)}", list(unique))
        if by_dataset:
            batch.drop_index("ix_calibrations_dataset_id")
        else:
            batch.create_index("ix_calibrations_dataset_id", ["dataset_id"])


def _index_serving(column: str) -> None:
    op.drop_index("uq_models_serving", "models")
    op.create_index(
        "uq_models_serving",
        "models",
        [column],
        unique=True,
        sqlite_where=SERVING,
        postgresql_where=SERVING,
    )


def _index_due(*columns: str) -> None:
    op.drop_index("ix_students_scoring_due", "students")
    op.create_index(
        "ix_students_scoring_due",
        "students",
        list(columns),
        sqlite_where=sa.text("scoring_due = 1"),
        postgresql_where=sa.text("scoring_due"),
    )


def _key_cohort_members(*columns: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("pk_cohort_members", "cohort_members", type_="primary")
        op.create_primary_key("pk_cohort_members", "cohort_members", list(columns))
        return
    with op.batch_alter_table("cohort_members") as batch:
        batch.drop_constraint("pk_cohort_members", type_="primary")
        batch.create_primary_key("pk_cohort_members", list(columns))


def _refuse_several_tenants() -> None:
    others = op.get_bind().execute(sa.text("SELECT name FROM tenants WHERE id <> 1 ORDER BY id")).scalars()
    if names := ", ".join(map(repr, others)):
        raise RuntimeError(
            f"the older schema knows no tenants, and besides 'default' there are {names}: "
            "delete what is theirs and then their rows of tenants first"
        )
