"""Reads so frequent that connecting and beginning a transaction would cost more than they do."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.engine import SessionFactory, read_scope

Found = TypeVar("Found")


class SteadyReader:
    """One thread's reads. On PostgreSQL its connection stays open, and each statement is a snapshot of its own;
    on SQLite, where both are cheap, each read is one transaction.
    """

    def __init__(self, factory: SessionFactory) -> None:
        self._factory = factory
        self._session: Session | None = None

    def read(self, question: Callable[[Session], Found]) -> Found:
        """What the question finds. It is asked twice when the connection was lost since the last one."""
        bind = self._factory.kw["bind"]
        if not isinstance(bind, Engine) or bind.dialect.name == "sqlite":
            with read_scope(self._factory) as session:
                return question(session)
        if self._session is not None:
            try:
                return self._ask(self._session, question)
            except OperationalError:
                pass
        self._session = self._factory(bind=bind.execution_options(isolation_level="AUTOCOMMIT"))
        return self._ask(self._session, question)

    def close(self) -> None:
        """Give the connection back."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _ask(self, session: Session, question: Callable[[Session], Found]) -> Found:
        try:
            found = question(session)
            session.expunge_all()
        except BaseException:
            session.invalidate()
            self._session = None
            raise
        return found
