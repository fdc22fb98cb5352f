"""States: packed, the newest kept, and a mark on every student whom the serving model has yet to see."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from db.base import Packed, to_microseconds
from db.engine import SessionFactory, create_session_factory, read_scope, session_scope
from db.lifecycle import ModelStatus
from db.models import DEFAULT_TENANT, Model, Student, StudentState
from db.repositories import erasures, states
from db.repositories.interactions import add_interactions
from db.repositories.states import Head, State, StateBatch
from tests.builders import NOON, make_event, make_model, make_states, make_student
from tests.threads import one_behind_the_other, together


def make_batch(model_id: UUID, pks: list[int], n_skills: int, seed: int = 0) -> StateBatch:
    """States of random numbers."""
    rng = np.random.default_rng(seed)
    shape = (len(pks), n_skills)
    return StateBatch(
        model_id=model_id,
        student_pks=np.array(pks, np.int64),
        theta=rng.normal(size=len(pks)),
        theta_reference=rng.normal(size=len(pks)),
        theta_reference_sd=rng.random(len(pks)),
        n_interactions=rng.integers(1, 100, len(pks)),
        as_of=rng.integers(-(10**15), 2 * 10**15, len(pks)),
        mastery=rng.random(shape, np.float32),
        probability=rng.random(shape, np.float32),
        mastery_reference=rng.random(shape, np.float32),
        evidence=rng.integers(0, 2**31, shape, np.int32),
        last_practised=rng.integers(-(2**62), 2**62, shape),
        mastered_at=rng.integers(0, 2**62, shape),
    )


def due(session: Session) -> list[tuple[int, int]]:
    return states.list_due(session, limit=100)


class TestUpsertStates:
    @pytest.mark.parametrize("n_skills", [0, 1, 3, 100, 2000])
    def test_states_come_back_as_they_were_stored(self, session: Session, n_skills: int) -> None:
        model = make_model(session)
        pks = [make_student(session).id for _ in range(5)]
        batch = make_batch(model.id, [pks[place] for place in (3, 0, 4, 1)], n_skills)
        states.upsert_states(session, batch)
        found = states.read_states(session, model.id, pks)
        assert sorted(found) == sorted(batch.student_pks)
        for row, pk in enumerate(batch.student_pks.tolist()):
            state = found[pk]
            assert (state.model_id, state.student_pk) == (model.id, pk)
            assert (state.theta, state.theta_reference, state.theta_reference_sd, state.n_interactions) == (
                batch.theta[row], batch.theta_reference[row], batch.theta_reference_sd[row],
                batch.n_interactions[row],
            )  # fmt: skip
            assert to_microseconds(state.as_of) == batch.as_of[row]
            for name in ("mastery", "probability", "mastery_reference", "evidence", "last_practised"):
                array = getattr(state, name)
                assert array.dtype == getattr(batch, name).dtype
                assert array.tolist() == getattr(batch, name)[row].tolist()
                assert not array.flags.writeable

    def test_numbers_that_are_none_are_kept(self, session: Session) -> None:
        ann, model = make_student(session), make_model(session)
        states.upsert_states(session, make_states([ann], model, mastery=[np.nan, np.inf]))
        state = states.read_states(session, model.id, [ann.id])[ann.id]
        assert np.isnan(state.mastery).tolist() == [True, False]

    def test_any_layout_of_the_arrays_will_do(self, session: Session) -> None:
        pair, model = [make_student(session) for _ in range(2)], make_model(session)
        changes: dict[str, Any] = {
            "mastery": np.asfortranarray([[0.1, 0.2], [0.3, 0.4]], np.float64),
            "evidence": np.array([[1, 2], [3, 4]], ">i8")[:, ::-1],
        }
        states.upsert_states(session, make_states(pair, model, **changes))
        found = states.read_states(session, model.id, [row.id for row in pair])
        assert [found[row.id].evidence.tolist() for row in pair] == [[2, 1], [4, 3]]
        assert found[pair[1].id].mastery == pytest.approx([0.3, 0.4])

    def test_state_that_saw_more_replaces_one_that_saw_less(self, session: Session) -> None:
        ann, model = make_student(session), make_model(session)
        for seen in (2, 3, 1):
            batch = make_states([ann], model, n_interactions=seen, theta=seen / 10, mastery=[seen, 0.0])
            states.upsert_states(session, batch)
        state = states.read_states(session, model.id, [ann.id])[ann.id]
        assert (state.n_interactions, state.theta, state.mastery.tolist()) == (3, 0.3, [3.0, 0.0])

    def test_state_of_the_same_responses_never_changes(self, session: Session) -> None:
        ann, model = make_student(session), make_model(session)
        for theta in (0.1, 0.2):
            states.upsert_states(session, make_states([ann], model, n_interactions=4, theta=theta))
        assert states.read_states(session, model.id, [ann.id])[ann.id].theta == 0.1

    def test_newer_and_older_states_of_one_batch_are_judged_apart(self, session: Session) -> None:
        pair, model = [make_student(session) for _ in range(2)], make_model(session)
        states.upsert_states(session, make_states(pair, model, n_interactions=[5, 5]))
        states.upsert_states(session, make_states(pair, model, n_interactions=[4, 6]))
        included = states.read_included(session, model.id, [row.id for row in pair])
        assert included == {pair[0].id: 5, pair[1].id: 6}

    def test_students_deleted_meanwhile_are_left_out(self, session: Session) -> None:
        three, model = [make_student(session) for _ in range(3)], make_model(session)
        erasures.erase_student(session, three[1].student_id)
        states.upsert_states(session, make_states(three, model))
        found = states.read_states(session, model.id, [row.id for row in three])
        assert sorted(found) == [three[0].id, three[2].id]
        states.upsert_states(session, make_states(three[1:2], model))

    def test_nothing_is_done_for_nobody(self, session: Session) -> None:
        states.upsert_states(session, make_batch(uuid4(), [], 3))
        assert session.scalars(select(StudentState)).all() == []

    def test_storing_leaves_loaded_rows_alone(self, session: Session) -> None:
        ann, model = make_student(session), make_model(session)
        states.upsert_states(session, make_states([ann], model))
        session.close()
        assert (ann.n_interactions, model.experiment.dataset.name) == (0, "classroom")


class TestAtOnce:
    def test_scorers_do_not_block_each_other(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            model = make_model(session)
            scored = [make_student(session, n_interactions=1) for _ in range(20)]

        def score(number: int) -> None:
            for seen in range(1, 10):
                turned = scored[:: -1 if number % 2 else 1]
                with session_scope(sessions) as session:
                    states.upsert_states(session, make_states(turned, model, n_interactions=seen))

        together(score)
        with read_scope(sessions) as session:
            included = states.read_included(session, model.id, [row.id for row in scored])
            assert included == {row.id: 9 for row in scored}

    def test_deletion_on_its_way_wins(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            model = make_model(session)
            pair = [make_student(session) for _ in range(2)]
        one_behind_the_other(
            sessions,
            lambda session: erasures.erase_student(session, pair[0].student_id),
            lambda session: states.upsert_states(session, make_states(pair, model)),
        )
        with read_scope(sessions) as session:
            assert session.scalars(select(StudentState.student_pk)).all() == [pair[1].id]

    @pytest.mark.parametrize("stack", ["services"], indirect=True)
    def test_states_are_stored_while_interactions_come_in(self, sessions: SessionFactory) -> None:
        """On SQLite, where one transaction writes at a time, they come one after the other."""
        with session_scope(sessions) as session:
            model, ann = make_model(session), make_student(session, student_id="ann")
        with session_scope(sessions) as first:
            add_interactions(first, [make_event(0)])
            with session_scope(sessions) as second:
                states.upsert_states(second, make_states([ann], model))
        with read_scope(sessions) as session:
            head = states.read_heads(session, model.id, ["ann"])["ann"]
            assert (head.n_interactions, head.n_included) == (1, 0)


class TestRead:
    def test_models_do_not_share_states(self, session: Session) -> None:
        ann, first, second = make_student(session), make_model(session), make_model(session)
        states.upsert_states(session, make_states([ann], first))
        assert states.read_states(session, second.id, [ann.id]) == {}
        assert states.read_included(session, second.id, [ann.id]) == {}
        assert states.read_states(session, first.id, []) == {}

    def test_states_under_every_model_are_listed(self, session: Session) -> None:
        pair, both = [make_student(session) for _ in range(2)], [make_model(session) for _ in range(2)]
        for model in both:
            states.upsert_states(session, make_states(pair, model))
        listed = states.list_states(session, pair[0].id)
        assert [(state.model_id, state.student_pk) for state in listed] == [
            (model.id, pair[0].id) for model in both
        ]
        assert isinstance(listed[0], State)
        assert listed[0].evidence.tolist() == [2, 0]

    def test_heads_say_who_is_known_and_what_is_included(self, session: Session) -> None:
        ann = make_student(session, student_id="ann", n_interactions=2)
        bob, model, other = make_student(session, student_id="bob"), make_model(session), make_model(session)
        states.upsert_states(session, make_states([ann], model))
        states.upsert_states(session, make_states([ann, bob], other, n_interactions=7))
        add_interactions(session, [make_event(5)])
        last = NOON + timedelta(minutes=5)
        assert states.read_heads(session, model.id, ["bob", "nobody", "ann"]) == {
            "ann": Head(ann.id, "ann", ann.created_at, 3, last, 2, NOON),
            "bob": Head(bob.id, "bob", bob.created_at, 0, None, None, None),
        }

    def test_heads_are_there_without_a_model(self, session: Session) -> None:
        ann = make_student(session, student_id="ann")
        assert states.read_heads(session, None, ["ann"]) == {
            "ann": Head(ann.id, "ann", ann.created_at, 0, None, None, None)
        }

    def test_any_number_of_students_may_be_named(self, engine: Engine) -> None:
        """Also more than SQLite takes parameters, whose number is its builder's choice."""
        with (
            engine.connect() as connection,
            create_session_factory(connection, tenant=DEFAULT_TENANT)() as session,
        ):
            driver = connection.connection.driver_connection
            if isinstance(driver, sqlite3.Connection):
                driver.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 100)
            model = make_model(session, status=ModelStatus.SERVING)
            ann = make_student(session, n_interactions=2, scoring_due=True)
            pks = list(range(ann.id, ann.id + 200))
            states.upsert_states(session, make_batch(model.id, pks, n_skills=1))
            assert [*states.read_states(session, model.id, pks)] == [ann.id]
            assert [*states.read_included(session, model.id, pks)] == [ann.id]
            names = [ann.student_id, *map(str, pks)]
            assert [*states.read_heads(session, model.id, names)] == [ann.student_id]
            states.clear_due(session, model.id, [(pk, 2) for pk in pks])
            assert due(session) == []


class TestDue:
    def add(self, session: Session, *names: str, number: int = 0) -> list[int]:
        events = [make_event(number, student_id=name) for name in names]
        stored = add_interactions(session, events, scoring_due=True)
        return [stored.students[name].pk for name in names]

    def serve(self, session: Session) -> Model:
        return make_model(session, status=ModelStatus.SERVING)

    def test_pages_go_by_primary_key(self, session: Session) -> None:
        pks = sorted(self.add(session, "ann", "bob", "zoe"))
        make_student(session, n_interactions=1)
        first = states.list_due(session, limit=2)
        second = states.list_due(session, after=first[-1][0], limit=2)
        assert first + second == [(pk, 1) for pk in pks]

    def test_scored_students_are_no_longer_due(self, session: Session) -> None:
        model, pks = self.serve(session), self.add(session, "ann", "bob")
        states.clear_due(session, model.id, [(pks[1], 1)])
        assert due(session) == [(pks[0], 1)]
        states.clear_due(session, model.id, [])
        assert due(session) == [(pks[0], 1)]

    def test_who_answered_meanwhile_stays_due(self, session: Session) -> None:
        model, pks = self.serve(session), self.add(session, "ann", "bob")
        self.add(session, "ann", number=1)
        states.clear_due(session, model.id, [(pk, 1) for pk in pks])
        assert due(session) == [(pks[0], 2)]

    def test_mark_stays_while_another_model_is_promoted(self, session: Session) -> None:
        model, pks = self.serve(session), self.add(session, "ann")
        make_model(session, status=ModelStatus.PROMOTING)
        states.clear_due(session, model.id, [(pks[0], 1)])
        assert due(session) == [(pks[0], 1)]

    def test_mark_stays_when_the_model_no_longer_serves(self, session: Session) -> None:
        self.serve(session)
        pks = self.add(session, "ann")
        states.clear_due(session, make_model(session, status=ModelStatus.RETIRED).id, [(pks[0], 1)])
        assert due(session) == [(pks[0], 1)]

    def test_marks_are_taken_off_in_one_order(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            model, names = self.serve(session), [f"student-{number}" for number in range(30)]
            self.add(session, *names)

        def turn(number: int) -> None:
            for position in range(1, 10):
                with session_scope(sessions) as session:
                    if number % 2:
                        self.add(session, *names, number=10 * number + position)
                    else:
                        states.clear_due(session, model.id, due(session)[::-1])

        together(turn)
        with session_scope(sessions) as session:
            states.clear_due(session, model.id, due(session))
            assert due(session) == []


class TestListStudentsAfter:
    def test_pages_go_through_all_who_answered(self, session: Session) -> None:
        make_student(session)
        made = [make_student(session, n_interactions=number).id for number in (1, 2, 3)]
        first = states.list_students_after(session, 0, limit=2)
        second = states.list_students_after(session, first[-1][0], limit=2)
        assert first + second == list(zip(made, (1, 2, 3), strict=True))
        assert states.list_students_after(session, made[-1], limit=2) == []


class TestStorage:
    @pytest.mark.parametrize("stack", ["services"], indirect=True)
    def test_state_of_a_hundred_skills_lies_in_its_page(self, sessions: SessionFactory) -> None:
        """Uncompressed, though it is larger than what PostgreSQL otherwise leaves there."""
        with session_scope(sessions) as session:
            batch = make_batch(make_model(session).id, [make_student(session).id for _ in range(50)], 100)
            states.upsert_states(session, replace(batch, mastered_at=np.zeros_like(batch.mastered_at)))
        with read_scope(sessions) as session:
            size = select(func.pg_column_size(StudentState.mastered_at)).distinct()
            assert session.scalars(size).all() == [4 + 8 * 100]
            apart = "SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE relname = 'student_states'"
            assert session.scalar(text(apart)) == 0

    def test_packed_numbers_are_little_endian(self) -> None:
        kind = Packed(">i4")
        assert kind.process_bind_param([1, 2], None) == b"\1\0\0\0\2\0\0\0"  # type: ignore[arg-type]
        array = kind.process_result_value(b"\1\0\0\0", None)  # type: ignore[arg-type]
        assert array is not None
        assert array.tolist() == [1]

    def test_students_are_not_due_before_they_answer(self, session: Session) -> None:
        make_student(session)
        assert session.scalars(select(Student.scoring_due)).all() == [False]
