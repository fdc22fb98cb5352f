from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...types import Response, Unset


def _get_kwargs(
    experiment_id: UUID,
    *,
    last_event_id: int | Unset = 0,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(last_event_id, Unset):
        headers["last-event-id"] = str(last_event_id)

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/experiments/{experiment_id}/events".format(
            experiment_id=quote(str(experiment_id), safe=""),
        ),
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | str | None:
    if response.status_code == 200:
        response_200 = response.text
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
) -> Response[Problem | str]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    experiment_id: UUID,
    *,
    client: AuthenticatedClient,
    last_event_id: int | Unset = 0,
) -> Response[Problem | str]:
    """Follow an experiment live

     `epoch` once per finished epoch (its id is the epoch), `progress` on every change, `end` as the
    last.

    A comment is sent while nothing happens. After `end` there is nothing more to wait for: close.
    A stream whose key is revoked or expires stops without `end`; asked for again, it is refused.

    Args:
        experiment_id (UUID): The experiment's id.
        last_event_id (int | Unset): The last epoch that was received; later ones are sent again.
            Default: 0.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | str]
    """

    kwargs = _get_kwargs(
        experiment_id=experiment_id,
        last_event_id=last_event_id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    experiment_id: UUID,
    *,
    client: AuthenticatedClient,
    last_event_id: int | Unset = 0,
) -> Problem | str | None:
    """Follow an experiment live

     `epoch` once per finished epoch (its id is the epoch), `progress` on every change, `end` as the
    last.

    A comment is sent while nothing happens. After `end` there is nothing more to wait for: close.
    A stream whose key is revoked or expires stops without `end`; asked for again, it is refused.

    Args:
        experiment_id (UUID): The experiment's id.
        last_event_id (int | Unset): The last epoch that was received; later ones are sent again.
            Default: 0.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | str
    """

    return sync_detailed(
        experiment_id=experiment_id,
        client=client,
        last_event_id=last_event_id,
    ).parsed


async def asyncio_detailed(
    experiment_id: UUID,
    *,
    client: AuthenticatedClient,
    last_event_id: int | Unset = 0,
) -> Response[Problem | str]:
    """Follow an experiment live

     `epoch` once per finished epoch (its id is the epoch), `progress` on every change, `end` as the
    last.

    A comment is sent while nothing happens. After `end` there is nothing more to wait for: close.
    A stream whose key is revoked or expires stops without `end`; asked for again, it is refused.

    Args:
        experiment_id (UUID): The experiment's id.
        last_event_id (int | Unset): The last epoch that was received; later ones are sent again.
            Default: 0.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | str]
    """

    kwargs = _get_kwargs(
        experiment_id=experiment_id,
        last_event_id=last_event_id,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    experiment_id: UUID,
    *,
    client: AuthenticatedClient,
    last_event_id: int | Unset = 0,
) -> Problem | str | None:
    """Follow an experiment live

     `epoch` once per finished epoch (its id is the epoch), `progress` on every change, `end` as the
    last.

    A comment is sent while nothing happens. After `end` there is nothing more to wait for: close.
    A stream whose key is revoked or expires stops without `end`; asked for again, it is refused.

    Args:
        experiment_id (UUID): The experiment's id.
        last_event_id (int | Unset): The last epoch that was received; later ones are sent again.
            Default: 0.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | str
    """

    return (
        await asyncio_detailed(
            experiment_id=experiment_id,
            client=client,
            last_event_id=last_event_id,
        )
    ).parsed
