"""Clocks that jump: a file says how far a process's clock is off, at the function that tells the time."""

import os
import time
from datetime import datetime
from pathlib import Path

from db import base

CLOCK_VARIABLE = "IKT_TEST_CLOCK"


def offset_seconds() -> float:
    """How far this process's clock is off now."""
    path = Path(os.environ[CLOCK_VARIABLE])
    return float(path.read_text()) if path.exists() else 0.0


def set_clock(path: Path, seconds: float) -> None:
    """Let the processes that read this file have a clock that is so far ahead."""
    draft = path.with_suffix(".draft")
    draft.write_text(str(seconds))
    draft.replace(path)


def _shifted_now() -> datetime:
    from datetime import UTC, datetime, timedelta

    from tests.fault_injection.clocks import offset_seconds

    return datetime.now(UTC) + timedelta(seconds=offset_seconds())


def shift_clock() -> None:
    """Put the offset into this process's clock, for everybody who has imported it too."""
    base.utc_now.__code__ = _shifted_now.__code__
    real = time.time
    time.time = lambda: real() + offset_seconds()
