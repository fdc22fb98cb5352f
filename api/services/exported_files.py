"""What files hold of one student: datasets, and predictions of experiments. Read piece by piece."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from api.formats.json import write_json
from api.services.evaluations import predictions_key
from db.artifacts import ArtifactStore
from db.engine import SessionFactory, read_scope
from db.errors import ArtifactNotFound
from db.repositories import contents, datasets
from db.repositories.contents import Content
from ikt_model.data.sequences import Sequences, load_sequences

logger = logging.getLogger(__name__)

STEPS_AT_ONCE = 1000
TRIES = 5


@dataclass(frozen=True, slots=True)
class InDataset:
    """A student's place in a dataset."""

    dataset_id: UUID
    name: str
    fold: int
    sequences: Sequences
    position: int

    def head(self) -> bytes:
        return write_json({"dataset_id": self.dataset_id, "name": self.name, "fold": self.fold})

    def responses(self) -> Iterator[list[dict[str, Any]]]:
        """In order, some at a time."""
        steps = self.sequences.history(self.position)
        for start in range(steps.start, steps.stop, STEPS_AT_ONCE):
            yield [self._response(step) for step in range(start, min(start + STEPS_AT_ONCE, steps.stop))]

    def _response(self, step: int) -> dict[str, Any]:
        sequences = self.sequences
        members = sequences.vocabulary.members(int(sequences.skill_sets[step]))
        times, items = sequences.timestamps, sequences.items
        time = None if times is None else datetime.fromtimestamp(times[step] / 1000, UTC)
        return {
            "skills": [sequences.vocabulary.names[skill] for skill in members],
            "item": None if items is None else items[step].as_py(),
            "correct": bool(sequences.responses[step]),
            "timestamp": time,
        }


def find_in_datasets(
    sessions: SessionFactory, session: Session, store: ArtifactStore, student_id: str
) -> Iterator[InDataset]:
    """Every dataset of the session's snapshot that holds the student; of others the ids alone are read."""
    for content in contents.list_contents(session):
        sequences = _open(sessions, store, content)
        if sequences is None:
            continue
        position = pc.index(sequences.student_ids, student_id).as_py()
        if position >= 0:
            name = datasets.get_dataset(session, content.dataset_id).name
            fold = int(sequences.folds[position])
            yield InDataset(content.dataset_id, name, fold, sequences, position)


def _open(sessions: SessionFactory, store: ArtifactStore, content: Content) -> Sequences | None:
    """The dataset; without those who were erased from it since, and None where it was deleted since."""
    for _ in range(TRIES):
        try:
            return load_sequences(store.fetch(content.artifact))
        except (ArtifactNotFound, FileNotFoundError):
            with read_scope(sessions) as later:
                now = {one.dataset_id: one for one in contents.list_contents(later)}
            if content.dataset_id not in now:
                return None
            if now[content.dataset_id] == content:
                logger.error("a dataset has no file: dataset_id=%s", content.dataset_id)
                return None
            content = now[content.dataset_id]
    return load_sequences(store.fetch(content.artifact))


def write_predictions(
    session: Session, store: ArtifactStore, student_id: str, found: Sequence[tuple[UUID, int]]
) -> Iterator[bytes]:
    """Of all experiments that held out the student's fold of a dataset."""
    separator = b""
    for dataset_id, fold in found:
        for experiment in contents.list_readers(session, dataset_id, fold=fold):
            try:
                path = store.fetch(predictions_key(experiment.id))
            except (ArtifactNotFound, FileNotFoundError):
                continue
            head = write_json({"experiment_id": experiment.id}).removesuffix(b"}")
            yield separator + head + b',"responses":'
            yield from write_list(_predictions(path, student_id))
            yield b"}"
            separator = b","


def _predictions(path: Path, student_id: str) -> Iterator[list[Any]]:
    table = pq.read_table(path, filters=[("student_id", "==", student_id)]).drop_columns("student_id")
    for batch in table.to_batches(STEPS_AT_ONCE):
        yield batch.to_pylist()


def write_list(parts: Iterable[list[Any]]) -> Iterator[bytes]:
    """Their elements as one JSON list, in as many pieces."""
    yield b"["
    separator = b""
    for part in parts:
        if part:
            yield separator + write_json(part)[1:-1]
            separator = b","
    yield b"]"
