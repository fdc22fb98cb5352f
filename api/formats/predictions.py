"""Held-out predictions as Parquet or CSV."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from api.formats import tables
from api.formats.tables import CSV

__all__ = ["CSV", "PARQUET", "write_csv"]

PARQUET = "application/vnd.apache.parquet"
ROWS_PER_CHUNK = 65_536


def write_csv(path: Path) -> Iterator[bytes]:
    """A Parquet file as CSV, piece by piece; lists are joined by semicolons."""
    with pq.ParquetFile(path) as file:
        is_first = True
        for batch in file.iter_batches(batch_size=ROWS_PER_CHUNK):
            yield tables.write_csv(batch, header=is_first)
            is_first = False
        if is_first:
            yield tables.write_csv(pa.RecordBatch.from_pylist([], schema=file.schema_arrow))
