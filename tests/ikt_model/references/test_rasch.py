import json
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import norm

from ikt_model.data.sequences import Sequences, SkillVocabulary
from ikt_model.references import Calibration, NothingToCalibrate, calibrate, calibration_from_dict
from ikt_model.references.abilities import GRID_REACH
from ikt_model.references.counts import set_design
from ikt_model.references.rasch import RaschCalibration
from ikt_model.settings import RaschSettings
from tests.ikt_model.classrooms import classroom, random_histories, with_responses

SETTINGS = RaschSettings()


def rasch_data(n_students: int, n_skills: int, seed: int) -> tuple[Sequences, np.ndarray, np.ndarray]:
    """Responses of a Rasch model without learning, with its truth."""
    rng = np.random.default_rng(seed)
    sequences = classroom(n_students, n_skills, seed=seed, mean_length=40).sequences
    theta, beta = rng.normal(0, 0.8, n_students), rng.normal(-1, 0.7, n_skills)
    chance = expit(theta[sequences.student_of_step()] - beta[sequences.skill_sets])
    return with_responses(sequences, rng.random(sequences.n_responses) < chance), theta, beta


@cache
def fitted_to_anyone() -> Calibration:
    return calibrate(random_histories(30, seed=7), settings=SETTINGS)


def test_fit_recovers_the_truth_within_its_standard_errors() -> None:
    sequences, theta, beta = rasch_data(2000, 12, seed=4)
    fitted = calibrate(sequences, settings=SETTINGS)
    z = (fitted.difficulty - beta) / fitted.difficulty_se
    assert np.abs(z).max() < 4
    assert 0.6 < np.sqrt((z**2).mean()) < 1.6
    assert fitted.ability_sd == pytest.approx(0.8, abs=0.05)
    targets = fitted.targets(sequences)
    reliability = 1 - np.mean(targets.theta_sd[sequences.offsets[1:] - 1] ** 2) / 0.8**2
    assert np.corrcoef(targets.theta_static, theta)[0, 1] == pytest.approx(np.sqrt(reliability), abs=0.03)


@pytest.mark.parametrize(("n_students", "repeats"), [(40, 80), (300, 40)])
def test_standard_errors_are_the_spread_over_repeated_classrooms(n_students: int, repeats: int) -> None:
    sequences, _, beta = rasch_data(n_students, 12, seed=5)
    rng = np.random.default_rng(0)
    estimates, errors = [], []
    for _ in range(repeats):
        theta = rng.normal(0, 0.8, n_students)[sequences.student_of_step()]
        drawn = rng.random(sequences.n_responses) < expit(theta - beta[sequences.skill_sets])
        fitted = calibrate(with_responses(sequences, drawn), settings=SETTINGS)
        estimates.append(fitted.difficulty)
        errors.append(fitted.difficulty_se)
    ratio = np.median(errors, axis=0) / np.std(estimates, axis=0)
    assert np.median(ratio) == pytest.approx(1, abs=0.15)


def test_trajectory_is_the_posterior_mean_by_brute_force() -> None:
    sequences, _, _ = rasch_data(40, 6, seed=1)
    fitted = calibrate(sequences, settings=SETTINGS)
    targets = fitted.targets(sequences)
    grid = np.linspace(-GRID_REACH, GRID_REACH, SETTINGS.grid_points)
    for student in range(0, 40, 7):
        steps = sequences.history(student)
        posterior = norm.pdf(grid, scale=fitted.ability_sd)
        for step in range(steps.start, steps.stop):
            chance = expit(grid - fitted.difficulty[sequences.skill_sets[step]])
            posterior = posterior * (chance if sequences.responses[step] else 1 - chance)
            weights = posterior / posterior.sum()
            assert targets.theta[step] == pytest.approx(weights @ grid, abs=1e-5)
            spread = np.sqrt(weights @ grid**2 - (weights @ grid) ** 2)
            assert targets.theta_sd[step] == pytest.approx(spread, abs=1e-5)
        assert targets.theta_static[student] == targets.theta[steps.stop - 1]


def test_all_right_and_all_wrong_histories_have_finite_abilities() -> None:
    sequences, _, _ = rasch_data(300, 6, seed=2)
    responses = sequences.responses.copy()
    responses[sequences.history(0)] = 1
    responses[sequences.history(1)] = 0
    targets = calibrate(with_responses(sequences, responses), settings=SETTINGS).targets(
        with_responses(sequences, responses)
    )
    assert np.isfinite(targets.theta).all()
    assert targets.theta_static[0] > 0 > targets.theta_static[1]


@given(seed=st.integers(0, 10_000), data=st.data())
def test_reference_ability_knows_nothing_of_later_responses(seed: int, data: st.DataObject) -> None:
    sequences = random_histories(5, seed=seed, longest=15)
    fitted = fitted_to_anyone()
    student = data.draw(st.integers(0, 4))
    steps = sequences.history(student)
    cut = data.draw(st.integers(steps.start, steps.stop - 1))
    flipped = sequences.responses.copy()
    flipped[cut : steps.stop] ^= 1
    before, after = fitted.targets(sequences).theta, fitted.targets(with_responses(sequences, flipped)).theta
    np.testing.assert_array_equal(before[steps.start : cut], after[steps.start : cut])


def test_a_right_answer_raises_and_a_wrong_one_lowers_the_ability() -> None:
    sequences = random_histories(50, seed=9)
    targets = calibrate(sequences, settings=SETTINGS).targets(sequences)
    previous = np.concatenate([[0.0], targets.theta[:-1]])
    previous[sequences.offsets[:-1]] = 0.0
    moved = targets.theta - previous
    assert (moved[sequences.responses == 1] > 0).all()
    assert (moved[sequences.responses == 0] < 0).all()


def test_steps_of_several_skills_recover_each_skill() -> None:
    rng = np.random.default_rng(0)
    sequences = random_histories(4000, seed=11)
    beta = np.array([-1.5, -0.5, 0.0, 0.5, 1.0])
    of_set = set_design(sequences.vocabulary) @ beta
    theta = rng.normal(0, 1, sequences.n_students)[sequences.student_of_step()]
    drawn = rng.random(sequences.n_responses) < expit(theta - of_set[sequences.skill_sets])
    fitted = calibrate(with_responses(sequences, drawn), settings=SETTINGS)
    np.testing.assert_allclose(fitted.difficulty, beta, atol=0.1)


def test_an_unpractised_skill_is_average_and_unsure() -> None:
    sequences = classroom(100, 4).sequences
    names = (*sequences.vocabulary.names, "nobody")
    wider = Sequences(
        student_ids=sequences.student_ids,
        folds=sequences.folds,
        offsets=sequences.offsets,
        skill_sets=sequences.skill_sets,
        responses=sequences.responses,
        vocabulary=SkillVocabulary.of_single_skills(names),
    )
    fitted = calibrate(wider, settings=SETTINGS)
    assert fitted.difficulty[-1] == pytest.approx(fitted.difficulty[:-1].mean(), abs=1e-3)
    assert np.isinf(fitted.difficulty_se[-1])
    assert fitted.responses_per_skill[-1] == 0
    stored = json.dumps(fitted.to_dict(), allow_nan=False)
    assert np.isinf(calibration_from_dict(json.loads(stored)).difficulty_se[-1])


def test_calibration_survives_plain_values() -> None:
    fitted = calibrate(random_histories(60, seed=1), settings=SETTINGS)
    again = calibration_from_dict(fitted.to_dict())
    assert isinstance(again, RaschCalibration)
    sequences = random_histories(5, seed=2)
    np.testing.assert_array_equal(again.targets(sequences).theta, fitted.targets(sequences).theta)
    assert again.summary() == fitted.summary()


def test_nobody_to_learn_from_is_refused() -> None:
    sequences = random_histories(5, seed=1)
    with pytest.raises(NothingToCalibrate, match="another fold"):
        calibrate(sequences.select(np.zeros(5, dtype=bool)), settings=SETTINGS)
