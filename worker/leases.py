"""The lease of a running job: named, kept alive, and passed on when its holder has gone silent."""

import logging
import os
import socket
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Self
from uuid import UUID, uuid4

from sqlalchemy.exc import SQLAlchemyError

from db.errors import LeaseLost
from worker.logs import event

logger = logging.getLogger(__name__)


def new_owner() -> str:
    """A name for one attempt at one job: machine, process, and a part that no other attempt has."""
    return f"{socket.gethostname()[:200]}:{os.getpid()}:{uuid4().hex[:12]}"


class Heartbeat:
    """Renews a lease from a thread, so that a long epoch does not look dead, and hears what the row says.

    `renew(progress)` extends the lease, answers whether the job is to be cancelled, and raises LeaseLost.
    """

    def __init__(
        self, row_id: UUID | str, renew: Callable[[float], bool], *, seconds: float, stop: Event | None = None
    ) -> None:
        self._row_id = row_id
        self._renew = renew
        self._seconds = seconds
        self._stop = stop or Event()
        self._ended = Event()
        self._progress = 0.0
        self._thread = Thread(target=self._run, name="heartbeat", daemon=True)
        self.is_lost = False
        self.is_cancelled = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def must_stop(self) -> bool:
        """The lease is lost, the job is cancelled, or the worker shuts down."""
        return self.is_lost or self.is_cancelled or self._stop.is_set()

    def report(self, progress: float) -> bool:
        """Note how far the job is; False when it has to stop."""
        self._progress = progress
        return not self.must_stop

    def beat(self) -> None:
        """Renew now. Raises LeaseLost."""
        try:
            if self._renew(self._progress):
                self.is_cancelled = True
        except LeaseLost:
            self.is_lost = True
            raise

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            try:
                self.beat()
            except LeaseLost:
                return
            except SQLAlchemyError as error:
                # Others may take the job over meanwhile; then every further write of ours is refused.
                logger.warning(event("lease_not_renewed", id=self._row_id, error=type(error).__name__))
