"""What a model says of students, from all that was gathered of them. S students, K skills, W state width."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor

from ikt_model.checkpoint import StoredModel
from ikt_model.data.tally import Tally
from ikt_model.references.protocol import Standing
from ikt_model.tracer import Known

STUDENTS_AT_ONCE = 16  # keeps what every skill of theirs passes through in the processor's cache


@dataclass(frozen=True, slots=True)
class Say:
    """Both heads and the reference on every skill."""

    theta: NDArray[np.float64]  # [S]
    probability: NDArray[np.float32]  # [S, K]
    mastery: NDArray[np.float32]  # [S, K]
    mastery_reference: NDArray[np.float32]  # [S, K]


class Heads:
    """The heads of one model."""

    def __init__(self, model: StoredModel) -> None:
        self._network = model.network
        with torch.inference_mode():
            self._prepared = model.network.prepare()

    def say(self, states: Tensor, tally: Tally, standing: Standing) -> Say:
        """Of students after their last response; of those without one what is said of anybody: θ = 0, and of
        every skill what the network expects before it has read anything.
        """
        reference = standing.mastery_logit.astype(np.float32)
        began, query = np.flatnonzero(tally.lengths), tally.query
        logit, mastery = np.empty((2, *reference.shape), np.float32)
        theta = np.zeros(len(reference))
        with torch.inference_mode():
            if len(began) < len(reference):
                logit[:] = mastery[:] = self._network.before_any_response(torch.as_tensor(reference)).numpy()
            for first in range(0, len(began), STUDENTS_AT_ONCE):
                some = began[first : first + STUDENTS_AT_ONCE]
                known = Known(
                    state=states[torch.as_tensor(some)],
                    query=torch.as_tensor(query[some]),
                    reference=torch.as_tensor(reference[some]),
                    prepared=self._prepared,
                )
                logit[some], mastery[some] = (part.numpy() for part in self._network.every_skill(known))
                theta[some] = self._theta(known.state, standing, some)
        return Say(
            theta=theta,
            probability=expit(logit),
            mastery=expit(mastery),
            mastery_reference=expit(reference),
        )

    def _theta(
        self, states: Tensor, standing: Standing, some: NDArray[np.int64]
    ) -> NDArray[np.float32] | NDArray[np.float64]:
        if not self._network.reads_history:
            return standing.theta[some]
        theta: NDArray[np.float32] = self._network.theta(states).numpy()
        return theta
