"""What only a GPU can show of a planned training; the rest is held in `test_planned.py`, on any machine."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ikt_model.config import ExperimentConfig, resolve_config
from ikt_model.data.sequences import Sequences
from ikt_model.determinism import FIXED_WORKSPACES, WORKSPACE
from ikt_model.references import calibrate
from ikt_model.run import Run, prepare
from ikt_model.training import TrainingResult, TrainingStopped, train
from tests.ikt_model.classrooms import classroom, random_histories, tiny_config

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]


@pytest.fixture(autouse=True, scope="module")
def workspace() -> Iterator[None]:
    """As it has to be before CUDA starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(WORKSPACE, FIXED_WORKSPACES[0])
        yield


def config_of(model: dict[str, object] | None = None, **training: object) -> ExperimentConfig:
    settings = tiny_config().model_dump()
    settings["training"] |= {"batch_tokens": 128} | training
    settings["model"] |= model or {}
    return resolve_config(None, settings)


def prepared(config: ExperimentConfig, sequences: Sequences, device: str) -> Run:
    calibration = calibrate(sequences, settings=config.reference)
    run = prepare(config, sequences, fold=0, calibration=calibration, device=device)
    run.network.train()
    return run


def steps_of(run: Run, n_steps: int, *, captured: bool) -> list[torch.Tensor]:
    """The weights after so many steps."""
    plan = run.packing.epoch(np.random.default_rng(0))
    assert run.steps_per_epoch >= n_steps
    run.planned.begin(plan, rates=np.full(run.steps_per_epoch, 1e-3), lambda_=0.3)
    for _ in range(n_steps):
        if captured:
            run.planned.step()
        else:
            run.planned.step_now()
    assert run.planned.is_captured is captured
    return [weights.detach().cpu() for weights in run.network.parameters()]


@pytest.mark.parametrize("mastery", ["scalar", "skill-wise"])
def test_a_captured_step_is_the_step(mastery: str) -> None:
    config = config_of({"dropout": 0.0, "mastery": mastery}, precision="float32")
    config = config.model_copy(update={"reference": resolve_config("skill-wise").reference})
    sequences = random_histories(150, seed=1)
    found = [
        steps_of(prepared(config, sequences, "cuda"), 8, captured=captured) for captured in (True, False)
    ]
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_no_step_waits_for_the_device() -> None:
    run = prepared(config_of(), random_histories(150, seed=1), "cuda")
    steps_of(run, 2, captured=False)
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        run.planned.step_now()
    finally:
        torch.cuda.set_sync_debug_mode(before)
    _, weights = run.planned.sums()
    assert weights.sum() > 0


def trained(
    folder: Path, *, device: str = "cuda", stop_after: float = 2.0, **training: object
) -> TrainingResult:
    config = config_of(epochs=3, learning_rate=1e-2, **training)
    sequences = classroom(n_students=200, seed=2).sequences
    return train(
        config,
        sequences,
        fold=0,
        calibration=calibrate(sequences.select(sequences.folds != 0), settings=config.reference),
        device=device,
        folder=folder,
        on_epoch=lambda _: None,
        on_progress=lambda share: share < stop_after,
    )


def weights_in(result: TrainingResult) -> dict[str, torch.Tensor]:
    return load_file(result.model_folder / "weights.safetensors")


def test_it_learns_what_a_processor_learns(tmp_path: Path) -> None:
    ours, theirs = (trained(tmp_path / device, device=device) for device in ("cuda", "cpu"))
    assert ours.metrics["auc"] == pytest.approx(theirs.metrics["auc"], abs=0.02)


def test_a_deterministic_training_gives_the_same_bits_stopped_or_not(tmp_path: Path) -> None:
    first, second = (weights_in(trained(tmp_path / name, deterministic=True)) for name in "ab")
    with pytest.raises(TrainingStopped):
        trained(tmp_path / "c", deterministic=True, stop_after=0.5)
    resumed = weights_in(trained(tmp_path / "c", deterministic=True))
    for name, weights in first.items():
        assert torch.equal(weights, second[name]), name
        assert torch.equal(weights, resumed[name]), name
