"""Cohorts are labels on students; mastery is read over many students in pieces."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy.orm import Session

from db.engine import SessionFactory, session_scope
from db.errors import CohortNotFound, StudentsNotFound
from db.models import Model, Student
from db.repositories import cohorts, erasures, states, students
from tests.builders import NOON, make_model, make_states, make_student
from tests.threads import one_behind_the_other, together


@pytest.fixture
def model(session: Session) -> Model:
    return make_model(session)


@pytest.fixture
def scored(session: Session, model: Model) -> list[Student]:
    """Five students whose evidence on the first skill tells who they are, and one never scored."""
    made = [make_student(session, student_id=f"s{number}", n_interactions=number + 1) for number in range(5)]
    evidence = [[number, 10] for number in range(5)]
    mastery = [[number / 10, 0.5] for number in range(5)]
    states.upsert_states(session, make_states(made, model, evidence=evidence, mastery=mastery))
    states.upsert_states(session, make_states(made, make_model(session)))
    make_student(session, student_id="unscored", n_interactions=1)
    return made


def seen(session: Session, model: Model, **filters: Any) -> list[int]:
    """Who is in it, by their evidence."""
    return _who(cohorts.iterate_mastery(session, model.id, **filters))


def _who(pieces: Iterator[tuple[Any, Any]]) -> list[int]:
    found = []
    for evidence, mastery in pieces:
        assert (evidence.dtype, mastery.dtype) == (np.int32, np.float32)
        assert mastery[:, 0] == pytest.approx(evidence[:, 0] / 10)
        found += evidence[:, 0].tolist()
    return found


class TestMembers:
    def test_members_are_replaced(self, session: Session) -> None:
        ann, bob = (make_student(session, student_id=name) for name in ("ann", "bob"))
        cohorts.set_members(session, "5b", ["bob", "ann", "bob"])
        assert cohorts.list_cohorts(session) == [("5b", 2)]
        cohorts.set_members(session, "5b", ["ann"])
        assert cohorts.list_cohorts(session) == [("5b", 1)]
        assert cohorts.list_cohorts_of(session, ann.id) == ["5b"]
        assert cohorts.list_cohorts_of(session, bob.id) == []
        cohorts.set_members(session, "5b", [])
        assert cohorts.list_cohorts(session) == []

    def test_unknown_students_are_named_and_nothing_changes(self, session: Session) -> None:
        make_student(session, student_id="ann")
        cohorts.set_members(session, "5b", ["ann"])
        unknown = [f"nobody-{number}" for number in range(12)]
        with pytest.raises(StudentsNotFound, match=r"12 student.*'nobody-0'.* and 2 more") as caught:
            cohorts.set_members(session, "5b", [*unknown, "ann"])
        assert caught.value.student_ids == unknown
        assert cohorts.list_cohorts(session) == [("5b", 1)]

    def test_cohorts_are_listed_by_name_in_pages(self, session: Session) -> None:
        ann = make_student(session, student_id="ann")
        for name in ("zebra", "5b", "Ölberg"):
            cohorts.set_members(session, name, ["ann"])
        first = cohorts.list_cohorts(session, limit=2)
        second = cohorts.list_cohorts(session, after=first[-1].cohort, limit=2)
        names = [cohort.cohort for cohort in first + second]
        assert names == ["5b", "zebra", "Ölberg"]
        assert cohorts.list_cohorts_of(session, ann.id) == names

    def test_deleted_cohort_leaves_its_students(self, session: Session) -> None:
        make_student(session, student_id="ann")
        cohorts.set_members(session, "5b", ["ann"])
        cohorts.delete_cohort(session, "5b")
        assert students.find_student(session, "ann") is not None
        with pytest.raises(CohortNotFound, match="cohort '5b'"):
            cohorts.delete_cohort(session, "5b")

    def test_one_cohort_set_at_once_is_one_of_those(self, sessions: SessionFactory) -> None:
        names = [f"student-{number}" for number in range(20)]
        with session_scope(sessions) as session:
            for name in names:
                make_student(session, student_id=name)

        def replace(number: int) -> None:
            for size in range(1, 10):
                with session_scope(sessions) as session:
                    cohorts.set_members(session, "5b", names[: size + number][:: -1 if number % 2 else 1])

        together(replace)
        with session_scope(sessions) as session:
            [(cohort, n_students)] = cohorts.list_cohorts(session)
            assert cohort == "5b"
            assert n_students >= 9

    def test_member_who_is_deleted_meanwhile_is_unknown(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            for name in ("ann", "bob", "zoe"):
                make_student(session, student_id=name)
            cohorts.set_members(session, "5b", ["ann", "bob"])
        with pytest.raises(StudentsNotFound, match="'ann'"):
            one_behind_the_other(
                sessions,
                lambda session: erasures.erase_student(session, "ann"),
                lambda session: cohorts.set_members(session, "5b", ["ann", "zoe"]),
            )
        with session_scope(sessions) as session:
            assert cohorts.list_cohorts(session) == [("5b", 1)]


@pytest.mark.usefixtures("scored")
class TestIterateMastery:
    def test_everybody_who_was_scored(self, session: Session, model: Model) -> None:
        assert seen(session, model) == [0, 1, 2, 3, 4]

    def test_pieces_leave_nobody_out(
        self, session: Session, model: Model, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cohorts.set_members(session, "5b", ["s4", "s1", "s2"])
        for size in (1, 2, 3):
            monkeypatch.setattr(cohorts, "STUDENTS_PER_CHUNK", size)
            assert seen(session, model) == [0, 1, 2, 3, 4]
            assert seen(session, model, cohort="5b") == [1, 2, 4]
            assert seen(session, model, student_ids=["s4", "s0", "s3"]) == [0, 3, 4]
            assert seen(session, model, active_since=NOON + timedelta(minutes=3)) == [3, 4]

    def test_students_named_twice_count_once(self, session: Session, model: Model) -> None:
        assert seen(session, model, student_ids=["s3", "s1", "s3", "unscored"]) == [1, 3]

    def test_filters_are_combined(self, session: Session, model: Model) -> None:
        cohorts.set_members(session, "5b", ["s1", "s2", "s3", "unscored"])
        since = NOON + timedelta(minutes=2)
        assert seen(session, model, cohort="5b", active_since=since) == [2, 3]
        assert seen(session, model, cohort="5b", student_ids=["s4", "s3", "s1"]) == [1, 3]
        found = seen(session, model, cohort="5b", student_ids=["s4", "s3", "s1"], active_since=since)
        assert found == [3]
        assert seen(session, model, student_ids=[]) == []

    def test_unknown_cohort_and_students_are_refused(self, session: Session, model: Model) -> None:
        with pytest.raises(CohortNotFound, match="cohort '6a'"):
            seen(session, model, cohort="6a")
        with pytest.raises(StudentsNotFound, match="'nobody'"):
            seen(session, model, student_ids=["s1", "nobody"])
