"""What the OpenAPI document allows is what the service takes, and what it leads to is there."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from api.app import create_app
from api.routes.links import LINKS
from api.schemas.cross_validations import CrossValidationCreate
from api.schemas.experiments import ExperimentCreate
from api.schemas.interactions import InteractionCreate
from api.schemas.predictions import PredictionsCreate
from api.schemas.sweeps import SweepCreate
from api.schemas.xapi import STATEMENT_EXAMPLE
from api.settings import ApiSettings
from tests.api.support import Service, assert_problem

DATASET = str(UUID(int=7))


def sweep(space: Any) -> dict[str, Any]:
    return {"dataset_id": DATASET, "fold": 1, "search": {"method": "grid", "space": space}}


BODIES: list[tuple[Any, dict[str, Any], bool]] = [
    (InteractionCreate, {"correct": 1, "skill": "add"}, True),
    (InteractionCreate, {"correct": 1, "skills": ["add"], "skill": None}, True),
    (InteractionCreate, {"correct": 1}, False),
    (InteractionCreate, {"correct": 1, "skill": "add", "skills": ["add"]}, False),
    (InteractionCreate, {"correct": 1, "skill": " add"}, False),
    (InteractionCreate, {"correct": 1, "skill": "a\x00dd"}, False),
    (InteractionCreate, {"correct": 1, "skill": "a\x85dd"}, False),
    (InteractionCreate, {"correct": 1, "skill": "add", "item": "i "}, False),
    (InteractionCreate, {"correct": 1, "skill": "add", "event_id": "a b"}, True),
    (InteractionCreate, {"correct": 1, "skill": "add", "event_id": "a "}, False),
    (PredictionsCreate, {"skills": ["add"], "responses": [{"correct": True, "skill": "add"}]}, True),
    (PredictionsCreate, {"skills": ["add"], "responses": [{"correct": True}]}, False),
    (PredictionsCreate, {"skills": ["add "]}, False),
    (ExperimentCreate, {"dataset_id": DATASET, "exclude_folds": [1, 2]}, True),
    (ExperimentCreate, {"dataset_id": DATASET, "exclude_folds": [1, 1]}, False),
    (ExperimentCreate, {"dataset_id": DATASET, "name": " shorter"}, False),
    (ExperimentCreate, {"dataset_id": DATASET, "fold": 1}, True),
    (ExperimentCreate, {"dataset_id": DATASET, "fold": 1.0, "seed": 7.0, "exclude_folds": [2.0]}, True),
    (ExperimentCreate, {"dataset_id": DATASET, "fold": 1.5}, False),
    (ExperimentCreate, {"dataset_id": DATASET, "fold": 1e300}, False),
    (ExperimentCreate, {"dataset_id": DATASET, "fold": False}, False),
    (ExperimentCreate, {"dataset_id": DATASET, "fold": "1"}, False),
    (ExperimentCreate, {"dataset_id": DATASET, "seed": True}, False),
    (ExperimentCreate, {"dataset_id": DATASET, "exclude_folds": [True]}, False),
    (CrossValidationCreate, {"dataset_id": DATASET, "seed": False}, False),
    (CrossValidationCreate, {"dataset_id": DATASET, "folds": [0, 1]}, True),
    (CrossValidationCreate, {"dataset_id": DATASET, "folds": [0, 0]}, False),
    (SweepCreate, sweep({"loss.lambda_target": [0.1, True, "x"]}), True),
    (SweepCreate, sweep({"loss.lambda_target": [0.1]}) | {"parallel": "2"}, False),
    (SweepCreate, sweep({"loss.lambda_target": [0.1]}) | {"pruner": {"name": "median"}}, True),
    (SweepCreate, sweep({"loss.lambda_target": [0.1]}) | {"objective": {"direction": "minimise"}}, True),
    (SweepCreate, sweep({"": [0.1]}), False),
    (SweepCreate, sweep({"loss.lambda_target": [1, 1]}), False),
    (SweepCreate, sweep({"loss.lambda_target": [None]}), False),
    (SweepCreate, sweep({"loss.lambda_target": ["x" * 257]}), False),
    (SweepCreate, sweep({"loss.lambda_target": [2**53 + 1]}), False),
]


STATEMENTS: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"verb": {"id": ""}}, False),
    ({"verb": {}}, False),
    ({"actor": {}}, False),
    ({"object": {}}, False),
    ({"object": {"objectType": "Agent"}}, True),
    ({"actor": {"mbox": "mailto:ann@school.example"}}, True),
    ({"actor": {"account": {"name": ""}}}, False),
    ({"actor": {"account": {"name": "a\x00n"}}}, False),
    ({"timestamp": "yesterday"}, False),
    ({"id": "7"}, False),
]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return create_app(ApiSettings(data_dir=tmp_path_factory.mktemp("document"))).openapi()


@pytest.mark.parametrize(("shape", "body", "is_right"), BODIES)
def test_schema_and_service_agree(
    document: dict[str, Any], shape: Any, body: dict[str, Any], is_right: bool
) -> None:
    schema = {"$ref": f"#/components/schemas/{shape.__name__}", "components": document["components"]}
    assert Draft202012Validator(schema).is_valid(body) == is_right
    try:
        TypeAdapter(shape).validate_python(body)
    except ValidationError:
        assert not is_right
    else:
        assert is_right


@pytest.mark.parametrize(("changes", "is_right"), STATEMENTS)
def test_statements_of_the_schema_are_taken(
    document: dict[str, Any], service: Service, changes: dict[str, Any], is_right: bool
) -> None:
    schema = {"$ref": "#/components/schemas/Statement", "components": document["components"]}
    statement = {**STATEMENT_EXAMPLE, "id": str(uuid4()), **changes}
    checked = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    # The date-time of JSON schema needs a library of its own, which is not here.
    if "timestamp" not in changes:
        assert checked.is_valid(statement) == is_right
    assert (service.client.post("/xapi/statements", json=statement).status_code == 200) == is_right


def test_no_parameter_can_be_null(document: dict[str, Any]) -> None:
    seen = 0
    for path in document["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                seen += 1
                assert {"type": "null"} not in parameter["schema"].get("anyOf", []), parameter
    assert seen > 60


def test_every_bound_is_written_in_the_words_of_json_schema(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    assert '"maximum": ' in text
    assert [word for word in ("ge", "gt", "le", "lt") if f'"{word}": ' in text] == []


def test_links_lead_to_operations_and_their_parameters(document: dict[str, Any]) -> None:
    operations = {o["operationId"]: o for path in document["paths"].values() for o in path.values()}
    for (name, status), links in LINKS.items():
        assert operations[name]["responses"][status]["links"] == links
        for link in links.values():
            target = operations[link["operationId"]]
            known = {parameter["name"] for parameter in target.get("parameters", [])}
            assert set(link.get("parameters", {})) <= known, link
            assert ("requestBody" in link) <= ("requestBody" in target), link


def test_names_of_metrics_are_listed(document: dict[str, Any]) -> None:
    parameters = {p["name"]: p["schema"] for p in document["paths"]["/pareto"]["get"]["parameters"]}
    assert {"auc", "l_21_kl"} <= set(parameters["x"]["enum"])
    assert parameters["x"]["enum"] == parameters["y"]["enum"]


@pytest.mark.parametrize("member", [{}, 7, None, ["ana"], True])
def test_members_that_are_no_text_are_refused(service: Service, member: Any) -> None:
    answer = service.client.put("/cohorts/group/students", json={"student_ids": [member]})
    problem = assert_problem(answer, 422, "invalid-request")
    assert problem["errors"][0]["pointer"] == "/student_ids/0"


def test_a_form_says_what_a_name_may_be(document: dict[str, Any], service: Service) -> None:
    form = document["paths"]["/datasets"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    for name, is_right in (("class", True), ("cl\x0eass", False), (" class", False), ("class\x85", False)):
        assert Draft202012Validator(form).is_valid({"file": "", "name": name}) == is_right
        assert (service.upload(name=name).status_code == 201) == is_right
