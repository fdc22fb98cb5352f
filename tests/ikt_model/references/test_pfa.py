from functools import cache

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from ikt_model.data.features import evidence
from ikt_model.data.sequences import Sequences
from ikt_model.data.tally import Tally
from ikt_model.references.pfa import EVIDENCE, SHARED_NAMES, PfaCalibration
from ikt_model.references.pfa_fit import Problem, Steps, fit_pfa
from ikt_model.references.rasch import one_step_behind
from ikt_model.settings import PfaSettings
from tests.ikt_model.classrooms import first_steps, random_histories
from tests.ikt_model.references.builders import sequences_of

TRUE_SLOPES = np.array([0.6, -0.3, 0.4])


@cache
def practised(n_students: int = 1500, n_skills: int = 6, length: int = 30) -> tuple[Sequences, np.ndarray]:
    """A class that answers as performance factors analysis says, and its true difficulties."""
    rng = np.random.default_rng(3)
    difficulty = np.linspace(-1.5, 1.0, n_skills)
    theta = rng.normal(0, 0.8, n_students)
    skills = rng.integers(0, n_skills, (n_students, length))
    responses = np.zeros((n_students, length), np.int8)
    for step in range(length):  # all students move on together
        seen = sequences_of(
            skills[:, :step].ravel(), responses[:, :step].ravel(), np.full(n_students, step), n_skills
        )
        known = Tally.of(seen).query[:, :, EVIDENCE]
        asked = skills[:, step]
        read = known[np.arange(n_students), asked]
        p = expit(theta + read @ TRUE_SLOPES - difficulty[asked])
        responses[:, step] = rng.random(n_students) < p
    return sequences_of(skills.ravel(), responses.ravel(), np.full(n_students, length), n_skills), difficulty


@cache
def fitted() -> PfaCalibration:
    return fit_pfa(practised()[0], settings=PfaSettings())


def test_slopes_and_the_order_of_difficulties_are_recovered() -> None:
    calibration, (_, difficulty) = fitted(), practised()
    np.testing.assert_allclose(calibration.common_slopes, TRUE_SLOPES, atol=0.15)
    assert np.corrcoef(calibration.difficulty, difficulty)[0, 1] > 0.99
    assert np.abs(calibration.skill_slopes).max() < 0.3  # all skills are alike
    assert 0.5 < calibration.ability_weight < 1.3


def test_a_general_optimiser_finds_nothing_likelier() -> None:
    sequences = random_histories(40, seed=2)
    settings = PfaSettings(slope_sd=0.5)
    calibration = fit_pfa(sequences, settings=settings)
    mastery = calibration.targets(sequences).mastery_logit.astype(np.float64)
    own = -np.logaddexp(0, np.where(sequences.responses == 1, -mastery, mastery)).sum()
    assert calibration.log_likelihood == pytest.approx(own, rel=1e-5)

    read = evidence(sequences, decay=settings.decay).query[:, EVIDENCE].astype(np.float64)
    theta = one_step_behind(calibration.rasch.targets(sequences).theta, sequences.offsets)
    form = one_step_behind(sequences.responses.astype(np.float32) - 0.5, sequences.offsets)
    members = [sequences.vocabulary.members(int(code)) for code in sequences.skill_sets]
    n_skills, right = sequences.n_skills, sequences.responses.astype(float)
    weight = np.zeros((sequences.n_responses, n_skills))
    for step, skills in enumerate(members):
        weight[step, skills] = 1 / len(skills)

    def penalised(values: np.ndarray) -> float:
        a, c, common = values[0], values[1], values[2:5]
        own_slopes, beta = values[5 : 5 + 3 * n_skills].reshape(-1, 3), values[5 + 3 * n_skills :]
        logit = (
            a * theta + c * form + read @ common + (weight @ own_slopes * read).sum(axis=1) - weight @ beta
        )
        loss = (np.logaddexp(0, logit) - right * logit).sum()
        loose = (
            0.5
            * 1e-2
            * (a**2 + c**2 + (common**2).sum() + ((beta - calibration.rasch.difficulty) ** 2).sum())
        )
        return float(loss + loose + 0.5 * (own_slopes**2).sum() / settings.slope_sd**2)

    ours = np.concatenate(
        [
            [calibration.ability_weight, calibration.form_weight],
            calibration.common_slopes,
            calibration.skill_slopes.ravel(),
            calibration.difficulty,
        ]
    )
    best = minimize(
        penalised, np.zeros_like(ours), method="L-BFGS-B", options={"maxiter": 5000, "ftol": 1e-14}
    )
    assert penalised(ours) <= best.fun + 1e-4
    np.testing.assert_allclose(ours, best.x, atol=0.02)


def test_standard_errors_shrink_with_the_square_root_of_the_class() -> None:
    sequences, _ = practised()
    part = sequences.select(np.arange(sequences.n_students) < sequences.n_students // 4)
    small = fit_pfa(part, settings=PfaSettings())
    ratio = small.difficulty_se / fitted().difficulty_se
    assert ratio.mean() == pytest.approx(2, rel=0.15)
    assert small.standard_errors["form_weight"] / fitted().standard_errors["form_weight"] == pytest.approx(
        2, rel=0.15
    )


def test_errors_are_those_of_the_inverse_information() -> None:
    """Held against a dense inverse of the same Hessian, differentiated numerically."""
    sequences = random_histories(60, seed=4)
    settings = PfaSettings(slope_sd=0.5)
    calibration = fit_pfa(sequences, settings=settings)
    problem = Problem.of(sequences, calibration.rasch, settings)
    steps = Steps.of(sequences, calibration.rasch, decay=settings.decay)
    weights, _ = problem.solve(steps)
    covariance = np.linalg.inv(problem.information(problem.sums(steps, weights)).toarray())
    np.testing.assert_allclose(
        [calibration.standard_errors[name] for name in SHARED_NAMES],
        np.sqrt(np.diag(covariance)[:5]),
        rtol=1e-6,
    )
    for skill in range(5):
        for kind in range(3):
            total = np.zeros(len(weights))
            total[[2 + kind, 5 + 3 * skill + kind]] = 1.0
            assert calibration.slopes_se[skill, kind] == pytest.approx(np.sqrt(total @ covariance @ total))
    np.testing.assert_allclose(calibration.difficulty_se, np.sqrt(np.diag(covariance)[-5:]), rtol=1e-6)


def test_estimates_stray_as_far_as_their_standard_errors_say() -> None:
    """Over random halves of a class, half of the difference of two estimates has about one error's spread."""
    sequences, _ = practised()
    rng = np.random.default_rng(0)
    strays = []
    for _ in range(6):
        first = rng.permutation(sequences.n_students) < sequences.n_students // 2
        one, other = (fit_pfa(sequences.select(half), settings=PfaSettings()) for half in (first, ~first))
        spread = np.hypot(one.difficulty_se, other.difficulty_se)
        strays.append((one.difficulty - other.difficulty) / spread)
    assert 0.7 < np.std(strays) < 1.4


def test_a_skill_nobody_practised_is_as_the_mean_one_and_says_so() -> None:
    sequences, _ = practised()
    calibration = fit_pfa(sequences.select(np.arange(200)), settings=PfaSettings())
    fewer = first_steps(sequences, 0, 5)
    alone = fit_pfa(fewer, settings=PfaSettings())
    unpractised = np.setdiff1d(np.arange(6), fewer.skill_sets)
    assert np.isfinite(calibration.difficulty_se).all()
    assert np.isinf(alone.difficulty_se[unpractised]).all()
    assert np.unique(alone.difficulty[unpractised]).size == 1
    assert (alone.skill_slopes[unpractised] == 0).all()
