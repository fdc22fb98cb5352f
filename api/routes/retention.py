"""/retention"""

from fastapi import APIRouter

from api.dependencies import PrincipalDep, ResourcesDep, SessionsDep
from api.schemas.retention import RetentionCreate, RetentionRead
from api.security.scopes import ScopedRoute, needs
from api.services import retention

router = APIRouter(prefix="/retention", tags=["privacy"], route_class=ScopedRoute)


@router.post("", operation_id="apply_retention", summary="Erase students who have not answered for long")
@needs("admin")
def apply_retention(
    body: RetentionCreate, sessions: SessionsDep, resources: ResourcesDep, principal: PrincipalDep
) -> RetentionRead:
    """Counts them unless `dry_run` is false. Old entries of the audit log go with them.

    Whoever answers before their turn comes is kept.
    """
    days = resources.settings.audit_days
    if body.dry_run:
        return retention.count(sessions, body, audit_days=days)
    return retention.let_go(
        sessions, resources.doorbell, principal, body, audit_days=days, forget=resources.forget
    )
