"""Small sequences written as plain Python, for tests to compare with what the arrays hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from ikt_model.data.folds import assign_folds
from ikt_model.data.sequences import Sequences, index_skills, offsets_of


@dataclass(frozen=True)
class Step:
    """One step of a student."""

    skills: frozenset[str]
    response: int
    timestamp: int | None = None
    item: str | None = None


History = dict[str, list[Step]]


def step(skills: str, response: int, *, timestamp: int | None = None, item: str | None = None) -> Step:
    """A step on skills named by single words."""
    return Step(frozenset(skills.split()), response, timestamp, item)


def make_sequences(
    history: History, *, times: bool = False, items: bool = False, folds: list[int] | None = None
) -> Sequences:
    """Sequences of these students, in the order given."""
    steps = [one for student in history.values() for one in student]
    names = sorted({skill for one in steps for skill in one.skills}, reverse=True)
    vocabulary, skill_sets = index_skills(
        names,
        skills=np.array(
            [names.index(skill) for one in steps for skill in sorted(one.skills)], dtype=np.int64
        ),
        offsets=offsets_of(np.array([len(one.skills) for one in steps], dtype=np.int64)),
    )
    known = [one.timestamp or 0 for one in steps]
    return Sequences(
        student_ids=pa.array(list(history), pa.string()),
        folds=assign_folds(history) if folds is None else np.array(folds, dtype=np.int16),
        offsets=offsets_of(np.array([len(student) for student in history.values()], dtype=np.int64)),
        skill_sets=skill_sets,
        responses=np.array([one.response for one in steps], dtype=np.int8),
        vocabulary=vocabulary,
        timestamps=np.array(known, dtype=np.int64) if times else None,
        items=pa.array([one.item for one in steps], pa.string()).dictionary_encode() if items else None,
    )


def history_of(sequences: Sequences) -> History:
    """The plain form of sequences."""
    names = sequences.vocabulary.names
    items = None if sequences.items is None else sequences.items.to_pylist()
    history: History = {}
    for index, student in enumerate(sequences.student_ids.to_pylist()):
        history[student] = [
            Step(
                frozenset(names[k] for k in sequences.vocabulary.members(int(sequences.skill_sets[t]))),
                int(sequences.responses[t]),
                None if sequences.timestamps is None else int(sequences.timestamps[t]),
                None if items is None else items[t],
            )
            for t in range(*sequences.history(index).indices(sequences.n_responses))
        ]
    return history


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=6
)
MILLISECONDS = st.integers(0, 4_102_444_800_000)


@st.composite
def histories(draw: st.DrawFn, *, times: bool, items: bool) -> History:
    """Students whose neighbouring steps never look like one: their items differ."""
    skills = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    several = st.frozensets(st.sampled_from(skills), min_size=1, max_size=3 if items else 1)
    history: History = {}
    for student in draw(st.lists(NAMES, min_size=1, max_size=5, unique=True)):
        length = draw(st.integers(1, 6))
        moments = sorted(draw(st.lists(MILLISECONDS, min_size=length, max_size=length)))
        history[student] = [
            Step(
                draw(several),
                draw(st.integers(0, 1)),
                moments[t] if times else None,
                f"item {t}" if items else None,
            )
            for t in range(length)
        ]
    return history
