from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.compare_experiments_format import (
    CompareExperimentsFormat,
)
from ...models.comparison_read import ComparisonRead
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    baseline: UUID,
    candidate: list[UUID],
    format_: CompareExperimentsFormat | Unset = UNSET,
    accept: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(accept, Unset):
        headers["accept"] = accept

    params: dict[str, Any] = {}

    json_baseline = str(baseline)
    params["baseline"] = json_baseline

    json_candidate = []
    for candidate_item_data in candidate:
        candidate_item = str(candidate_item_data)
        json_candidate.append(candidate_item)

    params["candidate"] = json_candidate

    json_format_: str | Unset = UNSET
    if not isinstance(format_, Unset):
        json_format_ = format_

    params["format"] = json_format_

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/comparisons",
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ComparisonRead | Problem | None:
    if "json" not in response.headers.get("Content-Type", ""):
        return None  # another form was asked for; it is in `content`
    if response.status_code == 200:
        response_200 = ComparisonRead.from_dict(response.json())

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
) -> Response[ComparisonRead | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    baseline: UUID,
    candidate: list[UUID],
    format_: CompareExperimentsFormat | Unset = UNSET,
    accept: str | Unset = UNSET,
) -> Response[ComparisonRead | Problem]:
    """Compare experiments or cross-validations

     Experiments that have succeeded, side by side, with changes, verdicts, criteria and findings.

    Of cross-validations over the same folds the means are compared: an interval is that of the mean of
    the folds' differences.

    Where two of them predicted the same responses, changes in prediction have an interval: students are
    resampled in pairs. A change whose interval holds 0 is called the same. Intervals are found once,
    and kept
    as long as both experiments are.

    As HTML it is one file that needs nothing else, to be read, printed or sent on.

    Args:
        baseline (UUID): The experiment or cross-validation to compare with.
        candidate (list[UUID]): Another of its kind; may be repeated.
        format_ (CompareExperimentsFormat | Unset): How to answer, whatever Accept says.
        accept (str | Unset): Media types the caller reads.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ComparisonRead | Problem]
    """

    kwargs = _get_kwargs(
        baseline=baseline,
        candidate=candidate,
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
    baseline: UUID,
    candidate: list[UUID],
    format_: CompareExperimentsFormat | Unset = UNSET,
    accept: str | Unset = UNSET,
) -> ComparisonRead | Problem | None:
    """Compare experiments or cross-validations

     Experiments that have succeeded, side by side, with changes, verdicts, criteria and findings.

    Of cross-validations over the same folds the means are compared: an interval is that of the mean of
    the folds' differences.

    Where two of them predicted the same responses, changes in prediction have an interval: students are
    resampled in pairs. A change whose interval holds 0 is called the same. Intervals are found once,
    and kept
    as long as both experiments are.

    As HTML it is one file that needs nothing else, to be read, printed or sent on.

    Args:
        baseline (UUID): The experiment or cross-validation to compare with.
        candidate (list[UUID]): Another of its kind; may be repeated.
        format_ (CompareExperimentsFormat | Unset): How to answer, whatever Accept says.
        accept (str | Unset): Media types the caller reads.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ComparisonRead | Problem
    """

    return sync_detailed(
        client=client,
        baseline=baseline,
        candidate=candidate,
        format_=format_,
        accept=accept,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    baseline: UUID,
    candidate: list[UUID],
    format_: CompareExperimentsFormat | Unset = UNSET,
    accept: str | Unset = UNSET,
) -> Response[ComparisonRead | Problem]:
    """Compare experiments or cross-validations

     Experiments that have succeeded, side by side, with changes, verdicts, criteria and findings.

    Of cross-validations over the same folds the means are compared: an interval is that of the mean of
    the folds' differences.

    Where two of them predicted the same responses, changes in prediction have an interval: students are
    resampled in pairs. A change whose interval holds 0 is called the same. Intervals are found once,
    and kept
    as long as both experiments are.

    As HTML it is one file that needs nothing else, to be read, printed or sent on.

    Args:
        baseline (UUID): The experiment or cross-validation to compare with.
        candidate (list[UUID]): Another of its kind; may be repeated.
        format_ (CompareExperimentsFormat | Unset): How to answer, whatever Accept says.
        accept (str | Unset): Media types the caller reads.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ComparisonRead | Problem]
    """

    kwargs = _get_kwargs(
        baseline=baseline,
        candidate=candidate,
        format_=format_,
        accept=accept,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    baseline: UUID,
    candidate: list[UUID],
    format_: CompareExperimentsFormat | Unset = UNSET,
    accept: str | Unset = UNSET,
) -> ComparisonRead | Problem | None:
    """Compare experiments or cross-validations

     Experiments that have succeeded, side by side, with changes, verdicts, criteria and findings.

    Of cross-validations over the same folds the means are compared: an interval is that of the mean of
    the folds' differences.

    Where two of them predicted the same responses, changes in prediction have an interval: students are
    resampled in pairs. A change whose interval holds 0 is called the same. Intervals are found once,
    and kept
    as long as both experiments are.

    As HTML it is one file that needs nothing else, to be read, printed or sent on.

    Args:
        baseline (UUID): The experiment or cross-validation to compare with.
        candidate (list[UUID]): Another of its kind; may be repeated.
        format_ (CompareExperimentsFormat | Unset): How to answer, whatever Accept says.
        accept (str | Unset): Media types the caller reads.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ComparisonRead | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            baseline=baseline,
            candidate=candidate,
            format_=format_,
            accept=accept,
        )
    ).parsed
