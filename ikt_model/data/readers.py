"""One door to every file format."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from ikt_model.data import events, pykt
from ikt_model.data.csv_records import plain, read_header
from ikt_model.data.errors import UnreadableDataset
from ikt_model.data.limits import Limits
from ikt_model.data.refusals import shorten
from ikt_model.data.sequences import Sequences

DataFormat = Literal["auto", "pykt", "events"]
PARQUET_MAGIC = b"PAR1"


def read_dataset(path: Path, *, format: DataFormat = "auto", limits: Limits | None = None) -> Sequences:
    """Read a file of responses, whole or not at all; `limits` says how many of them, and of skills.

    Raises UnreadableDataset or BadRows. Equal content gives equal arrays, whatever the file and the order
    of its students: students are sorted by id, skills and skill sets are numbered by name.
    """
    if format not in get_args(DataFormat):
        raise UnreadableDataset(
            f"format {shorten(repr(format))} is unknown; use one of {', '.join(get_args(DataFormat))}"
        )
    limits = limits or Limits()
    with path.open("rb") as file:
        is_parquet = file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
    if is_parquet and format == "pykt":
        raise UnreadableDataset("the file is Parquet; the pykt format is CSV, use the format events")
    if is_parquet:
        return events.read_events_parquet(path, limits=limits)
    header = read_header(path)
    if format == "auto":
        format = sniff_format(header)
    read = pykt.read_pykt if format == "pykt" else events.read_events_csv
    return read(path, header, limits=limits)


def sniff_format(header: list[str]) -> Literal["pykt", "events"]:
    """The format whose columns a header shares most."""
    names = {plain(name) for name in header}
    n_pykt = len({*pykt.REQUIRED} & names)
    n_events = len({*events.REQUIRED} & names)
    if n_pykt == n_events:
        raise UnreadableDataset(
            f"the format is not known from the header (found: {shorten(', '.join(header))}); "
            f"pykt needs {','.join(pykt.REQUIRED)}; events needs {','.join(events.REQUIRED)}; commas between"
        )
    return "pykt" if n_pykt > n_events else "events"
