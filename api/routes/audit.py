"""/audit"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import CursorQuery, LimitQuery, ReaderDep
from api.paging import link_next
from api.responses import PAGE, problems
from api.schemas.audit import AuditPage
from api.schemas.interactions import Timestamp
from api.schemas.students import StudentId
from api.security.scopes import ScopedRoute, needs
from api.services import audit
from db.errors import BadCursor, StudentNotFound

router = APIRouter(prefix="/audit", tags=["privacy"], route_class=ScopedRoute)


@router.get(
    "",
    operation_id="list_audit_entries",
    summary="Show who read and wrote what",
    responses=PAGE | problems(BadCursor, StudentNotFound),
)
@needs("admin")
def list_audit_entries(
    session: ReaderDep,
    request: Request,
    response: Response,
    key_id: Annotated[UUID | None, Query(description="Only by this key.")] = None,
    operation: Annotated[
        str | None, Query(pattern="^[a-z_]{1,64}$", description="Only of this operation.")
    ] = None,
    student_id: Annotated[StudentId | None, Query(description="Only about this student.")] = None,
    since: Annotated[Timestamp | None, Query(description="Only at that time or later.")] = None,
    until: Annotated[Timestamp | None, Query(description="Only before that time.")] = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> AuditPage:
    """Newest first. Entries about single requests appear within seconds; a process that is killed may lose
    those of its last second, but none about an erasure.
    """
    found = audit.list_entries(
        session,
        key_id=key_id,
        operation=operation,
        student_id=student_id,
        since=since,
        until=until,
        cursor=cursor,
        limit=limit,
    )
    return link_next(request, response, found)
