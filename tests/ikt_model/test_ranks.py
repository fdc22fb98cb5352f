"""Several processes train as one would: the same losses, the same end, and nobody is left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from ikt_model import leading
from ikt_model.config import ExperimentConfig, resolve_config
from ikt_model.data.batches import Windows
from ikt_model.data.sequences import Sequences
from ikt_model.leading import Followers, Job, NotForSeveral, RankFailed, RankLost
from ikt_model.ranks import Ranks
from ikt_model.references import calibrate
from ikt_model.settings import LossSettings
from ikt_model.training import EpochReport, TrainingStopped, train
from tests.ikt_model.classrooms import classroom, tiny_config


@pytest.fixture(scope="module")
def sequences() -> Sequences:
    return classroom(n_students=60, seed=6).sequences


def config_of(**loss: object) -> ExperimentConfig:
    settings = tiny_config().model_dump()
    settings["model"]["dropout"] = 0.0
    settings["training"] |= {"precision": "float32", "epochs": 2, "batch_tokens": 512}
    settings["loss"] |= loss
    return resolve_config(None, settings)


def run(
    sequences: Sequences, folder: Path, config: ExperimentConfig, *, devices: int, stop_after: float = 2.0
) -> list[EpochReport]:
    reports: list[EpochReport] = []
    train(
        config,
        sequences,
        fold=0,
        calibration=calibrate(sequences.select(sequences.folds != 0), settings=config.reference),
        device="cpu",
        folder=folder,
        on_epoch=reports.append,
        on_progress=lambda share: share < stop_after,
        devices=devices,
    )
    return reports


def followers() -> list[psutil.Process]:
    """Other ranks of a training of this process."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "ikt_model.following" in child.cmdline()]


@pytest.mark.parametrize(
    "loss",
    [{"scale_weight": 1.0}, {"ability_alignment": "per-sequence", "ability_target": "static"}],
    ids=["every step, and the spread", "every sequence"],
)
def test_the_losses_are_those_of_one_process(
    sequences: Sequences, tmp_path: Path, loss: dict[str, object]
) -> None:
    config = config_of(**loss)
    alone, together = (run(sequences, tmp_path / str(n), config, devices=n) for n in (1, 2))
    for one, other in zip(alone, together, strict=True):
        assert one.metrics.keys() == other.metrics.keys()
        for name in (name for name in one.metrics if name.startswith("train_")):
            assert other.metrics[name] == pytest.approx(one.metrics[name], abs=1e-5), name
        assert other.metrics["auc"] == pytest.approx(one.metrics["auc"], abs=1e-4)
    assert followers() == []


def test_a_stopped_training_goes_on_to_the_same_bits(sequences: Sequences, tmp_path: Path) -> None:
    config = config_of()
    whole = run(sequences, tmp_path / "whole", config, devices=2)
    with pytest.raises(TrainingStopped):
        run(sequences, tmp_path / "broken", config, devices=2, stop_after=0.7)
    assert followers() == []
    rest = run(sequences, tmp_path / "broken", config, devices=2)
    assert [report.metrics for report in rest] == [whole[1].metrics]


def test_a_rank_that_dies_ends_the_training(sequences: Sequences, tmp_path: Path) -> None:
    def kill_the_other(share: float) -> bool:
        for process in followers() if share > 0.3 else []:
            os.kill(process.pid, signal.SIGKILL)
        return True

    config, threads = config_of(), torch.get_num_threads()
    with pytest.raises(RankLost, match="ended with -9"):
        train(
            config,
            sequences,
            fold=0,
            calibration=calibrate(sequences, settings=config.reference),
            device="cpu",
            folder=tmp_path,
            on_epoch=lambda _: None,
            on_progress=kill_the_other,
            devices=2,
        )
    assert followers() == []
    assert torch.get_num_threads() == threads
    assert not torch.distributed.is_initialized()


def test_a_rank_that_fails_says_why(
    sequences: Sequences, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Job.save

    def spoil(job: Job, folder: Path) -> None:
        whole(job, folder)
        (folder / "sequences.arrow").write_bytes(b"no arrows")

    monkeypatch.setattr(leading.Job, "save", spoil)
    with pytest.raises(RankFailed, match=r"^UnreadableDataset in rank 1: .*sequences"):
        run(sequences, tmp_path, config_of(), devices=2)
    assert followers() == []


def test_memory_that_another_ranks_gpu_lacks_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "2.failed").write_text('{"error": "OutOfMemoryError", "said": "CUDA out of memory"}')
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(1)"]) as process:
        process.wait()
        with pytest.raises(torch.OutOfMemoryError, match="CUDA out of memory"):
            Followers(leading.Ranks(0, 3), tmp_path, [process]).check()


def test_precision_is_the_first_ranks_choice(
    sequences: Sequences, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading, "products_in", lambda *_: torch.bfloat16)
    config = config_of()
    job = Job(config, sequences, calibrate(sequences, settings=config.reference), fold=0, device="cpu")
    job.save(tmp_path)
    assert Job.load(tmp_path).prepare(leading.Ranks()).products is torch.bfloat16


def test_balances_that_look_at_whole_batches_are_refused(sequences: Sequences, tmp_path: Path) -> None:
    with pytest.raises(NotForSeveral, match=r"loss\.balancing: 'uncertainty'.*1 device"):
        run(sequences, tmp_path, config_of(balancing="uncertainty"), devices=2)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("alignment", ["pointwise", "per-sequence"])
def test_shares_of_all_ranks_are_the_whole(size: int, alignment: str) -> None:
    lengths = np.array([5, 3, 8, 4, 4])
    windows = Windows(starts=np.zeros(5, np.int64), lengths=lengths, students=np.arange(5))
    settings = LossSettings.model_validate({"ability_alignment": alignment})
    for rows in (np.arange(5), np.array([3, 1]), np.array([2])):
        ranks = [Ranks(rank, size) for rank in range(size)]
        assert sorted(np.concatenate([one.part(rows) for one in ranks])) == sorted(rows)
        shares = torch.stack([one.share(windows, rows, settings) for one in ranks])
        torch.testing.assert_close(shares.mean(dim=0), torch.ones(5))
