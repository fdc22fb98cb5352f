"""Rasch difficulties by marginal maximum likelihood (MML): the ability is integrated out on a grid.

EM over counts of attempts (Bock & Aitkin 1981, Psychometrika 46, 443-459): a student's likelihood depends on
the responses only through the number of right answers and of attempts at each skill set, so a step costs one
sparse product each way. S students, C skill sets, K skills, G grid points.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit

from ikt_model.references.abilities import STEPS_PER_CHUNK, log_prior, posterior_grid
from ikt_model.references.counts import Counts

Floats = NDArray[np.float64]

CONVERGED_LOGITS = 1e-4
COARSE_POINTS, ROUGHLY_CONVERGED = 41, 1e-3  # of the grid on which the way is gone most of
LONGEST_STRIDE = 32.0
SLIGHTEST = 1e-12  # logits by which a way may be said to bend
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
    posterior, log_likelihood = _expect(counts, grid, difficulty, ability_sd)
    return RaschFit(
        difficulty=difficulty,
        difficulty_se=_standard_errors(counts, grid, posterior, difficulty),
        ability_sd=ability_sd,
        log_likelihood=log_likelihood,
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
    posterior, log_likelihood = _expect(counts, grid, difficulty, ability_sd)
    spread = max(float(np.sqrt((posterior @ grid**2).mean())), SMALLEST_SPREAD)
    return np.append(_maximise(counts, grid, posterior, difficulty), np.log(spread)), log_likelihood


def _expect(counts: Counts, grid: Floats, difficulty: Floats, ability_sd: float) -> tuple[Floats, float]:
    """Posterior over the grid [S, G] and the marginal log-likelihood."""
    set_difficulty = counts.design @ difficulty
    log_joint = counts.attempts @ -np.logaddexp(0.0, grid[None, :] - set_difficulty[:, None])
    log_joint += counts.right_per_student[:, None] * grid[None, :]
    log_joint += log_prior(grid, ability_sd)[None, :]
    peak = log_joint.max(axis=1, keepdims=True)
    posterior = np.exp(log_joint - peak)
    total = posterior.sum(axis=1, keepdims=True)
    posterior /= total
    constant = counts.right.sum(axis=0) @ set_difficulty
    return posterior, float((np.log(total) + peak).sum() - constant)


def _maximise(counts: Counts, grid: Floats, posterior: Floats, difficulty: Floats) -> Floats:
    """One Newton step of the expected complete-data log-likelihood in β [K]."""
    expected = counts.attempts_by_set @ posterior  # [C, G] expected attempts at each ability
    p = expit(grid[None, :] - (counts.design @ difficulty)[:, None])
    gradient = counts.design.T @ ((expected * p).sum(axis=1) - counts.right.sum(axis=0))
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


def _standard_errors(counts: Counts, grid: Floats, posterior: Floats, difficulty: Floats) -> Floats:
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
    counts: Counts, grid: Floats, posterior: Floats, difficulty: Floats
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
