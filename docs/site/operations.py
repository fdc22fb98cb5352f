"""Every operation of the service, as the OpenAPI document tells it."""

from collections.abc import Iterator, Mapping
from typing import Any

from api.app import create_app

METHODS = ("get", "put", "post", "patch", "delete")

Document = Mapping[str, Any]


def write_operations() -> str:
    """Markdown: a section for every tag, and in it every operation."""
    document = create_app().openapi()
    by_tag: dict[str, list[str]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                operation = methods[method]
                by_tag[operation["tags"][0]].append("\n".join(_operation(method, path, operation)))
    return "\n".join(
        f"## {tag['name']}\n\n{tag['description']}\n\n" + "\n".join(by_tag[tag["name"]])
        for tag in document["tags"]
    )


def _operation(method: str, path: str, operation: Document) -> Iterator[str]:
    yield f"### {operation['summary']} {{: #{operation['operationId']} }}"
    yield f"\n`{method.upper()} {path}`"
    yield f" · scope `{operation['x-scope']}`\n" if "x-scope" in operation else " · no key needed\n"
    yield operation.get("description", "")
    yield from _parameters(operation)
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"\nTakes `{media_type}`{_schema(content.get('schema', {}))}."
    yield from _responses(operation)
    yield ""


def _parameters(operation: Document) -> Iterator[str]:
    if operation.get("parameters"):
        yield "\n| parameter | in | |\n| --- | --- | --- |"
    for parameter in operation.get("parameters", ()):
        name = f"`{parameter['name']}`" + (" (required)" if parameter.get("required") else "")
        said = parameter.get("description", "").replace("\n", " ").replace("|", "\\|")
        yield f"| {name} | {parameter['in']} | {said} |"


def _responses(operation: Document) -> Iterator[str]:
    yield "\n| answer | |\n| --- | --- |"
    for status, response in operation["responses"].items():
        content = response.get("content", {})
        kinds = sorted(content.get("application/problem+json", {}).get("examples", {}))
        told = ", ".join(f"`{kind}`" for kind in kinds) or ", ".join(
            f"`{media_type}`{_schema(found.get('schema', {}))}" for media_type, found in content.items()
        )
        yield f"| {status} | {told or response['description']} |"


def _schema(schema: Document) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    return f" ({name})" if name else ""
