"""Rasch difficulties by marginal maximum likelihood (MML): the ability is integrated out on a grid.

EM over counts of attempts (Bock & Aitkin 1981, Psychometrika 46, 443-459): a student's likelihood depends on
the responses only through the number of right answers and of attempts at each skill set, so a step costs one
sparse product each way. Students are walked in blocks, so that memory is bounded by the counts.
S students, B of them in a block, C skill sets, K skills, G grid points.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit

from ikt_model.references.abilities import log_prior, posterior_grid
from ikt_model.references.counts import Counts

Floats = NDArray[np.float64]

CONVERGED_LOGITS = 1e-4
COARSE_POINTS, ROUGHLY_CONVERGED = 41, 1e-3  # of the grid on which the way is gone most of
LONGEST_STRIDE = 32.0
SLIGHTEST = 1e-12  # logits by which a way may be said to bend
BLOCK_STUDENTS = 1024  # whose posteriors fit into a core's own cache
PRIOR_PRECISION = (
    1e-2  # of β around its mean: keeps a skill that was always right finite, moves others by < 0.001
)
SMALLEST_SPREAD = 0.05  # logits: few students may show no difference in ability at all


@dataclass(frozen=True, slots=True)
class RaschFit:
    """What either way of fitting finds."""

    difficulty: Floats  # [K]
    difficulty_se: Floats  # [K]
    ability_sd: float
    log_likelihood: float
    iterations: int


def fit_marginal(counts: Counts, *, grid_points: int, em_iterations: int) -> RaschFit:
    """Difficulties and the spread of abilities, whose mean is 0.

    A skill nobody practised gets the mean difficulty and an infinite standard error.
    """
    at = np.append(counts.first_difficulty(), 0.0)
    steps = 0
    if grid_points > COARSE_POINTS:
        at, steps = _climb(
            counts, posterior_grid(COARSE_POINTS), at, close=ROUGHLY_CONVERGED, most=em_iterations
        )
    grid = posterior_grid(grid_points)
    at, more = _climb(counts, grid, at, close=CONVERGED_LOGITS, most=em_iterations - steps)
    difficulty, ability_sd = at[:-1], float(np.exp(at[-1]))
    return RaschFit(
        difficulty=difficulty,
        difficulty_se=_standard_errors(counts, grid, difficulty, ability_sd),
        ability_sd=ability_sd,
        log_likelihood=_expect(counts, grid, difficulty, ability_sd).log_likelihood,
        iterations=steps + more,
    )


def _climb(counts: Counts, grid: Floats, at: Floats, *, close: float, most: int) -> tuple[Floats, int]:
    """EM from β and log σ [K+1], at most so many steps, until a step moves nothing by more than `close`;
    where it ends and the steps that it took.

    EM slows down where β and σ move together. Two steps tell how it bends, and with that where it leads to
    (SQUAREM: Varadhan & Roland 2008, Scandinavian Journal of Statistics 35, 335-353, scheme S3). A leap that
    lowers the likelihood is taken back.
    """
    safe, least, steps = at, -np.inf, 0
    while steps + 2 <= most:
        first, likelihood = _em_step(counts, grid, at)
        if likelihood < least:
            at, least, steps = safe, -np.inf, steps + 1
            continue
        second, least = _em_step(counts, grid, first)
        steps += 2
        if np.abs(second - first).max() < close:
            return second, steps
        moved, bend = first - at, second - 2 * first + at
        stride = min(max(_norm(moved) / max(_norm(bend), SLIGHTEST), 1.0), LONGEST_STRIDE)
        safe, at = second, at + 2 * stride * moved + stride**2 * bend
    return (_em_step(counts, grid, safe)[0], most) if steps < most else (safe, steps)


def _norm(vector: Floats) -> float:
    return float(np.linalg.norm(vector))


def _em_step(counts: Counts, grid: Floats, at: Floats) -> tuple[Floats, float]:
    """β and log σ after one step, and the log-likelihood before it."""
    difficulty, ability_sd = at[:-1], float(np.exp(at[-1]))
    found = _expect(counts, grid, difficulty, ability_sd)
    spread = max(float(np.sqrt(found.students @ grid**2 / counts.n_students)), SMALLEST_SPREAD)
    moved = _maximise(counts, grid, found.attempts, difficulty)
    return np.append(moved, np.log(spread)), found.log_likelihood


@dataclass(frozen=True, slots=True)
class _Expected:
    """What the E-step sums over students."""

    attempts: Floats  # [C, G] expected attempts at each ability
    students: Floats  # [G] expected number of students at each ability
    log_likelihood: float  # marginal


def _expect(counts: Counts, grid: Floats, difficulty: Floats, ability_sd: float) -> _Expected:
    attempts, students = np.zeros((counts.design.shape[0], len(grid))), np.zeros(len(grid))
    log_likelihood = -float(counts.right_per_set @ (counts.design @ difficulty))
    for block, posterior, evidence in _posteriors(counts, grid, difficulty, ability_sd):
        attempts += block.T @ posterior
        students += posterior.sum(axis=0)
        log_likelihood += evidence
    return _Expected(attempts, students, log_likelihood)


def _posteriors(
    counts: Counts, grid: Floats, difficulty: Floats, ability_sd: float
) -> Iterator[tuple[sparse.csr_array, Floats, float]]:
    """Block by block: attempts [B, C], posterior over the grid [B, G], and the log of what it was divided by,
    summed.
    """
    log_failure = -np.logaddexp(0.0, grid[None, :] - (counts.design @ difficulty)[:, None])
    prior = log_prior(grid, ability_sd)
    for block, right in counts.blocks(BLOCK_STUDENTS):
        posterior = block @ log_failure
        posterior += right[:, None] * grid[None, :]
        posterior += prior[None, :]
        peak = posterior.max(axis=1, keepdims=True)
        posterior -= peak
        np.exp(posterior, out=posterior)
        total = posterior.sum(axis=1, keepdims=True)
        posterior /= total
        yield block, posterior, float((np.log(total) + peak).sum())


def _maximise(counts: Counts, grid: Floats, expected: Floats, difficulty: Floats) -> Floats:
    """One Newton step of the expected complete-data log-likelihood in β [K]."""
    p = expit(grid[None, :] - (counts.design @ difficulty)[:, None])
    gradient = counts.design.T @ ((expected * p).sum(axis=1) - counts.right_per_set)
    information = (expected * p * (1 - p)).sum(axis=1)
    practised = counts.per_skill > 0
    centre = difficulty[practised].mean()
    gradient = gradient - PRIOR_PRECISION * (difficulty - centre)
    if counts.is_singletons:
        step = gradient / (information + PRIOR_PRECISION)
    else:
        hessian = (counts.design.T @ sparse.diags_array(information) @ counts.design).toarray()
        step = np.linalg.solve(hessian + PRIOR_PRECISION * np.eye(len(difficulty)), gradient)
    moved = difficulty + np.clip(step, -1.0, 1.0)
    return np.asarray(np.where(practised, moved, centre))


def _standard_errors(counts: Counts, grid: Floats, difficulty: Floats, ability_sd: float) -> Floats:
    """From the observed information: complete less missing (Louis 1982, JRSS B 44, 226-233).

    A student's missing information is the posterior variance of the score; the part of the score that moves
    linearly with the ability is nearly all of it. σ counts as known.
    """
    n_sets = counts.design.shape[0]
    chance = expit(grid[None, :] - (counts.design @ difficulty)[:, None])
    complete, missing = np.zeros(n_sets), np.zeros((len(difficulty), len(difficulty)))
    for block, posterior, _ in _posteriors(counts, grid, difficulty, ability_sd):
        information, slopes = _information_by_attempt(block, posterior, grid, chance)
        complete += np.bincount(block.indices, weights=information, minlength=n_sets)
        of_skills = sparse.csr_array((slopes, block.indices, block.indptr), shape=block.shape) @ counts.design
        missing += (of_skills.T @ of_skills).toarray()
    observed = (counts.design.T @ sparse.diags_array(complete) @ counts.design).toarray() - missing
    practised = counts.per_skill > 0
    variance = np.diag(np.linalg.inv(observed + PRIOR_PRECISION * np.eye(len(difficulty))))
    return np.where(practised, np.sqrt(np.maximum(variance, 0.0)), np.inf)


def _information_by_attempt(
    block: sparse.csr_array, posterior: Floats, grid: Floats, chance: Floats
) -> tuple[Floats, Floats]:
    """Per (student, skill set) that occurs: information of the attempts, and by how much their expected right
    answers move with the ability, per posterior standard deviation."""
    student = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
    ability = posterior @ grid
    spread = np.sqrt(np.maximum(posterior @ grid**2 - ability**2, 1e-12))
    of_attempt = chance[block.indices]
    weighted = posterior[student] * of_attempt
    information = (weighted * (1 - of_attempt)).sum(axis=1)
    slopes = (weighted @ grid - weighted.sum(axis=1) * ability[student]) / spread[student]
    return information * block.data, slopes * block.data
