"""Figures on ASSISTments 2015, whose file lies beside the project and never in it."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ikt_model.data.batches import Windows
from ikt_model.data.readers import read_dataset
from ikt_model.data.sequences import Sequences
from ikt_model.metrics import auc
from ikt_model.references import calibrate
from ikt_model.settings import RaschSettings

FILE = Path(__file__).parents[3] / "shared/data/assist2015/train_valid.csv"

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
