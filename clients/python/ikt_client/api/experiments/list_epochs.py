from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.epoch_list import EpochList
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    experiment_id: UUID,
    *,
    after_epoch: int | Unset = 0,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["after_epoch"] = after_epoch

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/experiments/{experiment_id}/metrics".format(
            experiment_id=quote(str(experiment_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> EpochList | Problem | None:
    if response.status_code == 200:
        response_200 = EpochList.from_dict(response.json())

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
) -> Response[EpochList | Problem]:
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
    after_epoch: int | Unset = 0,
) -> Response[EpochList | Problem]:
    """List what each epoch measured

     In order; held-out metrics by name, training losses with the prefix `train_`.

    Args:
        experiment_id (UUID): The experiment's id.
        after_epoch (int | Unset): Only later epochs. Default: 0.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EpochList | Problem]
    """

    kwargs = _get_kwargs(
        experiment_id=experiment_id,
        after_epoch=after_epoch,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    experiment_id: UUID,
    *,
    client: AuthenticatedClient,
    after_epoch: int | Unset = 0,
) -> EpochList | Problem | None:
    """List what each epoch measured

     In order; held-out metrics by name, training losses with the prefix `train_`.

    Args:
        experiment_id (UUID): The experiment's id.
        after_epoch (int | Unset): Only later epochs. Default: 0.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EpochList | Problem
    """

    return sync_detailed(
        experiment_id=experiment_id,
        client=client,
        after_epoch=after_epoch,
    ).parsed


async def asyncio_detailed(
    experiment_id: UUID,
    *,
    client: AuthenticatedClient,
    after_epoch: int | Unset = 0,
) -> Response[EpochList | Problem]:
    """List what each epoch measured

     In order; held-out metrics by name, training losses with the prefix `train_`.

    Args:
        experiment_id (UUID): The experiment's id.
        after_epoch (int | Unset): Only later epochs. Default: 0.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EpochList | Problem]
    """

    kwargs = _get_kwargs(
        experiment_id=experiment_id,
        after_epoch=after_epoch,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    experiment_id: UUID,
    *,
    client: AuthenticatedClient,
    after_epoch: int | Unset = 0,
) -> EpochList | Problem | None:
    """List what each epoch measured

     In order; held-out metrics by name, training losses with the prefix `train_`.

    Args:
        experiment_id (UUID): The experiment's id.
        after_epoch (int | Unset): Only later epochs. Default: 0.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EpochList | Problem
    """

    return (
        await asyncio_detailed(
            experiment_id=experiment_id,
            client=client,
            after_epoch=after_epoch,
        )
    ).parsed
