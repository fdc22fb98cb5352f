"""Two runs over students who never were."""

import numpy as np

from ikt_model.comparison.statistics import Paired


def simulated(
    n_students: int, n_responses: int, *, seed: int, noise: float = 0.6, shared: float = 0.0, digits: int = 12
) -> Paired:
    """Two noisy views of one truth; `shared` is noise that all responses of a student have in common."""
    rng = np.random.default_rng(seed)
    student = np.repeat(np.arange(n_students), n_responses)
    truth = rng.normal(0.8, 0.8, n_students)[student] + rng.normal(0, 0.7, len(student))
    response = rng.random(len(student)) < 1 / (1 + np.exp(-truth))
    first, second = (
        np.round(
            truth + rng.normal(0, noise, len(student)) + shared * rng.normal(0, 1, n_students)[student],
            digits,
        )
        for _ in range(2)
    )
    return Paired(student, response, first, second)


def brute_force_auc(response: np.ndarray, score: np.ndarray) -> float:
    right, wrong = score[response][:, None], score[~response][None, :]
    return float(((right > wrong) + 0.5 * (right == wrong)).mean())
