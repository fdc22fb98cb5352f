"""The one door to the inference engine: models are loaded when they are first asked, and then kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from api.services.refusals import EvaluationRefused
from db.artifacts import ArtifactStore

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    from ikt_model.data.sequences import Sequences
    from ikt_model.inference import Evaluation, Predictor, StudentState, Trajectory
    from ikt_model.inference import Protocol as EvaluationProtocol


class Response(Protocol):
    """One response as it is stored."""

    @property
    def skills(self) -> list[Any]: ...

    @property
    def correct(self) -> bool: ...


class Inference:
    """Answers for students and evaluates models; may be used by many threads at once.

    Nothing of torch is imported before the first question.
    """

    def __init__(self, store: ArtifactStore, *, capacity: int) -> None:
        self._store = store
        self._capacity = capacity
        self._predictors: OrderedDict[str, Predictor] = OrderedDict()
        self._lock = threading.Lock()

    def prepare(self, artifact: str) -> None:
        """Load a model, so that the questions that follow are answered fast. Raises ArtifactNotFound."""
        self._predictor(artifact)

    def state(self, artifact: str, history: Sequence[Response]) -> StudentState:
        """A student after all these responses. Raises ArtifactNotFound."""
        return self._predictor(artifact).state(_history(history))

    def trajectory(self, artifact: str, history: Sequence[Response]) -> Trajectory:
        """A student after each of these responses. Raises ArtifactNotFound."""
        return self._predictor(artifact).trajectory(_history(history))

    def mastery_along(
        self, artifact: str, history: Sequence[Response], counts: Sequence[int]
    ) -> NDArray[float32]:
        """Mastery of every skill after so many of these responses [P, K]. Raises ArtifactNotFound."""
        return self._predictor(artifact).mastery_along(_history(history), counts)

    def evaluate(self, artifact: str, sequences: Sequences, *, protocol: EvaluationProtocol) -> Evaluation:
        """Held-out metrics of a model on any responses. Raises ArtifactNotFound, EvaluationRefused."""
        from ikt_model.evaluation import NothingToEvaluate

        try:
            return self._predictor(artifact).evaluate(sequences, protocol=protocol)
        except NothingToEvaluate as error:
            raise EvaluationRefused(str(error)) from error

    def _predictor(self, artifact: str) -> Predictor:
        # One thread loads while the others wait: a model loaded twice would be held twice.
        with self._lock:
            predictor = self._predictors.get(artifact)
            if predictor is None:
                from ikt_model.inference import Predictor

                predictor = Predictor.load(self._store.fetch(artifact))
                self._predictors[artifact] = predictor
            self._predictors.move_to_end(artifact)
            while len(self._predictors) > self._capacity:
                self._predictors.popitem(last=False)
            return predictor


def _history(responses: Sequence[Response]) -> Any:
    from ikt_model.inference import History

    return History(
        skills=[response.skills for response in responses],
        responses=[int(response.correct) for response in responses],
    )
