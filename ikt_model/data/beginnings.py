"""A history cut short: how it stood after so many responses."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ikt_model.data.sequences import Sequences, offsets_of


def beginnings_of(sequences: Sequences, lengths: NDArray[np.int64]) -> Sequences:
    """The first n steps of the only student, for each n of `lengths` [P]: P students that share a past."""
    steps = np.concatenate([np.arange(0), *(np.arange(length) for length in lengths.tolist())])
    return Sequences(
        student_ids=pa.array([str(index) for index in range(len(lengths))], pa.string()),
        folds=np.zeros(len(lengths), np.int16),
        offsets=offsets_of(lengths),
        skill_sets=sequences.skill_sets[steps],
        responses=sequences.responses[steps],
        vocabulary=sequences.vocabulary,
    )
