import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit, logit

from ikt_model.references.abilities import (
    FLAT,
    last_of,
    likeliest,
    log_prior,
    one_step_behind,
    posterior_grid,
    posterior_means,
)
from ikt_model.references.counts import set_design
from tests.ikt_model.classrooms import random_histories, with_responses
from tests.ikt_model.references.builders import sequences_of

REACH = logit(1 - FLAT)  # how far beyond the difficulties a likeliest ability may lie


def brute_force(difficulty: np.ndarray, right: int) -> tuple[float, float]:
    """Likeliest ability, and its standard error, of so many right answers to these steps."""
    share = np.clip(right / len(difficulty), FLAT, 1 - FLAT)
    theta = brentq(lambda at: expit(at - difficulty).mean() - share, -40, 40, xtol=1e-12)
    chance = expit(theta - difficulty)
    return theta, 1 / np.sqrt((chance * (1 - chance)).sum())


@given(seed=st.integers(0, 10_000), spread=st.floats(0.0, 4.0))
def test_likeliest_ability_is_the_root_of_the_score_by_brute_force(seed: int, spread: float) -> None:
    sequences = random_histories(3, seed=seed, longest=12)
    rng = np.random.default_rng(seed)
    of_set = set_design(sequences.vocabulary) @ rng.normal(-1, spread, 5)
    theta, error = likeliest(sequences, set_difficulty=of_set)
    for student in range(3):
        steps = sequences.history(student)
        for step in range(steps.start, steps.stop):
            past = slice(steps.start, step + 1)
            expected, its_error = brute_force(
                of_set[sequences.skill_sets[past]], int(sequences.responses[past].sum())
            )
            assert theta[step] == pytest.approx(expected, abs=5e-3)
            assert error[step] == pytest.approx(its_error, rel=0.05)


def test_an_all_right_or_all_wrong_history_is_held_where_the_likelihood_looks_flat() -> None:
    right = np.array([1, 1, 1, 0, 0, 0])
    sequences = sequences_of(np.zeros(6, int), right, np.array([3, 3]), 1)
    theta, error = likeliest(sequences, set_difficulty=np.array([-1.3]))
    np.testing.assert_allclose(theta, np.repeat([-1.3 + REACH, -1.3 - REACH], 3), atol=1e-4)
    assert (error > 100).all()


def test_abilities_do_not_hang_on_skills_that_nobody_practised() -> None:
    sequences = sequences_of(np.array([0, 0, 1, 0]), np.array([1, 0, 1, 1]), np.array([4]), 3)
    near = likeliest(sequences, set_difficulty=np.array([-1.0, 0.5, 0.0]))
    far = likeliest(sequences, set_difficulty=np.array([-1.0, 0.5, 9.0]))
    np.testing.assert_array_equal(near, far)


def test_more_right_answers_never_mean_less_ability() -> None:
    sequences = random_histories(40, seed=2)
    of_set = set_design(sequences.vocabulary) @ np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    before, _ = likeliest(sequences, set_difficulty=of_set)
    raised, _ = likeliest(with_responses(sequences, np.ones(sequences.n_responses)), set_difficulty=of_set)
    assert (raised >= before).all()


def test_values_shift_by_one_step_within_each_student() -> None:
    offsets = np.array([0, 2, 2, 5])
    values = np.array([1, 2, 3, 4, 5], np.float32)
    assert one_step_behind(values, offsets).tolist() == [0, 1, 0, 3, 4]
    assert last_of(values, offsets).tolist() == [2, 0, 5]


def test_between_skills_that_are_dozens_of_logits_apart_the_ability_is_finite() -> None:
    sequences = sequences_of(np.array([0, 1]), np.array([1, 0]), np.array([2]), 2)
    theta, error = likeliest(sequences, set_difficulty=np.array([-40.0, 40.0]))
    assert -40 < theta[1] < 40
    assert np.isfinite(error).all()


@pytest.mark.parametrize("difficulty", [[-1.0, 0.5], [-300.0, 300.0]], ids=str)
def test_posteriors_of_any_length_are_those_of_the_summed_logarithms(difficulty: list[float]) -> None:
    """After a thousand right answers every low ability is impossible for a float, yet a thousand wrong ones
    lead back there."""
    rng = np.random.default_rng(0)
    lengths = np.array([2000, 3, 48, 0, 49, 500, 96])
    responses = rng.integers(0, 2, lengths.sum())
    responses[:2000] = np.repeat([1, 0], 1000)
    sets = rng.integers(0, 2, lengths.sum())
    sequences = sequences_of(sets, responses, lengths, 2)
    grid = posterior_grid(81)
    theta, spread = posterior_means(sequences, set_difficulty=np.array(difficulty), ability_sd=0.8, grid=grid)
    chance = np.array(difficulty)[sets][:, None] - grid
    of_answer = -np.logaddexp(0.0, np.where(responses[:, None] == 1, chance, -chance))
    for student in range(len(lengths)):
        steps = sequences.history(student)
        log = np.cumsum(of_answer[steps], axis=0) + log_prior(grid, 0.8)
        weights = np.exp(log - log.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        mean = weights @ grid
        np.testing.assert_allclose(theta[steps], mean, atol=1e-5)
        variance = (weights * (grid - mean[:, None]) ** 2).sum(axis=1)
        np.testing.assert_allclose(spread[steps], np.sqrt(variance), atol=1e-4)
