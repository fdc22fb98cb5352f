from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="SkillRead")


@_attrs_define
class SkillRead:
    """A skill as a model sees it."""

    name: str
    difficulty: float | None
    """ β in logits: mastery at ability θ is σ(θ − β), to which a skill-wise model adds what it knows of the
    student on this skill inside σ. Of `bkt` it is the Rasch difficulty beside its own parameters. """
    difficulty_standard_error: float | None
    n_responses: int
    """ Responses of the training students that the difficulty rests on. """

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        difficulty: float | None
        difficulty = self.difficulty

        difficulty_standard_error: float | None
        difficulty_standard_error = self.difficulty_standard_error

        n_responses = self.n_responses

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "difficulty": difficulty,
                "difficulty_standard_error": difficulty_standard_error,
                "n_responses": n_responses,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        def _parse_difficulty(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        difficulty = _parse_difficulty(d.pop("difficulty"))

        def _parse_difficulty_standard_error(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        difficulty_standard_error = _parse_difficulty_standard_error(d.pop("difficulty_standard_error"))

        n_responses = d.pop("n_responses")

        skill_read = cls(
            name=name,
            difficulty=difficulty,
            difficulty_standard_error=difficulty_standard_error,
            n_responses=n_responses,
        )

        return skill_read
