"""Distinct runs of answers: nothing of the likelihood is lost, however the students were parted."""

import numpy as np
import pytest

from ikt_model.references import run_counts
from ikt_model.references.knowledge import Runs, expect, expect_all
from ikt_model.references.run_counts import RunCounts
from tests.ikt_model.classrooms import classroom, random_histories
from tests.ikt_model.references.builders import sequences_of

PARAMETERS = np.tile([0.5, 0.2, 0.3, 0.1, 0.05], (5, 1))


@pytest.mark.parametrize("by_skill", [True, False])
@pytest.mark.parametrize("block_attempts", [run_counts.BLOCK_ATTEMPTS, 50])
def test_equal_runs_count_once_and_weigh_as_many(
    by_skill: bool, block_attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_counts, "BLOCK_ATTEMPTS", block_attempts)
    sequences = classroom(1000, 5).sequences
    runs = Runs.of(sequences)

    blocks = RunCounts.of(sequences).blocks(by_skill=by_skill)

    assert sum(len(block.skills) for block in blocks) < len(runs.skills) / 2
    assert sum(block.weights.sum() for block in blocks) == len(runs.skills)
    ours, theirs = expect_all(blocks, PARAMETERS), expect(runs, PARAMETERS)
    for name in ("happened", "tried", "log_likelihood"):
        np.testing.assert_allclose(getattr(ours, name).sum(axis=0), getattr(theirs, name).sum(axis=0))
        if by_skill:
            np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name))


def test_runs_longer_than_an_integer_stay_apart() -> None:
    answers = np.tile([1, 0, 1], 70)
    sequences = sequences_of(np.zeros(420), np.concatenate([answers, answers]), np.array([210, 210]), 1)

    (block,) = RunCounts.of(sequences).blocks(by_skill=True)

    assert block.weights.tolist() == [1, 1]
    assert block.right.sum() == 280
    assert len(block.right) == 420


def test_parts_of_the_students_make_the_whole() -> None:
    sequences = random_histories(70, seed=4, longest=300)
    owner = np.arange(70) % 7
    whole = RunCounts.of(sequences)

    merged = RunCounts.merged(RunCounts.of(sequences.select(owner == part)) for part in range(7))

    for name in ("skills", "lengths", "codes", "counts"):
        np.testing.assert_array_equal(getattr(merged, name), getattr(whole, name))
    assert len(whole.long_skills) > 0
    assert sorted(merged.long_lengths.tolist()) == sorted(whole.long_lengths.tolist())
    assert merged.long_right.sum() == whole.long_right.sum()
