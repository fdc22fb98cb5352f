"""Interactions of many students by the hundred thousand."""

import json
from datetime import UTC, datetime, timedelta
from types import TracebackType

from sqlalchemy.orm import Session

from db.repositories.interactions import NewInteraction, add_interactions

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BulkLoad:
    """Takes chunks of columns and stores what is new of them when the block ends; marks students scoring_due.

    Nothing is known of any event, and no student is locked, before that. After the block `accepted`,
    `duplicates`, `n_students` and, where it was asked for by `wants_each`, `is_new` of every event as given.
    """

    def __init__(self, session: Session, *, wants_each: bool = False) -> None:
        self._session = session
        self._wants_each = wants_each
        self._events: list[NewInteraction] = []
        self.accepted = self.duplicates = self.n_students = 0
        self.is_new: list[bool] | None = None

    def __enter__(self) -> "BulkLoad":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._store()

    def add(
        self,
        *,
        student_ids: list[str],
        event_ids: list[str],
        skills: list[str],
        items: list[str | None],
        correct: list[bool],
        occurred_at: list[int],
    ) -> None:
        """One chunk, a list per column; `skills` are JSON lists, `occurred_at` µs since 1970 in UTC."""
        self._events += [
            NewInteraction(
                student_id=student_id,
                event_id=event_id,
                skills=json.loads(names),
                item=item,
                correct=right,
                occurred_at=_EPOCH + timedelta(microseconds=time),
            )
            for student_id, event_id, names, item, right, time in zip(
                student_ids, event_ids, skills, items, correct, occurred_at, strict=True
            )
        ]

    def _store(self) -> None:
        stored = add_interactions(self._session, self._events, scoring_due=True)
        self.accepted = sum(stored.is_new)
        self.duplicates = len(stored.is_new) - self.accepted
        self.n_students = len(stored.students)
        self.is_new = stored.is_new if self._wants_each else None
