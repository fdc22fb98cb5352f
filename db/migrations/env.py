"""How Alembic runs our revisions: on the connection that db.migrate opened, in its transaction."""

from alembic import context

import db.models  # noqa: F401  (fills the metadata)
from db.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
