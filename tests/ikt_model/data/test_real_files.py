"""The two public data sets, where they lie beside the repository."""

from pathlib import Path

import numpy as np
import pytest

from ikt_model.data.readers import read_dataset
from ikt_model.data.sequences import describe
from ikt_model.references.counts import set_design

DATA = Path(__file__).parents[4] / "shared" / "data"


def real_file(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the data file ../shared/data/{name} is not beside this repository")
    return path


def test_assistments_2015_reads_as_published() -> None:
    sequences = read_dataset(real_file("assist2015/train_valid.csv"))
    facts = describe(sequences)
    assert (facts["n_students"], facts["n_responses"], facts["n_skills"]) == (15_275, 544_339, 100)
    assert facts["n_multi_skill_steps"] == 0
    assert facts["share_correct"] == pytest.approx(0.733, abs=0.0005)
    assert facts["students_per_fold"] == dict.fromkeys("01234", 3055)
    assert sequences.vocabulary.names == tuple(map(str, range(100)))


def test_assistments_2009_groups_the_rows_of_an_item() -> None:
    path = real_file("assist2009/events.csv")
    sequences = read_dataset(path)
    facts = describe(sequences)
    assert (facts["n_students"], facts["n_skills"]) == (4_150, 110)
    n_rows = path.read_bytes().count(b"\n") - 1
    assert n_rows == 325_589
    # Only an attempt at a skill once more leaves two neighbouring steps with one item and one answer.
    assert sequences.items is not None
    items, sets = sequences.items.indices.to_numpy(), sequences.skill_sets
    alike = (np.diff(items) == 0) & (np.diff(sequences.student_of_step()) == 0)
    alike &= np.diff(sequences.responses) == 0
    members = set_design(sequences.vocabulary).toarray()
    assert (members[sets[:-1][alike]] * members[sets[1:][alike]]).sum(axis=1).min() > 0
    assert alike.sum() < 100
    assert facts["n_responses"] == 274_561
    assert sequences.vocabulary.set_sizes[sets].sum() == n_rows
