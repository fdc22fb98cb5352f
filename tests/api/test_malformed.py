"""Bad input is answered with a problem and changes nothing."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.api.malformed import DATASET, MALFORMED, Bad
from tests.api.malformed_responses import RESPONSES
from tests.api.malformed_searches import SEARCHES
from tests.api.support import Service, assert_problem

ALL = [*MALFORMED, *RESPONSES, *SEARCHES]


@pytest.fixture(scope="module")
def dataset_id(service: Service) -> str:
    """Stored before the first bad request."""
    return str(service.add_dataset()["id"])


@pytest.mark.parametrize("bad", ALL, ids=lambda bad: bad.name)
def test_bad_request_is_refused_and_changes_nothing(service: Service, dataset_id: str, bad: Bad) -> None:
    before = service.traces()
    answer = service.client.request(bad.method, bad.path, **_with_dataset(bad.request, dataset_id))

    problem = assert_problem(answer, bad.status, bad.slug)
    assert (bad.status == 413) == ("limit" in problem)
    if bad.pointer is not None:
        assert bad.pointer in [error["pointer"] for error in problem["errors"]], problem
    assert service.traces() == before


def test_table_is_long_enough_and_names_each_case_once() -> None:
    assert len({bad.name for bad in ALL}) == len(ALL) >= 50


def _with_dataset(request: Mapping[str, Any], dataset_id: str) -> dict[str, Any]:
    content = request.get("content")
    if isinstance(content, str):
        return {**request, "content": content.replace(DATASET, dataset_id)}
    return dict(request)
