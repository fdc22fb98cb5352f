"""Finding lost jobs and lost messages: whatever the rows say is waiting gets a ring."""

import logging
import os
import time
from collections.abc import Callable
from datetime import datetime
from threading import Event, Lock, Thread
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from db.engine import SessionFactory, read_scope, session_scope
from db.repositories import erasures, experiments, leases, models, runs, scoring, sweeps
from worker.bells import Bell, DailyBell
from worker.enqueue import (
    JOB_VERSION,
    BrokerUnavailable,
    enqueue_erasure,
    enqueue_promotion,
    enqueue_retention,
    enqueue_scoring,
    enqueue_sweep,
    enqueue_training,
    queue_of,
)
from worker.leftovers import Leftovers
from worker.logs import event
from worker.settings import WorkerSettings
from worker.stores import open_stores
from worker.tidying import tidy

logger = logging.getLogger(__name__)

HEARD_SECONDS = 5


class ClockWatch:
    """Notices that the clock of the rows was set: it ran otherwise than the one that can't be set."""

    def __init__(self, *, lease_seconds: float) -> None:
        self._lease_seconds = lease_seconds
        self._last: tuple[datetime, float] | None = None
        self._trusted_from = 0.0  # seconds of the monotonic clock

    def look(self, now: datetime) -> bool:
        """Whether leases that are over by `now` may be taken for given up.

        After a jump living workers get the time to renew theirs.
        """
        moment = time.monotonic()
        if self._last is not None:
            jumped = (now - self._last[0]).total_seconds() - (moment - self._last[1])
            if abs(jumped) > max(self._lease_seconds / 2, leases.CLOCK_SECONDS):
                self._trusted_from = moment + self._lease_seconds
                logger.warning(event("clock_jumped", seconds=round(jumped, 3)))
        self._last = now, moment
        return moment >= self._trusted_from


class Room:
    """Notices that a worker has had room for so long that messages, if there were any, must have come."""

    def __init__(self) -> None:
        self._since: float | None = None  # seconds of the monotonic clock

    def look(self, *, is_free: bool) -> bool:
        """One look; whether it has had room at all looks for a while."""
        if not is_free:
            self._since = None
            return False
        if self._since is None:
            self._since = time.monotonic()
        return time.monotonic() - self._since >= HEARD_SECONDS


class Janitor:
    """Looks around every `janitor_seconds`, from a thread of the worker's main process.

    `has_room` says whether this worker could begin a job now: then what waits for one has not been heard of.
    """

    def __init__(self, settings: WorkerSettings, *, has_room: Callable[[], bool] = lambda: False) -> None:
        self._settings = settings
        self._has_room = has_room
        self._room = Room()
        self._clock = ClockWatch(lease_seconds=settings.lease_seconds)
        self._leftovers = Leftovers(settings)
        self._tidy_at = 0.0  # seconds of the monotonic clock
        self._ended = Event()
        self._connected = Lock()
        self._scoring = Bell(
            "scoring",
            lambda session: scoring.is_scoring_wanted(session, job_version=JOB_VERSION),
            lambda: enqueue_scoring(settings=settings),
        )
        self._erasure = Bell(
            "erasure", erasures.is_erasing_wanted, lambda: enqueue_erasure(settings=settings)
        )
        self._retention = DailyBell(lambda: enqueue_retention(settings=settings))
        self._thread = Thread(target=self._run, name="janitor", daemon=True)

    def start(self) -> None:
        # SQLite must not be carried open through a fork: the child would believe in locks that it does not
        # hold. So nobody forks while this thread is connected, and it keeps no connection in between.
        os.register_at_fork(
            before=self._connected.acquire,
            after_in_parent=self._connected.release,
            after_in_child=self._connected.release,
        )
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()

    def look_around(self) -> None:
        """One look. Raises BrokerUnavailable; what could not be rung for stays due."""
        with self._connected, open_stores(self._settings) as stores:
            self._requeue_expired(stores.sessions)
            self._ring_again(stores.sessions)
            if self._room.look(is_free=self._has_room()):
                self._ring_for_overdue(stores.sessions)
            self._leftovers.remove(stores)
            with session_scope(stores.sessions) as session:
                erasures.forget_remembered(session)
            self._scoring.look(stores.sessions)
            self._erasure.look(stores.sessions)
            self._retention.look()

    def tidy(self) -> None:
        """Remove what killed processes have left, if the last time is long enough ago."""
        if time.monotonic() >= self._tidy_at:
            tidy(self._settings, connected=self._connected)
            self._tidy_at = time.monotonic() + self._settings.tidy_seconds

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.look_around()
                self.tidy()
            except BrokerUnavailable as error:
                logger.warning(event("broker_unavailable", error=error))
            except DBAPIError as error:
                logger.warning(event("janitor_failed", error=error.orig))
            except Exception:
                logger.exception(event("janitor_failed"))
            self._ended.wait(self._settings.janitor_seconds)

    def _requeue_expired(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            now = leases.shared_now(session)
            n_rows = leases.heed_clock(session, now)
            n_rows += erasures.heed_clock(session, now, lease_seconds=self._settings.lease_seconds)
            if n_rows:
                logger.warning(event("clock_was_set_back", rows=n_rows))
            if not self._clock.look(now):
                return
            # By the moment that was looked at: the clock may jump in between.
            ids = runs.requeue_expired(session, now)
            waiting = [(row_id, experiments.get_experiment(session, row_id).device) for row_id in ids]
            promotions = models.requeue_expired_promotions(session, now)
        for row_id, device in waiting:
            logger.warning(event("experiment_requeued", experiment_id=row_id))
            self._ring_training(row_id, device)
        for row_id in promotions:
            logger.warning(event("promotion_requeued", model_id=row_id))
            enqueue_promotion(row_id, settings=self._settings)

    def _ring_again(self, sessions: SessionFactory) -> None:
        with read_scope(sessions) as session:
            # What needs a newer worker is for that one's janitor: here its rings would be used up in vain.
            due = runs.list_unrung(session, job_version=JOB_VERSION)
            due_promotions = models.list_unrung_promotions(session, job_version=JOB_VERSION)
            due_sweeps = sweeps.list_unrung_sweeps(session, job_version=JOB_VERSION)
        # Outside a transaction, for a broker may take seconds, and marked afterwards: one that is down must
        # not use up the rings. Two janitors may ring for the same row; its job is claimed once.
        for experiment in due:
            self._ring_training(experiment.id, experiment.device)
        for model in due_promotions:
            enqueue_promotion(model.id, settings=self._settings)
        for sweep in due_sweeps:
            enqueue_sweep(sweep.id, device=sweep.device, settings=self._settings)
        if due or due_promotions or due_sweeps:
            with session_scope(sessions) as session:
                runs.mark_rung(session, due)
                models.mark_promotions_rung(session, due_promotions)
                sweeps.mark_sweeps_rung(session, due_sweeps)
            counts = {"experiments": len(due), "promotions": len(due_promotions), "sweeps": len(due_sweeps)}
            logger.info(event("rang_again", **counts))

    def _ring_for_overdue(self, sessions: SessionFactory) -> None:
        with read_scope(sessions) as session:
            overdue = runs.list_overdue(session, job_version=JOB_VERSION)
        mine = [one for one in overdue if queue_of(one.device) in self._settings.queues]
        rung = mine[: self._settings.jobs_at_once]
        for experiment in rung:
            self._ring_training(experiment.id, experiment.device)
        if rung:
            with session_scope(sessions) as session:
                runs.mark_rung(session, rung)
            logger.info(event("rang_for_overdue", experiments=len(rung)))

    def _ring_training(self, experiment_id: UUID, device: str) -> None:
        enqueue_training(experiment_id, device=device, settings=self._settings)
