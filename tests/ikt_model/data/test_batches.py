import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ikt_model.data.batches import MINIMUM_WIDTH, MINIMUM_WINDOW, WindowedSteps, Windows, batch_rows
from ikt_model.references import calibrate
from ikt_model.settings import RaschSettings
from tests.ikt_model.classrooms import random_histories


@given(seed=st.integers(0, 1000), window=st.integers(3, 50))
def test_windows_cover_every_history_but_for_short_rests(seed: int, window: int) -> None:
    sequences = random_histories(9, seed=seed, longest=120)
    windows = Windows.cut(sequences, window=window, students=np.ones(9, dtype=bool))
    covered = np.zeros(sequences.n_responses, dtype=int)
    for start, length in zip(windows.starts, windows.lengths, strict=True):
        covered[start : start + length] += 1
    assert covered.max(initial=0) <= 1
    assert windows.lengths.max(initial=0) <= window
    left = np.bincount(sequences.student_of_step()[covered == 0], minlength=9)
    assert left.max() < MINIMUM_WINDOW


@given(
    lengths=st.lists(st.integers(3, 200), min_size=1, max_size=60),
    budget=st.integers(8, 1000),
    seed=st.none() | st.integers(0, 99),
)
def test_batches_hold_every_row_once_within_the_budget(
    lengths: list[int], budget: int, seed: int | None
) -> None:
    sizes = np.array(lengths)
    generator = None if seed is None else np.random.default_rng(seed)
    batches = list(batch_rows(sizes, batch_tokens=budget, generator=generator))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(sizes)))
    for rows in batches:
        assert len(rows) == 1 or sizes[rows].max() * len(rows) <= budget


def test_a_batch_asks_for_the_next_step_of_the_same_student() -> None:
    sequences = random_histories(20, seed=5)
    targets = calibrate(sequences, settings=RaschSettings()).targets(sequences)
    windows = Windows.cut(sequences, window=16, students=np.ones(20, dtype=bool))
    batch = WindowedSteps(sequences, targets).gather(windows, np.arange(len(windows.starts)))
    asked = batch.steps[batch.asked].numpy()
    np.testing.assert_array_equal(batch.next_responses[batch.asked].numpy(), sequences.responses[asked + 1])
    np.testing.assert_array_equal(batch.next_skill_sets[batch.asked].numpy(), sequences.skill_sets[asked + 1])
    owner = sequences.student_of_step()
    np.testing.assert_array_equal(owner[asked], owner[asked + 1])
    assert int(batch.valid.sum()) == int(windows.lengths.sum())
    assert int(batch.asked.sum()) == int((windows.lengths - 1).sum())


def test_a_batch_is_as_wide_as_its_longest_window_or_as_is_asked() -> None:
    sequences = random_histories(20, seed=5, longest=8)
    targets = calibrate(sequences, settings=RaschSettings()).targets(sequences)
    windows = Windows.cut(sequences, window=16, students=np.ones(20, dtype=bool))
    data, rows = WindowedSteps(sequences, targets), np.arange(len(windows.starts))
    narrow, wide = data.gather(windows, rows, least_width=1), data.gather(windows, rows)
    assert narrow.steps.shape[1] == windows.lengths.max()
    assert wide.steps.shape[1] == MINIMUM_WIDTH
    assert narrow.steps[narrow.asked].tolist() == wide.steps[wide.asked].tolist()
