"""Once a day: students who have not answered for long are erased, and old audit entries dropped."""

import logging
from datetime import datetime, timedelta
from threading import Event

from db.base import utc_now
from db.engine import after_commit, read_scope, session_scope
from db.repositories import audit, retention, tenants
from worker.enqueue import enqueue_erasure, leave_to_janitor
from worker.logs import event
from worker.settings import WorkerSettings
from worker.stores import Stores, open_stores

logger = logging.getLogger(__name__)


def let_go(*, settings: WorkerSettings, stop: Event | None = None) -> int:
    """Everything that the settings keep no longer, tenant after tenant; how many students.

    With `stop` set it ends between two batches; the rest waits for the next day.
    """
    now, n_students = utc_now(), 0
    with open_stores(settings) as stores:
        with read_scope(stores.sessions) as session:
            pks = [tenant.id for tenant in tenants.list_tenants(session)]
        for tenant in pks:
            own = stores.of(tenant)
            n_entries = _drop_entries(own, now - timedelta(days=settings.audit_days), stop)
            n_erased = 0
            if settings.retention_days is not None:
                before = now - timedelta(days=settings.retention_days)
                n_erased = _erase(own, before, settings=settings, stop=stop)
            if n_entries or n_erased:
                logger.info(event("let_go", tenant=tenant, students=n_erased, audit_entries=n_entries))
            n_students += n_erased
    return n_students


def _drop_entries(own: Stores, before: datetime, stop: Event | None) -> int:
    n_dropped, n_batch = 0, audit.ROWS_AT_ONCE
    while n_batch == audit.ROWS_AT_ONCE and not (stop and stop.is_set()):
        with session_scope(own.sessions) as session:
            n_batch = retention.drop_entries(session, before)
        n_dropped += n_batch
    return n_dropped


def _erase(own: Stores, before: datetime, *, settings: WorkerSettings, stop: Event | None) -> int:
    ring = leave_to_janitor(lambda: enqueue_erasure(settings=settings), reason="retention")
    n_erased, n_batch = 0, 1
    while n_batch and not (stop and stop.is_set()):
        with session_scope(own.sessions) as session:
            n_batch = len(retention.let_go(session, before))
            if n_batch:
                after_commit(session, ring)
        n_erased += n_batch
    return n_erased
