"""Small data and small networks for the tests of the science."""

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa

from ikt_model.config import ExperimentConfig, resolve_config
from ikt_model.data.alignment import number_sets
from ikt_model.data.sequences import Sequences, offsets_of
from ikt_model.data.simulate import Classroom, simulate_classroom
from ikt_model.data.tally import Tally
from ikt_model.references import Calibration, ReferenceTargets, calibrate
from ikt_model.training import TrainingResult, train


def classroom(
    n_students: int = 120, n_skills: int = 8, seed: int = 1, mean_length: float = 20.0
) -> Classroom:
    return simulate_classroom(n_students=n_students, n_skills=n_skills, seed=seed, mean_length=mean_length)


def random_histories(n_students: int, *, seed: int, longest: int = 40) -> Sequences:
    """Histories of single and of several skills per step, with no structure at all."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, longest + 1, n_students)
    vocabulary, _ = number_sets([(0, 1), (1, 2, 4)], ("a", "b", "c", "d", "e"))
    return Sequences(
        student_ids=pa.array([f"student {index}" for index in range(n_students)], pa.string()),
        folds=(np.arange(n_students) % 5).astype(np.int16),
        offsets=offsets_of(lengths),
        skill_sets=rng.integers(0, vocabulary.n_sets, lengths.sum()).astype(np.int32),
        responses=rng.integers(0, 2, lengths.sum()).astype(np.int8),
        vocabulary=vocabulary,
    )


class Unreal:
    """A reference whose abilities are not numbers."""

    def __init__(self, calibration: Calibration) -> None:
        self.difficulty, self.decay = calibration.difficulty, calibration.decay
        self._targets = calibration.targets

    def targets(self, sequences: Sequences) -> ReferenceTargets:
        real = self._targets(sequences)
        return dataclasses.replace(real, theta=real.theta * np.float32(np.nan))


def with_responses(sequences: Sequences, responses: np.ndarray) -> Sequences:
    return Sequences(
        student_ids=sequences.student_ids,
        folds=sequences.folds,
        offsets=sequences.offsets,
        skill_sets=sequences.skill_sets,
        responses=responses.astype(np.int8),
        vocabulary=sequences.vocabulary,
    )


def first_steps(sequences: Sequences, student: int, n_steps: int) -> Sequences:
    """The beginning of one student's history, alone."""
    start = int(sequences.offsets[student])
    return Sequences(
        student_ids=sequences.student_ids[student : student + 1],
        folds=sequences.folds[student : student + 1],
        offsets=np.array([0, n_steps]),
        skill_sets=sequences.skill_sets[start : start + n_steps],
        responses=sequences.responses[start : start + n_steps],
        vocabulary=sequences.vocabulary,
    )


def tiny_config(**loss: object) -> ExperimentConfig:
    """Trains in a fraction of a second."""
    return resolve_config(
        None,
        {
            "model": {"d_model": 16, "n_heads": 2, "n_blocks": 1, "d_ff": 16, "window": 30},
            "training": {"epochs": 3, "batch_tokens": 512},
            "loss": loss,
        },
    )


def train_on(sequences: Sequences, config: ExperimentConfig, folder: Path) -> TrainingResult:
    """A whole training with fold 0 held out."""
    return train(
        config,
        sequences,
        fold=0,
        calibration=calibrate(sequences.select(sequences.folds != 0), settings=config.reference),
        device="cpu",
        folder=folder,
        on_epoch=lambda _: None,
        on_progress=lambda _: True,
    )


def mastery_logits(calibration: Calibration, sequences: Sequences) -> np.ndarray:
    """What the reference says of every skill after each student's whole history [S, K]."""
    tally = Tally.of(sequences, decay=calibration.decay)
    return calibration.standing(calibration.remember(sequences), tally).mastery_logit
