from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

from ..models.sweep_summary_status import SweepSummaryStatus, check_sweep_summary_status

if TYPE_CHECKING:
    from ..models.counts import Counts
    from ..models.links import Links
    from ..models.objective import Objective
    from ..models.run_error import RunError


T = TypeVar("T", bound="SweepSummary")


@_attrs_define
class SweepSummary:
    """A sweep in a list."""

    id: UUID
    name: str
    status: SweepSummaryStatus
    """ `failed` when every trial has ended and none succeeded, or for the reason in `error`. """
    preset: None | str
    dataset_id: UUID
    fold: int
    """ The fold that the settings are chosen on. """
    exclude_folds: list[int]
    """ Folds that no trial has seen, kept for the final measurement. """
    objective: Objective
    """ What the best trial is best in. """
    parallel: int
    n_trials: int
    """ Trials wanted in all. """
    counts: Counts
    """ How many, by what they are. """
    created_at: datetime.datetime
    finished_at: datetime.datetime | None
    error: None | RunError
    """ What kept it from going on; null where every trial was queued. """
    links: Links
    """ Paths of the resource and of what belongs to it. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.run_error import RunError  # noqa: PLC0415

        id = str(self.id)

        name = self.name

        status: str = self.status

        preset: None | str
        preset = self.preset

        dataset_id = str(self.dataset_id)

        fold = self.fold

        exclude_folds = self.exclude_folds

        objective = self.objective.to_dict()

        parallel = self.parallel

        n_trials = self.n_trials

        counts = self.counts.to_dict()

        created_at = self.created_at.isoformat()

        finished_at: None | str
        if isinstance(self.finished_at, datetime.datetime):
            finished_at = self.finished_at.isoformat()
        else:
            finished_at = self.finished_at

        error: dict[str, Any] | None
        if isinstance(self.error, RunError):
            error = self.error.to_dict()
        else:
            error = self.error

        links = self.links.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "name": name,
                "status": status,
                "preset": preset,
                "dataset_id": dataset_id,
                "fold": fold,
                "exclude_folds": exclude_folds,
                "objective": objective,
                "parallel": parallel,
                "n_trials": n_trials,
                "counts": counts,
                "created_at": created_at,
                "finished_at": finished_at,
                "error": error,
                "links": links,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.counts import Counts  # noqa: PLC0415
        from ..models.links import Links  # noqa: PLC0415
        from ..models.objective import Objective  # noqa: PLC0415
        from ..models.run_error import RunError  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        name = d.pop("name")

        status = check_sweep_summary_status(d.pop("status"))

        def _parse_preset(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        preset = _parse_preset(d.pop("preset"))

        dataset_id = UUID(d.pop("dataset_id"))

        fold = d.pop("fold")

        exclude_folds = cast(list[int], d.pop("exclude_folds"))

        objective = Objective.from_dict(d.pop("objective"))

        parallel = d.pop("parallel")

        n_trials = d.pop("n_trials")

        counts = Counts.from_dict(d.pop("counts"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

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

        def _parse_error(data: object) -> None | RunError:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                error_type_0 = RunError.from_dict(data)

                return error_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | RunError, data)

        error = _parse_error(d.pop("error"))

        links = Links.from_dict(d.pop("links"))

        sweep_summary = cls(
            id=id,
            name=name,
            status=status,
            preset=preset,
            dataset_id=dataset_id,
            fold=fold,
            exclude_folds=exclude_folds,
            objective=objective,
            parallel=parallel,
            n_trials=n_trials,
            counts=counts,
            created_at=created_at,
            finished_at=finished_at,
            error=error,
            links=links,
        )

        return sweep_summary
