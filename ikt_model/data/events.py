"""The long event table: `student_id,skill,correct[,timestamp][,item]`, CSV or Parquet, one row per response.

Order of practice: by timestamp where there is one (rows of equal time in file order), else the file's order;
students may interleave. Folds come from the hash of the student id.

An item with several skills is usually exported as consecutive rows that repeat the answer, so whoever
predicts the second row from the first leaks the answer. Therefore consecutive rows of one student with the
same item, the same time (where there are times), the same answer and different skills are ONE step. A skill
that comes again in such a run, or another answer, starts a new step: that is a new attempt. Without an item
(no column, empty cell) nothing can be told to belong together, and every row is a step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ikt_model.data.columns import Coded, TextColumn, refuse_marked, refuse_unusable_names
from ikt_model.data.csv_records import csv_lines, iterate_csv, require_columns
from ikt_model.data.errors import UnreadableDataset
from ikt_model.data.folds import assign_folds
from ikt_model.data.limits import MOST_CELL_BYTES, MOST_ROW_GROUP_BYTES, Limits
from ikt_model.data.parquet_pages import require_small_pages
from ikt_model.data.refusals import Refusals, shorten
from ikt_model.data.sequences import Sequences
from ikt_model.data.steps import step_starts
from ikt_model.data.times import FIRST_MILLISECOND, LAST_MILLISECOND, TimeColumn
from ikt_model.data.vocabulary import index_skills, offsets_of

REQUIRED = ("student_id", "skill", "correct")
OPTIONAL = ("timestamp", "item")
PARQUET_BATCH_ROWS = 2**16


@dataclass(slots=True)
class _Table:
    """The columns of an event table while they are gathered."""

    student: TextColumn = field(default_factory=TextColumn)
    skill: TextColumn = field(default_factory=TextColumn)
    correct: TextColumn = field(default_factory=TextColumn)
    timestamp: TimeColumn | None = None
    item: TextColumn | None = None


@dataclass(frozen=True, slots=True)
class _Rows:
    """Checked rows, in the order of the file."""

    student: Coded
    skill: Coded
    correct: NDArray[np.int8]
    timestamp: NDArray[np.int64] | None
    item: Coded | None


def read_events_csv(path: Path, header: list[str], *, limits: Limits) -> Sequences:
    """Read a long event table from CSV."""
    columns = require_columns(header, REQUIRED, optional=OPTIONAL)
    table, refusals, n_rows = _empty_table(columns), Refusals(), 0
    for batch in iterate_csv(path, columns, refusals):
        n_rows += len(batch)
        limits.require_responses(n_rows)
        _add_names(table, batch)
        if table.timestamp is not None:
            table.timestamp.add(batch.column("timestamp"))
    return _finish(table, refusals, limits=limits, lines_of=lambda records: csv_lines(path, records))


def read_events_parquet(path: Path, *, limits: Limits) -> Sequences:
    """Read a long event table from Parquet."""
    try:
        metadata = pq.read_metadata(path)
        _require_size(metadata, limits)
        require_small_pages(path, (*REQUIRED, *OPTIONAL))
        # As dictionaries, so that a long value that stands in many rows is seen before it is repeated.
        with pq.ParquetFile(path, metadata=metadata, read_dictionary=_text_columns(metadata)) as file:
            schema = file.schema_arrow
            columns = require_columns(schema.names, REQUIRED, optional=OPTIONAL)
            _require_types(schema.field, columns)
            table, refusals = _empty_table(columns), Refusals()
            for batch in file.iter_batches(batch_size=PARQUET_BATCH_ROWS, columns=columns):
                for name in columns:
                    _require_short(name, batch.column(name))
                texts = [_as_text(batch.column(name)) for name in columns if name != "timestamp"]
                names = [name for name in columns if name != "timestamp"]
                for text in texts:
                    text.validate(full=True)  # else what is not UTF-8 is found where nobody expects it
                _add_names(table, pa.RecordBatch.from_arrays(texts, names))
                if table.timestamp is not None:
                    _add_times(table.timestamp, batch.column("timestamp"))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last of names that are no text
        if isinstance(error, FileNotFoundError):
            raise
        raise UnreadableDataset(f"the Parquet file is broken: {shorten(str(error))}") from error
    return _finish(
        table, refusals, limits=limits, lines_of=lambda records: [record + 1 for record in records]
    )


def _require_size(metadata: pq.FileMetaData, limits: Limits) -> None:
    """What the file says of itself, before anything is unpacked."""
    limits.require_responses(metadata.num_rows)
    for index in range(metadata.num_row_groups):
        if metadata.row_group(index).total_byte_size > MOST_ROW_GROUP_BYTES:
            raise UnreadableDataset(
                f"a row group unpacks to more than {MOST_ROW_GROUP_BYTES // 2**20} MiB; write smaller ones"
            )


def _text_columns(metadata: pq.FileMetaData) -> list[str]:
    columns = (metadata.schema.column(index) for index in range(metadata.num_columns))
    return [
        column.path
        for column in columns
        if column.path in (*REQUIRED, *OPTIONAL) and column.physical_type == "BYTE_ARRAY"
    ]


def _require_short(name: str, column: pa.Array) -> None:
    if not pa.types.is_dictionary(column.type) or pa.types.is_integer(column.type.value_type):
        return  # of a fixed length
    longest = pc.max(pc.binary_length(column.dictionary)).as_py() or 0
    if longest > MOST_CELL_BYTES:
        raise UnreadableDataset(
            f"column {name!r} holds a value of {longest:,} bytes; shorten it to at most {MOST_CELL_BYTES:,}"
        )


def _empty_table(columns: list[str]) -> _Table:
    return _Table(
        timestamp=TimeColumn() if "timestamp" in columns else None,
        item=TextColumn() if "item" in columns else None,
    )


def _add_names(table: _Table, batch: pa.RecordBatch) -> None:
    table.student.add(batch.column("student_id"))
    table.skill.add(batch.column("skill"))
    table.correct.add(batch.column("correct"))
    if table.item is not None:
        table.item.add(batch.column("item"))


def _require_types(field_of: Callable[[str], pa.Field], columns: list[str]) -> None:
    for name in columns:
        kind = field_of(name).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
        whole = pa.types.is_integer(kind)
        if name == "correct":
            allowed = text or whole or pa.types.is_boolean(kind) or pa.types.is_floating(kind)
            wanted = "integers or booleans"
        elif name == "timestamp":
            allowed = text or whole or pa.types.is_timestamp(kind) or pa.types.is_date(kind)
            wanted = "timestamps, integers (milliseconds) or text"
        else:
            allowed, wanted = text or whole, "text or integers"
        if not allowed:
            raise UnreadableDataset(f"column {name!r} holds {kind}; it must hold {wanted}")


def _as_text(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
    elif pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    return column.cast(pa.string()).fill_null("")


def _add_times(times: TimeColumn, column: pa.Array) -> None:
    kind = column.type
    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)) or column.null_count:
        times.add(_as_text(column))
        return
    milliseconds = column.cast(pa.timestamp("ms", getattr(kind, "tz", None)), safe=False).cast(pa.int64())
    values = milliseconds.to_numpy()
    if values.size and (values.min() < FIRST_MILLISECOND or values.max() > LAST_MILLISECOND):
        times.add(_as_text(column))
    else:
        times.add_milliseconds(values)


def _finish(
    table: _Table, refusals: Refusals, *, limits: Limits, lines_of: Callable[[list[int]], list[int]]
) -> Sequences:
    student, skill, correct = table.student.finish(), table.skill.finish(), table.correct.finish()
    refuse_unusable_names("student_id", student, refusals, empty="is empty; every row needs the student's id")
    refuse_unusable_names("skill", skill, refusals, empty="is empty; name a skill or leave the row out")
    wrong, right = correct.equals("0"), correct.equals("1")
    refuse_marked(
        "correct",
        correct,
        ~(wrong | right),
        refusals,
        reason="is not 0 (wrong) or 1 (right); write one of them",
    )
    timestamp = None if table.timestamp is None else table.timestamp.finish("timestamp", refusals)
    item = None if table.item is None else table.item.finish()
    if item is not None:
        refuse_unusable_names("item", item, refusals, empty=None)
    refusals.raise_if_any(lines_of)
    if len(student.codes) == 0:
        raise UnreadableDataset("the file has a header and no rows")
    limits.require_skills(len(skill.values))
    return _assemble(_Rows(student, skill, right.astype(np.int8)[correct.codes], timestamp, item))


def _assemble(rows: _Rows) -> Sequences:
    by_id = pc.sort_indices(rows.student.values).to_numpy()
    rank = np.argsort(by_id).astype(np.int32)
    student = rank[rows.student.codes]
    order = _order_of_practice(student, rows.timestamp)
    student, correct, skill = student[order], rows.correct[order], rows.skill.codes[order]
    timestamp = None if rows.timestamp is None else rows.timestamp[order]
    item = None if rows.item is None else rows.item.codes[order]
    starts = np.arange(len(student))
    if rows.item is not None and item is not None:
        same = _same_attempt(student, correct, timestamp, item, no_item=rows.item.equals(""))
        starts = step_starts(same_attempt=same, skills=skill)
    vocabulary, skill_sets = index_skills(
        rows.skill.values.to_pylist(), skills=skill, offsets=np.append(starts, len(skill))
    )
    student_ids = rows.student.values.take(pa.array(by_id))
    return Sequences(
        student_ids=student_ids,
        folds=assign_folds(student_ids.to_pylist()),
        offsets=offsets_of(np.bincount(student[starts], minlength=len(student_ids))),
        skill_sets=skill_sets,
        responses=correct[starts],
        vocabulary=vocabulary,
        timestamps=None if timestamp is None else timestamp[starts],
        items=None if rows.item is None or item is None else rows.item.dictionary(order[starts]),
    )


def _order_of_practice(student: NDArray[np.int32], timestamp: NDArray[np.int64] | None) -> NDArray[np.int64]:
    if timestamp is None:
        return np.argsort(student, kind="stable")
    return np.lexsort((timestamp, student))


def _same_attempt(
    student: NDArray[np.int32],
    correct: NDArray[np.int8],
    timestamp: NDArray[np.int64] | None,
    item: NDArray[np.int32],
    *,
    no_item: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Could each row continue the step of the row before it?"""
    same = np.zeros(len(student), dtype=bool)
    same[1:] = (item[1:] == item[:-1]) & (student[1:] == student[:-1]) & (correct[1:] == correct[:-1])
    if timestamp is not None:
        same[1:] &= timestamp[1:] == timestamp[:-1]
    return same & ~no_item[item]
