from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.evaluate_experiment_files_body import EvaluateExperimentFilesBody
from ...models.evaluate_experiment_format import (
    EvaluateExperimentFormat,
)
from ...models.evaluate_experiment_protocol import (
    EvaluateExperimentProtocol,
)
from ...models.evaluation_read import EvaluationRead
from ...models.problem import Problem
from ...types import UNSET, File, Response, Unset


def _get_kwargs(
    experiment_id: UUID,
    *,
    body: EvaluateExperimentFilesBody | File | File | File | Unset = UNSET,
    format_: EvaluateExperimentFormat | Unset = "auto",
    protocol: EvaluateExperimentProtocol | Unset = "window",
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    json_format_: str | Unset = UNSET
    if not isinstance(format_, Unset):
        json_format_ = format_

    params["format"] = json_format_

    json_protocol: str | Unset = UNSET
    if not isinstance(protocol, Unset):
        json_protocol = protocol

    params["protocol"] = json_protocol

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/experiments/{experiment_id}/evaluations".format(
            experiment_id=quote(str(experiment_id), safe=""),
        ),
        "params": params,
    }

    if isinstance(body, EvaluateExperimentFilesBody):
        _kwargs["files"] = body.to_multipart()

    if isinstance(body, File):
        _kwargs["content"] = body.payload
        headers["Content-Type"] = "text/csv"
    if isinstance(body, File):
        _kwargs["content"] = body.payload
        headers["Content-Type"] = "application/vnd.apache.parquet"
    if isinstance(body, File):
        _kwargs["content"] = body.payload
        headers["Content-Type"] = "application/octet-stream"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> EvaluationRead | Problem | None:
    if response.status_code == 200:
        response_200 = EvaluationRead.from_dict(response.json())

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

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

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
) -> Response[EvaluationRead | Problem]:
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
    body: EvaluateExperimentFilesBody | File | File | File | Unset = UNSET,
    format_: EvaluateExperimentFormat | Unset = "auto",
    protocol: EvaluateExperimentProtocol | Unset = "window",
) -> Response[EvaluationRead | Problem]:
    """Measure an experiment's model on another file

     The file is read, measured and forgotten. Skills are matched by name; the protocol is in the answer.

    Args:
        experiment_id (UUID): The experiment's id.
        format_ (EvaluateExperimentFormat | Unset): `pykt` (rows per student), `events` (a row per
            response), or `auto`: told from the file. Default: 'auto'.
        protocol (EvaluateExperimentProtocol | Unset): `window`: windows as in training, a rest
            under 3 responses dropped, the first of each window not
            predicted. `history`: whole histories as students are served, every response but a
            student's first. Default: 'window'.
        body (EvaluateExperimentFilesBody):
        body (File):
        body (File):
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EvaluationRead | Problem]
    """

    kwargs = _get_kwargs(
        experiment_id=experiment_id,
        body=body,
        format_=format_,
        protocol=protocol,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    experiment_id: UUID,
    *,
    client: AuthenticatedClient,
    body: EvaluateExperimentFilesBody | File | File | File | Unset = UNSET,
    format_: EvaluateExperimentFormat | Unset = "auto",
    protocol: EvaluateExperimentProtocol | Unset = "window",
) -> EvaluationRead | Problem | None:
    """Measure an experiment's model on another file

     The file is read, measured and forgotten. Skills are matched by name; the protocol is in the answer.

    Args:
        experiment_id (UUID): The experiment's id.
        format_ (EvaluateExperimentFormat | Unset): `pykt` (rows per student), `events` (a row per
            response), or `auto`: told from the file. Default: 'auto'.
        protocol (EvaluateExperimentProtocol | Unset): `window`: windows as in training, a rest
            under 3 responses dropped, the first of each window not
            predicted. `history`: whole histories as students are served, every response but a
            student's first. Default: 'window'.
        body (EvaluateExperimentFilesBody):
        body (File):
        body (File):
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EvaluationRead | Problem
    """

    return sync_detailed(
        experiment_id=experiment_id,
        client=client,
        body=body,
        format_=format_,
        protocol=protocol,
    ).parsed


async def asyncio_detailed(
    experiment_id: UUID,
    *,
    client: AuthenticatedClient,
    body: EvaluateExperimentFilesBody | File | File | File | Unset = UNSET,
    format_: EvaluateExperimentFormat | Unset = "auto",
    protocol: EvaluateExperimentProtocol | Unset = "window",
) -> Response[EvaluationRead | Problem]:
    """Measure an experiment's model on another file

     The file is read, measured and forgotten. Skills are matched by name; the protocol is in the answer.

    Args:
        experiment_id (UUID): The experiment's id.
        format_ (EvaluateExperimentFormat | Unset): `pykt` (rows per student), `events` (a row per
            response), or `auto`: told from the file. Default: 'auto'.
        protocol (EvaluateExperimentProtocol | Unset): `window`: windows as in training, a rest
            under 3 responses dropped, the first of each window not
            predicted. `history`: whole histories as students are served, every response but a
            student's first. Default: 'window'.
        body (EvaluateExperimentFilesBody):
        body (File):
        body (File):
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EvaluationRead | Problem]
    """

    kwargs = _get_kwargs(
        experiment_id=experiment_id,
        body=body,
        format_=format_,
        protocol=protocol,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    experiment_id: UUID,
    *,
    client: AuthenticatedClient,
    body: EvaluateExperimentFilesBody | File | File | File | Unset = UNSET,
    format_: EvaluateExperimentFormat | Unset = "auto",
    protocol: EvaluateExperimentProtocol | Unset = "window",
) -> EvaluationRead | Problem | None:
    """Measure an experiment's model on another file

     The file is read, measured and forgotten. Skills are matched by name; the protocol is in the answer.

    Args:
        experiment_id (UUID): The experiment's id.
        format_ (EvaluateExperimentFormat | Unset): `pykt` (rows per student), `events` (a row per
            response), or `auto`: told from the file. Default: 'auto'.
        protocol (EvaluateExperimentProtocol | Unset): `window`: windows as in training, a rest
            under 3 responses dropped, the first of each window not
            predicted. `history`: whole histories as students are served, every response but a
            student's first. Default: 'window'.
        body (EvaluateExperimentFilesBody):
        body (File):
        body (File):
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EvaluationRead | Problem
    """

    return (
        await asyncio_detailed(
            experiment_id=experiment_id,
            client=client,
            body=body,
            format_=format_,
            protocol=protocol,
        )
    ).parsed
