"""What anybody could predict without a network, to hold a model's AUC against.

Two baselines, both fitted on training students: the share of right answers per skill, and a logistic
regression on it and on running counts of right and wrong answers, on the skill and in all. Neither can see
a response before it is given, so a model far above them owes an explanation.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from ikt_model.comparison.findings import Finding, Status, grade
from ikt_model.comparison.splits import sum_by_skill
from ikt_model.comparison.statistics import Interval
from ikt_model.data.features import evidence
from ikt_model.data.sequences import Sequences

TRAINING_STEPS = 100_000  # nine coefficients need no more
PRIOR_RESPONSES = 5.0  # that a skill's share of right answers is drawn towards the mean by
IMPLAUSIBLE = (0.05, 0.1)  # AUC above the regression's from which to warn, to fail
WORSE_REFERENCE = (0.001, 0.01)  # AUC below the skill means' from which to warn, to fail
Floats = NDArray[np.float64]


def skill_means(training: Sequences, asked: Sequences) -> Floats:
    """Share of right answers on the skill of each step of `asked` [N]; of several skills, the mean."""
    vocabulary = training.vocabulary
    sets, right = training.skill_sets, training.responses.astype(np.float64)
    n = sum_by_skill(np.bincount(sets, minlength=vocabulary.n_sets), vocabulary)
    n_right = sum_by_skill(np.bincount(sets, weights=right, minlength=vocabulary.n_sets), vocabulary)
    overall = (right.sum() + 1) / (len(right) + 2)
    rate = (n_right + PRIOR_RESPONSES * overall) / (n + PRIOR_RESPONSES)
    of_set = np.add.reduceat(rate[vocabulary.set_members], vocabulary.set_offsets[:-1])
    return np.asarray((of_set / vocabulary.set_sizes)[asked.skill_sets])


def past_only(training: Sequences, asked: Sequences, *, seed: int = 0) -> Floats | None:
    """The regression's probabilities for every step of `asked` [N]; None when it can't be fitted."""
    chosen = _some_students(training, np.random.default_rng(seed))
    features = _features(training, chosen)
    steps = _position(chosen) > 0
    response = chosen.responses[steps]
    if not 0 < response.sum() < len(response):
        return None
    model = LogisticRegression(solver="newton-cholesky")
    model.fit(features[steps], response)
    coefficients = np.append(model.coef_[0], model.intercept_)
    return np.asarray(expit(_features(training, asked) @ coefficients[:-1] + coefficients[-1]))


def _some_students(training: Sequences, generator: np.random.Generator) -> Sequences:
    order = generator.permutation(training.n_students)
    fitting = np.cumsum(training.lengths[order]) <= TRAINING_STEPS
    fitting[:1] = True
    return training.select(order[fitting])


def _position(sequences: Sequences) -> NDArray[np.int64]:
    return np.arange(sequences.n_responses) - sequences.offsets[sequences.student_of_step()]


def _features(training: Sequences, asked: Sequences) -> Floats:
    """[N, 9], each known before the response of its step."""
    known = evidence(asked)
    overall = np.vstack([np.zeros((1, 2)), known.state[:-1, 4:6]])  # after the step before
    overall[_position(asked) == 0] = 0.0
    return np.hstack([logit(skill_means(training, asked))[:, None], known.query, overall])


def beats_baseline(auc: float, baseline: float) -> Finding:
    """A model that knows less than a nine-coefficient regression is not worth its training."""
    gain = auc - baseline
    status: Status = "pass" if gain >= 0 else "warn"
    message = f"AUC {auc:.4f} against {baseline:.4f} of a logistic regression on skill and running counts."
    return Finding("past_only_baseline", status, gain, 0.0, message)


def plausible_auc(gain: Interval) -> Finding:
    """An AUC that is surely far above what the past tells the regression is likely a leak."""
    warn, fail = IMPLAUSIBLE
    status = grade(gain.low, warn_above=warn, fail_above=fail)
    verdict = "a usual distance." if status == "pass" else "look for a leak before believing it."
    message = f"AUC less the past-only baseline's is at least {gain.low:+.4f} (95 %): {verdict}"
    return Finding("implausible_auc", status, gain.low, warn, message)


def useful_reference(gain: Interval) -> Finding:
    """A reference that surely predicts worse than the skills' shares of right answers is broken."""
    warn, fail = WORSE_REFERENCE
    status = grade(-gain.high, warn_above=warn, fail_above=fail)
    message = (
        f"The reference's AUC less that of the skills' shares of right answers is {gain.value:+.4f}, at most "
        f"{gain.high:+.4f} (95 %)."
    )
    return Finding("reference_against_skill_means", status, gain.high, -warn, message)
