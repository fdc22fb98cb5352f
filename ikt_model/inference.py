"""A trained model in use: trajectories, mastery of every skill, and evaluation on other students.

K skills, T responses. Histories longer than the model's window are read through windows that overlap by
half, so that an answer always rests on at least half a window of context; evidence and reference run over
the whole history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor

from ikt_model.checkpoint import StoredModel, load_model
from ikt_model.data.alignment import align_skills, number_sets
from ikt_model.data.batches import SkillSets, WindowedSteps, Windows, batch_rows
from ikt_model.data.features import evidence_by_skill
from ikt_model.data.sequences import Sequences, SkillVocabulary, offsets_of
from ikt_model.evaluation import NothingToEvaluate, predict, predictions_table
from ikt_model.losses import lambda_at
from ikt_model.metrics import evaluate_predictions
from ikt_model.references import ReferenceTargets

Floats = NDArray[np.float32]

FORWARD_TOKENS = 16_384


@dataclass(frozen=True, slots=True)
class History:
    """One student's responses in order of practice."""

    skills: Sequence[Sequence[str]]  # names of each step's skills
    responses: Sequence[int]  # 0 or 1

    def __post_init__(self) -> None:
        if len(self.skills) != len(self.responses):
            raise ValueError(f"responses: {len(self.responses)} for {len(self.skills)} steps; give one each")
        if not set(self.responses) <= {0, 1}:
            raise ValueError("responses: each must be 0 (wrong) or 1 (right)")


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Per response that the model can use; `known` says which of the history's those are."""

    known: NDArray[np.bool_]  # [all] false where none of the step's skills is known to the model
    theta: Floats  # [T] ability AFTER the response
    theta_reference: Floats  # [T] the reference's, after the response
    theta_reference_sd: Floats  # [T]
    probability: Floats  # [T] Head 1's forecast of this response BEFORE it was seen; NaN for the first
    mastery: Floats  # [T] Head 2's of the skill practised, before the response; NaN for the first


@dataclass(frozen=True, slots=True)
class StudentState:
    """Where a student stands after the last response."""

    theta: float
    theta_reference: float
    theta_reference_sd: float
    mastery: Floats  # [K] Head 2: σ(θ − β)
    probability: Floats  # [K] Head 1: that the next response on the skill is right
    mastery_reference: Floats  # [K]
    attempts: NDArray[np.int64]  # [K] responses on the skill
    n_responses: int  # that the model could use


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Held-out metrics on other data, and what was left out of it."""

    metrics: dict[str, float]
    predictions: pa.Table
    n_students: int
    n_responses: int  # that the model could use
    n_predicted: int
    unknown_skills: tuple[str, ...]


class Predictor:
    """A model loaded once; safe to share between threads."""

    def __init__(self, model: StoredModel) -> None:
        self._model = model
        self._network = model.network
        self.skills = model.skills
        self.config = model.config
        self.difficulty: Floats = model.network.difficulty.detach().cpu().numpy()
        self.difficulty_se = model.calibration.difficulty_se
        self.n_responses_per_skill = model.calibration.responses_per_skill
        vocabulary = SkillVocabulary.of_single_skills(self.skills)
        self._single_skills = SkillSets.of(vocabulary, device="cpu")

    @classmethod
    def load(cls, folder: Path) -> "Predictor":
        """Read a model folder. Raises ModelUnreadable."""
        return cls(load_model(folder))

    def trajectory(self, history: History) -> Trajectory:
        """Ability after every response, from the past alone."""
        sequences, known = self._sequences([history])
        walk = self._walk(sequences)
        unasked = np.full(min(1, sequences.n_responses), np.nan, np.float32)
        return Trajectory(
            known=known,
            theta=walk.theta,
            theta_reference=walk.targets.theta,
            theta_reference_sd=walk.targets.theta_sd,
            probability=np.concatenate([unasked, expit(walk.logit[:-1])]),
            mastery=np.concatenate([unasked, expit(walk.theta[:-1] - walk.beta[1:])]),
        )

    def state(self, history: History) -> StudentState:
        """Ability, and mastery of every skill, after the last response; the prior's when there is none."""
        return self.states([history])[0]

    def states(self, histories: Sequence[History]) -> list[StudentState]:
        """`state` of many students in one pass."""
        if not histories:
            return []
        sequences, _ = self._sequences(histories)
        walk = self._walk(sequences)
        return [self._state_of(sequences, walk, student) for student in range(sequences.n_students)]

    def evaluate(self, sequences: Sequences) -> Evaluation:
        """All held-out metrics on these students, by the protocol of training (windows, first response
        unasked).

        Raises NothingToEvaluate when no history is long enough.
        """
        aligned, known = align_skills(sequences, self.skills)
        if not known.any():
            raise NothingToEvaluate(
                f"the model knows none of the data's skills: they are {_some(sequences.vocabulary.names)}, "
                f"the model's are {_some(self.skills)}; name them alike"
            )
        targets = self._model.calibration.targets(aligned)
        loss = self.config.loss
        lambda_ = lambda_at(self.config.training.epochs, loss)
        everyone = np.ones(aligned.n_students, dtype=bool)
        seen = predict(
            self._network,
            WindowedSteps(aligned, targets),
            Windows.cut(aligned, window=self.config.model.window, students=everyone),
            loss=loss,
            difficulty_reference=self._model.calibration.difficulty,
        )
        return Evaluation(
            metrics=evaluate_predictions(seen, loss=loss, lambda_=lambda_, target_std=self._model.target_std),
            predictions=predictions_table(seen, aligned),
            n_students=aligned.n_students,
            n_responses=aligned.n_responses,
            n_predicted=len(seen.step),
            unknown_skills=tuple(sorted(set(sequences.vocabulary.names) - set(self.skills))),
        )

    def _sequences(self, histories: Sequence[History]) -> tuple[Sequences, NDArray[np.bool_]]:
        """Histories in the model's numbering, and which of their steps are known."""
        position = {name: index for index, name in enumerate(self.skills)}
        sets = [
            tuple(sorted({position[name] for name in names if name in position}))
            for names in chain.from_iterable(history.skills for history in histories)
        ]
        vocabulary, ids = number_sets(sets, self.skills)
        known = ids >= 0
        owner = np.repeat(np.arange(len(histories)), [len(history.responses) for history in histories])
        responses = np.array(list(chain.from_iterable(history.responses for history in histories)), np.int8)
        sequences = Sequences(
            student_ids=pa.array([str(index) for index in range(len(histories))], pa.string()),
            folds=np.zeros(len(histories), np.int16),
            offsets=offsets_of(np.bincount(owner[known], minlength=len(histories))),
            skill_sets=ids[known],
            responses=responses[known],
            vocabulary=vocabulary,
        )
        return sequences, known

    def _walk(self, sequences: Sequences) -> "_Walk":
        """Everything the network says at every step of these students."""
        targets = self._model.calibration.targets(sequences)
        data = WindowedSteps(sequences, targets)
        windows, first_fresh = overlapping_windows(sequences, window=self.config.model.window)
        n_steps = sequences.n_responses
        logit, theta = torch.zeros(n_steps), torch.zeros(n_steps)
        final = torch.zeros(sequences.n_students, 2 * self.config.model.d_model)
        last_step = torch.as_tensor(sequences.offsets[1:] - 1)
        owner = torch.as_tensor(sequences.student_of_step())
        with torch.inference_mode():
            for rows in batch_rows(windows.lengths, batch_tokens=FORWARD_TOKENS):
                batch = data.gather(windows, rows)
                fresh = batch.valid & (batch.steps >= torch.as_tensor(first_fresh[rows])[:, None])
                states = self._network.encode(batch)
                following = torch.clamp(batch.steps + 1, max=n_steps - 1)
                forecast = self._network.logits(
                    states, skill_sets=data.skill_sets[following], query=data.query[following], sets=data.sets
                )
                at = batch.steps[fresh]
                logit[at], theta[at] = forecast[fresh], self._network.theta(states)[fresh]
                is_last = at == last_step[owner[at]]
                final[owner[at[is_last]]] = states[fresh][is_last]
            beta = self._network.set_difficulty(data.sets)[data.skill_sets]
        return _Walk(final, logit.numpy(), theta.numpy(), beta.numpy(), targets)

    def _state_of(self, sequences: Sequences, walk: "_Walk", student: int) -> StudentState:
        steps = sequences.history(student)
        known = evidence_by_skill(
            sequences.skill_sets[steps], sequences.responses[steps], sequences.vocabulary
        )
        calibration = self._model.calibration
        if steps.stop == steps.start:
            mastery = expit(-self.difficulty).astype(np.float32)
            reference = expit(-calibration.difficulty).astype(np.float32)
            return StudentState(
                theta=0.0,
                theta_reference=0.0,
                theta_reference_sd=calibration.ability_sd,
                mastery=mastery,
                probability=mastery,
                mastery_reference=reference,
                attempts=known.attempts,
                n_responses=0,
            )
        last = steps.stop - 1
        theta, theta_reference = float(walk.theta[last]), float(walk.targets.theta[last])
        return StudentState(
            theta=theta,
            theta_reference=theta_reference,
            theta_reference_sd=float(walk.targets.theta_sd[last]),
            mastery=expit(theta - self.difficulty).astype(np.float32),
            probability=self._probabilities(walk.final_states[student], known.query),
            mastery_reference=expit(theta_reference - calibration.difficulty).astype(np.float32),
            attempts=known.attempts,
            n_responses=steps.stop - steps.start,
        )

    def _probabilities(self, state: Tensor, query: Floats) -> Floats:
        """Head 1 for every single skill, [K]."""
        n_skills = len(self.skills)
        with torch.inference_mode():
            logit = self._network.logits(
                state.expand(n_skills, -1),
                skill_sets=torch.arange(n_skills),
                query=torch.as_tensor(query),
                sets=self._single_skills,
            )
        return np.asarray(expit(logit.numpy()), np.float32)


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(map(repr, names[:3])) + (", …" if len(names) > 3 else "")


@dataclass(frozen=True, slots=True)
class _Walk:
    """What the network says of some students, S of them with N steps in all."""

    final_states: Tensor  # [S, 2D] encoder state after each student's last step
    logit: Floats  # [N] Head 1 at t, of the step after it; without meaning at a student's last step
    theta: Floats  # [N] after step t
    beta: Floats  # [N] of step t
    targets: ReferenceTargets


def overlapping_windows(sequences: Sequences, *, window: int) -> tuple[Windows, NDArray[np.int64]]:
    """Windows that move on by half their length, and the first step [W] that each is to answer for.

    Answering only for its second half (the first window: for all of it), a window always has context behind
    it.
    """
    stride = window // 2
    chosen = np.flatnonzero(sequences.lengths > 0)
    lengths = sequences.lengths[chosen]
    per_student = 1 + np.maximum(0, -(-(lengths - window) // stride))
    owner = np.repeat(np.arange(len(chosen)), per_student)
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(per_student) - per_student, per_student)
    starts = sequences.offsets[chosen][owner] + rank * stride
    sizes = np.minimum(window, lengths[owner] - rank * stride)
    first_fresh = np.where(rank == 0, starts, starts + window - stride)
    return Windows(starts, sizes, chosen[owner]), first_fresh
