"""Interactions arrive late, twice and at once; every event counts once and the history has one order."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.engine import SessionFactory, read_scope, session_scope
from db.errors import StateNotFound, StudentNotFound
from db.models import Interaction, Student, StudentState
from db.repositories import students
from tests.builders import NOON, make_event, make_model, make_state, make_student
from tests.threads import N_THREADS, together


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


class TestAddInteractions:
    def test_all_new_events_are_accepted(self, session: Session) -> None:
        student = make_student(session)
        events = [make_event(number, item="item-1", skills=["add", "carry"]) for number in range(3)]
        assert students.add_interactions(session, student, events) == (3, 0)
        assert (student.n_interactions, student.last_interaction_at) == (3, NOON + timedelta(minutes=2))
        history = students.list_history(session, student)
        assert [(row.item, row.skills, row.correct) for row in history] == [
            ("item-1", ["add", "carry"], number % 2 == 0) for number in range(3)
        ]

    def test_repeated_event_counts_once_and_keeps_the_first(self, session: Session) -> None:
        student = make_student(session)
        students.add_interactions(session, student, [make_event(0, correct=True)])
        again = students.add_interactions(session, student, [make_event(0, correct=False), make_event(1)])
        assert again == (1, 1)
        assert student.n_interactions == 2
        assert students.list_history(session, student)[0].correct is True

    def test_event_twice_in_one_batch_counts_once(self, session: Session) -> None:
        student = make_student(session)
        batch = [make_event(0, correct=True), make_event(1), make_event(0, correct=False)]
        assert students.add_interactions(session, student, batch) == (2, 1)
        assert student.n_interactions == 2
        assert students.list_history(session, student)[0].correct is True

    def test_same_event_id_of_another_student_is_new(self, session: Session) -> None:
        for student in (make_student(session), make_student(session)):
            assert students.add_interactions(session, student, [make_event(0)]) == (1, 0)

    def test_nothing_is_accepted_from_an_empty_batch(self, session: Session) -> None:
        assert students.add_interactions(session, make_student(session), []) == (0, 0)

    def test_late_event_takes_its_place_in_time(self, session: Session) -> None:
        student = make_student(session)
        for number in (2, 0, 1):
            students.add_interactions(session, student, [make_event(number)])
        history = students.list_history(session, student)
        assert [row.event_id for row in history] == ["event-0", "event-1", "event-2"]
        assert student.last_interaction_at == NOON + timedelta(minutes=2)

    def test_events_of_one_moment_keep_their_order_of_arrival(self, session: Session) -> None:
        student = make_student(session)
        names = [f"{number * 7919 % 1000:03}" for number in range(300)]
        batch = [make_event(0, event_id=name) for name in names]
        students.add_interactions(session, student, batch[:200])
        students.add_interactions(session, student, batch[200:])
        assert [row.event_id for row in students.list_history(session, student)] == names

    def test_large_batch_is_taken_whole(self, session: Session) -> None:
        student = make_student(session)
        batch = [make_event(number) for number in range(5000)]
        assert students.add_interactions(session, student, batch) == (5000, 0)
        assert students.add_interactions(session, student, batch) == (0, 5000)

    def test_batches_at_once_count_every_event_once(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            students.get_or_add_student(session, "ann")
        batch = [make_event(number) for number in range(1200)]

        def send(number: int) -> students.Accepted:
            # Each in another order, which is how batches come to wait for each other.
            turned = batch[:: -1 if number % 2 else 1]
            with session_scope(sessions) as session:
                return students.add_interactions(session, students.get_student(session, "ann"), turned)

        assert sum(sent.accepted for sent in together(send)) == 1200
        with read_scope(sessions) as session:
            student = students.get_student(session, "ann")
            assert student.n_interactions == len(students.list_history(session, student)) == 1200

    def test_new_student_and_events_at_once_are_all_kept(self, sessions: SessionFactory) -> None:
        def send(number: int) -> students.Accepted:
            with session_scope(sessions) as session:
                student = students.get_or_add_student(session, "ann")
                return students.add_interactions(session, student, [make_event(number), make_event(99)])

        assert sum(sent.accepted for sent in together(send)) == N_THREADS + 1


class TestListHistories:
    def test_every_student_has_their_own(self, session: Session) -> None:
        pair = [make_student(session, n_interactions=2), make_student(session)]
        histories = students.list_histories(session, [student.id for student in pair])
        assert [len(histories[student.id]) for student in pair] == [2, 0]
        assert histories[pair[0].id] == list(students.list_history(session, pair[0]))


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
        students.upsert_state(session, make_state(student, make_model(session)))
        students.delete_student(session, student.student_id)
        assert students.find_student(session, student.student_id) is None
        for table, kept in ((Interaction, 1), (StudentState, 0), (Student, 1)):
            assert session.scalars(select(func.count()).select_from(table)).one() == kept
        assert students.list_history(session, other) != []

    def test_unknown_student_raises(self, session: Session) -> None:
        with pytest.raises(StudentNotFound):
            students.delete_student(session, "nobody")


class TestStates:
    def test_state_comes_back_as_it_was_stored(self, session: Session) -> None:
        student, model = make_student(session, n_interactions=2), make_model(session)
        students.upsert_state(session, make_state(student, model, mastery=[0.25, float("nan")]))
        state = students.get_state(session, student, model.id)
        assert (state.theta, state.mastery, state.n_interactions) == (0.2, [0.25, None], 2)
        assert state.as_of == NOON

    def test_storing_a_state_leaves_loaded_rows_alone(self, session: Session) -> None:
        student, model = make_student(session), make_model(session)
        students.upsert_state(session, make_state(student, model))
        session.close()
        assert (student.n_interactions, model.experiment.dataset.name) == (0, "classroom")

    def test_state_that_saw_more_replaces_one_that_saw_less(self, session: Session) -> None:
        student, model = make_student(session), make_model(session)
        for seen, theta in ((2, 0.2), (3, 0.3), (1, 0.1)):
            students.upsert_state(session, make_state(student, model, n_interactions=seen, theta=theta))
        assert students.get_state(session, student, model.id).theta == 0.3

    def test_same_evidence_scored_again_replaces(self, session: Session) -> None:
        student, model = make_student(session), make_model(session)
        for theta in (0.1, 0.2):
            students.upsert_state(session, make_state(student, model, theta=theta))
        assert students.get_state(session, student, model.id).theta == 0.2

    def test_models_do_not_share_states(self, session: Session) -> None:
        student = make_student(session)
        students.upsert_state(session, make_state(student, make_model(session)))
        assert students.find_state(session, student, uuid4()) is None
        with pytest.raises(StateNotFound, match=student.student_id):
            students.get_state(session, student, make_model(session).id)

    def test_scorers_at_once_do_not_block_each_other(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            model = make_model(session)
            scored = [make_student(session, n_interactions=1) for _ in range(20)]

        def score(number: int) -> None:
            turned = scored[number:] + scored[:number]
            with session_scope(sessions) as session:
                students.upsert_states(session, [make_state(student, model) for student in turned])

        together(score)
        with read_scope(sessions) as session:
            assert students.list_stale_students(session, model.id, limit=5) == []


class TestListStaleStudents:
    def test_new_interactions_make_a_student_stale_until_scored(self, session: Session) -> None:
        student, model = make_student(session, n_interactions=2), make_model(session)
        assert students.list_stale_students(session, model.id, limit=5) == [student]
        students.upsert_state(session, make_state(student, model))
        assert students.list_stale_students(session, model.id, limit=5) == []
        students.add_interactions(session, student, [make_event(-1)])
        assert students.list_stale_students(session, model.id, limit=5) == [student]

    def test_state_under_another_model_does_not_count(self, session: Session) -> None:
        student = make_student(session, n_interactions=1)
        students.upsert_state(session, make_state(student, make_model(session)))
        assert students.list_stale_students(session, make_model(session).id, limit=5) == [student]

    def test_students_without_interactions_need_no_state(self, session: Session) -> None:
        make_student(session)
        assert students.list_stale_students(session, make_model(session).id, limit=5) == []

    def test_limit_is_kept(self, session: Session) -> None:
        made = [make_student(session, n_interactions=1) for _ in range(3)]
        assert students.list_stale_students(session, make_model(session).id, limit=2) == made[:2]
