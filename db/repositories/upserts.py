"""INSERT … ON CONFLICT, which both databases know under their own dialect."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from db.base import Base


def insert_into(session: Session, table: type[Base]) -> Any:
    """An insert with the on_conflict methods of the session's database; Any, for the two share no base."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
