import numpy as np

from ikt_model.data.alignment import align_skills
from ikt_model.references.counts import set_design
from tests.ikt_model.classrooms import random_histories


def test_histories_keep_their_steps_under_another_numbering() -> None:
    sequences = random_histories(10, seed=2)
    names = ("e", "d", "new", "c", "b", "a")
    aligned, known = align_skills(sequences, names)
    assert known.all()
    for step in range(sequences.n_responses):
        before = {
            sequences.vocabulary.names[m]
            for m in sequences.vocabulary.members(int(sequences.skill_sets[step]))
        }
        after = {names[m] for m in aligned.vocabulary.members(int(aligned.skill_sets[step]))}
        assert before == after


def test_steps_without_a_known_skill_are_left_out() -> None:
    sequences = random_histories(10, seed=2)
    aligned, known = align_skills(sequences, ("a", "b"))
    holds_known = set_design(sequences.vocabulary).toarray()[:, :2].any(axis=1)[sequences.skill_sets]
    np.testing.assert_array_equal(known, holds_known)
    np.testing.assert_array_equal(aligned.responses, sequences.responses[holds_known])
    assert aligned.offsets[-1] == known.sum()
    assert aligned.n_students == sequences.n_students
