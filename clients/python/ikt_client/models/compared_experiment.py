from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

from ..models.compared_experiment_kind import (
    ComparedExperimentKind,
    check_compared_experiment_kind,
)

T = TypeVar("T", bound="ComparedExperiment")


@_attrs_define
class ComparedExperiment:
    """One side of a comparison: an experiment, or a cross-validation, whose figures are means over folds."""

    id: UUID
    name: str
    label: str
    """ The name, with the end of the id where another of the comparison bears it too. """
    kind: ComparedExperimentKind
    dataset: str
    """ Name, and the beginning of the content's hash. """
    folds: list[int]
    """ Held out, each once: one of an experiment, several of a cross-validation. """
    exclude_folds: list[int]
    """ Folds whose students were left out altogether. """
    seed: int | None
    finished_at: datetime.datetime | None
    epochs: int | None
    """ Epochs trained. """
    href: str
    """ Where it stands. """

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        name = self.name

        label = self.label

        kind: str = self.kind

        dataset = self.dataset

        folds = self.folds

        exclude_folds = self.exclude_folds

        seed: int | None
        seed = self.seed

        finished_at: None | str
        if isinstance(self.finished_at, datetime.datetime):
            finished_at = self.finished_at.isoformat()
        else:
            finished_at = self.finished_at

        epochs: int | None
        epochs = self.epochs

        href = self.href

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "name": name,
                "label": label,
                "kind": kind,
                "dataset": dataset,
                "folds": folds,
                "exclude_folds": exclude_folds,
                "seed": seed,
                "finished_at": finished_at,
                "epochs": epochs,
                "href": href,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = UUID(d.pop("id"))

        name = d.pop("name")

        label = d.pop("label")

        kind = check_compared_experiment_kind(d.pop("kind"))

        dataset = d.pop("dataset")

        folds = cast(list[int], d.pop("folds"))

        exclude_folds = cast(list[int], d.pop("exclude_folds"))

        def _parse_seed(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        seed = _parse_seed(d.pop("seed"))

        def _parse_finished_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                finished_at_type_0 = datetime.datetime.fromisoformat(data)

                return finished_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        finished_at = _parse_finished_at(d.pop("finished_at"))

        def _parse_epochs(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        epochs = _parse_epochs(d.pop("epochs"))

        href = d.pop("href")

        compared_experiment = cls(
            id=id,
            name=name,
            label=label,
            kind=kind,
            dataset=dataset,
            folds=folds,
            exclude_folds=exclude_folds,
            seed=seed,
            finished_at=finished_at,
            epochs=epochs,
            href=href,
        )

        return compared_experiment
