"""What a client was told, written down at once: one JSON object a line, flushed."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Record = dict[str, Any]


class Journal:
    """Appends records to a file of one process."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def note(self, what: str, **told: Any) -> None:
        """A record of a kind, with the time at which it was written."""
        self._file.write(json.dumps({"what": what, "noted": time.time(), **told}) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def read_journals(folder: Path) -> Iterator[Record]:
    """Every record of every process, each file in the order in which it was written."""
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
