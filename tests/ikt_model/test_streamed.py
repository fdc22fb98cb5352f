"""Training on shards."""

from pathlib import Path

import pytest
import torch

from ikt_model import streamed
from ikt_model.data.shards import Shards
from ikt_model.epochs import TrainingStopped
from ikt_model.inference import Engine
from ikt_model.references import Calibration
from ikt_model.references.sharded import calibrate_shards
from ikt_model.run import prepare
from ikt_model.streamed import StretchReport, learner_of_shards, train_streamed
from tests.ikt_model.classrooms import classroom, tiny_config
from tests.ikt_model.references.test_sharded import write_shards

TINY = tiny_config()
FAST = TINY.training.model_copy(update={"learning_rate": 0.02, "schedule": "constant"})
CONFIG = TINY.model_copy(update={"training": FAST})
SEQUENCES = classroom(200, 6, seed=2).sequences


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    return write_shards(SEQUENCES, tmp_path_factory.mktemp("shards"), 3)


@pytest.fixture(scope="module")
def calibration(shards: Shards) -> Calibration:
    return calibrate_shards(shards, settings=CONFIG.reference, held_out=0)


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed, "STRETCH", 5)


def run(
    shards: Shards, calibration: Calibration, folder: Path, *, steps: int = 15, stop_after: float = 2.0
) -> list[StretchReport]:
    """A training, from the folder's checkpoint when it has one."""
    learner = learner_of_shards(CONFIG, shards, calibration=calibration, held_out=0)
    reports: list[StretchReport] = []
    train_streamed(
        learner,
        shards,
        steps=steps,
        held_out=0,
        folder=folder,
        on_report=reports.append,
        on_progress=lambda share: share < stop_after,
    )
    return reports


def figures(reports: list[StretchReport]) -> list[tuple[int, dict[str, float]]]:
    return [(report.step, report.metrics) for report in reports]


def test_losses_fall_and_held_out_students_are_looked_at(
    shards: Shards, calibration: Calibration, tmp_path: Path
) -> None:
    reports = run(shards, calibration, tmp_path, steps=23)

    assert [report.step for report in reports] == [5, 10, 15, 20, 23]
    first, last = reports[0].metrics, reports[-1].metrics
    assert last["train_l_bce"] < first["train_l_bce"]
    assert last["train_l_23"] < first["train_l_23"]
    assert last["auc"] > 0.6
    assert last["reference_auc"] == first["reference_auc"]


def test_the_model_serves(shards: Shards, calibration: Calibration, tmp_path: Path) -> None:
    run(shards, calibration, tmp_path, steps=5)

    engine = Engine.load(tmp_path / "model")

    assert engine.predictor.skills == shards.vocabulary.names


def test_a_stopped_training_goes_on_to_the_same_bits(
    shards: Shards, calibration: Calibration, tmp_path: Path
) -> None:
    whole = run(shards, calibration, tmp_path / "whole")
    with pytest.raises(TrainingStopped, match="after 12 of 15 steps"):
        run(shards, calibration, tmp_path / "broken", stop_after=0.8)

    rest = run(shards, calibration, tmp_path / "broken")

    assert figures(rest) == figures(whole[2:])
    weights = [(tmp_path / name / "model" / "weights.safetensors") for name in ("whole", "broken")]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_the_checkpoint_of_another_training_is_left_alone(
    shards: Shards, calibration: Calibration, tmp_path: Path
) -> None:
    run(shards, calibration, tmp_path, steps=5)

    assert [report.step for report in run(shards, calibration, tmp_path, steps=10)] == [5, 10]


def test_the_learner_is_that_of_data_in_memory(
    shards: Shards, calibration: Calibration, tmp_path: Path
) -> None:
    in_memory = prepare(CONFIG, SEQUENCES, fold=0, calibration=calibration, device="cpu")
    whole = write_shards(SEQUENCES, tmp_path, 1)

    learner = learner_of_shards(CONFIG, whole, calibration=calibration, held_out=0)

    assert learner.reference.target_std == pytest.approx(in_memory.reference.target_std, rel=1e-6)
    assert torch.equal(learner.reference.difficulty, in_memory.reference.difficulty)
    for ours, theirs in zip(learner.network.parameters(), in_memory.network.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    part = learner_of_shards(CONFIG, shards, calibration=calibration, held_out=0)
    assert part.reference.target_std == pytest.approx(learner.reference.target_std, rel=0.2)
