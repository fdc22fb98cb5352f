"""Put data into the skill numbering of a trained model."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ikt_model.data.sequences import Sequences, SkillVocabulary, offsets_of
from ikt_model.data.vocabulary import natural_key


def align_skills(sequences: Sequences, skills: tuple[str, ...]) -> tuple[Sequences, NDArray[np.bool_]]:
    """The same histories over the vocabulary `skills`, and a mask [N] of the steps that are left.

    A skill that the model does not know is taken from its step; a step with no known skill is left out.
    """
    if sequences.vocabulary.names == skills:
        return sequences, np.ones(sequences.n_responses, dtype=bool)
    vocabulary, new_set = _translate(sequences.vocabulary, skills)
    translated = new_set[sequences.skill_sets]
    known = translated >= 0
    lengths = np.bincount(sequences.student_of_step()[known], minlength=sequences.n_students)
    aligned = Sequences(
        student_ids=sequences.student_ids,
        folds=sequences.folds,
        offsets=offsets_of(lengths),
        skill_sets=translated[known],
        responses=sequences.responses[known],
        vocabulary=vocabulary,
        timestamps=None if sequences.timestamps is None else sequences.timestamps[known],
        items=None if sequences.items is None else sequences.items.filter(pa.array(known)),
    )
    return aligned, known


def merge_vocabularies(vocabularies: Iterable[SkillVocabulary]) -> SkillVocabulary:
    """All their skills in natural order of the names, and all their sets, by size and then by members."""
    named = {
        tuple(vocabulary.names[member] for member in vocabulary.members(set_id).tolist())
        for vocabulary in vocabularies
        for set_id in range(vocabulary.n_sets)
    }
    names = sorted({name for members in named for name in members}, key=natural_key)
    position = {name: index for index, name in enumerate(names)}
    sets = sorted({tuple(sorted(position[name] for name in members)) for members in named}, key=_by_size)
    return SkillVocabulary(
        names=tuple(names),
        set_members=np.array([member for members in sets for member in members], np.int32),
        set_offsets=offsets_of(np.array([len(members) for members in sets], np.int64)),
    )


def _by_size(members: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    return len(members), members


def renumber_skills(sequences: Sequences, vocabulary: SkillVocabulary) -> Sequences:
    """The same steps over a vocabulary that holds all their skill sets. Raises KeyError where it does not."""
    position = vocabulary.skill_ids
    ids = {tuple(vocabulary.members(set_id).tolist()): set_id for set_id in range(vocabulary.n_sets)}
    old = sequences.vocabulary
    new_set = np.array(
        [
            ids[tuple(sorted(position[old.names[member]] for member in old.members(set_id).tolist()))]
            for set_id in range(old.n_sets)
        ],
        np.int32,
    )
    return replace(sequences, vocabulary=vocabulary, skill_sets=new_set[sequences.skill_sets])


def _translate(old: SkillVocabulary, skills: tuple[str, ...]) -> tuple[SkillVocabulary, NDArray[np.int32]]:
    """New vocabulary, and the new set of each old one (-1: none of its skills is known)."""
    position = {name: index for index, name in enumerate(skills)}
    known_sets = [
        tuple(
            sorted(
                position[old.names[member]] for member in old.members(set_id) if old.names[member] in position
            )
        )
        for set_id in range(old.n_sets)
    ]
    return number_sets(known_sets, skills)


def number_sets(
    known_sets: list[tuple[int, ...]], skills: tuple[str, ...]
) -> tuple[SkillVocabulary, NDArray[np.int32]]:
    """A vocabulary that holds these skill sets, and the id of each; -1 for an empty one."""
    singles = [(index,) for index in range(len(skills))]
    several = sorted({members for members in known_sets if len(members) > 1})
    ids = {members: index for index, members in enumerate([*singles, *several])} | {(): -1}
    vocabulary = SkillVocabulary(
        names=skills,
        set_members=np.array([member for members in [*singles, *several] for member in members], np.int32),
        set_offsets=offsets_of(np.array([1] * len(singles) + [len(members) for members in several])),
    )
    return vocabulary, np.array([ids[members] for members in known_sets], np.int32)
