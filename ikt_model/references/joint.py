"""Rasch difficulties by joint maximum likelihood (JML): one free ability per student, nothing regularised.

What "IRT calibration" often means, and why its numbers are not to be aligned to: difficulties are spread too
wide, by about n/(n−1) for n responses per student (Andersen 1973, "Conditional inference and models for
measuring"; Wright & Douglas 1977), and a student who was always right or always wrong has no finite ability.
S students, C skill sets, K skills.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit, logit

from ikt_model.references.abilities import FLAT
from ikt_model.references.counts import Counts
from ikt_model.references.marginal import CONVERGED_LOGITS, SMALLEST_SPREAD, RaschFit

Floats = NDArray[np.float64]

NEWTON_STEPS = 20  # for the abilities, given the difficulties
LONGEST_STEP = 1.0  # logits by which a difficulty may move at once
RIDGE = 1e-6  # holds what no response speaks of where it is
UNKNOWN_ERROR = 30.0  # logits: a standard error beyond it says that the difficulty is not identified


def fit_joint(counts: Counts, *, iterations: int) -> RaschFit:
    """Alternating Newton: the likeliest abilities of all students at once, then one step of all difficulties
    along their profile likelihood. The mean ability of students with a finite one is 0.

    A student or skill that was always right or always wrong diverges; it is left where an optimiser would
    have stopped (see `abilities.FLAT`), 11.5 logits or more away, with an infinite standard error. A skill
    nobody practised gets the mean difficulty and an infinite standard error.
    """
    problem = _Problem.of(counts)
    difficulty, ability = counts.first_difficulty(), np.zeros(counts.attempts.shape[0])
    for iteration in range(1, iterations + 1):  # noqa: B007
        ability = problem.abilities(difficulty, ability)
        step = np.clip(problem.newton_step(difficulty, ability), -LONGEST_STEP, LONGEST_STEP)
        difficulty = difficulty + np.where(counts.per_skill > 0, step, 0.0)
        if np.abs(step).max() < CONVERGED_LOGITS:
            break
    ability = problem.abilities(difficulty, ability)
    finite = problem.is_finite_student
    centre = ability[finite].mean() if finite.any() else 0.0
    spread = ability[finite].std() if finite.any() else 0.0
    errors = problem.standard_errors(difficulty, ability)
    difficulty = difficulty - centre
    practised = counts.per_skill > 0
    return RaschFit(
        difficulty=np.where(practised, difficulty, difficulty[practised].mean()),
        difficulty_se=errors,
        ability_sd=max(float(spread), SMALLEST_SPREAD),
        log_likelihood=problem.log_likelihood(difficulty, ability - centre),
        iterations=iteration,
    )


@dataclass(frozen=True, slots=True)
class _Problem:
    """Expected right answers are to equal the observed ones for every student and every skill."""

    counts: Counts
    rows: NDArray[np.int64]  # [P] student of each (student, skill set) that occurs
    tried_by_student: Floats  # [S]
    share_of_student: Floats  # [S] of right answers, FLAT away from 0 and 1
    right_of_skill: Floats  # [K]
    tried_of_skill: Floats  # [K]
    is_finite_student: NDArray[np.bool_]  # [S]
    is_finite_skill: NDArray[np.bool_]  # [K]

    @classmethod
    def of(cls, counts: Counts) -> "_Problem":
        tried = counts.attempts.sum(axis=1)
        tried_of_skill = counts.design.T @ counts.attempts.sum(axis=0)
        right_of_skill = counts.design.T @ counts.right_per_set
        right = counts.right_per_student
        return cls(
            counts=counts,
            rows=np.repeat(np.arange(len(tried)), np.diff(counts.attempts.indptr)),
            tried_by_student=tried,
            share_of_student=np.clip(right / np.maximum(tried, 1.0), FLAT, 1 - FLAT),
            right_of_skill=right_of_skill,
            tried_of_skill=tried_of_skill,
            is_finite_student=(right > 0) & (right < tried),
            is_finite_skill=(right_of_skill > 0) & (right_of_skill < tried_of_skill),
        )

    def abilities(self, difficulty: Floats, ability: Floats) -> Floats:
        """Likeliest abilities [S]; 0 without a response. Newton on the log-odds of the expected share of
        right answers, which hardly bend.
        """
        tried, n_students = np.maximum(self.tried_by_student, 1.0), len(ability)
        for _ in range(NEWTON_STEPS):
            expected, information = self._of_attempts(difficulty, ability)
            share = np.bincount(self.rows, weights=expected, minlength=n_students) / tried
            share = np.clip(share, 1e-12, 1 - 1e-12)
            slope = np.bincount(self.rows, weights=information, minlength=n_students) / tried
            step = (logit(self.share_of_student) - logit(share)) * share * (1 - share)
            step /= np.maximum(slope, 1e-12)
            ability = ability + np.where(self.tried_by_student > 0, np.clip(step, -4.0, 4.0), 0.0)
            if np.abs(step[self.tried_by_student > 0]).max(initial=0.0) < CONVERGED_LOGITS:
                break
        return ability

    def newton_step(self, difficulty: Floats, ability: Floats) -> Floats:
        """Of the profile likelihood in β [K], to be added; 0 where the likelihood looks flat."""
        counts = self.counts
        expected, information = self._of_attempts(difficulty, ability)
        per_set = np.bincount(counts.attempts.indices, weights=expected, minlength=counts.design.shape[0])
        gradient = counts.design.T @ per_set - self.right_of_skill
        profile, pin = self._profile(information)
        step = np.linalg.solve(profile + pin + RIDGE * np.eye(len(difficulty)), gradient)
        return np.where(np.abs(gradient) <= FLAT * self.tried_of_skill, 0.0, step)

    def standard_errors(self, difficulty: Floats, ability: Floats) -> Floats:
        """From the profile information [K], with the location pinned by the well-known skills."""
        profile, pin = self._profile(self._of_attempts(difficulty, ability)[1])
        variance = np.diag(np.linalg.inv(profile + pin + RIDGE * np.eye(len(difficulty))))
        errors = np.sqrt(np.maximum(variance, 0.0))
        return np.where(self.is_finite_skill & (errors < UNKNOWN_ERROR), errors, np.inf)

    def log_likelihood(self, difficulty: Floats, ability: Floats) -> float:
        counts, set_difficulty = self.counts, self.counts.design @ difficulty
        at = ability[self.rows] - set_difficulty[counts.attempts.indices]
        of_right = counts.right_per_student @ ability - counts.right_per_set @ set_difficulty
        return float(of_right - (counts.attempts.data * np.logaddexp(0.0, at)).sum())

    def _of_attempts(self, difficulty: Floats, ability: Floats) -> tuple[Floats, Floats]:
        """Expected right answers and their variance for each (student, skill set) that occurs [P]."""
        attempts = self.counts.attempts
        p = expit(ability[self.rows] - (self.counts.design @ difficulty)[attempts.indices])
        return attempts.data * p, attempts.data * p * (1 - p)

    def _profile(self, information: Floats) -> tuple[Floats, Floats]:
        """Information on β once the abilities are what fits best [K, K], and a matrix that pins the location,
        which the likelihood leaves open.
        """
        counts, n_students = self.counts, len(self.tried_by_student)
        per_set = np.bincount(counts.attempts.indices, weights=information, minlength=counts.design.shape[0])
        whole = (counts.design.T @ sparse.diags_array(per_set) @ counts.design).toarray()
        of_student = np.bincount(self.rows, weights=information, minlength=n_students)
        shared = counts.attempts.copy()
        shared.data = information / np.sqrt(np.maximum(of_student, 1e-12))[self.rows]
        shared = shared @ counts.design
        weight = np.diag(whole)
        pin = np.outer(weight, weight) / max(float(weight.sum()), 1e-12)
        return whole - (shared.T @ shared).toarray(), pin
