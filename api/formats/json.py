"""JSON of plain values, as all schemas write it: times in RFC 3339 and UTC, null for what is no number."""

from typing import Any

import orjson

MEDIA_TYPE = "application/json"
# Times made from arrays of microseconds have no zone: they are in UTC, as all times here.
_OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


def write_json(value: Any) -> bytes:
    """Dicts, lists, text, numbers, times and ids as bytes; NaN and infinities become null."""
    return orjson.dumps(value, option=_OPTIONS)
