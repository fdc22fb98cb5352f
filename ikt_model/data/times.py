"""Times as text: ISO 8601 or whole milliseconds since 1970, read without a Python object for each."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ikt_model.data.refusals import Cell, Refusals

FIRST_YEAR, LAST_YEAR = 1678, 2261  # what 64-bit nanoseconds can tell
FIRST_MILLISECOND, LAST_MILLISECOND = -9_214_560_000_000, 9_214_646_399_999  # the same, to the day
SECONDS = (
    1_000_000_000,
    10_000_000_000,
)  # 2001 to 2286 when meant as seconds, January to April 1970 as written
NANOSECONDS_PER_MILLISECOND = 1_000_000
TIME_REASON = (
    "is not a time; write ISO 8601 (2024-05-01T10:00:00Z; UTC where no zone is given) "
    "or whole milliseconds since 1970 (not seconds)"
)
_INTEGER = "^[0-9]{1,15}$"
_ZONED = "[T ].*(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
_HOUR, _MINUTE = "([01][0-9]|2[0-3])", "[0-5][0-9]"
_ISO_8601 = (
    rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ]{_HOUR}(:{_MINUTE}(:{_MINUTE}(\.[0-9]{{1,9}})?)?)?"
    rf"(Z|[+-]{_HOUR}(:?{_MINUTE})?)?)?$"
)


class TimeColumn:
    """Gathers times batch by batch."""

    def __init__(self) -> None:
        self._chunks: list[NDArray[np.int64]] = []
        self._bad: list[NDArray[np.int64]] = []
        self._bad_texts: list[pa.Array] = []
        self._n = 0

    def add(self, texts: pa.Array) -> None:
        values, readable = parse_milliseconds(texts)
        self._chunks.append(values)
        if not readable.all():
            bad = np.flatnonzero(~readable)
            self._bad.append(bad + self._n)
            self._bad_texts.append(texts.take(pa.array(bad)))
        self._n += len(texts)

    def add_milliseconds(self, values: NDArray[np.int64]) -> None:
        self._chunks.append(values)
        self._n += len(values)

    def finish(
        self, name: str, refusals: Refusals, *, rows: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """[N] milliseconds since 1970, UTC; unreadable ones are refused."""
        if self._bad:
            bad = np.concatenate(self._bad)
            texts = pa.chunked_array(self._bad_texts)
            refusals.add(
                name,
                bad if rows is None else rows[bad],
                lambda index: Cell(texts[index].as_py(), TIME_REASON),
            )
        chunks, self._chunks = self._chunks, []
        return np.concatenate([np.empty(0, np.int64), *chunks])


def parse_milliseconds(texts: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Milliseconds since 1970 (UTC) of each text, and whether it could be read; unread ones are 0."""
    texts = pc.utf8_trim_whitespace(texts)
    integers: NDArray[np.bool_] = _mask(pc.match_substring_regex(texts, _INTEGER))
    values = np.zeros(len(texts), dtype=np.int64)
    readable = integers.copy()
    if integers.any():
        values[integers] = pc.cast(texts.filter(pa.array(integers)), pa.int64()).to_numpy()
        readable &= (values <= LAST_MILLISECOND) & ~((values >= SECONDS[0]) & (values < SECONDS[1]))
        values[~readable] = 0
    for zoned in (False, True):
        if (pending := np.flatnonzero(~integers)).size:
            pending = pending[_mask(pc.match_substring_regex(texts.take(pa.array(pending)), _ZONED)) == zoned]
            known, milliseconds = _parse_iso(texts.take(pa.array(pending)), zoned=zoned)
            values[pending[known]] = milliseconds
            readable[pending[known]] = True
    return values, readable


def _parse_iso(texts: pa.Array, *, zoned: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions that hold a time, and their milliseconds."""
    kind = pa.timestamp("ns", "UTC" if zoned else None)
    known = np.arange(len(texts))
    try:
        times = pc.cast(texts, kind)
    except pa.ArrowInvalid:
        known = np.flatnonzero(_is_iso(texts))
        times = pc.cast(texts.take(pa.array(known)), kind)
    nanoseconds: NDArray[np.int64] = pc.cast(times, pa.int64()).to_numpy()
    return known, nanoseconds // NANOSECONDS_PER_MILLISECOND


def _is_iso(texts: pa.Array) -> NDArray[np.bool_]:
    days = pc.utf8_slice_codeunits(texts, 0, 10).dictionary_encode()
    exists = np.array([_is_day(day) for day in days.dictionary.to_pylist()], dtype=bool)
    shaped = _mask(pc.match_substring_regex(texts, _ISO_8601))
    of_day: NDArray[np.bool_] = exists[days.indices.to_numpy()]
    return shaped & of_day


def _is_day(text: str) -> bool:
    try:
        return FIRST_YEAR <= date.fromisoformat(text).year <= LAST_YEAR
    except ValueError:
        return False


def _mask(values: pa.Array) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = values.to_numpy(zero_copy_only=False)
    return mask
