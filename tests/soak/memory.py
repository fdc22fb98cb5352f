"""Resident memory of the main processes, looked at every second, and how it grew after the warm-up."""

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression, median

import psutil

from tests.running import Part

WARM_UP = 0.3  # of a life, in which caches fill
COMPARED = 0.2  # of the rest at either end
FEWEST_SAMPLES = 30
MEBIBYTE = 1024 * 1024

Sample = tuple[float, int]
"""Seconds since 1970, bytes."""


@dataclass(frozen=True, slots=True)
class Life:
    """How much memory one process had after its warm-up."""

    name: str
    seconds: float
    first_bytes: float
    """Median at the beginning."""
    last_bytes: float
    """Median at the end."""
    slope: float
    """Share by which a straight line through all samples grows."""

    @property
    def growth(self) -> float:
        return self.last_bytes / self.first_bytes - 1


class Meter:
    """Looks at processes from a thread of its own; those that were replaced begin a new life."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._samples: dict[tuple[str, int], list[Sample]] = defaultdict(list)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="meter", daemon=True)

    def __enter__(self) -> "Meter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def lives(self) -> list[Life]:
        """Those that lasted long enough to say anything about."""
        measured = [measure(name, samples) for (name, _), samples in self._samples.items()]
        return [life for life in measured if life is not None]

    def _watch(self) -> None:
        while not self._stop.wait(1.0):
            for part in self._parts:
                try:
                    used = psutil.Process(part.pid).memory_info().rss
                except psutil.NoSuchProcess:
                    continue
                if used:  # a process that has ended and waits to be looked at has none
                    self._samples[part.name, part.pid].append((time.time(), used))


def measure(name: str, samples: Sequence[Sample]) -> Life | None:
    """What the samples say, without those of the warm-up; None when they are too few."""
    warm = samples[int(len(samples) * WARM_UP) :]
    if len(warm) < FEWEST_SAMPLES:
        return None
    compared = int(len(warm) * COMPARED)
    times, used = zip(*warm, strict=True)
    slope, intercept = linear_regression(times, used)
    first = slope * times[0] + intercept
    return Life(
        name,
        seconds=samples[-1][0] - samples[0][0],
        first_bytes=median(used[:compared]),
        last_bytes=median(used[-compared:]),
        slope=slope * (times[-1] - times[0]) / first,
    )
