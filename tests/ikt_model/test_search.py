"""Search spaces, the next point of a search, and trials that are given up."""

from typing import Any

import pytest

from ikt_model.search import (
    MOST_CORNERS,
    Direction,
    Trial,
    corner_points,
    count_points,
    grid_points,
    inner_points,
    is_hopeless,
    next_point,
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


class TestPoints:
    def test_a_grid_has_every_combination_once(self) -> None:
        points = list(grid_points(GRID))
        assert len(points) == count_points(GRID) == len({tuple(point.items()) for point in points}) == 6
        assert points[1] == {"loss.lambda_target": 0.0, "model.d_model": 32}

    def test_corners_are_all_ends_and_all_choices(self) -> None:
        corners = list(corner_points(SPACE))
        assert len(corners) == 2 * 2 * 2
        assert {corner["model.n_blocks"] for corner in corners} == {1, 5}
        assert {corner["loss.ability_target"] for corner in corners} == {"static", "dynamic"}

    def test_of_very_many_corners_each_end_is_still_met(self) -> None:
        space = {f"model.a{n}": {"type": "int", "low": 0, "high": n} for n in range(1, 16)}
        corners = list(corner_points(space))
        assert len(corners) == 2 * 15 < MOST_CORNERS < 2**15
        assert all(any(corner[f"model.a{n}"] == n for corner in corners) for n in range(1, 16))

    @pytest.mark.parametrize("ends", [(1.0, 4.0), (1.0, 3.0), (2.0, 10.0), (0.0, 2.0**40)])
    def test_a_range_of_floats_is_met_at_a_fraction_inside_it(self, ends: tuple[float, float]) -> None:
        low, high = ends
        space = {**SPACE, "training.epochs": {"type": "float", "low": low, "high": high, "log": False}}
        points = [point["training.epochs"] for point in inner_points(space)]
        assert len(points) == 2
        assert any(low < value < high and value % 1 for value in points)

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
