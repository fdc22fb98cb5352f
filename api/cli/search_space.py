"""Search spaces as they are typed: `loss.lambda_target=0,0.1,0.3`, `training.learning_rate=1e-4:1e-2:log`."""

import json
from collections.abc import Sequence
from math import isfinite
from typing import Any

from api.cli.failures import BadInput


def parse_space(
    *, grid: Sequence[str], floats: Sequence[str], ints: Sequence[str], choices: Sequence[str]
) -> dict[str, Any]:
    """`search` of a sweep, without the number of trials. Raises BadInput."""
    ranges: dict[str, Any] = {}
    for option, texts, parse in (
        ("float", floats, _float),
        ("int", ints, _int),
        ("choice", choices, _choice),
    ):
        for text in texts:
            name, value = _split(option, text)
            _put(ranges, name, parse(option, text, value), option=option)
    if bool(grid) == bool(ranges):
        raise BadInput(
            "A sweep searches either --grid values or --float, --int and --choice ranges",
            "For example --grid loss.lambda_target=0,0.1,0.3 or --float loss.lambda_target=0:1 --trials 20.",
        )
    if not grid:
        return {"method": "optuna", "space": ranges}
    values: dict[str, Any] = {}
    for text in grid:
        name, listed = _split("grid", text)
        _put(values, name, _values("grid", text, listed), option="grid")
    return {"method": "grid", "space": values}


def _split(option: str, text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name.strip() or not value:
        raise BadInput(f"--{option} {text!r} is not of the form section.name=…")
    return name.strip(), value


def _put(space: dict[str, Any], name: str, value: Any, *, option: str) -> None:
    if name in space:
        raise BadInput(f"--{option} {name} is given twice")
    space[name] = value


def _float(option: str, text: str, value: str) -> dict[str, Any]:
    low, high, *rest = [*value.split(":"), "", ""][:4]
    end = [part for part in rest if part]
    if end not in ([], ["log"]) or value.count(":") > 2:
        raise BadInput(f"--{option} {text!r} is not of the form section.name=low:high or …:log")
    try:
        ends = {"low": _finite(f"--{option} {text!r}", low), "high": _finite(f"--{option} {text!r}", high)}
        return {"type": "float", **ends, "log": bool(end)}
    except ValueError:
        raise BadInput(f"--{option} {text!r}: {value} are no two numbers as in 0.1:0.9") from None


def _int(option: str, text: str, value: str) -> dict[str, Any]:
    parts = value.split(":")
    try:
        if len(parts) > 3:
            raise ValueError(value)
        described: dict[str, Any] = {"type": "int", "low": int(parts[0]), "high": int(parts[1])}
        if parts[2:] == ["log"]:
            return described | {"log": True}
        return described | ({"step": int(parts[2])} if len(parts) == 3 else {})
    except (ValueError, IndexError):
        raise BadInput(
            f"--{option} {text!r} is not of the form section.name=low:high, …:step or …:log"
        ) from None


def _choice(option: str, text: str, value: str) -> dict[str, Any]:
    return {"type": "categorical", "choices": _values(option, text, value)}


def _values(option: str, text: str, listed: str) -> list[Any]:
    return [read_value(f"--{option} {text!r}", part) for part in listed.split(",")]


def read_value(typed: str, text: str) -> Any:
    """A value as JSON where it can be, as text otherwise. Raises BadInput naming what was `typed`."""

    def require_finite(number: str) -> float:
        return _finite(typed, number)

    try:
        return json.loads(text, parse_float=require_finite, parse_constant=require_finite)
    except ValueError:
        return text


def _finite(typed: str, number: str) -> float:
    # JSON has neither infinities nor NaN, though Python would read them.
    if not isfinite(value := float(number)):
        raise BadInput(f"{typed}: {number} is no finite number")
    return value
