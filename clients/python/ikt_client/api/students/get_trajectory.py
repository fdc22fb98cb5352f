from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.trajectory_read import TrajectoryRead
from ...types import UNSET, Response, Unset


def _get_kwargs(
    student_id: str,
    *,
    limit: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
    points: int | Unset = UNSET,
    accept: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(accept, Unset):
        headers["accept"] = accept

    params: dict[str, Any] = {}

    params["limit"] = limit

    params["cursor"] = cursor

    params["points"] = points

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/students/{student_id}/trajectory".format(
            student_id=quote(str(student_id), safe=""),
        ),
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | TrajectoryRead | None:
    if "json" not in response.headers.get("Content-Type", ""):
        return None  # another form was asked for; it is in `content`
    if response.status_code == 200:
        response_200 = TrajectoryRead.from_dict(response.json())

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
) -> Response[Problem | TrajectoryRead]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    student_id: str,
    *,
    client: AuthenticatedClient,
    limit: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
    points: int | Unset = UNSET,
    accept: str | Unset = UNSET,
) -> Response[Problem | TrajectoryRead]:
    """Show a student's way

     One step per response: ability after it, and what was expected before it.

    JSON comes in pages, or in so many `points`; CSV and Arrow are whole, or of so many points.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        limit (int | Unset): Most steps on one page; 200 unless given.
        cursor (str | Unset): Where the page starts: `next_cursor` of the page before.
        points (int | Unset): Most steps in all, evenly spread, the first and the last among them;
            in place of pages.
        accept (str | Unset): Media types the caller reads.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | TrajectoryRead]
    """

    kwargs = _get_kwargs(
        student_id=student_id,
        limit=limit,
        cursor=cursor,
        points=points,
        accept=accept,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    student_id: str,
    *,
    client: AuthenticatedClient,
    limit: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
    points: int | Unset = UNSET,
    accept: str | Unset = UNSET,
) -> Problem | TrajectoryRead | None:
    """Show a student's way

     One step per response: ability after it, and what was expected before it.

    JSON comes in pages, or in so many `points`; CSV and Arrow are whole, or of so many points.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        limit (int | Unset): Most steps on one page; 200 unless given.
        cursor (str | Unset): Where the page starts: `next_cursor` of the page before.
        points (int | Unset): Most steps in all, evenly spread, the first and the last among them;
            in place of pages.
        accept (str | Unset): Media types the caller reads.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | TrajectoryRead
    """

    return sync_detailed(
        student_id=student_id,
        client=client,
        limit=limit,
        cursor=cursor,
        points=points,
        accept=accept,
    ).parsed


async def asyncio_detailed(
    student_id: str,
    *,
    client: AuthenticatedClient,
    limit: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
    points: int | Unset = UNSET,
    accept: str | Unset = UNSET,
) -> Response[Problem | TrajectoryRead]:
    """Show a student's way

     One step per response: ability after it, and what was expected before it.

    JSON comes in pages, or in so many `points`; CSV and Arrow are whole, or of so many points.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        limit (int | Unset): Most steps on one page; 200 unless given.
        cursor (str | Unset): Where the page starts: `next_cursor` of the page before.
        points (int | Unset): Most steps in all, evenly spread, the first and the last among them;
            in place of pages.
        accept (str | Unset): Media types the caller reads.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | TrajectoryRead]
    """

    kwargs = _get_kwargs(
        student_id=student_id,
        limit=limit,
        cursor=cursor,
        points=points,
        accept=accept,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    student_id: str,
    *,
    client: AuthenticatedClient,
    limit: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
    points: int | Unset = UNSET,
    accept: str | Unset = UNSET,
) -> Problem | TrajectoryRead | None:
    """Show a student's way

     One step per response: ability after it, and what was expected before it.

    JSON comes in pages, or in so many `points`; CSV and Arrow are whole, or of so many points.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        limit (int | Unset): Most steps on one page; 200 unless given.
        cursor (str | Unset): Where the page starts: `next_cursor` of the page before.
        points (int | Unset): Most steps in all, evenly spread, the first and the last among them;
            in place of pages.
        accept (str | Unset): Media types the caller reads.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | TrajectoryRead
    """

    return (
        await asyncio_detailed(
            student_id=student_id,
            client=client,
            limit=limit,
            cursor=cursor,
            points=points,
            accept=accept,
        )
    ).parsed
