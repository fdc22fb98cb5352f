"""Skills, the sets of them that steps practise, and their canonical numbering.

K skills, C skill sets, M memberships of skills in sets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class SkillVocabulary:
    """Skills and the sets of them that steps practise.

    Sets 0..K-1 are the single skills, so the set id of a one-skill step is its skill id.
    """

    names: tuple[str, ...]  # [K]
    set_members: NDArray[np.int32]  # [M] skill ids, increasing within a set
    set_offsets: NDArray[np.int64]  # [C+1]

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names):
            raise ValueError("skill names: every skill must be named once")
        if len(self.set_offsets) <= self.n_skills or self.set_offsets[-1] != len(self.set_members):
            raise ValueError("set_offsets: must cover set_members and hold each single skill first")

    @classmethod
    def of_single_skills(cls, names: Sequence[str]) -> SkillVocabulary:
        """A vocabulary whose only sets are the single skills."""
        n_skills = len(names)
        return cls(
            names=tuple(names),
            set_members=np.arange(n_skills, dtype=np.int32),
            set_offsets=np.arange(n_skills + 1, dtype=np.int64),
        )

    @property
    def n_skills(self) -> int:
        return len(self.names)

    @property
    def n_sets(self) -> int:
        return len(self.set_offsets) - 1

    @property
    def set_sizes(self) -> NDArray[np.int64]:
        """[C] number of skills in each set."""
        return np.diff(self.set_offsets)

    @cached_property
    def skill_ids(self) -> dict[str, int]:
        """Skill name -> skill id."""
        return {name: index for index, name in enumerate(self.names)}

    def members(self, set_id: int) -> NDArray[np.int32]:
        """Skill ids of one set."""
        return self.set_members[self.set_offsets[set_id] : self.set_offsets[set_id + 1]]

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "names": list(self.names),
            "set_members": self.set_members.tolist(),
            "set_offsets": self.set_offsets.tolist(),
        }

    @classmethod
    def from_plain(cls, stored: dict[str, Any]) -> SkillVocabulary:
        """The inverse of `to_plain`."""
        return cls(
            names=tuple(stored["names"]),
            set_members=np.array(stored["set_members"], dtype=np.int32),
            set_offsets=np.array(stored["set_offsets"], dtype=np.int64),
        )


def index_skills(
    names: Sequence[str], *, skills: NDArray[np.integer[Any]], offsets: NDArray[np.int64]
) -> tuple[SkillVocabulary, NDArray[np.int32]]:
    """Vocabulary and set id of each step from flat (step -> skills) arrays.

    Step t practises names[skills[offsets[t]:offsets[t+1]]]; repeats inside a step count once. The result
    depends on content alone: skills in natural order of their names ("2" before "10"), unused names left out.
    """
    used = np.zeros(len(names), dtype=bool)
    used[skills] = True
    order = sorted(np.flatnonzero(used).tolist(), key=lambda index: natural_key(names[index]))
    rank = np.zeros(len(names), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    vocabulary = SkillVocabulary.of_single_skills([names[index] for index in order])
    ranked = rank[skills]
    if np.array_equal(offsets, np.arange(len(ranked) + 1)):  # one skill in every step
        return vocabulary, ranked
    return _with_skill_sets(vocabulary, ranked, offsets)


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key that reads runs of digits as numbers."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(0, int(p), "") if p[0] in "0123456789" else (1, 0, p) for p in pieces], name


def _with_skill_sets(
    singles: SkillVocabulary, skills: NDArray[np.int32], offsets: NDArray[np.int64]
) -> tuple[SkillVocabulary, NDArray[np.int32]]:
    sizes = np.diff(offsets)
    if sizes.min(initial=1) < 1:
        raise ValueError("offsets: every step must practise at least one skill")
    set_ids = skills[offsets[:-1]].astype(np.int32)
    several = np.flatnonzero(sizes > 1)
    members, member_offsets = _distinct_members(skills, offsets[several], sizes[several])
    sizes_of_several = np.diff(member_offsets)
    all_members, all_sizes = [singles.set_members], [np.ones(singles.n_skills, dtype=np.int64)]
    next_id = singles.n_skills
    for size in np.unique(sizes_of_several[sizes_of_several > 1]):
        rows = np.flatnonzero(sizes_of_several == size)
        table = members[member_offsets[rows][:, None] + np.arange(size)]  # [rows, size]
        sets, index = np.unique(table, axis=0, return_inverse=True)
        set_ids[several[rows]] = next_id + index.reshape(-1)
        all_members.append(sets.reshape(-1))
        all_sizes.append(np.full(len(sets), size, dtype=np.int64))
        next_id += len(sets)
    vocabulary = SkillVocabulary(
        names=singles.names,
        set_members=np.concatenate(all_members).astype(np.int32),
        set_offsets=offsets_of(np.concatenate(all_sizes)),
    )
    return vocabulary, set_ids


def _distinct_members(
    skills: NDArray[np.int32], starts: NDArray[np.int64], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Members of each chosen step, increasing and without repeats, with their offsets."""
    flat = np.repeat(starts - offsets_of(sizes)[:-1], sizes) + np.arange(sizes.sum())
    row = np.repeat(np.arange(len(sizes)), sizes)
    member = skills[flat]
    order = np.lexsort((member, row))
    row, member = row[order], member[order]
    first = np.ones(len(row), dtype=bool)
    first[1:] = (row[1:] != row[:-1]) | (member[1:] != member[:-1])
    counts = np.bincount(row[first], minlength=len(sizes))
    return member[first], offsets_of(counts)


def offsets_of(lengths: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Where each run starts in a flat array, and where the last one ends."""
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
