"""Bayesian knowledge tracing (Corbett & Anderson 1995, UMUAI 4, 253-278), with forgetting if wanted.

Each skill is known to a student or not. Known at the first attempt with p(init); between two attempts it is
learnt with p(learn) or lost with p(forget). An answer is right with 1 − p(slip) if it is known, with p(guess)
if not. All five belong to the skill. K skills, N responses, S students; a step with several skills is an
attempt at each, and its log-odds are the mean of theirs. Ability and difficulty come from a Rasch fit to the
same students, so that θ and β mean the same in every reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from ikt_model.data.features import DECAY, QUERY_FEATURES
from ikt_model.data.sequences import Sequences
from ikt_model.data.tally import Tally
from ikt_model.references.counts import Counts
from ikt_model.references.knowledge import (
    FORGET,
    GUESS,
    INIT,
    PARAMETERS,
    SLIP,
    Runs,
    chance_right,
    expect_all,
    forward,
    next_known,
)
from ikt_model.references.plain import from_plain, spread_of, to_plain
from ikt_model.references.protocol import Memory, ReferenceTargets, Standing
from ikt_model.references.rasch import RaschCalibration, fit_rasch_to_counts
from ikt_model.references.run_counts import RunCounts
from ikt_model.settings import BktSettings, RaschSettings

Floats = NDArray[np.float64]

START = np.array([0.5, 0.2, 0.3, 0.1, 0.05])  # in the order of PARAMETERS
# What is known of a skill before its own answers: the typical skill's parameters, as if seen in so many
# events of each kind. Keeps rare skills sensible; moves one with a hundred attempts by little.
PRIOR_EVENTS = 10.0
# Known must go with right and unknown with wrong, or the two states could change names (Baker, Corbett &
# Aleven 2008, ITS, 406-415, call a fit beyond these degenerate).
MOST_GUESS, MOST_SLIP = 0.5, 0.5
LEAST = 1e-4  # keeps every likelihood positive and every logit finite
CONVERGED_PROBABILITY = 1e-4
NUDGE = 1e-3  # logits, for the numerical second derivatives


@dataclass(frozen=True, slots=True)
class BktCalibration:
    """Fitted parameters; see `protocol.Calibration`."""

    parameters: Floats  # [K, 5] probabilities, in the order of PARAMETERS
    parameters_se: Floats  # [K, 5] standard errors of their logits; infinite at a bound or unpractised
    typical: Floats  # [5] of all skills as if they were one
    forgetting: bool
    log_likelihood: float  # of the training students
    iterations: int
    rasch: RaschCalibration  # where θ and β come from
    quality: Mapping[str, float] = field(default_factory=dict)
    name: str = "bkt"
    version: int = 2  # since the Rasch fit beside it has its second

    @property
    def difficulty(self) -> Floats:
        """β of the Rasch fit [K]."""
        return self.rasch.difficulty

    @property
    def difficulty_se(self) -> Floats:
        """Standard error of β [K]."""
        return self.rasch.difficulty_se

    @property
    def ability_sd(self) -> float:
        """Spread of θ among the training students, logits."""
        return self.rasch.ability_sd

    @property
    def responses_per_skill(self) -> NDArray[np.int64]:
        """How many responses the parameters of each skill rest on [K]."""
        return self.rasch.responses_per_skill

    @property
    def decay(self) -> float:
        """The usual one: the network's evidence has to fade somehow."""
        return DECAY

    @property
    def slopes(self) -> Floats:
        """None: what BKT makes of the evidence is no weighted sum of it."""
        return np.zeros((len(self.parameters), QUERY_FEATURES))

    def targets(self, sequences: Sequences) -> ReferenceTargets:
        """Log-odds of a right answer one step ahead, and the Rasch ability."""
        rasch = self.rasch.targets(sequences)
        runs = Runs.of(sequences)
        beliefs = forward(runs, self.parameters)
        of_attempt = self.parameters[runs.skill_of_attempt]
        following = next_known(beliefs.after, of_attempt)
        return ReferenceTargets(
            mastery_logit=_by_step(runs, logit(chance_right(beliefs.before, of_attempt)), sequences),
            mastery_after_logit=_by_step(runs, logit(chance_right(following, of_attempt)), sequences),
            theta=rasch.theta,
            theta_sd=rasch.theta_sd,
            theta_static=rasch.theta_static,
        )

    def known_before(self, sequences: Sequences) -> NDArray[np.float32]:
        """P(known) before each response [N], the mean over the step's skills."""
        runs = Runs.of(sequences)
        return _by_step(runs, forward(runs, self.parameters).before, sequences)

    def known(self, sequences: Sequences) -> Floats:
        """P(known) of every skill, after each student's whole history [S, K]."""
        runs = Runs.of(sequences)
        known = np.tile(self.parameters[:, INIT], (sequences.n_students, 1))
        if len(runs.skills):
            starts = np.cumsum(runs.going) - runs.going
            last = starts[runs.lengths - 1] + np.arange(len(runs.skills))
            after = forward(runs, self.parameters).after[last]
            known.reshape(-1)[runs.run_ids] = next_known(after, self.parameters[runs.skills])
        return known

    def remember(self, sequences: Sequences) -> Memory:
        """What the Rasch ability needs, and P(known) of every skill [S, K]."""
        return {**self.rasch.remember(sequences), "known": self.known(sequences)}

    def add(self, memory: Memory, practised: NDArray[np.bool_], responses: NDArray[np.int8]) -> Memory:
        """One more step of each student: an attempt at each of its skills."""
        _, learn, guess, slip, forget = self.parameters.T
        known, is_right = memory["known"], responses[:, None] == 1
        if_known = known * np.where(is_right, 1 - slip, slip)
        after = if_known / (if_known + (1 - known) * np.where(is_right, guess, 1 - guess))
        following = after * (1 - forget) + (1 - after) * learn
        return {
            **self.rasch.add(memory, practised, responses),
            "known": np.where(practised, following, known),
        }

    def standing(self, memory: Memory, tally: Tally) -> Standing:
        """Log-odds of a right answer on every skill, and the Rasch ability."""
        rasch = self.rasch.standing(memory, tally)
        _, _, guess, slip, _ = self.parameters.T
        known = memory["known"]
        return replace(rasch, mastery_logit=logit(known * (1 - slip) + (1 - known) * guess))

    @property
    def title(self) -> str:
        """The name, and whether skills can be forgotten."""
        return f"{self.name!r} ({'with' if self.forgetting else 'without'} forgetting)"

    def doubts(self) -> list[str]:
        """Parameters at a bound, and those of which the responses say less than the prior."""
        practised = self.responses_per_skill > 0
        at_bound = practised[:, None] & np.isinf(self.parameters_se)
        prior_se = 1 / np.sqrt(PRIOR_EVENTS * self.typical * (1 - self.typical) + 1e-12)
        unknown = practised[:, None] & ~at_bound & (self.parameters_se > prior_se * np.sqrt(0.5))
        return [
            f"{_counted(found)} of {practised.sum()} skills {words}"
            for words, found in (
                ("lie at a bound", at_bound),
                ("rest more on the typical skill than on responses", unknown),
            )
            if found.any()
        ]

    def summary(self) -> dict[str, float]:
        """Location and spread of the parameters, and how well they predict the training students."""
        return {
            **spread_of("beta", self.difficulty),
            **{f"p_{name}": float(value) for name, value in zip(PARAMETERS, self.typical, strict=True)},
            **{
                f"p_{name}_std": float(value)
                for name, value in zip(PARAMETERS, self.parameters.std(axis=0), strict=True)
            },
            "ability_sd": self.ability_sd,
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
    def from_dict(cls, stored: dict[str, Any]) -> "BktCalibration":
        """The inverse of `to_dict`."""
        return from_plain(cls, stored)


def fit_bkt(sequences: Sequences, *, settings: BktSettings) -> BktCalibration:
    """Fit to these (training) students: all skills as if they were one, then each from there.

    A skill nobody practised gets the parameters of all skills taken together. Raises NothingToCalibrate.
    """
    return fit_bkt_to_counts(Counts.of(sequences), RunCounts.of(sequences), settings=settings)


def fit_bkt_to_counts(counts: Counts, runs: RunCounts, *, settings: BktSettings) -> BktCalibration:
    """The same from what is sufficient of their responses. Raises NothingToCalibrate."""
    rasch = fit_rasch_to_counts(counts, settings=RaschSettings(grid_points=settings.grid_points))
    start = START.copy()
    start[FORGET] *= settings.forgetting
    typical, _ = _fit(runs.blocks(by_skill=False), start[None, :], prior=start, settings=settings)
    by_skill = runs.blocks(by_skill=True)
    first = np.repeat(typical, len(rasch.difficulty), axis=0)
    parameters, iterations = _fit(by_skill, first, prior=typical[0], settings=settings)
    errors = _standard_errors(by_skill, parameters)
    errors[rasch.responses_per_skill == 0] = np.inf
    if not settings.forgetting:
        errors[:, FORGET] = 0.0
    return BktCalibration(
        parameters=parameters,
        parameters_se=errors,
        typical=typical[0],
        forgetting=settings.forgetting,
        log_likelihood=float(expect_all(by_skill, parameters).log_likelihood.sum()),
        iterations=iterations,
        rasch=rasch,
    )


def _fit(runs: list[Runs], first: Floats, *, prior: Floats, settings: BktSettings) -> tuple[Floats, int]:
    """EM for all skills at once [K, 5] under Beta priors around `prior` [5], and how many steps it took."""
    parameters = first
    for iteration in range(1, settings.em_iterations + 1):  # noqa: B007
        moments = expect_all(runs, parameters)
        moved = (moments.happened + PRIOR_EVENTS * prior) / (moments.tried + PRIOR_EVENTS)
        moved = np.clip(moved, LEAST, 1 - LEAST)
        moved[:, GUESS] = np.minimum(moved[:, GUESS], MOST_GUESS)
        moved[:, SLIP] = np.minimum(moved[:, SLIP], MOST_SLIP)
        if not settings.forgetting:
            moved[:, FORGET] = 0.0
        change = np.abs(moved - parameters).max()
        parameters = moved
        if change < CONVERGED_PROBABILITY:
            break
    return parameters, iteration


def _standard_errors(runs: list[Runs], parameters: Floats) -> Floats:
    """Of the logits [K, 5], from the observed information: the score (which the E-step gives by Fisher's
    identity) differentiated numerically, for all skills at once. Infinite for a parameter at its bound; the
    others are then as if it were known.
    """
    at = logit(np.clip(parameters, LEAST, 1 - LEAST))
    information = np.empty((len(parameters), len(PARAMETERS), len(PARAMETERS)))
    for column in range(len(PARAMETERS)):
        nudge = np.zeros(len(PARAMETERS))
        nudge[column] = NUDGE
        up, down = expit(at + nudge), expit(at - nudge)
        change = expect_all(runs, up).score(up) - expect_all(runs, down).score(down)
        information[:, :, column] = -change / (2 * NUDGE)
        information[:, column, column] += PRIOR_EVENTS * parameters[:, column] * (1 - parameters[:, column])
    information = (information + information.transpose(0, 2, 1)) / 2
    highest = np.array([1 - LEAST, 1 - LEAST, MOST_GUESS, MOST_SLIP, 1 - LEAST])
    fixed = (parameters <= LEAST) | (parameters >= highest)
    information[fixed[:, :, None] | fixed[:, None, :]] = 0.0
    skill, parameter = np.nonzero(fixed)
    information[skill, parameter, parameter] = 1.0
    variance = np.diagonal(np.linalg.inv(information), axis1=1, axis2=2)
    return np.where(fixed | (variance <= 0), np.inf, np.sqrt(np.maximum(variance, 0.0)))


def _counted(found: NDArray[np.bool_]) -> str:
    """How many skills, by parameter, from a mark for each [K, 5]."""
    counts = zip(PARAMETERS, found.sum(axis=0).tolist(), strict=True)
    return ", ".join(f"p({name}) of {count}" for name, count in counts if count)


def _by_step(runs: Runs, values: Floats, sequences: Sequences) -> NDArray[np.float32]:
    """Mean over the skills of each step [N], from values by attempt [E]."""
    by_entry = np.empty(len(values))
    by_entry[runs.entry] = values
    sizes = np.diff(sequences.vocabulary.set_offsets)[sequences.skill_sets]
    if not len(sizes):
        return np.zeros(0, np.float32)
    return (np.add.reduceat(by_entry, np.cumsum(sizes) - sizes) / sizes).astype(np.float32)
