"""What lies on this machine, that nobody needs any more, and that may tell of erased students."""

import logging
import shutil
from datetime import datetime
from pathlib import Path
from uuid import UUID

from db.base import utc_now
from db.engine import SessionFactory, read_scope
from db.repositories import contents, erasures
from db.repositories.leases import shared_now
from db.wiping import wipe
from worker.logs import event
from worker.settings import WorkerSettings
from worker.stores import Stores

logger = logging.getLogger(__name__)


class Leftovers:
    """Folders of jobs that ended badly, and what was there before the last erasure."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._wiped: datetime | None = None  # the end of the last erasure after which that has worked

    def remove(self, stores: Stores) -> None:
        """One look. Raises SQLAlchemyError, OSError."""
        _remove_work(self._settings.work_folder, stores.sessions)
        with read_scope(stores.sessions) as session:
            finished_at, now = erasures.find_last_finished(session), shared_now(session)
        if finished_at is None:
            return
        # Files go by this machine's clock.
        if dropped := stores.artifacts.forget_copies(unused_since=utc_now() - (now - finished_at)):
            logger.info(event("copies_dropped", files=len(dropped)))
        if finished_at != self._wiped and wipe(stores.sessions.bind.engine):
            self._wiped = finished_at


def _remove_work(folder: Path, sessions: SessionFactory) -> None:
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        name, _, attempt = path.name.partition(".")
        try:
            experiment_id = UUID(name)
        except ValueError:
            continue
        with read_scope(sessions) as session:
            owner = contents.find_running_owner(session, experiment_id)
        # An attempt takes its row before it makes its folder.
        if owner is None or not owner.endswith(f":{attempt}"):
            shutil.rmtree(path, ignore_errors=True)
            logger.info(event("work_removed", experiment_id=experiment_id))
