"""Chunks are bounded by students, responses and skills, and keep their order."""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from db.repositories.interactions import StoredHistories
from worker import chunks
from worker.chunks import Chunk, chunk_size, score_chunks

NO_HISTORIES = StoredHistories(
    offsets=np.zeros(1, np.int64),
    skill_sets=np.zeros(0, np.int32),
    names=[],
    responses=np.zeros(0, np.int8),
    occurred_at=np.zeros(0, np.int64),
)


def chunk_of(*pks: int, stale: bool = True) -> Chunk:
    return Chunk([(pk, 1) for pk in pks], pks if stale else (), NO_HISTORIES)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Its states are the primary keys."""
    monkeypatch.setattr(chunks, "_score", lambda _, chunk, __: list(chunk.stale))
    return SimpleNamespace()


@pytest.mark.parametrize(("n_skills", "students"), [(0, 2000), (100, 2000), (1000, 1000), (5_000_000, 1)])
def test_students_with_many_skills_come_in_smaller_chunks(n_skills: int, students: int) -> None:
    assert chunk_size(n_skills) == students


@pytest.mark.parametrize(
    ("lengths", "taken"), [([10, 20, 30], 3), ([400_000, 100_000, 1], 2), ([900_000, 1], 1)]
)
def test_students_with_long_histories_come_in_smaller_chunks(lengths: list[int], taken: int) -> None:
    listed = list(enumerate(lengths))
    assert chunks._bounded(listed) == listed[:taken]


def test_everything_is_stored_in_order(engine: Any) -> None:
    stored: list[Any] = []
    given = [chunk_of(1, 2), chunk_of(3, stale=False), chunk_of(4)]
    n_scored = score_chunks(
        engine,
        iter(given),
        model_id=uuid4(),
        store=lambda chunk, states: stored.append((chunk.last, states)),
        must_stop=lambda: False,
    )
    assert n_scored == 3
    assert stored == [(2, [1, 2]), (3, None), (4, [4])]


def test_a_chunk_that_can_not_be_stored_ends_it(engine: Any) -> None:
    def refuse(chunk: Chunk, _: Any) -> None:
        raise OSError(f"no room for {chunk.last}")

    with pytest.raises(OSError, match="no room for 1"):
        score_chunks(
            engine,
            iter([chunk_of(1), chunk_of(2), chunk_of(3)]),
            model_id=uuid4(),
            store=refuse,
            must_stop=lambda: False,
        )


def test_it_stops_between_chunks(engine: Any) -> None:
    stored: list[int] = []
    n_scored = score_chunks(
        engine,
        iter([chunk_of(1), chunk_of(2), chunk_of(3)]),
        model_id=uuid4(),
        store=lambda chunk, _: stored.append(chunk.last),
        must_stop=lambda: len(stored) > 0,
    )
    assert n_scored == len(stored) < 3


def test_moments_are_those_of_the_students_own_steps() -> None:
    steps = np.array([[0, -1], [-1, 1]], np.int32)
    occurred_at = np.array([100, 101, 200, 201], np.int64)
    moments = chunks._moments(steps, np.array([0, 2]), occurred_at)
    assert moments.tolist() == [[100, 0], [0, 201]]
