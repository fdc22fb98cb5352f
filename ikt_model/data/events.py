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

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ikt_model.data.csv_records import csv_lines, iterate_csv, require_columns
from ikt_model.data.errors import UnreadableDataset
from ikt_model.data.event_rows import EventTable, assemble, check_rows
from ikt_model.data.limits import MOST_CELL_BYTES, MOST_ROW_GROUP_BYTES, Limits
from ikt_model.data.parquet_pages import require_small_pages
from ikt_model.data.refusals import Refusals, shorten
from ikt_model.data.sequences import Sequences
from ikt_model.data.times import FIRST_MILLISECOND, LAST_MILLISECOND, TimeColumn

REQUIRED = ("student_id", "skill", "correct")
OPTIONAL = ("timestamp", "item")
PARQUET_BATCH_ROWS = 2**16


def read_events_csv(path: Path, header: list[str], *, limits: Limits) -> Sequences:
    """Read a long event table from CSV."""
    columns = require_columns(header, REQUIRED, optional=OPTIONAL)
    table, refusals, n_rows = EventTable.of(columns), Refusals(), 0
    for batch in iterate_csv(path, columns, refusals):
        n_rows += len(batch)
        limits.require_responses(n_rows)
        table.add_names(batch)
        if table.timestamp is not None:
            table.timestamp.add(batch.column("timestamp"))
    return _finish(table, refusals, limits=limits, lines_of=lambda records: csv_lines(path, records))


def read_events_parquet(path: Path, *, limits: Limits) -> Sequences:
    """Read a long event table from Parquet."""
    with _refusing_broken():
        file = ParquetEvents(path, limits=limits)
        table, refusals = EventTable.of(file.columns), Refusals()
        for batch in file.batches(PARQUET_BATCH_ROWS):
            add_batch(table, batch, as_text)
    return _finish(table, refusals, limits=limits, lines_of=rows_as_lines)


def rows_as_lines(records: list[int]) -> list[int]:
    """A Parquet file has no lines: its rows are counted from 1."""
    return [record + 1 for record in records]


class ParquetEvents:
    """A Parquet file that holds an event table."""

    def __init__(self, path: Path, *, limits: Limits) -> None:
        with _refusing_broken():
            self._path, self._metadata = path, pq.read_metadata(path)
            _require_size(self._metadata, limits)
            require_small_pages(path, (*REQUIRED, *OPTIONAL))
            schema = self._metadata.schema.to_arrow_schema()
            self.columns = require_columns(schema.names, REQUIRED, optional=OPTIONAL)
            self.n_rows: int = self._metadata.num_rows
            _require_types(schema.field, self.columns)

    def batches(self, rows: int) -> Iterator[pa.RecordBatch]:
        """Its columns, at most so many rows at a time."""
        texts = _text_columns(self._metadata)
        # As dictionaries, so that a long value that stands in many rows is seen before it is repeated.
        with (
            _refusing_broken(),
            pq.ParquetFile(self._path, metadata=self._metadata, read_dictionary=texts) as file,
        ):
            for batch in file.iter_batches(batch_size=rows, columns=self.columns):
                for name in self.columns:
                    _require_short(name, batch.column(name))
                yield batch

    def tables(self, rows: int) -> Iterator[EventTable]:
        """Its columns as event tables of at most so many rows; values are checked once each."""
        for batch in self.batches(rows):
            table = EventTable.of(self.columns)
            with _refusing_broken():
                add_batch(table, batch, as_coded)
            yield table


def csv_tables(path: Path, columns: list[str], refusals: Refusals) -> Iterator[EventTable]:
    """The columns of a CSV file as event tables of a few megabytes each."""
    for batch in iterate_csv(path, columns, refusals):
        table = EventTable.of(columns)
        table.add_names(batch)
        if table.timestamp is not None:
            table.timestamp.add(batch.column("timestamp"))
        yield table


def add_batch(table: EventTable, batch: pa.RecordBatch, as_text: Callable[[pa.Array], pa.Array]) -> None:
    """Add a batch of a Parquet file to what was gathered."""
    names = [name for name in batch.schema.names if name != "timestamp"]
    texts = [as_text(batch.column(name)) for name in names]
    for text in texts:
        text.validate(full=True)  # else what is not UTF-8 is found where nobody expects it
    table.add_names(pa.RecordBatch.from_arrays(texts, names))
    if table.timestamp is not None:
        _add_times(table.timestamp, batch.column("timestamp"))


@contextmanager
def _refusing_broken() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last of names that are no text
        raise UnreadableDataset(f"the Parquet file is broken: {shorten(str(error))}") from error


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


def as_coded(column: pa.Array) -> pa.Array:
    """The same as a dictionary of text: each value is turned into text once, whatever the number of rows."""
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    if coded.indices.null_count or coded.dictionary.null_count:
        return as_text(column).dictionary_encode()
    return pa.DictionaryArray.from_arrays(coded.indices.cast(pa.int32()), as_text(coded.dictionary))


def as_text(column: pa.Array) -> pa.Array:
    """Text as it would stand in a CSV file; empty where there is no value."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
    elif pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    return column.cast(pa.string()).fill_null("")


def _add_times(times: TimeColumn, column: pa.Array) -> None:
    kind = column.type
    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)) or column.null_count:
        times.add(as_text(column))
        return
    milliseconds = column.cast(pa.timestamp("ms", getattr(kind, "tz", None)), safe=False).cast(pa.int64())
    values = milliseconds.to_numpy()
    if values.size and (values.min() < FIRST_MILLISECOND or values.max() > LAST_MILLISECOND):
        times.add(as_text(column))
    else:
        times.add_milliseconds(values)


def _finish(
    table: EventTable, refusals: Refusals, *, limits: Limits, lines_of: Callable[[list[int]], list[int]]
) -> Sequences:
    rows = check_rows(table, refusals)
    refusals.raise_if_any(lines_of)
    if not len(rows):
        raise UnreadableDataset("the file has a header and no rows")
    limits.require_skills(len(rows.skill.values))
    return assemble(rows)
