"""The serving benchmark measures every row; what it measures here, on a busy machine, is held to nothing."""

import math

from tests.benchmarks.serving import measure
from tests.benchmarks.serving_figures import as_json, draw
from tests.benchmarks.serving_stage import SHORT

# The beginnings of the table's rows, each with the figures that are held to a bound.
HELD = {
    "GET …/mastery": {"rate to bare", "p99 to bare"},
    "If-None-Match hit": {"rate to bare"},
    "POST of one interaction": {"rate", "p50", "p99", "p50 at 160/s", "p99 at 160/s"},
    "incremental against full": {"times faster", "greatest difference"},
    "micro-batching on against off": {"rate to that without"},
    "bulk NDJSON": {"rate"},
    "rescore": {"rate"},
    "table of": {"p99 to that of the small table", "sequential scans"},
}


def test_every_row_is_measured() -> None:
    figures = measure(SHORT)

    held: dict[str, set[str]] = {}
    for figure in figures:
        if figure.met is not None:
            (row,) = [name for name in HELD if figure.row.startswith(name)]
            held.setdefault(row, set()).add(figure.name)
    assert held == HELD
    assert all(math.isfinite(figure.value) and figure.value >= 0 for figure in figures)
    assert draw(figures, title="short").row_count == len(figures)
    assert sum(map(len, as_json(figures).values())) == len(figures)
    (difference,) = [figure for figure in figures if figure.name == "greatest difference"]
    assert difference.met
