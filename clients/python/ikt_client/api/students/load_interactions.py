from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.interaction_line import InteractionLine
from ...models.interactions_loaded import InteractionsLoaded
from ...models.load_interactions_scoring import (
    LoadInteractionsScoring,
)
from ...models.problem import Problem
from ...types import UNSET, File, Response, Unset


def _get_kwargs(
    *,
    body: File | list[InteractionLine] | Unset = UNSET,
    partial: bool | Unset = False,
    scoring: LoadInteractionsScoring | Unset = "deferred",
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    params["partial"] = partial

    json_scoring: str | Unset = UNSET
    if not isinstance(scoring, Unset):
        json_scoring = scoring

    params["scoring"] = json_scoring

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/interactions",
        "params": params,
    }

    if isinstance(body, File):
        _kwargs["content"] = body.payload
        headers["Content-Type"] = "application/x-ndjson"
    if isinstance(body, list):
        _kwargs["json"] = []
        for body_item_data in body:
            body_item = body_item_data.to_dict()
            _kwargs["json"].append(body_item)

        headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> InteractionsLoaded | Problem | None:
    if response.status_code == 200:
        response_200 = InteractionsLoaded.from_dict(response.json())

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
) -> Response[InteractionsLoaded | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: File | list[InteractionLine] | Unset = UNSET,
    partial: bool | Unset = False,
    scoring: LoadInteractionsScoring | Unset = "deferred",
) -> Response[InteractionsLoaded | Problem]:
    """Load responses of many students

     A stream of lines (NDJSON), each of them a response with its `student_id`; or a list, if it is
    short.

    The rules are those of a response of one student. Lines are read while they come, whatever their
    number
    (up to a limit of the service), and stored in one transaction when all have come. What is refused is
    named
    by its line. Some loads are taken at one time; one that comes on top is refused (503), to be sent
    again.

    Args:
        partial (bool | Unset): Store what can be stored, and tell of each response what became of
            it. Default: False.
        scoring (LoadInteractionsScoring | Unset): `deferred`: a worker brings the students'
            states up to date in the background; `immediate`: they are before the answer is given,
            which takes about a millisecond for each student; for 1000 students at most. Default:
            'deferred'.
        body (File): One response in JSON on each line.
        body (list[InteractionLine]):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[InteractionsLoaded | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
        partial=partial,
        scoring=scoring,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: File | list[InteractionLine] | Unset = UNSET,
    partial: bool | Unset = False,
    scoring: LoadInteractionsScoring | Unset = "deferred",
) -> InteractionsLoaded | Problem | None:
    """Load responses of many students

     A stream of lines (NDJSON), each of them a response with its `student_id`; or a list, if it is
    short.

    The rules are those of a response of one student. Lines are read while they come, whatever their
    number
    (up to a limit of the service), and stored in one transaction when all have come. What is refused is
    named
    by its line. Some loads are taken at one time; one that comes on top is refused (503), to be sent
    again.

    Args:
        partial (bool | Unset): Store what can be stored, and tell of each response what became of
            it. Default: False.
        scoring (LoadInteractionsScoring | Unset): `deferred`: a worker brings the students'
            states up to date in the background; `immediate`: they are before the answer is given,
            which takes about a millisecond for each student; for 1000 students at most. Default:
            'deferred'.
        body (File): One response in JSON on each line.
        body (list[InteractionLine]):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        InteractionsLoaded | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
        partial=partial,
        scoring=scoring,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: File | list[InteractionLine] | Unset = UNSET,
    partial: bool | Unset = False,
    scoring: LoadInteractionsScoring | Unset = "deferred",
) -> Response[InteractionsLoaded | Problem]:
    """Load responses of many students

     A stream of lines (NDJSON), each of them a response with its `student_id`; or a list, if it is
    short.

    The rules are those of a response of one student. Lines are read while they come, whatever their
    number
    (up to a limit of the service), and stored in one transaction when all have come. What is refused is
    named
    by its line. Some loads are taken at one time; one that comes on top is refused (503), to be sent
    again.

    Args:
        partial (bool | Unset): Store what can be stored, and tell of each response what became of
            it. Default: False.
        scoring (LoadInteractionsScoring | Unset): `deferred`: a worker brings the students'
            states up to date in the background; `immediate`: they are before the answer is given,
            which takes about a millisecond for each student; for 1000 students at most. Default:
            'deferred'.
        body (File): One response in JSON on each line.
        body (list[InteractionLine]):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[InteractionsLoaded | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
        partial=partial,
        scoring=scoring,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: File | list[InteractionLine] | Unset = UNSET,
    partial: bool | Unset = False,
    scoring: LoadInteractionsScoring | Unset = "deferred",
) -> InteractionsLoaded | Problem | None:
    """Load responses of many students

     A stream of lines (NDJSON), each of them a response with its `student_id`; or a list, if it is
    short.

    The rules are those of a response of one student. Lines are read while they come, whatever their
    number
    (up to a limit of the service), and stored in one transaction when all have come. What is refused is
    named
    by its line. Some loads are taken at one time; one that comes on top is refused (503), to be sent
    again.

    Args:
        partial (bool | Unset): Store what can be stored, and tell of each response what became of
            it. Default: False.
        scoring (LoadInteractionsScoring | Unset): `deferred`: a worker brings the students'
            states up to date in the background; `immediate`: they are before the answer is given,
            which takes about a millisecond for each student; for 1000 students at most. Default:
            'deferred'.
        body (File): One response in JSON on each line.
        body (list[InteractionLine]):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        InteractionsLoaded | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            partial=partial,
            scoring=scoring,
        )
    ).parsed
