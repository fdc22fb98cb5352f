"""Groups of students: who is in them, what they master, and that nobody is seen through a mean."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest

from db.repositories import cohorts
from tests.api.desk import Desk
from tests.api.support import Service, assert_problem
from tests.builders import NOON

N_STUDENTS = 24


@pytest.fixture
def desk(service: Service) -> Desk:
    found = Desk(service)
    found.serve()
    return found


@pytest.fixture
def name() -> str:
    return f"class {uuid4().hex[:8]}/a"


def own(name: str) -> str:
    return f"/cohorts/{name.replace(' ', '%20').replace('/', '%2F')}"


def gather(desk: Desk, name: str, student_ids: list[str]) -> httpx.Response:
    return desk.service.client.put(f"{own(name)}/students", json={"student_ids": student_ids})


def show(desk: Desk, **params: Any) -> httpx.Response:
    return desk.service.client.get("/cohorts/mastery", params=params)


def sizes(desk: Desk) -> dict[str, int]:
    page = desk.service.client.get("/cohorts", params={"limit": 200}).raise_for_status().json()
    return {row["cohort"]: row["n_students"] for row in page["items"]}


@pytest.fixture
def mastery() -> np.ndarray[Any, np.dtype[np.float32]]:
    """Of all students on two skills."""
    return np.random.default_rng(5).uniform(0.3, 0.95, (N_STUDENTS, 2)).astype(np.float32)


@pytest.fixture
def classroom(desk: Desk, name: str, mastery: Any) -> list[str]:
    """Students of whom the first twelve practised the second skill too; all in one cohort."""
    student_ids = [
        desk.add_student(mastery=row, evidence=[2, int(number < 12)]) for number, row in enumerate(mastery)
    ]
    gather(desk, name, student_ids).raise_for_status()
    return student_ids


class TestMembers:
    def test_the_list_takes_the_place_of_the_one_before(self, desk: Desk, name: str) -> None:
        first, second, third = (desk.add_unscored() for _ in range(3))
        told = gather(desk, name, [first, second, first]).raise_for_status().json()
        assert (told["cohort"], told["n_students"], sizes(desk)[name]) == (name, 2, 2)
        assert gather(desk, name, [third]).json()["n_students"] == sizes(desk)[name] == 1
        with desk.session() as session:
            assert cohorts.find_pks(session, [third]) is not None

    def test_a_student_may_be_in_several(self, desk: Desk, name: str) -> None:
        student = desk.add_unscored()
        for cohort in (name, f"{name}2"):
            gather(desk, cohort, [student])
        export = desk.service.client.get(f"/students/{student}/export").json()
        assert export["cohorts"] == [name, f"{name}2"]

    def test_unknown_students_are_named_and_change_nothing(self, desk: Desk, name: str) -> None:
        student = desk.add_unscored()
        gather(desk, name, [student])
        problem = assert_problem(gather(desk, name, [student, "nobody"]), 404, "students-not-found")
        assert problem["student_ids"] == ["nobody"]
        assert sizes(desk)[name] == 1

    def test_a_forgotten_cohort_leaves_its_students(self, desk: Desk, name: str) -> None:
        student = desk.add_unscored()
        gather(desk, name, [student])
        assert desk.service.client.delete(own(name)).status_code == 204
        assert name not in sizes(desk)
        assert_problem(desk.service.client.delete(own(name)), 404, "cohort-not-found")
        assert desk.service.client.get(f"/students/{student}").status_code == 200

    def test_an_erased_student_leaves_their_cohorts(self, desk: Desk, name: str) -> None:
        students = [desk.add_unscored() for _ in range(2)]
        gather(desk, name, students)
        desk.service.client.delete(f"/students/{students[0]}").raise_for_status()
        assert sizes(desk)[name] == 1

    def test_cohorts_are_paged_by_name(self, desk: Desk, name: str) -> None:
        student = desk.add_unscored()
        names = [f"{name} {letter}" for letter in "cab"]
        for cohort in names:
            gather(desk, cohort, [student])
        page = desk.service.client.get("/cohorts", params={"limit": 1})
        seen = [row["cohort"] for row in page.json()["items"]]
        while "next" in page.links:
            page = desk.service.client.get(page.links["next"]["url"])
            seen += [row["cohort"] for row in page.json()["items"]]
        assert [cohort for cohort in seen if cohort in names] == sorted(names)
        assert len(seen) == len(set(seen))
        strange = desk.service.client.get("/cohorts", params={"cursor": "c3RlcD0x"})
        assert_problem(strange, 400, "bad-cursor")

    @pytest.mark.parametrize("body", [{}, {"student_ids": []}, {"student_ids": ["a\nb"]}, {"members": ["a"]}])
    def test_no_list_is_refused(self, desk: Desk, name: str, body: dict[str, Any]) -> None:
        answer = desk.service.client.put(f"{own(name)}/students", json=body)
        assert_problem(answer, 422, "invalid-request")

    @pytest.mark.parametrize("cohort", ["x" * 129, "a%0Ab", "a%00"])
    def test_a_strange_name_is_refused(self, desk: Desk, cohort: str) -> None:
        answer = desk.service.client.put(f"/cohorts/{cohort}/students", json={"student_ids": ["ana"]})
        assert_problem(answer, 422, "invalid-request")

    def test_its_links_lead_on(self, desk: Desk, name: str, classroom: list[str]) -> None:
        told = gather(desk, name, classroom).json()
        assert desk.service.client.get(told["links"]["mastery"]).json()["n_students"] == N_STUDENTS
        again = desk.service.client.put(told["links"]["students"], json={"student_ids": classroom})
        assert again.json() == told


class TestMastery:
    def test_means_are_those_of_the_students(
        self, desk: Desk, name: str, classroom: list[str], mastery: Any
    ) -> None:
        told = show(desk, cohort=name).raise_for_status().json()

        assert (told["cohort"], told["active_since"], told["n_students"]) == (name, None, len(classroom))
        assert told["model"]["id"] == str(desk.serving().id)
        assert [row["skill"] for row in told["skills"]] == list(desk.skills)
        for at, row in enumerate(told["skills"]):
            values = mastery[:, at].astype(np.float64)
            assert row["overall"] == pytest.approx(
                {
                    "n": N_STUDENTS,
                    "mean": values.mean(),
                    "sd": values.std(ddof=1),
                    "share_mastered": (values >= 0.85).mean(),
                }
            )
        first, second = told["skills"]
        assert first["practised"] == first["overall"]
        practised = mastery[:12, 1].astype(np.float64)
        assert second["practised"]["n"] == 12
        assert second["practised"]["mean"] == pytest.approx(practised.mean())
        assert second["practised"]["sd"] == pytest.approx(practised.std(ddof=1))

    def test_chunks_make_no_difference(
        self, desk: Desk, name: str, classroom: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = show(desk, cohort=name).json()
        assert whole["n_students"] == len(classroom)
        monkeypatch.setattr(cohorts, "STUDENTS_PER_CHUNK", 5)
        for told, row in zip(show(desk, cohort=name).json()["skills"], whole["skills"], strict=True):
            for group in ("overall", "practised"):
                assert told[group] == pytest.approx(row[group])

    def test_students_are_chosen_by_name(self, desk: Desk, classroom: list[str], mastery: Any) -> None:
        told = show(desk, student_id=classroom[:11] * 2).json()
        assert told["n_students"] == 11
        assert told["skills"][0]["overall"]["mean"] == pytest.approx(mastery[:11, 0].mean(dtype=np.float64))

    def test_conditions_are_joined(self, desk: Desk, name: str, classroom: list[str]) -> None:
        others = [desk.add_student() for _ in range(5)]
        told = show(desk, cohort=name, student_id=[*classroom[:10], *others]).json()
        assert told["n_students"] == 10

    def test_only_those_who_were_active_since(self, desk: Desk, name: str, classroom: list[str]) -> None:
        later = NOON + timedelta(hours=1)
        for student in classroom[:11]:
            desk.change(student, lambda row: setattr(row, "last_interaction_at", later))
        told = show(desk, cohort=name, active_since=later.isoformat().replace("+00:00", "Z")).json()
        assert (told["n_students"], told["active_since"]) == (11, "2026-03-02T13:00:00Z")

    def test_students_who_wait_to_be_scored_do_not_count(
        self, desk: Desk, name: str, classroom: list[str]
    ) -> None:
        gather(desk, name, [*classroom, desk.add_unscored(n_interactions=2)])
        assert show(desk, cohort=name).json()["n_students"] == len(classroom)

    def test_everybody_is_told_of_without_a_condition(self, desk: Desk, classroom: list[str]) -> None:
        assert show(desk).json()["n_students"] == len(classroom)


class TestFewStudents:
    def test_a_small_group_is_refused(self, desk: Desk, name: str, classroom: list[str]) -> None:
        gather(desk, name, classroom[:9])
        for params in ({"cohort": name}, {"student_id": classroom[:1] * 10}):
            problem = assert_problem(show(desk, **params), 409, "cohort-too-small")
            assert problem["minimum"] == 10
            assert "10 students" in problem["detail"]
        gather(desk, name, classroom[:10])
        assert show(desk, cohort=name).json()["n_students"] == 10

    def test_a_small_rest_is_refused(self, desk: Desk, name: str, classroom: list[str]) -> None:
        for n_others in (1, 9):
            problem = assert_problem(
                show(desk, cohort=name, student_id=classroom[n_others:]), 409, "cohort-too-small"
            )
            assert "leaves out fewer than 10 students" in problem["detail"]
        assert show(desk, cohort=name, student_id=classroom[10:]).json()["n_students"] == N_STUDENTS - 10
        assert show(desk, cohort=name, student_id=classroom).json()["n_students"] == N_STUDENTS

    def test_a_moved_time_shows_nobody(self, desk: Desk, name: str, classroom: list[str]) -> None:
        later = NOON + timedelta(hours=1)
        for student in classroom[1:]:
            desk.change(student, lambda row: setattr(row, "last_interaction_at", later))
        assert_problem(
            show(desk, cohort=name, active_since=later.isoformat().replace("+00:00", "Z")),
            409,
            "cohort-too-small",
        )

    @pytest.mark.parametrize(("n", "is_told"), [(3, False), (10, True), (14, True), (15, False), (24, True)])
    def test_few_who_practised_and_few_who_did_not_are_hidden(
        self, desk: Desk, name: str, n: int, is_told: bool
    ) -> None:
        everyone = [desk.add_student(evidence=[int(number < n), 1]) for number in range(N_STUDENTS)]
        gather(desk, name, everyone)
        practised = show(desk, cohort=name).json()["skills"][0]["practised"]
        assert practised["n"] == n
        figures = {practised[figure] is not None for figure in ("mean", "sd", "share_mastered")}
        assert figures == {is_told}

    def test_what_is_few_can_be_set(self, desk: Desk, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        gather(desk, name, [desk.add_student()])
        settings = desk.service.resources.settings.model_copy(update={"minimum_cohort": 1})
        monkeypatch.setattr("api.resources.Resources.settings", property(lambda _: settings), raising=False)
        told = show(desk, cohort=name).json()
        assert (told["n_students"], told["skills"][0]["overall"]["sd"]) == (1, None)


class TestRefused:
    def test_what_is_unknown_is_named(self, desk: Desk) -> None:
        assert_problem(show(desk, cohort="nowhere"), 404, "cohort-not-found")
        problem = assert_problem(show(desk, student_id=["nobody"]), 404, "students-not-found")
        assert problem["student_ids"] == ["nobody"]

    @pytest.mark.parametrize(
        "since", ["yesterday", "2026-03-02", "2026-03-02T12:00:00", "2999-01-01T00:00:00Z"]
    )
    def test_a_time_that_is_none_is_refused(self, desk: Desk, since: str) -> None:
        assert_problem(show(desk, active_since=since), 422, "invalid-request")

    def test_without_a_model_it_is_said_what_to_do(self, fresh_service: Service) -> None:
        assert_problem(fresh_service.client.get("/cohorts/mastery"), 409, "no-serving-model")
