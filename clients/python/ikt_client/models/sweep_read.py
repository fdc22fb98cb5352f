from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

from ..models.sweep_read_status import SweepReadStatus, check_sweep_read_status

if TYPE_CHECKING:
    from ..models.config import Config
    from ..models.counts import Counts
    from ..models.grid_search import GridSearch
    from ..models.links import Links
    from ..models.objective import Objective
    from ..models.optuna_search import OptunaSearch
    from ..models.pruner import Pruner
    from ..models.run_error import RunError
    from ..models.trial_read import TrialRead


T = TypeVar("T", bound="SweepRead")


@_attrs_define
class SweepRead:
    """A sweep with its trials."""

    id: UUID
    name: str
    status: SweepReadStatus
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
    config: Config
    """ Settings by section, then by name. """
    device: str
    search: GridSearch | OptunaSearch
    pruner: Pruner
    """ When a trial is given up before its last epoch. """
    trials: list[TrialRead]
    """ In the order in which they were queued. """
    best: None | TrialRead
    """ Of those that succeeded, the best in the objective. """
    note: str
    """ Which fold chose, and where to measure what it chose. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.grid_search import GridSearch  # noqa: PLC0415
        from ..models.run_error import RunError  # noqa: PLC0415
        from ..models.trial_read import TrialRead  # noqa: PLC0415

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

        config = self.config.to_dict()

        device = self.device

        search: dict[str, Any]
        if isinstance(self.search, GridSearch):
            search = self.search.to_dict()
        else:
            search = self.search.to_dict()

        pruner = self.pruner.to_dict()

        trials = []
        for trials_item_data in self.trials:
            trials_item = trials_item_data.to_dict()
            trials.append(trials_item)

        best: dict[str, Any] | None
        if isinstance(self.best, TrialRead):
            best = self.best.to_dict()
        else:
            best = self.best

        note = self.note

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
                "config": config,
                "device": device,
                "search": search,
                "pruner": pruner,
                "trials": trials,
                "best": best,
                "note": note,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.config import Config  # noqa: PLC0415
        from ..models.counts import Counts  # noqa: PLC0415
        from ..models.grid_search import GridSearch  # noqa: PLC0415
        from ..models.links import Links  # noqa: PLC0415
        from ..models.objective import Objective  # noqa: PLC0415
        from ..models.optuna_search import OptunaSearch  # noqa: PLC0415
        from ..models.pruner import Pruner  # noqa: PLC0415
        from ..models.run_error import RunError  # noqa: PLC0415
        from ..models.trial_read import TrialRead  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        name = d.pop("name")

        status = check_sweep_read_status(d.pop("status"))

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

        config = Config.from_dict(d.pop("config"))

        device = d.pop("device")

        def _parse_search(data: object) -> GridSearch | OptunaSearch:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                search_type_0 = GridSearch.from_dict(data)

                return search_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            search_type_1 = OptunaSearch.from_dict(data)

            return search_type_1

        search = _parse_search(d.pop("search"))

        pruner = Pruner.from_dict(d.pop("pruner"))

        trials = []
        _trials = d.pop("trials")
        for trials_item_data in _trials:
            trials_item = TrialRead.from_dict(trials_item_data)

            trials.append(trials_item)

        def _parse_best(data: object) -> None | TrialRead:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                best_type_0 = TrialRead.from_dict(data)

                return best_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TrialRead, data)

        best = _parse_best(d.pop("best"))

        note = d.pop("note")

        sweep_read = cls(
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
            config=config,
            device=device,
            search=search,
            pruner=pruner,
            trials=trials,
            best=best,
            note=note,
        )

        return sweep_read
