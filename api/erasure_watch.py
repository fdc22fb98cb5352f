"""Erasures that other processes took in: this one forgets those students as well."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Thread

from sqlalchemy.exc import SQLAlchemyError

from db.artifacts import ArtifactStore
from db.base import utc_now
from db.engine import SessionFactory, read_scope
from db.repositories import erasures, leases
from db.tenancy import EVERY_TENANT

logger = logging.getLogger(__name__)

# Requests say when they were made, not when they were committed.
OVERLAP = timedelta(minutes=2)


class ErasureWatch:
    """Looks every few seconds. No answer depends on it: each begins with the student's row."""

    def __init__(
        self,
        sessions: SessionFactory,
        store: ArtifactStore,
        forget: Callable[[int, datetime], None],
        *,
        seconds: float,
    ) -> None:
        self._sessions = sessions.of(EVERY_TENANT)
        self._store = store
        self._forget = forget
        self._seconds = seconds
        self._told: set[tuple[int, datetime]] = set()
        self._ended = Event()
        self._thread = Thread(target=self._run, name="erasures", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Forget whoever was erased lately, and files as they were before. Raises SQLAlchemyError."""
        with read_scope(self._sessions) as session:
            now = leases.shared_now(session)
            erased = set(erasures.list_remembered(session, since=now - OVERLAP - self._period))
            finished_at = erasures.find_last_finished(session)
        # Once when they are first seen, and once when no request is under way that knew them.
        for student_pk, created_at in erased ^ self._told:
            self._forget(student_pk, created_at)
        self._told = erased
        if finished_at is not None:
            # Files go by this machine's clock.
            self._store.forget_copies(unused_since=utc_now() - (now - finished_at))

    @property
    def _period(self) -> timedelta:
        return timedelta(seconds=self._seconds)

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            try:
                self.look()
            except SQLAlchemyError as error:
                logger.warning("erasures are looked for later: reason=%s", type(error).__name__)
            except Exception:
                logger.exception("erasures could not be looked for")
