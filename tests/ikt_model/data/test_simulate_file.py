"""A simulated classroom written straight to a file: the same world, group after group of students."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ikt_model.data import simulate
from ikt_model.data.readers import read_dataset
from ikt_model.data.simulate import simulate_classroom, write_simulated_events


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "CHUNK_STUDENTS", 64)


def test_the_same_seed_writes_the_same_file(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_simulated_events(tmp_path / name, n_students=150, n_skills=6, seed=seed)

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read_dataset(tmp_path / "a").content_hash != read_dataset(tmp_path / "c").content_hash


def test_more_students_leave_the_others_as_they_are(tmp_path: Path) -> None:
    for n_students in (100, 150):
        write_simulated_events(tmp_path / str(n_students), n_students=n_students, n_skills=6)

    fewer, more = (read_dataset(tmp_path / name) for name in ("100", "150"))

    assert more.select(np.arange(100)).content_hash == fewer.content_hash


def test_students_interleave_and_every_row_is_told_of(tmp_path: Path) -> None:
    n_rows = write_simulated_events(tmp_path / "events", n_students=64, n_skills=6)
    table = pq.read_table(tmp_path / "events")

    students = np.array(table["student_id"].to_pylist())
    assert table.num_rows == n_rows
    assert (students[1:] != students[:-1]).sum() > 2 * 64
    assert len(set(students.tolist())) == 64


def test_it_is_the_world_of_simulate_classroom(tmp_path: Path) -> None:
    write_simulated_events(tmp_path / "events", n_students=3000, n_skills=20, seed=4, mean_length=20.0)
    written = read_dataset(tmp_path / "events")
    drawn = simulate_classroom(n_students=3000, n_skills=20, seed=5, mean_length=20.0).sequences

    # with 20 difficulties of standard deviation 0.7 each, the mean difficulty moves by 0.16 logits
    assert abs(written.responses.mean() - drawn.responses.mean()) < 0.1
    assert written.lengths.mean() == pytest.approx(drawn.lengths.mean(), rel=0.1)


def test_no_student_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="n_students: must be at least 1"):
        write_simulated_events(tmp_path / "events", n_students=0, n_skills=6)
