"""From measured figures to the page: the last lines of the benchmarks, kept as they were printed.

What no file tells of was not measured, and the page says so.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent / "performance.md"
TEMPLATE = FOLDER / "page.md"
NOT_MEASURED = "not measured"
PLOT = "![AUC by seconds of training](performance/training.svg)\n\n"

Line = dict[str, Any]

# What a table shows: row and figure of the benchmark, unit, and what was asked for.
RATES, EPOCHS, CORE = "responses learned from per second", "all epochs", "an epoch on one core"
RANKS = "two processes of one thread each"
TRAINING = (
    (RATES, "to the padded loop", "×", "≥ 6"),
    (RATES, "ours", "/s", ""),
    (RATES, "padded", "/s", ""),
    (RATES, "ours, of the best rate", "", ""),
    (RATES, "padded, of the best rate", "", ""),
    (EPOCHS, "AUC less the padded loop's", "", "≥ −0.001"),
    (EPOCHS, "AUC, ours", "", ""),
    (EPOCHS, "AUC, padded", "", ""),
    (EPOCHS, "seconds, ours", "s", ""),
    (EPOCHS, "seconds, padded", "s", ""),
    (EPOCHS, "to AUC 0.72, ours", "s", ""),
    (EPOCHS, "to AUC 0.72, padded", "s", ""),
    (EPOCHS, "peak memory, ours", "MiB", ""),
    (EPOCHS, "peak memory, padded", "MiB", ""),
    (CORE, "seconds", "s", "≤ 20"),
)
TOGETHER = (
    (RANKS, "to one such process, batches of 8,192", "×", "≥ 1.6"),
    (RANKS, "one, batches of 8,192", "/s", ""),
    (RANKS, "two, batches of 8,192", "/s", ""),
    (RANKS, "to one such process, batches of 2,048", "×", ""),
    (RANKS, "one, batches of 2,048", "/s", ""),
    (RANKS, "two, batches of 2,048", "/s", ""),
    (RANKS, "losses of an epoch apart by", "", "≤ 0.00001"),
)
# The same for a GPU, by the names that `make bench-gpu` gives them.
FULL, LARGE, SWEEP = "l23-pointwise, 30 epochs", "512 × 12, histories of 200", "small-dynamic, 20 trials"
GPU = (
    (FULL, "seconds", "s", "≤ 60"),
    (FULL, "to the padded loop", "×", "≥ 10"),
    (FULL, "AUC", "", "≥ 0.73"),
    (LARGE, "of the datasheet's bfloat16 peak", "", "≥ 0.3"),
    (SWEEP, "side by side to one by one", "×", "≥ 5"),
)


def write_page() -> str:
    """The page as it must be."""
    training, calibration, streaming, gpu = (
        _read(name) for name in ("training", "calibration", "streaming", "gpu")
    )
    return TEMPLATE.read_text("utf-8").format_map(
        {
            "machine": training.get("machine", NOT_MEASURED),
            "data": training.get("data", NOT_MEASURED),
            "seed": training.get("seed", NOT_MEASURED),
            "training": _table(training, TRAINING),
            "plot": PLOT if training else "",
            "together": _table(training, TOGETHER),
            "limit": _limit(training),
            "calibration": _calibration(calibration),
            "rasch": number(calibration["rasch"]) if calibration else NOT_MEASURED,
            "streaming": _streaming(streaming),
            "exponent": number(streaming["exponent"]) if streaming else NOT_MEASURED,
            "gpu_machine": gpu.get("machine", NOT_MEASURED),
            "gpu": _table(gpu, GPU),
        }
    )


def _read(name: str) -> Line:
    file = FOLDER / f"{name}.json"
    line: Line = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return line


def _table(line: Line, shown: Iterable[tuple[str, str, str, str]]) -> str:
    rows = ["| what | figure | measured | asked for |", "| --- | --- | --- | --- |"]
    for row, figure, unit, bound in shown:
        told = f"{number(line['figures'][row][figure])} {unit}".strip() if line else NOT_MEASURED
        rows.append(f"| {row} | {figure} | {told} | {bound} |")
    return "\n".join(rows)


def _limit(line: Line) -> str:
    if not line:
        return NOT_MEASURED
    rates = line["figures"][RATES]
    best = {name: rates[f"best rate, {name}"] for name in ("float32", "bfloat16")}
    floor = rates["operations per response"] / max(best.values()) * 1000
    return "\n".join(
        [
            "| what the machine gives at best | |",
            "| --- | --- |",
            f"| products in float32 | {number(best['float32'])} GFLOP/s |",
            f"| products in bfloat16 | {number(best['bfloat16'])} GFLOP/s |",
            f"| memory, read and written by a copy | {number(rates['copied at best'])} GB/s |",
            f"| operations of products per response | {number(rates['operations per response'])} M |",
            f"| so a response can't take less than | {number(floor)} µs |",
            f"| it takes | {number(1e6 / rates['ours'])} µs |",
        ]
    )


def _calibration(line: Line) -> str:
    if not line:
        return NOT_MEASURED
    rows = ["| reference | fit | abilities of everybody | AUC |", "| --- | --- | --- | --- |"]
    for name, found in line.get("references", {}).items():
        cells = f"{number(found['fit'])} s | {number(found['trajectories'])} s | {found['auc']:.4f}"
        rows.append(f"| {name} | {cells} |")
    return "\n".join(rows)


def _streaming(line: Line) -> str:
    rows = [
        "| events | import | events imported | `rasch` | `pfa` | `bkt` | 1,000 steps | peak resident |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in line.get("sizes", []):
        seconds = [f"{number(one[stage])} s" for stage in ("rasch", "pfa", "bkt", "train")]
        rate, peak = one["events"] / one["import"] / 1e6, max(one["memory"].values())
        first = f"{one['events']:,} | {number(one['import'])} s | {number(rate)} M/s"
        rows.append(f"| {first} | {' | '.join(seconds)} | {number(peak)} GB |")
    return "\n".join(rows)


def number(value: float) -> str:
    """Three figures, and whole thousands with commas; a share and an AUC with what tells them apart."""
    if value != 0 and abs(value) < 0.0001:
        return f"{value:.1e}"
    if abs(value) < 1:
        return f"{value:.4f}".rstrip("0").rstrip(".").replace("-", "−")
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
