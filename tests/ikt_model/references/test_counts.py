"""Counts of attempts: parts add up to the whole, and how students are blocked changes nothing."""

import numpy as np
import pytest

from ikt_model.references import marginal
from ikt_model.references.counts import Counts
from ikt_model.references.marginal import fit_marginal
from tests.ikt_model.classrooms import random_histories

SEQUENCES = random_histories(50, seed=2)


def test_parts_of_the_students_make_the_whole() -> None:
    whole = Counts.of(SEQUENCES)

    merged = Counts.merged(Counts.of(SEQUENCES.select(part)) for part in np.array_split(np.arange(50), 7))

    assert (merged.attempts != whole.attempts).nnz == 0
    for name in ("right_per_student", "right_per_set", "per_skill"):
        np.testing.assert_array_equal(getattr(merged, name), getattr(whole, name))
    assert (merged.n_students, merged.n_responses) == (50, SEQUENCES.n_responses)


def test_counts_are_those_of_the_responses() -> None:
    counts, owner = Counts.of(SEQUENCES), SEQUENCES.student_of_step()

    expected = np.zeros(counts.attempts.shape)
    np.add.at(expected, (owner, SEQUENCES.skill_sets), 1)

    np.testing.assert_array_equal(counts.attempts.toarray(), expected)
    assert counts.right_per_student.sum() == counts.right_per_set.sum() == SEQUENCES.responses.sum()


@pytest.mark.parametrize("n_students", [1, 16, 50, 1000])
def test_blocks_cover_every_student(n_students: int) -> None:
    counts = Counts.of(SEQUENCES)

    blocks = list(counts.blocks(n_students))

    rows = np.concatenate([block.toarray() for block, _ in blocks])
    np.testing.assert_array_equal(rows, counts.attempts.toarray())
    assert np.concatenate([right for _, right in blocks]).tolist() == counts.right_per_student.tolist()


def test_the_fit_does_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    fits = []
    for n_students in (7, 1000):
        monkeypatch.setattr(marginal, "BLOCK_STUDENTS", n_students)
        fits.append(fit_marginal(Counts.of(SEQUENCES), grid_points=81, em_iterations=60))

    np.testing.assert_allclose(fits[0].difficulty, fits[1].difficulty, atol=1e-10)
    np.testing.assert_allclose(fits[0].difficulty_se, fits[1].difficulty_se, rtol=1e-10)
    assert fits[0].log_likelihood == pytest.approx(fits[1].log_likelihood, rel=1e-12)
