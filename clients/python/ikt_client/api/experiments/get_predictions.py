from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.get_predictions_columns import (
    GetPredictionsColumns,
)
from ...models.problem import Problem
from ...types import UNSET, File, Response, Unset


def _get_kwargs(
    experiment_id: UUID,
    *,
    columns: GetPredictionsColumns | Unset = "ikt",
    accept: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(accept, Unset):
        headers["accept"] = accept

    params: dict[str, Any] = {}

    json_columns: str | Unset = UNSET
    if not isinstance(columns, Unset):
        json_columns = columns

    params["columns"] = json_columns

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/experiments/{experiment_id}/predictions".format(
            experiment_id=quote(str(experiment_id), safe=""),
        ),
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> File | Problem | None:
    if response.status_code == 200:
        response_200 = File(payload=BytesIO(response.content))

        return response_200

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 406:
        response_406 = Problem.from_dict(response.json())

        return response_406

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

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
) -> Response[File | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    experiment_id: UUID,
    *,
    client: AuthenticatedClient,
    columns: GetPredictionsColumns | Unset = "ikt",
    accept: str | Unset = UNSET,
) -> Response[File | Problem]:
    """Read the held-out predictions

     Every value of a row was known before the response was: nothing looks ahead.

    Args:
        experiment_id (UUID): The experiment's id.
        columns (GetPredictionsColumns | Unset): Our own, or those that kt-audit reads, with the
            times and items of the responses. Default: 'ikt'.
        accept (str | Unset): Media types the caller reads.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[File | Problem]
    """

    kwargs = _get_kwargs(
        experiment_id=experiment_id,
        columns=columns,
        accept=accept,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    experiment_id: UUID,
    *,
    client: AuthenticatedClient,
    columns: GetPredictionsColumns | Unset = "ikt",
    accept: str | Unset = UNSET,
) -> File | Problem | None:
    """Read the held-out predictions

     Every value of a row was known before the response was: nothing looks ahead.

    Args:
        experiment_id (UUID): The experiment's id.
        columns (GetPredictionsColumns | Unset): Our own, or those that kt-audit reads, with the
            times and items of the responses. Default: 'ikt'.
        accept (str | Unset): Media types the caller reads.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        File | Problem
    """

    return sync_detailed(
        experiment_id=experiment_id,
        client=client,
        columns=columns,
        accept=accept,
    ).parsed


async def asyncio_detailed(
    experiment_id: UUID,
    *,
    client: AuthenticatedClient,
    columns: GetPredictionsColumns | Unset = "ikt",
    accept: str | Unset = UNSET,
) -> Response[File | Problem]:
    """Read the held-out predictions

     Every value of a row was known before the response was: nothing looks ahead.

    Args:
        experiment_id (UUID): The experiment's id.
        columns (GetPredictionsColumns | Unset): Our own, or those that kt-audit reads, with the
            times and items of the responses. Default: 'ikt'.
        accept (str | Unset): Media types the caller reads.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[File | Problem]
    """

    kwargs = _get_kwargs(
        experiment_id=experiment_id,
        columns=columns,
        accept=accept,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    experiment_id: UUID,
    *,
    client: AuthenticatedClient,
    columns: GetPredictionsColumns | Unset = "ikt",
    accept: str | Unset = UNSET,
) -> File | Problem | None:
    """Read the held-out predictions

     Every value of a row was known before the response was: nothing looks ahead.

    Args:
        experiment_id (UUID): The experiment's id.
        columns (GetPredictionsColumns | Unset): Our own, or those that kt-audit reads, with the
            times and items of the responses. Default: 'ikt'.
        accept (str | Unset): Media types the caller reads.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        File | Problem
    """

    return (
        await asyncio_detailed(
            experiment_id=experiment_id,
            client=client,
            columns=columns,
            accept=accept,
        )
    ).parsed
