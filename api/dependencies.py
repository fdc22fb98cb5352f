"""What routes ask for: typed, and opened and closed around the endpoint."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Path, Query, Request
from sqlalchemy.orm import Session

from api.media_types import JSON, is_json, media_type_of
from api.principal import Principal, StillLetIn, principal_of, still_let_in_of
from api.resources import Resources
from api.schemas.common import Limit
from api.schemas.students import StudentId
from api.services.datasets import Upload
from api.services.refusals import UploadUnsupported
from api.services.undo import undo_on_failure
from api.uploads import receive_upload
from db.engine import SessionFactory, read_scope, session_scope


async def get_resources(request: Request) -> Resources:  # async: nothing to wait for, so no thread is needed
    resources: Resources = request.app.state.resources
    return resources


ResourcesDep = Annotated[Resources, Depends(get_resources)]


async def require_json(request: Request) -> None:
    """Raises UploadUnsupported: a body of another type, or of none, is not even looked at."""
    media_type = media_type_of(request.headers)
    if not is_json(media_type):
        raise UploadUnsupported(media_type, supported=(JSON,))


JSON_BODY = Depends(require_json)


async def get_tenant(request: Request) -> int:  # async as above
    return principal_of(request.scope).tenant_pk


async def get_principal(request: Request) -> Principal:  # async as above
    return principal_of(request.scope)


async def get_still_let_in(request: Request) -> StillLetIn:  # async as above
    return still_let_in_of(request.scope)


StillLetInDep = Annotated[StillLetIn, Depends(get_still_let_in)]
PrincipalDep = Annotated[Principal, Depends(get_principal)]
TenantDep = Annotated[int, Depends(get_tenant)]


async def get_sessions(resources: ResourcesDep, tenant: TenantDep) -> SessionFactory:
    return resources.sessions.of(tenant)


SessionsDep = Annotated[SessionFactory, Depends(get_sessions)]


def get_session(sessions: SessionsDep) -> Iterator[Session]:
    with undo_on_failure() as keep, session_scope(sessions) as session:
        keep(session)
        yield session


def get_reader(sessions: SessionsDep) -> Iterator[Session]:
    with read_scope(sessions) as session:
        yield session


async def get_upload(request: Request, resources: ResourcesDep, tenant: TenantDep) -> AsyncIterator[Upload]:
    settings = resources.settings
    with resources.uploads.hold(tenant):
        async with receive_upload(
            request,
            folder=resources.upload_folder,
            limit_bytes=settings.upload_limit_bytes,
            stall_seconds=settings.bulk_stall_seconds,
            wait_seconds=settings.upload_wait_seconds,
        ) as upload:
            yield upload


# With the default scope the commit would run when the response has left: a failing one would answer 2xx.
SessionDep = Annotated[Session, Depends(get_session, scope="function")]
ReaderDep = Annotated[Session, Depends(get_reader, scope="function")]
UploadDep = Annotated[Upload, Depends(get_upload, scope="function")]

DatasetId = Annotated[UUID, Path(description="The dataset's id.")]
ExperimentId = Annotated[UUID, Path(description="The experiment's id.")]
CrossValidationId = Annotated[UUID, Path(description="The cross-validation's id.")]
SweepId = Annotated[UUID, Path(description="The sweep's id.")]
ErasureId = Annotated[UUID, Path(description="The erasure's id.")]
ModelId = Annotated[UUID, Path(description="The model's id.")]
StudentPath = Annotated[
    StudentId, Path(description="The caller's pseudonymous id of the student; in the address a slash is %2F.")
]
LimitQuery = Annotated[Limit, Query(description="Most items on one page.")]
CursorQuery = Annotated[
    str | None,
    Query(max_length=500, description="Where the page starts: `next_cursor` of the page before."),
]
AcceptHeader = Annotated[str | None, Header(description="Media types the caller reads.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Any text that is new for every new request; sent again with the same body, "
        "it gives what was queued the first time.",
    ),
]
