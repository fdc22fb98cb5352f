"""The whole loop on real data against what it must reach: `make bench-accuracy DATA=train_valid.csv`.

Runs `ikt demo --data` in an empty data folder, prints a table and one line of JSON, and fails when a figure
is missed. The file must be ASSISTments 2015 in pyKT's rows, for which the bounds were set.
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
BOUNDS: tuple[tuple[str, str, float], ...] = (
    ("auc", AT_LEAST, 0.728),
    ("theta_pearson", AT_LEAST, 0.97),
    ("l_21_kl", AT_MOST, 0.005),
    ("l_22", AT_MOST, 0.01),
    ("l_23", AT_MOST, 0.05),
)
MINUTES = 12.0
MEETS: dict[str, Callable[[float, float], bool]] = {AT_LEAST: float.__ge__, AT_MOST: float.__le__}


def main(file: str) -> int:
    if not Path(file).is_file():
        raise SystemExit(f"DATA: {file!r} is not a file; name ASSISTments 2015 in pyKT's rows")
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "demo.json"
        command = [sys.executable, "-m", "api.cli", "demo", "--data", file, "--json", str(result)]
        subprocess.run(command, env=os.environ | {"IKT_DATA_DIR": folder}, check=True)
        measured = json.loads(result.read_text("utf-8"))
    metrics = measured["experiments"][1]["metrics"]
    figures = [(name, metrics[name], sign, bound) for name, sign, bound in BOUNDS]
    figures.append(("minutes", measured["seconds"]["total"] / 60, AT_MOST, MINUTES))
    table = Table("figure", "small-dynamic", "bound", "")
    for name, value, sign, bound in figures:
        table.add_row(name, f"{value:.5f}", f"{sign} {bound:g}", "✓" if MEETS[sign](value, bound) else "✗")
    Console().print(table)
    line = {name: value for name, value, _, _ in figures}
    sys.stdout.write(json.dumps({"data": measured["dataset"]["content_hash"][:16], **line}) + "\n")
    return 0 if all(MEETS[sign](value, bound) for _, value, sign, bound in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
