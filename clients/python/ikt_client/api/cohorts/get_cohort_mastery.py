import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.cohort_mastery_read import CohortMasteryRead
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    cohort: str | Unset = UNSET,
    student_id: list[str] | Unset = UNSET,
    active_since: datetime.datetime | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["cohort"] = cohort

    json_student_id: list[str] | Unset = UNSET
    if not isinstance(student_id, Unset):
        json_student_id = student_id

    params["student_id"] = json_student_id

    json_active_since: str | Unset = UNSET
    if not isinstance(active_since, Unset):
        json_active_since = active_since.isoformat()
    params["active_since"] = json_active_since

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/cohorts/mastery",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> CohortMasteryRead | Problem | None:
    if response.status_code == 200:
        response_200 = CohortMasteryRead.from_dict(response.json())

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
) -> Response[CohortMasteryRead | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    cohort: str | Unset = UNSET,
    student_id: list[str] | Unset = UNSET,
    active_since: datetime.datetime | Unset = UNSET,
) -> Response[CohortMasteryRead | Problem]:
    """Show what a group of students masters

     Mean mastery per skill with its spread, of all students that meet every condition given.

    Groups of fewer than ten students (a setting) are not told of: a mean over them would show single
    ones.

    Args:
        cohort (str | Unset): Only students of this cohort.
        student_id (list[str] | Unset): Only this student; may be repeated.
        active_since (datetime.datetime | Unset): Only students with a response at that time or
            later.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CohortMasteryRead | Problem]
    """

    kwargs = _get_kwargs(
        cohort=cohort,
        student_id=student_id,
        active_since=active_since,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    cohort: str | Unset = UNSET,
    student_id: list[str] | Unset = UNSET,
    active_since: datetime.datetime | Unset = UNSET,
) -> CohortMasteryRead | Problem | None:
    """Show what a group of students masters

     Mean mastery per skill with its spread, of all students that meet every condition given.

    Groups of fewer than ten students (a setting) are not told of: a mean over them would show single
    ones.

    Args:
        cohort (str | Unset): Only students of this cohort.
        student_id (list[str] | Unset): Only this student; may be repeated.
        active_since (datetime.datetime | Unset): Only students with a response at that time or
            later.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CohortMasteryRead | Problem
    """

    return sync_detailed(
        client=client,
        cohort=cohort,
        student_id=student_id,
        active_since=active_since,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    cohort: str | Unset = UNSET,
    student_id: list[str] | Unset = UNSET,
    active_since: datetime.datetime | Unset = UNSET,
) -> Response[CohortMasteryRead | Problem]:
    """Show what a group of students masters

     Mean mastery per skill with its spread, of all students that meet every condition given.

    Groups of fewer than ten students (a setting) are not told of: a mean over them would show single
    ones.

    Args:
        cohort (str | Unset): Only students of this cohort.
        student_id (list[str] | Unset): Only this student; may be repeated.
        active_since (datetime.datetime | Unset): Only students with a response at that time or
            later.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CohortMasteryRead | Problem]
    """

    kwargs = _get_kwargs(
        cohort=cohort,
        student_id=student_id,
        active_since=active_since,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    cohort: str | Unset = UNSET,
    student_id: list[str] | Unset = UNSET,
    active_since: datetime.datetime | Unset = UNSET,
) -> CohortMasteryRead | Problem | None:
    """Show what a group of students masters

     Mean mastery per skill with its spread, of all students that meet every condition given.

    Groups of fewer than ten students (a setting) are not told of: a mean over them would show single
    ones.

    Args:
        cohort (str | Unset): Only students of this cohort.
        student_id (list[str] | Unset): Only this student; may be repeated.
        active_since (datetime.datetime | Unset): Only students with a response at that time or
            later.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CohortMasteryRead | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            cohort=cohort,
            student_id=student_id,
            active_since=active_since,
        )
    ).parsed
