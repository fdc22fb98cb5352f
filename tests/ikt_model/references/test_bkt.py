import numpy as np
import pytest
from scipy.special import logit

from ikt_model.data.sequences import Sequences, SkillVocabulary
from ikt_model.references.bkt import BktCalibration, fit_bkt
from ikt_model.references.knowledge import FORGET, GUESS, INIT, SLIP
from ikt_model.references.rasch import fit_rasch
from ikt_model.settings import BktSettings, RaschSettings
from tests.ikt_model.classrooms import classroom, random_histories, with_responses
from tests.ikt_model.references.builders import bkt_classroom

SETTINGS = BktSettings()
TRUTH = np.array(
    [  # init, learn, guess, slip, forget
        [0.30, 0.20, 0.20, 0.10, 0.05],
        [0.50, 0.10, 0.30, 0.05, 0.10],
        [0.20, 0.30, 0.10, 0.15, 0.02],
        [0.60, 0.15, 0.25, 0.20, 0.08],
    ]
)


@pytest.fixture(scope="module")
def recovered() -> BktCalibration:
    sequences = bkt_classroom(TRUTH, n_students=3000, attempts=12, seed=1)
    return fit_bkt(sequences, settings=BktSettings(em_iterations=1000))


def test_parameters_of_simulated_students_are_recovered(recovered: BktCalibration) -> None:
    np.testing.assert_allclose(recovered.parameters, TRUTH, atol=0.05)
    z = (logit(recovered.parameters) - logit(TRUTH)) / recovered.parameters_se
    assert np.abs(z).max() < 4
    assert recovered.doubts() == []


def test_standard_errors_are_the_spread_over_repeated_classrooms() -> None:
    fits = [
        fit_bkt(bkt_classroom(TRUTH[:2], n_students=1500, attempts=8, seed=seed), settings=SETTINGS)
        for seed in range(40)
    ]
    spread = np.std([logit(fit.parameters) for fit in fits], axis=0)
    errors = np.median([fit.parameters_se for fit in fits], axis=0)
    ratio = errors / spread
    assert np.median(ratio) == pytest.approx(1, abs=0.2)
    assert ratio.min() > 0.6
    assert ratio.max() < 1.8


def test_without_forgetting_nothing_is_forgotten() -> None:
    truth = TRUTH.copy()
    truth[:, FORGET] = 0
    sequences = bkt_classroom(truth, n_students=2000, attempts=10, seed=2)
    fitted = fit_bkt(sequences, settings=BktSettings(forgetting=False, em_iterations=1000))
    assert (fitted.parameters[:, FORGET] == 0).all()
    assert (fitted.parameters_se[:, FORGET] == 0).all()
    np.testing.assert_allclose(fitted.parameters, truth, atol=0.05)


def test_the_two_states_keep_their_names() -> None:
    """Answers at random tell the states apart in no way; known still means right."""
    fitted = fit_bkt(random_histories(300, seed=3), settings=SETTINGS)
    assert (fitted.parameters[:, GUESS] <= 0.5).all()
    assert (fitted.parameters[:, SLIP] <= 0.5).all()
    assert fitted.doubts()


def test_a_right_answer_never_lowers_mastery_of_its_skill() -> None:
    sequences = classroom(200, 6).sequences
    fitted = fit_bkt(sequences, settings=SETTINGS)
    right = fitted.targets(with_responses(sequences, np.ones(sequences.n_responses)))
    wrong = fitted.targets(with_responses(sequences, np.zeros(sequences.n_responses)))
    first = sequences.offsets[:-1]
    assert (right.mastery_after_logit[first] >= wrong.mastery_after_logit[first]).all()


def test_more_attempts_at_once_learn_what_each_shows() -> None:
    """P(known) rises with practice on students who learn, and starts at p(init)."""
    sequences = bkt_classroom(TRUTH[2:3], n_students=2000, attempts=12, seed=4)
    fitted = fit_bkt(sequences, settings=SETTINGS)
    known = fitted.known_before(sequences).reshape(2000, 12)
    assert known[:, 0] == pytest.approx(fitted.parameters[0, INIT])
    assert (np.diff(known.mean(axis=0)) > 0).all()
    after = fitted.known(sequences)
    assert after.shape == (2000, 1)
    assert after.mean() > known[:, -1].mean()


def test_a_step_of_several_skills_has_the_mean_of_their_log_odds() -> None:
    sequences = random_histories(200, seed=5)
    fitted = fit_bkt(sequences, settings=SETTINGS)
    several = sequences.vocabulary.set_sizes[sequences.skill_sets] > 1
    before_anything = np.zeros(sequences.n_responses, bool)
    before_anything[sequences.offsets[:-1]] = True
    init, _, guess, slip, _ = fitted.parameters.T
    first = logit(init * (1 - slip) + (1 - init) * guess)
    said = fitted.targets(sequences).mastery_logit
    for step in np.flatnonzero(several & before_anything):
        members = sequences.vocabulary.members(sequences.skill_sets[step])
        assert said[step] == pytest.approx(first[members].mean(), abs=1e-5)


def test_an_unpractised_skill_is_the_typical_one_and_unsure() -> None:
    sequences = classroom(150, 4).sequences
    wider = Sequences(
        student_ids=sequences.student_ids,
        folds=sequences.folds,
        offsets=sequences.offsets,
        skill_sets=sequences.skill_sets,
        responses=sequences.responses,
        vocabulary=SkillVocabulary.of_single_skills((*sequences.vocabulary.names, "nobody")),
    )
    fitted = fit_bkt(wider, settings=SETTINGS)
    np.testing.assert_allclose(fitted.parameters[-1], fitted.typical)
    assert np.isinf(fitted.parameters_se[-1]).all()


def test_ability_and_difficulty_are_those_of_the_rasch_model() -> None:
    sequences = classroom(150, 4).sequences
    fitted = fit_bkt(sequences, settings=SETTINGS)
    rasch = fit_rasch(sequences, settings=RaschSettings())
    np.testing.assert_array_equal(fitted.difficulty, rasch.difficulty)
    np.testing.assert_array_equal(fitted.targets(sequences).theta, rasch.targets(sequences).theta)


def test_each_step_of_the_fit_raises_the_likelihood() -> None:
    sequences = classroom(300, 5).sequences
    reached = [
        fit_bkt(sequences, settings=BktSettings(em_iterations=steps)).log_likelihood for steps in (1, 5, 50)
    ]
    assert reached[0] < reached[1] < reached[2]


def test_a_class_that_was_always_right_leaves_finite_parameters() -> None:
    sequences = classroom(50, 3).sequences
    always_right = with_responses(sequences, np.ones(sequences.n_responses))
    fitted = fit_bkt(always_right, settings=SETTINGS)
    assert ((fitted.parameters > 0) & (fitted.parameters < 1)).all()
    assert fitted.parameters[:, SLIP].max() < 0.1
    assert np.isfinite(fitted.targets(always_right).mastery_logit).all()
