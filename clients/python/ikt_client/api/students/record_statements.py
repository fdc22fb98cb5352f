from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.statement import Statement
from ...models.statements_accepted import StatementsAccepted
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: list[Statement] | Statement,
    partial: bool | Unset = False,
    x_experience_api_version: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_experience_api_version, Unset):
        headers["X-Experience-API-Version"] = x_experience_api_version

    params: dict[str, Any] = {}

    params["partial"] = partial

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/xapi/statements",
        "params": params,
    }

    if isinstance(body, Statement):
        _kwargs["json"] = body.to_dict()
    else:
        _kwargs["json"] = []
        for body_type_1_item_data in body:
            body_type_1_item = body_type_1_item_data.to_dict()
            _kwargs["json"].append(body_type_1_item)

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | StatementsAccepted | None:
    if response.status_code == 200:
        response_200 = StatementsAccepted.from_dict(response.json())

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
) -> Response[Problem | StatementsAccepted]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: list[Statement] | Statement,
    partial: bool | Unset = False,
    x_experience_api_version: str | Unset = UNSET,
) -> Response[Problem | StatementsAccepted]:
    """Record xAPI statements

     Statements that a learner answered or attempted an item are responses like any other: the student is
    the name of the actor's account, the event the statement, the item the object, and `result.success`
    says
    whether it was right. An account's `homePage` is no part of the student: systems that give the same
    names
    to different learners need services of their own, each told by `IKT_XAPI_HOME_PAGES` whose accounts
    it
    follows.

    The skills are those that the categories of the context name, else its parents, else the object
    itself:
    an IRI stands for the skill of its full text, or of its last segment. All other statements are
    counted as
    ignored, with the reason; nothing of them is kept.

    Args:
        partial (bool | Unset): Store what can be stored, and tell of each response what became of
            it. Default: False.
        x_experience_api_version (str | Unset): Version of xAPI that the statements follow, 1.0 or
            2.0.
        body (list[Statement] | Statement): One statement, or up to 1000 of them.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | StatementsAccepted]
    """

    kwargs = _get_kwargs(
        body=body,
        partial=partial,
        x_experience_api_version=x_experience_api_version,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: list[Statement] | Statement,
    partial: bool | Unset = False,
    x_experience_api_version: str | Unset = UNSET,
) -> Problem | StatementsAccepted | None:
    """Record xAPI statements

     Statements that a learner answered or attempted an item are responses like any other: the student is
    the name of the actor's account, the event the statement, the item the object, and `result.success`
    says
    whether it was right. An account's `homePage` is no part of the student: systems that give the same
    names
    to different learners need services of their own, each told by `IKT_XAPI_HOME_PAGES` whose accounts
    it
    follows.

    The skills are those that the categories of the context name, else its parents, else the object
    itself:
    an IRI stands for the skill of its full text, or of its last segment. All other statements are
    counted as
    ignored, with the reason; nothing of them is kept.

    Args:
        partial (bool | Unset): Store what can be stored, and tell of each response what became of
            it. Default: False.
        x_experience_api_version (str | Unset): Version of xAPI that the statements follow, 1.0 or
            2.0.
        body (list[Statement] | Statement): One statement, or up to 1000 of them.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | StatementsAccepted
    """

    return sync_detailed(
        client=client,
        body=body,
        partial=partial,
        x_experience_api_version=x_experience_api_version,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: list[Statement] | Statement,
    partial: bool | Unset = False,
    x_experience_api_version: str | Unset = UNSET,
) -> Response[Problem | StatementsAccepted]:
    """Record xAPI statements

     Statements that a learner answered or attempted an item are responses like any other: the student is
    the name of the actor's account, the event the statement, the item the object, and `result.success`
    says
    whether it was right. An account's `homePage` is no part of the student: systems that give the same
    names
    to different learners need services of their own, each told by `IKT_XAPI_HOME_PAGES` whose accounts
    it
    follows.

    The skills are those that the categories of the context name, else its parents, else the object
    itself:
    an IRI stands for the skill of its full text, or of its last segment. All other statements are
    counted as
    ignored, with the reason; nothing of them is kept.

    Args:
        partial (bool | Unset): Store what can be stored, and tell of each response what became of
            it. Default: False.
        x_experience_api_version (str | Unset): Version of xAPI that the statements follow, 1.0 or
            2.0.
        body (list[Statement] | Statement): One statement, or up to 1000 of them.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | StatementsAccepted]
    """

    kwargs = _get_kwargs(
        body=body,
        partial=partial,
        x_experience_api_version=x_experience_api_version,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: list[Statement] | Statement,
    partial: bool | Unset = False,
    x_experience_api_version: str | Unset = UNSET,
) -> Problem | StatementsAccepted | None:
    """Record xAPI statements

     Statements that a learner answered or attempted an item are responses like any other: the student is
    the name of the actor's account, the event the statement, the item the object, and `result.success`
    says
    whether it was right. An account's `homePage` is no part of the student: systems that give the same
    names
    to different learners need services of their own, each told by `IKT_XAPI_HOME_PAGES` whose accounts
    it
    follows.

    The skills are those that the categories of the context name, else its parents, else the object
    itself:
    an IRI stands for the skill of its full text, or of its last segment. All other statements are
    counted as
    ignored, with the reason; nothing of them is kept.

    Args:
        partial (bool | Unset): Store what can be stored, and tell of each response what became of
            it. Default: False.
        x_experience_api_version (str | Unset): Version of xAPI that the statements follow, 1.0 or
            2.0.
        body (list[Statement] | Statement): One statement, or up to 1000 of them.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | StatementsAccepted
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            partial=partial,
            x_experience_api_version=x_experience_api_version,
        )
    ).parsed
