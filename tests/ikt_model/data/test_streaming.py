"""Batches from shards: every window once, the same by seed and epoch, with few shards at a time."""

import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ikt_model.data import streaming
from ikt_model.data.batches import Batch, WindowedSteps, Windows
from ikt_model.data.sequences import Sequences
from ikt_model.data.shards import Shards
from ikt_model.data.streaming import ShardedBatches
from ikt_model.references.rasch import RaschCalibration, fit_rasch
from ikt_model.settings import RaschSettings
from tests.ikt_model.classrooms import random_histories
from tests.ikt_model.references.test_sharded import write_shards

WINDOW, TOKENS, HELD_OUT = 16, 200, 1
N_SHARDS = 5


@pytest.fixture(scope="module")
def sequences() -> Sequences:
    return random_histories(60, seed=8)


@pytest.fixture(scope="module")
def calibration(sequences: Sequences) -> RaschCalibration:
    return fit_rasch(sequences, settings=RaschSettings())


@pytest.fixture(scope="module")
def shards(sequences: Sequences, tmp_path_factory: pytest.TempPathFactory) -> Shards:
    return write_shards(sequences, tmp_path_factory.mktemp("shards"), N_SHARDS)


@pytest.fixture
def stream(shards: Shards, calibration: RaschCalibration) -> ShardedBatches:
    return ShardedBatches(shards, calibration, window=WINDOW, batch_tokens=TOKENS, held_out=HELD_OUT)


def rows_of(batches: list[Batch]) -> list[tuple[float, ...]]:
    """What is known of every window, without the padding, in an order of its own."""
    names = ("skill_sets", "responses", "theta_reference", "mastery_reference", "state", "query")
    rows = []
    for batch in batches:
        for row, valid in enumerate(batch.valid):
            values = [getattr(batch, name)[row][valid].reshape(-1) for name in names]
            rows.append(tuple(torch.cat(values).tolist()))
    return sorted(rows)


def test_an_epoch_is_every_training_window_as_in_memory(
    stream: ShardedBatches, sequences: Sequences, calibration: RaschCalibration
) -> None:
    windows = Windows.cut(sequences, window=WINDOW, students=sequences.folds != HELD_OUT)
    data = WindowedSteps(sequences, calibration.targets(sequences))
    expected = data.gather(windows, np.arange(len(windows.starts)))

    found = list(stream.epoch(seed=3, epoch=1))

    assert rows_of(found) == rows_of([expected])
    assert max(batch.valid.numel() for batch in found) <= TOKENS


def test_seed_and_epoch_alone_decide_the_order(stream: ShardedBatches) -> None:
    def order(seed: int, epoch: int) -> list[list[int]]:
        return [batch.responses.reshape(-1).tolist() for batch in stream.epoch(seed=seed, epoch=epoch)]

    assert order(3, 1) == order(3, 1)
    assert order(3, 1) != order(3, 2)
    assert order(3, 1) != order(4, 1)


def test_shards_are_mixed(stream: ShardedBatches, monkeypatch: pytest.MonkeyPatch) -> None:
    came: list[int] = []
    gather = WindowedSteps.gather

    def noted(self: WindowedSteps, windows: Windows, rows: np.ndarray, **options: int) -> Batch:
        came.append(id(self))
        return gather(self, windows, rows, **options)

    monkeypatch.setattr(WindowedSteps, "gather", noted)
    kept = list(replace(stream, batch_tokens=32).epoch(seed=3, epoch=1))

    assert len(kept) == len(came)
    assert int((np.diff(came) != 0).sum()) > N_SHARDS


def test_few_shards_are_held_at_a_time(stream: ShardedBatches, monkeypatch: pytest.MonkeyPatch) -> None:
    held: weakref.WeakSet[WindowedSteps] = weakref.WeakSet()
    most = 0

    class Noted(WindowedSteps):
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)  # type: ignore[arg-type]
            held.add(self)

    monkeypatch.setattr(streaming, "WindowedSteps", Noted)
    for _ in stream.epoch(seed=3, epoch=1):
        most = max(most, len(held))

    assert most <= stream.shards_in_hand + 1


def test_epochs_follow_each_other(stream: ShardedBatches) -> None:
    first, second = (list(stream.epoch(seed=3, epoch=epoch)) for epoch in (1, 2))
    batches = stream.epochs(seed=3)

    found = [next(batches) for _ in range(len(first) + len(second))]
    batches.close()

    expected = [batch.responses.tolist() for batch in first + second]
    assert [batch.responses.tolist() for batch in found] == expected


def test_students_too_young_to_train_on_are_refused(
    sequences: Sequences, calibration: RaschCalibration, tmp_path: Path
) -> None:
    empty = write_shards(sequences.select(sequences.folds == HELD_OUT), tmp_path, 2)
    stream = ShardedBatches(empty, calibration, window=WINDOW, batch_tokens=TOKENS, held_out=HELD_OUT)

    with pytest.raises(ValueError, match="at least 3 responses"):
        next(stream.epochs(seed=1))
