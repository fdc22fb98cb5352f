"""Tables in the formats that callers may choose.

Spreadsheets take text that begins with =, +, -, @, a tab or a line end for a formula, even between quotes
(OWASP, CSV injection). In CSV such text comes with an apostrophe before it, and so does text that begins with
apostrophes before one of these, so that taking one apostrophe off gives back what was stored. Numbers are
never touched; the other formats tell text as it is.
"""

from io import BytesIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
FORMULA = "('*[=+\\-@\t\r\n＝＋－＠])"
RFC3339 = "%Y-%m-%dT%H:%M:%SZ"


def write_csv(batch: pa.RecordBatch, *, header: bool = True) -> bytes:
    """Lists are joined by semicolons, times written in RFC 3339; nothing stands for null.

    No text is a formula, nor is any member of a list where semicolons part cells.
    """
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
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _without_formulas(pc.binary_join(column.cast(pa.list_(pa.string())), ";"), starts="^|;")
    if pa.types.is_timestamp(kind):
        return pc.strftime(column, format=RFC3339)
    if pa.types.is_dictionary(kind):
        return _flat(column.cast(kind.value_type))
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return _without_formulas(column, starts="^") if is_text else column


def _without_formulas(texts: pa.Array, *, starts: str) -> pa.Array:
    return pc.replace_substring_regex(texts, f"({starts}){FORMULA}", r"\1'\2")
