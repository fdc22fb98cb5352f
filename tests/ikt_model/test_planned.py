"""A training whose epochs are laid out beforehand learns what the other does, and asks its device nothing."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch._subclasses import FakeTensorMode
from torch._subclasses.fake_tensor import DataDependentOutputException

from ikt_model.checkpoint import Progress, load_checkpoint, save_checkpoint
from ikt_model.config import ExperimentConfig, resolve_config
from ikt_model.data.sequences import Sequences
from ikt_model.epochs import learning_rate_factor, train_epoch, train_step
from ikt_model.losses import lambda_at
from ikt_model.ranks import Ranks
from ikt_model.references import Calibration, calibrate
from ikt_model.run import Run, prepare
from ikt_model.training import EpochReport, TrainingDiverged, TrainingResult, TrainingStopped, train
from tests.ikt_model.as_on_cuda import gather_as_on_cuda
from tests.ikt_model.classrooms import Unreal, classroom, random_histories, tiny_config


@pytest.fixture(scope="module")
def sequences() -> Sequences:
    return classroom(n_students=100, seed=6).sequences


def run(
    sequences: Sequences,
    folder: Path,
    *,
    config: ExperimentConfig | None = None,
    stop_after: float = 2.0,
    is_planned: bool = True,
    calibration: Calibration | None = None,
) -> tuple[TrainingResult, list[EpochReport]]:
    config = config or tiny_config()
    reports: list[EpochReport] = []
    result = train(
        config,
        sequences,
        fold=0,
        calibration=calibration
        or calibrate(sequences.select(sequences.folds != 0), settings=config.reference),
        device="cpu",
        folder=folder,
        on_epoch=reports.append,
        on_progress=lambda share: share < stop_after,
        is_planned=is_planned,
    )
    return result, reports


def prepared(sequences: Sequences, **settings: object) -> Run:
    config = resolve_config(None, {**tiny_config().model_dump(), **settings})
    calibration = calibrate(sequences, settings=config.reference)
    plain = prepare(config, sequences, fold=0, calibration=calibration, device="cpu")
    return dataclasses.replace(plain, is_planned=True)


def test_it_learns_as_much_as_from_sorted_batches(tmp_path: Path) -> None:
    """Two orders of the same windows differ as two seeds do, in AUC by a standard deviation of 0.008."""
    sequences = classroom(n_students=200, seed=2).sequences
    settings = tiny_config(lambda_warmup_epochs=0).model_dump()
    settings["training"] |= {"epochs": 4, "learning_rate": 1e-2}
    config = resolve_config(None, settings)
    planned, _ = run(sequences, tmp_path / "planned", config=config)
    sorted_, first = run(sequences, tmp_path / "sorted", config=config, is_planned=False)
    assert planned.metrics != sorted_.metrics
    assert planned.metrics["auc"] == pytest.approx(sorted_.metrics["auc"], abs=0.02)
    assert planned.metrics["theta_pearson"] == pytest.approx(sorted_.metrics["theta_pearson"], abs=0.1)
    assert planned.metrics["l_23"] < first[0].metrics["l_23"]


def test_losses_and_steps_are_those_of_the_plain_step(sequences: Sequences) -> None:
    """Each planned step against the one that batches made one by one take, on the same packed batches."""
    dropless = {**tiny_config().model_dump()["model"], "dropout": 0.0}
    ours, theirs = (prepared(sequences, model=dropless) for _ in range(2))
    ours_means = train_epoch(ours, 1, lambda _: True)
    theirs.network.train()
    lambda_ = lambda_at(1, theirs.config.loss)
    plan = torch.as_tensor(theirs.packing.epoch(np.random.default_rng([42, 1])))
    sums = torch.zeros(2, 5, dtype=torch.float64)
    for step in range(theirs.steps_per_epoch):
        rate = 1e-3 * learning_rate_factor(step / theirs.total_steps, "one-cycle")
        batch = theirs.data.gather_packed(plan[:, step])
        terms, weight = train_step(theirs, batch, rate=rate, lambda_=lambda_)
        sums += torch.stack([terms * weight, weight])
    for one, other in zip(ours.network.parameters(), theirs.network.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)
    assert ours_means["train_l_bce"] == pytest.approx(float(sums[0, 0] / sums[1, 0]), rel=1e-5)
    assert ours_means["train_l_23"] == pytest.approx(float(sums[0, 3] / sums[1, 3]), rel=1e-5)


@pytest.mark.parametrize("stop_after", [0.2, 0.34, 0.9])
def test_a_stopped_training_goes_on_to_the_same_bits(
    sequences: Sequences, tmp_path: Path, stop_after: float
) -> None:
    whole, reports = run(sequences, tmp_path / "whole")
    with pytest.raises(TrainingStopped, match="of 3"):
        run(sequences, tmp_path / "broken", stop_after=stop_after)
    torch.manual_seed(999)  # whatever else the process did in between
    resumed, later = run(sequences, tmp_path / "broken")
    assert resumed.metrics == whole.metrics
    assert [report.metrics for report in later] == [report.metrics for report in reports][-len(later) :]
    weights = load_file(whole.model_folder / "weights.safetensors")
    for name, value in load_file(resumed.model_folder / "weights.safetensors").items():
        assert torch.equal(value, weights[name]), name


@pytest.mark.parametrize("is_planned", [True, False])
def test_a_checkpoint_of_one_way_is_taken_up_by_the_other(
    sequences: Sequences, tmp_path: Path, is_planned: bool
) -> None:
    one = dataclasses.replace(prepared(sequences), is_planned=is_planned)
    other = dataclasses.replace(prepared(sequences), is_planned=not is_planned)
    assert one.optimizer is not None
    assert other.optimizer is not None
    train_epoch(one, 1, lambda _: True)
    save_checkpoint(tmp_path, one.learned, one.optimizer, Progress(1, "run"))
    assert load_checkpoint(tmp_path, other.learned, other.optimizer, run="run") == Progress(1, "run")
    for index, state in one.optimizer.state_dict()["state"].items():
        for name, value in other.optimizer.state_dict()["state"][index].items():
            assert torch.equal(value, state[name]), name
    before = [weights.detach().clone() for weights in other.network.parameters()]
    means = train_epoch(other, 2, lambda _: True)
    assert np.isfinite(means["train_loss"])
    moved = [not torch.equal(*pair) for pair in zip(before, other.network.parameters(), strict=True)]
    assert all(moved)
    steps = other.optimizer.state_dict()["state"][0]["step"]
    assert float(steps) == one.steps_per_epoch + other.steps_per_epoch


def test_a_loss_that_is_not_finite_ends_the_training(sequences: Sequences, tmp_path: Path) -> None:
    unreal = Unreal(calibrate(sequences, settings=tiny_config().reference))
    with pytest.raises(TrainingDiverged, match="became nan; lower learning_rate"):
        run(sequences, tmp_path, calibration=unreal)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == [], "something of the epoch was stored"


def test_what_can_not_be_planned_is_refused(sequences: Sequences, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'uncertainty'.*leave it False"):
        run(sequences, tmp_path, config=tiny_config(balancing="uncertainty"))


@pytest.mark.parametrize(
    ("changes", "size", "can"),
    [
        ({}, 1, True),
        ({"model": {"type": "ikt", "mastery": "skill-wise"}, "reference": {"name": "pfa"}}, 1, True),
        ({"model": {"type": "ikt", "recurrent_width": 8}}, 1, False),
        ({"model": {"type": "dkt"}}, 1, False),
        ({"loss": {"balancing": "gradient-norm"}}, 1, False),
        ({}, 2, False),
    ],
    ids=str,
)
def test_what_can_be_planned(sequences: Sequences, changes: dict[str, object], size: int, can: bool) -> None:
    config = resolve_config(None, {**tiny_config().model_dump(), **changes})
    calibration = calibrate(sequences, settings=config.reference)
    plain = prepare(config, sequences, fold=0, calibration=calibration, device="cpu")
    assert not plain.is_planned, "on a processor it has to be asked for"
    assert dataclasses.replace(plain, ranks=Ranks(0, size)).can_be_planned is can


def test_every_step_of_an_epoch_is_told_of(sequences: Sequences) -> None:
    planned, told = prepared(sequences), list[float]()
    train_epoch(planned, 2, lambda share: bool(told.append(share)) or True)
    n = planned.steps_per_epoch
    assert n > 1
    assert told == [(n + step + 1) / (3 * n) for step in range(n)]


@pytest.mark.parametrize(
    ("alignment", "precision"),
    [
        ("mean", "float32"),
        ("per-sequence", "bfloat16"),
        ("pointwise", "bfloat16"),
        ("standardized", "float32"),
    ],
)
def test_a_step_asks_nothing_of_the_device(
    alignment: str, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tensors without values have none to tell: asking for one raises, as it would make a GPU's host wait."""
    histories = random_histories(30, seed=1)  # with steps of several skills
    tiny = tiny_config(ability_alignment=alignment, scale_weight=1.0).model_dump()
    tiny["training"]["precision"] = precision
    gather_as_on_cuda(monkeypatch)
    monkeypatch.setattr(nn.Module, "to", lambda self, _: self)  # which swaps tensors that have no values
    with FakeTensorMode(allow_non_fake_inputs=True) as fake:
        planned = prepared(histories, **tiny)
        steps = planned.planned
        rates = np.ones(planned.steps_per_epoch)
        steps.begin(planned.packing.epoch(np.random.default_rng(0)), rates=rates, lambda_=0.3)
        for _ in range(2):
            steps.step()
        sums, _ = steps.sums()
        assert sums.fake_mode is fake
        with pytest.raises(DataDependentOutputException):
            sums[0].item()
