"""Training on shards."""

from pathlib import Path

import pytest
import torch

from ikt_model.data.shards import Shards
from ikt_model.epochs import TrainingStopped
from ikt_model.references import Calibration
from ikt_model.references.sharded import calibrate_shards
from ikt_model.run import prepare
from ikt_model.streamed import learner_of_shards, train_streamed
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


def test_losses_fall_and_the_same_seed_gives_the_same(shards: Shards, calibration: Calibration) -> None:
    def losses(steps: int) -> tuple[dict[str, float], torch.Tensor]:
        learner = learner_of_shards(CONFIG, shards, calibration=calibration, held_out=0)
        means = train_streamed(learner, shards, steps=steps, held_out=0)
        return means, next(iter(learner.network.parameters())).detach()

    (few, _), (many, weights), (again, same) = losses(2), losses(25), losses(25)

    assert many == again
    assert torch.equal(weights, same)
    assert many["l_bce"] < few["l_bce"]
    assert many["l_23"] < few["l_23"]


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


def test_it_stops_when_told(shards: Shards, calibration: Calibration) -> None:
    learner = learner_of_shards(CONFIG, shards, calibration=calibration, held_out=0)

    with pytest.raises(TrainingStopped, match="after 3 of 10 steps"):
        train_streamed(learner, shards, steps=10, held_out=0, on_progress=lambda share: share < 0.3)
