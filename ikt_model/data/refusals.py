"""Collects the rows that a reader cannot accept, without an object for each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ikt_model.data.errors import FIRST_BAD_ROWS, BadRow, BadRows

LONGEST_VALUE = 80
WHOLE_ROW = "(row)"


def shorten(value: str) -> str:
    """A value as a message may show it."""
    return value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"


@dataclass(frozen=True, slots=True)
class Cell:
    """A refused value and what is wrong with it."""

    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class _BadColumn:
    name: str
    rows: NDArray[np.int64]  # increasing, each once
    positions: NDArray[np.int64]  # where the first bad cell of each row stands in what was handed in
    cell: Callable[[int], Cell]


class Refusals:
    """Bad cells by column; of a row with several, the column handed in first is shown.

    Rows of the wrong width never reach the columns, so the columns count only the others; they are put back
    into place here.
    """

    def __init__(self) -> None:
        self._columns: list[_BadColumn] = []
        self._wrong_width: list[tuple[int, Cell]] = []
        self._n_wrong_width = 0

    def add(self, name: str, rows: NDArray[np.integer], cell: Callable[[int], Cell]) -> None:
        """Refuse these rows for one column; `cell(i)` describes the cell behind rows[i]."""
        distinct, positions = np.unique(rows, return_index=True)
        if len(distinct):
            self._columns.append(_BadColumn(name, distinct, positions, cell))

    def add_wrong_width(self, record: int, cell: Cell) -> None:
        """Refuse a record (counted from 0 after the header) that has too many or too few values."""
        self._n_wrong_width += 1
        # Later ones can no longer change which rows are shown, or where those stand.
        if len(self._wrong_width) < FIRST_BAD_ROWS:
            self._wrong_width.append((record, cell))

    def __len__(self) -> int:
        """Bad cells and rows of the wrong width so far: no fewer than bad rows."""
        return sum(len(column.rows) for column in self._columns) + self._n_wrong_width

    def raise_if_any(self, lines_of: Callable[[list[int]], list[int]]) -> None:
        """Raise BadRows if a row was refused; `lines_of` turns increasing records into lines."""
        rows = np.unique(np.concatenate([np.empty(0, np.int64), *(c.rows for c in self._columns)]))
        total = len(rows) + self._n_wrong_width
        if total == 0:
            return
        shown = [(record, WHOLE_ROW, cell) for record, cell in self._wrong_width]
        for row, record in zip(rows[:FIRST_BAD_ROWS], self._records(rows[:FIRST_BAD_ROWS]), strict=True):
            shown.append((record, *self._first_cell(int(row))))
        shown = sorted(shown, key=lambda entry: entry[0])[:FIRST_BAD_ROWS]
        lines = lines_of([record for record, _, _ in shown])
        raise BadRows(
            [
                BadRow(line=line, column=name, value=shorten(cell.value), reason=cell.reason)
                for line, (_, name, cell) in zip(lines, shown, strict=True)
            ],
            total,
        )

    def _records(self, rows: NDArray[np.int64]) -> list[int]:
        wrong = np.array([record for record, _ in self._wrong_width], dtype=np.int64)
        rows_before = wrong - np.arange(len(wrong))
        records: list[int] = (rows + np.searchsorted(rows_before, rows, side="right")).tolist()
        return records

    def _first_cell(self, row: int) -> tuple[str, Cell]:
        for column in self._columns:
            index = int(np.searchsorted(column.rows, row))
            if index < len(column.rows) and column.rows[index] == row:
                return column.name, column.cell(int(column.positions[index]))
        raise LookupError(f"row {row} was not refused")
