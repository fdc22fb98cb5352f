"""Columns gathered batch by batch: text as codes into its distinct values, times as milliseconds.

Bad values are found among the distinct values, which are few, and then looked up in the codes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ikt_model.data.refusals import Cell, Refusals

LONGEST_NAME = 256


@dataclass(frozen=True, slots=True)
class Coded:
    """A text column: entry i is values[codes[i]]."""

    codes: NDArray[np.int32]
    values: pa.StringArray  # distinct

    def part(self, rows: slice) -> Coded:
        """Some of the entries, with no more values than they need."""
        found = pa.array(self.codes[rows]).dictionary_encode()
        return Coded(found.indices.to_numpy(), self.values.take(found.dictionary))

    def is_any(self, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Positions of the entries whose value is marked."""
        return np.flatnonzero(wanted[self.codes]) if wanted.any() else np.empty(0, np.int64)

    def text(self, position: int) -> str:
        value: str = self.values[int(self.codes[position])].as_py()
        return value

    def equals(self, text: str) -> NDArray[np.bool_]:
        """For each distinct value: is it this text?"""
        mask: NDArray[np.bool_] = pc.equal(self.values, text).to_numpy(zero_copy_only=False)
        return mask

    def matches(self, pattern: str) -> NDArray[np.bool_]:
        """For each distinct value: does it match?"""
        mask: NDArray[np.bool_] = pc.match_substring_regex(self.values, pattern).to_numpy(
            zero_copy_only=False
        )
        return mask

    def dictionary(self, positions: NDArray[np.int64]) -> pa.DictionaryArray:
        """These entries as an Arrow column, null where the text is empty."""
        codes, empty = self.codes[positions], self.equals("")
        mask = empty[codes] if empty.any() else None
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=mask), self.values)


class TextColumn:
    """Gathers text, one batch after the other; white space around a value does not count."""

    def __init__(self) -> None:
        self._chunks: list[pa.DictionaryArray] = []

    def add(self, texts: pa.Array) -> None:
        self._chunks.append(texts.dictionary_encode())

    def finish(self) -> Coded:
        """All batches as one; what was gathered is given up."""
        table = pa.chunked_array(self._chunks, type=pa.dictionary(pa.int32(), pa.string()))
        self._chunks = []
        chunks = table.unify_dictionaries().chunks
        codes = [chunk.indices.to_numpy() for chunk in chunks]
        if not codes:
            return Coded(np.empty(0, np.int32), pa.array([], pa.string()))
        return _trimmed(Coded(np.concatenate(codes), chunks[0].dictionary))


def _trimmed(column: Coded) -> Coded:
    trimmed = pc.utf8_trim_whitespace(column.values)
    if trimmed.equals(column.values):
        return column
    values = trimmed.unique()
    merged = pc.index_in(trimmed, values).to_numpy().astype(np.int32)
    return Coded(merged[column.codes], values)


def refuse_unusable_names(
    name: str, column: Coded, refusals: Refusals, *, rows: NDArray[np.int64] | None = None, empty: str | None
) -> None:
    """Refuse names that are empty (with this reason), too long or hold control characters.

    `rows` tells the row behind each entry where entries are not rows.
    """
    lengths = pc.utf8_length(column.values).to_numpy()
    bad = [
        (column.matches("[[:cntrl:]]"), "holds a line break or another control character; remove it"),
        (lengths > LONGEST_NAME, f"is longer than {LONGEST_NAME} characters; use a shorter name"),
    ]
    if empty is not None:
        bad.insert(0, (lengths == 0, empty))
    for mask, reason in bad:
        refuse_marked(name, column, mask, refusals, rows=rows, reason=reason)


def refuse_marked(
    name: str,
    column: Coded,
    marked: NDArray[np.bool_],
    refusals: Refusals,
    *,
    reason: str,
    rows: NDArray[np.int64] | None = None,
) -> None:
    """Refuse the rows whose value is marked among the distinct values."""
    positions = column.is_any(marked)
    refusals.add(
        name,
        positions if rows is None else rows[positions],
        lambda index: Cell(column.text(int(positions[index])), reason),
    )
