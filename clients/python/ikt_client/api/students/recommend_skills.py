from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.recommend_skills_by import RecommendSkillsBy
from ...models.recommendations_read import RecommendationsRead
from ...types import UNSET, Response, Unset


def _get_kwargs(
    student_id: str,
    *,
    by: RecommendSkillsBy | Unset = "learning",
    limit: int | Unset = 10,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_by: str | Unset = UNSET
    if not isinstance(by, Unset):
        json_by = by

    params["by"] = json_by

    params["limit"] = limit

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/students/{student_id}/recommendations".format(
            student_id=quote(str(student_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | RecommendationsRead | None:
    if response.status_code == 200:
        response_200 = RecommendationsRead.from_dict(response.json())

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
) -> Response[Problem | RecommendationsRead]:
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
    by: RecommendSkillsBy | Unset = "learning",
    limit: int | Unset = 10,
) -> Response[Problem | RecommendationsRead]:
    """Recommend what to practise next

     The most worthwhile skills first, each with the numbers behind it.

    By `learning` all responses that are known are included; by `information` those that have been
    scored.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        by (RecommendSkillsBy | Unset): `learning`: what one response is expected to add to the
            mastery of its skill; `information`: what it would tell of the ability. Default:
            'learning'.
        limit (int | Unset): Most skills. Default: 10.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | RecommendationsRead]
    """

    kwargs = _get_kwargs(
        student_id=student_id,
        by=by,
        limit=limit,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    student_id: str,
    *,
    client: AuthenticatedClient,
    by: RecommendSkillsBy | Unset = "learning",
    limit: int | Unset = 10,
) -> Problem | RecommendationsRead | None:
    """Recommend what to practise next

     The most worthwhile skills first, each with the numbers behind it.

    By `learning` all responses that are known are included; by `information` those that have been
    scored.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        by (RecommendSkillsBy | Unset): `learning`: what one response is expected to add to the
            mastery of its skill; `information`: what it would tell of the ability. Default:
            'learning'.
        limit (int | Unset): Most skills. Default: 10.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | RecommendationsRead
    """

    return sync_detailed(
        student_id=student_id,
        client=client,
        by=by,
        limit=limit,
    ).parsed


async def asyncio_detailed(
    student_id: str,
    *,
    client: AuthenticatedClient,
    by: RecommendSkillsBy | Unset = "learning",
    limit: int | Unset = 10,
) -> Response[Problem | RecommendationsRead]:
    """Recommend what to practise next

     The most worthwhile skills first, each with the numbers behind it.

    By `learning` all responses that are known are included; by `information` those that have been
    scored.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        by (RecommendSkillsBy | Unset): `learning`: what one response is expected to add to the
            mastery of its skill; `information`: what it would tell of the ability. Default:
            'learning'.
        limit (int | Unset): Most skills. Default: 10.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | RecommendationsRead]
    """

    kwargs = _get_kwargs(
        student_id=student_id,
        by=by,
        limit=limit,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    student_id: str,
    *,
    client: AuthenticatedClient,
    by: RecommendSkillsBy | Unset = "learning",
    limit: int | Unset = 10,
) -> Problem | RecommendationsRead | None:
    """Recommend what to practise next

     The most worthwhile skills first, each with the numbers behind it.

    By `learning` all responses that are known are included; by `information` those that have been
    scored.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        by (RecommendSkillsBy | Unset): `learning`: what one response is expected to add to the
            mastery of its skill; `information`: what it would tell of the ability. Default:
            'learning'.
        limit (int | Unset): Most skills. Default: 10.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | RecommendationsRead
    """

    return (
        await asyncio_detailed(
            student_id=student_id,
            client=client,
            by=by,
            limit=limit,
        )
    ).parsed
