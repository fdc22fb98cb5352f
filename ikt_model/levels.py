"""Named levels of mastery: words for M, where they begin, and what counts as mastered."""

import numpy as np
from numpy.typing import NDArray

LEVELS = (("beginning", 0.0), ("developing", 0.5), ("proficient", 0.7), ("mastered", 0.85))
"""Each level and the least M that belongs to it."""
MASTERED = 0.85


def level_of(mastery: NDArray[np.floating]) -> NDArray[np.int64]:
    """Index into LEVELS of each mastery, of any shape; the first one's where there is none (NaN)."""
    cuts = np.array([least for _, least in LEVELS[1:]])
    return np.asarray(np.searchsorted(cuts, np.nan_to_num(mastery, nan=0.0), side="right"))
