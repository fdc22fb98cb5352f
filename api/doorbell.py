"""The door to the worker: messages that leave after the commit, and only then."""

import logging
import os
from collections.abc import Callable
from uuid import UUID

from kombu.connection import Connection
from sqlalchemy.orm import Session

from api.settings import ApiSettings
from db.engine import after_commit
from db.folders import make_private
from worker.enqueue import (
    BrokerUnavailable,
    enqueue_erasure,
    enqueue_promotion,
    enqueue_scoring,
    enqueue_sweep,
    enqueue_training,
)
from worker.settings import WorkerSettings

CHECK_SECONDS = 2

logger = logging.getLogger(__name__)


class Doorbell:
    """Rings for rows that wait; a message that cannot be sent is sent later by the worker's janitor."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = WorkerSettings(
            data_dir=settings.data_dir,
            database_url=settings.database_url,
            artifacts_url=settings.artifacts_url,
            broker_url=settings.broker_url,
        )

    def ring_training(self, session: Session, experiment_id: UUID, *, device: str) -> None:
        """Ask for a queued experiment to be trained, once the session has committed."""
        after_commit(
            session,
            lambda: self._send(
                lambda: enqueue_training(experiment_id, device=device, settings=self._settings),
                f"experiment_id={experiment_id}",
            ),
        )

    def ring_promotion(self, session: Session, model_id: UUID) -> None:
        """Ask for students to be scored under a model, once the session has committed."""
        after_commit(
            session,
            lambda: self._send(
                lambda: enqueue_promotion(model_id, settings=self._settings), f"model_id={model_id}"
            ),
        )

    def ring_scoring(self, session: Session) -> None:
        """Ask for the students who wait to be scored, once the session has committed."""
        after_commit(session, lambda: self._send(lambda: enqueue_scoring(settings=self._settings), "scoring"))

    def ring_erasure(self, session: Session) -> None:
        """Ask for erased students to be taken out of files, once the session has committed."""
        after_commit(session, lambda: self._send(lambda: enqueue_erasure(settings=self._settings), "erasure"))

    def ring_sweep(self, session: Session, sweep_id: UUID, *, device: str) -> None:
        """Ask for a sweep to go on, once the session has committed."""
        after_commit(
            session,
            lambda: self._send(
                lambda: enqueue_sweep(sweep_id, device=device, settings=self._settings),
                f"sweep_id={sweep_id}",
            ),
        )

    def check(self) -> None:
        """Raises an exception when the broker takes no message now."""
        if self._settings.broker_url.startswith("filesystem:"):
            folder = self._settings.broker_folder
            make_private(folder)
            if not os.access(folder, os.W_OK):
                raise PermissionError(f"{folder} is not writable")
            return
        limits = {"socket_connect_timeout": CHECK_SECONDS, "socket_timeout": CHECK_SECONDS}
        with Connection(  # type: ignore[no-untyped-call]
            self._settings.broker_url, connect_timeout=CHECK_SECONDS, transport_options=limits
        ) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)

    def _send(self, send: Callable[[], None], subject: str) -> None:
        try:
            send()
        except BrokerUnavailable as lost:
            logger.warning("message lost, a worker's janitor will send it again: %s reason=%s", subject, lost)
