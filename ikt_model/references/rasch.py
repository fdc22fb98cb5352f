"""Rasch model by marginal maximum likelihood (MML), abilities as posterior means (EAP).

P(r = 1 | θ, β) = σ(θ − β), θ ~ N(0, σ²). A step that practises several skills has the mean of their
difficulties. The ability is integrated out on a grid (Bock & Aitkin 1981, Psychometrika 46, 443-459), so an
all-right or all-wrong history has a finite ability, which per-step maximum likelihood has not.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit, logsumexp

from ikt_model.config import ReferenceSettings
from ikt_model.data.sequences import Sequences, SkillVocabulary
from ikt_model.references.protocol import ReferenceTargets

Floats = NDArray[np.float64]

GRID_REACH = 6.0  # the grid spans ± this many logits
CONVERGED_LOGITS = 1e-4
PRIOR_PRECISION = (
    1e-2  # of β around its mean: keeps a skill that was always right finite, moves others by < 0.001
)
SMALLEST_SPREAD = 0.05  # logits: few students may show no difference in ability at all
FIXED_POINT = 2.0**32  # steps per logit of the running log-likelihoods
STEPS_PER_CHUNK = 1 << 14  # bounds memory of the trajectories to about 10 MB per buffer


class NothingToCalibrate(ValueError):
    """The training students hold no response."""


@dataclass(frozen=True, slots=True)
class RaschCalibration:
    """Fitted Rasch parameters; see `protocol.Calibration`."""

    difficulty: Floats  # [K]
    difficulty_se: Floats  # [K]
    ability_sd: float
    log_likelihood: float  # marginal, of the training students
    iterations: int
    n_students: int
    n_responses: int
    responses_per_skill: NDArray[np.int64]  # [K]
    grid_points: int = 81
    name: str = "rasch"
    version: int = 1

    def targets(self, sequences: Sequences) -> ReferenceTargets:
        """EAP ability and its posterior sd after every response."""
        grid = _grid(self.grid_points)
        set_difficulty = set_design(sequences.vocabulary) @ self.difficulty
        theta = np.empty(sequences.n_responses, np.float32)
        theta_sd = np.empty(sequences.n_responses, np.float32)
        for first, last in _student_chunks(sequences.offsets):
            steps = slice(sequences.offsets[first], sequences.offsets[last])
            theta[steps], theta_sd[steps] = _eap(
                grid,
                _log_prior(grid, self.ability_sd),
                difficulty=set_difficulty,
                skill_sets=sequences.skill_sets[steps],
                responses=sequences.responses[steps],
                starts=sequences.offsets[first : last + 1] - sequences.offsets[first],
            )
        theta_static = np.zeros(
            sequences.n_students, np.float32
        )  # the prior mean, where there is no response
        practised = np.diff(sequences.offsets) > 0
        theta_static[practised] = theta[sequences.offsets[1:][practised] - 1]
        return ReferenceTargets(theta=theta, theta_sd=theta_sd, theta_static=theta_static)

    def summary(self) -> dict[str, float]:
        """Location and spread of the parameters."""
        return {
            "beta_mean": float(self.difficulty.mean()),
            "beta_std": float(self.difficulty.std()),
            "beta_min": float(self.difficulty.min()),
            "beta_max": float(self.difficulty.max()),
            "ability_sd": self.ability_sd,
            "log_likelihood": self.log_likelihood,
            "iterations": float(self.iterations),
            "n_students": float(self.n_students),
            "n_responses": float(self.n_responses),
        }

    def to_dict(self) -> dict[str, Any]:
        """All parameters as plain JSON values."""
        return {
            "name": self.name,
            "version": self.version,
            "difficulty": self.difficulty.tolist(),
            # JSON has no infinity: an error that nothing bounds is null
            "difficulty_se": [error if np.isfinite(error) else None for error in self.difficulty_se.tolist()],
            "ability_sd": self.ability_sd,
            "log_likelihood": self.log_likelihood,
            "iterations": self.iterations,
            "n_students": self.n_students,
            "n_responses": self.n_responses,
            "responses_per_skill": self.responses_per_skill.tolist(),
            "grid_points": self.grid_points,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "RaschCalibration":
        """The inverse of `to_dict`."""
        errors = [np.inf if error is None else error for error in stored["difficulty_se"]]
        arrays = {
            "difficulty": np.asarray(stored["difficulty"], np.float64),
            "difficulty_se": np.asarray(errors, np.float64),
            "responses_per_skill": np.asarray(stored["responses_per_skill"], np.int64),
        }
        return cls(**{**stored, **arrays})


def set_design(vocabulary: SkillVocabulary) -> sparse.csr_array:
    """Averaging matrix [C, K]: row c spreads weight 1 evenly over the skills of set c."""
    sizes = np.diff(vocabulary.set_offsets)
    weights = np.repeat(1.0 / sizes, sizes)
    shape = (len(sizes), vocabulary.n_skills)
    return sparse.csr_array((weights, vocabulary.set_members, vocabulary.set_offsets), shape=shape)


def fit_rasch(sequences: Sequences, *, settings: ReferenceSettings) -> RaschCalibration:
    """Fit difficulties and the spread of abilities to these (training) students.

    EM on the marginal likelihood over counts of attempts: a student's likelihood depends on the responses
    only through the number of right answers and of attempts at each skill set, so a step costs one sparse
    product each way. A skill nobody practised gets the mean difficulty and an infinite standard error.
    Raises NothingToCalibrate.
    """
    if sequences.n_responses == 0:
        raise NothingToCalibrate(
            "the training students hold no response; choose another fold or upload more data"
        )
    counts = _Counts.of(sequences)
    grid = _grid(settings.grid_points)
    share = np.clip(counts.right.sum() / counts.attempts.sum(), 0.01, 0.99)
    difficulty = np.full(counts.design.shape[1], -np.log(share / (1 - share)))
    ability_sd = 1.0
    for iteration in range(1, settings.em_iterations + 1):  # noqa: B007
        posterior, _ = _expect(counts, grid, difficulty, ability_sd)
        moved = _maximise(counts, grid, posterior, difficulty)
        spread = max(float(np.sqrt((posterior @ grid**2).mean())), SMALLEST_SPREAD)
        change = max(float(np.abs(moved - difficulty).max()), abs(spread - ability_sd))
        difficulty, ability_sd = moved, spread
        if change < CONVERGED_LOGITS:
            break
    posterior, log_likelihood = _expect(counts, grid, difficulty, ability_sd)
    return RaschCalibration(
        difficulty=difficulty,
        difficulty_se=_standard_errors(counts, grid, posterior, difficulty),
        ability_sd=ability_sd,
        log_likelihood=log_likelihood,
        iterations=iteration,
        n_students=sequences.n_students,
        n_responses=sequences.n_responses,
        responses_per_skill=counts.per_skill,
        grid_points=settings.grid_points,
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    """Sufficient statistics: how often each student tried each skill set, and was right."""

    attempts: sparse.csr_array  # [S, C]
    attempts_by_set: sparse.csr_array  # [C, S], the transpose, kept in row order for speed
    right: sparse.csr_array  # [S, C], same pattern as attempts
    right_per_student: Floats  # [S]
    design: sparse.csr_array  # [C, K]
    per_skill: NDArray[np.int64]  # [K] attempts

    @classmethod
    def of(cls, sequences: Sequences) -> "_Counts":
        students = np.repeat(np.arange(sequences.n_students), np.diff(sequences.offsets))
        n_sets = sequences.vocabulary.n_sets
        pairs, slots = np.unique(students * n_sets + sequences.skill_sets, return_inverse=True)
        rows, columns = np.divmod(pairs, n_sets)
        pointers = np.searchsorted(rows, np.arange(sequences.n_students + 1))
        shape = (sequences.n_students, n_sets)
        attempts = np.bincount(slots).astype(np.float64)
        right = np.bincount(slots, weights=sequences.responses)
        design = set_design(sequences.vocabulary)
        per_set = np.bincount(sequences.skill_sets, minlength=n_sets)
        matrix = sparse.csr_array((attempts, columns, pointers), shape=shape)
        right_matrix = sparse.csr_array((right, columns, pointers), shape=shape)
        return cls(
            attempts=matrix,
            attempts_by_set=matrix.T.tocsr(),
            right=right_matrix,
            right_per_student=right_matrix.sum(axis=1),
            design=design,
            per_skill=((design != 0).astype(np.int64).T @ per_set).astype(np.int64),
        )


def _grid(points: int) -> Floats:
    return np.linspace(-GRID_REACH, GRID_REACH, points)


def _log_prior(grid: Floats, ability_sd: float) -> Floats:
    log_density = -0.5 * (grid / ability_sd) ** 2
    return np.asarray(log_density - logsumexp(log_density))


def _expect(counts: _Counts, grid: Floats, difficulty: Floats, ability_sd: float) -> tuple[Floats, float]:
    """Posterior over the grid [S, G] and the marginal log-likelihood."""
    set_difficulty = counts.design @ difficulty
    log_joint = counts.attempts @ -np.logaddexp(0.0, grid[None, :] - set_difficulty[:, None])
    log_joint += counts.right_per_student[:, None] * grid[None, :]
    log_joint += _log_prior(grid, ability_sd)[None, :]
    peak = log_joint.max(axis=1, keepdims=True)
    posterior = np.exp(log_joint - peak)
    total = posterior.sum(axis=1, keepdims=True)
    posterior /= total
    constant = counts.right.sum(axis=0) @ set_difficulty
    return posterior, float((np.log(total) + peak).sum() - constant)


def _maximise(counts: _Counts, grid: Floats, posterior: Floats, difficulty: Floats) -> Floats:
    """One Newton step of the expected complete-data log-likelihood in β [K]."""
    expected = counts.attempts_by_set @ posterior  # [C, G] expected attempts at each ability
    p = expit(grid[None, :] - (counts.design @ difficulty)[:, None])
    gradient = counts.design.T @ ((expected * p).sum(axis=1) - counts.right.sum(axis=0))
    information = (expected * p * (1 - p)).sum(axis=1)
    practised = counts.per_skill > 0
    centre = difficulty[practised].mean()
    gradient = gradient - PRIOR_PRECISION * (difficulty - centre)
    if counts.design.shape[0] == counts.design.shape[1]:  # singletons only: the skills separate
        step = gradient / (information + PRIOR_PRECISION)
    else:
        hessian = (counts.design.T @ sparse.diags_array(information) @ counts.design).toarray()
        step = np.linalg.solve(hessian + PRIOR_PRECISION * np.eye(len(difficulty)), gradient)
    moved = difficulty + np.clip(step, -1.0, 1.0)
    return np.asarray(np.where(practised, moved, centre))


def _standard_errors(counts: _Counts, grid: Floats, posterior: Floats, difficulty: Floats) -> Floats:
    """From the observed information: complete less missing (Louis 1982, JRSS B 44, 226-233).

    A student's missing information is the posterior variance of the score; the part of the score that moves
    linearly with the ability is nearly all of it. σ counts as known.
    """
    information, slopes = _information_by_attempt(counts, grid, posterior, difficulty)
    complete = np.bincount(counts.attempts.indices, weights=information, minlength=counts.design.shape[0])
    missing = counts.attempts.copy()
    missing.data = slopes
    missing = missing @ counts.design
    observed = (counts.design.T @ sparse.diags_array(complete) @ counts.design).toarray()
    observed -= (missing.T @ missing).toarray()
    practised = counts.per_skill > 0
    variance = np.diag(np.linalg.inv(observed + PRIOR_PRECISION * np.eye(len(difficulty))))
    return np.where(practised, np.sqrt(np.maximum(variance, 0.0)), np.inf)


def _information_by_attempt(
    counts: _Counts, grid: Floats, posterior: Floats, difficulty: Floats
) -> tuple[Floats, Floats]:
    """Per (student, skill set) that occurs: information of the attempts, and by how much their expected right
    answers move with the ability, per posterior standard deviation."""
    rows = np.repeat(np.arange(counts.attempts.shape[0]), np.diff(counts.attempts.indptr))
    p = expit(grid[None, :] - (counts.design @ difficulty)[:, None])
    ability = posterior @ grid
    spread = np.sqrt(np.maximum(posterior @ grid**2 - ability**2, 1e-12))
    information, slopes = np.empty_like(counts.attempts.data), np.empty_like(counts.attempts.data)
    for start in range(0, len(rows), STEPS_PER_CHUNK):
        at = slice(start, start + STEPS_PER_CHUNK)
        student, chance = rows[at], p[counts.attempts.indices[at]]
        weighted = posterior[student] * chance
        information[at] = (weighted * (1 - chance)).sum(axis=1)
        slopes[at] = (weighted @ grid - weighted.sum(axis=1) * ability[student]) / spread[student]
    return information * counts.attempts.data, slopes * counts.attempts.data


def _student_chunks(offsets: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Runs of whole students of about STEPS_PER_CHUNK responses each."""
    marks = np.arange(STEPS_PER_CHUNK, offsets[-1] + STEPS_PER_CHUNK, STEPS_PER_CHUNK)
    cuts = np.unique(np.concatenate([[0], np.searchsorted(offsets, marks), [len(offsets) - 1]]))
    cuts = cuts[cuts <= len(offsets) - 1]
    return list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))


def _eap(
    grid: Floats,
    log_prior: Floats,
    *,
    difficulty: Floats,
    skill_sets: NDArray[np.int32],
    responses: NDArray[np.int8],
    starts: NDArray[np.int64],
) -> tuple[Floats, Floats]:
    """Posterior mean and sd after each step of some whole students.

    A running sum over all steps less its value before each student's first is the running sum within
    students. It is kept in fixed point, where sums are exact: no ability holds a rounding error of another's.
    """
    log_failure = -np.logaddexp(0.0, grid[None, :] - difficulty[:, None])  # [C, G]
    of_answer = np.stack([log_failure, log_failure + grid[None, :]])  # [2, C, G]
    summed = np.cumsum(np.rint(of_answer * FIXED_POINT).astype(np.int64)[responses, skill_sets], axis=0)
    before = np.vstack([np.zeros((1, len(grid)), np.int64), summed])[starts[:-1]]
    summed -= np.repeat(before, np.diff(starts), axis=0)
    log_posterior = summed / FIXED_POINT + log_prior
    log_posterior -= log_posterior.max(axis=1, keepdims=True)
    weights = np.exp(log_posterior, out=log_posterior)
    # einsum sums row by row, where a matrix product would round by the company a row is in
    total, first, second = (np.einsum("ng,g->n", weights, grid**power) for power in range(3))
    mean = first / total
    return mean, np.sqrt(np.maximum(second / total - mean**2, 0.0))
