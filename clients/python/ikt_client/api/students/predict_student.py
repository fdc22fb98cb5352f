from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.predictions_create import PredictionsCreate
from ...models.predictions_read import PredictionsRead
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    student_id: str,
    *,
    body: PredictionsCreate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/students/{student_id}/predictions".format(
            student_id=quote(str(student_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> PredictionsRead | Problem | None:
    if response.status_code == 200:
        response_200 = PredictionsRead.from_dict(response.json())

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
) -> Response[PredictionsRead | Problem]:
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
    body: PredictionsCreate,
) -> Response[PredictionsRead | Problem]:
    """Ask what if

     Probability and mastery of some skills as things are, and after responses that nobody has given.

    Nothing is stored. All responses that are known are included, also those that wait to be scored.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        body (PredictionsCreate): Skills to predict, and what to suppose.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PredictionsRead | Problem]
    """

    kwargs = _get_kwargs(
        student_id=student_id,
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    student_id: str,
    *,
    client: AuthenticatedClient,
    body: PredictionsCreate,
) -> PredictionsRead | Problem | None:
    """Ask what if

     Probability and mastery of some skills as things are, and after responses that nobody has given.

    Nothing is stored. All responses that are known are included, also those that wait to be scored.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        body (PredictionsCreate): Skills to predict, and what to suppose.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PredictionsRead | Problem
    """

    return sync_detailed(
        student_id=student_id,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    student_id: str,
    *,
    client: AuthenticatedClient,
    body: PredictionsCreate,
) -> Response[PredictionsRead | Problem]:
    """Ask what if

     Probability and mastery of some skills as things are, and after responses that nobody has given.

    Nothing is stored. All responses that are known are included, also those that wait to be scored.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        body (PredictionsCreate): Skills to predict, and what to suppose.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PredictionsRead | Problem]
    """

    kwargs = _get_kwargs(
        student_id=student_id,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    student_id: str,
    *,
    client: AuthenticatedClient,
    body: PredictionsCreate,
) -> PredictionsRead | Problem | None:
    """Ask what if

     Probability and mastery of some skills as things are, and after responses that nobody has given.

    Nothing is stored. All responses that are known are included, also those that wait to be scored.

    Args:
        student_id (str): The caller's pseudonymous id of the student; in the address a slash is
            %2F.
        body (PredictionsCreate): Skills to predict, and what to suppose.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PredictionsRead | Problem
    """

    return (
        await asyncio_detailed(
            student_id=student_id,
            client=client,
            body=body,
        )
    ).parsed
