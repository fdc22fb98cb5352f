"""Skills and skill sets numbered by content alone."""

import numpy as np
import pytest

from ikt_model.data.vocabulary import SkillVocabulary, index_skills, offsets_of

STEPS = [["b"], ["a10", "a2"], ["a2", "a10"], ["a2"], ["b", "a2", "b"], ["a2", "a2"], ["a10", "a2", "b"]]


def numbered(names: list[str]) -> tuple[SkillVocabulary, list[int]]:
    flat = np.array([names.index(skill) for step in STEPS for skill in step])
    vocabulary, sets = index_skills(
        names, skills=flat, offsets=offsets_of(np.array([len(step) for step in STEPS]))
    )
    return vocabulary, sets.tolist()


class TestIndexSkills:
    def test_skills_stand_in_natural_order_without_unused_ones(self) -> None:
        vocabulary, _ = numbered(["b", "unused", "a10", "a2"])
        assert vocabulary.names == ("a2", "a10", "b")

    def test_sets_hold_the_skills_of_their_steps(self) -> None:
        vocabulary, sets = numbered(["b", "a10", "a2"])
        found = [{vocabulary.names[k] for k in vocabulary.members(set_id)} for set_id in sets]
        assert found == [set(step) for step in STEPS]

    def test_order_and_repeats_inside_a_step_do_not_matter(self) -> None:
        _, sets = numbered(["b", "a10", "a2"])
        assert sets[1] == sets[2]
        assert sets[3] == sets[5]

    def test_numbers_do_not_depend_on_the_order_of_names(self) -> None:
        first, sets = numbered(["b", "a10", "a2"])
        second, same_sets = numbered(["a2", "b", "a10"])
        assert sets == same_sets
        assert first.set_members.tolist() == second.set_members.tolist()

    def test_single_skills_come_first(self) -> None:
        vocabulary, _ = numbered(["b", "a10", "a2"])
        assert vocabulary.set_sizes.tolist() == [1, 1, 1, 2, 2, 3]
        assert vocabulary.set_members[:3].tolist() == [0, 1, 2]

    def test_step_without_skill_is_refused(self) -> None:
        with pytest.raises(ValueError, match="offsets"):
            index_skills(["a"], skills=np.array([0, 0]), offsets=np.array([0, 0, 2]))


class TestSkillVocabulary:
    def test_members_are_the_skills_of_each_set(self) -> None:
        vocabulary, _ = numbered(["b", "a10", "a2"])
        members = [vocabulary.members(set_id).tolist() for set_id in range(vocabulary.n_sets)]
        assert members == [[0], [1], [2], [0, 1], [0, 2], [0, 1, 2]]

    def test_skill_ids_invert_names(self) -> None:
        vocabulary = SkillVocabulary.of_single_skills(["x", "y"])
        assert vocabulary.skill_ids == {"x": 0, "y": 1}

    def test_a_name_twice_is_refused(self) -> None:
        with pytest.raises(ValueError, match="skill names"):
            SkillVocabulary.of_single_skills(["x", "x"])

    def test_offsets_that_miss_members_are_refused(self) -> None:
        with pytest.raises(ValueError, match="set_offsets"):
            SkillVocabulary(("x",), np.array([0], np.int32), np.array([0], np.int64))
