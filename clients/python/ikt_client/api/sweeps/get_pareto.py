from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.get_pareto_format import GetParetoFormat
from ...models.get_pareto_x import GetParetoX
from ...models.get_pareto_y import GetParetoY
from ...models.pareto_read import ParetoRead
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    experiment: list[UUID],
    x: GetParetoX | Unset = "auc",
    y: GetParetoY | Unset = "l_21_kl",
    format_: GetParetoFormat | Unset = UNSET,
    accept: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(accept, Unset):
        headers["accept"] = accept

    params: dict[str, Any] = {}

    json_experiment = []
    for experiment_item_data in experiment:
        experiment_item = str(experiment_item_data)
        json_experiment.append(experiment_item)

    params["experiment"] = json_experiment

    json_x: str | Unset = UNSET
    if not isinstance(x, Unset):
        json_x = x

    params["x"] = json_x

    json_y: str | Unset = UNSET
    if not isinstance(y, Unset):
        json_y = y

    params["y"] = json_y

    json_format_: str | Unset = UNSET
    if not isinstance(format_, Unset):
        json_format_ = format_

    params["format"] = json_format_

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/pareto",
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ParetoRead | Problem | None:
    if "json" not in response.headers.get("Content-Type", ""):
        return None  # another form was asked for; it is in `content`
    if response.status_code == 200:
        response_200 = ParetoRead.from_dict(response.json())

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

    if response.status_code == 406:
        response_406 = Problem.from_dict(response.json())

        return response_406

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
) -> Response[ParetoRead | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    experiment: list[UUID],
    x: GetParetoX | Unset = "auc",
    y: GetParetoY | Unset = "l_21_kl",
    format_: GetParetoFormat | Unset = UNSET,
    accept: str | Unset = UNSET,
) -> Response[ParetoRead | Problem]:
    """Show what experiments gain and give up

     The same for any experiments that have succeeded.

    Args:
        experiment (list[UUID]): An experiment; may be repeated.
        x (GetParetoX | Unset): Metric of the horizontal axis. Default: 'auc'.
        y (GetParetoY | Unset): Metric of the vertical axis. Default: 'l_21_kl'.
        format_ (GetParetoFormat | Unset): How to answer, whatever Accept says.
        accept (str | Unset): Media types the caller reads.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ParetoRead | Problem]
    """

    kwargs = _get_kwargs(
        experiment=experiment,
        x=x,
        y=y,
        format_=format_,
        accept=accept,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    experiment: list[UUID],
    x: GetParetoX | Unset = "auc",
    y: GetParetoY | Unset = "l_21_kl",
    format_: GetParetoFormat | Unset = UNSET,
    accept: str | Unset = UNSET,
) -> ParetoRead | Problem | None:
    """Show what experiments gain and give up

     The same for any experiments that have succeeded.

    Args:
        experiment (list[UUID]): An experiment; may be repeated.
        x (GetParetoX | Unset): Metric of the horizontal axis. Default: 'auc'.
        y (GetParetoY | Unset): Metric of the vertical axis. Default: 'l_21_kl'.
        format_ (GetParetoFormat | Unset): How to answer, whatever Accept says.
        accept (str | Unset): Media types the caller reads.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ParetoRead | Problem
    """

    return sync_detailed(
        client=client,
        experiment=experiment,
        x=x,
        y=y,
        format_=format_,
        accept=accept,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    experiment: list[UUID],
    x: GetParetoX | Unset = "auc",
    y: GetParetoY | Unset = "l_21_kl",
    format_: GetParetoFormat | Unset = UNSET,
    accept: str | Unset = UNSET,
) -> Response[ParetoRead | Problem]:
    """Show what experiments gain and give up

     The same for any experiments that have succeeded.

    Args:
        experiment (list[UUID]): An experiment; may be repeated.
        x (GetParetoX | Unset): Metric of the horizontal axis. Default: 'auc'.
        y (GetParetoY | Unset): Metric of the vertical axis. Default: 'l_21_kl'.
        format_ (GetParetoFormat | Unset): How to answer, whatever Accept says.
        accept (str | Unset): Media types the caller reads.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ParetoRead | Problem]
    """

    kwargs = _get_kwargs(
        experiment=experiment,
        x=x,
        y=y,
        format_=format_,
        accept=accept,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    experiment: list[UUID],
    x: GetParetoX | Unset = "auc",
    y: GetParetoY | Unset = "l_21_kl",
    format_: GetParetoFormat | Unset = UNSET,
    accept: str | Unset = UNSET,
) -> ParetoRead | Problem | None:
    """Show what experiments gain and give up

     The same for any experiments that have succeeded.

    Args:
        experiment (list[UUID]): An experiment; may be repeated.
        x (GetParetoX | Unset): Metric of the horizontal axis. Default: 'auc'.
        y (GetParetoY | Unset): Metric of the vertical axis. Default: 'l_21_kl'.
        format_ (GetParetoFormat | Unset): How to answer, whatever Accept says.
        accept (str | Unset): Media types the caller reads.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ParetoRead | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            experiment=experiment,
            x=x,
            y=y,
            format_=format_,
            accept=accept,
        )
    ).parsed
