"""Bells for work that no row of its own waits for: rung while it is wanted, or once a day."""

import logging
import time
from collections.abc import Callable

from sqlalchemy.orm import Session

from db.engine import SessionFactory, read_scope
from db.repositories.leases import ring_delay
from worker.logs import event

logger = logging.getLogger(__name__)

FIRST_DAILY_SECONDS = 600.0
DAILY_SECONDS = 24 * 3600.0


class Bell:
    """Rings while something is wanted that nobody is at; ever later while that does not help."""

    def __init__(self, name: str, is_wanted: Callable[[Session], bool], ring: Callable[[], None]) -> None:
        self._name = name
        self._is_wanted = is_wanted
        self._ring = ring
        self._rings = 0
        self._again_at = 0.0  # seconds of the monotonic clock

    def look(self, sessions: SessionFactory) -> None:
        """One look. Raises what `ring` raises."""
        with read_scope(sessions) as session:
            is_wanted = self._is_wanted(session)
        if not is_wanted:
            self._rings, self._again_at = 0, 0.0
        elif time.monotonic() >= self._again_at:
            self._ring()
            self._again_at = time.monotonic() + ring_delay(self._rings).total_seconds()
            self._rings += 1
            logger.info(event(f"rang_for_{self._name}", rings=self._rings))


class DailyBell:
    """Rings once a day; several workers' rings find it done."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._due_at = time.monotonic() + FIRST_DAILY_SECONDS

    def look(self) -> None:
        """One look. Raises what `ring` raises."""
        if time.monotonic() >= self._due_at:
            self._ring()
            self._due_at = time.monotonic() + DAILY_SECONDS
