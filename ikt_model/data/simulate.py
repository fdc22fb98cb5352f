"""A simulated classroom: responses whose abilities and difficulties are known.

The model, for student s on skill k at step t (n earlier attempts of s at k):

    β_k      ~ N(−1.3, 0.7²)                       difficulty of the skill
    θ_{s,0}  ~ N(−0.4, 0.75²)                      ability when the student arrives
    g_s      = 0.2 · exp(0.5·z), z ~ N(0, 1)       how fast the student learns
    θ_{s,t}  = θ_{s,0} + g_s · (log(1 + n) + 0.2 · log(1 + t))
    r_{s,t}  ~ Bernoulli(σ(θ_{s,t} − β_k))         Rasch

so practice of a skill raises the ability on that skill, and by a fifth of it everywhere. Values are
near those of a Rasch fit to ASSISTments 2015, where abilities are centred over all steps: students
therefore arrive below 0.

Students practise a skill in a run, until three answers in a row are right or after twelve attempts.
Then comes the next skill of the curriculum, or with probability 0.3 any skill. The number of steps
is log-normal (σ 0.9, at least 2, at most eight times the mean). Answers follow each other within
minutes, with a break of a day or so now and then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.special import expit

from ikt_model.data.folds import assign_folds
from ikt_model.data.sequences import Sequences, SkillVocabulary
from ikt_model.data.vocabulary import offsets_of

DIFFICULTY_MEAN, DIFFICULTY_SD = -1.3, 0.7
ARRIVAL_MEAN, ARRIVAL_SD = -0.4, 0.75
GAIN_MEDIAN, GAIN_LOG_SD, TRANSFER = 0.2, 0.5, 0.2
LENGTH_LOG_SD, SHORTEST, LONGEST_IN_MEANS = 0.9, 2, 8
STREAK_TO_LEAVE, LONGEST_RUN, JUMP_PROBABILITY = 3, 12, 0.3
FIRST_DAY_MS = 1_725_264_000_000  # 2024-09-02T08:00:00Z
DAY_MS, SHORTEST_GAP_MS, MEAN_EXTRA_GAP_MS, BREAK_PROBABILITY = 86_400_000, 10_000, 40_000.0, 0.04
ENROLMENT_DAYS = 30
CHUNK_STUDENTS = 8192  # bounds the table of attempts by student and skill
CHUNK_ROWS = 2**20


@dataclass(frozen=True, eq=False)
class Classroom:
    """Simulated responses and the truth behind them."""

    sequences: Sequences
    theta: NDArray[np.float64]  # [N] ability at each step, before its response, on the skill practised
    ability: NDArray[np.float64]  # [S] ability on arrival
    gain: NDArray[np.float64]  # [S] how fast each student learns
    difficulty: NDArray[np.float64]  # [K]


@dataclass(frozen=True, eq=False)
class _Practice:
    """Steps of some students, flat, student after student."""

    skills: NDArray[np.int32]
    responses: NDArray[np.int8]
    theta: NDArray[np.float64]


def simulate_classroom(
    *, n_students: int, n_skills: int, seed: int = 0, mean_length: float = 36.0
) -> Classroom:
    """Simulate a classroom; the same arguments give the same classroom."""
    _require_classroom(n_students=n_students, n_skills=n_skills, mean_length=mean_length)
    rng = np.random.default_rng(seed)
    difficulty = rng.normal(DIFFICULTY_MEAN, DIFFICULTY_SD, n_skills)
    ability = rng.normal(ARRIVAL_MEAN, ARRIVAL_SD, n_students)
    gain = GAIN_MEDIAN * np.exp(rng.normal(0.0, GAIN_LOG_SD, n_students))
    lengths = _lengths(rng, n_students, mean_length)
    practices = [
        _practise(
            rng, ability=ability[chunk], gain=gain[chunk], lengths=lengths[chunk], difficulty=difficulty
        )
        for start in range(0, n_students, CHUNK_STUDENTS)
        for chunk in [slice(start, start + CHUNK_STUDENTS)]
    ]
    student_ids = _numbered("student", n_students)
    sequences = Sequences(
        student_ids=pa.array(student_ids, pa.string()),
        folds=assign_folds(student_ids),
        offsets=offsets_of(lengths),
        skill_sets=np.concatenate([practice.skills for practice in practices]),
        responses=np.concatenate([practice.responses for practice in practices]),
        vocabulary=SkillVocabulary.of_single_skills(_numbered("skill", n_skills)),
        timestamps=_timestamps(rng, lengths),
    )
    theta = np.concatenate([practice.theta for practice in practices])
    return Classroom(sequences, theta=theta, ability=ability, gain=gain, difficulty=difficulty)


def with_fixed_abilities(classroom: Classroom, *, seed: int) -> Classroom:
    """The same practice, answered by students whose ability stays what it is, θ_s ~ N(0, 0.75²): the Rasch
    model's own world.
    """
    rng = np.random.default_rng([seed, 1])
    practice = classroom.sequences
    ability = rng.normal(0.0, ARRIVAL_SD, practice.n_students)
    theta = ability[practice.student_of_step()]
    chance = expit(theta - classroom.difficulty[practice.skill_sets])
    responses = (rng.random(len(chance)) < chance).astype(np.int8)
    gain = np.zeros(practice.n_students)
    answered = replace(practice, responses=responses)
    return replace(classroom, sequences=answered, theta=theta, ability=ability, gain=gain)


def _require_classroom(*, n_students: int, n_skills: int, mean_length: float) -> None:
    for name, value in (("n_students", n_students), ("n_skills", n_skills)):
        if value < 1:
            raise ValueError(f"{name}: must be at least 1, got {value}")
    if mean_length < SHORTEST:
        raise ValueError(f"mean_length: must be at least {SHORTEST}, got {mean_length}")


def _numbered(word: str, count: int) -> list[str]:
    width = len(str(count))  # one width, so that the order of names is the order of numbers
    return [f"{word}-{number:0{width}d}" for number in range(1, count + 1)]


def _lengths(rng: np.random.Generator, n_students: int, mean_length: float) -> NDArray[np.int64]:
    log_mean = np.log(mean_length) - LENGTH_LOG_SD**2 / 2
    lengths = np.rint(rng.lognormal(log_mean, LENGTH_LOG_SD, n_students))
    return np.clip(lengths, SHORTEST, LONGEST_IN_MEANS * mean_length).astype(np.int64)


def _practise(
    rng: np.random.Generator,
    *,
    ability: NDArray[np.float64],
    gain: NDArray[np.float64],
    lengths: NDArray[np.int64],
    difficulty: NDArray[np.float64],
) -> _Practice:
    n_students, n_skills = len(ability), len(difficulty)
    order = np.argsort(
        -lengths, kind="stable"
    )  # longest first: those still at work are always the first ones
    ability, gain, starts = ability[order], gain[order], offsets_of(lengths)[:-1][order]
    at_work = n_students - np.searchsorted(np.sort(lengths), np.arange(lengths.max()), side="right")
    n_steps = int(lengths.sum())
    practice = _Practice(np.empty(n_steps, np.int32), np.empty(n_steps, np.int8), np.empty(n_steps))
    attempts = np.zeros((n_students, n_skills), dtype=np.int32)
    skill = rng.integers(0, n_skills, n_students).astype(np.int32)
    streak, run = np.zeros(n_students, np.int64), np.zeros(n_students, np.int64)
    for step, n in enumerate(at_work.tolist()):
        now, students = skill[:n], np.arange(n)
        practised = np.log1p(attempts[students, now]) + TRANSFER * np.log1p(step)
        theta = ability[:n] + gain[:n] * practised
        right = rng.random(n) < 1.0 / (1.0 + np.exp(difficulty[now] - theta))
        flat = starts[:n] + step
        practice.skills[flat], practice.responses[flat], practice.theta[flat] = now, right, theta
        attempts[students, now] += 1
        streak[:n] = np.where(right, streak[:n] + 1, 0)
        run[:n] += 1
        done = (streak[:n] >= STREAK_TO_LEAVE) | (run[:n] >= LONGEST_RUN)
        jump = rng.random(n) < JUMP_PROBABILITY
        following = np.where(jump, rng.integers(0, n_skills, n), (now + 1) % n_skills)
        skill[:n] = np.where(done, following, now)
        streak[:n][done], run[:n][done] = 0, 0
    return practice


def _timestamps(rng: np.random.Generator, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    n_steps, starts = int(lengths.sum()), offsets_of(lengths)[:-1]
    gaps = SHORTEST_GAP_MS + rng.exponential(MEAN_EXTRA_GAP_MS, n_steps)
    gaps += (rng.random(n_steps) < BREAK_PROBABILITY) * rng.uniform(0.5, 3.0, n_steps) * DAY_MS
    gaps[starts] = rng.uniform(0.0, ENROLMENT_DAYS * DAY_MS, len(lengths))
    elapsed = np.cumsum(gaps.astype(np.int64))
    before = elapsed[starts] - gaps[starts].astype(np.int64)
    return FIRST_DAY_MS + elapsed - np.repeat(before, lengths)


def write_simulated_events(
    path: Path, *, n_students: int, n_skills: int, seed: int = 0, mean_length: float = 36.0
) -> int:
    """Simulate a classroom of any size straight to a Parquet file, and say how many rows it has.

    Students come and go in groups of CHUNK_STUDENTS, each a row group in order of time, so that students
    interleave and memory is bounded by a group. The same arguments give the same rows, and a classroom of
    more students holds those of a smaller one.
    """
    _require_classroom(n_students=n_students, n_skills=n_skills, mean_length=mean_length)
    difficulty = np.random.default_rng(seed).normal(DIFFICULTY_MEAN, DIFFICULTY_SD, n_skills)
    n_rows, writer = 0, None
    try:
        for first in range(0, n_students, CHUNK_STUDENTS):
            table = _group_of_students(
                np.random.default_rng([seed, first]),
                first=first,
                n_students=min(CHUNK_STUDENTS, n_students - first),
                difficulty=difficulty,
                mean_length=mean_length,
            )
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
            n_rows += table.num_rows
    finally:
        if writer is not None:
            writer.close()
    return n_rows


def _group_of_students(
    rng: np.random.Generator,
    *,
    first: int,
    n_students: int,
    difficulty: NDArray[np.float64],
    mean_length: float,
) -> pa.Table:
    """Rows of the students from `first` on, in order of time. A whole group is drawn, so that its students do
    not depend on how many of them are kept.
    """
    lengths = _lengths(rng, CHUNK_STUDENTS, mean_length)
    practice = _practise(
        rng,
        ability=rng.normal(ARRIVAL_MEAN, ARRIVAL_SD, CHUNK_STUDENTS),
        gain=GAIN_MEDIAN * np.exp(rng.normal(0.0, GAIN_LOG_SD, CHUNK_STUDENTS)),
        lengths=lengths,
        difficulty=difficulty,
    )
    times = _timestamps(rng, lengths)
    order = np.argsort(times[: lengths[:n_students].sum()], kind="stable")
    student = np.repeat(np.arange(CHUNK_STUDENTS, dtype=np.int32), lengths)[order]
    ids = pa.array([f"student-{first + number:09d}" for number in range(1, n_students + 1)])
    skills = pa.array(_numbered("skill", len(difficulty)))
    return pa.table(
        {
            "student_id": pa.DictionaryArray.from_arrays(pa.array(student), ids),
            "skill": pa.DictionaryArray.from_arrays(pa.array(practice.skills[order]), skills),
            "correct": pa.array(practice.responses[order]),
            "timestamp": pa.array(times[order]).cast(pa.timestamp("ms", "UTC")),
        }
    )


def write_events_csv(sequences: Sequences, path: Path) -> None:
    """Write a long event table that reads back as the same content (folds come from the student ids).

    A step with several skills becomes one row per skill, so such sequences need items to hold them together.
    """
    several = sequences.vocabulary.set_sizes[sequences.skill_sets] > 1
    unbound = several if sequences.items is None else several & sequences.items.is_null().to_numpy(False)
    if unbound.any():
        raise ValueError(
            "items: a step with several skills needs an item, or its rows cannot be told to be one"
        )
    columns = ["student_id", "skill", "correct"]
    columns += ["timestamp"] if sequences.timestamps is not None else []
    columns += ["item"] if sequences.items is not None else []
    student = sequences.student_of_step()
    writer: pa_csv.CSVWriter | None = None
    with path.open("wb") as sink:
        for start in range(0, max(sequences.n_responses, 1), CHUNK_ROWS):
            table = _rows(sequences, student, slice(start, start + CHUNK_ROWS)).select(columns)
            writer = writer or pa_csv.CSVWriter(sink, table.schema)
            writer.write(table)
        if writer is not None:
            writer.close()


def _rows(sequences: Sequences, student: NDArray[np.int64], steps: slice) -> pa.Table:
    vocabulary = sequences.vocabulary
    sets = sequences.skill_sets[steps]
    sizes = vocabulary.set_sizes[sets]
    offsets = offsets_of(sizes)
    step = np.repeat(np.arange(len(sets)), sizes)  # step behind each row
    member = np.repeat(vocabulary.set_offsets[sets] - offsets[:-1], sizes) + np.arange(len(step))
    skill = vocabulary.set_members[member]
    columns = {
        "student_id": sequences.student_ids.take(pa.array(student[steps][step])),
        "skill": pa.array(vocabulary.names, pa.string()).take(pa.array(skill)),
        "correct": pa.array(sequences.responses[steps][step]),
    }
    if sequences.timestamps is not None:
        times = pa.array(sequences.timestamps[steps][step]).cast(pa.timestamp("ms", "UTC"))
        columns["timestamp"] = times.cast(pa.string())
    if sequences.items is not None:
        items = sequences.items[steps].take(pa.array(step))
        columns["item"] = items.dictionary_decode()
    return pa.table(columns)
