"""Why a command ends without its result, and with which exit code.

Failure
├── NoServer
├── Refused          the service answered with a problem document
├── BadInput         what was typed can't be right
├── JobFailed        an experiment or a promotion ended without a model
└── ProcessDied      the service's own API or worker ended
"""

import re
from pathlib import Path
from typing import Any

FAILED_WORK = 1
BAD_INPUT = 2
CONTRADICTION = 3
INTERRUPTED = 130

INLINE = (
    "train",
    "sweep",
    "cross-validate",
    "compare",
    "evaluate",
    "experiments report",
    "presets",
)
"""The commands that need no server."""


WHOLE_KEY = re.compile(r"(ikt_[A-Za-z0-9]{1,8})_?[\w-]{8,}")


def without_secrets(text: str) -> str:
    """The same with no more of a key than its prefix."""
    return WHOLE_KEY.sub(r"\1_…", text)


class Failure(Exception):
    """Shown on standard error; the command's exit code is `exit_code`."""

    exit_code = FAILED_WORK

    def __init__(self, title: str, detail: str = "") -> None:
        super().__init__(without_secrets(title))
        self.title = without_secrets(title)
        self.detail = without_secrets(detail)


class NoServer(Failure):
    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"No server answers at {url}",
            f"{reason.rstrip('.')}. Start one with `ikt up`, name another with --url or IKT_URL, "
            f"or do the work in this process with --inline ({', '.join(INLINE)}).",
        )


class Refused(Failure):
    """A problem document (RFC 9457)."""

    def __init__(self, problem: dict[str, Any]) -> None:
        self.problem = problem
        self.status = int(problem.get("status", 500))
        self.exit_code = BAD_INPUT if 400 <= self.status < 500 else FAILED_WORK
        super().__init__(str(problem.get("title", f"HTTP {self.status}")), str(problem.get("detail") or ""))


class BadInput(Failure):
    exit_code = BAD_INPUT


class JobFailed(Failure):
    pass


class ProcessDied(Failure):
    def __init__(self, name: str, *, exit_code: int | None, log: Path, last_lines: list[str]) -> None:
        self.last_lines = last_lines
        ended = "gave no sign of life" if exit_code is None else f"ended with exit code {exit_code}"
        super().__init__(f"The {name} process {ended}", f"its log is {log}")
