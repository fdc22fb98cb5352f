"""Submitting over a connection that breaks."""

import httpx
import pytest

from api.cli.client import Service
from api.cli.experiments import submit_experiment
from api.cli.failures import NoServer
from api.schemas.experiments import DATASET_ID, ExperimentRead

(SUBMITTED,) = ExperimentRead.model_json_schema()["examples"]


def breaking(keys: list[str], *, n_breaks: int) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        if len(keys) <= n_breaks:
            raise httpx.ReadError("connection reset", request=request)
        return httpx.Response(202, json=SUBMITTED)

    return httpx.MockTransport(answer)


def test_a_lost_answer_is_asked_for_once_more_under_the_same_key() -> None:
    keys: list[str] = []
    with Service("http://service", breaking(keys, n_breaks=1)) as service:
        assert submit_experiment(service, dataset_id=DATASET_ID, fold=0) == SUBMITTED
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_a_server_that_is_away_is_told() -> None:
    with Service("http://service", breaking([], n_breaks=2)) as service, pytest.raises(NoServer):
        submit_experiment(service, dataset_id=DATASET_ID, fold=0)
