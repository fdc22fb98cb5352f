"""pyKT's row format: `fold,uid,concepts,responses[,questions][,timestamps][,is_repeat]`, one row per history.

Lists are quoted and separated by commas; other columns are ignored. A concept is an index, and its text is
the skill's name; `3_5` is a step that practises both. Folds are kept as given (-1: none). Rows of one uid
are joined in file order, which is right for pyKT's windows that follow each other (`*_sequences.csv`), not
for those that overlap (`*_window_sequences.csv`). Padding of -1 at the end is cut. Where `is_repeat` is 1
the entry repeats an answer for a further concept of the same question: it joins the step before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ikt_model.data.columns import Coded, TextColumn, refuse_marked, refuse_unusable_names
from ikt_model.data.csv_records import csv_lines, iterate_csv, require_columns
from ikt_model.data.errors import UnreadableDataset
from ikt_model.data.limits import Limits
from ikt_model.data.refusals import Cell, Refusals
from ikt_model.data.sequences import Sequences
from ikt_model.data.times import TimeColumn
from ikt_model.data.vocabulary import index_skills, offsets_of

REQUIRED = ("fold", "uid", "concepts", "responses")
OPTIONAL = ("questions", "timestamps", "is_repeat")
PADDING = "-1"
LAST_FOLD = 999
_FOLD = "^(-1|[0-9]{1,3})$"
_CONCEPTS = "^[0-9]{1,9}(_[0-9]{1,9})*$"


@dataclass(frozen=True, slots=True)
class _Entries:
    """Checked list entries of all rows, flat, in the order of the file."""

    row: NDArray[np.int64]
    concepts: Coded
    right: NDArray[np.int8]
    repeats: NDArray[np.bool_] | None
    questions: Coded | None
    timestamps: NDArray[np.int64] | None


class _Rows:
    """Gathers the rows of a file; the entries of their lists lie flat behind each other."""

    def __init__(self, columns: list[str]) -> None:
        self.lists = [name for name in columns if name not in ("fold", "uid")]
        self.fold, self.uid = TextColumn(), TextColumn()
        self.entries = {name: TextColumn() for name in self.lists if name != "timestamps"}
        self.timestamps = TimeColumn() if "timestamps" in columns else None
        self.row_of_entry: list[NDArray[np.int64]] = []
        self.n_rows = 0
        self.n_entries = 0

    def add(self, batch: pa.RecordBatch, refusals: Refusals) -> None:
        """Take in a batch; of rows whose lists do not fit each other, only the ids are kept."""
        self.fold.add(batch.column("fold"))
        self.uid.add(batch.column("uid"))
        split = {name: pc.split_pattern(batch.column(name), ",") for name in self.lists}
        lengths = {name: pc.list_value_length(column).to_numpy() for name, column in split.items()}
        fits = np.ones(len(batch), dtype=bool)
        for name in self.lists:
            fits &= lengths[name] == lengths["concepts"]
            self._refuse_lengths(name, batch.column(name), lengths, refusals)
        chosen = np.flatnonzero(fits)
        row = np.repeat(chosen, lengths["concepts"][chosen])
        flat = {name: column.take(pa.array(chosen)).flatten() for name, column in split.items()}
        kept = _before_padding(row, flat["concepts"], flat["responses"])
        hollow = np.setdiff1d(chosen, row[kept])
        refusals.add(
            "concepts", hollow + self.n_rows, lambda _: Cell(PADDING, "is all there is; leave the row out")
        )
        for name, column in flat.items():
            entries = column.filter(pa.array(kept))
            if name == "timestamps" and self.timestamps is not None:
                self.timestamps.add(entries)
            else:
                self.entries[name].add(entries)
        self.row_of_entry.append(row[kept] + self.n_rows)
        self.n_entries += len(self.row_of_entry[-1])
        self.n_rows += len(batch)

    def _refuse_lengths(
        self, name: str, texts: pa.Array, lengths: dict[str, NDArray[np.int32]], refusals: Refusals
    ) -> None:
        wrong = np.flatnonzero(lengths[name] != lengths["concepts"])

        def cell(index: int) -> Cell:
            row = int(wrong[index])
            found, wanted = lengths[name][row], lengths["concepts"][row]
            return Cell(
                texts[row].as_py(), f"has {found} entries where concepts has {wanted}; make them match"
            )

        refusals.add(name, wrong + self.n_rows, cell)


def read_pykt(path: Path, header: list[str], *, limits: Limits) -> Sequences:
    """Read a file in pyKT's row format."""
    columns = require_columns(header, REQUIRED, optional=OPTIONAL)
    rows, refusals = _Rows(columns), Refusals()
    for batch in iterate_csv(path, columns, refusals):
        rows.add(batch, refusals)
        limits.require_responses(rows.n_entries)
    fold, uid = rows.fold.finish(), rows.uid.finish()
    reason = f"is not a fold; write a whole number from -1 to {LAST_FOLD}"
    refuse_marked("fold", fold, ~fold.matches(_FOLD), refusals, reason=reason)
    refuse_unusable_names("uid", uid, refusals, empty="is empty; every row needs the student's id")
    _refuse_moving_students(fold, uid, refusals)
    entries = _check_entries(rows, refusals)
    refusals.raise_if_any(lambda records: csv_lines(path, records))
    if rows.n_rows == 0:
        raise UnreadableDataset("the file has a header and no rows")
    return _assemble(fold, uid, entries, limits=limits)


def _before_padding(row: NDArray[np.int64], concepts: pa.Array, responses: pa.Array) -> NDArray[np.bool_]:
    """Entries up to the last of their row that is not padding."""
    both = pc.and_(pc.equal(concepts, PADDING), pc.equal(responses, PADDING))
    real = np.flatnonzero(~both.to_numpy(zero_copy_only=False))
    last = np.full(int(row.max(initial=-1)) + 1, -1, dtype=np.int64)
    last[row[real]] = real  # of several entries of a row the last one stays
    kept: NDArray[np.bool_] = np.arange(len(row)) <= last[row]
    return kept


def _refuse_moving_students(fold: Coded, uid: Coded, refusals: Refusals) -> None:
    first_fold = np.zeros(len(uid.values), dtype=np.int32)
    _, first_row = np.unique(uid.codes, return_index=True)
    first_fold[uid.codes[first_row]] = fold.codes[first_row]
    moved = np.flatnonzero(fold.codes != first_fold[uid.codes])

    def cell(index: int) -> Cell:
        row = int(moved[index])
        earlier = fold.values[int(first_fold[uid.codes[row]])].as_py()
        return Cell(
            fold.text(row), f"is another fold than before: uid {uid.text(row)} has {earlier} above; keep one"
        )

    refusals.add("fold", moved, cell)


def _check_entries(rows: _Rows, refusals: Refusals) -> _Entries:
    row = np.concatenate([np.empty(0, np.int64), *rows.row_of_entry])
    columns = {name: column.finish() for name, column in rows.entries.items()}
    concepts, responses = columns["concepts"], columns["responses"]
    reason = "is not a concept; write its index (0, 1, …), several of one step as 3_5"
    refuse_marked("concepts", concepts, ~concepts.matches(_CONCEPTS), refusals, rows=row, reason=reason)
    right = _zero_or_one("responses", responses, row, refusals)
    repeats = (
        _zero_or_one("is_repeat", columns["is_repeat"], row, refusals) if "is_repeat" in columns else None
    )
    questions = columns.get("questions")
    if questions is not None:
        refuse_unusable_names("questions", questions, refusals, rows=row, empty=None)
    timestamps = None
    if rows.timestamps is not None:
        timestamps = rows.timestamps.finish("timestamps", refusals, rows=row)
    return _Entries(
        row=row,
        concepts=concepts,
        right=right.astype(np.int8),
        repeats=repeats,
        questions=questions,
        timestamps=timestamps,
    )


def _zero_or_one(name: str, column: Coded, row: NDArray[np.int64], refusals: Refusals) -> NDArray[np.bool_]:
    one = column.equals("1")
    reason = "is not 0 or 1; write one of them"
    refuse_marked(name, column, ~(one | column.equals("0")), refusals, rows=row, reason=reason)
    return np.take(one, column.codes)


def _assemble(fold: Coded, uid: Coded, entries: _Entries, *, limits: Limits) -> Sequences:
    by_id = pc.sort_indices(uid.values).to_numpy()
    student_ids = uid.values.take(pa.array(by_id))
    rank = np.argsort(by_id).astype(np.int32)
    fold_of_code = pc.cast(fold.values, pa.int16()).to_numpy()
    folds = np.empty(len(student_ids), dtype=np.int16)
    folds[rank[uid.codes]] = fold_of_code[fold.codes]
    student = rank[uid.codes[entries.row]]
    order = np.argsort(student, kind="stable")
    student, right = student[order], entries.right[order]
    starts = np.arange(len(order))
    if entries.repeats is not None:
        joins = np.zeros(len(order), dtype=bool)
        joins[1:] = (student[1:] == student[:-1]) & (right[1:] == right[:-1])
        starts = np.flatnonzero(~(joins & entries.repeats[order]))
    names, skills, member_offsets = _members(entries.concepts, order)
    limits.require_skills(len(names))
    vocabulary, skill_sets = index_skills(
        names, skills=skills, offsets=member_offsets[np.append(starts, len(order))]
    )
    first = order[starts]
    questions = entries.questions
    return Sequences(
        student_ids=student_ids,
        folds=folds,
        offsets=offsets_of(np.bincount(student[starts], minlength=len(student_ids))),
        skill_sets=skill_sets,
        responses=entries.right[first],
        vocabulary=vocabulary,
        timestamps=None if entries.timestamps is None else entries.timestamps[first],
        items=None if questions is None else questions.dictionary(first),
    )


def _members(
    concepts: Coded, order: NDArray[np.int64]
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Names, and the flat skills of each entry with their offsets."""
    split = pc.split_pattern(concepts.values, "_")
    indices, skills = np.unique(pc.cast(split.flatten(), pa.int64()).to_numpy(), return_inverse=True)
    sizes_of_value = pc.list_value_length(split).to_numpy().astype(np.int64)
    codes = concepts.codes[order]
    sizes = sizes_of_value[codes]
    offsets = offsets_of(sizes)
    flat = np.repeat(offsets_of(sizes_of_value)[codes] - offsets[:-1], sizes) + np.arange(offsets[-1])
    return [str(index) for index in indices.tolist()], skills[flat], offsets
