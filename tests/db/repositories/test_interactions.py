"""Interactions arrive late, twice and at once; every event counts once and the history has one order."""

from contextlib import suppress
from datetime import timedelta
from functools import partial

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.base import to_microseconds
from db.engine import SessionFactory, read_scope, session_scope
from db.errors import StudentsBusy
from db.models import Student
from db.postgres import is_lock_refused
from db.repositories import interactions, models, students
from db.repositories.interactions import Stored, add_interactions
from tests.builders import NOON, make_event, make_student
from tests.threads import N_THREADS, one_behind_the_other, together

NAMES = [f"student-{number}" for number in range(12)]


def history(session: Session, student_id: str = "ann") -> list[str]:
    rows = interactions.list_history(session, students.get_student(session, student_id))
    return [row.event_id for row in rows]


def arrivals(session: Session, student_id: str = "ann") -> dict[str, int]:
    rows = interactions.list_history(session, students.get_student(session, student_id))
    return {row.event_id: row.arrival for row in rows}


class TestAddInteractions:
    def test_all_new_events_are_stored_as_they_were(self, session: Session) -> None:
        skills = ['a "quoted" \\ name', "ünïcode\t😀"]
        events = [make_event(number, item="item-1", skills=skills) for number in range(3)]
        stored = add_interactions(session, events)
        assert stored.is_new == [True] * 3
        ann = students.get_student(session, "ann")
        assert (ann.n_interactions, ann.last_interaction_at) == (3, NOON + timedelta(minutes=2))
        rows = interactions.list_history(session, ann)
        assert [(row.item, row.skills, row.correct, row.arrival) for row in rows] == [
            ("item-1", skills, number % 2 == 0, number) for number in range(3)
        ]

    def test_students_are_told_before_and_after(self, session: Session) -> None:
        ann = make_student(session, student_id="ann", n_interactions=2)
        stored = add_interactions(
            session,
            [make_event(0), make_event(9, student_id="new"), make_event(-5), make_event(8, student_id="new")],
        )
        known, new = stored.students["ann"], stored.students["new"]
        assert (known.pk, known.created_at) == (ann.id, ann.created_at)
        assert (known.n_before, known.n_interactions) == (2, 3)
        assert known.last_before == known.last_interaction_at == NOON + timedelta(minutes=1)
        assert (new.n_before, new.last_before, new.n_interactions) == (0, None, 2)
        assert new.last_interaction_at == NOON + timedelta(minutes=9)
        row = students.get_student(session, "new")
        assert (row.id, row.created_at, row.n_interactions) == (new.pk, new.created_at, 2)

    def test_repeated_event_counts_once_and_keeps_the_first(self, session: Session) -> None:
        add_interactions(session, [make_event(0, correct=True)])
        again = add_interactions(session, [make_event(0, correct=False), make_event(1)])
        assert again.is_new == [False, True]
        ann = students.get_student(session, "ann")
        assert (again.students["ann"].n_interactions, ann.n_interactions) == (2, 2)
        assert interactions.list_history(session, ann)[0].correct is True

    def test_event_twice_in_one_batch_counts_once(self, session: Session) -> None:
        batch = [make_event(0, correct=True), make_event(1), make_event(0, correct=False)]
        assert add_interactions(session, batch).is_new == [True, True, False]
        ann = students.get_student(session, "ann")
        assert ann.n_interactions == 2
        assert interactions.list_history(session, ann)[0].correct is True

    def test_same_event_id_of_another_student_is_new(self, session: Session) -> None:
        batch = [make_event(0, student_id=name) for name in NAMES]
        assert all(add_interactions(session, batch).is_new)
        assert not any(add_interactions(session, batch).is_new)

    def test_nothing_is_done_for_an_empty_batch(self, session: Session) -> None:
        assert add_interactions(session, []) == Stored({}, [])

    def test_late_event_takes_its_place_in_time(self, session: Session) -> None:
        for number in (2, 0, 1):
            add_interactions(session, [make_event(number)])
        assert history(session) == ["event-0", "event-1", "event-2"]
        assert arrivals(session) == {"event-2": 0, "event-0": 1, "event-1": 2}
        ann = students.get_student(session, "ann")
        assert ann.last_interaction_at == NOON + timedelta(minutes=2)

    def test_events_of_one_moment_keep_their_order_of_arrival(self, session: Session) -> None:
        names = [f"{number * 7919 % 1000:03}" for number in range(300)]
        batch = [make_event(0, event_id=name) for name in names]
        add_interactions(session, batch[:200])
        add_interactions(session, [*batch[100:], batch[250]])
        assert history(session) == names
        assert list(arrivals(session).values()) == list(range(300))

    def test_arrivals_of_several_students_are_counted_apart(self, session: Session) -> None:
        batch = [make_event(number, student_id=NAMES[number % 3]) for number in range(9)]
        add_interactions(session, batch[:4])
        add_interactions(session, batch)
        for name in NAMES[:3]:
            assert sorted(arrivals(session, name).values()) == [0, 1, 2]

    def test_large_batch_is_taken_whole(self, session: Session) -> None:
        batch = [make_event(number) for number in range(5000)]
        assert sum(add_interactions(session, batch).is_new) == 5000
        assert sum(add_interactions(session, batch).is_new) == 0

    def test_only_students_with_something_new_are_due(self, session: Session) -> None:
        add_interactions(session, [make_event(0, student_id=name) for name in NAMES[:3]])
        batch = [make_event(number, student_id=name) for number, name in enumerate(NAMES[:2])]
        add_interactions(session, batch, scoring_due=True)
        due = select(Student.student_id).where(Student.scoring_due)
        assert list(session.scalars(due)) == [NAMES[1]]
        add_interactions(session, [make_event(7, student_id=NAMES[1])])
        assert list(session.scalars(due)) == [NAMES[1]]

    def test_failure_leaves_nothing(self, sessions: SessionFactory) -> None:
        with suppress(RuntimeError), session_scope(sessions) as session:
            add_interactions(session, [make_event(0)])
            raise RuntimeError
        with read_scope(sessions) as session:
            assert students.find_student(session, "ann") is None


class TestAtOnce:
    def test_batches_of_one_student_count_every_event_once(self, sessions: SessionFactory) -> None:
        batch = [make_event(number) for number in range(1200)]

        def send(number: int) -> Stored:
            # Each in another order, which is how batches come to wait for each other.
            with session_scope(sessions) as session:
                return add_interactions(session, batch[:: -1 if number % 2 else 1])

        assert sum(sum(sent.is_new) for sent in together(send)) == 1200
        with read_scope(sessions) as session:
            assert students.get_student(session, "ann").n_interactions == 1200
            assert sorted(arrivals(session).values()) == list(range(1200))

    def test_writers_of_many_students_never_wait_in_a_circle(self, sessions: SessionFactory) -> None:
        """In each round half of the students are new: they are added in one order, and locked in one."""
        names = [f"student-{number * 7919 % 10_000:04}" for number in range(2000)]

        def send(number: int, turn: int) -> int:
            chosen = names[400 * turn : 400 * (turn + 2)][:: -1 if number % 2 else 1]
            with session_scope(sessions) as session:
                events = [make_event(turn, student_id=name) for name in chosen]
                return sum(add_interactions(session, events).is_new)

        rounds = [together(partial(send, turn=turn)) for turn in range(4)]
        assert [sum(n_new) for n_new in rounds] == [800] * 4
        with read_scope(sessions) as session:
            assert sum(session.scalars(select(Student.n_interactions))) == 3200

    def test_event_on_its_way_is_known_to_the_next(self, sessions: SessionFactory) -> None:
        for known in (False, True):
            first, second = (0, 1) if known else (2, 3)
            stored = one_behind_the_other(
                sessions,
                lambda session, first=first: add_interactions(session, [make_event(first)]),  # type: ignore[misc]
                lambda session, both=(first, second): add_interactions(  # type: ignore[misc]
                    session, [make_event(number) for number in both]
                ),
            )
            assert stored.is_new == [False, True]
            assert stored.students["ann"].n_interactions == stored.students["ann"].n_before + 1
        with read_scope(sessions) as session:
            assert arrivals(session) == {"event-2": 0, "event-3": 1, "event-0": 2, "event-1": 3}

    @pytest.mark.parametrize("stack", ["services"], indirect=True)
    def test_who_waits_briefly_gives_up(self, sessions: SessionFactory) -> None:
        batch = [make_event(1), make_event(1, student_id="bob")]
        with session_scope(sessions) as first, sessions() as second:
            add_interactions(first, [make_event(0, student_id="bob")])
            models.hold_promotions(second, patience_seconds=0.05)
            with pytest.raises(OperationalError, match="lock timeout") as caught:
                add_interactions(second, batch)
            assert is_lock_refused(caught.value)
        with session_scope(sessions) as session:
            assert add_interactions(session, batch).is_new == [True, True]

    @pytest.mark.parametrize("stack", ["services"], indirect=True)
    def test_who_does_not_wait_is_told_of_whom(self, sessions: SessionFactory) -> None:
        batch = [make_event(1, student_id=name) for name in ("ann", "bob", "cleo")]
        with session_scope(sessions) as session:
            add_interactions(session, [make_event(0), make_event(0, student_id="bob")])
        with session_scope(sessions) as first, sessions() as second:
            add_interactions(first, [make_event(2, student_id="bob")], waits=False)
            with pytest.raises(StudentsBusy) as caught:
                add_interactions(second, batch, waits=False)
            assert caught.value.student_ids == {"bob"}
        with session_scope(sessions) as session:
            assert add_interactions(session, batch, waits=False).is_new == [True] * 3

    def test_new_students_at_once_are_all_kept(self, sessions: SessionFactory) -> None:
        def send(number: int) -> Stored:
            with session_scope(sessions) as session:
                return add_interactions(session, [make_event(number), make_event(99)])

        assert sum(sum(sent.is_new) for sent in together(send)) == N_THREADS + 1


class TestIterateHistory:
    @pytest.mark.parametrize("chunk", [1, 3, 10])
    def test_pieces_make_the_history(self, session: Session, chunk: int) -> None:
        # Two of each moment, and the late ones first.
        batch = [make_event(-(number // 2), event_id=f"event-{number}") for number in range(7)]
        add_interactions(session, batch)
        ann = students.get_student(session, "ann")
        pieces = list(interactions.iterate_history(session, ann.id, chunk=chunk))
        assert [len(piece) for piece in pieces[:-1]] == [chunk] * (len(pieces) - 1)
        assert [row for piece in pieces for row in piece] == [
            (row.event_id, row.skills, row.item, row.correct, row.occurred_at, row.received_at)
            for row in interactions.list_history(session, ann)
        ]

    def test_nobody_has_no_piece(self, session: Session) -> None:
        assert list(interactions.iterate_history(session, make_student(session).id)) == []


class TestReadHistories:
    def test_every_student_has_their_own_in_the_order_asked(self, session: Session) -> None:
        batch = [
            make_event(3, skills=["add", "carry"], correct=True),
            make_event(1, skills=["add"], correct=False),
            make_event(2, student_id="bob", skills=["add", "carry"], correct=False),
            make_event(0, skills=[], correct=True, occurred_at=NOON + timedelta(microseconds=1)),
        ]
        found = add_interactions(session, batch).students
        pks = [found["bob"].pk, make_student(session).id, 10**9, found["ann"].pk]
        histories = interactions.read_histories(session, pks)
        assert histories.offsets.tolist() == [0, 1, 1, 1, 4]
        sets = [histories.names[number] for number in histories.skill_sets]
        assert sets == [("add", "carry"), (), ("add",), ("add", "carry")]
        assert sorted(histories.names) == [(), ("add",), ("add", "carry")]
        assert histories.responses.tolist() == [0, 1, 0, 1]
        assert histories.occurred_at.tolist() == [
            to_microseconds(NOON + timedelta(minutes=2)),
            to_microseconds(NOON) + 1,
            to_microseconds(NOON + timedelta(minutes=1)),
            to_microseconds(NOON + timedelta(minutes=3)),
        ]
        kinds = [array.dtype for array in (histories.offsets, histories.skill_sets, histories.responses)]
        assert kinds == [np.int64, np.int32, np.int8]
        assert histories.occurred_at.dtype == np.int64

    def test_order_is_that_of_list_history(self, session: Session) -> None:
        events = [
            make_event(number % 4, event_id=f"e{number}", skills=[f"s{number}"]) for number in range(40)
        ]
        pk = add_interactions(session, events).students["ann"].pk
        histories = interactions.read_histories(session, [pk])
        read = [histories.names[number][0] for number in histories.skill_sets]
        assert read == [f"s{name.removeprefix('e')}" for name in history(session)]

    @pytest.mark.parametrize("skill", ["a\nb", 'quote"', "back\\slash", "{}", "ünï😀", "", "]["])
    def test_any_name_comes_back(self, session: Session, skill: str) -> None:
        pk = add_interactions(session, [make_event(0, skills=[skill, "x"])]).students["ann"].pk
        assert interactions.read_histories(session, [pk]).names == [(skill, "x")]

    def test_nobody_has_nothing(self, session: Session) -> None:
        for pks in ([], [make_student(session).id]):
            histories = interactions.read_histories(session, pks)
            assert histories.offsets.tolist() == [0] * (len(pks) + 1)
            assert (len(histories.responses), len(histories.occurred_at), histories.names) == (0, 0, [])

    def test_times_before_1970_and_far_ones_are_exact(self, session: Session) -> None:
        times = [NOON.replace(year=1955, microsecond=1), NOON.replace(year=2400, microsecond=999_999)]
        events = [make_event(number, occurred_at=time) for number, time in enumerate(times)]
        pk = add_interactions(session, events).students["ann"].pk
        read = interactions.read_histories(session, [pk]).occurred_at.tolist()
        assert read == [to_microseconds(time) for time in times]
