"""Files without some of their students: saved datasets, and predictions about students.

Ids are looked at before anything else is read: most files hold nobody who is asked about.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ikt_model.data.sequences import Sequences, load_sequences

ROWS_AT_ONCE = 65_536
COLUMN = "student_id"

Choose = Callable[[pa.Array], pa.Array]
"""Which of these ids belong to those who are to be taken out."""


def among(student_ids: list[str]) -> Choose:
    """Chooses exactly these students."""
    wanted = pa.array(student_ids, pa.string())
    return lambda ids: pc.is_in(ids.cast(pa.string()), value_set=wanted)


def absent_from(path: Path) -> Choose:
    """Chooses all who are not in that saved dataset."""
    present = load_sequences(path).student_ids
    return lambda ids: pc.invert(pc.is_in(ids.cast(pa.string()), value_set=present))


def find_in_dataset(path: Path, chosen: Choose) -> tuple[list[str], list[int]]:
    """The chosen students in a saved dataset and the fold of each; only the columns of these are touched."""
    sequences = load_sequences(path)
    found = chosen(sequences.student_ids)
    folds: list[int] = sequences.folds[found.to_numpy(zero_copy_only=False)].tolist()
    names: list[str] = sequences.student_ids.filter(found).to_pylist()
    return names, folds


def dataset_without(path: Path, chosen: Choose) -> Sequences:
    """A saved dataset without the chosen students."""
    sequences = load_sequences(path)
    found = chosen(sequences.student_ids).to_numpy(zero_copy_only=False)
    kept = sequences.select(np.asarray(~found, bool))
    return _without_unused_items(kept)


def _without_unused_items(sequences: Sequences) -> Sequences:
    """Items that nobody else has met might tell of the student as well."""
    if sequences.items is None:
        return sequences
    values: dict[str, Any] = {name: getattr(sequences, name) for name in sequences.__dataclass_fields__}
    names = sequences.items.cast(pa.string())
    return Sequences(**{**values, "items": names.dictionary_encode()})


def find_in_predictions(path: Path, chosen: Choose) -> list[str]:
    """The chosen students in a file of predictions."""
    found: dict[str, None] = {}
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS_AT_ONCE, columns=[COLUMN]):
            ids = batch.column(COLUMN)
            found |= dict.fromkeys(ids.filter(chosen(ids)).unique().to_pylist())
    return list(found)


def write_predictions_without(path: Path, chosen: Choose, target: Path) -> None:
    """A file of predictions without the chosen students, batch by batch."""
    with pq.ParquetFile(path) as file, pq.ParquetWriter(target, file.schema_arrow) as writer:
        for batch in file.iter_batches(ROWS_AT_ONCE):
            writer.write_batch(batch.filter(pc.invert(chosen(batch.column(COLUMN)))))
    with target.open("rb") as written:
        os.fsync(written.fileno())
