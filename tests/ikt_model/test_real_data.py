"""Figures on ASSISTments 2015, whose file lies beside the project and never in it."""

import dataclasses
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from ikt_model.config import resolve_config
from ikt_model.data.batches import WindowedSteps, Windows
from ikt_model.data.readers import read_dataset
from ikt_model.data.sequences import Sequences
from ikt_model.metrics import auc
from ikt_model.networks import build_network
from ikt_model.references import calibrate
from ikt_model.settings import RaschSettings

FILE = Path(__file__).parents[3] / "shared/data/assist2015/train_valid.csv"
GROUPED = Path(__file__).parents[3] / "shared/data/assist2009/events.csv"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"real data not there: {FILE}")


@cache
def responses() -> Sequences:
    return read_dataset(FILE)


def test_the_windows_are_those_of_the_comparison() -> None:
    sequences = responses()
    assert (sequences.n_students, sequences.n_responses, sequences.n_skills) == (15_275, 544_339, 100)
    everyone = Windows.cut(sequences, window=200, students=np.ones(sequences.n_students, dtype=bool))
    held_out = Windows.cut(sequences, window=200, students=sequences.folds == 0)
    assert (len(everyone.starts), len(held_out.starts)) == (15_426, 3_082)


def test_the_marginal_fit_has_the_known_location_and_spread() -> None:
    sequences = responses()
    training = sequences.select(sequences.folds != 0)
    fitted = calibrate(training, settings=RaschSettings())
    assert fitted.difficulty.mean() == pytest.approx(-1.32, abs=0.01)
    assert fitted.difficulty.std() == pytest.approx(0.69, abs=0.01)
    assert (fitted.difficulty.min(), fitted.difficulty.max()) == pytest.approx((-2.90, 0.22), abs=0.01)
    assert fitted.ability_sd == pytest.approx(0.74, abs=0.01)


def test_the_reference_predicts_unseen_students_as_well_as_is_known() -> None:
    sequences = responses()
    fitted = calibrate(sequences.select(sequences.folds != 0), settings=RaschSettings())
    held_out = sequences.select(sequences.folds == 0)
    theta = fitted.targets(held_out).theta
    asked = np.ones(held_out.n_responses, dtype=bool)
    asked[held_out.offsets[:-1]] = False
    step = np.flatnonzero(asked)
    chance = theta[step - 1] - fitted.difficulty[held_out.skill_sets[step]]
    assert theta.std() == pytest.approx(0.56, abs=0.01)
    assert auc(held_out.responses[step].astype(np.float32), chance) == pytest.approx(0.693, abs=0.001)


@pytest.mark.skipif(not GROUPED.exists(), reason=f"real data not there: {GROUPED}")
@pytest.mark.parametrize(
    "model", [{"mastery": "skill-wise", "recurrent_width": 16}, {"type": "dkt"}], ids=str
)
def test_no_row_of_an_item_with_several_skills_tells_another_its_answer(model: dict[str, object]) -> None:
    """The trap of the file: such an item stands on consecutive rows with the same answer."""
    everyone = read_dataset(GROUPED)
    several = np.unique(everyone.student_of_step()[everyone.skill_sets >= everyone.n_skills])[:40]
    sequences = everyone.select(several)
    config = resolve_config(None, {"model": {**model, "d_model": 16}, "reference": {"name": "pfa"}})
    calibration = calibrate(sequences, settings=config.reference)
    torch.manual_seed(0)
    network = build_network(config.model, calibration=calibration).eval()
    windows = Windows.cut(sequences, window=200, students=np.ones(len(several), dtype=bool))
    rows = np.unique(windows.students, return_index=True)[1]  # each student's first window
    third = windows.starts[rows] + 2
    grouped = np.flatnonzero(sequences.skill_sets[third] >= sequences.n_skills)
    assert len(grouped) > 3
    flipped = sequences.responses.copy()
    flipped[third] ^= 1
    said = []
    for responses in (sequences.responses, flipped):
        changed = dataclasses.replace(sequences, responses=responses)
        batch = WindowedSteps(changed, calibration.targets(changed)).gather(windows, rows)
        with torch.inference_mode():
            output = network(batch)
        said.append([output.logit, output.mastery_logit, output.theta.nan_to_num(), batch.mastery_reference])
    for before, after in zip(*said, strict=True):
        assert torch.equal(before[:, :2], after[:, :2])
    assert not torch.equal(said[0][0][grouped, 2], said[1][0][grouped, 2])
