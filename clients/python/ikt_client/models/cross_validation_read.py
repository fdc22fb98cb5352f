from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

from ..models.cross_validation_read_status import (
    CrossValidationReadStatus,
    check_cross_validation_read_status,
)

if TYPE_CHECKING:
    from ..models.config import Config
    from ..models.counts import Counts
    from ..models.experiment_summary import ExperimentSummary
    from ..models.links import Links
    from ..models.spreads import Spreads


T = TypeVar("T", bound="CrossValidationRead")


@_attrs_define
class CrossValidationRead:
    """A cross-validation with its experiments and their figures together."""

    id: UUID
    name: str
    status: CrossValidationReadStatus
    """ From its experiments: `incomplete` when one of them was deleted. """
    preset: None | str
    dataset_id: UUID
    folds: list[int]
    """ The folds that are held out, one experiment each. """
    exclude_folds: list[int]
    config_fingerprint: str
    counts: Counts
    """ How many, by what they are. """
    created_at: datetime.datetime
    links: Links
    """ Paths of the resource and of what belongs to it. """
    config: Config
    """ Settings by section, then by name. """
    metrics: Spreads
    """ Spreads by metric. """
    experiments: list[ExperimentSummary]
    """ By held-out fold. """

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        name = self.name

        status: str = self.status

        preset: None | str
        preset = self.preset

        dataset_id = str(self.dataset_id)

        folds = self.folds

        exclude_folds = self.exclude_folds

        config_fingerprint = self.config_fingerprint

        counts = self.counts.to_dict()

        created_at = self.created_at.isoformat()

        links = self.links.to_dict()

        config = self.config.to_dict()

        metrics = self.metrics.to_dict()

        experiments = []
        for experiments_item_data in self.experiments:
            experiments_item = experiments_item_data.to_dict()
            experiments.append(experiments_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "name": name,
                "status": status,
                "preset": preset,
                "dataset_id": dataset_id,
                "folds": folds,
                "exclude_folds": exclude_folds,
                "config_fingerprint": config_fingerprint,
                "counts": counts,
                "created_at": created_at,
                "links": links,
                "config": config,
                "metrics": metrics,
                "experiments": experiments,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.config import Config  # noqa: PLC0415
        from ..models.counts import Counts  # noqa: PLC0415
        from ..models.experiment_summary import ExperimentSummary  # noqa: PLC0415
        from ..models.links import Links  # noqa: PLC0415
        from ..models.spreads import Spreads  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        name = d.pop("name")

        status = check_cross_validation_read_status(d.pop("status"))

        def _parse_preset(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        preset = _parse_preset(d.pop("preset"))

        dataset_id = UUID(d.pop("dataset_id"))

        folds = cast(list[int], d.pop("folds"))

        exclude_folds = cast(list[int], d.pop("exclude_folds"))

        config_fingerprint = d.pop("config_fingerprint")

        counts = Counts.from_dict(d.pop("counts"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        links = Links.from_dict(d.pop("links"))

        config = Config.from_dict(d.pop("config"))

        metrics = Spreads.from_dict(d.pop("metrics"))

        experiments = []
        _experiments = d.pop("experiments")
        for experiments_item_data in _experiments:
            experiments_item = ExperimentSummary.from_dict(experiments_item_data)

            experiments.append(experiments_item)

        cross_validation_read = cls(
            id=id,
            name=name,
            status=status,
            preset=preset,
            dataset_id=dataset_id,
            folds=folds,
            exclude_folds=exclude_folds,
            config_fingerprint=config_fingerprint,
            counts=counts,
            created_at=created_at,
            links=links,
            config=config,
            metrics=metrics,
            experiments=experiments,
        )

        return cross_validation_read
