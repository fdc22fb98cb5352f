"""Takes back what a transaction did outside the database, when it did not come about."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

logger = logging.getLogger(__name__)

_UNDO = "ikt_undo"


def on_failure(session: Session, undo: Callable[[], object]) -> None:
    """Run `undo` if the session's transaction fails, the commit included."""
    session.info.setdefault(_UNDO, []).append(undo)


@contextmanager
def undo_on_failure() -> Iterator[Callable[[Session], None]]:
    """Wraps a transaction; the session is handed in once it is open."""
    sessions: list[Session] = []
    try:
        yield sessions.append
    except BaseException:
        for undo in [undo for session in sessions for undo in session.info.get(_UNDO, [])]:
            try:
                undo()
            except Exception:
                logger.exception("a trace of a failed transaction could not be removed")
        raise
