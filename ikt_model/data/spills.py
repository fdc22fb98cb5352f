"""Checked rows on the local disk, in as many parts as there will be shards; a student is in one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ikt_model.data.columns import Coded, TextColumn
from ikt_model.data.event_rows import EventRows
from ikt_model.data.hashing import hash_texts


class Spills:
    """Rows go to the part that the hash of their student says, and come back in the order they were added.

    A part is a stream of Arrow batches. Each batch names its students and items by dictionaries of its own,
    which are joined when the part is read; skills are numbers that mean the same in all of them.
    """

    def __init__(self, folder: Path, n_parts: int) -> None:
        self._paths = [folder / f"part-{part:05d}.arrows" for part in range(n_parts)]
        self._writers: dict[int, pa.RecordBatchStreamWriter] = {}

    def __len__(self) -> int:
        return len(self._paths)

    def add(self, rows: EventRows) -> None:
        """Append rows whose skills are numbered by the caller."""
        part_of_student = (hash_texts(rows.student.values) % np.uint64(len(self))).astype(np.uint16)
        part = part_of_student[rows.student.codes]
        order = np.argsort(part, kind="stable")  # of 16-bit numbers: a radix sort
        ends = np.cumsum(np.bincount(part, minlength=len(self)))
        student = Coded(rows.student.codes[order], rows.student.values)
        item = None if rows.item is None else Coded(rows.item.codes[order], rows.item.values)
        columns: dict[str, NDArray[Any]] = {"skill": rows.skill.codes[order], "correct": rows.correct[order]}
        if rows.timestamp is not None:
            columns["timestamp"] = rows.timestamp[order]
        for index in np.unique(part).tolist():
            chunk = slice(int(ends[index - 1]) if index else 0, int(ends[index]))
            batch = {name: pa.array(values[chunk]) for name, values in columns.items()}
            batch["student_id"] = _as_arrow(student.part(chunk))
            if item is not None:
                batch["item"] = _as_arrow(item.part(chunk))
            self._write(index, pa.RecordBatch.from_pydict(batch))

    def _write(self, index: int, batch: pa.RecordBatch) -> None:
        if index not in self._writers:
            self._writers[index] = pa.ipc.new_stream(str(self._paths[index]), batch.schema)
        self._writers[index].write_batch(batch)

    def close(self) -> None:
        """Nothing is added any more."""
        for writer in self._writers.values():
            writer.close()

    def take(self, index: int, skills: pa.StringArray) -> EventRows | None:
        """All rows of a part, which is given up by that; None where there are none."""
        path = self._paths[index]
        if index not in self._writers:
            return None
        student, item = TextColumn(), TextColumn()
        with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as reader:
            batches = list(reader)
            names = set(reader.schema.names)
            for batch in batches:
                student.add(batch.column("student_id"))
                if "item" in names:
                    item.add(batch.column("item"))

            def joined(name: str) -> NDArray[Any]:
                return np.concatenate([batch.column(name).to_numpy() for batch in batches])

            rows = EventRows(
                student=student.finish(),
                skill=Coded(joined("skill"), skills),
                correct=joined("correct"),
                timestamp=joined("timestamp") if "timestamp" in names else None,
                item=item.finish() if "item" in names else None,
            )
        path.unlink()
        return rows


def _as_arrow(column: Coded) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(column.codes), column.values)
