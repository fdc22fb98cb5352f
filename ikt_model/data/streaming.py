"""Batches from shards: an endless stream of epochs with memory for a few shards, whatever the number of them.

An epoch visits the shards in an order of its own. A few are in hand at a time, and each batch comes from one
of them, drawn by lot; when one is spent, the next takes its place, which a thread has loaded meanwhile, with
evidence and reference targets worked out. A shard is a random part of the students, so a batch from one shard
says no less than a batch from all.
"""

from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ikt_model.data.batches import Batch, WindowedSteps, Windows, batch_rows
from ikt_model.data.shards import Shards
from ikt_model.references.protocol import Calibration

SHARDS_IN_HAND = 2


@dataclass(frozen=True, slots=True)
class _Hand:
    """A shard that batches are drawn from."""

    data: WindowedSteps
    windows: Windows
    rows: list[NDArray[np.int64]]  # of the batches that are left, the next one last


@dataclass(frozen=True, slots=True)
class ShardedBatches:
    """Training batches of all students outside a fold.

    `shards_in_hand` are mixed at a time, and one more waits: memory is bounded by so many shards, each of
    about 100 bytes per response once loaded and three times that while it is.
    """

    shards: Shards
    calibration: Calibration
    window: int
    batch_tokens: int
    held_out: int | None = None
    shards_in_hand: int = SHARDS_IN_HAND
    device: str = "cpu"

    def epoch(self, *, seed: int, epoch: int) -> Generator[Batch, None, None]:
        """Every training window once, in an order that `seed` and `epoch` alone decide."""
        generator = np.random.default_rng([seed, epoch])
        order = generator.permutation(len(self.shards)).tolist()
        # Shards shuffle with generators of their own: a thread that drew from this one would race with it.
        with ThreadPoolExecutor(1, thread_name_prefix="shards") as loader:
            waiting = iter(order)

            def load_next() -> Future[_Hand] | None:
                index = next(waiting, None)
                return None if index is None else loader.submit(self._load, index, [seed, epoch, index])

            coming, hands = load_next(), list[_Hand]()
            while coming or hands:
                while coming and len(hands) < self.shards_in_hand:
                    hand, coming = coming.result(), load_next()
                    if hand.rows:
                        hands.append(hand)
                if not hands:
                    return
                place = int(generator.integers(len(hands)))
                hand = hands[place]
                yield hand.data.gather(hand.windows, hand.rows.pop(), least_width=1)
                if not hand.rows:
                    del hands[place], hand

    def epochs(self, *, seed: int, first: int = 1) -> Generator[Batch, None, None]:
        """Epoch after epoch, without end. Raises ValueError where an epoch holds no batch."""
        epoch = first
        while True:
            batch = None
            with closing(self.epoch(seed=seed, epoch=epoch)) as batches:
                for batch in batches:
                    yield batch
            if batch is None:
                raise ValueError(
                    "shards: no training history has at least 3 responses; add data or hold out another fold"
                )
            epoch += 1

    def _load(self, index: int, seed: list[int]) -> _Hand:
        sequences = self.shards.load(index)
        if self.held_out is not None:
            sequences = sequences.select(sequences.folds != self.held_out)
        everyone = np.ones(sequences.n_students, bool)
        windows = Windows.cut(sequences, window=self.window, students=everyone)
        rows = batch_rows(
            windows.lengths, batch_tokens=self.batch_tokens, generator=np.random.default_rng(seed)
        )
        data = WindowedSteps(
            sequences,
            self.calibration.targets(sequences),
            decay=self.calibration.decay,
            device=self.device,
        )
        return _Hand(data, windows, list(rows))
