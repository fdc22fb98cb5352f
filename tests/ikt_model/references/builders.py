"""Students whose answers follow a known model."""

import numpy as np
import pyarrow as pa
from scipy.special import expit

from ikt_model.data.sequences import Sequences, SkillVocabulary, offsets_of
from ikt_model.settings import BktSettings, PfaSettings, RaschSettings, ReferenceSettings, SkillRateSettings

EVERY_REFERENCE: tuple[ReferenceSettings, ...] = (
    SkillRateSettings(),
    RaschSettings(),
    RaschSettings(ability="maximum-likelihood"),
    RaschSettings(difficulty="joint"),
    RaschSettings(difficulty="joint", ability="maximum-likelihood"),
    PfaSettings(),
    BktSettings(),
    BktSettings(forgetting=False),
)


def sequences_of(skills: np.ndarray, responses: np.ndarray, lengths: np.ndarray, n_skills: int) -> Sequences:
    """Steps of one skill each, student after student."""
    return Sequences(
        student_ids=pa.array([f"student {index}" for index in range(len(lengths))], pa.string()),
        folds=(np.arange(len(lengths)) % 5).astype(np.int16),
        offsets=offsets_of(lengths),
        skill_sets=skills.astype(np.int32),
        responses=responses.astype(np.int8),
        vocabulary=SkillVocabulary.of_single_skills([f"skill {index}" for index in range(n_skills)]),
    )


def full_design(theta: np.ndarray, beta: np.ndarray, *, seed: int) -> Sequences:
    """Every student answers every skill once, as the Rasch model says."""
    rng = np.random.default_rng(seed)
    right = rng.random((len(theta), len(beta))) < expit(theta[:, None] - beta)
    skills = np.tile(np.arange(len(beta)), len(theta))
    return sequences_of(skills, right.reshape(-1), np.full(len(theta), len(beta)), len(beta))


def bkt_classroom(parameters: np.ndarray, *, n_students: int, attempts: int, seed: int) -> Sequences:
    """Every student tries every skill so often, one skill after the other; `parameters` [K, 5]."""
    rng = np.random.default_rng(seed)
    init, learn, guess, slip, forget = parameters.T
    shape = (n_students, len(parameters))
    known = rng.random(shape) < init
    answers = np.empty((*shape, attempts), bool)
    for attempt in range(attempts):
        answers[:, :, attempt] = rng.random(shape) < np.where(known, 1 - slip, guess)
        known = np.where(known, rng.random(shape) >= forget, rng.random(shape) < learn)
    skills = np.tile(np.repeat(np.arange(len(parameters)), attempts), n_students)
    lengths = np.full(n_students, len(parameters) * attempts)
    return sequences_of(skills, answers.reshape(-1), lengths, len(parameters))


def with_one_more_step(sequences: Sequences, skill: int) -> Sequences:
    """Every student is asked this skill once more; the answer given is wrong."""
    ends = sequences.offsets[1:]
    return Sequences(
        student_ids=sequences.student_ids,
        folds=sequences.folds,
        offsets=sequences.offsets + np.arange(len(sequences.offsets)),
        skill_sets=np.insert(sequences.skill_sets, ends, np.int32(skill)),
        responses=np.insert(sequences.responses, ends, np.int8(0)),
        vocabulary=sequences.vocabulary,
    )
