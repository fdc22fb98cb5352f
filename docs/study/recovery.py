"""Students whose truth is known: what the benchmark says of references, and how a network compares."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from docs.study.by_path import Service
from docs.study.collect import rounded
from docs.study.plan import Recovery
from docs.study.service import read_predictions
from ikt_model.data.simulate import ARRIVAL_SD, Classroom
from ikt_model.references.abilities import posterior_grid, posterior_means

ROOT = Path(__file__).parents[2]
MODULE = "tests.benchmarks.recovery"
MEASURED = (
    *("tests/benchmarks/recovery.py", "ikt_model/settings.py"),
    *("ikt_model/data/*.py", "ikt_model/references/*.py"),
)


def run_recovery(recovery: Recovery, *, known: dict[str, Any] | None) -> dict[str, Any]:
    """An entry of results.json; what is known is kept while neither seed nor sources have changed."""
    sources = _fingerprint()
    if known and (known["seed"], known["sources"], known["status"]) == (recovery.seed, sources, "succeeded"):
        return known
    command = [sys.executable, "-m", MODULE, str(recovery.seed)]
    ended = subprocess.run(  # a command of our own, no shell # nosec B603
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
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


def measure_network(
    service: Service, recovery: Recovery, entry: dict[str, Any], truth: Classroom
) -> dict[str, Any]:
    """An entry of results.json: β of Head 2 against the truth, and θ before each held-out student's last
    predicted response against the ability, beside the posterior mean that knows β and the spread.
    """
    (experiment,) = entry["experiments"]
    artifacts = service.get(f"/experiments/{experiment['id']}/artifacts")["items"]
    model = next(item["href"] for item in artifacts if item["name"] == "model")
    skills = service.get("/skills", model_id=model.removeprefix("/models/"))["items"]
    difficulty = dict(zip(truth.sequences.vocabulary.names, truth.difficulty, strict=True))
    errors = np.array([skill["difficulty"] - difficulty[skill["name"]] for skill in skills])
    said = read_predictions(service, experiment["id"])
    student = pc.index_in(said["student_id"], value_set=truth.sequences.student_ids).to_numpy()
    last = np.flatnonzero(np.append(student[1:] != student[:-1], True))
    before = truth.sequences.offsets[student[last]] + said["position"].to_numpy()[last] - 1
    exact, _ = posterior_means(
        truth.sequences, set_difficulty=truth.difficulty, ability_sd=ARRIVAL_SD, grid=posterior_grid(81)
    )
    theta, best = (
        float(np.corrcoef(values, truth.ability[student[last]])[0, 1])
        for values in (said["theta"].to_numpy()[last], exact[before])
    )
    figures = {
        "β of Head 2, RMSE": float(np.sqrt((errors**2).mean())),
        "θ of Head 2, r": theta,
        "exact posterior mean, r": best,
        "θ of Head 2, r less exact": theta - best,
    }
    return {
        "part": recovery.part,
        "command": entry["command"],
        "seed": recovery.seed,
        "experiment": experiment["id"],
        "status": "succeeded",
        "seconds": experiment["seconds"],
        "bounds": {"β of Head 2, RMSE": "≤ 0.05", "θ of Head 2, r less exact": "≥ −0.01"},
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
