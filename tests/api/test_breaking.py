"""What callers rely on changes with a step of the version, or not at all."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.api.breaking import breaking_changes

ROOT = Path(__file__).parents[2]
RELEASED = ROOT / "clients" / "released.json"
Document = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Document:
    found: Document = json.loads((ROOT / "openapi.json").read_text("utf-8"))
    return found


def may_break(before: str, after: str) -> bool:
    """By semantic versioning: the major number moves, below 1.0 the minor one."""
    old, new = ([int(part) for part in version.split(".")[:2]] for version in (before, after))
    return new[:1] > old[:1] if old[0] else new > old


@pytest.mark.parametrize(
    ("before", "after", "may"),
    [("0.1.0", "0.1.7", False), ("0.1.0", "0.2.0", True), ("0.9.0", "1.0.0", True),
     ("1.2.0", "1.3.0", False), ("1.2.0", "2.0.0", True)],
)  # fmt: skip
def test_versions_say_whether_callers_must_look(before: str, after: str, may: bool) -> None:
    assert may_break(before, after) == may


def test_nothing_breaks_without_a_step_of_the_version(document: Document) -> None:
    released = json.loads(RELEASED.read_text("utf-8"))
    broken = breaking_changes(released, document)
    assert may_break(released["info"]["version"], document["info"]["version"]) or broken == []


def test_a_document_breaks_nothing_of_itself(document: Document) -> None:
    assert breaking_changes(document, document) == []


def _schema(document: Document, name: str) -> Document:
    found: Document = document["components"]["schemas"][name]
    return found


def _operation(document: Document, path: str, method: str) -> Document:
    found: Document = document["paths"][path][method]
    return found


def _parameter(document: Document, path: str, name: str) -> Document:
    parameters = _operation(document, path, "get")["parameters"]
    return next(one for one in parameters if one["name"] == name)  # type: ignore[no-any-return]


def drop_operation(document: Document) -> None:
    del document["paths"]["/cohorts"]["get"]


def rename_operation(document: Document) -> None:
    _operation(document, "/cohorts", "get")["operationId"] = "cohorts"


def need_more(document: Document) -> None:
    _operation(document, "/cohorts", "get")["x-scope"] = "admin"


def drop_parameter(document: Document) -> None:
    parameters = _operation(document, "/cohorts", "get")["parameters"]
    parameters[:] = [one for one in parameters if one["name"] != "cursor"]


def need_parameter(document: Document) -> None:
    _parameter(document, "/experiments", "dataset_id")["required"] = True


def lower_limit(document: Document) -> None:
    _parameter(document, "/cohorts", "limit")["schema"]["maximum"] = 100


def take_less(document: Document) -> None:
    _parameter(document, "/experiments", "status")["schema"]["enum"].remove("pruned")


def drop_body_type(document: Document) -> None:
    del _operation(document, "/datasets", "post")["requestBody"]["content"]["text/csv"]


def need_member(document: Document) -> None:
    _schema(document, "ExperimentCreate")["required"].append("preset")


def drop_member_of_request(document: Document) -> None:
    del _schema(document, "ExperimentCreate")["properties"]["seed"]


def shorten_list(document: Document) -> None:
    _schema(document, "PredictionsCreate")["properties"]["skills"]["maxItems"] = 1


def drop_member_of_answer(document: Document) -> None:
    schema = _schema(document, "SkillMastery")
    del schema["properties"]["evidence"]
    schema["required"].remove("evidence")


def leave_member_out(document: Document) -> None:
    _schema(document, "ExperimentRead")["required"].remove("progress")


def retype_answer(document: Document) -> None:
    _schema(document, "SkillMastery")["properties"]["evidence"]["type"] = "number"


def answer_null(document: Document) -> None:
    _schema(document, "DatasetRead")["properties"]["n_folds"]["type"] = ["integer", "null"]


def tell_new_state(document: Document) -> None:
    _schema(document, "ExperimentRead")["properties"]["status"]["enum"].append("paused")


def drop_answer_type(document: Document) -> None:
    del _operation(document, "/comparisons", "get")["responses"]["200"]["content"]["text/markdown"]


def drop_header(document: Document) -> None:
    del _operation(document, "/experiments", "post")["responses"]["202"]["headers"]["Location"]


Change = Callable[[Document], None]
BREAKING: list[tuple[Change, str]] = [
    (drop_operation, "GET /cohorts: is gone"),
    (rename_operation, "operationId cohorts instead of list_cohorts"),
    (need_more, "scope admin instead of read"),
    (drop_parameter, "query parameter cursor is gone"),
    (need_parameter, "query parameter dataset_id is needed"),
    (lower_limit, "parameter limit: maximum 200 instead of 100"),
    (take_less, "parameter status: ['pruned'] instead of"),
    (drop_body_type, "body as text/csv is gone"),
    (need_member, "/preset: may be missing"),
    (drop_member_of_request, "/seed: is not known"),
    (shorten_list, "/skills: maxItems"),
    (drop_member_of_answer, "/evidence: may be missing"),
    (leave_member_out, "/progress: may be missing"),
    (retype_answer, "/evidence: type number instead of integer"),
    (answer_null, "/n_folds: type null instead of integer"),
    (tell_new_state, "/status: ['paused'] instead of"),
    (drop_answer_type, "answer 200 as text/markdown is gone"),
    (drop_header, "header Location of 202 is gone"),
]


@pytest.mark.parametrize(("change", "told"), BREAKING)
def test_what_breaks_callers_is_found(document: Document, change: Change, told: str) -> None:
    after = deepcopy(document)
    change(after)
    assert any(told in line for line in breaking_changes(document, after))


def add_operation(document: Document) -> None:
    document["paths"]["/new"] = {"get": _operation(document, "/cohorts", "get")}


def add_parameter(document: Document) -> None:
    _operation(document, "/cohorts", "get")["parameters"].append(
        {"in": "query", "name": "since", "required": False, "schema": {"type": "string"}}
    )


def raise_limit(document: Document) -> None:
    _parameter(document, "/cohorts", "limit")["schema"]["maximum"] = 500


def take_more(document: Document) -> None:
    _schema(document, "ExperimentCreate")["properties"]["tags"] = {"type": "array", "items": {}}


def tell_more(document: Document) -> None:
    schema = _schema(document, "ExperimentRead")
    schema["properties"]["owner"] = {"type": "string"}
    schema["required"].append("owner")


def tell_less_states(document: Document) -> None:
    _schema(document, "ExperimentRead")["properties"]["status"]["enum"].remove("pruned")


def add_problem(document: Document) -> None:
    responses = _operation(document, "/cohorts", "get")["responses"]
    responses["410"] = responses["500"]


def reword(document: Document) -> None:
    _schema(document, "ExperimentRead")["description"] = "Said better."
    _operation(document, "/cohorts", "get")["summary"] = "Said better"


@pytest.mark.parametrize(
    "change",
    [add_operation, add_parameter, raise_limit, take_more, tell_more, tell_less_states, add_problem, reword],
)
def test_what_callers_need_not_know_breaks_nothing(document: Document, change: Change) -> None:
    after = deepcopy(document)
    change(after)
    assert after != document
    assert breaking_changes(document, after) == []
