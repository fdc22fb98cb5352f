"""Why a dataset was refused.

DatasetRefused
├── UnreadableDataset   the file as a whole: format, header, encoding
└── BadRows             single rows; nothing of the file is kept
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FIRST_BAD_ROWS = 20


@dataclass(frozen=True, slots=True)
class BadRow:
    """One refused row and the first of its columns that is wrong.

    `line` is the line of the file, the header being line 1; in a Parquet file it is the row, counted from 1.
    """

    line: int
    column: str
    value: str
    reason: str


class DatasetRefused(Exception):
    """A dataset that was not accepted; nothing of it is kept."""


class UnreadableDataset(DatasetRefused):
    """The file cannot be read as a dataset at all."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadRows(DatasetRefused):
    """Some rows cannot be accepted: the first of them in line order, and how many there are."""

    def __init__(self, rows: Sequence[BadRow], total: int) -> None:
        self.rows = list(rows)
        self.total = total
        first = self.rows[0]
        super().__init__(
            f"{total} bad row{'s' if total != 1 else ''}; the first is on line {first.line}, "
            f"column {first.column}: {first.value!r} {first.reason}"
        )
