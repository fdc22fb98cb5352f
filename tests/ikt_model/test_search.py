"""Search spaces, the next point of a search, and trials that are given up."""

from typing import Any

import pytest

from ikt_model.search import (
    MOST_POINTS,
    Direction,
    Trial,
    count_points,
    grid_points,
    is_hopeless,
    next_point,
    probing_points,
    with_settings,
)

GRID = {"loss.lambda_target": [0.0, 0.3], "model.d_model": [16, 32, 64]}
SPACE: dict[str, Any] = {
    "training.learning_rate": {"type": "float", "low": 1e-4, "high": 1e-2, "log": True},
    "model.n_blocks": {"type": "int", "low": 1, "high": 5, "log": False, "step": 2},
    "loss.ability_target": {"type": "categorical", "choices": ["static", "dynamic"]},
}
SEARCH: dict[str, Any] = {"method": "optuna", "space": SPACE, "sampler": "tpe", "seed": 3}
MEDIAN: dict[str, Any] = {"name": "median", "warmup_epochs": 1, "startup_trials": 2}


def whole(low: int, high: int) -> dict[str, Any]:
    return {"type": "int", "low": low, "high": high, "log": False, "step": 1}


def floats(low: float, high: float) -> dict[str, Any]:
    return {"type": "float", "low": low, "high": high, "log": False}


class TestPoints:
    def test_a_grid_has_every_combination_once(self) -> None:
        points = list(grid_points(GRID))
        assert len(points) == count_points(GRID) == len({tuple(point.items()) for point in points}) == 6
        assert points[1] == {"loss.lambda_target": 0.0, "model.d_model": 32}

    def test_a_space_is_met_at_every_whole_number_and_choice(self) -> None:
        points = list(probing_points(SPACE))
        assert len(points) == len({tuple(point.items()) for point in points}) == 3 * 3 * 2
        assert {point["model.n_blocks"] for point in points} == {1, 3, 5}
        assert {point["loss.ability_target"] for point in points} == {"static", "dynamic"}
        assert list(dict.fromkeys(point["model.n_blocks"] for point in points)) == [1, 5, 3]

    @pytest.mark.parametrize("ends", [(1.0, 4.0), (1.0, 3.0), (2.0, 10.0), (0.0, 2.0**40)])
    def test_a_range_of_floats_is_met_at_its_ends_and_at_a_fraction_inside_it(
        self, ends: tuple[float, float]
    ) -> None:
        low, high = ends
        space = {**SPACE, "training.epochs": floats(low, high)}
        values = list(dict.fromkeys(point["training.epochs"] for point in probing_points(space)))
        assert values[:2] == [low, high]
        assert any(low < value < high and value % 1 for value in values)

    def test_of_many_float_ranges_the_rest_is_still_met_completely(self) -> None:
        space = {**SPACE, **{f"model.a{n}": floats(0.0, float(n)) for n in range(1, 13)}}
        points = list(probing_points(space))
        met = {(point["model.n_blocks"], point["loss.ability_target"]) for point in points}
        assert len(met) == 3 * 2
        assert all(len({point[f"model.a{n}"] for point in points}) == 3 for n in range(1, 13))

    def test_of_very_many_points_corners_and_each_value_alone_are_met(self) -> None:
        space = {**SPACE, **{f"model.a{n}": whole(0, 100 + n) for n in range(1, 11)}}
        points = list(probing_points(space))
        assert {point["model.a7"] for point in points} == set(range(108))
        corners = {tuple(point.values()) for point in points if point["model.n_blocks"] != 3}
        assert len(corners) >= 2**11 * 2

    def test_no_space_takes_long(self) -> None:
        space = {f"model.a{n}": whole(-(2**53), 2**53) for n in range(10)} | {
            f"model.b{n}": {"type": "categorical", "choices": list(range(100))} for n in range(10)
        }
        points = list(probing_points(space))
        assert len(points) < MOST_POINTS
        for name, described in space.items():
            wanted = set(described.get("choices") or (-(2**53), 1 - 2**53, 2**53))
            assert wanted <= {point[name] for point in points}

    def test_settings_are_nested_and_the_given_ones_stay(self) -> None:
        given = {"loss": {"scale_weight": 0.1}, "model": {"d_model": 8}}
        changed = with_settings(given, {"loss.lambda_target": 0.5, "training.epochs": 2})
        assert changed == {
            "loss": {"scale_weight": 0.1, "lambda_target": 0.5},
            "model": {"d_model": 8},
            "training": {"epochs": 2},
        }
        assert given == {"loss": {"scale_weight": 0.1}, "model": {"d_model": 8}}


class TestNextPoint:
    def test_a_grid_goes_by_number(self) -> None:
        search = {"method": "grid", "space": GRID}
        found = [next_point(search, [], number=n, direction="maximise") for n in range(6)]
        assert found == list(grid_points(GRID))

    @pytest.mark.parametrize("sampler", ["tpe", "random"])
    def test_equal_trials_give_equal_points_within_the_space(self, sampler: str) -> None:
        first, second = (self._run(SEARCH | {"sampler": sampler}) for _ in range(2))
        assert first == second
        assert len({tuple(trial.settings.items()) for trial in first}) == len(first)
        for trial in first:
            assert 1e-4 <= trial.settings["training.learning_rate"] <= 1e-2
            assert trial.settings["model.n_blocks"] in (1, 3, 5)

    def test_another_seed_gives_other_points(self) -> None:
        assert self._run(SEARCH) != self._run(SEARCH | {"seed": 4})

    @pytest.mark.parametrize(("direction", "end"), [("maximise", 1.0), ("minimise", 0.0)])
    def test_it_looks_where_it_was_good(self, direction: Direction, end: float) -> None:
        space = {"loss.lambda_target": {"type": "float", "low": 0.0, "high": 1.0, "log": False}}
        tried = [n / 20 for n in range(21)]
        trials = [Trial({"loss.lambda_target": x}, "succeeded", value=x) for x in tried]
        search = SEARCH | {"space": space}
        found = [
            next_point(search, trials, number=n, direction=direction)["loss.lambda_target"]
            for n in range(21, 41)
        ]
        assert sum(abs(x - end) < 0.35 for x in found) >= 15

    def test_parallel_trials_keep_apart(self) -> None:
        space = {"loss.lambda_target": {"type": "float", "low": 0.0, "high": 1.0, "log": False}}
        search = SEARCH | {"space": space}
        best = {"loss.lambda_target": 0.5}
        tried = [
            Trial({"loss.lambda_target": n / 20}, "succeeded", value=-abs(n / 20 - 0.5)) for n in range(21)
        ]
        in_flight = [Trial(best, "running") for _ in range(12)]

        def distance(trials: list[Trial]) -> float:
            found = [next_point(search, trials, number=n, direction="maximise") for n in range(21, 41)]
            return sum(abs(point["loss.lambda_target"] - 0.5) for point in found)

        assert distance(tried + in_flight) > 1.2 * distance(tried)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
    def test_values_that_are_no_numbers_are_survived(self, value: float | None) -> None:
        point = next_point(SEARCH, [], number=0, direction="maximise")
        trials = [
            Trial(point, "succeeded", value=value, epoch_values={1: float("nan"), 2: float("inf")}),
            Trial(point, "pruned"),
            Trial(point, "pruned", epoch_values={1: 0.5}),
            Trial(point, "failed"),
            Trial(point, "running", epoch_values={1: 0.5}),
        ]
        assert next_point(SEARCH, trials * 5, number=25, direction="maximise").keys() == SPACE.keys()

    def _run(self, search: dict[str, Any]) -> list[Trial]:
        trials: list[Trial] = []
        for number in range(14):
            point = next_point(search, trials, number=number, direction="maximise")
            trials.append(Trial(point, "succeeded", value=-point["model.n_blocks"]))
        return trials


class TestIsHopeless:
    FINISHED = [  # noqa: RUF012
        Trial({}, "succeeded", value=value, epoch_values={1: 0.5, 2: value, 3: value})
        for value in (0.6, 0.7, 0.8)
    ]

    @pytest.mark.parametrize(
        ("values", "direction", "is_given_up"),
        [
            ({1: 0.1}, "maximise", False),  # warm-up
            ({1: 0.1, 2: 0.65}, "maximise", True),
            ({1: 0.1, 2: 0.75}, "maximise", False),
            ({1: 0.75, 2: 0.65}, "maximise", False),  # its best epoch counts
            ({1: 0.9, 2: 0.75}, "minimise", True),
            ({1: 0.9, 2: 0.65}, "minimise", False),
            ({1: 0.1, 2: 0.1, 4: 0.1}, "maximise", False),  # nobody else came so far
        ],
    )
    def test_worse_than_the_median_by_then(
        self, values: dict[int, float], direction: Direction, is_given_up: bool
    ) -> None:
        assert is_hopeless(MEDIAN, self.FINISHED, values, direction=direction) == is_given_up

    def test_not_before_enough_have_succeeded(self) -> None:
        others = [self.FINISHED[0], Trial({}, "pruned", epoch_values={2: 0.9}), Trial({}, "failed")]
        assert not is_hopeless(MEDIAN, others, {2: 0.1}, direction="maximise")

    def test_never_where_nobody_wants_it(self) -> None:
        none = MEDIAN | {"name": "none"}
        assert not is_hopeless(none, self.FINISHED, {2: 0.1}, direction="maximise")

    @pytest.mark.parametrize("values", [{}, {2: float("nan")}, {1: float("inf"), 2: float("-inf")}])
    def test_no_number_no_judgement(self, values: dict[int, float]) -> None:
        assert not is_hopeless(MEDIAN, self.FINISHED, values, direction="maximise")
