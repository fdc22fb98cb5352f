"""Rows that hold several windows: every step once, hardly a place empty, and the same in every run."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikt_model.data.batches import Windows
from ikt_model.data.packing import Packing, Slots, row_width

LENGTHS = st.lists(st.integers(3, 50), min_size=1, max_size=60).map(np.array)


def windows_of(lengths: np.ndarray) -> Windows:
    """One after the other in the flat arrays."""
    return Windows(starts=np.cumsum(lengths) - lengths, lengths=lengths, students=np.arange(len(lengths)))


@given(lengths=LENGTHS, tokens=st.integers(8, 1000), seed=st.integers(0, 99))
def test_every_step_stands_in_one_place_beside_those_of_its_window(
    lengths: np.ndarray, tokens: int, seed: int
) -> None:
    packing = Packing.of(windows_of(lengths), window=50, batch_tokens=tokens)
    steps, place = packing.epoch(np.random.default_rng(seed))
    assert steps.shape == (packing.n_batches, max(1, tokens // 56), 56)
    assert sorted(steps[steps >= 0]) == list(range(lengths.sum()))
    assert (place[steps < 0] == 0).all()
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    np.testing.assert_array_equal((steps - place)[steps >= 0], starts[steps[steps >= 0]])
    goes_on = place[..., 1:] > 0
    np.testing.assert_array_equal(steps[..., 1:][goes_on], steps[..., :-1][goes_on] + 1)
    assert (steps >= 0).any(axis=(1, 2)).all(), "a batch of nothing"


@given(lengths=LENGTHS, seed=st.integers(0, 99))
def test_how_many_rows_there_are_depends_on_the_lengths_alone(lengths: np.ndarray, seed: int) -> None:
    other = np.random.default_rng(seed).permutation(lengths)
    assert Slots.of(lengths, width=50).n_rows == Slots.of(other, width=50).n_rows
    assert Slots.of(lengths, width=50).n_rows >= -(-lengths.sum() // 50)


def test_an_order_is_that_of_its_generator_alone() -> None:
    lengths = np.random.default_rng(0).integers(3, 12, 600)
    packing = Packing.of(windows_of(lengths), window=40, batch_tokens=400)
    first, again, other = (packing.epoch(np.random.default_rng([42, epoch])) for epoch in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    beside = [{tuple(row[row >= 0]) for row in epoch[0].reshape(-1, 40)} for epoch in (first, other)]
    assert len(beside[0] & beside[1]) < 5, "the same windows stand in a row in every epoch"


@pytest.mark.parametrize("seed", range(3))
def test_hardly_a_place_is_left_empty(seed: int) -> None:
    lengths = np.clip(np.random.default_rng(seed).geometric(1 / 36, 15_000), 3, 200)
    packing = Packing.of(windows_of(lengths), window=200, batch_tokens=2048)
    places = packing.n_batches * packing.rows_per_batch * packing.width
    assert lengths.sum() / places >= 0.99


def test_long_windows_of_one_length_have_a_row_each() -> None:
    slots = Slots.of(np.full(7, 30), width=40)
    assert slots.n_rows == 7
    assert slots.offsets.tolist() == [0] * 7


def test_windows_longer_than_a_row_are_refused() -> None:
    with pytest.raises(ValueError, match="window of 41 steps in rows of 40"):
        Slots.of(np.array([3, 41]), width=40)


def test_rows_are_as_wide_as_kernels_want_them() -> None:
    assert [row_width(window) for window in (16, 30, 200, 201)] == [16, 32, 200, 208]
