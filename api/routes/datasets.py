"""/datasets"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import (
    CursorQuery,
    DatasetId,
    LimitQuery,
    ReaderDep,
    ResourcesDep,
    SessionDep,
    SessionsDep,
    UploadDep,
)
from api.paging import link_next
from api.responses import LOCATION, PAGE, UPLOAD_PROBLEMS, problems
from api.routes.file_bodies import UPLOAD_BODY
from api.schemas.datasets import DatasetPage, DatasetRead, UploadFields
from api.security.scopes import ScopedRoute, needs
from api.services import datasets
from api.services.refusals import StudentsErasedMeanwhile
from db.errors import BadCursor, DatasetInUse, DatasetNotFound
from ikt_model.data.errors import BadRows, UnreadableDataset

router = APIRouter(prefix="/datasets", tags=["datasets"], route_class=ScopedRoute)

UploadQuery = Annotated[UploadFields, Query()]


@router.post(
    "",
    operation_id="add_dataset",
    summary="Upload a dataset",
    status_code=201,
    response_model=DatasetRead,
    responses={
        200: {"model": DatasetRead, "description": "The same content is stored already; this is it"},
        201: {"description": "Stored", "headers": {"Location": LOCATION}},
        **problems(*UPLOAD_PROBLEMS, BadRows, UnreadableDataset, StudentsErasedMeanwhile),
    },
    openapi_extra=UPLOAD_BODY,
)
@needs("train")
def add_dataset(
    upload: UploadDep,
    session: SessionDep,
    sessions: SessionsDep,
    resources: ResourcesDep,
    query: UploadQuery,
    response: Response,
) -> DatasetRead:
    """Send a file as the form field `file`, or as the body itself.

    Two formats are read: rows per student (`fold,uid,concepts,responses`) and an event table
    (`student_id,skill,correct[,timestamp][,item]`, CSV or Parquet), where neighbouring rows of one item
    with several skills become one step. A file with bad rows is refused whole; the problem document lists
    the first 20 of them.
    """
    fields = datasets.merge_fields(upload, query)
    dataset, is_new = datasets.add_dataset(session, sessions, resources.store, upload, fields=fields)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = dataset.links["self"]
    return dataset


@router.get("", operation_id="list_datasets", summary="List datasets", responses=PAGE | problems(BadCursor))
@needs("read")
def list_datasets(
    session: ReaderDep,
    request: Request,
    response: Response,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> DatasetPage:
    """Newest first."""
    return link_next(request, response, datasets.list_datasets(session, cursor=cursor, limit=limit))


@router.get(
    "/{dataset_id}",
    operation_id="get_dataset",
    summary="Show a dataset",
    responses=problems(DatasetNotFound),
)
@needs("read")
def get_dataset(dataset_id: DatasetId, session: ReaderDep) -> DatasetRead:
    """With its statistics."""
    return datasets.get_dataset(session, dataset_id)


@router.delete(
    "/{dataset_id}",
    operation_id="delete_dataset",
    summary="Delete a dataset",
    status_code=204,
    responses=problems(DatasetNotFound, DatasetInUse),
)
@needs("train")
def delete_dataset(dataset_id: DatasetId, session: SessionDep, resources: ResourcesDep) -> None:
    """With its file and calibrations; refused while experiments use it."""
    datasets.delete_dataset(session, resources.store, dataset_id)
