"""What is kept too long: told first, then let go."""

from datetime import datetime, timedelta

from api.doorbell import Doorbell
from api.principal import Principal
from api.schemas.retention import RetentionCreate, RetentionRead
from api.services.erasures import Forget, settle
from db.base import utc_now
from db.engine import SessionFactory, read_scope, session_scope
from db.repositories import audit, retention


def count(sessions: SessionFactory, request: RetentionCreate, *, audit_days: int) -> RetentionRead:
    """What an order would let go."""
    before = utc_now() - timedelta(days=audit_days)
    with read_scope(sessions) as session:
        inactive = retention.count_inactive(session, request.inactive_since)
        n_entries = audit.count_before(session, before)
    return RetentionRead(
        dry_run=True,
        inactive_since=request.inactive_since,
        audit_before=before,
        n_students=inactive.n_students,
        n_interactions=inactive.n_interactions,
        n_audit_entries=n_entries,
        n_students_left=inactive.n_students,
    )


def let_go(
    sessions: SessionFactory,
    doorbell: Doorbell,
    principal: Principal,
    request: RetentionCreate,
    *,
    audit_days: int,
    forget: Forget,
) -> RetentionRead:
    """Erase at most so many students, batch by batch, each with its entry in the audit log."""
    before = utc_now() - timedelta(days=audit_days)
    n_students = n_interactions = 0
    while n_students < request.limit:
        most = min(retention.STUDENTS_AT_ONCE, request.limit - n_students)
        with session_scope(sessions) as session:
            erased = retention.let_go(session, request.inactive_since, limit=most, key_id=principal.key_id)
            if erased:
                settle(session, doorbell, *erased, forget=forget)
        if not erased:
            break
        n_students += len(erased)
        n_interactions += sum(erasure.n_interactions for erasure in erased)
    n_entries = _drop_entries(sessions, before, principal)
    with read_scope(sessions) as session:
        left = retention.count_inactive(session, request.inactive_since)
    return RetentionRead(
        dry_run=False,
        inactive_since=request.inactive_since,
        audit_before=before,
        n_students=n_students,
        n_interactions=n_interactions,
        n_audit_entries=n_entries,
        n_students_left=left.n_students,
    )


def _drop_entries(sessions: SessionFactory, before: datetime, principal: Principal) -> int:
    n_dropped, n_batch = 0, audit.ROWS_AT_ONCE
    while n_batch == audit.ROWS_AT_ONCE:
        with session_scope(sessions) as session:
            n_batch = retention.drop_entries(session, before, key_id=principal.key_id)
        n_dropped += n_batch
    return n_dropped
