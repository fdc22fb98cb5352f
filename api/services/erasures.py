"""Erasing students: their rows at once, what files hold of them by a worker."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from api.doorbell import Doorbell
from api.principal import Principal
from api.schemas.erasures import ErasurePage, ErasureRead
from db.engine import after_commit
from db.errors import StudentNotFound
from db.models import Erasure
from db.repositories import audit, erasures

Forget = Callable[[int, datetime], None]
"""Takes the primary key and the time of creation of somebody whom memory is to forget."""


def request_erasure(
    session: Session, doorbell: Doorbell, principal: Principal, student_id: str, *, forget: Forget
) -> ErasureRead:
    """Erase a student wherever they are, in rows, in datasets or both."""
    try:
        erasure = erasures.erase_student(session, student_id, key_id=principal.key_id)
    except StudentNotFound:
        erasure = erasures.add_erasure(session, student_id, key_id=principal.key_id)
    settle(session, doorbell, erasure, forget=forget)
    deed = audit.deed("request_erasure", key_id=principal.key_id, method="POST", status=202)
    audit.add_entry(session, deed, subject=erasure.subject)
    return present(erasure)


def settle(session: Session, doorbell: Doorbell, *done: Erasure, forget: Forget) -> None:
    """Once these are committed, a worker is rung for, and memory forgets."""
    doorbell.ring_erasure(session)
    for erasure in done:
        pk, created_at = erasure.student_pk, erasure.student_created_at
        if pk is not None and created_at is not None:
            after_commit(session, partial(forget, pk, created_at))


def get_erasure(session: Session, erasure_id: UUID) -> ErasureRead:
    """Raises ErasureNotFound."""
    return present(erasures.get_erasure(session, erasure_id))


def list_erasures(session: Session, *, cursor: str | None, limit: int) -> ErasurePage:
    """Newest first."""
    page = erasures.list_erasures(session, cursor=cursor, limit=limit)
    return ErasurePage(items=[present(row) for row in page.items], next_cursor=page.next_cursor)


def present(erasure: Erasure) -> ErasureRead:
    """The erasure as callers see it: nobody can tell from it who it was."""
    return ErasureRead(
        id=erasure.id,
        status="pending" if erasure.finished_at is None else "done",
        origin="retention" if erasure.origin == erasures.RETENTION else "request",
        key_id=erasure.key_id,
        subject=erasure.subject,
        requested_at=erasure.requested_at,
        finished_at=erasure.finished_at,
        n_interactions=erasure.n_interactions,
        n_states=erasure.n_states,
        n_cohorts=erasure.n_cohorts,
        n_datasets=len(erasure.datasets),
        n_experiments=erasure.n_experiments,
        n_models=erasure.n_models,
        links={"self": f"/erasures/{erasure.id}"},
    )
