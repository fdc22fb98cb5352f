"""Every function of the GPU benchmark on a processor, tiny; what it measures here is held to nothing."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ikt_model.config import resolve_config
from ikt_model.data.simulate import simulate_classroom, write_events_csv
from tests.benchmarks import gpu
from tests.benchmarks.gpu_sweep import Outcome, Sweep, Trial, run_sweep, run_trial
from tests.benchmarks.gpu_training import (
    Experiment,
    Steps,
    best_product_rate,
    extrapolate,
    large_problem,
    long_histories,
    measure_steps,
)
from tests.ikt_model.classrooms import tiny_config
from worker.gpu_shares import Gpu

ROOT = Path(__file__).parents[2]
REFUSED = (
    *("alembic", "anyio", "celery", "fastapi", "httpx", "jinja2", "kombu", "limits", "msgspec", "optuna"),
    *("orjson", "plotly", "psutil", "psycopg", "pydantic_settings", "rapidfuzz", "redis", "sqlalchemy"),
    *("sse_starlette", "starlette", "typer", "uuid_utils", "uvicorn"),
)
GPU = Gpu(0, "made up", 8 * 1024**3)
SMALL: dict[str, Any] = {
    "model": {"d_model": 16, "n_heads": 2, "n_blocks": 1, "d_ff": 32, "window": 20},
    "training": {"batch_tokens": 200, "precision": "float32", "epochs": 2},
}
# Refuses the packages that the machine with the GPU does without.
LOOK = """
import sys
class Refuser:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {refused}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuser())
import tests.benchmarks.gpu
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("data") / "classroom.csv"
    write_events_csv(simulate_classroom(n_students=60, n_skills=8, seed=3, mean_length=15).sequences, path)
    return str(path)


def test_without_a_device_it_says_so_and_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main("") == 2
    assert capsys.readouterr().out == "bench-gpu: no CUDA device here, and nothing was measured\n"


def test_it_runs_without_what_only_the_service_needs() -> None:
    code = LOOK.format(refused=REFUSED)
    looked = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert looked.returncode == 0, looked.stderr


class TestTraining:
    def test_a_whole_experiment_is_timed_and_measured(self, file: str) -> None:
        config = tiny_config()
        found = gpu.whole_experiment(file, config, "cpu")
        assert len(found.epoch_seconds) == config.training.epochs
        assert sum(found.epoch_seconds) < found.seconds
        assert 0.3 < found.auc < 1
        assert (found.peak_bytes, found.estimated_bytes > 0) == (0, True)

    def test_epochs_of_the_padded_loop_are_timed_with_their_evaluation(self, file: str) -> None:
        assert len(gpu.padded_epochs(file, tiny_config(), "cpu")) == 2
        assert extrapolate([1.0, 3.0], 30) == 60

    def test_long_histories_are_all_of_one_length(self) -> None:
        sequences = long_histories(30, length=20)
        assert sequences.n_students == 30
        assert np.all(sequences.lengths == 20)
        assert len(np.unique(sequences.responses)) == 2

    def test_steps_are_counted_and_timed(self) -> None:
        steps = measure_steps(large_problem(n_students=60, changes=SMALL), device="cpu")
        per_step = steps.responses_per_second * steps.seconds_per_step
        assert per_step == pytest.approx(200, rel=0.2)
        per_response = steps.operations_per_second / steps.responses_per_second
        # A step there and back multiplies each weight of the blocks six times, and more outside of them.
        model = resolve_config(None, SMALL).model
        assert 6 * model.n_weights < per_response < 60 * model.n_weights

    def test_an_epoch_of_one_step_is_refused(self) -> None:
        problem = large_problem(n_students=5, changes=SMALL)
        with pytest.raises(ValueError, match="at least 2 steps"):
            measure_steps(problem, device="cpu")

    def test_the_best_rate_is_that_of_a_product(self) -> None:
        assert 1e6 < best_product_rate("cpu", torch.float32, size=64, repeats=2) < 1e14


class TestSweep:
    def test_trials_differ_in_seed_and_learning_rate_alone(self) -> None:
        configs = gpu.sweep_trials(resolve_config("small-dynamic"))
        assert len({config.fingerprint() for config in configs}) == 20
        assert len({config.training.learning_rate for config in configs}) == 4
        assert (
            len({config.model_copy(update={"training": None}).model_dump_json() for config in configs}) == 1
        )

    def test_both_ways_end_with_the_same_models(self, file: str, tmp_path: Path) -> None:
        options: dict[str, Any] = {"device": "cpu", "jobs": 2, "cores": 1, "n_trials": 2, "gpus": (GPU,)}
        alone, together = gpu.sweep_both_ways(file, tiny_config(), folder=tmp_path, **options)
        assert len(alone.outcomes) == len(together.outcomes) == 2
        for one, other in zip(alone.outcomes, together.outcomes, strict=True):
            assert one.auc == pytest.approx(other.auc, abs=0.02)
            assert 0 < one.share_bytes == other.share_bytes <= GPU.bytes
        assert list((tmp_path / "together" / "gpu").glob("*.ticket")) == []
        assert (tmp_path / "together" / "1" / "model").is_dir()

    def test_a_trial_that_fails_is_told_of(self, tmp_path: Path) -> None:
        trial = Trial(
            config=tiny_config(),
            dataset=tmp_path / "missing.arrow",
            folder=tmp_path / "trial",
            shares=tmp_path / "gpu",
            device="cpu",
            gpus=(GPU,),
        )
        with pytest.raises(FileNotFoundError):
            run_trial(trial, threads=1)
        with pytest.raises(RuntimeError, match=r"a trial failed: FileNotFoundError.*missing\.arrow"):
            run_sweep([trial], jobs=1, threads=1)


class TestReport:
    def test_every_row_is_told_and_held_to_its_bound(self, capsys: pytest.CaptureFixture[str]) -> None:
        experiment = Experiment(40.0, 0.735, [2.0, 1.0], 2 * gpu.GIB, 3 * gpu.GIB)
        steps = Steps(400e12, 1e6, 0.02)
        outcome = Outcome(0.73, 0.0, gpu.GIB, gpu.GIB // 2)
        alone, together = Sweep(100.0, [outcome] * 2, gpu.GIB), Sweep(10.0, [outcome] * 2, 2 * gpu.GIB)

        def told(experiment: Experiment, *, is_known: bool = True) -> int:
            return gpu.report(
                [
                    *gpu.tell_experiment(experiment, [20.0, 20.0], epochs=30, is_known=is_known),
                    *gpu.tell_steps(steps, best=700e12, datasheet=989e12),
                    *gpu.tell_sweeps(alone, together, jobs=8),
                ],
                title="a machine",
            )

        assert told(experiment) == 0
        line = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert line["missed"] == []
        found = line["figures"]
        assert found["l23-pointwise, 30 epochs"]["to the padded loop"] == 15
        assert found["512 × 12, histories of 200"]["of the datasheet's bfloat16 peak"] == pytest.approx(
            0.4044, abs=1e-4
        )
        assert found["small-dynamic, 2 trials"]["side by side to one by one"] == 10
        assert told(replace(experiment, auc=0.7)) == 1
        assert json.loads(capsys.readouterr().out.splitlines()[-1])["missed"] == [
            "l23-pointwise, 30 epochs: AUC"
        ]
        assert told(replace(experiment, auc=0.7), is_known=False) == 0
        assert gpu.tell_steps(steps, best=1e12, datasheet=None)[0].met is None
