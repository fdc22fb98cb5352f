from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.cohort_read import CohortRead
from ...models.members import Members
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    cohort: str,
    *,
    body: Members,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "put",
        "url": "/cohorts/{cohort}/students".format(
            cohort=quote(str(cohort), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> CohortRead | Problem | None:
    if response.status_code == 200:
        response_200 = CohortRead.from_dict(response.json())

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
) -> Response[CohortRead | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    cohort: str,
    *,
    client: AuthenticatedClient,
    body: Members,
) -> Response[CohortRead | Problem]:
    """Say who is in a cohort

     The whole list: it takes the place of the one before. A student may be in several cohorts.

    Args:
        cohort (str): The caller's name of the cohort; in the address a slash is %2F.
        body (Members): Who is in a cohort.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CohortRead | Problem]
    """

    kwargs = _get_kwargs(
        cohort=cohort,
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    cohort: str,
    *,
    client: AuthenticatedClient,
    body: Members,
) -> CohortRead | Problem | None:
    """Say who is in a cohort

     The whole list: it takes the place of the one before. A student may be in several cohorts.

    Args:
        cohort (str): The caller's name of the cohort; in the address a slash is %2F.
        body (Members): Who is in a cohort.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CohortRead | Problem
    """

    return sync_detailed(
        cohort=cohort,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    cohort: str,
    *,
    client: AuthenticatedClient,
    body: Members,
) -> Response[CohortRead | Problem]:
    """Say who is in a cohort

     The whole list: it takes the place of the one before. A student may be in several cohorts.

    Args:
        cohort (str): The caller's name of the cohort; in the address a slash is %2F.
        body (Members): Who is in a cohort.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CohortRead | Problem]
    """

    kwargs = _get_kwargs(
        cohort=cohort,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    cohort: str,
    *,
    client: AuthenticatedClient,
    body: Members,
) -> CohortRead | Problem | None:
    """Say who is in a cohort

     The whole list: it takes the place of the one before. A student may be in several cohorts.

    Args:
        cohort (str): The caller's name of the cohort; in the address a slash is %2F.
        body (Members): Who is in a cohort.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CohortRead | Problem
    """

    return (
        await asyncio_detailed(
            cohort=cohort,
            client=client,
            body=body,
        )
    ).parsed
