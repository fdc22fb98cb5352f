"""Held-out predictions as Parquet or CSV."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

PARQUET = "application/vnd.apache.parquet"
CSV = "text/csv"
ROWS_PER_CHUNK = 65_536


def write_csv(path: Path) -> Iterator[bytes]:
    """A Parquet file as CSV, piece by piece; lists are joined by semicolons."""
    with pq.ParquetFile(path) as file:
        is_first = True
        for batch in file.iter_batches(batch_size=ROWS_PER_CHUNK):
            yield _encode(batch, header=is_first)
            is_first = False
        if is_first:
            yield _encode(pa.RecordBatch.from_pylist([], schema=file.schema_arrow), header=True)


def _encode(batch: pa.RecordBatch, *, header: bool) -> bytes:
    columns = [_flat(column) for column in batch.columns]
    sink = BytesIO()
    options = csv.WriteOptions(include_header=header, quoting_style="needed")
    csv.write_csv(pa.RecordBatch.from_arrays(columns, names=batch.schema.names), sink, options)
    return sink.getvalue()


def _flat(column: pa.Array) -> pa.Array:
    is_list = pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
    return pc.binary_join(column.cast(pa.list_(pa.string())), ";") if is_list else column
