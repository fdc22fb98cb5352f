"""Abilities of students after every response, given the difficulties: posterior means and likeliest values.

N responses, C skill sets, G grid points. Students are walked in chunks of whole histories. A running sum over
all steps of a chunk less its value before each student's first is the running sum within students. It is kept
in fixed point, where sums are exact: no ability holds a rounding error of another's.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, logsumexp

from ikt_model.data.sequences import Sequences

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

GRID_REACH = 6.0  # logits: the posterior's grid spans ± this
FIXED_POINT = 2.0**32  # steps per unit of the running sums
STUDENTS_PER_CHUNK = 1024  # whose posteriors fit into a core's own cache
STEPS_IN_PRODUCTS = 48  # an answer's likelihood varies by e^12 over the grid at most; e^-576 is a number
STEPS_PER_CHUNK = 1 << 14  # bounds memory of the trajectories to about 10 MB per buffer

# An all-right or all-wrong history has no finite likeliest ability. An optimiser climbs until the likelihood
# looks flat: this is the usual tolerance on the gradient per response (SciPy's default for BFGS), reached
# 11.5 logits beyond the difficulties practised.
FLAT = 1e-5
LIKELIEST_STEP = 0.25  # logits between the points from which a likeliest ability is interpolated
SLIGHTEST = 1e-9  # rise of the log-odds between two points that still tells where between them to go


def posterior_grid(points: int) -> Floats:
    """Abilities over which the posterior is summed [G]."""
    return np.linspace(-GRID_REACH, GRID_REACH, points)


def log_prior(grid: Floats, ability_sd: float) -> Floats:
    """N(0, σ²) on the grid, normalised [G]."""
    log_density = -0.5 * (grid / ability_sd) ** 2
    return np.asarray(log_density - logsumexp(log_density))


@lru_cache(maxsize=64)  # to make it anew takes longer than a student's next step
def prior_of(points: int, ability_sd: float) -> tuple[Floats, Floats]:
    """The grid, and the prior on it."""
    grid = posterior_grid(points)
    prior = log_prior(grid, ability_sd)
    grid.flags.writeable = prior.flags.writeable = False
    return grid, prior


def posterior_means(
    sequences: Sequences, *, set_difficulty: Floats, ability_sd: float, grid: Floats
) -> tuple[Floats32, Floats32]:
    """Expected a posteriori (EAP) ability after every response, and its posterior standard deviation.

    Students walk together, one response at a time, the longest histories first: whoever is still at it stands
    among the first rows.
    """
    n_sets = len(set_difficulty)
    log_likelihood = answer_log_likelihood(set_difficulty, grid).reshape(2 * n_sets, -1) / FIXED_POINT
    likelihood = np.exp(log_likelihood - log_likelihood.max(axis=1, keepdims=True))
    answers = sequences.responses * np.int64(n_sets) + sequences.skill_sets
    theta, spread = (np.empty(sequences.n_responses, np.float32) for _ in range(2))
    longest_first = np.argsort(-sequences.lengths, kind="stable")
    for first in range(0, len(longest_first), STUDENTS_PER_CHUNK):
        chunk = longest_first[first : first + STUDENTS_PER_CHUNK]
        starts, lengths = sequences.offsets[chunk], sequences.lengths[chunk]
        posterior = _Posterior(len(chunk), grid, log_prior(grid, ability_sd))
        for step in range(int(lengths[0])):
            at = starts[: np.searchsorted(-lengths, -step)] + step
            theta[at], spread[at] = posterior.after(likelihood, answers[at])
    return theta, spread


class _Posterior:
    """Posteriors of students [n, G], who answer together."""

    def __init__(self, n: int, grid: Floats, prior: Floats) -> None:
        self._powers = [grid**power for power in range(3)]
        self._log = np.tile(prior, (n, 1))
        self._steps = 0
        # Between two looks at the logarithms: what it was, and what the answers since have made of it.
        self._was, self._since, self._now, self._likely = (np.empty((n, len(grid))) for _ in range(4))

    def after(self, likelihood: Floats, answers: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Mean and standard deviation after one more answer of each of the first students."""
        rows = slice(len(answers))
        was, since, now, likely = (part[rows] for part in (self._was, self._since, self._now, self._likely))
        if self._steps % STEPS_IN_PRODUCTS == 0:
            log = self._log[rows]
            if self._steps:
                log += np.log(since)
            np.exp(log - log.max(axis=1, keepdims=True), out=was)
            since[:] = 1.0
        self._steps += 1
        since *= np.take(likelihood, answers, axis=0, out=likely, mode="clip")
        np.multiply(was, since, out=now)
        # einsum sums row by row, where a matrix product would round by the company a row is in
        total, first, second = (np.einsum("ng,g->n", now, power) for power in self._powers)
        mean = first / total
        return mean, np.sqrt(np.maximum(second / total - mean**2, 0.0))


def answer_log_likelihood(set_difficulty: Floats, grid: Floats) -> NDArray[np.int64]:
    """Log-likelihood of a wrong and of a right answer on each skill set, in fixed point [2, C, G]."""
    log_failure = -np.logaddexp(0.0, grid[None, :] - set_difficulty[:, None])
    return _fixed(np.stack([log_failure, log_failure + grid[None, :]]))


def posterior_of(summed: NDArray[np.int64], *, grid: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the posterior [n] from summed log-likelihoods [n, G]."""
    log_posterior = summed / FIXED_POINT + prior
    log_posterior -= log_posterior.max(axis=1, keepdims=True)
    weights = np.exp(log_posterior, out=log_posterior)
    # einsum sums row by row, where a matrix product would round by the company a row is in
    total, first, second = (np.einsum("ng,g->n", weights, grid**power) for power in range(3))
    mean = first / total
    return mean, np.sqrt(np.maximum(second / total - mean**2, 0.0))


def likeliest(sequences: Sequences, *, set_difficulty: Floats) -> tuple[Floats32, Floats32]:
    """Maximum-likelihood ability of the responses so far, after every one, and its standard error.

    The likelihood is highest where the expected number of right answers is the observed one. The log-odds of
    the expected share of right answers hardly bend in θ, so they are summed on a grid, and θ is found between
    its points by cubic interpolation of θ in them. The observed share is kept FLAT away from 0 and 1.
    """
    grid = likeliest_grid(set_difficulty)
    chance = expected_right(set_difficulty, grid)

    def of_chunk(steps: slice, starts: NDArray[np.int64]) -> tuple[Floats, Floats]:
        expected = _running(chance[sequences.skill_sets[steps]], starts)
        right = _running(sequences.responses[steps].astype(np.int64)[:, None], starts)[:, 0]
        tried = np.arange(1.0, len(right) + 1) - np.repeat(starts[:-1], np.diff(starts))
        return likeliest_of(expected, right=right, tried=tried, grid=grid)

    return _by_chunk(sequences, of_chunk)


def likeliest_grid(difficulty: Floats) -> Floats:
    """Abilities between which a likeliest one is found [G]."""
    beyond = logit(1 - FLAT) + 3 * LIKELIEST_STEP
    # from whole multiples of the step, so that a skill that nobody here practised moves no ability
    return LIKELIEST_STEP * np.arange(
        np.floor((difficulty.min(initial=0.0) - beyond) / LIKELIEST_STEP),
        np.ceil((difficulty.max(initial=0.0) + beyond) / LIKELIEST_STEP) + 1,
    )


def expected_right(set_difficulty: Floats, grid: Floats) -> NDArray[np.int64]:
    """Chance of a right answer on each skill set, in fixed point [C, G]."""
    return _fixed(expit(grid[None, :] - set_difficulty[:, None]))


def likeliest_of(
    expected: NDArray[np.int64], *, right: NDArray[np.int64], tried: Floats, grid: Floats
) -> tuple[Floats, Floats]:
    """Likeliest ability and its standard error [n] from summed chances [n, G], right answers and answers
    [n].
    """
    share = np.clip(right / tried, FLAT, 1 - FLAT)
    above = (expected < np.rint(share * tried * FIXED_POINT)[:, None]).sum(axis=1)
    nearest = above[:, None] + np.arange(-2, 2)  # [n, 4] grid points, two on either side
    summed = np.take_along_axis(expected, nearest, axis=1)
    log_odds = np.log(summed) - np.log((tried * FIXED_POINT)[:, None] - summed)
    theta = _interpolate(at=logit(share), known=log_odds, values=grid[nearest])
    slope = np.maximum(log_odds[:, 2] - log_odds[:, 1], SLIGHTEST) / LIKELIEST_STEP
    return theta, 1 / np.sqrt(tried * share * (1 - share) * slope)


def total_by_student(
    sequences: Sequences, of_step: NDArray[np.int64], rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Sums over each student's steps [S, G] of the rows of a table [R, G], one for each step [N]."""
    totals = np.zeros((sequences.n_students, of_step.shape[1]), np.int64)
    for first, last in _student_chunks(sequences.offsets):
        chunk = slice(int(sequences.offsets[first]), int(sequences.offsets[last]))
        starts = sequences.offsets[first:last] - chunk.start
        practised = np.flatnonzero(sequences.lengths[first:last])
        if len(practised):
            totals[first + practised] = np.add.reduceat(of_step[rows[chunk]], starts[practised], axis=0)
    return totals


def one_step_behind(values: Floats32, offsets: NDArray[np.int64]) -> Floats32:
    """Each step's value as it stood before the step [N]; 0, the prior mean, before a student's first."""
    before = np.concatenate([np.zeros(1, np.float32), values[:-1]])[: len(values)]
    firsts = offsets[:-1][np.diff(offsets) > 0]
    before[firsts] = 0.0
    return before


def last_of(values: Floats32, offsets: NDArray[np.int64]) -> Floats32:
    """Each student's last value [S]; 0, the prior mean, where there is no response."""
    last = np.zeros(len(offsets) - 1, np.float32)
    practised = np.diff(offsets) > 0
    last[practised] = values[offsets[1:][practised] - 1]
    return last


def _fixed(values: Floats) -> NDArray[np.int64]:
    return np.rint(values * FIXED_POINT).astype(np.int64)


def _running(of_step: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Running sums [n, G] within each student of a chunk, in place.

    What a student ends with is taken off the next one's first step, so one running sum does for all.
    """
    firsts = starts[:-1][np.diff(starts) > 0]
    if len(firsts) > 1:
        of_step[firsts[1:]] -= np.add.reduceat(of_step, firsts, axis=0)[:-1]
    return np.cumsum(of_step, axis=0, out=of_step)


def _interpolate(*, at: Floats, known: Floats, values: Floats) -> Floats:
    """Row by row, Lagrange's cubic through four points (known, value) [n, 4], read at `at` [n]; between the
    middle two where the points do not rise, as between skills that are dozens of logits apart.
    """
    is_flat = np.diff(known, axis=1).min(axis=1) < SLIGHTEST
    known = np.where(is_flat[:, None], values, known)
    at = np.where(is_flat, values[:, 1:3].mean(axis=1), at)
    total = np.zeros(len(at))
    for point in range(4):
        others = [other for other in range(4) if other != point]
        weight = np.ones(len(at))
        for other in others:
            weight = weight * (at - known[:, other]) / (known[:, point] - known[:, other])
        total += weight * values[:, point]
    return total


def _by_chunk(
    sequences: Sequences, of_chunk: Callable[[slice, NDArray[np.int64]], tuple[Floats, Floats]]
) -> tuple[Floats32, Floats32]:
    theta = np.empty(sequences.n_responses, np.float32)
    error = np.empty(sequences.n_responses, np.float32)
    for first, last in _student_chunks(sequences.offsets):
        steps = slice(int(sequences.offsets[first]), int(sequences.offsets[last]))
        starts = sequences.offsets[first : last + 1] - sequences.offsets[first]
        theta[steps], error[steps] = of_chunk(steps, starts)
    return theta, error


def _student_chunks(offsets: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Runs of whole students of about STEPS_PER_CHUNK responses each."""
    marks = np.arange(STEPS_PER_CHUNK, offsets[-1] + STEPS_PER_CHUNK, STEPS_PER_CHUNK)
    cuts = np.unique(np.concatenate([[0], np.searchsorted(offsets, marks), [len(offsets) - 1]]))
    cuts = cuts[cuts <= len(offsets) - 1]
    return list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))
