from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="Step")


@_attrs_define
class Step:
    """One response, and where it left the student."""

    position: int
    """ Counted from 0, in the order in which the responses happened. """
    event_id: str
    timestamp: datetime.datetime
    skills: list[str]
    correct: bool
    known: bool
    """ Whether the model knows one of the skills; where it does not, the values are null. """
    theta: float | None
    """ θ_t: ability in logits after this response (it includes `correct` of this step). """
    theta_low: float | None
    """ Where the 90 % band θ ± 1.645 · `theta_reference_sd` begins: how unsure the reference is of an ability,
    not what the network may be wrong about. """
    theta_high: float | None
    """ Where that band ends. """
    theta_reference: float | None
    """ The reference model's ability after this response. """
    theta_reference_sd: float | None
    probability: float | None
    """ The chance of a right answer, predicted before this response was seen. Null for the first one. """
    mastery: float | None
    """ M of this step's skills, before this response was seen. Null for the first one. """

    def to_dict(self) -> dict[str, Any]:
        position = self.position

        event_id = self.event_id

        timestamp = self.timestamp.isoformat()

        skills = self.skills

        correct = self.correct

        known = self.known

        theta: float | None
        theta = self.theta

        theta_low: float | None
        theta_low = self.theta_low

        theta_high: float | None
        theta_high = self.theta_high

        theta_reference: float | None
        theta_reference = self.theta_reference

        theta_reference_sd: float | None
        theta_reference_sd = self.theta_reference_sd

        probability: float | None
        probability = self.probability

        mastery: float | None
        mastery = self.mastery

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "position": position,
                "event_id": event_id,
                "timestamp": timestamp,
                "skills": skills,
                "correct": correct,
                "known": known,
                "theta": theta,
                "theta_low": theta_low,
                "theta_high": theta_high,
                "theta_reference": theta_reference,
                "theta_reference_sd": theta_reference_sd,
                "probability": probability,
                "mastery": mastery,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        position = d.pop("position")

        event_id = d.pop("event_id")

        timestamp = datetime.datetime.fromisoformat(d.pop("timestamp"))

        skills = cast(list[str], d.pop("skills"))

        correct = d.pop("correct")

        known = d.pop("known")

        def _parse_theta(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        theta = _parse_theta(d.pop("theta"))

        def _parse_theta_low(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        theta_low = _parse_theta_low(d.pop("theta_low"))

        def _parse_theta_high(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        theta_high = _parse_theta_high(d.pop("theta_high"))

        def _parse_theta_reference(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        theta_reference = _parse_theta_reference(d.pop("theta_reference"))

        def _parse_theta_reference_sd(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        theta_reference_sd = _parse_theta_reference_sd(d.pop("theta_reference_sd"))

        def _parse_probability(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        probability = _parse_probability(d.pop("probability"))

        def _parse_mastery(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        mastery = _parse_mastery(d.pop("mastery"))

        step = cls(
            position=position,
            event_id=event_id,
            timestamp=timestamp,
            skills=skills,
            correct=correct,
            known=known,
            theta=theta,
            theta_low=theta_low,
            theta_high=theta_high,
            theta_reference=theta_reference,
            theta_reference_sd=theta_reference_sd,
            probability=probability,
            mastery=mastery,
        )

        return step
