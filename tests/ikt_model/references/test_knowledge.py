"""The hidden state against enumeration of all its paths."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from ikt_model.references.knowledge import FORGET, GUESS, INIT, LEARN, SLIP, Runs, expect, forward
from tests.ikt_model.classrooms import random_histories
from tests.ikt_model.references.builders import sequences_of

PROBABILITIES = st.lists(st.floats(0.02, 0.98), min_size=5, max_size=5).map(np.array)
ANSWERS = st.lists(st.integers(0, 1), min_size=1, max_size=7)


def paths(answers: list[int], parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every course of the hidden state [2^T, T], and its joint probability with the answers."""
    init, learn, guess, slip, forget = parameters
    states = np.array(list(product([0, 1], repeat=len(answers))))
    right = np.where(states == 1, 1 - slip, guess)
    of_answers = np.where(np.array(answers) == 1, right, 1 - right).prod(axis=1)
    moves = np.array([[1 - learn, learn], [forget, 1 - forget]])
    of_moves = moves[states[:, :-1], states[:, 1:]].prod(axis=1)
    return states, of_answers * of_moves * np.where(states[:, 0] == 1, init, 1 - init)


def one_run(answers: list[int]) -> Runs:
    return Runs.of(sequences_of(np.zeros(len(answers)), np.array(answers), np.array([len(answers)]), 1))


@given(parameters=PROBABILITIES, answers=ANSWERS)
def test_belief_is_that_of_all_paths_with_the_answers_so_far(
    parameters: np.ndarray, answers: list[int]
) -> None:
    beliefs = forward(one_run(answers), parameters[None, :])
    states, weight = paths(answers, parameters)
    assert np.log(beliefs.likelihood).sum() == pytest.approx(np.log(weight.sum()))
    for attempt in range(len(answers)):
        states, weight = paths(answers[: attempt + 1], parameters)
        known = weight @ states[:, attempt] / weight.sum()
        assert beliefs.after[attempt] == pytest.approx(known)
    earlier = parameters[INIT]
    for attempt in range(len(answers)):
        assert beliefs.before[attempt] == pytest.approx(earlier)
        after = beliefs.after[attempt]
        earlier = after * (1 - parameters[FORGET]) + (1 - after) * parameters[LEARN]


@given(parameters=PROBABILITIES, answers=ANSWERS)
def test_expected_events_are_those_of_all_paths(parameters: np.ndarray, answers: list[int]) -> None:
    moments = expect(one_run(answers), parameters[None, :])
    states, weight = paths(answers, parameters)
    weight = weight / weight.sum()
    right = np.array(answers) == 1
    now, then = states[:, :-1], states[:, 1:]
    happened, tried = np.zeros(5), np.zeros(5)
    happened[INIT], tried[INIT] = weight @ states[:, 0], 1
    happened[LEARN], tried[LEARN] = weight @ ((now == 0) & (then == 1)).sum(1), weight @ (now == 0).sum(1)
    happened[FORGET], tried[FORGET] = weight @ ((now == 1) & (then == 0)).sum(1), weight @ (now == 1).sum(1)
    happened[GUESS] = weight @ ((states == 0) & right).sum(axis=1)
    happened[SLIP] = weight @ ((states == 1) & ~right).sum(axis=1)
    tried[GUESS], tried[SLIP] = weight @ (states == 0).sum(axis=1), weight @ (states == 1).sum(axis=1)
    np.testing.assert_allclose(moments.happened[0], happened, atol=1e-9)
    np.testing.assert_allclose(moments.tried[0], tried, atol=1e-9)


@given(parameters=PROBABILITIES, seed=st.integers(0, 1000))
def test_score_is_the_slope_of_the_log_likelihood(parameters: np.ndarray, seed: int) -> None:
    runs = Runs.of(random_histories(8, seed=seed, longest=12))
    spread = np.clip(parameters + np.linspace(-0.01, 0.01, 5)[:, None], 0.01, 0.99)
    score = expect(runs, spread).score(spread)
    for column in range(5):
        step = np.zeros(5)
        step[column] = 1e-5
        up = expect(runs, expit(logit(spread) + step)).log_likelihood
        down = expect(runs, expit(logit(spread) - step)).log_likelihood
        np.testing.assert_allclose((up - down) / 2e-5, score[:, column], atol=1e-4)
