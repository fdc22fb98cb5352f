"""From measured figures to the page: rates, costs and gigabytes, each worked out where it is named.

figures.json is of the model that the bounds are set for, resolved.json of the model that is recommended.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent / "scaling.md"
FIGURES, RESOLVED = FOLDER / "figures.json", FOLDER / "resolved.json"
TEMPLATE = FOLDER / "page.md"

MILLION = 1_000_000
SECONDS_BETWEEN_ANSWERS = 20
KEPT_MEGABYTES = 0.2  # of a student in the cache of an API process
ANSWERS, READS = 600, 400  # of a student in a month of 20 days
MEASURED_STEPS = 36  # responses of the students who were rescored
SCHOOL_SECONDS_OF_MONTH, PEAK = 20 * 6 * 3600, 3
POOL = 41  # connections of an API process: pool, overflow, and the reader's own
SHARE_BUSY, CORES = 0.7, 8
MANY_ROWS = 500 * MILLION

# What the table of the page shows: the beginning of a row, the figure, its unit, what was asked for.
SHOWN = (
    ("GET …/mastery", "rate to bare", "", "≥ 0.5 of a bare FastAPI endpoint's rate"),
    ("GET …/mastery", "p99 to bare", "", "≤ 3 times its p99"),
    ("GET …/mastery", "rate", "/s", ""),
    ("If-None-Match", "rate to bare", "", "≥ 0.7"),
    ("If-None-Match", "rate to bare 304", "", ""),
    ("POST of one", "rate", "/s", "≥ 150/s"),
    ("POST of one", "p50", "ms", "≤ 25 ms"),
    ("POST of one", "p99", "ms", "≤ 100 ms"),
    ("POST of one", "p50 at 160/s", "ms", "≤ 25 ms"),
    ("POST of one", "p99 at 160/s", "ms", "≤ 100 ms"),
    ("incremental", "times faster", "", "≥ 8"),
    ("incremental", "times faster, one student", "", ""),
    ("micro-batching", "rate to that without", "", "≥ 2"),
    ("bulk NDJSON", "rate", "events/s", "≥ 50,000"),
    ("rescore", "rate", "students/s", "≥ 1,500"),
    ("table of", "p99 to that of the small table", "", "≤ 1.5"),
    ("table of", "p99", "ms", ""),
    ("table of", "sequential scans", "", "none"),
    ("table of", "on disk", "GB", ""),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of the benchmark."""

    line: Mapping[str, Any]

    def name(self, row: str) -> str:
        """The whole name of the row that begins so."""
        (found,) = [name for name in self.line["figures"] if name.startswith(row)]
        return str(found)

    def __call__(self, row: str, figure: str) -> float:
        return float(self.line["figures"][self.name(row)][figure])

    def micros(self, row: str, each: str) -> tuple[float, float]:
        """CPU of the API, or the worker, and of PostgreSQL."""
        figures = self.line["figures"][self.name(row)]
        (own,) = [name for name in figures if name.endswith(f": CPU of {each}") and name[0] != "P"]
        return float(figures[own]), float(figures[f"PostgreSQL: CPU of {each}"])


def write_page() -> str:
    """The page as it must be."""
    measured, resolved = (Measured(json.loads(file.read_text("utf-8"))) for file in (FIGURES, RESOLVED))
    values = _rates(measured) | _machine(measured) | _costs(measured)
    values |= {
        "machine": measured.line["machine"],
        "model": measured.line["model"],
        "resolved_model": resolved.line["model"],
        "table": _table(measured, resolved),
        "resolved_answers": number(hours(ANSWERS * sum(resolved.micros("POST of one", "an answer")))),
        "resolved_promotion": number(hours(ANSWERS * _step(resolved))),
    }
    return TEMPLATE.read_text("utf-8").format_map(values)


def _table(measured: Measured, resolved: Measured) -> str:
    presets = [str(run.line["model"]).split(",")[0] for run in (measured, resolved)]
    lines = [
        f"| what | figure | `{presets[0]}` | `{presets[1]}` | asked for |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row, figure, unit, bound in SHOWN:
        name = measured.name(row)
        # The second run may have had a smaller table.
        cells = [
            f"{number(run(row, figure))} {unit}".strip() if run.name(row) == name else "–"
            for run in (measured, resolved)
        ]
        lines.append(f"| {name} | {figure} | {cells[0]} | {cells[1]} | {bound} |")
    return "\n".join(lines)


def _step(measured: Measured) -> float:
    """CPU of a response of somebody who is scored anew, µs."""
    return sum(measured.micros("rescore", "a student")) / MEASURED_STEPS


def _rates(measured: Measured) -> dict[str, str]:
    answers, events = measured("POST of one", "rate"), measured("bulk NDJSON", "rate")
    memory = measured("POST of one", "API: memory")
    return {
        "post_rate": number(answers),
        "active": number(_rounded(answers * SECONDS_BETWEEN_ANSWERS)),
        "cold_rate": number(measured("POST of one", "rate, students not kept")),
        "cache_gb": number(_rounded(answers * SECONDS_BETWEEN_ANSWERS * KEPT_MEGABYTES / 1000)),
        "read_rate": number(measured("GET …/mastery", "rate")),
        "known_rate": number(measured("If-None-Match", "rate")),
        "bulk_rate": number(events),
        "bulk_day": number(_rounded(events * 60 / 30)),
        "bulk_million": number(MILLION / events),
        "memory": number(memory),
        "memory_full": number(_rounded(memory + 320 * 1.05)),
        "miss": number(measured("incremental", "into the cache, one student")),
        "increment": number(measured("incremental", "incremental, one student")),
    }


def _machine(measured: Measured) -> dict[str, str]:
    post, post_pg = measured.micros("POST of one", "an answer")
    read, read_pg = measured.micros("GET …/mastery", "a read")
    bulk, bulk_pg = measured.micros("bulk NDJSON", "an event")
    state = measured("table of", "student_states: a row") + measured("table of", "students: a row")
    return {
        "post_api": number(post),
        "post_pg": number(post_pg),
        "read_api": number(read),
        "read_pg": number(read_pg),
        "bulk_api": number(bulk),
        "bulk_pg": number(bulk_pg),
        "pg_per": number(round(post / post_pg)),
        "api_share": f"{post / (post + post_pg):.2f}",
        "rescore_minutes": number(MILLION / measured("rescore", "rate") / 60),
        "connections": number(POOL),
        "state_kb": number(state / 1000),
        "pg_ceiling": number(_rounded(CORES * SHARE_BUSY / post_pg * MILLION)),
        "rows_500": number(MANY_ROWS * measured("table of", "interactions: a row") / 1e9),
        "ratio": number(measured("table of", "p99 to that of the small table")),
        "many": measured.name("table of").removeprefix("table of ").split(" ")[0],
        "redis_reads": number(_rounded(MILLION / read_pg)),
    }


def _costs(measured: Measured) -> dict[str, str]:
    answer = sum(measured.micros("POST of one", "an answer"))
    first_read = sum(measured.micros("table of", "a first read"))
    read = sum(measured.micros("GET …/mastery", "a read"))
    event = sum(measured.micros("bulk NDJSON", "an event"))
    step = _step(measured)
    # In a month of daily scoring a history is half of itself long on average.
    daily = 20 * step * ANSWERS / 2
    spent = (
        ("answers, with mastery in the reply", ANSWERS, answer),
        ("reads of what has changed", READS // 2, first_read),
        ("reads of what has not", READS // 2, read),
        (f"a promotion: {ANSWERS} responses scored anew", 1, ANSWERS * step),
    )
    rows = [f"| {what} | {n} | {number(each)} | {number(hours(n * each))} |" for what, n, each in spent]
    total = hours(sum(n * each for _, n, each in spent))
    rows.append(f"| together | | | {number(total)} |")
    peak = MILLION * ANSWERS / SCHOOL_SECONDS_OF_MONTH * PEAK
    interaction, state, student = (
        measured("table of", f"{table}: a row") for table in ("interactions", "student_states", "students")
    )
    return {
        "cost_rows": "\n".join(rows),
        "peak": number(_rounded(peak)),
        "peak_cores": number(peak * answer / MILLION),
        "bytes_interaction": number(interaction),
        "bytes_state": number(state),
        "bytes_student": number(student),
        "gb_interactions": number(ANSWERS * interaction / 1000),
        "gb_states": number(state / 1000),
        "gb_students": number(student / 1000),
        "bulk_cost": number(hours(ANSWERS * event)),
        "rescore_cost": number(hours(daily)),
    }


def hours(micros: float) -> float:
    """Core-hours of a million students, from core-µs of one."""
    return micros / 3600


def number(value: float) -> str:
    """Three figures, and whole thousands with commas."""
    if value >= 100 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _rounded(value: float) -> float:
    """Two figures: what is worked out is no surer than that."""
    return float(f"{value:.1e}")
