import numpy as np
import pytest
from scipy.special import expit

from ikt_model.references.counts import Counts, set_design
from ikt_model.references.joint import fit_joint
from ikt_model.references.rasch import fit_rasch
from ikt_model.settings import RaschSettings
from tests.ikt_model.classrooms import random_histories, with_responses
from tests.ikt_model.references.builders import full_design, sequences_of

JOINT, MARGINAL = RaschSettings(difficulty="joint"), RaschSettings()


def slope(found: np.ndarray, truth: np.ndarray) -> float:
    """By what factor the found values are spread wider than the truth."""
    return float(np.polyfit(truth - truth.mean(), found - found.mean(), 1)[0])


@pytest.mark.parametrize("n_skills", [2, 3, 5, 10])
def test_joint_difficulties_are_too_wide_by_the_factor_of_theory_and_marginal_ones_are_not(
    n_skills: int,
) -> None:
    """Andersen 1973: with two items exactly twice as wide; with more, about n/(n−1)."""
    beta = np.linspace(-0.5, 0.5, n_skills)
    theta = np.random.default_rng(n_skills).normal(0, 1, 10_000)
    sequences = full_design(theta, beta, seed=n_skills)
    marginal = slope(fit_rasch(sequences, settings=MARGINAL).difficulty, beta)
    joint = slope(fit_rasch(sequences, settings=JOINT).difficulty, beta)
    assert marginal == pytest.approx(1, abs=0.08)
    assert joint / marginal == pytest.approx(n_skills / (n_skills - 1), rel=0.02)


def test_the_likelihood_is_at_its_top() -> None:
    rng = np.random.default_rng(0)
    sequences = full_design(rng.normal(0, 1, 400), rng.normal(-0.5, 1, 8), seed=1)
    fitted = fit_rasch(sequences, settings=RaschSettings(difficulty="joint", ability="maximum-likelihood"))
    theta = fitted.targets(sequences).theta_static.astype(float)
    share = sequences.responses.reshape(400, 8).mean(axis=1)
    mixed = (share > 0) & (share < 1)
    expected = expit(theta[:, None] - fitted.difficulty)
    right = sequences.responses.reshape(400, 8)
    np.testing.assert_allclose(expected.sum(axis=1)[mixed], right.sum(axis=1)[mixed], atol=1e-3)
    np.testing.assert_allclose(expected.sum(axis=0), right.sum(axis=0), atol=0.05)
    assert theta[mixed].mean() == pytest.approx(0, abs=1e-3)


def test_a_skill_that_was_always_right_is_held_and_said_to_be_unknown() -> None:
    rng = np.random.default_rng(3)
    sequences = full_design(rng.normal(0, 1, 300), np.array([-0.5, 0.0, 0.5, 0.0]), seed=3)
    responses = sequences.responses.copy()
    responses[sequences.skill_sets == 3] = 1
    fitted = fit_rasch(with_responses(sequences, responses), settings=JOINT)
    assert -30 < fitted.difficulty[3] < -9
    assert np.isinf(fitted.difficulty_se).tolist() == [False, False, False, True]
    assert fitted.difficulty_se[:3].max() < 0.3


def test_abilities_spread_as_in_the_comparison() -> None:
    """Per-step maximum likelihood goes where a calibrated ability can never be."""
    rng = np.random.default_rng(4)
    sequences = full_design(rng.normal(0, 0.75, 500), rng.normal(-1.3, 0.7, 12), seed=4)
    broken = RaschSettings(difficulty="joint", ability="maximum-likelihood")
    wide = fit_rasch(sequences, settings=broken).targets(sequences).theta
    narrow = fit_rasch(sequences, settings=MARGINAL).targets(sequences).theta
    assert wide.std() > 3 > 1 > narrow.std()
    assert wide.min() < -10
    assert wide.max() > 10


def test_steps_of_several_skills_recover_each_skill() -> None:
    rng = np.random.default_rng(0)
    sequences = random_histories(3000, seed=11)
    beta = np.array([-1.5, -0.5, 0.0, 0.5, 1.0])
    of_set = set_design(sequences.vocabulary) @ beta
    theta = rng.normal(0, 1, sequences.n_students)[sequences.student_of_step()]
    drawn = rng.random(sequences.n_responses) < expit(theta - of_set[sequences.skill_sets])
    found = fit_rasch(with_responses(sequences, drawn), settings=JOINT).difficulty
    assert np.corrcoef(found, beta)[0, 1] > 0.999
    assert 1 < slope(found, beta) < 1.15


def test_standard_errors_are_the_spread_over_repeated_classrooms() -> None:
    beta = np.linspace(-1, 1, 20)
    fits = []
    for seed in range(60):
        theta = np.random.default_rng(seed).normal(0, 1, 200)
        fits.append(fit_rasch(full_design(theta, beta, seed=seed), settings=JOINT))
    found = np.stack([fit.difficulty - fit.difficulty.mean() for fit in fits])
    errors = np.median([fit.difficulty_se for fit in fits], axis=0)
    assert np.median(errors / found.std(axis=0)) == pytest.approx(1, abs=0.12)


def test_skills_that_share_no_student_do_not_stop_the_fit() -> None:
    rng = np.random.default_rng(5)
    lengths = np.full(200, 10)
    skills = np.concatenate([rng.integers(0, 2, 1000), rng.integers(2, 4, 1000)])
    sequences = sequences_of(skills, rng.integers(0, 2, 2000), lengths, 4)
    fitted = fit_joint(Counts.of(sequences), iterations=60)
    assert np.isfinite(fitted.difficulty).all()
    assert np.abs(fitted.difficulty).max() < 3


def test_a_skill_that_drifts_away_with_its_students_is_left_where_the_likelihood_looks_flat() -> None:
    """Skill 2 is right for the students who are always right, wrong for the others: nothing holds it."""
    rng = np.random.default_rng(6)
    answers = rng.integers(0, 2, (100, 3))
    answers[:50] = 1
    answers[50:, 2] = 0
    answers[50:, 0] |= 1 - answers[50:, 1]
    skills = np.tile(np.arange(3), 100)
    sequences = sequences_of(skills, answers.reshape(-1), np.full(100, 3), 3)
    fitted = fit_joint(Counts.of(sequences), iterations=1000)
    assert fitted.iterations < 200
    assert np.abs(fitted.difficulty).max() < 40
    assert np.isinf(fitted.difficulty_se[2])
