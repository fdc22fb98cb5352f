"""What students answered: stored once for each event id, and read back in the order of time."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Text, select, tuple_, type_coerce
from sqlalchemy.orm import Session

from db.models import Interaction, Student
from db.postgres import fetch, speaks_postgres
from db.repositories import arrivals


@dataclass(frozen=True, slots=True)
class NewInteraction:
    """One response to one item, identified by the caller's ids of the student and of the event."""

    student_id: str
    event_id: str
    skills: Sequence[str]
    correct: bool
    occurred_at: datetime
    item: str | None = None


@dataclass(frozen=True, slots=True)
class Touched:
    """One student of a batch, before and after it."""

    pk: int
    student_id: str
    created_at: datetime
    n_before: int
    last_before: datetime | None
    n_interactions: int
    last_interaction_at: datetime | None


class Stored(NamedTuple):
    """What became of a batch: its students by external id, and whether each event, as given, was new."""

    students: dict[str, Touched]
    is_new: list[bool]


@dataclass(frozen=True, slots=True)
class StoredHistories:
    """The histories of S students, N responses in all, each in the order of time."""

    offsets: NDArray[np.int64]  # [S + 1], in the order of the students asked for
    skill_sets: NDArray[np.int32]  # [N], index into names
    names: list[tuple[str, ...]]  # distinct sets of skills
    responses: NDArray[np.int8]  # [N], 1 is correct
    occurred_at: NDArray[np.int64]  # [N], µs since 1970 in UTC


def add_interactions(
    session: Session, events: Sequence[NewInteraction], *, scoring_due: bool = False, waits: bool = True
) -> Stored:
    """Store the events whose id is new for their student, in any order of time; unknown students are added.

    Of an event given twice the first counts. The students stay locked until the transaction ends.
    With `scoring_due` those with something new are marked. Raises SQLAlchemy's OperationalError when it waits
    for a student longer than `models.hold_promotions` allows; unless it `waits`, StudentsBusy at once, before
    anything but unknown students is stored (of a student being added elsewhere it may wait all the same).
    """
    if not events:
        return Stored({}, [])
    given = [event.student_id for event in events]
    entered = arrivals.enter_students(session, given, waits=waits)
    rows = [
        arrivals.Row(
            entered[event.student_id],
            event.event_id,
            json.dumps(list(event.skills), ensure_ascii=False),
            event.item,
            event.correct,
            event.occurred_at,
        )
        for event in events
    ]
    is_new = arrivals.store(session, rows, scoring_due=scoring_due)
    return Stored(_after(entered, rows, is_new), is_new)


def _after(
    entered: dict[str, arrivals.Entered], rows: Iterable[arrivals.Row], is_new: list[bool]
) -> dict[str, Touched]:
    times: dict[int, list[datetime]] = defaultdict(list)
    for row, new in zip(rows, is_new, strict=True):
        if new:
            times[row.student.pk].append(row.occurred_at)
    return {
        student_id: Touched(
            pk=student.pk,
            student_id=student_id,
            created_at=student.created_at,
            n_before=student.n_interactions,
            last_before=student.last_interaction_at,
            n_interactions=student.n_interactions + len(times[student.pk]),
            last_interaction_at=max(
                filter(None, [student.last_interaction_at, *times[student.pk]]), default=None
            ),
        )
        for student_id, student in entered.items()
    }


def list_history(session: Session, student: Student) -> Sequence[Interaction]:
    """All interactions in the order in which they happened; those of one moment as they arrived."""
    statement = (
        select(Interaction)
        .where(Interaction.student_pk == student.id)
        .order_by(Interaction.occurred_at, Interaction.arrival)
    )
    return session.scalars(statement).all()


def iterate_history(session: Session, student_pk: int, *, chunk: int = 1000) -> Iterator[list[Any]]:
    """list_history in pieces: rows of event_id, skills, item, correct, occurred_at and received_at."""
    place = tuple_(Interaction.occurred_at, Interaction.arrival)
    statement = (
        select(
            Interaction.event_id,
            Interaction.skills,
            Interaction.item,
            Interaction.correct,
            Interaction.occurred_at,
            Interaction.received_at,
            Interaction.arrival,
        )
        .where(Interaction.student_pk == student_pk)
        .order_by(Interaction.occurred_at, Interaction.arrival)
        .limit(chunk)
    )
    after = statement
    while rows := session.execute(after).all():
        yield [tuple(row)[:-1] for row in rows]
        last = rows[-1]
        after = statement.where(place > tuple_(last.occurred_at, last.arrival))


_HISTORIES = """
SELECT history.n, history.skills, history.responses, history.times
FROM unnest(%(pks)s::bigint[]) WITH ORDINALITY AS asked (pk, position)
CROSS JOIN LATERAL (
    SELECT count(*) AS n,
        string_agg(skills, E'\\n') AS skills,
        string_agg(response, '') AS responses,
        string_agg(time, '') AS times
    FROM (
        SELECT skills::text,
            CASE WHEN correct THEN '\\x01'::bytea ELSE '\\x00'::bytea END AS response,
            int8send((extract(epoch FROM occurred_at) * 1000000)::bigint) AS time
        FROM interactions WHERE student_pk = asked.pk
        ORDER BY occurred_at, arrival
    ) AS ordered
) AS history
ORDER BY asked.position
"""


def read_histories(session: Session, student_pks: Sequence[int]) -> StoredHistories:
    """The histories of students, by their primary keys; an unknown one has none."""
    if speaks_postgres(session):
        return _read_packed(session, student_pks)
    columns = (
        Interaction.student_pk,
        type_coerce(Interaction.skills, Text),
        Interaction.correct,
        type_coerce(Interaction.occurred_at, Text),
    )
    by_student: dict[int, list[Any]] = {pk: [] for pk in student_pks}
    statement = select(*columns).where(Interaction.student_pk.in_(student_pks))
    for row in session.execute(statement.order_by(Interaction.occurred_at, Interaction.arrival)):
        by_student[row[0]].append(row)
    rows = [row for pk in student_pks for row in by_student[pk]]
    skill_sets, names = _number_sets([row[1] for row in rows])
    return StoredHistories(
        offsets=_offsets([len(by_student[pk]) for pk in student_pks]),
        skill_sets=skill_sets,
        names=names,
        responses=np.array([row[2] for row in rows], np.int8),
        occurred_at=np.array([row[3] for row in rows], "datetime64[us]").astype(np.int64),
    )


def _read_packed(session: Session, student_pks: Sequence[int]) -> StoredHistories:
    rows = fetch(session, _HISTORIES, {"pks": list(student_pks)})
    practised = [row for row in rows if row[0]]
    skill_sets, names = _number_sets(
        "\n".join([row[1] for row in practised]).split("\n") if practised else []
    )
    return StoredHistories(
        offsets=_offsets([row[0] for row in rows]),
        skill_sets=skill_sets,
        names=names,
        responses=np.frombuffer(b"".join([row[2] for row in practised]), np.int8),
        occurred_at=np.frombuffer(b"".join([row[3] for row in practised]), ">i8").astype(np.int64),
    )


def _offsets(lengths: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)


def _number_sets(texts: list[str]) -> tuple[NDArray[np.int32], list[tuple[str, ...]]]:
    # Few sets are distinct: their JSON is looked up, and parsed once.
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    codes = np.fromiter(map(numbers.__getitem__, texts), np.int32, len(texts))
    return codes, [tuple(json.loads(text)) for text in numbers]
