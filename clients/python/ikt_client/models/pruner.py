from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.pruner_name import PrunerName, check_pruner_name
from ..types import UNSET, Unset

T = TypeVar("T", bound="Pruner")


@_attrs_define
class Pruner:
    """When a trial is given up before its last epoch."""

    name: PrunerName
    """ `median`: when its best epoch so far is worse than the median of the finished trials by then. """
    warmup_epochs: int | Unset = 1
    """ Epochs during which no trial is given up. """
    startup_trials: int | Unset = 5
    """ Trials that must have succeeded before. """

    def to_dict(self) -> dict[str, Any]:
        name: str = self.name

        warmup_epochs = self.warmup_epochs

        startup_trials = self.startup_trials

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
            }
        )
        if warmup_epochs is not UNSET:
            field_dict["warmup_epochs"] = warmup_epochs
        if startup_trials is not UNSET:
            field_dict["startup_trials"] = startup_trials

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = check_pruner_name(d.pop("name"))

        warmup_epochs = d.pop("warmup_epochs", UNSET)

        startup_trials = d.pop("startup_trials", UNSET)

        pruner = cls(
            name=name,
            warmup_epochs=warmup_epochs,
            startup_trials=startup_trials,
        )

        return pruner
