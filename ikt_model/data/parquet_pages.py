"""What the pages of a Parquet file unpack to, by their own headers.

A reader makes room for what a page's header says before it unpacks the page, and the file's footer, which is
easier to ask, may say less. The footer is read here as well: pyarrow, asked about a column of a footer that
contradicts itself, ends the process.
"""

from __future__ import annotations

import mmap
from collections.abc import Collection, Iterator
from pathlib import Path

from ikt_model.data.errors import UnreadableDataset
from ikt_model.data.limits import MOST_ROW_GROUP_BYTES
from ikt_model.data.thrift import Struct, read_struct

MOST_PAGES = 100_000
MOST_FOOTER_BYTES = 8 * 2**20
TAIL_BYTES = 8  # the footer's length and PAR1
# Numbers of fields (parquet.thrift).
ROW_GROUPS = 4  # of FileMetaData
CHUNKS, ROWS = 1, 3  # of RowGroup
CHUNK = 3  # of ColumnChunk
PATH, PACKED_CHUNK, FIRST_PAGE, DICTIONARY_PAGE = 3, 7, 9, 11  # of ColumnMetaData
UNPACKED, PACKED = 2, 3  # of PageHeader


def require_small_pages(path: Path, columns: Collection[str]) -> None:
    """Raises UnreadableDataset when these columns unpack to more of a row group than a reader should hold."""
    n_pages = 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        try:
            for group in _row_groups(content):
                unpacked = 0
                for start, end in _chunks(group, columns):
                    while start < end:
                        start, size = _read_header(content, start)
                        unpacked, n_pages = unpacked + size, n_pages + 1
                        _require_few(unpacked, n_pages)
        except (IndexError, KeyError, TypeError, AttributeError) as error:
            # Something is not there, or not what it should be.
            raise UnreadableDataset("the Parquet file is broken: its parts do not fit each other") from error


def _row_groups(content: mmap.mmap) -> Iterator[Struct]:
    """Those that hold rows."""
    length = int.from_bytes(content[-TAIL_BYTES : -TAIL_BYTES // 2], "little")
    if length > MOST_FOOTER_BYTES:
        raise UnreadableDataset(
            f"the file's footer is longer than {MOST_FOOTER_BYTES // 2**20} MiB; write larger row groups"
        )
    footer, _ = read_struct(content[-TAIL_BYTES - length :], 0)
    return (group for group in footer[ROW_GROUPS] if group[ROWS])


def _chunks(group: Struct, columns: Collection[str]) -> Iterator[tuple[int, int]]:
    """Where the pages of each of the columns begin and end."""
    for entry in group[CHUNKS]:
        chunk = entry[CHUNK]
        if b".".join(chunk[PATH]).decode() in columns:
            start = chunk[FIRST_PAGE]
            if 0 < chunk.get(DICTIONARY_PAGE, 0) < start:
                start = chunk[DICTIONARY_PAGE]
            if start < 0:
                raise IndexError(start)
            yield start, start + chunk[PACKED_CHUNK]


def _require_few(unpacked: int, n_pages: int) -> None:
    if unpacked > MOST_ROW_GROUP_BYTES:
        most = MOST_ROW_GROUP_BYTES // 2**20
        raise UnreadableDataset(f"a row group unpacks to more than {most} MiB; write smaller ones")
    if n_pages > MOST_PAGES:
        raise UnreadableDataset(f"the file has more than {MOST_PAGES:,} pages; write larger ones")


def _read_header(content: mmap.mmap, start: int) -> tuple[int, int]:
    """Where the next page starts, and what this one unpacks to."""
    header, end = read_struct(content, start)
    packed, unpacked = header[PACKED], header[UNPACKED]
    if packed < 0 or unpacked < 0:
        raise UnreadableDataset("the Parquet file is broken: a page has a negative size")
    return end + packed, unpacked
