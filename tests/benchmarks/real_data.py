"""The whole loop on real data against what it must reach: `make bench-accuracy DATA=train_valid.csv`.

Runs `ikt demo --data` and the preset `skill-wise` in an empty data folder, prints tables and one line of
JSON, and fails when a figure is missed. The file must be ASSISTments 2015 in pyKT's rows, for which the
bounds were set.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

AT_LEAST, AT_MOST = "≥", "≤"
Bounds = tuple[tuple[str, str, float], ...]
DEMO: Bounds = (
    ("auc", AT_LEAST, 0.728),
    ("theta_pearson", AT_LEAST, 0.97),
    ("l_21_kl", AT_MOST, 0.005),
    ("l_22", AT_MOST, 0.01),
    ("l_23", AT_MOST, 0.05),
    ("minutes", AT_MOST, 12.0),
)
RESOLVED: Bounds = (
    ("auc", AT_LEAST, 0.734),
    ("mastery_auc", AT_LEAST, 0.722),
    ("p_mastery_pearson", AT_LEAST, 0.93),
    ("theta_pearson", AT_LEAST, 0.99),
    ("theta_spearman", AT_LEAST, 0.99),
    ("l_21_kl", AT_MOST, 0.001),
    ("l_22", AT_MOST, 0.001),
    ("l_23", AT_MOST, 0.01),
    ("ece", AT_MOST, 0.01),
)
MEETS: dict[str, Callable[[float, float], bool]] = {AT_LEAST: float.__ge__, AT_MOST: float.__le__}


def main(file: str) -> int:
    if not Path(file).is_file():
        raise SystemExit(f"DATA: {file!r} is not a file; name ASSISTments 2015 in pyKT's rows")
    with tempfile.TemporaryDirectory() as folder:
        small, data = _demo(file, Path(folder))
        resolved = _train("skill-wise", file, Path(folder))
    met = [_show("small-dynamic", small, DEMO), _show("skill-wise", resolved, RESOLVED)]
    line = {"small-dynamic": _chosen(small, DEMO), "skill-wise": _chosen(resolved, RESOLVED)}
    sys.stdout.write(json.dumps({"data": data[:16], **line}) + "\n")
    return 0 if all(met) else 1


def _demo(file: str, folder: Path) -> tuple[dict[str, float], str]:
    """The demo's figures of `small-dynamic` with its minutes, and the hash of the data."""
    result = folder / "demo.json"
    _run("demo", "--data", file, "--json", str(result), folder=folder)
    measured = json.loads(result.read_text("utf-8"))
    minutes = measured["seconds"]["total"] / 60
    return measured["experiments"][1]["metrics"] | {"minutes": minutes}, measured["dataset"]["content_hash"]


def _train(preset: str, file: str, folder: Path) -> dict[str, float]:
    """Final metrics of a preset with fold 0 held out."""
    said = _run(
        "train", "--preset", preset, "--data", file, "--fold", "0", "--inline", "--json", folder=folder
    )
    metrics: dict[str, float] = json.loads(said)["metrics"]
    return metrics


def _run(*arguments: str, folder: Path) -> str:
    command = [sys.executable, "-m", "api.cli", *arguments]
    environment = os.environ | {"IKT_DATA_DIR": str(folder)}
    shown = None if arguments[0] == "demo" else subprocess.PIPE
    return subprocess.run(command, env=environment, check=True, text=True, stdout=shown).stdout or ""


def _show(name: str, measured: dict[str, float], bounds: Bounds) -> bool:
    table = Table("figure", name, "bound", "")
    met = [MEETS[sign](measured[figure], bound) for figure, sign, bound in bounds]
    for (figure, sign, bound), is_met in zip(bounds, met, strict=True):
        table.add_row(figure, f"{measured[figure]:.5f}", f"{sign} {bound:g}", "✓" if is_met else "✗")
    Console().print(table)
    return all(met)


def _chosen(measured: dict[str, float], bounds: Bounds) -> dict[str, float]:
    return {figure: measured[figure] for figure, _, _ in bounds}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
