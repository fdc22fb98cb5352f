"""A CSV file as batches of text columns, and the line on which each record stands."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv

from ikt_model.data.errors import UnreadableDataset
from ikt_model.data.refusals import Cell, Refusals, shorten

BLOCK_BYTES = 8 * 2**20  # also the longest row that can be read
HEADER_BYTES = 2**16
_FOREIGN = {
    b"\x1f\x8b": "is compressed with gzip; unpack it first",
    b"BZh": "is compressed with bzip2; unpack it first",
    b"\xfd7zXZ\x00": "is compressed with xz; unpack it first",
    b"\x28\xb5\x2f\xfd": "is compressed with Zstandard; unpack it first",
    b"7z\xbc\xaf\x27\x1c": "is an archive; unpack it first",
    b"ARROW1": "is an Arrow file; write it as Parquet, or as CSV (UTF-8)",
    b"\x80\x04": "is a pickle, which is never opened; write it as Parquet, or as CSV (UTF-8)",
    b"\x80\x05": "is a pickle, which is never opened; write it as Parquet, or as CSV (UTF-8)",
    b"PK\x03\x04": "is a spreadsheet or an archive; export it as CSV (UTF-8)",
    b"\xff\xfe": "is UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "is UTF-16 text; save it as UTF-8",
}


def read_header(path: Path) -> list[str]:
    """Column names of a CSV file; refuses what cannot be one."""
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
    if not start.strip():
        raise UnreadableDataset("the file is empty; it needs a header and at least one row")
    for magic, problem in _FOREIGN.items():
        if start.startswith(magic):
            raise UnreadableDataset(f"the file {problem}")
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n").replace(b"\r", b"\n")
    line, end, _ = text.partition(b"\n")
    if b"\0" in line:
        raise UnreadableDataset("the header holds NUL bytes: this is not a text file; save it as CSV (UTF-8)")
    if not end and len(start) == HEADER_BYTES:
        raise UnreadableDataset(
            f"the first line is longer than {HEADER_BYTES} bytes; it must be a header with names of columns"
        )
    try:
        header = next(csv.reader([line.decode("utf-8")], strict=True))
        _refuse_other_separators(header)
        return header
    except UnicodeDecodeError:
        raise UnreadableDataset("line 1 is not UTF-8 text; save the file as UTF-8") from None
    except csv.Error as error:
        raise UnreadableDataset(f"the header is not readable as CSV: {error}") from None


def _refuse_other_separators(header: list[str]) -> None:
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            raise UnreadableDataset(
                f"the columns are separated by {name}; save the file with commas between them"
            )


def plain(name: str) -> str:
    """A column's name without what is easily added to it by accident."""
    return name.strip().lower()


def require_columns(
    found: Sequence[str], required: Sequence[str], *, optional: Sequence[str] = ()
) -> list[str]:
    """The columns to read; refuses a header that lacks one or names one twice."""
    for name in (*required, *optional):
        if list(found).count(name) > 1:
            raise UnreadableDataset(f"column {name!r} stands twice in the header; keep one of them")
    missing = [name for name in required if name not in found]
    if missing:
        wanted = ",".join(required) + "".join(f"[,{name}]" for name in optional)
        alike = next((name for name in found if plain(name) == missing[0]), None)
        remedy = "" if alike is None else f"rename {alike!r} to {missing[0]!r}; "
        raise UnreadableDataset(
            f"column {missing[0]!r} is missing (found: {shorten(', '.join(found))}); "
            f"{remedy}the header must name {wanted}, separated by commas"
        )
    return [*required, *(name for name in optional if name in found)]


def iterate_csv(path: Path, columns: Sequence[str], refusals: Refusals) -> Iterator[pa.RecordBatch]:
    """Batches of these columns as text; records of the wrong width are left out and refused."""

    def skip_wrong_width(row: pa_csv.InvalidRow) -> str:
        reason = f"has {row.actual_columns} values where the header has {row.expected_columns} columns"
        if "\n" in row.text:
            reason += "; it runs over several lines: is a quote left open?"
        # The reader counts the header as record 1.
        refusals.add_wrong_width(row.number - 2, Cell(shorten(row.text), reason))
        return "skip"

    try:
        yield from pa_csv.open_csv(
            path,
            # Threads lose the number of a row that is skipped, and win nothing measurable here.
            read_options=pa_csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip_wrong_width),
            convert_options=pa_csv.ConvertOptions(
                include_columns=list(columns), column_types=dict.fromkeys(columns, pa.string())
            ),
        )
    except pa.ArrowInvalid as error:
        raise _unreadable(path, str(error)) from error


def _unreadable(path: Path, message: str) -> UnreadableDataset:
    if "Empty CSV" in message:
        return UnreadableDataset("the file has a header and no rows")
    # A row of the wrong width is skipped and told of, unless it can't be decoded for that.
    if "UTF8" in message or "Expected" in message:
        return UnreadableDataset(
            f"line {_first_line_not_utf8(path)} is not UTF-8 text; save the file as UTF-8"
        )
    if "straddling" in message or "sync" in message:
        return UnreadableDataset(
            f"a quoted value is never closed, or a row is longer than {BLOCK_BYTES // 2**20} MiB; "
            "close the quotes or split the row"
        )
    return UnreadableDataset(f"the file is not readable as CSV: {shorten(message)}")


def _first_line_not_utf8(path: Path) -> int:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1


def csv_lines(path: Path, records: Sequence[int]) -> list[int]:
    """First lines of these records, which count from 0 after the header and increase.

    Reads the file again, line by line: only a refused file pays for it.
    """
    wanted = iter(records)
    target = next(wanted, None)
    lines: list[int] = []
    record, inside_quotes = -2, False
    # Latin-1 never fails and keeps quotes and line ends where they are.
    with path.open(encoding="latin-1") as file:
        for number, line in enumerate(file, start=1):
            if number == 1:
                line = line.removeprefix("\xef\xbb\xbf")
            if not inside_quotes and line != "\n":
                record += 1
                while target is not None and record == target:
                    lines.append(number)
                    target = next(wanted, None)
            if target is None:
                break
            inside_quotes = _ends_inside_quotes(line, inside_quotes)
    return lines


def _ends_inside_quotes(line: str, inside: bool) -> bool:
    """Whether a quoted value goes on after this line; within a value that does not begin with one, a quote
    is a character like any other.
    """
    if '"' not in line:
        return inside
    position = 0
    while True:
        if inside:
            position = line.find('"', position)
            if position < 0:
                return True
            position += 1
            if line.startswith('"', position):  # two of them stand for one
                position += 1
                continue
            inside = False
        elif line.startswith('"', position):
            inside, position = True, position + 1
            continue
        position = line.find(",", position) + 1
        if position == 0:
            return False
