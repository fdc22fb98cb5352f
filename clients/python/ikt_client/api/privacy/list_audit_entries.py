import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.audit_page import AuditPage
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    key_id: UUID | Unset = UNSET,
    operation: str | Unset = UNSET,
    student_id: str | Unset = UNSET,
    since: datetime.datetime | Unset = UNSET,
    until: datetime.datetime | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_key_id: str | Unset = UNSET
    if not isinstance(key_id, Unset):
        json_key_id = str(key_id)
    params["key_id"] = json_key_id

    params["operation"] = operation

    params["student_id"] = student_id

    json_since: str | Unset = UNSET
    if not isinstance(since, Unset):
        json_since = since.isoformat()
    params["since"] = json_since

    json_until: str | Unset = UNSET
    if not isinstance(until, Unset):
        json_until = until.isoformat()
    params["until"] = json_until

    params["limit"] = limit

    params["cursor"] = cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/audit",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> AuditPage | Problem | None:
    if response.status_code == 200:
        response_200 = AuditPage.from_dict(response.json())

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
) -> Response[AuditPage | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    key_id: UUID | Unset = UNSET,
    operation: str | Unset = UNSET,
    student_id: str | Unset = UNSET,
    since: datetime.datetime | Unset = UNSET,
    until: datetime.datetime | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: str | Unset = UNSET,
) -> Response[AuditPage | Problem]:
    """Show who read and wrote what

     Newest first. Entries about single requests appear within seconds; a process that is killed may lose
    those of its last second, but none about an erasure.

    Args:
        key_id (UUID | Unset): Only by this key.
        operation (str | Unset): Only of this operation.
        student_id (str | Unset): Only about this student.
        since (datetime.datetime | Unset): Only at that time or later.
        until (datetime.datetime | Unset): Only before that time.
        limit (int | Unset): Most items on one page. Default: 50.
        cursor (str | Unset): Where the page starts: `next_cursor` of the page before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AuditPage | Problem]
    """

    kwargs = _get_kwargs(
        key_id=key_id,
        operation=operation,
        student_id=student_id,
        since=since,
        until=until,
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
    key_id: UUID | Unset = UNSET,
    operation: str | Unset = UNSET,
    student_id: str | Unset = UNSET,
    since: datetime.datetime | Unset = UNSET,
    until: datetime.datetime | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: str | Unset = UNSET,
) -> AuditPage | Problem | None:
    """Show who read and wrote what

     Newest first. Entries about single requests appear within seconds; a process that is killed may lose
    those of its last second, but none about an erasure.

    Args:
        key_id (UUID | Unset): Only by this key.
        operation (str | Unset): Only of this operation.
        student_id (str | Unset): Only about this student.
        since (datetime.datetime | Unset): Only at that time or later.
        until (datetime.datetime | Unset): Only before that time.
        limit (int | Unset): Most items on one page. Default: 50.
        cursor (str | Unset): Where the page starts: `next_cursor` of the page before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AuditPage | Problem
    """

    return sync_detailed(
        client=client,
        key_id=key_id,
        operation=operation,
        student_id=student_id,
        since=since,
        until=until,
        limit=limit,
        cursor=cursor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    key_id: UUID | Unset = UNSET,
    operation: str | Unset = UNSET,
    student_id: str | Unset = UNSET,
    since: datetime.datetime | Unset = UNSET,
    until: datetime.datetime | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: str | Unset = UNSET,
) -> Response[AuditPage | Problem]:
    """Show who read and wrote what

     Newest first. Entries about single requests appear within seconds; a process that is killed may lose
    those of its last second, but none about an erasure.

    Args:
        key_id (UUID | Unset): Only by this key.
        operation (str | Unset): Only of this operation.
        student_id (str | Unset): Only about this student.
        since (datetime.datetime | Unset): Only at that time or later.
        until (datetime.datetime | Unset): Only before that time.
        limit (int | Unset): Most items on one page. Default: 50.
        cursor (str | Unset): Where the page starts: `next_cursor` of the page before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AuditPage | Problem]
    """

    kwargs = _get_kwargs(
        key_id=key_id,
        operation=operation,
        student_id=student_id,
        since=since,
        until=until,
        limit=limit,
        cursor=cursor,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    key_id: UUID | Unset = UNSET,
    operation: str | Unset = UNSET,
    student_id: str | Unset = UNSET,
    since: datetime.datetime | Unset = UNSET,
    until: datetime.datetime | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: str | Unset = UNSET,
) -> AuditPage | Problem | None:
    """Show who read and wrote what

     Newest first. Entries about single requests appear within seconds; a process that is killed may lose
    those of its last second, but none about an erasure.

    Args:
        key_id (UUID | Unset): Only by this key.
        operation (str | Unset): Only of this operation.
        student_id (str | Unset): Only about this student.
        since (datetime.datetime | Unset): Only at that time or later.
        until (datetime.datetime | Unset): Only before that time.
        limit (int | Unset): Most items on one page. Default: 50.
        cursor (str | Unset): Where the page starts: `next_cursor` of the page before.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AuditPage | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            key_id=key_id,
            operation=operation,
            student_id=student_id,
            since=since,
            until=until,
            limit=limit,
            cursor=cursor,
        )
    ).parsed
