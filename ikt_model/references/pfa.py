"""Performance factors analysis on top of a Rasch ability (Pavlik, Cen & Koedinger 2009, AIED, 531-538).

M = σ(θ_t + form_t + s_{k,t} − β_k). θ_t is a times the Rasch posterior mean of all responses so far; form_t
is c·(r_t − ½), the last response's passing effect; s_{k,t} = (γ + γ_k)·e_{k,t} weighs the evidence on skill
k so far. Of a step with several skills everything that belongs to a skill is the mean over its skills. The
penalised likelihood is strictly convex, so the fit has one answer; Newton's method finds it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu
from scipy.special import expit

from ikt_model.data.features import QUERY_FEATURES, evidence
from ikt_model.data.sequences import Sequences
from ikt_model.data.tally import Tally
from ikt_model.references.abilities import last_of, one_step_behind
from ikt_model.references.counts import set_design
from ikt_model.references.marginal import PRIOR_PRECISION
from ikt_model.references.plain import from_plain, spread_of, to_plain
from ikt_model.references.protocol import Memory, ReferenceTargets, Standing
from ikt_model.references.rasch import RaschCalibration, fit_rasch
from ikt_model.settings import PfaSettings, RaschSettings

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

NEWTON_STEPS = 50
CONVERGED_LOGITS = 1e-6
EVIDENCE = (2, 3, 4)  # of QUERY_NAMES: decayed right, decayed wrong, recency
ERRORS_AT_ONCE = 256  # columns of the inverse that are solved for together
EVIDENCE_NAMES = ("recent_right", "recent_wrong", "recency")
SHARED_NAMES = ("ability_weight", "form_weight", *(f"slope_{name}" for name in EVIDENCE_NAMES))


@dataclass(frozen=True, slots=True)
class PfaCalibration:
    """Fitted parameters; see `protocol.Calibration`. K skills, E kinds of evidence."""

    difficulty: Floats  # [K] β
    difficulty_se: Floats  # [K] infinite where nobody practised
    ability_weight: float  # a, logits of mastery per logit of the Rasch ability
    form_weight: float  # c, logits
    common_slopes: Floats  # [E] γ, logits per unit of EVIDENCE_NAMES
    skill_slopes: Floats  # [K, E] γ_k, how far each skill's slopes stray from the common ones
    slopes_se: Floats  # [K, E] of γ + γ_k
    standard_errors: dict[str, float]  # of a, c and γ, by name
    log_likelihood: float
    iterations: int
    decay: float
    rasch: RaschCalibration  # where θ comes from
    quality: Mapping[str, float] = field(default_factory=dict)
    name: str = "pfa"
    version: int = 3  # since the Rasch fit below has its second

    @property
    def ability_sd(self) -> float:
        """Spread of θ among the training students, logits."""
        return self.ability_weight * self.rasch.ability_sd

    @property
    def responses_per_skill(self) -> NDArray[np.int64]:
        """How many responses each difficulty rests on [K]."""
        return self.rasch.responses_per_skill

    @property
    def slopes(self) -> Floats:
        """γ + γ_k under the columns of QUERY_NAMES [K, QUERY_FEATURES]."""
        slopes = np.zeros((len(self.difficulty), QUERY_FEATURES))
        slopes[:, EVIDENCE] = self.common_slopes + self.skill_slopes
        return slopes

    def targets(self, sequences: Sequences) -> ReferenceTargets:
        """Mastery one step ahead, and the weighted Rasch ability after every response."""
        rasch = self.rasch.targets(sequences)
        theta = (self.ability_weight * rasch.theta).astype(np.float32)
        sets = sequences.skill_sets
        design = set_design(sequences.vocabulary)
        known = evidence(sequences, decay=self.decay)
        slopes, difficulty = (design @ self.slopes)[sets], (design @ self.difficulty)[sets]

        def mastery(ability: Singles, form: Floats, read: Singles) -> Singles:
            logit = ability + self.form_weight * form + (slopes * read).sum(axis=1) - difficulty
            return np.asarray(logit, np.float32)

        return ReferenceTargets(
            mastery_logit=mastery(one_step_behind(theta, sequences.offsets), _form(sequences), known.query),
            mastery_after_logit=mastery(
                theta, sequences.responses.astype(np.float64) - 0.5, known.asked_again
            ),
            theta=theta,
            theta_sd=(self.ability_weight * rasch.theta_sd).astype(np.float32),
            theta_static=(self.ability_weight * rasch.theta_static).astype(np.float32),
        )

    def remember(self, sequences: Sequences) -> Memory:
        """What the Rasch ability needs, and the last response's form [S]."""
        form = last_of(sequences.responses.astype(np.float32) - 0.5, sequences.offsets)
        return {**self.rasch.remember(sequences), "form": form.astype(np.float64)}

    def add(self, memory: Memory, practised: NDArray[np.bool_], responses: NDArray[np.int8]) -> Memory:
        """One more step of each student."""
        return {**self.rasch.add(memory, practised, responses), "form": responses - 0.5}

    def standing(self, memory: Memory, tally: Tally) -> Standing:
        """θ_t + form_t + s_{k,t} − β_k of every skill, and the weighted Rasch ability."""
        rasch = self.rasch.standing(memory, tally)
        theta = self.ability_weight * rasch.theta
        of_skill = (self.slopes[:, EVIDENCE] * tally.query[:, :, EVIDENCE]).sum(axis=2) - self.difficulty
        return Standing(
            theta=theta,
            theta_sd=self.ability_weight * rasch.theta_sd,
            mastery_logit=(theta + self.form_weight * memory["form"])[:, None] + of_skill,
        )

    @property
    def title(self) -> str:
        """The name: there is one way to fit it."""
        return repr(self.name)

    def doubts(self) -> list[str]:
        """None beyond those that `quality.assess` has of any reference."""
        return []

    def summary(self) -> dict[str, float]:
        """Location and spread of the parameters."""
        shared = (self.ability_weight, self.form_weight, *self.common_slopes.tolist())
        strays = self.skill_slopes.std(axis=0).tolist()
        return {
            **spread_of("beta", self.difficulty),
            "ability_sd": self.ability_sd,
            **dict(zip(SHARED_NAMES, shared, strict=True)),
            **{f"{name}_se": error for name, error in self.standard_errors.items()},
            **{f"slope_{name}_std": stray for name, stray in zip(EVIDENCE_NAMES, strays, strict=True)},
            "log_likelihood": self.log_likelihood,
            "iterations": float(self.iterations),
            "n_students": float(self.rasch.n_students),
            "n_responses": float(self.rasch.n_responses),
            **self.quality,
        }

    def to_dict(self) -> dict[str, Any]:
        """All parameters as plain JSON values."""
        return to_plain(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "PfaCalibration":
        """The inverse of `to_dict`."""
        return from_plain(cls, stored)


def fit_pfa(sequences: Sequences, *, settings: PfaSettings) -> PfaCalibration:
    """Fit to these (training) students: a Rasch model first, then the logistic part given its abilities.

    A skill nobody practised gets the mean difficulty, the common slopes and an infinite standard error.
    Raises NothingToCalibrate.
    """
    rasch = fit_rasch(sequences, settings=RaschSettings(grid_points=settings.grid_points))
    problem = _Problem.of(sequences, rasch, settings)
    weights, log_likelihood, iterations = problem.solve()
    of_shared, of_slopes, of_difficulty = problem.standard_errors(weights)
    shared, n_skills = problem.n_shared, sequences.n_skills
    practised = rasch.responses_per_skill > 0
    difficulty = np.where(practised, -weights[-n_skills:], -weights[-n_skills:][practised].mean())
    return PfaCalibration(
        difficulty=difficulty,
        difficulty_se=np.where(practised, of_difficulty, np.inf),
        ability_weight=float(weights[0]),
        form_weight=float(weights[1]),
        common_slopes=weights[2:shared],
        skill_slopes=weights[shared:-n_skills].reshape(n_skills, len(EVIDENCE)),
        slopes_se=of_slopes,
        standard_errors=dict(zip(SHARED_NAMES, of_shared.tolist(), strict=True)),
        log_likelihood=log_likelihood,
        iterations=iterations,
        decay=settings.decay,
        rasch=rasch,
    )


def _form(sequences: Sequences) -> Floats:
    """r_{t−1} − ½ at every step [N]; 0 at a student's first."""
    return one_step_behind(sequences.responses.astype(np.float32) - 0.5, sequences.offsets).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Problem:
    """Penalised logistic regression: weights are a, c, γ, then γ_k, then −β."""

    design: sparse.csr_array  # [N, P]
    responses: Floats  # [N]
    centre: Floats  # [P] what the normal priors pull towards
    precision: Floats  # [P]
    n_shared: int
    n_skills: int

    @classmethod
    def of(cls, sequences: Sequences, rasch: RaschCalibration, settings: PfaSettings) -> "_Problem":
        read = evidence(sequences, decay=settings.decay).query[:, EVIDENCE].astype(np.float64)
        theta = one_step_behind(rasch.targets(sequences).theta, sequences.offsets)
        shared = np.column_stack([theta, _form(sequences), read])
        skills = set_design(sequences.vocabulary)[sequences.skill_sets]  # [N, K]
        n_slopes = sequences.n_skills * len(EVIDENCE)
        centre = np.concatenate([np.zeros(shared.shape[1] + n_slopes), -rasch.difficulty])
        precision = np.full(len(centre), PRIOR_PRECISION)
        precision[shared.shape[1] : shared.shape[1] + n_slopes] = settings.slope_sd**-2
        return cls(
            design=sparse.hstack([sparse.csr_array(shared), _interactions(skills, read), skills], "csr"),
            responses=sequences.responses.astype(np.float64),
            centre=centre,
            precision=precision,
            n_shared=shared.shape[1],
            n_skills=sequences.n_skills,
        )

    def solve(self) -> tuple[Floats, float, int]:
        """The weights of highest penalised likelihood, their log-likelihood, and how many Newton steps it
        took.
        """
        weights = self.centre.copy()
        value = self._objective(weights)
        for iteration in range(1, NEWTON_STEPS + 1):  # noqa: B007
            step = self._newton_step(weights)
            size = 1.0
            while (moved := self._objective(weights - size * step)) > value and size > 1e-4:
                size /= 2
            weights, value = weights - size * step, moved
            if np.abs(step).max() < CONVERGED_LOGITS:
                break
        penalty = 0.5 * self.precision @ (weights - self.centre) ** 2
        return weights, float(penalty - value), iteration

    def standard_errors(self, weights: Floats) -> tuple[Floats, Floats, Floats]:
        """From the inverse information: of a, c and γ [2 + E], of every skill's slopes γ + γ_k [K, E], and of
        β [K].
        """
        n_kinds = len(EVIDENCE)
        slopes = np.arange(self.n_shared, len(weights) - self.n_skills)
        # Sums of weights, one per column: a single weight, or a common slope and a skill's departure from it
        single = np.r_[: self.n_shared, len(weights) - self.n_skills : len(weights)]
        rows = np.concatenate([single, slopes, 2 + (slopes - self.n_shared) % n_kinds])
        columns = np.concatenate([np.arange(len(single) + len(slopes)), len(single) + np.arange(len(slopes))])
        sums = sparse.csc_array(
            (np.ones(len(rows)), (rows, columns)), shape=(len(weights), columns.max() + 1)
        )
        errors = self._errors_of(sums, weights)
        of_shared, of_difficulty, of_slopes = np.split(errors, [self.n_shared, len(single)])
        return of_shared, of_slopes.reshape(self.n_skills, n_kinds), of_difficulty

    def _errors_of(self, sums: sparse.csc_array, weights: Floats) -> Floats:
        solver = splu(self._information(weights).tocsc())
        errors = np.empty(sums.shape[1])
        for start in range(0, len(errors), ERRORS_AT_ONCE):
            some = sums[:, start : start + ERRORS_AT_ONCE].toarray()
            errors[start : start + ERRORS_AT_ONCE] = np.sqrt((some * solver.solve(some)).sum(axis=0))
        return errors

    def _objective(self, weights: Floats) -> float:
        logit = self.design @ weights
        loss = (np.logaddexp(0.0, logit) - self.responses * logit).sum()
        return float(loss + 0.5 * self.precision @ (weights - self.centre) ** 2)

    def _information(self, weights: Floats) -> sparse.csr_array:
        p = expit(self.design @ weights)
        weighted = self.design.multiply((p * (1 - p))[:, None]).tocsr()
        return (self.design.T @ weighted + sparse.diags_array(self.precision)).tocsr()

    def _newton_step(self, weights: Floats) -> Floats:
        gradient = self.design.T @ (expit(self.design @ weights) - self.responses)
        gradient += self.precision * (weights - self.centre)
        return np.asarray(splu(self._information(weights).tocsc()).solve(gradient))


def _interactions(skills: sparse.csr_array, read: Floats) -> sparse.csr_array:
    """Evidence under each step's own skills, skill by skill [N, K·E]."""
    n_steps, n_skills = skills.shape
    n_kinds = read.shape[1]
    rows = np.repeat(np.arange(n_steps), np.diff(skills.indptr))
    columns = (skills.indices[:, None] * n_kinds + np.arange(n_kinds)).ravel()
    values = (skills.data[:, None] * read[rows]).ravel()
    return sparse.csr_array((values, columns, skills.indptr * n_kinds), shape=(n_steps, n_skills * n_kinds))
