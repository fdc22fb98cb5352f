"""Whether the points of a search space are settings that can be trained with."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from pydantic import ValidationError

from api.schemas.search import Choices, GridSearch
from api.schemas.sweeps import SweepCreate
from api.services.refusals import FieldRefused
from api.services.validation import describe_refusal, to_pointer
from ikt_model.config import UnknownPreset, resolve_config, setting_of
from ikt_model.search import Point, corner_points, grid_points, inner_points, with_settings

MOST_REFUSED = 20
SPACE = "/search/space"


def check_space(request: SweepCreate, overrides: Mapping[str, Any]) -> list[FieldRefused]:
    """What is wrong with the points of a grid, or with the corners and some inner points of another space."""
    errors = [
        FieldRefused(SPACE + to_pointer([name]), "config sets it too; give only one of them")
        for name in request.search.space
        if _is_set(overrides, name)
    ]
    if errors:
        return errors
    if not all(isinstance(section, Mapping) for section in overrides.values()):
        # A point would replace what is no section, and nobody would be told.
        return _check_point(request, overrides, {})
    found: dict[tuple[str, str], FieldRefused] = {}
    for point in _points(request):
        for refused in _check_point(request, overrides, point):
            found.setdefault((refused.pointer, refused.detail), refused)
        if len(found) >= MOST_REFUSED:
            break
    return list(found.values())[:MOST_REFUSED]


def _points(request: SweepCreate) -> Iterator[Point]:
    space = request.search.model_dump(mode="json")["space"]
    if isinstance(request.search, GridSearch):
        return grid_points(space)
    return chain(corner_points(space), inner_points(space))


def _check_point(request: SweepCreate, overrides: Mapping[str, Any], point: Point) -> list[FieldRefused]:
    try:
        resolve_config(request.preset, with_settings(overrides, point))
    except UnknownPreset as unknown:
        return [FieldRefused("/preset", str(unknown))]
    except ValidationError as error:
        return [_refuse(request, point, entry) for entry in error.errors()]
    return []


def _refuse(request: SweepCreate, point: Point, entry: Mapping[str, Any]) -> FieldRefused:
    location = [str(part) for part in setting_of(entry)]
    for name, value in point.items():
        if location[: name.count(".") + 1] == name.split("."):
            pointer = _pointer(request, name, value)
            inside = f" (at {value!r} inside the range)" if pointer == SPACE + to_pointer([name]) else ""
            return FieldRefused(pointer, describe_refusal(entry) + inside)
    for name in point:
        if name.split(".")[: len(location)] == location:
            at = ", ".join(f"{one}={value!r}" for one, value in point.items())
            return FieldRefused(SPACE + to_pointer([name]), f"{describe_refusal(entry)} (at {at})")
    return FieldRefused("/config" + to_pointer(location), describe_refusal(entry))


def _pointer(request: SweepCreate, name: str, value: Any) -> str:
    described: Any = request.search.space[name]
    if isinstance(described, list):
        return SPACE + to_pointer([name, _index(described, value)])
    if isinstance(described, Choices):
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
