import numpy as np
import pytest
from scipy.special import expit

from ikt_model.references.skill_rate import SkillRateCalibration, fit_skill_rate
from ikt_model.settings import SkillRateSettings
from tests.ikt_model.classrooms import mastery_logits, random_histories
from tests.ikt_model.references.builders import sequences_of

ANSWERS = np.array([1, 1, 1, 0] * 250 + [0] * 5)
SKILLS = np.array([0] * 1000 + [1] * 5)


def fitted() -> SkillRateCalibration:
    return fit_skill_rate(sequences_of(SKILLS, ANSWERS, np.array([1005]), 3), settings=SkillRateSettings())


def test_the_rate_is_the_share_of_right_answers() -> None:
    assert expit(-fitted().difficulty[0]) == pytest.approx(0.75, abs=1e-3)
    assert fitted().difficulty_se[0] == pytest.approx(1 / np.sqrt(1000 * 0.75 * 0.25), rel=0.01)


def test_a_skill_that_was_never_right_stays_finite() -> None:
    assert 1 < fitted().difficulty[1] < 3
    assert fitted().difficulty_se[1] > 0.8


def test_an_unpractised_skill_has_the_overall_rate_and_no_certainty() -> None:
    assert expit(-fitted().difficulty[2]) == pytest.approx(750 / 1005, abs=1e-3)
    assert np.isinf(fitted().difficulty_se[2])
    assert fitted().responses_per_skill.tolist() == [1000, 5, 0]


def test_a_step_of_several_skills_counts_for_each_of_them() -> None:
    sequences = random_histories(50, seed=1)
    several = (sequences.skill_sets == 5) | (sequences.skill_sets == 6)  # (a, b) and (b, c, e)
    found = fit_skill_rate(sequences, settings=SkillRateSettings()).responses_per_skill
    assert found[1] == np.sum((sequences.skill_sets == 1) | several)


def test_students_are_all_alike() -> None:
    sequences = sequences_of(SKILLS, ANSWERS, np.array([5, 1000]), 3)
    targets = fitted().targets(sequences)
    assert (targets.theta == 0).all()
    np.testing.assert_allclose(targets.mastery_logit, -fitted().difficulty[SKILLS], rtol=1e-6)
    said = mastery_logits(fitted(), sequences)
    np.testing.assert_array_equal(said[0], said[1])
