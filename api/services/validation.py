"""Turns pydantic's refusals into pointers that a caller can follow."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from api.services.refusals import FieldRefused
from ikt_model.config import setting_of

LONGEST_VALUE = 60
MOST_OF_ONE = 20  # errors that are told of one object: it may have any number of unknown members


def refused_fields(error: ValidationError) -> list[FieldRefused]:
    """Every refused field of a model."""
    return [FieldRefused(to_pointer(entry["loc"]), describe_refusal(entry)) for entry in error.errors()]


def refused_settings(
    error: ValidationError, *, prefix: str, known: Mapping[str, Sequence[str]]
) -> list[FieldRefused]:
    """Every refused setting of a configuration, its pointer under `prefix`; `known` names the settings that
    there are, by section.
    """
    return [
        FieldRefused(prefix + to_pointer(setting_of(entry)), _describe_setting(entry, known))
        for entry in error.errors()
    ]


def _describe_setting(entry: Mapping[str, Any], known: Mapping[str, Sequence[str]]) -> str:
    setting = [str(part) for part in setting_of(entry)]
    if entry["type"] == "union_tag_invalid":
        return f"choose one of {entry['ctx']['expected_tags']}; it is {entry['ctx']['tag']!a}"
    if entry["type"] != "extra_forbidden":
        return describe_refusal(entry)
    if len(setting) > 1 and setting[0] in known:
        return f"there is no such setting; {setting[0]} has {', '.join(known[setting[0]])}"
    within = next((section for section, names in known.items() if setting[-1] in names), None)
    meant = f"did you mean {within}.{setting[-1]}?" if within else f"they are {', '.join(known)}"
    return f"there is no such section of settings; {meant}"


def to_pointer(location: Iterable[str | int]) -> str:
    """JSON pointer (RFC 6901) to a location."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)


def describe_refusal(entry: Mapping[str, Any]) -> str:
    """What is wrong, and the value when it is short enough to show."""
    message = str(entry["msg"]).removeprefix("Value error, ")
    value = entry.get("input")
    if entry["type"] in ("missing", "extra_forbidden", "json_invalid"):
        return message
    if not isinstance(value, str | int | float | bool):
        return message
    shown = ascii(value)
    return f"{message}; it is {shown if len(shown) <= LONGEST_VALUE else shown[:LONGEST_VALUE] + '…'}"


def follow(body: Any, location: Sequence[str | int], *, is_missing: bool) -> list[str | int]:
    """The parts of a pydantic location that exist in the body, and the last one when that is what is missing.

    Unions and tags put names of types into a location; a caller knows none of them.
    """
    kept: list[str | int] = []
    last = len(location) - 1
    for index, part in enumerate(location):
        if _holds(body, part):
            body = body[part]
        elif index < last or not is_missing:
            continue
        kept.append(part)
    return kept


def _holds(body: Any, part: str | int) -> bool:
    if isinstance(body, dict):
        return part in body
    return isinstance(body, list) and isinstance(part, int) and part < len(body)
