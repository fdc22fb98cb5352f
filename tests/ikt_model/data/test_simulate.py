"""The simulated classroom."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ikt_model.data.readers import read_dataset
from ikt_model.data.sequences import describe
from ikt_model.data.simulate import Classroom, simulate_classroom, write_events_csv


@pytest.fixture(scope="module")
def classroom() -> Classroom:
    return simulate_classroom(n_students=3000, n_skills=40, seed=5)


def earlier_attempts(classroom: Classroom) -> np.ndarray:
    """How often the student of each step met its skill before."""
    sequences = classroom.sequences
    key = sequences.student_of_step() * sequences.n_skills + sequences.skill_sets
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    within = np.arange(len(key)) - np.repeat(starts, np.diff(starts, append=len(key)))
    attempts = np.empty_like(within)
    attempts[order] = within
    return attempts


def test_the_same_seed_gives_the_same_classroom() -> None:
    one, two, other = (simulate_classroom(n_students=50, n_skills=5, seed=seed) for seed in (1, 1, 2))
    assert one.sequences.content_hash == two.sequences.content_hash
    assert one.theta.tolist() == two.theta.tolist()
    assert one.sequences.content_hash != other.sequences.content_hash


def test_looks_like_the_real_classes(classroom: Classroom) -> None:
    facts = describe(classroom.sequences)
    assert 0.65 < facts["share_correct"] < 0.78
    assert 33 < facts["mean_length"] < 39
    assert facts["median_length"] < facts["mean_length"]
    assert classroom.difficulty.mean() == pytest.approx(-1.3, abs=0.35)
    assert classroom.difficulty.std() == pytest.approx(0.7, abs=0.25)
    assert classroom.ability.std() == pytest.approx(0.75, abs=0.05)
    assert abs(classroom.theta.mean()) < 0.15


def test_truth_follows_the_documented_formula(classroom: Classroom) -> None:
    sequences = classroom.sequences
    student = sequences.student_of_step()
    t = np.arange(sequences.n_responses) - sequences.offsets[student]
    growth = np.log1p(earlier_attempts(classroom)) + 0.2 * np.log1p(t)
    expected = classroom.ability[student] + classroom.gain[student] * growth
    np.testing.assert_allclose(classroom.theta, expected, rtol=0, atol=1e-12)


def test_answers_come_from_the_truth(classroom: Classroom) -> None:
    sequences = classroom.sequences
    probability = 1 / (1 + np.exp(classroom.difficulty[sequences.skill_sets] - classroom.theta))
    z = (sequences.responses - probability) / np.sqrt(probability * (1 - probability))
    tenths = np.argsort(np.argsort(probability)) * 10 // len(z)
    for tenth in range(10):  # calibrated everywhere: mean residual within four standard errors
        chosen = z[tenths == tenth]
        assert abs(chosen.mean()) < 4 / np.sqrt(len(chosen))


def test_skills_are_practised_in_runs(classroom: Classroom) -> None:
    sequences = classroom.sequences
    same_student = np.diff(sequences.student_of_step()) == 0
    same_skill = np.diff(sequences.skill_sets) == 0
    assert 0.6 < same_skill[same_student].mean() < 0.9


def test_times_of_a_student_increase(classroom: Classroom) -> None:
    sequences = classroom.sequences
    assert sequences.timestamps is not None
    within = np.diff(sequences.student_of_step()) == 0
    assert np.diff(sequences.timestamps)[within].min() >= 10_000


def test_reads_back_as_the_same_content(classroom: Classroom, tmp_path: Path) -> None:
    write_events_csv(classroom.sequences, tmp_path / "events.csv")
    again = read_dataset(tmp_path / "events.csv")
    assert again.content_hash == classroom.sequences.content_hash
    assert again.skill_sets.tolist() == classroom.sequences.skill_sets.tolist()


@pytest.mark.parametrize(
    ("n_students", "n_skills", "mean_length"), [(1, 1, 2.0), (2, 300, 5.0), (20_000, 3, 4.0)]
)
def test_any_size_is_simulated(n_students: int, n_skills: int, mean_length: float) -> None:
    made = simulate_classroom(n_students=n_students, n_skills=n_skills, mean_length=mean_length)
    assert (made.sequences.n_students, made.sequences.n_skills) == (n_students, n_skills)
    assert made.sequences.lengths.min() >= 2
    assert len(made.theta) == made.sequences.n_responses


@pytest.mark.parametrize("bad", [{"n_students": 0}, {"n_skills": 0}, {"mean_length": 1.0}], ids=str)
def test_sizes_that_make_no_class_are_refused(bad: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"n_students": 5, "n_skills": 5} | bad
    with pytest.raises(ValueError, match=next(iter(bad))):
        simulate_classroom(**arguments)
