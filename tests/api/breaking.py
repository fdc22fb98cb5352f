"""What a caller of one OpenAPI document would miss in another.

A caller's requests must still be taken, and every answer must still be one that the caller can read: values
of old requests are values of new ones, and values of new answers are values of old ones.
"""

from collections.abc import Iterator
from typing import Any

from tests.api.fitting import Fitting

Document = dict[str, Any]


def breaking_changes(before: Document, after: Document) -> list[str]:
    """Every one of them in a line; none for documents that callers can't tell apart."""
    taken = Fitting(before, after, may_grow=False)
    told = Fitting(after, before, may_grow=True)
    found: list[str] = []
    for path, item in before["paths"].items():
        for method, old in item.items():
            name = f"{method.upper()} {path}"
            new = after["paths"].get(path, {}).get(method)
            if new is None:
                found.append(f"{name}: is gone")
                continue
            found += [f"{name}: {change}" for change in _operation(old, new, taken, told)]
    return found


def _operation(old: Document, new: Document, taken: Fitting, told: Fitting) -> Iterator[str]:
    if old["operationId"] != new["operationId"]:
        yield f"operationId {new['operationId']} instead of {old['operationId']}"
    if new.get("x-scope") not in (None, old.get("x-scope")):
        yield f"scope {new['x-scope']} instead of {old.get('x-scope')}"
    yield from _parameters(old, new, taken)
    yield from _body(old.get("requestBody"), new.get("requestBody"), taken)
    yield from _answers(old["responses"], new["responses"], told)


def _parameters(old: Document, new: Document, taken: Fitting) -> Iterator[str]:
    ours, theirs = (
        {(one["in"], one["name"]): one for one in operation.get("parameters", ())} for operation in (old, new)
    )
    for (place, name), parameter in ours.items():
        if (place, name) not in theirs:
            yield f"{place} parameter {name} is gone"
            continue
        yield from taken.misfits(parameter["schema"], theirs[place, name]["schema"], f"parameter {name}")
    for (place, name), parameter in theirs.items():
        if parameter.get("required") and not ours.get((place, name), {}).get("required"):
            yield f"{place} parameter {name} is needed"


def _body(old: Document | None, new: Document | None, taken: Fitting) -> Iterator[str]:
    if new is not None and new.get("required") and not (old or {}).get("required"):
        yield "a body is needed"
    for media_type, content in (old or {}).get("content", {}).items():
        accepted = (new or {}).get("content", {}).get(media_type)
        if accepted is None:
            yield f"body as {media_type} is gone"
        else:
            yield from taken.misfits(content["schema"], accepted["schema"], f"body as {media_type}")


def _answers(old: Document, new: Document, told: Fitting) -> Iterator[str]:
    for status in (status for status in old if status.startswith("2")):
        if status not in new:
            yield f"answer {status} is gone"
            continue
        for header in sorted({*old[status].get("headers", ())} - {*new[status].get("headers", ())}):
            yield f"header {header} of {status} is gone"
        for media_type, content in old[status].get("content", {}).items():
            answer = new[status].get("content", {}).get(media_type)
            if answer is None:
                yield f"answer {status} as {media_type} is gone"
            else:
                yield from told.misfits(answer["schema"], content["schema"], f"answer {status}")
