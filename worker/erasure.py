"""Erasures in files: the rows of a student are gone already, and what files hold of them goes here.

An erasure is done once nothing can bring the student back: no experiment is running any more that read a
dataset with them in it, and no file is on its way in. Until then a worker looks again and again.
"""

import logging
import shutil
from datetime import timedelta
from threading import Event
from uuid import UUID

from db.engine import read_scope, session_scope
from db.errors import LeaseLost
from db.models import Erasure
from db.repositories import contents, erasures
from db.repositories.contents import Content
from worker.enqueue import enqueue_erasure, leave_to_janitor
from worker.failures import describe_failure
from worker.leases import Heartbeat, new_owner
from worker.leftovers import Leftovers
from worker.logs import event
from worker.settings import WorkerSettings
from worker.stores import Stores, open_stores

logger = logging.getLogger(__name__)


class _Stopped(Exception):
    """The worker is to end, or has lost the lease."""


def erase_due(*, settings: WorkerSettings, stop: Event | None = None) -> int:
    """Carry out the erasures that are due, tenant after tenant; how many are done.

    Nothing happens to a tenant that another worker is at. With `stop` set it ends between two files and
    rings for another worker.
    """
    n_done = 0
    with open_stores(settings) as stores:
        while True:
            owner = new_owner()
            with session_scope(stores.sessions) as session:
                tenant = erasures.claim_tenant(session, owner, lease_seconds=settings.lease_seconds)
            if tenant is None:
                break
            with _heartbeat(tenant, owner, settings=settings, stores=stores, stop=stop) as heartbeat:
                n_done += _erase(tenant, owner, settings=settings, stores=stores, heartbeat=heartbeat)
            if heartbeat.must_stop:
                leave_to_janitor(lambda: enqueue_erasure(settings=settings), tenant=tenant)()
                break
        if n_done:
            Leftovers(settings).remove(stores)
    return n_done


def _heartbeat(
    tenant: int, owner: str, *, settings: WorkerSettings, stores: Stores, stop: Event | None
) -> Heartbeat:
    def renew(_: float) -> bool:
        with session_scope(stores.sessions, tenant=tenant) as session:
            erasures.renew_lease(session, owner, lease_seconds=settings.lease_seconds)
        return False

    return Heartbeat(owner, renew, seconds=settings.heartbeat_seconds, stop=stop)


def _erase(tenant: int, owner: str, *, settings: WorkerSettings, stores: Stores, heartbeat: Heartbeat) -> int:
    own = stores.of(tenant)
    try:
        with read_scope(own.sessions) as session:
            held = erasures.list_held(session, owner)
        try:
            is_done = _carry_out(held, owner, settings=settings, stores=stores, heartbeat=heartbeat)
        except _Stopped:
            _postpone(own, owner, timedelta())
            return 0
        except LeaseLost:
            raise
        except Exception as error:
            # Never given up: the longer it fails, the longer until the next try.
            logger.exception(event("erasure_failed", tenant=tenant, error=type(error).__name__))
            wait = timedelta(seconds=settings.erasure_retry_seconds * 2 ** min(held[0].attempt, 12))
            failure = describe_failure(error)
            _postpone(
                own,
                owner,
                wait,
                error_type=failure["error_type"],
                error_detail=failure["detail"],
            )
            return 0
        if not is_done:
            _postpone(own, owner, timedelta(seconds=settings.erasure_retry_seconds))
            return 0
    except LeaseLost:
        logger.warning(event("lease_lost", tenant=tenant, owner=owner))
        return 0
    logger.info(event("students_erased", tenant=tenant, students=len(held)))
    return len(held)


def _postpone(own: Stores, owner: str, wait: timedelta, **error: str) -> None:
    with session_scope(own.sessions) as session:
        erasures.postpone(session, owner, wait, **error)


def _carry_out(
    held: list[Erasure], owner: str, *, settings: WorkerSettings, stores: Stores, heartbeat: Heartbeat
) -> bool:
    """Whether it is done; False when somebody may still bring back one of the students."""
    from worker.erasing import Erasing, clear_dataset, clear_experiments, clear_orphans

    own = stores.of(held[0].tenant_pk)
    names = list(dict.fromkeys(row.student_id for row in held if row.student_id is not None))
    folder = settings.work_folder / f"erasure-{held[0].tenant_pk}"
    shutil.rmtree(folder, ignore_errors=True)  # of an attempt that was killed
    folder.mkdir(parents=True)
    erasing = Erasing(names, owner, own.sessions, own.artifacts, folder)
    try:
        clear: set[Content] = set()
        while unseen := _list_contents(own) - clear:
            for content in sorted(unseen):
                _go_on(heartbeat)
                clear |= {content, clear_dataset(erasing, content)}
        with read_scope(own.sessions) as session:
            affected = {UUID(one) for row in erasures.list_held(session, owner) for one in row.datasets}
            # Asked first: who reads on until then may have left predictions after they were looked at.
            is_in_use = contents.is_old_content_in_use(session, affected)
            trained = contents.list_trained(session, affected)
        _go_on(heartbeat)
        clear_experiments(erasing, trained)
        is_whole = clear_orphans(erasing, stores.sessions)
        return is_whole and not is_in_use and _finish(own, owner, clear=clear, affected=affected)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _go_on(heartbeat: Heartbeat) -> None:
    if heartbeat.must_stop:
        raise _Stopped


def _list_contents(own: Stores) -> set[Content]:
    with read_scope(own.sessions) as session:
        return set(contents.list_contents(session))


def _finish(own: Stores, owner: str, *, clear: set[Content], affected: set[UUID]) -> bool:
    """Unless a dataset came in meanwhile, or an experiment began with what was there before."""
    with session_scope(own.sessions) as session:
        erasures.lock_datasets(session)
        if set(contents.list_contents(session)) - clear or contents.is_old_content_in_use(session, affected):
            return False
        erasures.finish(session, owner)
    return True
