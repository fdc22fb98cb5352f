from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import log_loss, roc_auc_score

from ikt_model.references import assess, calibrate
from ikt_model.references.rasch import fit_rasch
from ikt_model.references.skill_rate import fit_skill_rate
from ikt_model.settings import BktSettings, PfaSettings, RaschSettings, SkillRateSettings
from tests.ikt_model.classrooms import classroom, random_histories, with_responses

SEQUENCES = classroom(600, 8, seed=3).sequences
HELD_OUT = SEQUENCES.folds == 0
RASCH = fit_rasch(SEQUENCES.select(~HELD_OUT), settings=RaschSettings())


def test_figures_are_those_of_every_response_but_the_first() -> None:
    quality = assess(RASCH, SEQUENCES, students=HELD_OUT, trained_on=~HELD_OUT)
    students = SEQUENCES.select(HELD_OUT)
    asked = np.setdiff1d(np.arange(students.n_responses), students.offsets[:-1])
    response, logit = students.responses[asked], RASCH.targets(students).mastery_logit[asked]
    assert quality.n_predicted == len(asked)
    assert quality.auc == pytest.approx(roc_auc_score(response, logit))
    assert quality.log_loss == pytest.approx(log_loss(response, expit(logit.astype(float))))
    rate = fit_skill_rate(SEQUENCES.select(~HELD_OUT), settings=SkillRateSettings()).targets(students)
    assert quality.skill_rate_auc == pytest.approx(roc_auc_score(response, rate.mastery_logit[asked]))
    assert quality.skill_rate_log_loss == pytest.approx(
        log_loss(response, expit(rate.mastery_logit[asked].astype(float)))
    )
    assert 0 <= quality.ece < 0.1


@pytest.mark.parametrize("settings", [RaschSettings(), PfaSettings(), BktSettings(), SkillRateSettings()])
def test_a_sound_reference_beats_the_skill_means_without_a_warning(settings: object) -> None:
    quality = assess(calibrate(SEQUENCES, settings=settings), SEQUENCES)
    assert not [warning for warning in quality.warnings if "worse" in warning or "diverge" in warning]
    assert quality.auc >= quality.skill_rate_auc


def test_per_step_maximum_likelihood_is_called_worse_than_the_skill_means_and_diverged() -> None:
    broken = RaschSettings(difficulty="joint", ability="maximum-likelihood")
    quality = assess(calibrate(SEQUENCES, settings=broken), SEQUENCES)
    assert quality.log_loss > quality.skill_rate_log_loss
    worse, diverged = quality.warnings
    assert worse.startswith(
        "reference 'rasch' (joint, maximum-likelihood) predicts worse than the skill means"
    )
    assert f"log-loss {quality.log_loss:.3f} > {quality.skill_rate_log_loss:.3f}" in worse
    assert worse.endswith("aligning to it teaches its errors")
    assert "diverge on all-right and all-wrong histories" in diverged
    assert quality.diverged_share > 0.05


def test_a_reference_that_ranks_backwards_is_called_worse_by_auc() -> None:
    backwards = replace(RASCH, difficulty=-RASCH.difficulty)
    (warning,) = assess(backwards, SEQUENCES).warnings
    assert "AUC" in warning
    assert "log-loss" in warning


def test_a_difficulty_nothing_is_known_of_is_called_not_identified() -> None:
    unsure = replace(RASCH, difficulty_se=np.where(np.arange(8) < 2, np.inf, RASCH.difficulty_se))
    (warning,) = assess(unsure, SEQUENCES).warnings
    assert "the difficulty of 2 of 8 practised skills is not identified" in warning


def test_parameters_that_the_answers_do_not_tell_are_named() -> None:
    random = random_histories(100, seed=1)
    doubts = assess(calibrate(random, settings=BktSettings()), random).warnings[-1]
    assert doubts.startswith("reference 'bkt' (with forgetting): ")
    assert "p(forget) of 5 of 5 skills rest more on the typical skill than on responses" in doubts


def test_what_is_undefined_is_no_figure() -> None:
    always_right = with_responses(SEQUENCES, np.ones(SEQUENCES.n_responses))
    quality = assess(RASCH, always_right)
    assert np.isnan(quality.auc)
    assert "auc" not in quality.figures()
    assert np.isfinite(list(quality.figures().values())).all()
    nobody = assess(RASCH, SEQUENCES, students=np.zeros(SEQUENCES.n_students, bool))
    assert nobody.n_predicted == 0
    assert nobody.warnings == ()
