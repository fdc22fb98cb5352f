"""Whether every value of one JSON schema is a value of another, for the schemas that our document has.

What it can't tell, it reports as not fitting: a change of such a place needs a look.
"""

from collections.abc import Iterator
from typing import Any

LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
SAME = ("propertyNames", "pattern", "format", "uniqueItems", "multipleOf", "allOf", "not", "const")
ANNOTATIONS = {"title", "description", "default", "examples", "example", "deprecated", "discriminator"}
UNDERSTOOD = {
    *(*LEAST, *MOST, *SAME, *ANNOTATIONS),
    *("$ref", "type", "enum", "anyOf", "oneOf", "properties", "required", "items", "additionalProperties"),
}
DEEPEST = 30  # a shape may hold itself

Schema = dict[str, Any]


class Fitting:
    """Compares schemas of two documents, each with components of its own."""

    def __init__(self, given: Schema, wanted: Schema, *, may_grow: bool) -> None:
        """`may_grow`: objects may have members that are wanted nowhere, as readers of answers must expect."""
        self._given = given["components"]["schemas"]
        self._wanted = wanted["components"]["schemas"]
        self._may_grow = may_grow

    def misfits(self, given: Schema, wanted: Schema, place: str = "", depth: int = 0) -> Iterator[str]:
        """Why a value of `given` may be none of `wanted`, by place."""
        given, wanted = _resolve(given, self._given), _resolve(wanted, self._wanted)
        if given == wanted and depth > DEEPEST:
            return
        if unknown := (given.keys() | wanted.keys()) - UNDERSTOOD - {"x-scope"}:
            yield f"{place}: {', '.join(sorted(unknown))} can't be compared"
        options = _options(given)
        accepted = _options(wanted)
        if len(options) > 1 or len(accepted) > 1:
            for option in options:
                if all(any(self.misfits(option, one, place, depth + 1)) for one in accepted):
                    yield f"{place}: {_shown(option)} is none of {', '.join(map(_shown, accepted))}"
            return
        yield from self._plain(options[0], accepted[0], place, depth)

    def _plain(self, given: Schema, wanted: Schema, place: str, depth: int) -> Iterator[str]:
        given, wanted = _resolve(given, self._given), _resolve(wanted, self._wanted)
        if more := _types(given) - _types(wanted):
            yield f"{place}: type {', '.join(sorted(more))} instead of {', '.join(sorted(_types(wanted)))}"
            return
        yield from _values(given, wanted, place)
        yield from _bounds(given, wanted, place)
        if "object" in _types(given):
            yield from self._members(given, wanted, place, depth)
        if "items" in wanted:
            yield from self.misfits(given.get("items", {}), wanted["items"], f"{place}/*", depth + 1)

    def _members(self, given: Schema, wanted: Schema, place: str, depth: int) -> Iterator[str]:
        for name in sorted({*wanted.get("required", ())} - {*given.get("required", ())}):
            yield f"{place}/{name}: may be missing"
        ours, theirs = given.get("properties", {}), wanted.get("properties", {})
        others = wanted.get("additionalProperties", True)
        for name, schema in ours.items():
            if name in theirs:
                yield from self._deeper(schema, theirs[name], f"{place}/{name}", depth)
            elif others is False and not self._may_grow:
                yield f"{place}/{name}: is not known"
            elif isinstance(others, dict):
                yield from self._deeper(schema, others, f"{place}/{name}", depth)
        more = given.get("additionalProperties", True)
        if isinstance(others, dict):
            yield from self._deeper(more if isinstance(more, dict) else {}, others, f"{place}/…", depth)
        elif others is False and more is not False and not self._may_grow:
            yield f"{place}: may have members that are not known"

    def _deeper(self, given: Schema, wanted: Schema, place: str, depth: int) -> Iterator[str]:
        if depth < DEEPEST:
            yield from self.misfits(given, wanted, place, depth + 1)


def _resolve(schema: Schema, components: Schema) -> Schema:
    while "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    return schema


def _options(schema: Schema) -> list[Schema]:
    """What a value may be one of; with what holds for each of them."""
    if "anyOf" not in schema and "oneOf" in schema:
        return [{**_rest(schema, "oneOf"), **option} for option in schema["oneOf"]]
    if "anyOf" not in schema:
        return [schema]
    return [{**_rest(schema, "anyOf"), **option} for option in schema["anyOf"]]


def _rest(schema: Schema, name: str) -> Schema:
    return {key: value for key, value in schema.items() if key != name and key not in ANNOTATIONS}


EVERY_TYPE = {"null", "boolean", "integer", "number", "string", "array", "object"}


def _types(schema: Schema) -> set[str]:
    """Every number may be whole."""
    named = schema.get("type", EVERY_TYPE)
    types = {named} if isinstance(named, str) else {*named}
    return types | {"integer"} if "number" in types else types


def _values(given: Schema, wanted: Schema, place: str) -> Iterator[str]:
    ours, theirs = _enum(given), _enum(wanted)
    if theirs is None:
        return
    if ours is None:
        yield f"{place}: any value instead of {theirs}"
    elif more := [value for value in ours if value not in theirs]:
        yield f"{place}: {more} instead of {theirs}"


def _enum(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values


def _bounds(given: Schema, wanted: Schema, place: str) -> Iterator[str]:
    for name in LEAST:
        if name in wanted and given.get(name, float("-inf")) < wanted[name]:
            yield f"{place}: {name} {given.get(name, 'of nothing')} instead of {wanted[name]}"
    for name in MOST:
        if name in wanted and given.get(name, float("inf")) > wanted[name]:
            yield f"{place}: {name} {given.get(name, 'of nothing')} instead of {wanted[name]}"
    for name in SAME:
        if name in wanted and name != "const" and given.get(name) != wanted[name]:
            yield f"{place}: {name} {given.get(name)!r} instead of {wanted[name]!r}"


def _shown(schema: Schema) -> str:
    return str(schema.get("$ref", schema.get("type", schema))).rpartition("/")[2]
