import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ikt_model.comparison.baseline import (
    beats_baseline,
    past_only,
    plausible_auc,
    skill_means,
    useful_reference,
)
from ikt_model.comparison.statistics import Interval
from tests.ikt_model.classrooms import classroom, random_histories, with_responses


def test_skill_means_are_shares_among_training_students() -> None:
    everyone = classroom(n_students=400, n_skills=5, seed=1).sequences
    training, asked = everyone.select(everyone.folds != 0), everyone.select(everyone.folds == 0)
    means = skill_means(training, asked)
    for skill in range(5):
        share = training.responses[training.skill_sets == skill].mean()
        assert means[asked.skill_sets == skill] == pytest.approx(share, abs=0.01)


def test_a_step_of_several_skills_has_their_mean() -> None:
    sequences = random_histories(300, seed=2)
    means = skill_means(sequences, sequences)
    of_set = {
        tuple(sequences.vocabulary.members(code)): means[sequences.skill_sets == code][0] for code in range(7)
    }
    assert of_set[(1, 2, 4)] == pytest.approx(np.mean([of_set[(skill,)] for skill in (1, 2, 4)]))


def test_the_regression_knows_more_than_the_means_and_nothing_of_the_future() -> None:
    everyone = classroom(n_students=600, n_skills=8, seed=3).sequences
    training, asked = everyone.select(everyone.folds != 0), everyone.select(everyone.folds == 0)
    said = past_only(training, asked)
    assert said is not None
    later = np.arange(asked.n_responses) > asked.offsets[asked.student_of_step()]
    aucs = [
        roc_auc_score(asked.responses[later], values[later])
        for values in (said, skill_means(training, asked))
    ]
    assert aucs[0] > aucs[1] + 0.02
    cut = asked.offsets[:-1] + asked.lengths // 2
    future = np.arange(asked.n_responses) >= cut[asked.student_of_step()]
    flipped = with_responses(asked, np.where(future, 1 - asked.responses, asked.responses))
    said_then = past_only(training, flipped)
    assert said_then is not None
    assert (said_then[~future] == said[~future]).all()
    assert (said_then[cut] == said[cut]).all()
    assert (said_then[future] != said[future]).any()


def test_one_kind_of_answer_teaches_nothing() -> None:
    sequences = random_histories(20, seed=4)
    always = with_responses(sequences, np.ones(sequences.n_responses))
    assert past_only(always, always) is None


def gap(value: float, reach: float = 0.003) -> Interval:
    return Interval(value, value - reach, value + reach, reach / 1.96)


def test_a_model_should_beat_the_regression() -> None:
    assert beats_baseline(0.72, 0.715).status == "pass"
    assert beats_baseline(0.70, 0.715).status == "warn"


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (gap(0.02), "pass"),
        (gap(0.06), "warn"),
        (gap(0.14), "fail"),
        (gap(0.14, reach=0.2), "pass"),
        (gap(float("nan")), "warn"),
    ],
)
def test_a_model_that_is_surely_far_better_is_suspect(found: Interval, status: str) -> None:
    assert plausible_auc(found).status == status


@pytest.mark.parametrize(
    ("found", "status"),
    [(gap(0.05), "pass"), (gap(-0.006), "warn"), (gap(-0.02), "fail"), (gap(-0.02, reach=0.1), "pass")],
)
def test_a_reference_surely_below_the_skill_means_is_pointed_out(found: Interval, status: str) -> None:
    assert useful_reference(found).status == status
