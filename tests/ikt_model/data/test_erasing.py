"""Files without some of their students."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ikt_model.data.erasing import (
    absent_from,
    among,
    dataset_without,
    find_in_dataset,
    find_in_predictions,
    write_predictions_without,
)
from ikt_model.data.sequences import Sequences, load_sequences, save_sequences
from ikt_model.data.simulate import simulate_classroom


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Sequences, Path]:
    sequences = simulate_classroom(n_students=12, n_skills=3, seed=3, mean_length=8.0).sequences
    owner = sequences.student_of_step()
    # The first student alone met an item of their own.
    items = pa.array([f"item-{'own' if student == 0 else 'of all'}" for student in owner]).dictionary_encode()
    values: dict[str, Any] = {name: getattr(sequences, name) for name in sequences.__dataclass_fields__}
    with_items = Sequences(**{**values, "items": items})
    path = tmp_path / "saved.arrow"
    save_sequences(with_items, path)
    return with_items, path


def test_the_chosen_and_what_was_theirs_alone_are_gone(saved: tuple[Sequences, Path], tmp_path: Path) -> None:
    sequences, path = saved
    first, last = str(sequences.student_ids[0]), str(sequences.student_ids[11])
    names, folds = find_in_dataset(path, among([last, first, "nobody"]))
    assert (names, folds) == ([first, last], sequences.folds[[0, 11]].tolist())
    left = dataset_without(path, among([first, last]))
    assert left.content_hash == sequences.select(np.arange(1, 11)).content_hash
    save_sequences(left, tmp_path / "left.arrow")
    written = (tmp_path / "left.arrow").read_bytes()
    assert not [word for word in (first, last, "item-own") if word.encode() in written]
    assert load_sequences(tmp_path / "left.arrow").content_hash == left.content_hash


def test_everybody_may_be_chosen(saved: tuple[Sequences, Path], tmp_path: Path) -> None:
    sequences, path = saved
    left = dataset_without(path, among(sequences.student_ids.to_pylist()))
    save_sequences(left, tmp_path / "none.arrow")
    assert load_sequences(tmp_path / "none.arrow").n_students == 0


def test_predictions_keep_their_shape(saved: tuple[Sequences, Path], tmp_path: Path) -> None:
    sequences, path = saved
    ids = sequences.student_ids.take(pa.array(np.repeat(np.arange(12), 3)))
    table = pa.table({"student_id": ids, "probability": pa.array(np.linspace(0, 1, 36), pa.float32())})
    pq.write_table(table, tmp_path / "before.parquet")
    first = str(sequences.student_ids[0])
    assert find_in_predictions(tmp_path / "before.parquet", among([first, "nobody"])) == [first]
    write_predictions_without(tmp_path / "before.parquet", among([first]), tmp_path / "after.parquet")
    assert pq.read_table(tmp_path / "after.parquet").equals(table.slice(3))

    save_sequences(dataset_without(path, among([first])), tmp_path / "left.arrow")
    assert find_in_predictions(tmp_path / "before.parquet", absent_from(tmp_path / "left.arrow")) == [first]
