"""The OpenAPI document says everything, and its examples hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from api.app import create_app
from api.settings import ApiSettings

METHODS = ("get", "put", "post", "delete", "patch")
JSON = "application/json"
PROBLEM = "application/problem+json"
TEXT_OR_BINARY = {"type": "string"}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return create_app(ApiSettings(data_dir=tmp_path_factory.mktemp("openapi"))).openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def examples_of(content: dict[str, Any], document: dict[str, Any]) -> list[Any]:
    """Examples of a media type, its own or its schema's."""
    found = [content["example"]] if "example" in content else []
    found += [example["value"] for example in content.get("examples", {}).values()]
    return found or resolve(content["schema"], document).get("examples", [])


def resolve(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema and "examples" not in schema:
        examples = [e for option in schema["anyOf"] for e in resolve(option, document).get("examples", [])]
        return schema | {"examples": examples}
    return schema


def assert_valid(example: Any, schema: dict[str, Any], document: dict[str, Any]) -> None:
    whole = {**schema, "components": document["components"]}
    errors = [error.message for error in Draft202012Validator(whole).iter_errors(example)]
    assert not errors, (errors, example)


class TestOperations:
    def test_every_operation_is_named_once_and_described(self, document: dict[str, Any]) -> None:
        names = []
        for where, operation in operations(document):
            assert operation["operationId"].replace("_", "").isalpha(), where
            assert operation["operationId"].islower(), where
            assert operation["summary"], where
            assert operation["description"], where
            assert len(operation["tags"]) == 1, where
            names.append(operation["operationId"])
        assert len(names) == len(set(names)) > 25

    def test_every_tag_is_described(self, document: dict[str, Any]) -> None:
        described = {tag["name"] for tag in document["tags"] if tag["description"]}
        assert {operation["tags"][0] for _, operation in operations(document)} == described

    def test_every_parameter_is_described(self, document: dict[str, Any]) -> None:
        for where, operation in operations(document):
            for parameter in operation.get("parameters", []):
                assert parameter.get("description"), (where, parameter["name"])

    def test_every_field_has_a_type(self, document: dict[str, Any]) -> None:
        for name, schema in document["components"]["schemas"].items():
            assert schema.get("description"), name


class TestExamples:
    def test_every_body_has_examples_that_hold(self, document: dict[str, Any]) -> None:
        checked = 0
        for where, operation in operations(document):
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
                examples = examples_of(content, document)
                if content["schema"].get("format") != "binary":
                    assert examples, (where, media_type)
                for example in examples:
                    assert_valid(example, content["schema"], document)
                    checked += 1
        assert checked >= 4

    def test_every_answer_has_examples_that_hold(self, document: dict[str, Any]) -> None:
        for where, operation in operations(document):
            successes = [status for status in operation["responses"] if status.startswith("2")]
            assert successes, where
            for status in successes:
                contents = operation["responses"][status].get("content", {})
                assert contents or status == "204", (where, status)
                for media_type, content in contents.items():
                    examples = examples_of(content, document)
                    if content["schema"].get("format") != "binary":
                        assert examples, (where, status, media_type)
                    for example in examples:
                        assert_valid(example, content["schema"], document)

    def test_every_error_is_a_problem_with_an_example_that_holds(self, document: dict[str, Any]) -> None:
        for where, operation in operations(document):
            errors = {s: r for s, r in operation["responses"].items() if not s.startswith(("2", "3"))}
            assert "500" in errors, where
            if operation.get("parameters") or "requestBody" in operation:
                assert "422" in errors, where
            if "requestBody" in operation:
                assert {"400", "413"} <= set(errors), where
            for status, response in errors.items():
                assert set(response["content"]) == {PROBLEM}, (where, status)
                examples = examples_of(response["content"][PROBLEM], document)
                assert examples, (where, status)
                for example in examples:
                    assert example["status"] == int(status), where
                    assert_valid(example, {"$ref": "#/components/schemas/Problem"}, document)

    def test_unchanged_content_is_not_sent(self, document: dict[str, Any]) -> None:
        for where, operation in operations(document):
            assert "content" not in operation["responses"].get("304", {}), where


class TestHeaders:
    @pytest.mark.parametrize(
        ("path", "method", "status", "headers"),
        [
            ("/datasets", "post", "201", {"Location"}),
            ("/datasets", "get", "200", {"Link"}),
            ("/experiments", "post", "202", {"Location", "Retry-After"}),
            ("/experiments", "get", "200", {"Link"}),
            ("/cross-validations", "post", "202", {"Location", "Retry-After"}),
            ("/sweeps", "post", "202", {"Location", "Retry-After"}),
            ("/sweeps", "get", "200", {"Link"}),
            ("/models/{model_id}/promote", "post", "202", {"Location", "Retry-After"}),
            ("/students/{student_id}/trajectory", "get", "200", {"Link"}),
            ("/students/{student_id}/mastery", "get", "200", {"ETag"}),
            ("/students/{student_id}/mastery", "get", "304", {"ETag"}),
            ("/cohorts", "get", "200", {"Link"}),
            ("/xapi/statements", "post", "200", {"X-Experience-API-Version"}),
        ],
    )
    def test_headers_are_documented(
        self, document: dict[str, Any], path: str, method: str, status: str, headers: set[str]
    ) -> None:
        assert set(document["paths"][path][method]["responses"][status]["headers"]) == headers


def test_document_is_served(tmp_path: Path) -> None:
    app = create_app(ApiSettings(data_dir=tmp_path))
    assert app.openapi()["openapi"].startswith("3.1")
    assert app.openapi() is app.openapi()
    assert "/openapi.json" in {route.path for route in app.routes if hasattr(route, "path")}
