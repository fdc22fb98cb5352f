"""A setting that can't be is refused at submission: its field named, and what may stand there."""

from typing import Any

import pytest

from tests.api.support import Service, assert_problem

REFUSALS: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "unknown reference": (
        "small-dynamic",
        {"reference": {"name": "irt"}},
        "/config/reference/name",
        "choose one of 'rasch', 'pfa', 'bkt', 'skill-rate'; it is 'irt'",
    ),
    "unknown model": (
        "small-dynamic",
        {"model": {"type": "gru"}},
        "/config/model/type",
        "choose one of 'ikt', 'dkt', 'reference'; it is 'gru'",
    ),
    "skill-wise head, scalar reference": (
        "small-dynamic",
        {"model": {"mastery": "skill-wise"}},
        "/config/model/mastery",
        "choose reference.name from pfa, bkt, or mastery 'scalar'",
    ),
    "setting of another kind of model": (
        "dkt",
        {"model": {"n_heads": 2}},
        "/config/model/n_heads",
        "model has d_model, dropout, type, window",
    ),
    "setting of another kind of reference": (
        "pfa",
        {"reference": {"forgetting": True}},
        "/config/reference/forgetting",
        "reference has decay, grid_points, name, slope_sd",
    ),
    "misspelt": (
        "small-dynamic",
        {"loss": {"lambda_traget": 0.5}},
        "/config/loss/lambda_traget",
        "lambda_target",
    ),
    "without its section": (
        "small-dynamic",
        {"lambda_target": 0.5},
        "/config/lambda_target",
        "did you mean loss.lambda_target?",
    ),
    "λ outside [0, 1]": (
        "skill-wise",
        {"loss": {"lambda_target": -0.1}},
        "/config/loss/lambda_target",
        "it is -0.1",
    ),
    "nothing to train": (
        "pfa",
        {"training": {"epochs": 3}},
        "/config/training/epochs",
        "1 epoch measures it",
    ),
}


@pytest.fixture(scope="module")
def dataset(service: Service) -> dict[str, Any]:
    return service.add_dataset()


@pytest.mark.parametrize(("preset", "config", "pointer", "remedy"), REFUSALS.values(), ids=REFUSALS)
def test_the_field_and_the_remedy_are_named(
    service: Service, dataset: dict[str, Any], preset: str, config: dict[str, Any], pointer: str, remedy: str
) -> None:
    answer = service.submit(dataset["id"], preset=preset, config=config)
    problem = assert_problem(answer, 422, "experiment-refused")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert remedy in problem["errors"][0]["detail"]
