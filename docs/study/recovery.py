"""The benchmark on students whose truth is known, run once per state of what it measures."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from docs.study.collect import rounded
from docs.study.plan import Recovery

ROOT = Path(__file__).parents[2]
MODULE = "tests.benchmarks.recovery"
MEASURED = ("tests/benchmarks/recovery.py", "ikt_model/data/simulate.py", "ikt_model/references/*.py")


def run_recovery(recovery: Recovery, *, known: dict[str, Any] | None) -> dict[str, Any]:
    """An entry of results.json; what is known is kept while neither seed nor sources have changed."""
    sources = _fingerprint()
    if known and (known["seed"], known["sources"], known["status"]) == (recovery.seed, sources, "succeeded"):
        return known
    command = [sys.executable, "-m", MODULE, str(recovery.seed)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    entry = {
        "part": recovery.part,
        "command": f"make bench-recovery SEED={recovery.seed}",
        "seed": recovery.seed,
        "sources": sources,
    }
    figures = _last_line(ended.stdout)
    if figures is None:
        return entry | {"status": "failed", "error": ended.stderr.strip()[-500:]}
    about = {name: figures.pop(name, None) for name in ("seed", "seconds", "bounds")}
    # A bound that is missed is a figure, too: only a benchmark without figures has failed.
    return entry | {
        "status": "succeeded",
        "seconds": rounded(about["seconds"]),
        "bounds": about["bounds"] or {},
        "figures": rounded(figures),
    }


def _fingerprint() -> str:
    """Of the benchmark and the code that it measures."""
    files = sorted(path for pattern in MEASURED for path in ROOT.glob(pattern))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def _last_line(shown: str) -> dict[str, Any] | None:
    lines = shown.strip().splitlines()
    try:
        found = json.loads(lines[-1]) if lines else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
