"""Which operation of the OpenAPI document a request asks for."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = json.loads((ROOT / "openapi.json").read_text("utf-8"))


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))


# Paths without parameters first: /cohorts/mastery is no cohort.
PATHS = [(_pattern(path), path) for path in sorted(DOCUMENT["paths"], key=lambda path: path.count("{"))]
OPERATIONS = {
    (method.upper(), path): operation["operationId"]
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}


def operation_of(request: httpx.Request) -> str:
    """Raises StopIteration, or KeyError, for what the document does not have."""
    raw_path = request.url.raw_path.decode().partition("?")[0]
    path = next(path for pattern, path in PATHS if pattern.fullmatch(raw_path))
    return str(OPERATIONS[request.method, path])


@dataclass
class Heard:
    """The statuses that every operation has answered with."""

    statuses: dict[str, set[int]] = field(default_factory=dict)

    def hear(self, response: httpx.Response) -> None:
        """To be an event hook of httpx."""
        self.statuses.setdefault(operation_of(response.request), set()).add(response.status_code)

    def succeeded(self) -> set[str]:
        """Operations that did what they are for at least once."""
        return {name for name, seen in self.statuses.items() if any(200 <= status < 300 for status in seen)}
