from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.list_sweeps_status import ListSweepsStatus
from ...models.problem import Problem
from ...models.sweep_page import SweepPage
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    status: ListSweepsStatus | Unset = UNSET,
    dataset_id: UUID | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_status: str | Unset = UNSET
    if not isinstance(status, Unset):
        json_status = status

    params["status"] = json_status

    json_dataset_id: str | Unset = UNSET
    if not isinstance(dataset_id, Unset):
        json_dataset_id = str(dataset_id)
    params["dataset_id"] = json_dataset_id

    params["limit"] = limit

    params["cursor"] = cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/sweeps",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | SweepPage | None:
    if response.status_code == 200:
        response_200 = SweepPage.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

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
) -> Response[Problem | SweepPage]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    status: ListSweepsStatus | Unset = UNSET,
    dataset_id: UUID | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: str | Unset = UNSET,
) -> Response[Problem | SweepPage]:
    """List sweeps

     Newest first.

    Args:
        status (ListSweepsStatus | Unset): Only those in this state.
        dataset_id (UUID | Unset): Only those on this dataset.
        limit (int | Unset): Most items on one page. Default: 50.
        cursor (str | Unset): Where the page starts: `next_cursor` of the page before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | SweepPage]
    """

    kwargs = _get_kwargs(
        status=status,
        dataset_id=dataset_id,
        limit=limit,
        cursor=cursor,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    status: ListSweepsStatus | Unset = UNSET,
    dataset_id: UUID | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: str | Unset = UNSET,
) -> Problem | SweepPage | None:
    """List sweeps

     Newest first.

    Args:
        status (ListSweepsStatus | Unset): Only those in this state.
        dataset_id (UUID | Unset): Only those on this dataset.
        limit (int | Unset): Most items on one page. Default: 50.
        cursor (str | Unset): Where the page starts: `next_cursor` of the page before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | SweepPage
    """

    return sync_detailed(
        client=client,
        status=status,
        dataset_id=dataset_id,
        limit=limit,
        cursor=cursor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    status: ListSweepsStatus | Unset = UNSET,
    dataset_id: UUID | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: str | Unset = UNSET,
) -> Response[Problem | SweepPage]:
    """List sweeps

     Newest first.

    Args:
        status (ListSweepsStatus | Unset): Only those in this state.
        dataset_id (UUID | Unset): Only those on this dataset.
        limit (int | Unset): Most items on one page. Default: 50.
        cursor (str | Unset): Where the page starts: `next_cursor` of the page before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | SweepPage]
    """

    kwargs = _get_kwargs(
        status=status,
        dataset_id=dataset_id,
        limit=limit,
        cursor=cursor,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    status: ListSweepsStatus | Unset = UNSET,
    dataset_id: UUID | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: str | Unset = UNSET,
) -> Problem | SweepPage | None:
    """List sweeps

     Newest first.

    Args:
        status (ListSweepsStatus | Unset): Only those in this state.
        dataset_id (UUID | Unset): Only those on this dataset.
        limit (int | Unset): Most items on one page. Default: 50.
        cursor (str | Unset): Where the page starts: `next_cursor` of the page before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | SweepPage
    """

    return (
        await asyncio_detailed(
            client=client,
            status=status,
            dataset_id=dataset_id,
            limit=limit,
            cursor=cursor,
        )
    ).parsed
