"""JSON whose numbers keep their digits."""

import json
from decimal import Decimal
from typing import Any

from ikt_model.comparison.elsewhere.refusals import FiguresRefused


def parse(content: bytes) -> Any:
    """Numbers with a point as decimals; NaN and Infinity, too. Raises FiguresRefused."""
    try:
        return json.loads(
            content.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=Decimal,
            object_pairs_hook=_object,
        )
    except FiguresRefused:
        raise
    except UnicodeDecodeError as error:
        raise FiguresRefused("", "it is not UTF-8 text", "save it as UTF-8") from error
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}"
        raise FiguresRefused(at, f"no JSON here ({error.msg})", "put the JSON right") from error
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise FiguresRefused("", "it holds a number or a nesting that is too large", "shorten it") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """No key twice, of which the last would win; no half characters, which can't be told again."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if not all(_is_writable(text) for text in (key, value)):
            raise FiguresRefused("", "it holds half a character (a lone surrogate)", "write the text anew")
        if key in found:
            raise FiguresRefused(key, "stands twice in one object", "keep one of the two")
        found[key] = value
    return found


def _is_writable(value: Any) -> bool:
    try:
        return not isinstance(value, str) or bool(value.encode("utf-8")) or not value
    except UnicodeEncodeError:
        return False
