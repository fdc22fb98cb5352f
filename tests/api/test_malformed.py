"""Bad input is answered with a problem and changes nothing."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from tests.api.malformed import DATASET, MALFORMED, Bad
from tests.api.malformed_bodies import AT_EVERY_DOOR, HIDDEN, LOADS
from tests.api.malformed_responses import RESPONSES
from tests.api.malformed_searches import SEARCHES
from tests.api.support import Service, assert_problem

STORED = [*MALFORMED, *RESPONSES, *SEARCHES, *LOADS, *HIDDEN]
ALL = [*STORED, *AT_EVERY_DOOR]
MOST_SECONDS = 1.0  # of the process, in which both sides run: how busy the machine is does not count


@pytest.fixture(scope="module")
def dataset_id(service: Service) -> str:
    """Stored before the first bad request."""
    return str(service.add_dataset()["id"])


@pytest.mark.parametrize("bad", STORED, ids=lambda bad: bad.name)
def test_bad_request_is_refused_and_changes_nothing(service: Service, dataset_id: str, bad: Bad) -> None:
    _assert_refused(service, dataset_id, bad)


# What is refused before anything is stored is refused alike, whatever it would be stored in.
@pytest.mark.parametrize("service", ["embedded"], indirect=True)
@pytest.mark.parametrize("bad", AT_EVERY_DOOR, ids=lambda bad: bad.name)
def test_bad_body_is_refused_at_every_door(service: Service, dataset_id: str, bad: Bad) -> None:
    _assert_refused(service, dataset_id, bad)


def test_table_is_long_enough_and_names_each_case_once() -> None:
    assert len({bad.name for bad in ALL}) == len(ALL) >= 150


def _with_dataset(request: Mapping[str, Any], dataset_id: str) -> dict[str, Any]:
    content = request.get("content")
    if isinstance(content, str):
        return {**request, "content": content.replace(DATASET, dataset_id)}
    return dict(request)


def _assert_refused(service: Service, dataset_id: str, bad: Bad) -> None:
    before = service.traces()
    began = time.process_time()
    answer = service.client.request(bad.method, bad.path, **_with_dataset(bad.request, dataset_id))
    seconds = time.process_time() - began

    problem = assert_problem(answer, bad.status, bad.slug)
    assert (bad.status == 413) == ("limit" in problem)
    if bad.pointer is not None:
        assert bad.pointer in [error["pointer"] for error in problem["errors"]], problem
    assert service.traces() == before
    assert seconds <= MOST_SECONDS
