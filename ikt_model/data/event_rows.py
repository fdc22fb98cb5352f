"""Rows of an event table: gathered in columns, checked, and put into order of practice (see `events.py`)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ikt_model.data.columns import Coded, TextColumn, refuse_marked, refuse_unusable_names
from ikt_model.data.folds import assign_folds
from ikt_model.data.refusals import Refusals
from ikt_model.data.sequences import Sequences
from ikt_model.data.steps import step_starts
from ikt_model.data.times import TimeColumn
from ikt_model.data.vocabulary import index_skills, offsets_of


@dataclass(slots=True)
class EventTable:
    """The columns of an event table while they are gathered."""

    student: TextColumn = field(default_factory=TextColumn)
    skill: TextColumn = field(default_factory=TextColumn)
    correct: TextColumn = field(default_factory=TextColumn)
    timestamp: TimeColumn | None = None
    item: TextColumn | None = None

    @classmethod
    def of(cls, columns: list[str]) -> EventTable:
        """An empty one with these columns."""
        return cls(
            timestamp=TimeColumn() if "timestamp" in columns else None,
            item=TextColumn() if "item" in columns else None,
        )

    def add_names(self, batch: pa.RecordBatch) -> None:
        """All columns but that of the times, as text or as dictionaries of text."""
        self.student.add(batch.column("student_id"))
        self.skill.add(batch.column("skill"))
        self.correct.add(batch.column("correct"))
        if self.item is not None:
            self.item.add(batch.column("item"))


@dataclass(frozen=True, slots=True)
class EventRows:
    """Checked rows, in the order of the file."""

    student: Coded
    skill: Coded
    correct: NDArray[np.int8]
    timestamp: NDArray[np.int64] | None
    item: Coded | None

    def __len__(self) -> int:
        return len(self.correct)


def check_rows(table: EventTable, refusals: Refusals, *, first_row: int = 0) -> EventRows:
    """What was gathered, as rows of which the first is `first_row`; bad ones are added to the refusals."""
    student, skill, correct = table.student.finish(), table.skill.finish(), table.correct.finish()
    rows = np.arange(first_row, first_row + len(student.codes))
    refuse_unusable_names(
        "student_id", student, refusals, rows=rows, empty="is empty; every row needs the student's id"
    )
    refuse_unusable_names(
        "skill", skill, refusals, rows=rows, empty="is empty; name a skill or leave the row out"
    )
    wrong, right = correct.equals("0"), correct.equals("1")
    refuse_marked(
        "correct",
        correct,
        ~(wrong | right),
        refusals,
        rows=rows,
        reason="is not 0 (wrong) or 1 (right); write one of them",
    )
    timestamp = None if table.timestamp is None else table.timestamp.finish("timestamp", refusals, rows=rows)
    item = None if table.item is None else table.item.finish()
    if item is not None:
        refuse_unusable_names("item", item, refusals, rows=rows, empty=None)
    return EventRows(student, skill, right.astype(np.int8)[correct.codes], timestamp, item)


def assemble(rows: EventRows) -> Sequences:
    """Students by id, each with their steps in order of practice, over the skills that occur."""
    by_id = pc.sort_indices(rows.student.values).to_numpy()
    rank = np.argsort(by_id).astype(np.int32)
    student = rank[rows.student.codes]
    order = _order_of_practice(student, rows.timestamp)
    student, correct, skill = student[order], rows.correct[order], rows.skill.codes[order]
    timestamp = None if rows.timestamp is None else rows.timestamp[order]
    item = None if rows.item is None else rows.item.codes[order]
    starts = np.arange(len(student))
    if rows.item is not None and item is not None:
        same = _same_attempt(student, correct, timestamp, item, no_item=rows.item.equals(""))
        starts = step_starts(same_attempt=same, skills=skill)
    vocabulary, skill_sets = index_skills(
        rows.skill.values.to_pylist(), skills=skill, offsets=np.append(starts, len(skill))
    )
    student_ids = rows.student.values.take(pa.array(by_id))
    return Sequences(
        student_ids=student_ids,
        folds=assign_folds(student_ids.to_pylist()),
        offsets=offsets_of(np.bincount(student[starts], minlength=len(student_ids))),
        skill_sets=skill_sets,
        responses=correct[starts],
        vocabulary=vocabulary,
        timestamps=None if timestamp is None else timestamp[starts],
        items=None if rows.item is None or item is None else rows.item.dictionary(order[starts]),
    )


def _order_of_practice(student: NDArray[np.int32], timestamp: NDArray[np.int64] | None) -> NDArray[np.int64]:
    if timestamp is None:
        return np.argsort(student, kind="stable")
    return np.lexsort((timestamp, student))


def _same_attempt(
    student: NDArray[np.int32],
    correct: NDArray[np.int8],
    timestamp: NDArray[np.int64] | None,
    item: NDArray[np.int32],
    *,
    no_item: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Could each row continue the step of the row before it?"""
    same = np.zeros(len(student), dtype=bool)
    same[1:] = (item[1:] == item[:-1]) & (student[1:] == student[:-1]) & (correct[1:] == correct[:-1])
    if timestamp is not None:
        same[1:] &= timestamp[1:] == timestamp[:-1]
    return same & ~no_item[item]
