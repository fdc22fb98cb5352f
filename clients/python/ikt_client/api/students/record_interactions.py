from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.interaction_create import InteractionCreate
from ...models.interactions_accepted import InteractionsAccepted
from ...models.problem import Problem
from ...models.record_interactions_mastery import (
    RecordInteractionsMastery,
)
from ...types import UNSET, Response, Unset


def _get_kwargs(
    student_id: str,
    *,
    body: InteractionCreate | list[InteractionCreate],
    partial: bool | Unset = False,
    mastery: RecordInteractionsMastery | Unset = "practised",
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    params["partial"] = partial

    json_mastery: str | Unset = UNSET
    if not isinstance(mastery, Unset):
        json_mastery = mastery

    params["mastery"] = json_mastery

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/students/{student_id}/interactions".format(
            student_id=quote(str(student_id), safe=""),
        ),
        "params": params,
    }

    if isinstance(body, InteractionCreate):
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
) -> InteractionsAccepted | Problem | None:
    if response.status_code == 200:
        response_200 = InteractionsAccepted.from_dict(response.json())

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
) -> Response[InteractionsAccepted | Problem]:
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
    body: InteractionCreate | list[InteractionCreate],
    partial: bool | Unset = False,
    mastery: RecordInteractionsMastery | Unset = "practised",
) -> Response[InteractionsAccepted | Problem]:
    """Record responses of a student

     One response or a list of up to 1000. A student is added with the first one.

    Responses are identified by `event_id`: sent again they are counted as duplicates and change
    nothing. They
    may come in any order: a late one takes its place, and the state is worked out anew. While a model
    serves,
    skills that it does not know are refused, and the answer says where the student stands afterwards.
    Unless `partial` is given, all responses of a request are stored or none.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        partial (bool | Unset): Store what can be stored, and tell of each response what became of
            it. Default: False.
        mastery (RecordInteractionsMastery | Unset): Of which skills mastery is told: of those
            sent, of all, or of none. Default: 'practised'.
        body (InteractionCreate | list[InteractionCreate]): One response, or up to 1000 of them.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[InteractionsAccepted | Problem]
    """

    kwargs = _get_kwargs(
        student_id=student_id,
        body=body,
        partial=partial,
        mastery=mastery,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    student_id: str,
    *,
    client: AuthenticatedClient,
    body: InteractionCreate | list[InteractionCreate],
    partial: bool | Unset = False,
    mastery: RecordInteractionsMastery | Unset = "practised",
) -> InteractionsAccepted | Problem | None:
    """Record responses of a student

     One response or a list of up to 1000. A student is added with the first one.

    Responses are identified by `event_id`: sent again they are counted as duplicates and change
    nothing. They
    may come in any order: a late one takes its place, and the state is worked out anew. While a model
    serves,
    skills that it does not know are refused, and the answer says where the student stands afterwards.
    Unless `partial` is given, all responses of a request are stored or none.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        partial (bool | Unset): Store what can be stored, and tell of each response what became of
            it. Default: False.
        mastery (RecordInteractionsMastery | Unset): Of which skills mastery is told: of those
            sent, of all, or of none. Default: 'practised'.
        body (InteractionCreate | list[InteractionCreate]): One response, or up to 1000 of them.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        InteractionsAccepted | Problem
    """

    return sync_detailed(
        student_id=student_id,
        client=client,
        body=body,
        partial=partial,
        mastery=mastery,
    ).parsed


async def asyncio_detailed(
    student_id: str,
    *,
    client: AuthenticatedClient,
    body: InteractionCreate | list[InteractionCreate],
    partial: bool | Unset = False,
    mastery: RecordInteractionsMastery | Unset = "practised",
) -> Response[InteractionsAccepted | Problem]:
    """Record responses of a student

     One response or a list of up to 1000. A student is added with the first one.

    Responses are identified by `event_id`: sent again they are counted as duplicates and change
    nothing. They
    may come in any order: a late one takes its place, and the state is worked out anew. While a model
    serves,
    skills that it does not know are refused, and the answer says where the student stands afterwards.
    Unless `partial` is given, all responses of a request are stored or none.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        partial (bool | Unset): Store what can be stored, and tell of each response what became of
            it. Default: False.
        mastery (RecordInteractionsMastery | Unset): Of which skills mastery is told: of those
            sent, of all, or of none. Default: 'practised'.
        body (InteractionCreate | list[InteractionCreate]): One response, or up to 1000 of them.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[InteractionsAccepted | Problem]
    """

    kwargs = _get_kwargs(
        student_id=student_id,
        body=body,
        partial=partial,
        mastery=mastery,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    student_id: str,
    *,
    client: AuthenticatedClient,
    body: InteractionCreate | list[InteractionCreate],
    partial: bool | Unset = False,
    mastery: RecordInteractionsMastery | Unset = "practised",
) -> InteractionsAccepted | Problem | None:
    """Record responses of a student

     One response or a list of up to 1000. A student is added with the first one.

    Responses are identified by `event_id`: sent again they are counted as duplicates and change
    nothing. They
    may come in any order: a late one takes its place, and the state is worked out anew. While a model
    serves,
    skills that it does not know are refused, and the answer says where the student stands afterwards.
    Unless `partial` is given, all responses of a request are stored or none.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        partial (bool | Unset): Store what can be stored, and tell of each response what became of
            it. Default: False.
        mastery (RecordInteractionsMastery | Unset): Of which skills mastery is told: of those
            sent, of all, or of none. Default: 'practised'.
        body (InteractionCreate | list[InteractionCreate]): One response, or up to 1000 of them.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        InteractionsAccepted | Problem
    """

    return (
        await asyncio_detailed(
            student_id=student_id,
            client=client,
            body=body,
            partial=partial,
            mastery=mastery,
        )
    ).parsed
