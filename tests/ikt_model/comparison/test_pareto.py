"""The front of two figures."""

from itertools import product

import numpy as np
import pytest

from ikt_model.comparison.pareto import Direction, metric_axes, pareto_front


def beaten(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return other != one and other[0] >= one[0] and other[1] >= one[1]


class TestParetoFront:
    @pytest.mark.parametrize(("x", "y"), list(product(("maximise", "minimise"), repeat=2)))
    def test_it_is_what_nobody_beats(self, x: Direction, y: Direction) -> None:
        signs = [1 if way == "maximise" else -1 for way in (x, y)]
        drawn = np.random.default_rng(5).integers(0, 8, (60, 2))
        points = [(float(a), float(b)) for a, b in drawn]
        gains = [(signs[0] * a, signs[1] * b) for a, b in points]
        unbeaten = {i for i, one in enumerate(gains) if not any(beaten(one, other) for other in gains)}

        front = pareto_front(points, x=x, y=y)

        assert set(front) == unbeaten
        assert [points[i][0] for i in front] == sorted(points[i][0] for i in front)

    def test_equal_points_are_on_it_together(self) -> None:
        assert pareto_front([(1.0, 1.0), (1.0, 1.0), (0.5, 0.5)], x="maximise", y="maximise") == [0, 1]

    def test_no_points_no_front(self) -> None:
        assert pareto_front([], x="maximise", y="minimise") == []


def test_axes_know_which_way_is_better() -> None:
    axes = metric_axes()
    assert not {"first_lambda", "train_loss"} & axes.keys()
    assert (axes["auc"].direction, axes["l_21_kl"].direction) == ("maximise", "minimise")
    assert axes["theta_std"].direction is None
    assert not [name for name in axes if name.startswith("train_")]
