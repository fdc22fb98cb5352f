"""The study from its command: a miniature that is stopped, goes on, and never runs anything twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from docs.study.__main__ import main
from docs.study.plan import SHORT, load_plan
from docs.study.study import Study

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "docs.study", "--study", "short", "--workers", "2", "--part", "ace"]
N_EXPERIMENTS = 2 + 3 * 2 + 1 + 2 + 4  # part a; three models on two folds, one on one, a sweep of two; part e


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IKT_")}
    return kept | {"IKT_DATA_DIR": str(tmp_path)}


@pytest.fixture
def started(environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    study = subprocess.Popen(COMMAND, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    yield study
    study.kill()
    study.communicate()


def finish(environment: dict[str, str]) -> str:
    ended = subprocess.run(
        COMMAND, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=240
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def read(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "study-short" / "results.json").read_text("utf-8"))
    return found


def ids(results: dict[str, Any]) -> set[str]:
    return {one["id"] for entry in results["runs"].values() for one in entry["experiments"]}


def test_a_study_that_was_stopped_goes_on_and_runs_nothing_twice(
    started: "subprocess.Popen[str]", environment: dict[str, str], tmp_path: Path
) -> None:
    assert started.stdout is not None
    for line in started.stdout:
        if "a-mean: succeeded" in line:
            break
    started.send_signal(signal.SIGTERM)
    said, _ = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "the same command goes on from here" in said
    before = read(tmp_path)
    assert "a-mean" in before["runs"]

    resumed = finish(environment)

    assert "a-mean: known as experiment" in resumed
    results = read(tmp_path)
    assert ids(before) <= ids(results)
    assert len(ids(results)) == N_EXPERIMENTS
    check(results, (tmp_path / "study-short" / "study-l23.md").read_text("utf-8"))

    started_again = time.monotonic()
    again = finish(environment)

    assert "submitted" not in again
    assert read(tmp_path)["runs"] == results["runs"]
    assert time.monotonic() - started_again < 60


def check(results: dict[str, Any], page: str) -> None:
    resolved = results["runs"]["c-skill-wise"]
    aucs = [one["metrics"]["auc"] for one in resolved["experiments"]]
    mean, std = sum(aucs) / 2, abs(aucs[0] - aucs[1]) / 2**0.5
    assert f"| `skill-wise` | 2 | {mean:.4f} ± {std:.4f} |" in page
    assert all(0.0 < one["calibration_seconds"] < one["seconds"] for one in resolved["experiments"])
    assert [one["trial_settings"] for one in results["runs"]["c-front"]["experiments"]] == [
        {"loss.lambda_target": 0.0},
        {"loss.lambda_target": 0.1},
    ]
    cost = results["pairs"]["c-cost"]["candidates"]["c-skill-wise"]
    changes = [fold["figures"]["auc"]["change"] for fold in cost["by_fold"]]
    pooled = cost["pooled"]["figures"]["auc"]
    assert pooled["change"] == pytest.approx(sum(changes) / 2, abs=1e-5)
    assert pooled["low"] < pooled["change"] < pooled["high"]
    assert (
        f"| AUC | 0.7185 | 0.7182 | {results['runs']['a-mean']['experiments'][0]['metrics']['auc']:.4f}"
        in page
    )
    assert "| not run |" in page  # parts b and d
    found = results["recoveries"]["e-network"]["figures"]
    assert 0.0 < found["β of Head 2, RMSE"] < 0.5
    assert 0.6 < found["exact posterior mean, r"] < 0.95
    assert f"| β of Head 2, RMSE | {found['β of Head 2, RMSE']:.4f} | ≤ 0.05 |" in page
    assert "](study/plan.toml)" not in page  # it lies elsewhere
    assert "![AUC against divergence over λ](study/figures/front.svg)" in page


def test_a_run_that_fails_is_told_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("IKT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("IKT_THREADS", "1")
    plan = load_plan(SHORT)
    rate = plan.named("d-skill-rate")
    impossible = replace(rate, name="d-rasch", folds=(0, 9))  # there is no fold 9
    runs = (rate, impossible, replace(plan.named("d-pfa"), folds=(1,)))
    data = tmp_path / "rows.csv"
    data.write_text(rows_whose_first_fold_says_too_little(), "utf-8")

    said = StringIO()
    study = Study(
        replace(plan, runs=runs, pairs=()),
        parts="d",
        files={"assist2015": data},
        state=tmp_path / "state",
        workers=2,
        console=Console(file=said, width=200),
    )
    failed = study.run()

    assert "d-rasch: refused" in said.getvalue()

    results = json.loads(study.results_file.read_text("utf-8"))["runs"]
    assert sorted(failed) == ["d-rasch", "d-skill-rate"]
    assert results["d-rasch"]["status"] == "refused"
    assert "9" in results["d-rasch"]["error"]["detail"]
    assert results["d-skill-rate"]["status"] == "failed"
    assert [one["status"] for one in results["d-skill-rate"]["experiments"]] == ["failed", "succeeded"]
    assert results["d-skill-rate"]["experiments"][0]["error"]["type"] == "NothingToEvaluate"
    assert results["d-pfa"]["status"] == "succeeded"


def rows_whose_first_fold_says_too_little() -> str:
    """pyKT rows; students of fold 0 answered twice, which asks nothing of anybody."""
    lines = ["fold,uid,concepts,responses"]
    for student in range(30):
        fold = student % 3
        n = 2 if fold == 0 else 12
        concepts = ",".join(str((student + step) % 4) for step in range(n))
        responses = ",".join(str((student * 7 + step * 5) % 3 and 1) for step in range(n))
        lines.append(f'{fold},{student},"{concepts}","{responses}"')
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "The study needs ASSISTments 2015 and ASSISTments 2009. Say make study DATA=train_valid.csv"),
        (["--data", "nowhere.csv"], "DATA=nowhere.csv is not a file"),
        (["--part", "ax"], "PART=ax: there is no part x. Parts are a, b, c, d, e."),
        (["--part", "e", "--data", __file__], "The study needs ASSISTments 2009"),
    ],
)
def test_what_is_missing_is_said_plainly(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("IKT_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["study", *arguments])

    assert main() == 2
    said = capsys.readouterr().err
    assert said.startswith(message)
    assert len(said.splitlines()) == 1
    assert not any(tmp_path.iterdir())
