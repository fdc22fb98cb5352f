"""Ways to make the outside fail on purpose."""

from sqlalchemy import text
from sqlalchemy.orm import Session


def doom_commit(session: Session) -> None:
    """Let everything in this transaction succeed until the database refuses the COMMIT itself."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA defer_foreign_keys = ON"))
        session.execute(
            text(
                "INSERT INTO epoch_metrics VALUES ('no such experiment', 1, '{}', 0.0, '2026-01-01 00:00:00')"
            )
        )
    else:
        session.execute(text("CREATE TEMP TABLE doomed (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
        session.execute(text("INSERT INTO doomed VALUES (1), (1)"))
