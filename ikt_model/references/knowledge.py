"""The hidden state of Bayesian knowledge tracing: forward and backward over all runs of attempts at once.

A run is what one student did on one skill, attempt after attempt. All runs move on together, one attempt at a
time, longest first, so that the runs still going are always the first ones; attempts lie in memory in that
order. R runs, E attempts in all, K skills, 5 parameters in the order of PARAMETERS.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from ikt_model.data.features import expand_steps
from ikt_model.data.sequences import Sequences

Floats = NDArray[np.float64]

PARAMETERS = ("init", "learn", "guess", "slip", "forget")
INIT, LEARN, GUESS, SLIP, FORGET = range(5)


@dataclass(frozen=True, slots=True)
class Runs:
    """Attempts of all runs, attempt after attempt."""

    skills: NDArray[np.int64]  # [R], the longest run first
    weights: Floats  # [R] how many equal runs stand behind this one
    going: NDArray[np.int64]  # [A] runs that have an attempt 0, 1, 2 …
    right: NDArray[np.bool_]  # [E]
    skill_of_attempt: NDArray[np.int64]  # [E]
    weight_of_attempt: Floats  # [E]
    kind_of_attempt: NDArray[np.int64]  # [E] 4 · skill + 2 · right + goes on
    entry: NDArray[np.int64]  # [E] place of the attempt among the (step, skill) pairs
    run_ids: NDArray[np.int64]  # [R] student · K + skill

    @classmethod
    def of(cls, sequences: Sequences) -> "Runs":
        """A step with several skills is an attempt at each of them."""
        steps, skills = expand_steps(sequences.skill_sets, sequences.vocabulary)
        ids = sequences.student_of_step()[steps] * sequences.n_skills + skills
        order = np.argsort(ids, kind="stable")
        starts = np.flatnonzero(np.diff(ids[order], prepend=-1))
        lengths = np.diff(np.append(starts, len(order)))
        return cls.lay_out(
            run_ids=ids[order][starts],
            skills=skills[order][starts],
            lengths=lengths,
            right=sequences.responses[steps][order] == 1,
            entries=order,
            weights=np.ones(len(starts)),
        )

    @classmethod
    def lay_out(
        cls,
        *,
        run_ids: NDArray[np.int64],
        skills: NDArray[np.int64],
        lengths: NDArray[np.int64],
        right: NDArray[np.bool_],
        entries: NDArray[np.int64],
        weights: Floats,
    ) -> "Runs":
        """From attempts that lie run after run."""
        longest_first = np.argsort(-lengths, kind="stable")
        place = np.empty_like(longest_first)
        place[longest_first] = np.arange(len(lengths))
        going = np.searchsorted(-lengths[longest_first], -np.arange(lengths.max(initial=0)), side="left")
        attempt = np.arange(len(right)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        at = (np.cumsum(going) - going)[attempt] + np.repeat(place, lengths)
        order = np.empty_like(at)
        order[at] = np.arange(len(at))
        goes_on = attempt + 1 < np.repeat(lengths, lengths)
        return cls(
            skills=skills[longest_first],
            weights=weights[longest_first],
            going=going,
            right=right[order],
            skill_of_attempt=np.repeat(skills, lengths)[order],
            weight_of_attempt=np.repeat(weights, lengths)[order],
            kind_of_attempt=(4 * np.repeat(skills, lengths) + 2 * right + goes_on)[order],
            entry=entries[order],
            run_ids=run_ids[longest_first],
        )

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Attempts of each run [R]."""
        return np.searchsorted(-self.going, -np.arange(len(self.skills)), side="left")

    def spans(self) -> list[slice]:
        """Where attempt 0, 1, 2 … of the runs still going lie."""
        ends = np.cumsum(self.going)
        return [slice(int(end - n), int(end)) for end, n in zip(ends, self.going, strict=True)]


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What the answers so far say of the hidden state."""

    before: Floats  # [E] P(known) before the answer
    after: Floats  # [E] P(known) at the attempt, given its answer
    likelihood: Floats  # [E] of the answer, given those before it
    if_known: Floats  # [E] likelihood of the answer if the skill was known
    if_unknown: Floats  # [E]


def forward(runs: Runs, parameters: Floats) -> Beliefs:
    """P(known) along every run, from the past alone; `parameters` [K, 5] are probabilities."""
    # by skill and answer, read at each attempt: cheaper than to gather and then choose
    slip, guess = parameters[:, SLIP], parameters[:, GUESS]
    answered = 2 * runs.skill_of_attempt + runs.right
    if_known = np.stack([slip, 1 - slip], axis=1).reshape(-1)[answered]
    if_unknown = np.stack([1 - guess, guess], axis=1).reshape(-1)[answered]
    before, after, likelihood = (np.empty(len(if_known)) for _ in range(3))
    kept, learnt = 1 - parameters[runs.skills, FORGET], parameters[runs.skills, LEARN]
    known = parameters[runs.skills, INIT]
    for span in runs.spans():
        n = span.stop - span.start
        before[span] = known[:n]
        joint = known[:n] * if_known[span]
        likelihood[span] = joint + (1 - known[:n]) * if_unknown[span]
        after[span] = joint / likelihood[span]
        known = after[span] * kept[:n] + (1 - after[span]) * learnt[:n]
    return Beliefs(before, after, likelihood, if_known, if_unknown)


def next_known(after: Floats, parameters: Floats) -> Floats:
    """P(known) at the next attempt, from P(known) at this one [E] and the parameters of its skill [E, 5]."""
    return np.asarray(after * (1 - parameters[:, FORGET]) + (1 - after) * parameters[:, LEARN])


def chance_right(known: Floats, parameters: Floats) -> Floats:
    """P(right) from P(known) [E] and the parameters of the skill [E, 5]."""
    return np.asarray(known * (1 - parameters[:, SLIP]) + (1 - known) * parameters[:, GUESS])


@dataclass(frozen=True, slots=True)
class Moments:
    """Expected events behind each parameter: how often it happened, of how often it could have."""

    happened: Floats  # [K, 5]
    tried: Floats  # [K, 5]
    log_likelihood: Floats  # [K]

    def score(self, parameters: Floats) -> Floats:
        """Derivative of the log-likelihood in the logit of each parameter [K, 5] (Fisher's identity)."""
        return self.happened - self.tried * parameters

    def __add__(self, other: "Moments") -> "Moments":
        """Of two lots of runs together."""
        return Moments(
            self.happened + other.happened,
            self.tried + other.tried,
            self.log_likelihood + other.log_likelihood,
        )


def expect(runs: Runs, parameters: Floats) -> Moments:
    """One E-step over all skills: forward, backward, and sums by skill."""
    n_skills = len(parameters)
    beliefs = forward(runs, parameters)
    known, learnt, forgot = _smooth(runs, parameters, beliefs)
    weights, first = runs.weight_of_attempt, runs.going[0]

    def by_skill(values: Floats) -> Floats:
        skills = runs.skill_of_attempt[: len(values)]
        return np.asarray(np.bincount(skills, weights=values, minlength=n_skills), np.float64)

    def by_kind(values: Floats) -> Floats:
        summed = np.bincount(runs.kind_of_attempt, weights=values, minlength=4 * n_skills)
        return np.asarray(summed, np.float64).reshape(n_skills, 2, 2)  # skill, right, goes on

    w_known = weights * known
    of_known, of_unknown = by_kind(w_known), by_kind(weights - w_known)
    happened = [
        by_skill(w_known[:first]),
        by_skill(weights * learnt),
        of_unknown[:, 1].sum(axis=1),
        of_known[:, 0].sum(axis=1),
        by_skill(weights * forgot),
    ]
    tried = [
        by_skill(weights[:first]),
        of_unknown[:, :, 1].sum(axis=1),
        of_unknown.sum(axis=(1, 2)),
        of_known.sum(axis=(1, 2)),
        of_known[:, :, 1].sum(axis=1),
    ]
    return Moments(
        happened=np.stack(happened, axis=1),
        tried=np.stack(tried, axis=1),
        log_likelihood=by_skill(weights * np.log(beliefs.likelihood)),
    )


def expect_all(blocks: Sequence[Runs], parameters: Floats) -> Moments:
    """The same of all blocks of runs, one after the other."""
    return reduce(add, (expect(runs, parameters) for runs in blocks))


def _smooth(runs: Runs, parameters: Floats, beliefs: Beliefs) -> tuple[Floats, Floats, Floats]:
    """Given the whole run: P(known) [E], P(learnt between the attempt before and this one) [E], P(forgot)."""
    spans = runs.spans()
    known, learnt, forgot = beliefs.after.copy(), np.zeros(len(runs.right)), np.zeros(len(runs.right))
    learn, forget = parameters[runs.skills, LEARN], parameters[runs.skills, FORGET]
    up = beliefs.if_known / beliefs.likelihood
    down = beliefs.if_unknown / beliefs.likelihood
    # b: likelihood of the answers after an attempt, per state, over their likelihood given the past
    b_known, b_unknown = np.ones(len(runs.skills)), np.ones(len(runs.skills))
    for span, following in zip(reversed(spans[:-1]), reversed(spans[1:]), strict=True):
        n = following.stop - following.start
        here = slice(span.start, span.start + n)
        from_known, from_unknown = up[following] * b_known[:n], down[following] * b_unknown[:n]
        after = beliefs.after[here]
        learnt[following] = (1 - after) * learn[:n] * from_known
        forgot[following] = after * forget[:n] * from_unknown
        b_known[:n] = (1 - forget[:n]) * from_known + forget[:n] * from_unknown
        b_unknown[:n] = learn[:n] * from_known + (1 - learn[:n]) * from_unknown
        known[here] = after * b_known[:n]
    return known, learnt, forgot
