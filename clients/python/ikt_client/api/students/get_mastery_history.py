from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.mastery_history_read import MasteryHistoryRead
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    student_id: str,
    *,
    skill: list[str] | Unset = UNSET,
    points: int | Unset = 60,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_skill: list[str] | Unset = UNSET
    if not isinstance(skill, Unset):
        json_skill = skill

    params["skill"] = json_skill

    params["points"] = points

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/students/{student_id}/mastery/history".format(
            student_id=quote(str(student_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> MasteryHistoryRead | Problem | None:
    if response.status_code == 200:
        response_200 = MasteryHistoryRead.from_dict(response.json())

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
) -> Response[MasteryHistoryRead | Problem]:
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
    skill: list[str] | Unset = UNSET,
    points: int | Unset = 60,
) -> Response[MasteryHistoryRead | Problem]:
    """Show how mastery moved

     What `mastery` would have said after some of the student's responses, skill by skill: a heat map.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        skill (list[str] | Unset): Only this skill; may be repeated. Else the 50 practised most.
        points (int | Unset): Most moments, fewer of a very long history; evenly spread, with the
            last. Default: 60.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[MasteryHistoryRead | Problem]
    """

    kwargs = _get_kwargs(
        student_id=student_id,
        skill=skill,
        points=points,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    student_id: str,
    *,
    client: AuthenticatedClient,
    skill: list[str] | Unset = UNSET,
    points: int | Unset = 60,
) -> MasteryHistoryRead | Problem | None:
    """Show how mastery moved

     What `mastery` would have said after some of the student's responses, skill by skill: a heat map.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        skill (list[str] | Unset): Only this skill; may be repeated. Else the 50 practised most.
        points (int | Unset): Most moments, fewer of a very long history; evenly spread, with the
            last. Default: 60.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        MasteryHistoryRead | Problem
    """

    return sync_detailed(
        student_id=student_id,
        client=client,
        skill=skill,
        points=points,
    ).parsed


async def asyncio_detailed(
    student_id: str,
    *,
    client: AuthenticatedClient,
    skill: list[str] | Unset = UNSET,
    points: int | Unset = 60,
) -> Response[MasteryHistoryRead | Problem]:
    """Show how mastery moved

     What `mastery` would have said after some of the student's responses, skill by skill: a heat map.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        skill (list[str] | Unset): Only this skill; may be repeated. Else the 50 practised most.
        points (int | Unset): Most moments, fewer of a very long history; evenly spread, with the
            last. Default: 60.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[MasteryHistoryRead | Problem]
    """

    kwargs = _get_kwargs(
        student_id=student_id,
        skill=skill,
        points=points,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    student_id: str,
    *,
    client: AuthenticatedClient,
    skill: list[str] | Unset = UNSET,
    points: int | Unset = 60,
) -> MasteryHistoryRead | Problem | None:
    """Show how mastery moved

     What `mastery` would have said after some of the student's responses, skill by skill: a heat map.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        skill (list[str] | Unset): Only this skill; may be repeated. Else the 50 practised most.
        points (int | Unset): Most moments, fewer of a very long history; evenly spread, with the
            last. Default: 60.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        MasteryHistoryRead | Problem
    """

    return (
        await asyncio_detailed(
            student_id=student_id,
            client=client,
            skill=skill,
            points=points,
        )
    ).parsed
