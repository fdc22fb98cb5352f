"""The one door to the inference engine: models are loaded when they are first asked, and then kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from api.services.refusals import EvaluationRefused
from db.artifacts import ArtifactStore
from db.repositories.interactions import StoredHistories

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    from ikt_model.data.sequences import Sequences
    from ikt_model.inference import Engine as Engine
    from ikt_model.inference import Evaluation, Histories, History, Seen
    from ikt_model.inference import Protocol as EvaluationProtocol
    from ikt_model.inference import Scores as Scores
    from ikt_model.inference import Trajectory as Trajectory

StudentKey = tuple[int, int]


class Response(Protocol):
    """One response as it is stored."""

    @property
    def skills(self) -> Sequence[Any]: ...

    @property
    def correct(self) -> bool: ...


class Inference:
    """Answers for students and evaluates models; may be used by many threads at once.

    Nothing of torch is imported before the first question.
    """

    def __init__(
        self,
        store: ArtifactStore,
        *,
        capacity: int,
        cache_bytes: int,
        threads: int = 1,
        after_load: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._after_load = after_load
        self._capacity = capacity
        self._cache_bytes = cache_bytes
        self._threads = threads
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._lock = threading.Lock()
        self._loading = threading.Lock()

    def engine(self, artifact: str) -> Engine:
        """The model, loaded if need be, which may take seconds. Raises ArtifactNotFound."""
        return self.find_engine(artifact) or self._load(artifact)

    def find_engine(self, artifact: str) -> Engine | None:
        """The model if it is loaded."""
        with self._lock:
            engine = self._engines.get(artifact)
            if engine is not None:
                self._engines.move_to_end(artifact)
            return engine

    def forget(self, keys: Iterable[StudentKey]) -> None:
        """Keep nothing of these students under any model."""
        forgotten = list(keys)
        with self._lock:
            engines = list(self._engines.values())
        for engine in engines:
            engine.forget(forgotten)

    def trajectory(self, artifact: str, history: Sequence[Response]) -> Trajectory:
        """A student after each of these responses. Raises ArtifactNotFound."""
        return self.engine(artifact).predictor.trajectory(_history(history))

    def mastery_along(
        self, artifact: str, history: Sequence[Response], counts: Sequence[int]
    ) -> NDArray[float32]:
        """Mastery of every skill after so many of these responses [P, K]. Raises ArtifactNotFound."""
        return self.engine(artifact).predictor.mastery_along(_history(history), counts)

    def evaluate(self, artifact: str, sequences: Sequences, *, protocol: EvaluationProtocol) -> Evaluation:
        """Held-out metrics of a model on any responses. Raises ArtifactNotFound, EvaluationRefused."""
        from ikt_model.evaluation import NothingToEvaluate

        try:
            return self.engine(artifact).predictor.evaluate(sequences, protocol=protocol)
        except NothingToEvaluate as error:
            raise EvaluationRefused(str(error)) from error

    def _load(self, artifact: str) -> Engine:
        # One thread loads while the others wait: a model loaded twice would be held twice.
        with self._loading:
            engine = self.find_engine(artifact)
            if engine is None:
                from ikt_model.inference import Engine, use_threads

                use_threads(self._threads)
                engine = Engine.load(self._store.fetch(artifact), cache_bytes=self._cache_bytes)
                with self._lock:
                    self._engines[artifact] = engine
                    while len(self._engines) > self._capacity:
                        self._engines.popitem(last=False)
                self._after_load()
            return engine


def key_of(student_pk: int, created_at: datetime) -> StudentKey:
    """What names a student to an engine: on SQLite a primary key may be given to another one later."""
    return student_pk, int(created_at.timestamp() * 1_000_000)


def seen(student_pk: int, created_at: datetime, n_responses: int) -> Seen:
    """A student after so many responses, as an engine knows them."""
    from ikt_model.inference import Seen

    return Seen(key_of(student_pk, created_at), n_responses)


def histories_of(stored: StoredHistories) -> Histories:
    """Stored histories as an engine takes them."""
    from ikt_model.inference import Histories

    return Histories(
        offsets=stored.offsets,
        skill_sets=stored.skill_sets,
        names=stored.names,
        responses=stored.responses,
    )


def gather(students: Sequence[Sequence[Response]]) -> Histories:
    """Responses of several students as an engine takes them."""
    from ikt_model.inference import Histories

    return Histories.of([_history(responses) for responses in students])


def _history(responses: Sequence[Response]) -> History:
    from ikt_model.inference import History

    return History(
        skills=[response.skills for response in responses],
        responses=[int(response.correct) for response in responses],
    )
