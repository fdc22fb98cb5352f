import numpy as np

from ikt_model.data.features import evidence
from ikt_model.data.sequences import Sequences
from ikt_model.data.tally import NEVER, Tally
from tests.ikt_model.classrooms import first_steps, random_histories


def practised(sequences: Sequences, step: int) -> np.ndarray:
    mask = np.zeros((1, sequences.n_skills), bool)
    mask[0, sequences.vocabulary.members(int(sequences.skill_sets[step]))] = True
    return mask


def test_a_tally_is_what_one_more_step_would_see() -> None:
    sequences = random_histories(6, seed=8)
    known = evidence(sequences)
    n_compared = 0
    for student in range(sequences.n_students):
        steps = sequences.history(student)
        last = steps.stop - 1
        earlier = first_steps(sequences, student, last - steps.start)
        members = sequences.vocabulary.members(int(sequences.skill_sets[last]))
        tally = Tally.of(earlier)
        assert tally.attempts.sum() >= earlier.n_responses
        if len(members) == 1:
            n_compared += 1
            np.testing.assert_allclose(tally.query[0, members[0]], known.query[last], atol=1e-6)
    assert n_compared > 2


def test_students_are_kept_apart() -> None:
    sequences = random_histories(6, seed=9)
    together = Tally.of(sequences)
    for student in range(sequences.n_students):
        alone = Tally.of(first_steps(sequences, student, int(sequences.lengths[student])))
        one = together.select(slice(student, student + 1))
        np.testing.assert_array_equal(one.query, alone.query)
        np.testing.assert_array_equal(one.attempts, alone.attempts)
        np.testing.assert_array_equal(one.last, alone.last)


def test_counting_on_is_counting_all() -> None:
    sequences = random_histories(5, seed=3)
    known = evidence(sequences)
    for student in range(sequences.n_students):
        steps = sequences.history(student)
        tally = Tally.of(first_steps(sequences, student, 0))
        assert (tally.last == NEVER).all()
        for step in range(steps.start, steps.stop):
            answer = sequences.responses[step : step + 1]
            skills = practised(sequences, step)
            np.testing.assert_allclose(tally.state_after(skills, answer)[0], known.state[step], atol=1e-6)
            tally = tally.add(skills, answer)
        whole = Tally.of(first_steps(sequences, student, steps.stop - steps.start))
        np.testing.assert_allclose(tally.counts, whole.counts, rtol=1e-12)
        for column in ("last", "overall", "lengths"):
            np.testing.assert_array_equal(getattr(tally, column), getattr(whole, column))
