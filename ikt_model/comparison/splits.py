"""Whether held-out students were really held out: labels, students, sequences and the reference's fit.

S students, N responses, K skills.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.special import gammaln

from ikt_model.comparison.findings import Finding, Status, grade
from ikt_model.data.sequences import Sequences
from ikt_model.data.vocabulary import SkillVocabulary

Answer = Callable[[Sequences], pa.Table]
"""Predictions for some students, as a table of `evaluation.predictions_table`."""

SAMPLE_STUDENTS = 64
SAMPLE_STEPS = 2048  # asked four times: a large network takes about a second per thousand on a CPU
RARE_BITS = (
    14.0  # a history whose right and wrong answers could stand in 2¹⁴ orders is not met twice by chance
)
MOST_DUPLICATES = (0.001, 0.01)  # share of held-out students from which to warn, to fail
AFTER = ("mastery_after",)  # columns that may know the response of their own row
NOT_SAID = ("student_id", "position", "skills", "response")


def future_labels(answer: Answer, held_out: Sequences, *, protocol: str, seed: int = 0) -> Finding:
    """Flip every response from some step on: nothing that is said up to that step may move by one bit."""
    sample = _sample(held_out, np.random.default_rng(seed))
    cut = np.random.default_rng(seed + 1).integers(1, np.maximum(sample.lengths, 2))  # [S]
    owner = sample.student_of_step()
    position = np.arange(sample.n_responses) - sample.offsets[owner]
    flipped = np.where(position >= cut[owner], 1 - sample.responses, sample.responses).astype(np.int8)
    said, said_then = answer(sample), answer(replace(sample, responses=flipped))
    row_cut = cut[pc.index_in(said["student_id"], value_set=sample.student_ids).to_numpy()]
    row = said["position"].to_numpy()
    early, moved = 0, 0
    changed = 0
    for name in said.column_names:
        if name in NOT_SAID:
            continue
        differs = ~_same(said[name].to_numpy(), said_then[name].to_numpy())
        known = row < row_cut if name in AFTER else row <= row_cut
        early += int(known.sum())
        moved += int((differs & known).sum())
        changed += int((differs & ~known).sum())
    message = (
        f"{moved:,} of {early:,} values said before a response moved when later responses were flipped: "
        "the future leaks into them."
        if moved
        else f"None of {early:,} values moved when later responses of {sample.n_students:,} students were "
        f"flipped ({changed:,} later ones did)."
    )
    return Finding(f"future_labels_{protocol}", "fail" if moved else "pass", float(moved), 0.0, message)


def _sample(held_out: Sequences, generator: np.random.Generator) -> Sequences:
    """Some students with something to flip and something to predict."""
    order = generator.permutation(np.flatnonzero(held_out.lengths >= 3))[:SAMPLE_STUDENTS]
    fitting = np.cumsum(held_out.lengths[order]) <= SAMPLE_STEPS
    fitting[:1] = True
    return held_out.select(np.sort(order[fitting]))


def _same(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.bool_]:
    return np.asarray((first == second) | (np.isnan(first) & np.isnan(second)))


def reference_fit(responses_per_skill: NDArray[np.int64], sequences: Sequences, *, fold: int) -> Finding:
    """The reference rests on exactly the training students' responses, counted by skill [K]."""
    held_out = sequences.folds == fold
    expected = count_by_skill(sequences.select(~held_out))
    excess = int(np.abs(responses_per_skill.astype(np.int64) - expected).sum())
    everyone = expected + count_by_skill(sequences.select(held_out))
    if not excess:
        message = f"The reference rests on the {int(expected.sum()):,} responses of training students alone."
    elif np.array_equal(responses_per_skill, everyone):
        message = "The reference was fitted on the held-out students too: its targets know their answers."
    else:
        message = f"The reference rests on {excess:,} responses more or fewer than the training students'."
    return Finding("reference_fit", "fail" if excess else "pass", float(excess), 0.0, message)


def count_by_skill(sequences: Sequences) -> NDArray[np.int64]:
    """How many responses each skill has [K]; one on several skills counts for each."""
    vocabulary = sequences.vocabulary
    per_set = np.bincount(sequences.skill_sets, minlength=vocabulary.n_sets)
    return sum_by_skill(per_set, vocabulary).astype(np.int64)


def sum_by_skill(per_set: NDArray[Any], vocabulary: SkillVocabulary) -> NDArray[np.float64]:
    """Sums over the sets that a skill belongs to, [C] -> [K]."""
    spread = np.repeat(per_set, vocabulary.set_sizes)
    sums = np.bincount(vocabulary.set_members, weights=spread, minlength=vocabulary.n_skills)
    return sums.astype(np.float64)


def student_overlap(sequences: Sequences, *, fold: int) -> Finding:
    """Nobody is in training and held out at once."""
    held_out = pa.array(sequences.folds == fold)
    ours = sequences.student_ids.filter(held_out)
    theirs = sequences.student_ids.filter(pc.invert(held_out))
    shared = int(pc.sum(pc.is_in(ours, value_set=theirs)).as_py() or 0)
    message = (
        f"{shared:,} of {len(ours):,} held-out students are training students too."
        if shared
        else f"None of {len(ours):,} held-out students is a training student."
    )
    return Finding("student_overlap", "fail" if shared else "pass", float(shared), 0.0, message)


def duplicate_sequences(sequences: Sequences, *, fold: int, seed: int = 0) -> Finding:
    """Held-out histories that a training student has too, skill for skill and answer for answer.

    Only those count that are unlikely to be equal by chance: many students answer ten questions on one skill,
    all of them right.
    """
    rare = _order_bits(sequences) >= RARE_BITS
    keys = _history_keys(sequences, seed)
    held_out = sequences.folds == fold
    ours = keys[held_out & rare]
    copies = int(np.isin(ours, keys[~held_out & rare]).sum())
    share = copies / max(len(ours), 1)
    warn, fail = MOST_DUPLICATES
    status: Status = grade(share, warn_above=warn, fail_above=fail)
    message = (
        f"{copies:,} of {len(ours):,} held-out histories that chance would not repeat are equal to a "
        "training student's."
    )
    return Finding("duplicate_sequences", status, share, warn, message)


def _order_bits(sequences: Sequences) -> NDArray[np.float64]:
    """log2 of the number of orders in which a student's right and wrong answers could stand [S]."""
    right = np.bincount(
        sequences.student_of_step(), weights=sequences.responses, minlength=sequences.n_students
    )
    n = sequences.lengths.astype(np.float64)
    return np.asarray((gammaln(n + 1) - gammaln(right + 1) - gammaln(n - right + 1)) / np.log(2))


def _history_keys(sequences: Sequences, seed: int) -> NDArray[np.uint64]:
    """A 64-bit key per student; two different histories share one with probability 2⁻⁶⁴ or so."""
    generator = np.random.default_rng(seed)

    def draw(size: int) -> NDArray[np.uint64]:
        return generator.integers(0, 2**64, max(size, 1), dtype=np.uint64)

    events = draw(2 * sequences.vocabulary.n_sets)[2 * sequences.skill_sets + sequences.responses]
    owner = sequences.student_of_step()
    places = draw(int(sequences.lengths.max(initial=0)) + 1) | np.uint64(1)
    mixed = events * places[np.arange(sequences.n_responses) - sequences.offsets[owner]]
    running = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed, dtype=np.uint64)])
    sums = running[sequences.offsets[1:]] - running[sequences.offsets[:-1]]  # modulo 2⁶⁴ throughout
    return np.asarray(sums + places[0] * sequences.lengths.astype(np.uint64))
