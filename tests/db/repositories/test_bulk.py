"""A load counts every event once, whatever its chunks, and holds nobody up before its end."""

import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, func, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from db.base import from_microseconds, to_microseconds
from db.engine import SessionFactory, read_scope, session_scope
from db.models import Interaction, Student
from db.repositories import bulk, interactions, students
from db.repositories.bulk import BulkLoad
from db.repositories.interactions import add_interactions
from tests.builders import NOON, make_event, make_student
from tests.threads import N_THREADS, together

MINUTE = 60_000_000


def add(load: BulkLoad, *events: tuple[str, str], **changes: Sequence[Any]) -> None:
    """A chunk of events, each a student and an event id, one per minute from NOON on."""
    times = [to_microseconds(NOON) + number * MINUTE for number in range(len(events))]
    columns: dict[str, Any] = {
        "student_ids": [student_id for student_id, _ in events],
        "event_ids": [event_id for _, event_id in events],
        "skills": ['["add"]'] * len(events),
        "items": [None] * len(events),
        "correct": [True] * len(events),
        "occurred_at": times,
    }
    load.add(**columns | changes)


def stored(session: Session) -> dict[str, list[str]]:
    """The event ids of every student, as they arrived."""
    statement = (
        select(Student.student_id, Interaction.event_id)
        .join(Interaction, Interaction.student_pk == Student.id)
        .order_by(Student.id, Interaction.arrival)
    )
    found: dict[str, list[str]] = {}
    for student_id, event_id in session.execute(statement):
        found.setdefault(student_id, []).append(event_id)
    return found


class TestBulkLoad:
    def test_events_are_stored_as_they_were(self, session: Session) -> None:
        odd = ["back\\slash", "tab\there", "line\nbreak\r", '"quoted"', "\\N", "", "ünï😀", "\\."]
        times = [to_microseconds(NOON) + number for number in range(len(odd))]
        with BulkLoad(session) as load:
            load.add(
                student_ids=[f"of {name}" for name in odd],
                event_ids=odd,
                skills=['["back\\\\slash", "quote\\"", "tab\\t"]'] * len(odd),
                items=[*odd[:-1], None],
                correct=[number % 2 == 0 for number in range(len(odd))],
                occurred_at=times,
            )
        rows = session.execute(
            select(Student, Interaction)
            .join(Interaction, Interaction.student_pk == Student.id)
            .order_by(Interaction.occurred_at)
        ).all()
        assert [student.student_id for student, _ in rows] == [f"of {name}" for name in odd]
        assert [row.event_id for _, row in rows] == odd
        assert [row.item for _, row in rows] == [*odd[:-1], None]
        assert {tuple(row.skills) for _, row in rows} == {("back\\slash", 'quote"', "tab\t")}
        assert [row.correct for _, row in rows] == [number % 2 == 0 for number in range(len(odd))]
        assert [row.occurred_at for _, row in rows] == [from_microseconds(time) for time in times]
        assert {(student.n_interactions, student.scoring_due) for student, _ in rows} == {(1, True)}

    def test_chunks_count_as_one(self, session: Session) -> None:
        with BulkLoad(session, wants_each=True) as load:
            add(load, ("ann", "1"), ("bob", "1"), ("ann", "2"), ("ann", "1"))
            add(load, ("bob", "1"), ("zoe", "1"), ("ann", "3"), ("bob", "2"))
        assert (load.accepted, load.duplicates, load.n_students) == (6, 2, 3)
        assert load.is_new == [True, True, True, False, False, True, True, True]
        assert stored(session) == {"ann": ["1", "2", "3"], "bob": ["1", "2"], "zoe": ["1"]}

    def test_of_an_event_given_twice_the_first_counts(self, session: Session) -> None:
        with BulkLoad(session) as load:
            add(load, ("ann", "1"), ("ann", "1"), correct=[True, False])
            add(load, ("ann", "1"), correct=[False])
        assert session.scalars(select(Interaction.correct)).all() == [True]

    def test_known_events_are_duplicates(self, session: Session) -> None:
        add_interactions(session, [make_event(0), make_event(5)])
        with BulkLoad(session, wants_each=True) as load:
            add(load, ("ann", "event-5"), ("ann", "x"), ("bob", "event-5"), ("ann", "event-0"), ("ann", "y"))
        assert load.is_new == [False, True, True, False, True]
        assert stored(session) == {"ann": ["event-0", "event-5", "x", "y"], "bob": ["event-5"]}
        ann = students.get_student(session, "ann")
        session.refresh(ann)
        assert (ann.n_interactions, ann.last_interaction_at) == (4, NOON + timedelta(minutes=5))

    def test_loading_again_changes_nothing(self, session: Session) -> None:
        def load_once() -> BulkLoad:
            with BulkLoad(session, wants_each=True) as load:
                add(load, *((f"student-{number % 7}", f"e{number}") for number in range(500)))
            return load

        first, before, second = load_once(), stored(session), load_once()
        assert (first.accepted, second.accepted, second.duplicates) == (500, 0, 500)
        assert second.is_new == [False] * 500
        assert stored(session) == before

    def test_only_students_with_something_new_are_due(self, session: Session) -> None:
        add_interactions(session, [make_event(0), make_event(0, student_id="bob")])
        with BulkLoad(session) as load:
            add(load, ("ann", "event-0"), ("bob", "new"))
        due = session.scalars(select(Student.student_id).where(Student.scoring_due)).all()
        assert due == ["bob"]

    def test_late_events_are_placed_by_time(self, session: Session) -> None:
        ann = make_student(session, student_id="ann", n_interactions=2)
        with BulkLoad(session) as load:
            add(load, ("ann", "x"), occurred_at=[to_microseconds(NOON) - 1])
        history = [row.event_id for row in interactions.list_history(session, ann)]
        assert history == ["x", "event-0", "event-1"]
        session.refresh(ann)
        assert ann.last_interaction_at == NOON + timedelta(minutes=1)

    def test_empty_loads_are_fine(self, session: Session) -> None:
        with BulkLoad(session, wants_each=True) as nothing:
            pass
        with BulkLoad(session, wants_each=True) as empty:
            add(empty)
        for load in (nothing, empty):
            assert (load.accepted, load.duplicates, load.n_students, load.is_new) == (0, 0, 0, [])

    def test_two_loads_share_a_transaction(self, session: Session) -> None:
        for number in range(2):
            with BulkLoad(session) as load:
                add(load, ("ann", f"e{number}"))
            assert load.accepted == 1

    def test_columns_must_be_of_one_length(self, session: Session) -> None:
        with pytest.raises(ValueError, match=r"size|shorter|longer"), BulkLoad(session) as load:
            add(load, ("ann", "1"), ("ann", "2"), correct=[True])

    def test_error_within_the_block_stores_nothing(self, sessions: SessionFactory) -> None:
        with suppress(RuntimeError), session_scope(sessions) as session, BulkLoad(session) as load:
            add(load, ("ann", "1"))
            raise RuntimeError
        with read_scope(sessions) as session:
            assert session.scalars(select(func.count()).select_from(Student)).one() == 0

    def test_a_long_load_lies_in_a_file(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bulk, "MOST_IN_MEMORY", 100)
        with BulkLoad(session, wants_each=True) as load:
            for number in range(20):
                add(load, ("ann", f"e{number}"), ("ann", f"e{number + 1}"))
        assert load.is_new == [True, True, *[False, True] * 19]
        assert stored(session) == {"ann": [f"e{number}" for number in range(21)]}

    def test_times_before_1970_come_back(self, session: Session) -> None:
        times = [to_microseconds(NOON.replace(year=year)) + 1 for year in (1901, 1969, 2026)]
        with BulkLoad(session) as load:
            add(load, ("ann", "1"), ("ann", "2"), ("ann", "3"), occurred_at=times)
        ann = students.get_student(session, "ann")
        assert [to_microseconds(row.occurred_at) for row in interactions.list_history(session, ann)] == times
        assert ann.last_interaction_at == from_microseconds(times[-1])

    def test_a_load_is_stored_as_single_responses_are(self, session: Session) -> None:
        """Whatever the spelling of its JSON."""
        skills = ['a "quoted" \\ name', "ünïcode\t😀"]
        add_interactions(session, [make_event(0, skills=skills)])
        with BulkLoad(session) as load:
            written = json.dumps(skills, ensure_ascii=False, separators=(",", ":"))
            add(load, ("bob", "event-0"), skills=[written])
        columns = (Interaction.skills, Interaction.item, Interaction.correct, Interaction.occurred_at)
        rows = session.execute(select(*(type_coerce(column, NullType) for column in columns))).all()
        assert rows[0] == rows[1]

    def test_events_are_compared_and_counted_all_at_once(self, session: Session) -> None:
        """At the end, by a few statements: SQLite has everybody wait for them."""
        n_statements = 0

        def count(*_: Any) -> None:
            nonlocal n_statements
            n_statements += 1

        event.listen(session.connection(), "before_cursor_execute", count)
        with BulkLoad(session) as load:
            for number in range(20):
                add(load, *((f"student-{place}", f"e{number}") for place in range(10)))
            assert n_statements == 0
        assert load.accepted == 200
        assert n_statements < 20 + 15


class TestAtOnce:
    def test_no_student_is_held_while_a_load_is_sent(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            make_student(session, student_id="ann", n_interactions=1)
        with sessions() as slow, BulkLoad(slow) as load:
            add(load, ("ann", "x"), ("ann", "y"), ("ann", "event-3"))
            with session_scope(sessions) as session:
                assert add_interactions(session, [make_event(3)]).is_new == [True]
        assert (load.accepted, load.duplicates) == (2, 1)

    def test_loads_that_end_at_once_add_every_student_once(self, sessions: SessionFactory) -> None:
        names = [f"student-{number * 7919 % 10_000:04}" for number in range(2000)]
        ready = threading.Barrier(N_THREADS)

        def send(number: int) -> int:
            turned = names[:: -1 if number % 2 else 1]
            with session_scope(sessions) as session:
                with BulkLoad(session) as load:
                    add(load, *((name, "1") for name in turned))
                    ready.wait()
                return load.accepted

        assert sum(together(send)) == 2000
        with read_scope(sessions) as session:
            assert session.scalars(select(func.count()).select_from(Student)).one() == 2000

    def test_loads_and_batches_never_wait_in_a_circle(self, sessions: SessionFactory) -> None:
        """In each round half of the students are new, and every second sender turns their order."""
        names = [f"student-{number * 7919 % 1000:03}" for number in range(420)]

        def send(number: int, turn: int) -> int:
            chosen = names[60 * turn : 60 * (turn + 2)][:: -1 if number % 2 else 1]
            with session_scope(sessions) as session:
                if number < 4:
                    with BulkLoad(session) as load:
                        for start in range(0, 120, 40):
                            piece = chosen[start : start + 40]
                            add(load, *((name, f"{turn}-{event}") for name in piece for event in range(2)))
                    return load.accepted
                events = [make_event(0, student_id=name, event_id=f"{turn}-0") for name in chosen]
                return sum(add_interactions(session, events).is_new)

        rounds = [together(partial(send, turn=turn)) for turn in range(6)]
        assert [sum(n_new) for n_new in rounds] == [240] * 6
        with read_scope(sessions) as session:
            numbers = session.execute(select(Interaction.student_pk, Interaction.arrival)).all()
            assert len({*numbers}) == sum(session.scalars(select(Student.n_interactions))) == 6 * 240
            assert max(arrival for _, arrival in numbers) == 3
