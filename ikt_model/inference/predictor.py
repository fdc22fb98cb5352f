"""A trained model's say on whole histories: trajectories, mastery along the way, figures on other students.

K skills, T responses. Evidence and reference run over the whole history, the network reads it through the
windows of `windows.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor

from ikt_model.checkpoint import StoredModel, load_model
from ikt_model.data.alignment import align_skills
from ikt_model.data.batches import SkillSets, WindowedSteps, Windows, batch_rows
from ikt_model.data.beginnings import beginnings_of
from ikt_model.data.sequences import Sequences
from ikt_model.data.tally import Tally
from ikt_model.evaluation import NothingToEvaluate, predict, predictions_table
from ikt_model.inference.histories import Histories, History, Numbering
from ikt_model.inference.windows import overlapping_windows
from ikt_model.losses import lambda_at
from ikt_model.metrics import HeldOut, evaluate_predictions
from ikt_model.references import ReferenceTargets
from ikt_model.tracer import Known

Floats = NDArray[np.float32]

FORWARD_TOKENS = 16_384

Protocol = Literal["window", "history"]
"""Which responses an evaluation predicts, and from how much.

`window`: as training measures, histories are cut into windows, a rest under 3 responses is dropped, and the
first response of each window is not asked. `history`: as students are served, every response but a student's
first is asked, with at least half a window of context.
"""


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
class Evaluation:
    """Held-out metrics on other data, and what was left out of it."""

    protocol: Protocol
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
        self._numbering = Numbering(model.skills)
        self.skills = model.skills
        self.config = model.config
        self.has_ability = model.network.has_ability
        # A network without difficulties of its own (DKT) has only the reference's to show.
        own = model.network if self.has_ability else model.calibration
        self.difficulty: Floats = np.asarray(torch.as_tensor(own.difficulty).detach(), np.float32)
        self.difficulty_se = model.calibration.difficulty_se
        self.n_responses_per_skill = model.calibration.responses_per_skill

    @classmethod
    def load(cls, folder: Path) -> "Predictor":
        """Read a model folder. Raises ModelUnreadable."""
        return cls(load_model(folder))

    def trajectory(self, history: History) -> Trajectory:
        """Ability after every response, from the past alone."""
        sequences, known = self._numbering.sequences(Histories.of([history]))
        walk = self._walk(sequences)
        unasked = np.full(min(1, sequences.n_responses), np.nan, np.float32)
        return Trajectory(
            known=known,
            theta=walk.theta,
            theta_reference=walk.targets.theta,
            theta_reference_sd=walk.targets.theta_sd,
            probability=np.concatenate([unasked, expit(walk.logit[:-1])]),
            mastery=np.concatenate([unasked, expit(walk.mastery_logit[:-1])]),
        )

    def mastery_along(self, history: History, counts: Sequence[int]) -> Floats:
        """Mastery of every skill after the first n responses, for each n of `counts` [P, K].

        The network reads the history once, however many moments are asked about.
        """
        if not all(0 <= count <= len(history.responses) for count in counts):
            raise ValueError(f"counts: each must be 0 to {len(history.responses)}, the history's length")
        sequences, known = self._numbering.sequences(Histories.of([history]))
        lengths = np.concatenate([[0], np.cumsum(known)])[np.asarray(counts, np.int64)]
        beginnings = beginnings_of(sequences, lengths)
        calibration = self._model.calibration
        tally = Tally.of(beginnings, decay=calibration.decay)
        reference = calibration.standing(calibration.remember(beginnings), tally).mastery_logit
        states, began = self._states(sequences), np.flatnonzero(lengths)
        with torch.inference_mode():
            of_reference = torch.as_tensor(reference.astype(np.float32))
            nobody = self._network.before_any_response(of_reference).numpy()
            logits = np.broadcast_to(nobody, reference.shape).copy()
            seen = Known(
                state=states[lengths[began] - 1],
                query=torch.as_tensor(tally.query[began]),
                reference=of_reference[began],
                prepared=self._network.prepare(),
            )
            logits[began] = self._network.every_skill(seen)[1].numpy()
        return np.asarray(expit(logits))

    @property
    def difficulty_reference(self) -> NDArray[np.float64]:
        """β^ref of every skill [K], logits."""
        return self._model.calibration.difficulty

    def evaluate(self, sequences: Sequences, *, protocol: Protocol = "window") -> Evaluation:
        """All held-out metrics on these students.

        Raises NothingToEvaluate when no history is long enough.
        """
        if protocol not in get_args(Protocol):
            raise ValueError(f"protocol: {protocol!r} must be one of {', '.join(get_args(Protocol))}")
        aligned, known = align_skills(sequences, self.skills)
        if not known.any():
            raise NothingToEvaluate(
                f"the model knows none of the data's skills: they are {_some(sequences.vocabulary.names)}, "
                f"the model's are {_some(self.skills)}; name them alike"
            )
        loss = self.config.loss
        lambda_ = lambda_at(self.config.training.epochs, loss)
        seen = self._windows(aligned) if protocol == "window" else self._histories(aligned)
        return Evaluation(
            protocol=protocol,
            metrics=evaluate_predictions(seen, loss=loss, lambda_=lambda_, target_std=self._model.target_std),
            predictions=predictions_table(seen, aligned),
            n_students=aligned.n_students,
            n_responses=aligned.n_responses,
            n_predicted=len(seen.step),
            unknown_skills=tuple(sorted(set(sequences.vocabulary.names) - set(self.skills))),
        )

    def _windows(self, sequences: Sequences) -> HeldOut:
        everyone = np.ones(sequences.n_students, dtype=bool)
        return predict(
            self._network,
            self._steps(sequences, self._model.calibration.targets(sequences)),
            Windows.cut(sequences, window=self.config.model.window, students=everyone),
            loss=self.config.loss,
            difficulty_reference=self._model.calibration.difficulty,
        )

    def _histories(self, sequences: Sequences) -> HeldOut:
        """Whole histories, each of them one sequence to the metrics."""
        owner = sequences.student_of_step()
        position = np.arange(sequences.n_responses) - sequences.offsets[owner]
        step = np.flatnonzero(position > 0)
        if not len(step):
            raise NothingToEvaluate("no history has at least 2 responses; add data")
        walk = self._walk(sequences)
        targets, reference = walk.targets, self._model.calibration.difficulty
        is_dynamic = self.config.loss.ability_target == "dynamic"
        practised = np.flatnonzero(sequences.lengths)
        beta_reference = SkillSets.of(sequences.vocabulary, device="cpu").mean(
            torch.as_tensor(reference, dtype=torch.float32)[:, None]
        )
        return HeldOut(
            step=step,
            position=position[step],
            response=sequences.responses[step].astype(np.float32),
            logit=walk.logit[step - 1],
            mastery_logit=walk.mastery_logit[step - 1],
            mastery_after_logit=walk.mastery_after_logit[step],
            mastery_reference_logit=targets.mastery_logit[step],
            theta_asked=walk.theta[step - 1],
            theta_reference_asked=targets.theta[step - 1],
            beta_asked=walk.beta_next[step - 1],
            beta_reference_asked=beta_reference.squeeze(-1).numpy()[sequences.skill_sets[step]],
            theta=walk.theta,
            theta_reference=targets.theta,
            theta_target=targets.theta if is_dynamic else targets.theta_static[owner],
            window=np.searchsorted(practised, owner),
            theta_static=targets.theta_static[practised],
            difficulty=self.difficulty.astype(np.float64),
            difficulty_reference=reference,
        )

    def _steps(self, sequences: Sequences, targets: ReferenceTargets) -> WindowedSteps:
        return WindowedSteps(sequences, targets, decay=self._model.calibration.decay)

    def _walk(self, sequences: Sequences) -> "_Walk":
        """Everything the network says at every step of these students."""
        targets = self._model.calibration.targets(sequences)
        data = self._steps(sequences, targets)
        windows, first_fresh = overlapping_windows(sequences, window=self.config.model.window)
        n_steps = sequences.n_responses
        logit, mastery, mastery_after, theta, beta = torch.zeros(5, n_steps)
        with torch.inference_mode():
            for rows in batch_rows(windows.lengths, batch_tokens=FORWARD_TOKENS):
                batch = data.gather(windows, rows, looks_on=True)
                fresh = batch.valid & (batch.steps >= torch.as_tensor(first_fresh[rows])[:, None])
                output = self._network(batch)
                at = batch.steps[fresh]
                logit[at], theta[at] = output.logit[fresh], output.theta[fresh]
                mastery[at], mastery_after[at] = (
                    output.mastery_logit[fresh],
                    output.mastery_after_logit[fresh],
                )
                beta[at] = output.beta[fresh]
        return _Walk(
            logit=logit.numpy(),
            mastery_logit=mastery.numpy(),
            mastery_after_logit=mastery_after.numpy(),
            theta=theta.numpy(),
            beta_next=beta.numpy(),
            targets=targets,
        )

    def _states(self, sequences: Sequences) -> Tensor:
        """What the network keeps of a student after every step [N, W]."""
        data = self._steps(sequences, self._model.calibration.targets(sequences))
        windows, first_fresh = overlapping_windows(sequences, window=self.config.model.window)
        states = torch.zeros(sequences.n_responses, self._network.state_width)
        with torch.inference_mode():
            for rows in batch_rows(windows.lengths, batch_tokens=FORWARD_TOKENS):
                batch = data.gather(windows, rows, looks_on=True)
                fresh = batch.valid & (batch.steps >= torch.as_tensor(first_fresh[rows])[:, None])
                states[batch.steps[fresh]] = self._network(batch).states[fresh]
        return states


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(map(repr, names[:3])) + (", …" if len(names) > 3 else "")


@dataclass(frozen=True, slots=True)
class _Walk:
    """What the network says of some students, S of them with N steps in all."""

    logit: Floats  # [N] Head 1 at t, of the step after it; without meaning at a student's last step
    mastery_logit: Floats  # [N] Head 2 at t, likewise
    mastery_after_logit: Floats  # [N] Head 2 of step t itself, after its response
    theta: Floats  # [N] after step t
    beta_next: Floats  # [N] of the step after t
    targets: ReferenceTargets
