"""Students' responses as callers have them, and in the numbering of a model.

S students, N responses, K skills.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ikt_model.data.alignment import number_sets
from ikt_model.data.sequences import Sequences, SkillVocabulary, offsets_of


@dataclass(frozen=True, slots=True)
class History:
    """One student's responses in order of practice."""

    skills: Sequence[Sequence[str]]  # names of each step's skills
    responses: Sequence[int]  # 0 or 1

    def __post_init__(self) -> None:
        if len(self.skills) != len(self.responses):
            raise ValueError(f"responses: {len(self.responses)} for {len(self.skills)} steps; give one each")
        if not set(self.responses) <= {0, 1}:
            raise ValueError("responses: each must be 0 (wrong) or 1 (right)")


@dataclass(frozen=True, slots=True)
class Histories:
    """Responses of S students, one student after another."""

    offsets: NDArray[np.int64]  # [S + 1] where each student's responses begin
    skill_sets: NDArray[np.int32]  # [N] index into `names`
    names: Sequence[tuple[str, ...]]  # skills of each distinct set
    responses: NDArray[np.int8]  # [N]

    @classmethod
    def of(cls, students: Sequence[History]) -> "Histories":
        """The same from lists."""
        ids: dict[tuple[str, ...], int] = {}
        steps = chain.from_iterable(history.skills for history in students)
        sets = [ids.setdefault(tuple(names), len(ids)) for names in steps]
        return cls(
            offsets=offsets_of(np.array([len(history.responses) for history in students], np.int64)),
            skill_sets=np.array(sets, np.int32),
            names=list(ids),
            responses=np.array(list(chain.from_iterable(history.responses for history in students)), np.int8),
        )

    @property
    def n_students(self) -> int:
        return len(self.offsets) - 1

    def between(self, first: int, last: int) -> "Histories":
        """Those of the students first, …, last − 1."""
        steps = slice(int(self.offsets[first]), int(self.offsets[last]))
        return Histories(
            self.offsets[first : last + 1] - self.offsets[first],
            self.skill_sets[steps],
            self.names,
            self.responses[steps],
        )


class Numbering:
    """A model's skills by name, and for every skill set a number that means the same set for ever."""

    def __init__(self, skills: tuple[str, ...]) -> None:
        self.skills = skills
        self._position = {name: index for index, name in enumerate(skills)}

    def sequences(self, histories: Histories) -> tuple[Sequences, NDArray[np.bool_]]:
        """Histories over the model's skills, and which of their steps are among them [N].

        A skill that the model does not know is taken from its step, a step with no known skill is left out.
        """
        position = self._position
        sets = [
            tuple(sorted({position[name] for name in names if name in position})) for names in histories.names
        ]
        vocabulary, ids = number_sets(sets, self.skills)
        numbered = ids[histories.skill_sets] if len(ids) else histories.skill_sets
        known = numbered >= 0
        owner = np.repeat(np.arange(histories.n_students), np.diff(histories.offsets))
        lengths = np.bincount(owner[known], minlength=histories.n_students)
        return _sequences(vocabulary, lengths, numbered[known], histories.responses[known]), known

    def lasting(self, vocabulary: SkillVocabulary) -> NDArray[np.int64]:
        """The number of each skill set of the vocabulary [C]: a single skill's is its position."""
        several = range(vocabulary.n_skills, vocabulary.n_sets)
        numbers = [self.number(members_of(vocabulary, index)) for index in several]
        return np.concatenate([np.arange(vocabulary.n_skills), np.array(numbers, np.int64)])

    def number(self, members: tuple[int, ...]) -> int:
        """The number of a set of several skills: far behind the positions, and no other set's but by a chance
        of 2⁻⁶¹.
        """
        return len(self.skills) + hash(members) % 2**61

    def restore(
        self,
        lengths: NDArray[np.int64],
        names: NDArray[np.int64],
        responses: NDArray[np.int8],
        several: Mapping[int, tuple[int, ...]],
    ) -> Sequences:
        """Steps of students [S] whose skill sets are given by their numbers [N]; `several` says which skills
        those numbers stand for that are no single skill's.
        """
        distinct, place = np.unique(names, return_inverse=True)
        n_skills = len(self.skills)
        sets = [(number,) if number < n_skills else several[number] for number in distinct.tolist()]
        vocabulary, ids = number_sets(sets, self.skills)
        return _sequences(vocabulary, lengths, ids[place], responses)


def members_of(vocabulary: SkillVocabulary, skill_set: int) -> tuple[int, ...]:
    """The skills of one set."""
    return tuple(vocabulary.members(skill_set).tolist())


def _sequences(
    vocabulary: SkillVocabulary,
    lengths: NDArray[np.int64],
    skill_sets: NDArray[np.int32],
    responses: NDArray[np.int8],
) -> Sequences:
    return Sequences(
        student_ids=pa.nulls(len(lengths), pa.string()),
        folds=np.zeros(len(lengths), np.int16),
        offsets=offsets_of(lengths),
        skill_sets=skill_sets,
        responses=responses,
        vocabulary=vocabulary,
    )
