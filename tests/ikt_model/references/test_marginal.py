"""Leaps along the way of EM lead where its steps would, and sooner."""

import numpy as np
import pytest

from ikt_model.data.sequences import Sequences
from ikt_model.references import marginal
from ikt_model.references.abilities import posterior_grid
from ikt_model.references.counts import Counts
from ikt_model.references.marginal import fit_marginal
from tests.ikt_model.classrooms import classroom, random_histories


def step_by_step(counts: Counts, *, steps: int) -> np.ndarray:
    """Difficulties and log σ after so many plain steps of EM."""
    at, grid = np.append(counts.first_difficulty(), 0.0), posterior_grid(81)
    for _ in range(steps):
        at, _ = marginal._em_step(counts, grid, at)
    return at


@pytest.mark.parametrize(
    "sequences", [classroom(400, 20, seed=3).sequences, random_histories(200, seed=4)], ids=["one", "several"]
)
def test_the_end_is_that_of_many_small_steps(sequences: Sequences) -> None:
    counts = Counts.of(sequences)
    far = step_by_step(counts, steps=600)
    fitted = fit_marginal(counts, grid_points=81, em_iterations=100)
    assert fitted.iterations < 60
    np.testing.assert_allclose(fitted.difficulty, far[:-1], atol=1e-3)
    assert fitted.ability_sd == pytest.approx(np.exp(far[-1]), abs=1e-3)


@pytest.mark.parametrize("most", [1, 2, 3, 4, 7, 8])
def test_no_more_steps_are_taken_than_allowed_and_each_helps(most: int) -> None:
    counts = Counts.of(classroom(100, 10, seed=5).sequences)
    fitted = fit_marginal(counts, grid_points=81, em_iterations=most)
    assert fitted.iterations == most
    grid, start = posterior_grid(81), np.append(counts.first_difficulty(), 0.0)
    _, before = marginal._em_step(counts, grid, start)
    assert fitted.log_likelihood > before


def test_a_leap_too_far_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = Counts.of(classroom(200, 10, seed=6).sequences)
    expected = fit_marginal(counts, grid_points=41, em_iterations=100)
    # As if the way hardly bent: the leap is as long as it may be.
    monkeypatch.setattr(marginal, "_norm", iter_of([1e3, 1.0], then=marginal._norm))
    fitted = fit_marginal(counts, grid_points=41, em_iterations=100)
    assert fitted.iterations > expected.iterations
    np.testing.assert_allclose(fitted.difficulty, expected.difficulty, atol=1e-3)


def iter_of(values: list[float], *, then: object) -> object:
    """A function that answers with these, and after them as before."""
    left = list(values)

    def answer(vector: np.ndarray) -> float:
        return left.pop(0) if left else then(vector)  # type: ignore[operator]

    return answer
