"""Held-out predictions in the columns that kt-audit reads (0.2), so that its checks look at ours, too.

Every row is of split "test", for nothing else was predicted. `sequence_id` and `position` tell responses of
one instant apart; without known times the position stands for the time. Names of skills may hold anything,
so CSV has them as a JSON list, which kt-audit reads as well as text between separators.
"""

import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from api.formats import tables
from ikt_model.data.sequences import Sequences

ROWS_PER_CHUNK = 262_144
READ = ["student_id", "position", "response", "probability"]


def audited_columns(
    predictions: Path, sequences: Sequences, *, fold: int, as_text: bool
) -> Iterator[pa.RecordBatch]:
    """The rows of predictions whose students are in the dataset, piece by piece; at least one piece.

    With `as_text` the skills of a row are one text.
    """
    skills = _skills_as_text(sequences) if as_text else _skills_as_lists(sequences)
    with pq.ParquetFile(predictions) as file:
        is_empty = True
        for batch in file.iter_batches(batch_size=ROWS_PER_CHUNK, columns=READ):
            is_empty = False
            yield _columns(batch, sequences, skills, fold=fold)
        if is_empty:
            nothing = pa.RecordBatch.from_pylist(
                [], schema=pa.schema([file.schema_arrow.field(n) for n in READ])
            )
            yield _columns(nothing, sequences, skills, fold=fold)


def write_csv(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """As CSV, piece by piece."""
    for number, batch in enumerate(batches):
        yield tables.write_csv(batch, header=number == 0)


def write_parquet(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """As one Parquet file, piece by piece."""
    pieces, writer = _Pieces(), None
    for batch in batches:
        writer = writer or pq.ParquetWriter(pieces, batch.schema, compression="zstd")
        writer.write_batch(batch)
        yield pieces.take()
    if writer is not None:
        writer.close()
    yield pieces.take()


def _columns(batch: pa.RecordBatch, sequences: Sequences, skills: pa.Array, *, fold: int) -> pa.RecordBatch:
    # Students may have been erased from the dataset a moment before they are from the predictions.
    found = pc.index_in(batch["student_id"], value_set=sequences.student_ids)
    batch, found = batch.filter(found.is_valid()), found.drop_null()
    position = batch["position"].cast(pa.int64())
    steps = sequences.offsets[found.to_numpy()] + position.to_numpy()
    n_rows, at = len(steps), pa.array(steps)
    columns: dict[str, Any] = {
        "user_id": batch["student_id"],
        "timestamp": _times(sequences, steps, position),
        "split": pa.repeat("test", n_rows),
        "kc_ids": skills.take(pa.array(sequences.skill_sets[steps])),
        "item_id": _items(sequences, at),
        "y_true": batch["response"],
        "y_pred": batch["probability"],
        "fold": pa.repeat(pa.scalar(fold, pa.int16()), n_rows),
        "sequence_id": batch["student_id"],
        "position": position,
    }
    return pa.RecordBatch.from_pydict(columns)


def _times(sequences: Sequences, steps: np.ndarray[Any, np.dtype[np.int64]], position: pa.Array) -> pa.Array:
    if sequences.timestamps is None:
        return position
    return pa.array(sequences.timestamps[steps]).cast(pa.timestamp("ms", tz="UTC"))


def _items(sequences: Sequences, at: pa.Array) -> pa.Array:
    if sequences.items is None:
        return pa.nulls(len(at), pa.string())
    return sequences.items.take(at).cast(pa.string())


def _skills_as_lists(sequences: Sequences) -> pa.Array:
    vocabulary = sequences.vocabulary
    names = pa.array(vocabulary.names, pa.string()).take(pa.array(vocabulary.set_members))
    return pa.ListArray.from_arrays(pa.array(vocabulary.set_offsets, pa.int32()), names)


def _skills_as_text(sequences: Sequences) -> pa.Array:
    sets = _skills_as_lists(sequences).to_pylist()
    return pa.array([json.dumps(names, ensure_ascii=False) for names in sets], pa.string())


class _Pieces(io.RawIOBase):
    """A file that is handed on while it is written, so that it is never held whole."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        self._position += len(self._pieces[-1])
        return len(self._pieces[-1])

    def tell(self) -> int:
        return self._position

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken
