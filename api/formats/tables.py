"""Tables in the formats that callers may choose."""

from io import BytesIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
RFC3339 = "%Y-%m-%dT%H:%M:%SZ"


def write_csv(batch: pa.RecordBatch, *, header: bool = True) -> bytes:
    """Lists are joined by semicolons, times written in RFC 3339; nothing stands for null."""
    columns = [_flat(column) for column in batch.columns]
    sink = BytesIO()
    options = csv.WriteOptions(include_header=header, quoting_style="needed")
    csv.write_csv(pa.RecordBatch.from_arrays(columns, names=batch.schema.names), sink, options)
    return sink.getvalue()


def write_arrow(batch: pa.RecordBatch) -> bytes:
    """An Arrow stream of one batch."""
    sink = BytesIO()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def _flat(column: pa.Array) -> pa.Array:
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return pc.binary_join(column.cast(pa.list_(pa.string())), ";")
    return pc.strftime(column, format=RFC3339) if pa.types.is_timestamp(column.type) else column
