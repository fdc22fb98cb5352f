"""What the pages of a Parquet file unpack to, by their own headers.

A reader makes room for what a page's header says before it unpacks the page, and the file's footer, which is
easier to ask, may say less. Headers are structs in Thrift's compact protocol; of them only two numbers count.
"""

from __future__ import annotations

import mmap
from collections.abc import Collection
from pathlib import Path

import pyarrow.parquet as pq

from ikt_model.data.errors import UnreadableDataset
from ikt_model.data.limits import MOST_ROW_GROUP_BYTES

MOST_PAGES = 100_000
DEEPEST = 8  # structs within each other; a header has three
UNPACKED, PACKED = 2, 3  # ids of the two fields (parquet.thrift, PageHeader)
# Kinds of values (Thrift's compact protocol).
STOP, TRUE, FALSE, BYTE, DOUBLE, BINARY, STRUCT = 0, 1, 2, 3, 7, 8, 12
WHOLE = (4, 5, 6)


def require_small_pages(path: Path, metadata: pq.FileMetaData, columns: Collection[str]) -> None:
    """Raises UnreadableDataset when these columns unpack to more of a row group than a reader should hold."""
    n_pages = 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        groups = map(metadata.row_group, range(metadata.num_row_groups))
        for group in (one for one in groups if one.num_rows):
            unpacked = 0
            chunks = map(group.column, range(metadata.num_columns))
            for chunk in (one for one in chunks if one.path_in_schema in columns):
                start = chunk.data_page_offset
                if chunk.dictionary_page_offset is not None:
                    start = min(start, chunk.dictionary_page_offset)
                end = start + chunk.total_compressed_size
                while start < end:
                    start, size = _read_header(content, start)
                    unpacked, n_pages = unpacked + size, n_pages + 1
                    _require_few(unpacked, n_pages)


def _require_few(unpacked: int, n_pages: int) -> None:
    if unpacked > MOST_ROW_GROUP_BYTES:
        most = MOST_ROW_GROUP_BYTES // 2**20
        raise UnreadableDataset(f"a row group unpacks to more than {most} MiB; write smaller ones")
    if n_pages > MOST_PAGES:
        raise UnreadableDataset(f"the file has more than {MOST_PAGES:,} pages; write larger ones")


def _read_header(content: mmap.mmap, start: int) -> tuple[int, int]:
    """Where the next page starts, and what this one unpacks to."""
    try:
        sizes, end = _read_struct(content, start, depth=0)
        packed, unpacked = sizes[PACKED], sizes[UNPACKED]
    except (IndexError, KeyError) as error:
        raise UnreadableDataset("the Parquet file is broken: a page has no header") from error
    if packed < 0 or unpacked < 0:
        raise UnreadableDataset("the Parquet file is broken: a page has a negative size")
    return end + packed, unpacked


def _read_struct(content: mmap.mmap, at: int, *, depth: int) -> tuple[dict[int, int], int]:
    """Its whole numbers by field, and where it ends. Raises IndexError beyond the file, or too deep."""
    if depth > DEEPEST:
        raise IndexError(depth)
    numbers: dict[int, int] = {}
    field = 0
    while (head := content[at]) != STOP:
        at += 1
        kind, step = head & 15, head >> 4
        if step:
            field += step
        else:
            field, at = _whole(content, at)
        if kind in WHOLE:
            numbers[field], at = _whole(content, at)
        else:
            at = _skip(content, at, kind, depth=depth)
    return numbers, at + 1


def _skip(content: mmap.mmap, at: int, kind: int, *, depth: int) -> int:
    """Where a value of this kind ends; of lists and maps a header has none."""
    if kind == BINARY:
        length, at = _varint(content, at)
        return at + length
    if kind == STRUCT:
        return _read_struct(content, at, depth=depth + 1)[1]
    sizes = {TRUE: 0, FALSE: 0, BYTE: 1, DOUBLE: 8}
    if kind not in sizes:
        raise IndexError(kind)
    return at + sizes[kind]


def _whole(content: mmap.mmap, at: int) -> tuple[int, int]:
    value, at = _varint(content, at)
    return (value >> 1) ^ -(value & 1), at


def _varint(content: mmap.mmap, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise IndexError(at)
