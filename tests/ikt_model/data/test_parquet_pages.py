"""What pages unpack to is known before one of them is unpacked, whatever the footer says."""

from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ikt_model.data import parquet_pages
from ikt_model.data.errors import UnreadableDataset
from ikt_model.data.parquet_pages import require_small_pages
from ikt_model.data.readers import read_dataset

COLUMNS = ("student_id", "skill", "correct")
N_ROWS = 3000
WAYS = [
    {
        "compression": compression,
        "use_dictionary": dictionary,
        "data_page_version": version,
        "write_page_checksum": checksum,
    }
    for compression, dictionary, version, checksum in product(
        ("snappy", "zstd", "gzip", "none"), (True, False), ("1.0", "2.0"), (True, False)
    )
]


def table() -> pa.Table:
    numbers = range(N_ROWS)
    return pa.table(
        {
            "student_id": [f"student {number % 300}" for number in numbers],
            "skill": [f"skill {number % 17}" for number in numbers],
            "correct": [number % 2 for number in numbers],
        }
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "events.parquet"
    pq.write_table(table(), path, row_group_size=1000, data_page_size=2000)
    return path


def most_unpacked(path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Of any row group, as the pages say."""
    seen: list[int] = []
    monkeypatch.setattr(parquet_pages, "_require_few", lambda unpacked, _: seen.append(unpacked))
    require_small_pages(path, COLUMNS)
    return max(seen)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(map(str, way.values())))
def test_pages_say_what_an_honest_footer_says(
    tmp_path: Path, way: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.parquet"
    pq.write_table(table(), path, row_group_size=1000, data_page_size=2000, **way)
    metadata = pq.read_metadata(path)
    said = max(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))

    assert read_dataset(path).n_responses == N_ROWS
    # The footer counts the headers of pages as well, some 20 to 60 bytes each.
    assert 0.7 * said <= most_unpacked(path, monkeypatch) <= said


def test_a_footer_that_says_less_is_not_believed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ikt_model.data.parquet_pages.MOST_ROW_GROUP_BYTES", 2000)
    with pytest.raises(UnreadableDataset, match="row group unpacks to more than"):
        read_dataset(path)


def test_pages_without_end_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ikt_model.data.parquet_pages.MOST_PAGES", 8)
    with pytest.raises(UnreadableDataset, match="more than 8 pages"):
        read_dataset(path)


@pytest.mark.parametrize("junk", [b"\x1f" * 64, b"\xff" * 64, b"\x00" * 64, b"\x2c" * 64, b"\x15\x01" * 32])
def test_what_is_no_header_is_refused(path: Path, junk: bytes) -> None:
    content = bytearray(path.read_bytes())
    start = pq.read_metadata(path).row_group(0).column(0).dictionary_page_offset
    content[start : start + len(junk)] = junk
    path.write_bytes(content)

    with pytest.raises(UnreadableDataset, match="Parquet file is broken"):
        read_dataset(path)
