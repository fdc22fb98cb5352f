import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ikt_model.data.features import DECAY, evidence
from ikt_model.data.sequences import Sequences
from tests.ikt_model.classrooms import random_histories, with_responses


def counted_by_hand(sequences: Sequences, step: int, student: int, skill: int) -> list[float]:
    """Right, wrong, decayed right, decayed wrong of one skill before a step, the slow way."""
    right = wrong = faded_right = faded_wrong = 0.0
    for earlier in range(int(sequences.offsets[student]), step):
        if skill in sequences.vocabulary.members(int(sequences.skill_sets[earlier])):
            answer = float(sequences.responses[earlier])
            right, wrong = right + answer, wrong + 1 - answer
            faded_right, faded_wrong = DECAY * faded_right + answer, DECAY * faded_wrong + 1 - answer
    # `before` holds sums of the earlier attempts, the last of them undiscounted
    return [right, wrong, faded_right, faded_wrong]


def test_evidence_equals_a_count_by_hand() -> None:
    sequences = random_histories(12, seed=3)
    known = evidence(sequences)
    owner = sequences.student_of_step()
    for step in range(sequences.n_responses):
        members = sequences.vocabulary.members(int(sequences.skill_sets[step]))
        by_hand = np.mean(
            [counted_by_hand(sequences, step, int(owner[step]), int(m)) for m in members], axis=0
        )
        np.testing.assert_allclose(np.expm1(known.query[step, :4]), by_hand, rtol=1e-4, atol=1e-5)
        answer = float(sequences.responses[step])
        np.testing.assert_allclose(
            np.expm1(known.state[step, :2]),
            by_hand[:2] + np.array([answer, 1 - answer]),
            rtol=1e-4,
            atol=1e-5,
        )


@given(seed=st.integers(0, 10_000), data=st.data())
def test_evidence_before_a_step_ignores_its_response_and_all_later_ones(
    seed: int, data: st.DataObject
) -> None:
    sequences = random_histories(4, seed=seed, longest=12)
    student = data.draw(st.integers(0, 3))
    steps = sequences.history(student)
    cut = data.draw(st.integers(steps.start, steps.stop - 1))
    flipped = sequences.responses.copy()
    flipped[cut : steps.stop] ^= 1
    known, other = evidence(sequences), evidence(with_responses(sequences, flipped))
    np.testing.assert_array_equal(known.query[steps.start : cut + 1], other.query[steps.start : cut + 1])
    np.testing.assert_array_equal(known.state[steps.start : cut], other.state[steps.start : cut])
    elsewhere = np.ones(sequences.n_responses, dtype=bool)
    elsewhere[steps] = False
    np.testing.assert_allclose(known.state[elsewhere], other.state[elsewhere], atol=1e-6)


def test_asking_again_reads_what_the_next_step_on_the_same_skill_would() -> None:
    sequences = random_histories(200, seed=10)
    known = evidence(sequences)
    sets, owner = sequences.skill_sets, sequences.student_of_step()
    repeated = np.flatnonzero(
        (sets[1:] == sets[:-1]) & (owner[1:] == owner[:-1]) & (sets[1:] < sequences.n_skills)
    )
    assert len(repeated) > 100
    np.testing.assert_allclose(known.asked_again[repeated], known.query[repeated + 1], atol=1e-6)
