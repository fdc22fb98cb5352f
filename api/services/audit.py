"""Who read and wrote what."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from api.schemas.audit import AuditEntryRead, AuditPage
from db.repositories import audit, students


def list_entries(
    session: Session,
    *,
    key_id: UUID | None,
    operation: str | None,
    student_id: str | None,
    since: datetime | None,
    until: datetime | None,
    cursor: str | None,
    limit: int,
) -> AuditPage:
    """Newest first, those that meet every condition. Raises StudentNotFound."""
    subject = None
    if student_id is not None:
        subject = audit.find_token(session, students.get_student(session, student_id).id)
        if subject is None:
            return AuditPage(items=[], next_cursor=None)
    page = audit.list_entries(
        session,
        key_id=key_id,
        operation=operation,
        subject=subject,
        since=since,
        until=until,
        cursor=cursor,
        limit=limit,
    )
    items = [AuditEntryRead.model_validate(row) for row in page.items]
    return AuditPage(items=items, next_cursor=page.next_cursor)
