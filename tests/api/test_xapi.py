"""xAPI statements over HTTP: those that are responses are stored like any other, the rest is counted."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.schemas.xapi import ANSWERED, ATTEMPTED
from api.services.xapi import last_segment
from tests.api.answering import START, response, send, stored
from tests.api.support import Service, assert_problem, run_service
from tests.api.training import Trained
from tests.stacks import Stack

SCHOOL = "https://school.example"
VERSION = "X-Experience-API-Version"


@pytest.fixture
def student() -> str:
    return f"learner-{uuid4().hex[:8]}"


def statement(student: str, number: int = 1, skill: str = "add", **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": f"{uuid4()}",
        "actor": {"objectType": "Agent", "account": {"homePage": SCHOOL, "name": student}},
        "verb": {"id": ANSWERED, "display": {"en": "answered"}},
        "object": {"id": f"{SCHOOL}/items/i{number}", "definition": {"type": "question"}},
        "result": {"success": True, "score": {"scaled": 1}},
        "context": {"contextActivities": {"category": [{"id": f"{SCHOOL}/skills/{skill}"}]}},
        "timestamp": START.format(number),
        "authority": {"mbox": "mailto:lms@school.example"},
    }
    values |= changes
    return {name: value for name, value in values.items() if value is not ...}


def post(service: Service, body: Any, *, version: str = "1.0.3", **params: Any) -> httpx.Response:
    return service.client.post("/xapi/statements", json=body, params=params, headers={VERSION: version})


class TestResponses:
    def test_a_statement_is_a_response(self, service: Service, student: str) -> None:
        sent = statement(student)
        answer = post(service, sent)

        assert (answer.status_code, answer.headers[VERSION]) == (200, "1.0.3")
        assert answer.json() == {
            "ids": [sent["id"]],
            "accepted": 1,
            "duplicates": 0,
            "ignored": 0,
            "refused": 0,
            "reasons": {},
            "items": None,
        }
        assert stored(service, student) == [(sent["id"], ["add"], True)]

    def test_several_learners_may_come_together(self, service: Service, student: str) -> None:
        other = f"{student}-too"
        sent = [
            statement(student, 1),
            statement(other, 2, verb={"id": ATTEMPTED}, result={"success": False}, id=...),
        ]
        answer = post(service, sent, version="2.0.0")
        assert (answer.json()["accepted"], answer.headers[VERSION]) == (2, "2.0.0")
        assert stored(service, other) == [(answer.json()["ids"][1], ["add"], False)]

    def test_one_event_through_three_doors_is_one(self, service: Service, student: str) -> None:
        sent = statement(student)
        assert post(service, sent).json()["accepted"] == 1
        assert send(service, student, response(1, "add", event_id=sent["id"])).json()["duplicates"] == 1
        line = {"student_id": student} | response(1, "add", event_id=sent["id"])
        assert service.client.post("/interactions", json=[line]).json()["duplicates"] == 1
        assert post(service, [sent, sent]).json()["duplicates"] == 2

    def test_an_id_is_the_same_in_capitals(self, service: Service, student: str) -> None:
        sent = statement(student)
        assert post(service, sent).json()["accepted"] == 1
        again = post(service, sent | {"id": sent["id"].upper()}).json()
        assert (again["duplicates"], again["ids"]) == (1, [sent["id"]])

    @pytest.mark.parametrize(
        ("context", "skills"),
        [
            ({"category": [{"id": "urn:x/a"}, {"id": "urn:x/b"}], "parent": [{"id": "urn:x/c"}]}, ["a", "b"]),
            ({"parent": {"id": f"{SCHOOL}/skills/long%20division/"}}, ["long division"]),
            ({"category": [], "grouping": [{"id": "urn:x/g"}]}, ["i1"]),
            (..., ["i1"]),
        ],
    )
    def test_skills_come_from_the_first_place_that_names_some(
        self, service: Service, student: str, context: Any, skills: list[str]
    ) -> None:
        given = ... if context is ... else {"contextActivities": context}
        assert post(service, statement(student, context=given)).json()["accepted"] == 1
        assert [names for _, names, _ in stored(service, student)] == [skills]


class TestIgnoring:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"verb": {"id": "http://adlnet.gov/expapi/verbs/completed"}}, "neither answered nor attempted"),
            ({"verb": {"id": "http://adlnet.gov/expapi/verbs/voided"}}, "voided"),
            ({"actor": {"mbox": "mailto:ana@school.example"}}, "no account"),
            ({"actor": {"objectType": "Group", "account": {"name": "class"}}}, "a group"),
            ({"object": {"objectType": "StatementRef", "id": "urn:x"}}, "not an activity"),
            ({"result": ...}, "no result.success"),
            ({"result": {"score": {"scaled": 1}}}, "no result.success"),
        ],
    )
    def test_what_is_no_response_is_counted(
        self, service: Service, student: str, changes: dict[str, Any], reason: str
    ) -> None:
        before = service.traces()
        told = post(service, statement(student, **changes), partial=True).json()
        assert (told["ignored"], told["accepted"]) == (1, 0)
        assert list(told["reasons"].values()) == [1]
        assert reason in next(iter(told["reasons"]))
        assert told["items"][0]["reason"] in told["reasons"]
        assert service.traces() == before

    def test_it_costs_the_others_nothing(self, service: Service, student: str) -> None:
        other = statement(student, 2, verb={"id": "http://adlnet.gov/expapi/verbs/completed"})
        told = post(service, [statement(student), other, other]).json()
        assert (told["accepted"], told["ignored"]) == (1, 2)
        assert list(told["reasons"].values()) == [2]

    def test_accounts_of_other_systems_are_left_alone(self, stack: Stack, student: str) -> None:
        with run_service(stack, xapi_home_pages=[SCHOOL, f"{SCHOOL}/too"]) as choosy:
            pages = (SCHOOL, f"{SCHOOL}/too", "https://other.example", ...)
            accounts = [{"name": student} | ({} if page is ... else {"homePage": page}) for page in pages]
            sent = [statement(student, n, actor={"account": account}) for n, account in enumerate(accounts)]
            told = post(choosy, sent, partial=True).json()
        assert [item["status"] for item in told["items"]] == ["accepted", "accepted", "ignored", "ignored"]
        assert told["reasons"] == {"the account's homePage is none that is followed here": 2}

    def test_accounts_of_every_system_are_students_unless_some_are_chosen(
        self, service: Service, student: str
    ) -> None:
        accounts = [{"name": student, "homePage": page} for page in (SCHOOL, "https://other.example")]
        sent = [statement(student, n, actor={"account": account}) for n, account in enumerate(accounts)]
        assert post(service, sent).json()["accepted"] == len(stored(service, student)) == 2


class TestRefusing:
    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"verb": "answered"}, "/1/verb/id"),
            ({"actor": ...}, "/1/actor"),
            ({"object": None}, "/1/object"),
            ({"actor": {"account": {"homePage": SCHOOL}}}, "/1/actor/account/name"),
            ({"actor": {"account": {"name": "a\nb"}}}, "/1/actor/account/name"),
            ({"id": "attempt-17"}, "/1/id"),
            ({"result": {"success": "yes"}}, "/1/result/success"),
            ({"timestamp": "2026-03-02"}, "/1/timestamp"),
            ({"object": {"id": f"{SCHOOL}/{'x' * 256}"}}, "/1/object/id"),
            (
                {"context": {"contextActivities": {"category": [{"id": "urn:x/a"}, {"id": "urn:x/%00"}]}}},
                "/1/context/contextActivities/category/1/id",
            ),
        ],
    )
    def test_a_bad_statement_is_pointed_at(
        self, service: Service, student: str, changes: dict[str, Any], pointer: str
    ) -> None:
        before = service.traces()
        answer = post(service, [statement(student), statement(student, 2, **changes)])
        problem = assert_problem(answer, 422, "invalid-request")
        assert [error["pointer"] for error in problem["errors"]] == [pointer]
        assert service.traces() == before

    def test_a_part_is_stored_when_that_is_asked_for(self, service: Service, student: str) -> None:
        sent = [statement(student), statement(student, 2, timestamp=5), 7]
        told = post(service, sent, partial=True).json()
        assert [item["status"] for item in told["items"]] == ["accepted", "refused", "refused"]
        assert told["ids"] == [sent[0]["id"], sent[1]["id"], None]  # type: ignore[index]

    def test_too_many_are_refused_with_the_limit(self, service: Service, student: str) -> None:
        answer = post(service, [statement(student)] * 1001)
        assert assert_problem(answer, 413, "batch-too-large")["limit"] == 1000

    @pytest.mark.parametrize("body", [[], "answered", 5])
    def test_what_is_no_statement_is_refused(self, service: Service, body: Any) -> None:
        assert_problem(post(service, body), 422, "invalid-request")

    def test_an_unknown_version_is_refused(self, service: Service, student: str) -> None:
        problem = assert_problem(post(service, statement(student), version="0.95"), 422, "invalid-request")
        assert problem["errors"][0]["parameter"] == VERSION


class TestServed:
    """With a model that was really trained."""

    def test_known_skills_are_found_among_other_categories(self, trained: Trained, student: str) -> None:
        skill = trained.skills[0]
        category = [{"id": "https://w3id.org/xapi/cmi5/context/categories/cmi5"}, {"id": f"{SCHOOL}/{skill}"}]
        sent = statement(student, context={"contextActivities": {"category": category}})
        assert post(trained.service, sent).json()["accepted"] == 1
        assert stored(trained.service, student) == [(sent["id"], [skill], True)]
        mastery = trained.service.client.get(f"/students/{student}/mastery").json()
        assert mastery["n_interactions"] == 1

    def test_a_parent_helps_where_no_category_is_known(self, trained: Trained, student: str) -> None:
        skill = trained.skills[0]
        activities = {"category": [{"id": "urn:x/other"}], "parent": [{"id": f"urn:x/{skill}"}]}
        sent = statement(student, context={"contextActivities": activities})
        assert post(trained.service, sent).json()["accepted"] == 1

    def test_an_unknown_skill_is_refused_with_the_nearest(self, trained: Trained, student: str) -> None:
        known = trained.skills[0]
        sent = [statement(student, 1, known), statement(student, 2, f"{known}x")]
        problem = assert_problem(post(trained.service, sent), 422, "skills-unknown")
        assert problem["vocabulary_size"] == len(trained.skills)
        (error,) = problem["errors"]
        assert error["pointer"] == "/1/context/contextActivities/category/0/id"
        assert ascii(known) in error["detail"]

    def test_statements_lead_where_responses_do(self, trained: Trained, student: str) -> None:
        skills, other = trained.skills, f"{student}-too"
        sent = [statement(student, number, skills[number % 2]) for number in range(4)]
        post(trained.service, sent)
        send(trained.service, other, [response(n, skills[n % 2], correct=True) for n in range(4)])
        shown = [trained.service.client.get(f"/students/{who}/mastery").json() for who in (student, other)]
        assert shown[0]["theta"] == pytest.approx(shown[1]["theta"], abs=1e-5)


@pytest.mark.parametrize(
    ("iri", "segment"),
    [
        ("http://x/skills/57", "57"),
        ("http://x/skills/57/", "57"),
        ("http://x/skills/57?a=b#c", "57"),
        ("http://x/long%20division", "long division"),
        ("urn:case:57", "case:57"),
        ("57", "57"),
        ("http://x", "http://x"),
        ("http://[x", "http://[x"),
    ],
)
def test_the_last_segment_names(iri: str, segment: str) -> None:
    assert last_segment(iri) == segment
