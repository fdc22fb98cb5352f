"""What holds of every reference alike."""

import json
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikt_model.references import Calibration, NothingToCalibrate, calibrate, calibration_from_dict
from ikt_model.settings import REFERENCE_VERSIONS, ReferenceSettings
from tests.ikt_model.classrooms import classroom, mastery_logits, random_histories, with_responses
from tests.ikt_model.references.builders import EVERY_REFERENCE, with_one_more_step

every_reference = pytest.mark.parametrize(
    "settings", EVERY_REFERENCE, ids=lambda settings: "-".join(map(str, settings.model_dump().values()))
)
COLUMNS = ("mastery_logit", "mastery_after_logit", "theta", "theta_sd")


@cache
def fitted(settings: ReferenceSettings) -> Calibration:
    """To steps of one and of several skills."""
    return calibrate(random_histories(60, seed=7), settings=settings)


@every_reference
def test_its_version_is_known_without_a_fit(settings: ReferenceSettings) -> None:
    assert fitted(settings).version == REFERENCE_VERSIONS[settings.name]


@every_reference
@given(seed=st.integers(0, 10_000), data=st.data())
def test_mastery_one_step_ahead_is_not_moved_by_its_own_or_later_responses(
    settings: ReferenceSettings, seed: int, data: st.DataObject
) -> None:
    sequences = random_histories(5, seed=seed, longest=15)
    steps = sequences.history(data.draw(st.integers(0, 4)))
    cut = data.draw(st.integers(steps.start, steps.stop - 1))
    flipped = sequences.responses.copy()
    flipped[cut : steps.stop] ^= 1
    before = fitted(settings).targets(sequences)
    after = fitted(settings).targets(with_responses(sequences, flipped))
    np.testing.assert_array_equal(
        before.mastery_logit[steps.start : cut + 1], after.mastery_logit[steps.start : cut + 1]
    )
    for column in ("theta", "theta_sd", "mastery_after_logit"):
        np.testing.assert_array_equal(
            getattr(before, column)[steps.start : cut], getattr(after, column)[steps.start : cut]
        )


@every_reference
def test_no_student_moves_another_not_even_by_rounding(settings: ReferenceSettings) -> None:
    sequences = random_histories(40, seed=3)
    together = fitted(settings).targets(sequences)
    for student in (0, 17, 39):
        alone = fitted(settings).targets(sequences.select(np.array([student])))
        for column in COLUMNS:
            ours = getattr(together, column)[sequences.history(student)]
            np.testing.assert_array_equal(ours, getattr(alone, column))
        assert together.theta_static[student] == alone.theta_static[0]


@every_reference
def test_mastery_of_every_skill_is_what_one_more_step_would_be_given(settings: ReferenceSettings) -> None:
    sequences = random_histories(30, seed=5)
    now = mastery_logits(fitted(settings), sequences)
    assert now.shape == (30, 5)
    for skill in range(5):
        longer = with_one_more_step(sequences, skill)
        asked = fitted(settings).targets(longer).mastery_logit[longer.offsets[1:] - 1]
        np.testing.assert_allclose(now[:, skill], asked, atol=2e-5)


@every_reference
def test_mastery_after_a_response_is_what_the_same_step_would_be_given_again(
    settings: ReferenceSettings,
) -> None:
    sequences = random_histories(30, seed=6)
    first = np.flatnonzero(sequences.lengths > 0)
    last = sequences.offsets[1:] - 1
    after = fitted(settings).targets(sequences).mastery_after_logit[last]
    for student in first[:10]:
        longer = with_one_more_step(
            sequences.select(np.array([student])), sequences.skill_sets[last[student]]
        )
        again = fitted(settings).targets(longer).mastery_logit[-1]
        assert after[student] == pytest.approx(again, abs=2e-5)


@every_reference
def test_parameters_survive_plain_json(settings: ReferenceSettings) -> None:
    before = fitted(settings)
    after = calibration_from_dict(json.loads(json.dumps(before.to_dict(), allow_nan=False)))
    sequences = random_histories(5, seed=2)
    for column in (*COLUMNS, "theta_static"):
        np.testing.assert_array_equal(
            getattr(before.targets(sequences), column), getattr(after.targets(sequences), column)
        )
    np.testing.assert_array_equal(mastery_logits(before, sequences), mastery_logits(after, sequences))
    np.testing.assert_array_equal(before.difficulty_se, after.difficulty_se)
    assert after.summary() == before.summary()
    assert after.doubts() == before.doubts()
    assert after.title == before.title


@every_reference
def test_a_summary_holds_how_well_it_predicts_the_training_students(settings: ReferenceSettings) -> None:
    summary = calibrate(classroom(150, 6).sequences, settings=settings).summary()
    assert {"auc", "ece", "log_loss", "skill_rate_auc", "skill_rate_log_loss"} <= summary.keys()
    assert 0.5 < summary["auc"] < 0.9
    assert all(np.isfinite(value) for value in summary.values())


@every_reference
def test_a_student_without_responses_is_average(settings: ReferenceSettings) -> None:
    sequences = classroom(60, 5).sequences
    calibration = calibrate(sequences, settings=settings)
    nobody = sequences.select(np.zeros(0, np.intp))
    assert calibration.targets(nobody).theta.shape == (0,)
    newcomer = type(sequences)(
        student_ids=sequences.student_ids[:1],
        folds=sequences.folds[:1],
        offsets=np.zeros(2, np.int64),
        skill_sets=np.zeros(0, np.int32),
        responses=np.zeros(0, np.int8),
        vocabulary=sequences.vocabulary,
    )
    assert calibration.targets(newcomer).theta_static.tolist() == [0.0]
    first = sequences.offsets[:-1]
    asked_first = calibration.targets(sequences).mastery_logit[first]
    expected = mastery_logits(calibration, newcomer)[0][sequences.skill_sets[first]]
    np.testing.assert_allclose(asked_first, expected, atol=1e-5)


@every_reference
def test_nobody_to_learn_from_is_refused(settings: ReferenceSettings) -> None:
    sequences = random_histories(5, seed=1)
    with pytest.raises(NothingToCalibrate, match="another fold"):
        calibrate(sequences.select(np.zeros(5, dtype=bool)), settings=settings)
