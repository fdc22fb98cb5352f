"""Fit of performance factors analysis: penalised logistic regression on what is read of each step.

N steps, C skill sets, K skills, P weights: a, c and γ, which all skills share, then γ_k, then −β. A step
reads R = 6 numbers: θ, form, three kinds of evidence, and 1. Weights of single skills enter through the mean
over the step's skills, so gradient and information need no more of the responses than sums by skill set of
residuals times those numbers, and of their products. Sums of different students add up.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu
from scipy.special import expit

from ikt_model.data.features import evidence
from ikt_model.data.sequences import Sequences
from ikt_model.references.abilities import one_step_behind
from ikt_model.references.counts import Counts, set_design
from ikt_model.references.marginal import PRIOR_PRECISION
from ikt_model.references.pfa import EVIDENCE, SHARED_NAMES, PfaCalibration, form_of
from ikt_model.references.rasch import RaschCalibration, fit_rasch_to_counts
from ikt_model.settings import PfaSettings, RaschSettings

Floats = NDArray[np.float64]

NEWTON_STEPS = 50
CONVERGED_LOGITS = 1e-6
ERRORS_AT_ONCE = 256  # columns of the inverse that are solved for together
N_SHARED, N_READ = len(SHARED_NAMES), len(SHARED_NAMES) + 1
OF_SKILL = slice(N_READ - len(EVIDENCE) - 1, N_READ)  # what is read with weights of the skill's own


def fit_pfa(sequences: Sequences, *, settings: PfaSettings) -> PfaCalibration:
    """Fit to these (training) students: a Rasch model first, then the logistic part given its abilities.

    A skill nobody practised gets the mean difficulty, the common slopes and an infinite standard error.
    Raises NothingToCalibrate.
    """
    rasch = _fit_rasch(Counts.of(sequences), settings)
    problem = Problem.of(sequences, rasch, settings)
    steps = Steps.of(sequences, rasch, decay=settings.decay)
    weights, iterations = problem.solve(steps)
    return problem.calibration(weights, problem.sums(steps, weights), rasch, settings, iterations)


def fit_pfa_in_one_step(
    counts: Counts, parts: Iterable[Sequences], *, pilot: Sequences, settings: PfaSettings
) -> PfaCalibration:
    """The same of students who come in parts, each looked at once, up to a small error.

    One Newton step of all responses from the fit to a pilot sample of them (one-step estimator: Le Cam 1956,
    Proc. 3rd Berkeley Symp. 1, 129-156; van der Vaart 1998, Asymptotic Statistics, section 5.7). Newton's
    method squares the error: where the pilot lies two standard errors (of the whole) off, the step ends
    within about a tenth of one. `counts` are of all parts. The log-likelihood is that of the same quadratic.
    Raises NothingToCalibrate.
    """
    rasch = _fit_rasch(counts, settings)
    problem = Problem.of(pilot, rasch, settings)
    first, iterations = problem.solve(Steps.of(pilot, rasch, decay=settings.decay))
    sums = problem.no_sums()
    for part in parts:
        sums = sums + problem.sums(Steps.of(part, rasch, decay=settings.decay), first)
    step = problem.newton_step(sums, first)
    sums = Sums(sums.loss - problem.likelihood_gain(sums, step), sums.gradient, sums.information)
    return problem.calibration(first - step, sums, rasch, settings, iterations + 1)


def _fit_rasch(counts: Counts, settings: PfaSettings) -> RaschCalibration:
    return fit_rasch_to_counts(counts, settings=RaschSettings(grid_points=settings.grid_points))


@dataclass(frozen=True, slots=True)
class Steps:
    """What the likelihood reads of the steps of some students."""

    read: Floats  # [R, N] a, c and γ times the first five, γ_k and −β times the last four
    sets: NDArray[np.int32]  # [N]
    responses: Floats  # [N]

    @classmethod
    def of(cls, sequences: Sequences, rasch: RaschCalibration, *, decay: float) -> "Steps":
        query = evidence(sequences, decay=decay).query
        theta = one_step_behind(rasch.targets(sequences).theta, sequences.offsets)
        ones = np.ones(sequences.n_responses)
        return cls(
            read=np.stack([theta, form_of(sequences), *(query[:, kind] for kind in EVIDENCE), ones]),
            sets=sequences.skill_sets,
            responses=sequences.responses.astype(np.float64),
        )


@dataclass(frozen=True, slots=True)
class Sums:
    """Of the negative log-likelihood of some steps at some weights."""

    loss: float
    gradient: Floats  # [R, C]
    information: Floats  # [R, R, C]

    def __add__(self, other: "Sums") -> "Sums":
        """Of both lots of steps."""
        return Sums(
            self.loss + other.loss,
            self.gradient + other.gradient,
            self.information + other.information,
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """Weights and their normal priors."""

    design: sparse.csr_array  # [C, K]
    centre: Floats  # [P] what the priors pull towards
    precision: Floats  # [P]

    @classmethod
    def of(cls, sequences: Sequences, rasch: RaschCalibration, settings: PfaSettings) -> "Problem":
        """For steps over the vocabulary of these."""
        n_slopes = sequences.n_skills * len(EVIDENCE)
        centre = np.concatenate([np.zeros(N_SHARED + n_slopes), -rasch.difficulty])
        precision = np.full(len(centre), PRIOR_PRECISION)
        precision[N_SHARED : N_SHARED + n_slopes] = settings.slope_sd**-2
        return cls(set_design(sequences.vocabulary), centre, precision)

    @property
    def n_skills(self) -> int:
        return int(self.design.shape[1])

    def solve(self, steps: Steps) -> tuple[Floats, int]:
        """The weights of highest penalised likelihood, and how many Newton steps it took."""
        weights = self.centre.copy()
        value = self.objective(steps, weights)
        for iteration in range(1, NEWTON_STEPS + 1):  # noqa: B007
            step = self.newton_step(self.sums(steps, weights), weights)
            size = 1.0
            while (moved := self.objective(steps, weights - size * step)) > value and size > 1e-4:
                size /= 2
            weights, value = weights - size * step, moved
            if np.abs(step).max() < CONVERGED_LOGITS:
                break
        return weights, iteration

    def objective(self, steps: Steps, weights: Floats) -> float:
        """Negative penalised log-likelihood."""
        return _loss(self._logit(steps, weights), steps) + self.penalty(weights)

    def penalty(self, weights: Floats) -> float:
        return float(0.5 * self.precision @ (weights - self.centre) ** 2)

    def no_sums(self) -> Sums:
        """Of no step at all."""
        n_sets = self.design.shape[0]
        return Sums(0.0, np.zeros((N_READ, n_sets)), np.zeros((N_READ, N_READ, n_sets)))

    def sums(self, steps: Steps, weights: Floats) -> Sums:
        """Sums over these steps."""
        logit, found = self._logit(steps, weights), self.no_sums()
        p = expit(logit)
        residual, variance = p - steps.responses, p * (1 - p)
        n_sets = self.design.shape[0]
        for row, read in enumerate(steps.read):
            found.gradient[row] = np.bincount(steps.sets, weights=residual * read, minlength=n_sets)
            weighted = variance * read
            for column in range(row + 1):
                product = np.bincount(steps.sets, weights=weighted * steps.read[column], minlength=n_sets)
                found.information[row, column] = found.information[column, row] = product
        return Sums(_loss(logit, steps), found.gradient, found.information)

    def _logit(self, steps: Steps, weights: Floats) -> Floats:
        shared, slopes, easiness = np.split(weights, [N_SHARED, len(weights) - self.n_skills])
        of_skill = np.column_stack([slopes.reshape(self.n_skills, -1), easiness])
        of_set = np.ascontiguousarray((self.design @ of_skill).T)
        logit = shared @ steps.read[:N_SHARED]
        for read, weight in zip(steps.read[OF_SKILL], of_set, strict=True):
            logit += weight[steps.sets] * read
        return np.asarray(logit)

    def newton_step(self, sums: Sums, weights: Floats) -> Floats:
        """What Newton's method takes from the weights [P]."""
        gradient = self._gradient(sums) + self.precision * (weights - self.centre)
        return np.asarray(splu(self.information(sums)).solve(gradient))

    def likelihood_gain(self, sums: Sums, step: Floats) -> float:
        """By how much a step that is taken from the weights raises the log-likelihood, to second order."""
        curved = self.information(sums) @ step - self.precision * step
        return float(self._gradient(sums) @ step - 0.5 * step @ curved)

    def _gradient(self, sums: Sums) -> Floats:
        of_skill = self.design.T @ sums.gradient[OF_SKILL].T  # [K, E + 1]
        shared = sums.gradient[:N_SHARED].sum(axis=1)
        return np.concatenate([shared, of_skill[:, :-1].ravel(), of_skill[:, -1]])

    def information(self, sums: Sums) -> sparse.csc_array:
        """Of the weights [P, P], with that of their priors."""
        places = self._places()
        shared = np.arange(N_SHARED)
        parts = [(shared[:, None], shared[None, :], sums.information[:N_SHARED, :N_SHARED].sum(axis=2))]
        for row in range(N_READ - OF_SKILL.start):
            of_row = sums.information[OF_SKILL.start + row]
            crossed = of_row[:N_SHARED] @ self.design  # [shared, K]
            parts.append((shared[:, None], places[row][None, :], crossed))
            parts.append((places[row][None, :], shared[:, None], crossed))
            for column in range(N_READ - OF_SKILL.start):
                product = of_row[OF_SKILL.start + column]
                within = (self.design.T @ sparse.diags_array(product) @ self.design).tocoo()
                parts.append((places[row][within.coords[0]], places[column][within.coords[1]], within.data))
        every = np.arange(len(self.centre))
        parts.append((every, every, self.precision))
        rows, columns, values = (
            np.concatenate([np.broadcast_to(part[axis], part[2].shape).ravel() for part in parts])
            for axis in range(3)
        )
        return sparse.csc_array((values, (rows, columns)), shape=(len(every), len(every)))

    def _places(self) -> list[NDArray[np.int64]]:
        """Where each skill's weights stand among all: its slopes, kind by kind, and its −β [E + 1][K]."""
        skills, n_kinds = np.arange(self.n_skills), len(EVIDENCE)
        slopes = [N_SHARED + n_kinds * skills + kind for kind in range(n_kinds)]
        return [*slopes, N_SHARED + n_kinds * self.n_skills + skills]

    def standard_errors(self, sums: Sums) -> tuple[Floats, Floats, Floats]:
        """From the inverse information: of a, c and γ [2 + E], of every skill's slopes γ + γ_k [K, E], and of
        β [K].
        """
        n_kinds, n_weights = len(EVIDENCE), len(self.centre)
        slopes = np.arange(N_SHARED, n_weights - self.n_skills)
        # Sums of weights, one per column: a single weight, or a common slope and a skill's departure from it
        single = np.r_[:N_SHARED, n_weights - self.n_skills : n_weights]
        rows = np.concatenate([single, slopes, 2 + (slopes - N_SHARED) % n_kinds])
        columns = np.concatenate([np.arange(len(single) + len(slopes)), len(single) + np.arange(len(slopes))])
        added = sparse.csc_array((np.ones(len(rows)), (rows, columns)), shape=(n_weights, columns.max() + 1))
        errors = self._errors_of(added, sums)
        of_shared, of_difficulty, of_slopes = np.split(errors, [N_SHARED, len(single)])
        return of_shared, of_slopes.reshape(self.n_skills, n_kinds), of_difficulty

    def _errors_of(self, added: sparse.csc_array, sums: Sums) -> Floats:
        solver = splu(self.information(sums))
        errors = np.empty(added.shape[1])
        for start in range(0, len(errors), ERRORS_AT_ONCE):
            some = added[:, start : start + ERRORS_AT_ONCE].toarray()
            errors[start : start + ERRORS_AT_ONCE] = np.sqrt((some * solver.solve(some)).sum(axis=0))
        return errors

    def calibration(
        self, weights: Floats, sums: Sums, rasch: RaschCalibration, settings: PfaSettings, iterations: int
    ) -> PfaCalibration:
        """The fitted parameters by name; `sums` tell of the log-likelihood, and how sure they are."""
        of_shared, of_slopes, of_difficulty = self.standard_errors(sums)
        shared, slopes, easiness = np.split(weights, [N_SHARED, len(weights) - self.n_skills])
        practised = rasch.responses_per_skill > 0
        return PfaCalibration(
            difficulty=np.where(practised, -easiness, -easiness[practised].mean()),
            difficulty_se=np.where(practised, of_difficulty, np.inf),
            ability_weight=float(shared[0]),
            form_weight=float(shared[1]),
            common_slopes=shared[2:],
            skill_slopes=slopes.reshape(self.n_skills, len(EVIDENCE)),
            slopes_se=of_slopes,
            standard_errors=dict(zip(SHARED_NAMES, of_shared.tolist(), strict=True)),
            log_likelihood=-sums.loss,
            iterations=iterations,
            decay=settings.decay,
            rasch=rasch,
        )


def _loss(logit: Floats, steps: Steps) -> float:
    """Negative log-likelihood."""
    return float((np.logaddexp(0.0, logit) - steps.responses * logit).sum())
