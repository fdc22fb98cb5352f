"""Search spaces as they are typed."""

import pytest

from api.cli.experiments import parse_settings
from api.cli.failures import BadInput
from api.cli.search_space import parse_space

NOTHING: dict[str, list[str]] = {"grid": [], "floats": [], "ints": [], "choices": []}


def test_a_grid_of_numbers_and_words() -> None:
    found = parse_space(**NOTHING | {"grid": ["loss.lambda_target=0,0.3", "loss.ability_target=static"]})
    assert found == {
        "method": "grid",
        "space": {"loss.lambda_target": [0, 0.3], "loss.ability_target": ["static"]},
    }


def test_ranges_and_choices() -> None:
    found = parse_space(
        grid=[],
        floats=["training.learning_rate=1e-4:1e-2:log", "loss.lambda_target=0:1"],
        ints=["model.n_blocks=1:4", "model.d_model=32:128:32", "model.window=16:512:log"],
        choices=["loss.ability_target=static,dynamic"],
    )
    assert found["method"] == "optuna"
    assert found["space"] == {
        "training.learning_rate": {"type": "float", "low": 1e-4, "high": 1e-2, "log": True},
        "loss.lambda_target": {"type": "float", "low": 0.0, "high": 1.0, "log": False},
        "model.n_blocks": {"type": "int", "low": 1, "high": 4},
        "model.d_model": {"type": "int", "low": 32, "high": 128, "step": 32},
        "model.window": {"type": "int", "low": 16, "high": 512, "log": True},
        "loss.ability_target": {"type": "categorical", "choices": ["static", "dynamic"]},
    }


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("grid", "loss.lambda_target"),
        ("grid", "=1,2"),
        ("grid", "loss.lambda_target="),
        ("floats", "loss.lambda_target=0.5"),
        ("floats", "loss.lambda_target=0:much"),
        ("floats", "loss.lambda_target=0:1:lin"),
        ("floats", "loss.lambda_target=0:1:log:log"),
        ("ints", "model.n_blocks=1"),
        ("ints", "model.n_blocks=1:2.5"),
        ("ints", "model.n_blocks=1:9:2:log"),
    ],
)
def test_what_cannot_be_read_is_named(option: str, text: str) -> None:
    with pytest.raises(BadInput, match=r"--\w+ '"):
        parse_space(**NOTHING | {option: [text]})


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("grid", "loss.lambda_target=0.1,{}"),
        ("choices", "loss.lambda_target={},0.1"),
        ("floats", "loss.lambda_target={}:1"),
        ("floats", "loss.lambda_target=0:{}:log"),
    ],
)
def test_numbers_that_are_not_finite_are_refused_with_their_setting(
    option: str, text: str, number: str
) -> None:
    with pytest.raises(BadInput, match=rf"--\w+ 'loss\.lambda_target=.*: {number} is no finite number"):
        parse_space(**NOTHING | {option: [text.format(number)]})


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e999", "[0.1, NaN]", '{"deep": 1e999}'])
def test_settings_are_as_finite_as_spaces(value: str) -> None:
    with pytest.raises(BadInput, match=r"--set 'loss\.lambda_target=.* is no finite number"):
        parse_settings([f"loss.lambda_target={value}"])


def test_finite_numbers_keep_their_value() -> None:
    settings = ["loss.lambda_target=1e-3", "training.epochs=3", "loss.ability_target=nan"]
    assert parse_settings(settings) == {
        "loss": {"lambda_target": 1e-3, "ability_target": "nan"},
        "training": {"epochs": 3},
    }


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"grid": ["loss.lambda_target=1"], "floats": ["loss.lambda_target=0:1"]},
        {"grid": ["loss.lambda_target=1", "loss.lambda_target=2"]},
    ],
)
def test_nothing_both_or_twice_is_refused(given: dict[str, list[str]]) -> None:
    with pytest.raises(BadInput):
        parse_space(**NOTHING | given)
