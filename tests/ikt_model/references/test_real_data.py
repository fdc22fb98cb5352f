"""Figures on ASSISTments 2015 and 2009, whose files lie beside the project and never in it."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ikt_model.data.readers import read_dataset
from ikt_model.data.sequences import Sequences
from ikt_model.references import ReferenceQuality, assess, calibrate
from ikt_model.settings import BktSettings, PfaSettings, RaschSettings, ReferenceSettings
from tests.ikt_model.references.builders import EVERY_REFERENCE

DATA = Path(__file__).parents[4] / "shared/data"
SINGLE_SKILLS, SEVERAL_SKILLS = DATA / "assist2015/train_valid.csv", DATA / "assist2009/events.csv"
BROKEN = RaschSettings(difficulty="joint", ability="maximum-likelihood")

pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"real data not there: {DATA}")


@cache
def responses(file: Path) -> Sequences:
    return read_dataset(file)


def held_out_quality(file: Path, settings: ReferenceSettings) -> ReferenceQuality:
    sequences = responses(file)
    held_out = sequences.folds == 0
    fitted = calibrate(sequences.select(~held_out), settings=settings)
    return assess(fitted, sequences, students=held_out, trained_on=~held_out)


@pytest.mark.parametrize(
    ("settings", "least_auc"),
    [(RaschSettings(), 0.692), (PfaSettings(), 0.716), (BktSettings(), 0.705)],
    ids=lambda value: getattr(value, "name", value),
)
def test_references_predict_unseen_students_as_well_as_is_known(
    settings: ReferenceSettings, least_auc: float
) -> None:
    quality = held_out_quality(SINGLE_SKILLS, settings)
    assert quality.auc > least_auc
    assert quality.ece < 0.015
    assert not [warning for warning in quality.warnings if "worse" in warning]


def test_the_reference_of_the_comparison_is_called_broken() -> None:
    sequences = responses(SINGLE_SKILLS)
    training = sequences.select(sequences.folds != 0)
    fitted = calibrate(training, settings=BROKEN)
    theta = fitted.targets(training).theta
    assert 3 < theta.std() < 4
    assert -15 < theta.min() < -13
    assert 10 < theta.max() < 13
    quality = held_out_quality(SINGLE_SKILLS, BROKEN)
    assert "worse than the skill means" in quality.warnings[0]
    assert quality.diverged_share == pytest.approx(0.13, abs=0.01)


@pytest.mark.parametrize("settings", EVERY_REFERENCE, ids=lambda settings: settings.name)
def test_steps_of_several_skills_leave_every_reference_finite(settings: ReferenceSettings) -> None:
    sequences = responses(SEVERAL_SKILLS)
    assert sequences.vocabulary.n_sets > sequences.n_skills
    fitted = calibrate(sequences.select(sequences.folds == 1), settings=settings)  # a fifth: enough for this
    targets = fitted.targets(sequences.select(sequences.folds == 0))
    for column in ("mastery_logit", "mastery_after_logit", "theta", "theta_sd"):
        assert np.isfinite(getattr(targets, column)).all()
