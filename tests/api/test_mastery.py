"""What a student masters: numbers, tags, and that what was kept never outlives what it was made of."""

import math
from typing import Any

import httpx
import numpy as np
import pytest
from scipy.special import expit, logit

from api import reader
from api.schemas.mastery import MasteryRead
from db.base import to_microseconds
from db.repositories import students
from tests.api.desk import Desk
from tests.api.support import Service, assert_problem
from tests.builders import NOON, make_student
from tests.threads import together

MIDDAY = "2026-03-02T12:00:00Z"


@pytest.fixture
def desk(service: Service) -> Desk:
    found = Desk(service)
    found.serve()
    return found


def get(desk: Desk, student: str, *, tag: str | None = None, **params: Any) -> httpx.Response:
    headers = {} if tag is None else {"If-None-Match": tag}
    return desk.service.client.get(f"/students/{student}/mastery", params=params, headers=headers)


def show(desk: Desk, student: str, **params: Any) -> dict[str, Any]:
    shown: dict[str, Any] = get(desk, student, **params).raise_for_status().json()
    return shown


class TestContent:
    def test_it_is_what_the_schema_says(self, desk: Desk) -> None:
        for student in (desk.add_student(), desk.add_student(mastered_at=[to_microseconds(NOON)] * 2)):
            answer = get(desk, student)
            assert answer.headers["content-type"] == "application/json"
            read = MasteryRead.model_validate_json(answer.content, strict=False)
            assert read.model_dump(mode="json") == answer.json()

    def test_every_number_is_told(self, desk: Desk) -> None:
        add, subtract = show(desk, desk.add_student())["skills"]

        assert add == pytest.approx(
            {
                "skill": "add",
                "mastery": 0.6,
                "mastery_low": expit(logit(0.6) - 1.645 * math.hypot(0.5, 0.1)),
                "mastery_high": expit(logit(0.6) + 1.645 * math.hypot(0.5, 0.1)),
                "level": "developing",
                "mastered_at": None,
                "probability_correct": 0.7,
                "reference_mastery": 0.55,
                "difficulty": -0.5,
                "difficulty_standard_error": 0.1,
                "skill_part": logit(0.6) - 0.2 - 0.5,
                "evidence": 2,
                "last_practised": MIDDAY,
            }
        )
        assert (subtract["evidence"], subtract["last_practised"]) == (0, None)

    def test_the_parts_add_up_to_mastery(self, desk: Desk) -> None:
        shown = show(desk, desk.add_student(theta=0.8, mastery=[0.91, 0.07]))
        for row in shown["skills"]:
            parts = shown["theta"] - row["difficulty"] + row["skill_part"]
            assert expit(parts) == pytest.approx(row["mastery"], abs=1e-9)

    def test_a_part_within_rounding_is_none(self, desk: Desk) -> None:
        theta = 1.37
        mastery = expit(theta - np.array([-0.5, 0.5])).astype(np.float32)
        shown = show(desk, desk.add_student(theta=theta, mastery=mastery))
        assert [row["skill_part"] for row in shown["skills"]] == [0, 0]

    def test_a_skill_nobody_practised_in_training_may_be_anything(self, desk: Desk) -> None:
        row = show(desk, desk.add_student())["skills"][1]
        assert row["difficulty_standard_error"] is None
        assert (row["mastery_low"], row["mastery_high"]) == (0, 1)

    @pytest.mark.parametrize(
        ("mastery", "level"),
        [(0.0, "beginning"), (0.4999, "beginning"), (0.5, "developing"), (0.6999, "developing"),
         (0.7001, "proficient"), (0.8499, "proficient"), (0.85, "mastered"), (1.0, "mastered"),
         (math.nan, None)],
    )  # fmt: skip
    def test_levels_begin_where_they_say(self, desk: Desk, mastery: float, level: str | None) -> None:
        shown = show(desk, desk.add_student(mastery=[mastery, 0.4]))
        assert shown["skills"][0]["level"] == level
        if level is not None:
            least = {row["name"]: row["least"] for row in shown["levels"]}
            assert least[level] <= shown["skills"][0]["mastery"]

    def test_when_it_was_mastered_stays(self, desk: Desk) -> None:
        shown = show(desk, desk.add_student(mastery=[0.6, 0.9], mastered_at=[to_microseconds(NOON), 0]))
        assert [row["mastered_at"] for row in shown["skills"]] == [MIDDAY, None]

    def test_the_student_and_the_model_are_named(self, desk: Desk) -> None:
        student, model = desk.add_student(), desk.serving()
        shown = show(desk, student)
        assert (shown["student_id"], shown["as_of"]) == (student, MIDDAY)
        assert (shown["n_interactions"], shown["n_pending"]) == (3, 0)
        assert shown["model"]["id"] == str(model.id)
        assert shown["model"]["version"] == f"{model.name}@{model.id.hex[-8:]}"
        assert (shown["theta"], shown["theta_reference"], shown["theta_reference_sd"]) == (0.2, 0.1, 0.5)
        assert shown["theta_high"] == pytest.approx(0.2 + 1.645 * 0.5)

    def test_skills_come_in_the_order_asked_and_once(self, desk: Desk) -> None:
        student = desk.add_student()
        shown = show(desk, student, skill=["subtract", "add", "subtract"])["skills"]
        assert shown == show(desk, student)["skills"][::-1]

    def test_responses_that_wait_are_counted(self, desk: Desk) -> None:
        student = desk.add_student()
        before = show(desk, student)
        desk.respond(student)
        desk.respond(student)
        assert show(desk, student) == before | {"n_pending": 2}
        desk.score(student, theta=0.9)
        after = show(desk, student)
        assert (after["n_interactions"], after["n_pending"], after["theta"]) == (5, 0, 0.9)

    def test_of_somebody_new_the_prior_is_told(self, desk: Desk) -> None:
        student = desk.add_unscored(n_interactions=2)
        shown = show(desk, student)
        assert (shown["n_interactions"], shown["n_pending"]) == (0, 2)
        assert (shown["theta"], shown["theta_reference_sd"]) == (0, 0.75)
        assert shown["as_of"] == desk.service.client.get(f"/students/{student}").json()["created_at"]
        add, subtract = shown["skills"]
        assert (add["mastery"], add["level"], add["evidence"]) == (0.5, "developing", 0)
        assert subtract["probability_correct"] == pytest.approx(0.45)
        assert subtract["reference_mastery"] is None


class TestTag:
    def test_content_that_the_caller_has_is_not_sent(self, desk: Desk) -> None:
        student = desk.add_student()
        first = get(desk, student)
        again = get(desk, student, tag=first.headers["etag"])

        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert first.headers["cache-control"] == again.headers["cache-control"] == "private, no-cache"
        assert "content-length" not in again.headers

    @pytest.mark.parametrize("form", ["*", "W/{}", '"other", {}', '{} , "other"', 'W/"a",W/{}'])
    def test_every_form_of_the_header_is_understood(self, desk: Desk, form: str) -> None:
        student = desk.add_student()
        tag = get(desk, student).headers["etag"]
        assert get(desk, student, tag=form.format(tag)).status_code == 304

    def test_several_headers_are_one_list(self, desk: Desk) -> None:
        student = desk.add_student()
        tag = get(desk, student).headers["etag"]
        headers = [("If-None-Match", '"other"'), ("If-None-Match", tag)]
        own = f"/students/{student}/mastery"
        for query in ({}, {"skill": "add"}):
            answer = desk.service.client.get(own, headers=headers, params=query)
            assert answer.status_code == (200 if query else 304)

    @pytest.mark.parametrize("form", ['"other"', "{0}x", "W/{0}x", "nonsense", "", '"'])
    def test_others_are_answered(self, desk: Desk, form: str) -> None:
        student = desk.add_student()
        first = get(desk, student)
        answer = get(desk, student, tag=form.format(first.headers["etag"].strip('"')))
        assert (answer.status_code, answer.content) == (200, first.content)

    def test_other_skills_have_another_tag(self, desk: Desk) -> None:
        student = desk.add_student()
        wanted: list[dict[str, Any]] = [{}, {"skill": "add"}, {"skill": ["add", "subtract"]}]
        tags = {get(desk, student, **params).headers["etag"] for params in wanted}
        assert len(tags) == 3
        tag = get(desk, student, skill="add").headers["etag"]
        assert get(desk, student, tag=tag, skill="add").status_code == 304

    def test_no_two_students_share_one(self, desk: Desk) -> None:
        tags = {get(desk, desk.add_student()).headers["etag"] for _ in range(3)}
        assert len(tags) == 3

    def test_a_new_response_changes_it_and_its_score_again(self, desk: Desk) -> None:
        student = desk.add_student()
        tags = [get(desk, student).headers["etag"]]
        desk.respond(student)
        tags.append(get(desk, student, tag=tags[-1]).raise_for_status().headers["etag"])
        desk.score(student)
        tags.append(get(desk, student, tag=tags[-1]).raise_for_status().headers["etag"])
        assert len(set(tags)) == 3

    def test_another_model_changes_it(self, desk: Desk) -> None:
        student = desk.add_student()
        tag = get(desk, student).headers["etag"]
        desk.serve()
        answer = get(desk, student, tag=tag)
        assert (answer.status_code, answer.json()["n_interactions"]) == (200, 0)
        desk.score(student, theta=0.7)
        assert show(desk, student)["theta"] == 0.7

    def test_somebody_new_under_an_old_name_has_another(self, desk: Desk) -> None:
        student = desk.add_student()
        tag = get(desk, student).headers["etag"]
        own = f"/students/{student}"
        assert desk.service.client.delete(own).status_code == 204
        assert_problem(get(desk, student, tag=tag), 404, "student-not-found")
        with desk.session() as session:
            make_student(session, student_id=student, n_interactions=3)
        desk.score(student, theta=-0.4)
        answer = get(desk, student, tag=tag)
        assert (answer.status_code, answer.json()["theta"]) == (200, -0.4)


class TestKept:
    @pytest.fixture
    def written(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Whose content was written, in order."""
        names: list[str] = []
        write = reader.write_mastery

        def note(head: Any, *rest: Any) -> bytes:
            names.append(head.student_id)
            return write(head, *rest)

        monkeypatch.setattr(reader, "write_mastery", note)
        return names

    def test_the_same_content_is_written_once(self, desk: Desk, written: list[str]) -> None:
        student = desk.add_student()
        first = get(desk, student)
        assert get(desk, student).content == first.content
        assert get(desk, student, tag=first.headers["etag"]).status_code == 304
        assert written == [student]
        get(desk, student, skill="add")
        get(desk, student, skill="add")
        assert written == [student, student]

    def test_new_content_takes_the_place_of_the_old(self, desk: Desk, written: list[str]) -> None:
        student = desk.add_student()
        n_bytes = []
        for _ in range(3):
            desk.respond(student)
            show(desk, student)
            n_bytes.append(desk.service.resources.reader.kept_bytes)
        assert written == [student] * 3
        assert len(set(n_bytes)) == 1

    def test_nothing_is_kept_of_who_was_erased(self, desk: Desk) -> None:
        before = desk.service.resources.reader.kept_bytes
        student = desk.add_student()
        show(desk, student)
        show(desk, student, skill="add")
        assert desk.service.resources.reader.kept_bytes > before
        desk.service.client.delete(f"/students/{student}")
        assert desk.service.resources.reader.kept_bytes == before

    def test_long_questions_take_no_room(self, desk: Desk, written: list[str]) -> None:
        student = desk.add_student()
        short = get(desk, student, skill=["add", "subtract"])
        kept = desk.service.resources.reader.kept_bytes
        for times in (2, 400):
            asked = get(desk, student, skill=["add", "subtract"] * times)
            assert (asked.content, asked.headers["etag"]) == (short.content, short.headers["etag"])
        assert desk.service.resources.reader.kept_bytes == kept
        assert written == [student]

    def test_content_is_kept_of_somebody_new_under_an_old_key(self, desk: Desk, written: list[str]) -> None:
        old = desk.add_student()
        with desk.session() as session:
            pk = students.get_student(session, old).id
        desk.service.client.delete(f"/students/{old}").raise_for_status()
        with desk.session() as session:
            new = make_student(session, id=pk).student_id
        for _ in range(2):
            show(desk, new)
        assert written == [new]

    def test_each_of_many_at_once_gets_their_own(self, desk: Desk, written: list[str]) -> None:
        everyone = [desk.add_student(theta=float(number)) for number in range(12)]

        def read(thread: int) -> list[tuple[str, float]]:
            mine = everyone[thread:] + everyone[:thread]
            shown = [show(desk, student) for student in mine]
            return [(row["student_id"], row["theta"]) for row in shown]

        for seen in together(read):
            assert sorted(seen) == sorted((student, float(n)) for n, student in enumerate(everyone))
        assert set(written) == set(everyone)


class TestRefused:
    @pytest.mark.parametrize("query", [{}, {"skill": "add"}])
    def test_an_unknown_student_is_not_found(self, desk: Desk, query: dict[str, str]) -> None:
        for student in ("nobody", "%2F", "学生", "x" * 256):
            problem = assert_problem(get(desk, student, **query), 404, "student-not-found")
            assert problem["instance"].isascii()

    def test_a_name_that_nobody_can_have_is_refused(self, desk: Desk) -> None:
        for student in ("a%00b", "a%0Ab", "x" * 257):
            assert_problem(get(desk, student), 422, "invalid-request")

    def test_an_unknown_skill_is_refused_with_the_nearest(self, desk: Desk) -> None:
        student = desk.add_student()
        problem = assert_problem(get(desk, student, skill=["add", "subtrakt"]), 404, "skill-unknown")
        assert (problem["vocabulary_size"], problem["nearest"]) == (2, ["subtract"])
        assert "'subtrakt'" in problem["detail"]

    def test_one_who_is_refused_does_not_spoil_the_others(self, desk: Desk) -> None:
        student = desk.add_student()
        statuses = together(lambda n: [get(desk, student if n % 2 else "nobody").status_code] * 3)
        assert {status for row in statuses for status in row} == {200, 404}

    def test_without_a_model_it_is_said_what_to_do(self, fresh_service: Service) -> None:
        desk = Desk(fresh_service)
        student = desk.add_unscored(n_interactions=1)
        problem = assert_problem(get(desk, student), 409, "no-serving-model")
        assert "promote" in problem["detail"]
        assert_problem(get(desk, "nobody"), 404, "student-not-found")

    def test_other_methods_are_not_allowed(self, desk: Desk) -> None:
        answer = desk.service.client.post("/students/ana/mastery")
        assert_problem(answer, 405, "method-not-allowed")
        assert answer.headers["allow"] == "GET"


class TestRoutes:
    def test_the_hot_route_answers_as_the_declared_one(self, desk: Desk) -> None:
        student = desk.add_student()
        own = f"/students/{student}/mastery"
        hot, declared = desk.service.client.get(own), desk.service.client.get(f"{own}?unheard=of")
        assert hot.content == declared.content
        ignored = {"date", "ratelimit"}
        assert {k: v for k, v in hot.headers.items() if k not in ignored} == {
            k: v for k, v in declared.headers.items() if k not in ignored
        }
