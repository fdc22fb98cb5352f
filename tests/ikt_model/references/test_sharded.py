"""References fitted to shards are those fitted to the same students in memory."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ikt_model.data.sequences import Sequences
from ikt_model.data.shards import Shards, ShardWriter
from ikt_model.references import Calibration, NothingToCalibrate, calibrate
from ikt_model.references.pfa import PfaCalibration
from ikt_model.references.pfa_fit import fit_pfa
from ikt_model.references.rasch import fit_rasch
from ikt_model.references.sharded import TrainingStudents, calibrate_shards
from ikt_model.settings import BktSettings, PfaSettings, RaschSettings, ReferenceSettings, SkillRateSettings
from tests.ikt_model.classrooms import classroom, random_histories

HELD_OUT = 2
EXACT = (
    SkillRateSettings(),
    RaschSettings(),
    RaschSettings(difficulty="joint"),
    BktSettings(),
    BktSettings(forgetting=False),
)


@cache
def several_skills() -> Sequences:
    return random_histories(150, seed=9)


def write_shards(sequences: Sequences, folder: Path, n_shards: int) -> Shards:
    writer = ShardWriter(folder)
    for part in range(n_shards):
        writer.add(sequences.select(np.arange(sequences.n_students) % n_shards == part))
    writer.finish()
    return Shards.open(folder)


def figures(calibration: Calibration) -> dict[str, float]:
    return {name: value for name, value in calibration.summary().items() if name not in calibration.quality}


@pytest.mark.parametrize("settings", EXACT, ids=str)
def test_it_is_the_fit_in_memory(settings: ReferenceSettings, tmp_path: Path) -> None:
    sequences = several_skills()
    expected = calibrate(sequences.select(sequences.folds != HELD_OUT), settings=settings)

    found = calibrate_shards(write_shards(sequences, tmp_path, 7), settings=settings, held_out=HELD_OUT)

    np.testing.assert_allclose(found.difficulty, expected.difficulty, atol=1e-9)
    np.testing.assert_allclose(found.difficulty_se, expected.difficulty_se, rtol=1e-6)
    np.testing.assert_array_equal(found.responses_per_skill, expected.responses_per_skill)
    assert figures(found) == pytest.approx(figures(expected), rel=1e-6, abs=1e-9)
    assert found.quality["auc"] > 0


def test_pfa_is_one_step_away_within_a_fraction_of_its_standard_errors(tmp_path: Path) -> None:
    sequences = classroom(4000, 10, seed=3).sequences
    expected = fit_pfa(sequences, settings=PfaSettings())

    shards = write_shards(sequences, tmp_path, 4)
    found = calibrate_shards(shards, settings=PfaSettings())
    pilot = fit_pfa(TrainingStudents(shards, None).sample(), settings=PfaSettings())

    assert isinstance(found, PfaCalibration)
    away, pilot_away = (
        (one.difficulty - expected.difficulty) / expected.difficulty_se for one in (found, pilot)
    )
    assert np.abs(away).max() < 0.2
    assert np.sqrt((away**2).mean()) < 0.1 * np.sqrt((pilot_away**2).mean())
    strays = (found.skill_slopes - expected.skill_slopes) / expected.slopes_se
    assert np.abs(strays).max() < 0.2
    np.testing.assert_allclose(found.difficulty_se, expected.difficulty_se, rtol=0.06)
    assert found.log_likelihood == pytest.approx(expected.log_likelihood, rel=1e-5)


def test_abilities_are_the_same_where_the_difficulties_are(tmp_path: Path) -> None:
    sequences = several_skills()
    shards = write_shards(sequences, tmp_path, 3)
    in_memory = fit_rasch(sequences, settings=RaschSettings()).targets(shards.load(1))

    theta = calibrate_shards(shards, settings=RaschSettings()).targets(shards.load(1)).theta

    np.testing.assert_allclose(theta, in_memory.theta, atol=1e-6)


@pytest.mark.parametrize("settings", [*EXACT, PfaSettings()], ids=str)
def test_no_training_student_is_refused(settings: ReferenceSettings, tmp_path: Path) -> None:
    sequences = several_skills()
    shards = write_shards(sequences.select(sequences.folds == HELD_OUT), tmp_path, 2)

    with pytest.raises(NothingToCalibrate, match="hold no response"):
        calibrate_shards(shards, settings=settings, held_out=HELD_OUT)
