"""Students are known by the caller's identifiers, and forgotten with all they left."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.engine import SessionFactory, read_scope, session_scope
from db.errors import StudentNotFound
from db.models import CohortMember, Interaction, Student, StudentState
from db.repositories import cohorts, erasures, states, students
from db.repositories.bulk import BulkLoad
from db.repositories.interactions import add_interactions, list_history
from tests.builders import make_event, make_model, make_states, make_student
from tests.threads import one_behind_the_other, together


def add_student(sessions: SessionFactory, *, n_interactions: int) -> None:
    with session_scope(sessions) as session:
        make_student(session, student_id="ann", n_interactions=n_interactions)


def send_batch(session: Session) -> None:
    add_interactions(session, [make_event(1), make_event(5)])


def send_load(session: Session) -> None:
    with BulkLoad(session) as load:
        load.add(
            student_ids=["ann", "ann"],
            event_ids=["event-1", "event-5"],
            skills=["[]", "[]"],
            items=[None, None],
            correct=[True, True],
            occurred_at=[0, 1],
        )


class TestGetOrAddStudent:
    def test_same_id_is_the_same_student(self, session: Session) -> None:
        first = students.get_or_add_student(session, "ann")
        assert students.get_or_add_student(session, "ann").id == first.id

    def test_unknown_student_is_named(self, session: Session) -> None:
        assert students.find_student(session, "ann") is None
        with pytest.raises(StudentNotFound, match="student 'ann'"):
            students.get_student(session, "ann")

    def test_first_sights_at_once_add_one(self, sessions: SessionFactory) -> None:
        def add(number: int) -> int:  # noqa: ARG001
            with session_scope(sessions) as session:
                return students.get_or_add_student(session, "ann").id

        assert len(set(together(add))) == 1


class TestListStudents:
    def test_pages_follow_the_first_sight(self, session: Session) -> None:
        names = [make_student(session, student_id=name).student_id for name in ("zoe", "ann", "max")]
        first = students.list_students(session, limit=2)
        make_student(session, student_id="late")
        second = students.list_students(session, limit=5, cursor=first.next_cursor)
        assert [student.student_id for student in first.items + second.items] == [*names, "late"]


class TestDeleteStudent:
    def test_takes_everything_along(self, session: Session) -> None:
        student, other = make_student(session, n_interactions=3), make_student(session, n_interactions=1)
        states.upsert_states(session, make_states([student], make_model(session)))
        cohorts.set_members(session, "5b", [student.student_id])
        erasures.erase_student(session, student.student_id)
        assert students.find_student(session, student.student_id) is None
        for table, kept in ((Interaction, 1), (StudentState, 0), (CohortMember, 0), (Student, 1)):
            assert session.scalars(select(func.count()).select_from(table)).one() == kept
        assert list_history(session, other) != []

    def test_unknown_student_raises(self, session: Session) -> None:
        with pytest.raises(StudentNotFound):
            erasures.erase_student(session, "nobody")

    def test_events_on_their_way_are_forgotten_too(self, sessions: SessionFactory) -> None:
        """No key ties them to the student: the lock on the student's row does."""
        add_student(sessions, n_interactions=1)
        one_behind_the_other(
            sessions,
            lambda session: add_interactions(session, [make_event(5)]),
            lambda session: erasures.erase_student(session, "ann"),
        )
        with read_scope(sessions) as session:
            assert session.scalars(select(Interaction)).all() == []

    @pytest.mark.parametrize("send", [send_batch, send_load])
    def test_events_that_come_meanwhile_begin_anew(
        self, sessions: SessionFactory, send: Callable[[Session], None]
    ) -> None:
        add_student(sessions, n_interactions=2)
        one_behind_the_other(sessions, lambda session: erasures.erase_student(session, "ann"), send)
        with read_scope(sessions) as session:
            ann = students.get_student(session, "ann")
            found = [(row.event_id, row.arrival) for row in list_history(session, ann)]
        assert (ann.n_interactions, found) == (2, [("event-1", 0), ("event-5", 1)])

    def test_deletions_and_events_at_once_leave_no_orphan(self, sessions: SessionFactory) -> None:
        def turn(number: int) -> None:
            for position in range(10):
                with session_scope(sessions) as session, suppress(StudentNotFound):
                    if number % 2:
                        add_interactions(session, [make_event(10 * number + position)])
                    else:
                        erasures.erase_student(session, "ann")

        together(turn)
        with read_scope(sessions) as session:
            counted = session.scalars(select(Student.n_interactions)).all()
            assert session.scalars(select(func.count()).select_from(Interaction)).one() == sum(counted)
