"""Names that are spelt alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MOST_NEAREST = 3
LEAST_ALIKE = 0.4
SPELLINGS_KEPT = 16
N_CODES = 1 << 16


def nearest_names(name: str, known: Sequence[str]) -> list[str]:
    """Up to three known names that share most pairs of neighbouring letters with this one, the most alike
    first (Dice's coefficient, at least 0.4).

    Quick enough for the thread that answers all requests: a millisecond or two for thousands of long names.
    """
    if not known:
        return []
    spelling, own = _spell(tuple(known)), _spell((name,)).pairs
    is_shared = np.zeros(N_CODES, np.int32)
    is_shared[own] = 1
    shared = np.add.reduceat(is_shared[spelling.pairs], spelling.starts)
    alike = 2 * shared / (spelling.n_pairs + len(own))
    best = np.argsort(-alike, kind="stable")[:MOST_NEAREST]
    return [known[at] for at in best.tolist() if alike[at] >= LEAST_ALIKE]


@dataclass(frozen=True, slots=True, eq=False)
class _Spelling:
    """The distinct pairs of neighbouring letters of K names, those of one name after those of the other."""

    pairs: NDArray[np.int64]  # as numbers below N_CODES; a few pairs share theirs
    starts: NDArray[np.int64]  # [K]
    n_pairs: NDArray[np.int64]  # [K]


@lru_cache(SPELLINGS_KEPT)
def _spell(names: tuple[str, ...]) -> _Spelling:
    folded = [name.casefold() for name in names]
    # Ends are letters of their own, so that a single letter has pairs, too; neighbours share theirs.
    text = "\n".join(["", *folded, ""])
    letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int64)
    codes = (letters[:-1] * 31 + letters[1:]) % N_CODES
    owners = np.repeat(np.arange(len(names)), [len(name) + 1 for name in folded])
    found = np.sort(owners * N_CODES + codes)
    distinct = found[np.diff(found, prepend=-1) > 0]
    n_pairs = np.bincount(distinct // N_CODES, minlength=len(names))
    return _Spelling(distinct % N_CODES, np.cumsum(n_pairs) - n_pairs, n_pairs)
