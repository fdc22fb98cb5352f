from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.mastery_read import MasteryRead
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    student_id: str,
    *,
    skill: list[str] | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_none_match, Unset):
        headers["if-none-match"] = if_none_match

    params: dict[str, Any] = {}

    json_skill: list[str] | Unset = UNSET
    if not isinstance(skill, Unset):
        json_skill = skill

    params["skill"] = json_skill

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/students/{student_id}/mastery".format(
            student_id=quote(str(student_id), safe=""),
        ),
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | MasteryRead | Problem | None:
    if response.status_code == 200:
        response_200 = MasteryRead.from_dict(response.json())

        return response_200

    if response.status_code == 304:
        response_304 = cast(Any, None)
        return response_304

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
) -> Response[Any | MasteryRead | Problem]:
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
    if_none_match: str | Unset = UNSET,
) -> Response[Any | MasteryRead | Problem]:
    """Show what a student masters

     Ability and, for every skill of the serving model, mastery with its evidence and what explains it.

    As of the last response that has been scored; `n_pending` says how many wait. `docs/mastery.md` has
    the
    formulas.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        skill (list[str] | Unset): Only this skill; may be repeated.
        if_none_match (str | Unset): Tags that the caller has; `*` for any.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | MasteryRead | Problem]
    """

    kwargs = _get_kwargs(
        student_id=student_id,
        skill=skill,
        if_none_match=if_none_match,
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
    if_none_match: str | Unset = UNSET,
) -> Any | MasteryRead | Problem | None:
    """Show what a student masters

     Ability and, for every skill of the serving model, mastery with its evidence and what explains it.

    As of the last response that has been scored; `n_pending` says how many wait. `docs/mastery.md` has
    the
    formulas.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        skill (list[str] | Unset): Only this skill; may be repeated.
        if_none_match (str | Unset): Tags that the caller has; `*` for any.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | MasteryRead | Problem
    """

    return sync_detailed(
        student_id=student_id,
        client=client,
        skill=skill,
        if_none_match=if_none_match,
    ).parsed


async def asyncio_detailed(
    student_id: str,
    *,
    client: AuthenticatedClient,
    skill: list[str] | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> Response[Any | MasteryRead | Problem]:
    """Show what a student masters

     Ability and, for every skill of the serving model, mastery with its evidence and what explains it.

    As of the last response that has been scored; `n_pending` says how many wait. `docs/mastery.md` has
    the
    formulas.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        skill (list[str] | Unset): Only this skill; may be repeated.
        if_none_match (str | Unset): Tags that the caller has; `*` for any.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | MasteryRead | Problem]
    """

    kwargs = _get_kwargs(
        student_id=student_id,
        skill=skill,
        if_none_match=if_none_match,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    student_id: str,
    *,
    client: AuthenticatedClient,
    skill: list[str] | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> Any | MasteryRead | Problem | None:
    """Show what a student masters

     Ability and, for every skill of the serving model, mastery with its evidence and what explains it.

    As of the last response that has been scored; `n_pending` says how many wait. `docs/mastery.md` has
    the
    formulas.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        skill (list[str] | Unset): Only this skill; may be repeated.
        if_none_match (str | Unset): Tags that the caller has; `*` for any.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | MasteryRead | Problem
    """

    return (
        await asyncio_detailed(
            student_id=student_id,
            client=client,
            skill=skill,
            if_none_match=if_none_match,
        )
    ).parsed
