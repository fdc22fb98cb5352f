from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.add_dataset_files_body import AddDatasetFilesBody
from ...models.add_dataset_format import AddDatasetFormat
from ...models.dataset_read import DatasetRead
from ...models.problem import Problem
from ...types import UNSET, File, Response, Unset


def _get_kwargs(
    *,
    body: AddDatasetFilesBody | File | File | File | Unset = UNSET,
    format_: AddDatasetFormat | Unset = "auto",
    name: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    json_format_: str | Unset = UNSET
    if not isinstance(format_, Unset):
        json_format_ = format_

    params["format"] = json_format_

    params["name"] = name

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/datasets",
        "params": params,
    }

    if isinstance(body, AddDatasetFilesBody):
        _kwargs["files"] = body.to_multipart()

    if isinstance(body, File):
        _kwargs["content"] = body.payload
        headers["Content-Type"] = "text/csv"
    if isinstance(body, File):
        _kwargs["content"] = body.payload
        headers["Content-Type"] = "application/vnd.apache.parquet"
    if isinstance(body, File):
        _kwargs["content"] = body.payload
        headers["Content-Type"] = "application/octet-stream"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> DatasetRead | Problem | None:
    if response.status_code == 200:
        response_200 = DatasetRead.from_dict(response.json())

        return response_200

    if response.status_code == 201:
        response_201 = DatasetRead.from_dict(response.json())

        return response_201

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 408:
        response_408 = Problem.from_dict(response.json())

        return response_408

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

    if response.status_code == 413:
        response_413 = Problem.from_dict(response.json())

        return response_413

    if response.status_code == 415:
        response_415 = Problem.from_dict(response.json())

        return response_415

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

    if response.status_code == 429:
        response_429 = Problem.from_dict(response.json())

        return response_429

    if response.status_code == 500:
        response_500 = Problem.from_dict(response.json())

        return response_500

    if response.status_code == 503:
        response_503 = Problem.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[DatasetRead | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: AddDatasetFilesBody | File | File | File | Unset = UNSET,
    format_: AddDatasetFormat | Unset = "auto",
    name: str | Unset = UNSET,
) -> Response[DatasetRead | Problem]:
    """Upload a dataset

     Send a file as the form field `file`, or as the body itself.

    Two formats are read: rows per student (`fold,uid,concepts,responses`) and an event table
    (`student_id,skill,correct[,timestamp][,item]`, CSV or Parquet), where neighbouring rows of one item
    with several skills become one step. A file with bad rows is refused whole; the problem document
    lists
    the first 20 of them.

    Args:
        format_ (AddDatasetFormat | Unset): `pykt` (rows per student), `events` (a row per
            response), or `auto`: told from the file. Default: 'auto'.
        name (str | Unset): For people; default: the file's name.
        body (AddDatasetFilesBody):
        body (File):
        body (File):
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[DatasetRead | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
        format_=format_,
        name=name,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: AddDatasetFilesBody | File | File | File | Unset = UNSET,
    format_: AddDatasetFormat | Unset = "auto",
    name: str | Unset = UNSET,
) -> DatasetRead | Problem | None:
    """Upload a dataset

     Send a file as the form field `file`, or as the body itself.

    Two formats are read: rows per student (`fold,uid,concepts,responses`) and an event table
    (`student_id,skill,correct[,timestamp][,item]`, CSV or Parquet), where neighbouring rows of one item
    with several skills become one step. A file with bad rows is refused whole; the problem document
    lists
    the first 20 of them.

    Args:
        format_ (AddDatasetFormat | Unset): `pykt` (rows per student), `events` (a row per
            response), or `auto`: told from the file. Default: 'auto'.
        name (str | Unset): For people; default: the file's name.
        body (AddDatasetFilesBody):
        body (File):
        body (File):
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        DatasetRead | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
        format_=format_,
        name=name,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: AddDatasetFilesBody | File | File | File | Unset = UNSET,
    format_: AddDatasetFormat | Unset = "auto",
    name: str | Unset = UNSET,
) -> Response[DatasetRead | Problem]:
    """Upload a dataset

     Send a file as the form field `file`, or as the body itself.

    Two formats are read: rows per student (`fold,uid,concepts,responses`) and an event table
    (`student_id,skill,correct[,timestamp][,item]`, CSV or Parquet), where neighbouring rows of one item
    with several skills become one step. A file with bad rows is refused whole; the problem document
    lists
    the first 20 of them.

    Args:
        format_ (AddDatasetFormat | Unset): `pykt` (rows per student), `events` (a row per
            response), or `auto`: told from the file. Default: 'auto'.
        name (str | Unset): For people; default: the file's name.
        body (AddDatasetFilesBody):
        body (File):
        body (File):
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[DatasetRead | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
        format_=format_,
        name=name,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: AddDatasetFilesBody | File | File | File | Unset = UNSET,
    format_: AddDatasetFormat | Unset = "auto",
    name: str | Unset = UNSET,
) -> DatasetRead | Problem | None:
    """Upload a dataset

     Send a file as the form field `file`, or as the body itself.

    Two formats are read: rows per student (`fold,uid,concepts,responses`) and an event table
    (`student_id,skill,correct[,timestamp][,item]`, CSV or Parquet), where neighbouring rows of one item
    with several skills become one step. A file with bad rows is refused whole; the problem document
    lists
    the first 20 of them.

    Args:
        format_ (AddDatasetFormat | Unset): `pykt` (rows per student), `events` (a row per
            response), or `auto`: told from the file. Default: 'auto'.
        name (str | Unset): For people; default: the file's name.
        body (AddDatasetFilesBody):
        body (File):
        body (File):
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        DatasetRead | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            format_=format_,
            name=name,
        )
    ).parsed
