"""Scoring many students: while the network reads some, the next are fetched and the last are stored.

S students, N responses, K skills.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from db.engine import SessionFactory, read_scope
from db.repositories.interactions import StoredHistories, read_histories
from db.repositories.states import StateBatch, read_included

if TYPE_CHECKING:
    from ikt_model.inference import Engine, Scores

MOST_STUDENTS = 2_000
# What a chunk may hold besides, so that endless histories and long lists of skills fill no memory.
MOST_RESPONSES = 500_000
MOST_CELLS = 1_000_000  # students times skills, some 40 bytes each

Counted = tuple[int, int]
"""A student's primary key and number of responses."""
ListStudents = Callable[[Session, int, int], Sequence[Counted]]
"""The next students after a primary key, at most so many."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Students in the order of their keys, and the histories of those that are to be scored."""

    listed: Sequence[Counted]
    stale: Sequence[int]  # [S] primary keys of students whose responses the model has not all seen
    histories: StoredHistories  # of the stale

    @property
    def last(self) -> int:
        """Primary key of the last student."""
        return self.listed[-1][0]


def chunk_size(n_skills: int) -> int:
    """Students to a chunk of a model with so many skills."""
    return max(1, min(MOST_STUDENTS, MOST_CELLS // max(1, n_skills)))


def read_chunks(
    sessions: SessionFactory, model_id: UUID, list_students: ListStudents, *, size: int, after: int = 0
) -> Iterator[Chunk]:
    """All students that `list_students` lists, from the key `after` on."""
    while True:
        # One snapshot: a student's count and history belong together.
        with read_scope(sessions) as session:
            listed = _bounded(list_students(session, after, size))
            if not listed:
                return
            included = read_included(session, model_id, [pk for pk, _ in listed])
            stale = [pk for pk, n_interactions in listed if included.get(pk, 0) < n_interactions]
            chunk = Chunk(listed, stale, read_histories(session, stale))
        yield chunk
        after = chunk.last


def _bounded(listed: Sequence[Counted]) -> Sequence[Counted]:
    """As many of the first as have few enough responses together; at least one."""
    totals = accumulate(n_interactions for _, n_interactions in listed)
    return listed[: max(1, sum(total <= MOST_RESPONSES for total in totals))]


def score_chunks(
    engine: "Engine",
    chunks: Iterator[Chunk],
    *,
    model_id: UUID,
    store: Callable[[Chunk, StateBatch | None], object],
    must_stop: Callable[[], bool],
) -> int:
    """Score every stale student and have chunk after chunk stored, in order; how many were scored.

    `store` gets None instead of states where nobody was stale. It runs in a thread of its own.
    """
    n_scored, stored = 0, Future[object]()
    stored.set_result(None)
    with ThreadPoolExecutor(1, "read") as reader, ThreadPoolExecutor(1, "store") as writer:
        coming = reader.submit(next, chunks, None)
        while not must_stop() and (chunk := coming.result()) is not None:
            coming = reader.submit(next, chunks, None)
            states = _score(engine, chunk, model_id) if chunk.stale else None
            stored.result()
            stored = writer.submit(store, chunk, states)
            n_scored += len(chunk.stale)
        stored.result()
    return n_scored


def _score(engine: "Engine", chunk: Chunk, model_id: UUID) -> StateBatch:
    from ikt_model.inference import Histories

    stored = chunk.histories
    asked = Histories(
        offsets=stored.offsets,
        skill_sets=stored.skill_sets,
        names=stored.names,
        responses=stored.responses,
    )
    return _states(engine.score(asked), chunk, model_id)


def _states(scores: "Scores", chunk: Chunk, model_id: UUID) -> StateBatch:
    starts, ends = chunk.histories.offsets[:-1], chunk.histories.offsets[1:]
    occurred_at = chunk.histories.occurred_at
    return StateBatch(
        model_id=model_id,
        student_pks=np.asarray(chunk.stale, np.int64),
        theta=scores.theta,
        theta_reference=scores.theta_reference,
        theta_reference_sd=scores.theta_reference_sd,
        n_interactions=ends - starts,
        as_of=occurred_at[ends - 1],
        mastery=scores.mastery,
        probability=scores.probability,
        mastery_reference=scores.mastery_reference,
        evidence=scores.evidence,
        last_practised=_moments(scores.last_step, starts, occurred_at),
        mastered_at=_moments(scores.mastered_step, starts, occurred_at),
    )


def _moments(
    steps: NDArray[np.int32], starts: NDArray[np.int64], occurred_at: NDArray[np.int64]
) -> NDArray[np.int64]:
    """When these steps of each history happened [S, K], µs since 1970; 0 where the step is -1."""
    return np.where(steps >= 0, occurred_at[starts[:, None] + np.maximum(steps, 0)], 0)
