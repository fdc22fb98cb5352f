"""Whether the points of a search space are settings that can be trained with."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from api.schemas.search import Categorical, GridSearch, IntRange
from api.schemas.sweeps import SweepCreate
from api.services.refusals import FieldRefused
from api.services.validation import describe_refusal, to_pointer
from ikt_model.config import UnknownPreset, load_preset, resolve_config, setting_of
from ikt_model.search import Point, grid_points, probing_points, with_settings

MOST_REFUSED = 20
SPACE = "/search/space"
REMEDY = "narrow the range, give it another step, or list the values as choices"

Refusals = dict[tuple[str, str], FieldRefused]
"""By the pointer and the rule: what one rule says of the many numbers in a range is told once."""


def check_space(request: SweepCreate, overrides: Mapping[str, Any]) -> list[FieldRefused]:
    """What is wrong with the points of a grid, or with those that tell what another space holds."""
    errors = [
        FieldRefused(SPACE + to_pointer([name]), "config sets it too; give only one of them")
        for name in request.search.space
        if _is_set(overrides, name)
    ]
    if errors:
        return errors
    try:
        preset = load_preset(request.preset) if request.preset else {}
    except UnknownPreset as unknown:
        return [FieldRefused("/preset", str(unknown))]
    if not all(isinstance(section, Mapping) for section in overrides.values()):
        # A point would replace what is no section, and nobody would be told.
        return [refused for _, refused in _check_point(request, preset, overrides, {})]
    found: Refusals = {}
    for point in _points(request):
        for rule, refused in _check_point(request, preset, overrides, point):
            # What an end of a range is refused for needs no telling of the numbers inside it.
            if not any((refused.pointer + end, rule) in found for end in ("", "/low", "/high")):
                found[refused.pointer, rule] = refused
        if len(found) >= MOST_REFUSED:
            break
    return list(found.values())[:MOST_REFUSED]


def _points(request: SweepCreate) -> Iterator[Point]:
    space = request.search.model_dump(mode="json")["space"]
    return grid_points(space) if isinstance(request.search, GridSearch) else probing_points(space)


def _check_point(
    request: SweepCreate, preset: Mapping[str, Any], overrides: Mapping[str, Any], point: Point
) -> Iterator[tuple[str, FieldRefused]]:
    """Every refusal with the rule that is broken."""
    try:
        resolve_config(preset, with_settings(overrides, point))
    except ValidationError as error:
        yield from (_refuse(request, point, entry) for entry in error.errors())


def _refuse(request: SweepCreate, point: Point, entry: Mapping[str, Any]) -> tuple[str, FieldRefused]:
    location = [str(part) for part in setting_of(entry)]
    detail = describe_refusal(entry)
    rule = re.sub(r"[\d.,]+", "", str(entry["msg"]))
    for name, value in point.items():
        if location[: name.count(".") + 1] == name.split("."):
            pointer = _pointer(request, name, value)
            inside = f" (at {value!r} inside the range)" if pointer == SPACE + to_pointer([name]) else ""
            return rule, FieldRefused(pointer, detail + inside)
    blamed = _blame(point, location, entry)
    if not blamed:
        return rule, FieldRefused("/config" + to_pointer(location), detail)
    at = ", ".join(f"{name}={point[name]!r}" for name in blamed)
    detail = f"{detail} (at {at})"
    for name in blamed:
        if isinstance(request.search.space[name], IntRange):
            return rule, FieldRefused(SPACE + to_pointer([name]), f"{detail}; {REMEDY}")
    # Listed values are told one by one: each is to be struck out by itself.
    return detail, FieldRefused(SPACE + to_pointer([blamed[0]]), detail)


def _blame(point: Point, location: Sequence[str], entry: Mapping[str, Any]) -> list[str]:
    """The settings of a point that a rule is about: those that it names, else those in the same place."""
    words = set(re.findall(r"\w+", str(entry["msg"]))) if entry["type"] == "value_error" else set()
    named = [name for name in point if name.rpartition(".")[2] in words]
    return named or [name for name in point if name.split(".")[: len(location)] == location]


def _pointer(request: SweepCreate, name: str, value: Any) -> str:
    described: Any = request.search.space[name]
    if isinstance(described, list):
        return SPACE + to_pointer([name, _index(described, value)])
    if isinstance(described, Categorical):
        return SPACE + to_pointer([name, "choices", _index(described.choices, value)])
    ends = {described.low: "low", described.high: "high"}
    return SPACE + to_pointer([name, ends[value]] if value in ends else [name])


def _index(values: Sequence[Any], value: Any) -> int:
    return next(i for i, one in enumerate(values) if one == value and type(one) is type(value))


def _is_set(overrides: Mapping[str, Any], name: str) -> bool:
    place: Any = overrides
    for part in name.split("."):
        if not isinstance(place, Mapping) or part not in place:
            return False
        place = place[part]
    return True
