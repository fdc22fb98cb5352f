"""What requests cost: seconds of the processor, of the API process and of PostgreSQL."""

from dataclasses import dataclass, field

import psutil

from tests.benchmarks.serving_figures import Ask, Figure
from tests.benchmarks.serving_load import Heard
from tests.benchmarks.serving_stage import Api, Stage


@dataclass(slots=True)
class Meter:
    """Adds up over stretches of load."""

    stage: Stage
    api: Api
    requests: int = 0
    seconds: dict[str, float] = field(default_factory=lambda: {"API": 0.0, "PostgreSQL": 0.0})

    def around(self, ask: Ask) -> Ask:
        """The same stretch, metered."""

        def ask_metered() -> Heard:
            before = self.spent()
            heard = ask()
            self.add(heard.requests, before)
            return heard

        return ask_metered

    def add(self, requests: int, before: dict[str, float]) -> None:
        """Count requests, and what was spent since `before`."""
        for name, seconds in self.spent().items():
            self.seconds[name] += seconds - before[name]
        self.requests += requests

    def figures(self, row: str, *, each: str) -> list[Figure]:
        """Microseconds of each side."""
        return [
            Figure(row, f"{name}: CPU of {each}", seconds / self.requests * 1e6, "µs")
            for name, seconds in self.seconds.items()
        ]

    def spent(self) -> dict[str, float]:
        """Seconds of both until now."""
        return {
            "API": seconds_of(self.api.process.pid),
            "PostgreSQL": seconds_of(self.stage.postgres_pid),
        }


def memory(api: Api) -> float:
    """Resident memory of an API process, MB."""
    return float(psutil.Process(api.process.pid).memory_info().rss) / 1e6


def seconds_of(pid: int) -> float:
    """CPU seconds of a process and its children, also of those that have ended."""
    process = psutil.Process(pid)
    own = process.cpu_times()
    living = sum(seconds_of(child.pid) for child in process.children())
    return float(own.user + own.system + own.children_user + own.children_system) + living
