from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

from ..models.sweep_create_device import SweepCreateDevice, check_sweep_create_device
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.config import Config
    from ..models.grid_search import GridSearch
    from ..models.objective import Objective
    from ..models.optuna_search import OptunaSearch
    from ..models.pruner import Pruner


T = TypeVar("T", bound="SweepCreate")


@_attrs_define
class SweepCreate:
    """A search over settings, each trial an experiment. `fold` is what they are chosen on.

    Choosing on a fold makes its figure too good: exclude another fold and measure the chosen settings on it.

    """

    dataset_id: UUID
    search: GridSearch | OptunaSearch
    name: None | str | Unset = UNSET
    """ For people; default: preset and folds. """
    preset: None | str | Unset = UNSET
    """ One of GET /presets; without one, the settings' defaults. """
    config: Config | Unset = UNSET
    """ Settings by section, then by name. """
    exclude_folds: list[int] | Unset = UNSET
    """ Folds whose students are left out altogether: nothing is fitted or measured on them. """
    seed: int | None | Unset = UNSET
    """ Replaces config.training.seed. """
    device: SweepCreateDevice | Unset = "auto"
    """ Where to train; `cuda` waits for a worker that serves the GPU queue. """
    fold: int | Unset = 0
    """ The fold that is held out: nothing is fitted on its students. """
    objective: Objective | Unset = UNSET
    """ What the best trial is best in. """
    pruner: None | Pruner | Unset = UNSET
    """ Default: none for a grid, `median` for Optuna. """
    parallel: int | Unset = 1
    """ Most trials in flight. With one, equal requests try equal points in equal order. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.grid_search import GridSearch  # noqa: PLC0415
        from ..models.pruner import Pruner  # noqa: PLC0415

        dataset_id = str(self.dataset_id)

        search: dict[str, Any]
        if isinstance(self.search, GridSearch):
            search = self.search.to_dict()
        else:
            search = self.search.to_dict()

        name: None | str | Unset
        if isinstance(self.name, Unset):
            name = UNSET
        else:
            name = self.name

        preset: None | str | Unset
        if isinstance(self.preset, Unset):
            preset = UNSET
        else:
            preset = self.preset

        config: dict[str, Any] | Unset = UNSET
        if not isinstance(self.config, Unset):
            config = self.config.to_dict()

        exclude_folds: list[int] | Unset = UNSET
        if not isinstance(self.exclude_folds, Unset):
            exclude_folds = self.exclude_folds

        seed: int | None | Unset
        if isinstance(self.seed, Unset):
            seed = UNSET
        else:
            seed = self.seed

        device: str | Unset = UNSET
        if not isinstance(self.device, Unset):
            device = self.device

        fold = self.fold

        objective: dict[str, Any] | Unset = UNSET
        if not isinstance(self.objective, Unset):
            objective = self.objective.to_dict()

        pruner: dict[str, Any] | None | Unset
        if isinstance(self.pruner, Unset):
            pruner = UNSET
        elif isinstance(self.pruner, Pruner):
            pruner = self.pruner.to_dict()
        else:
            pruner = self.pruner

        parallel = self.parallel

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "dataset_id": dataset_id,
                "search": search,
            }
        )
        if name is not UNSET:
            field_dict["name"] = name
        if preset is not UNSET:
            field_dict["preset"] = preset
        if config is not UNSET:
            field_dict["config"] = config
        if exclude_folds is not UNSET:
            field_dict["exclude_folds"] = exclude_folds
        if seed is not UNSET:
            field_dict["seed"] = seed
        if device is not UNSET:
            field_dict["device"] = device
        if fold is not UNSET:
            field_dict["fold"] = fold
        if objective is not UNSET:
            field_dict["objective"] = objective
        if pruner is not UNSET:
            field_dict["pruner"] = pruner
        if parallel is not UNSET:
            field_dict["parallel"] = parallel

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.config import Config  # noqa: PLC0415
        from ..models.grid_search import GridSearch  # noqa: PLC0415
        from ..models.objective import Objective  # noqa: PLC0415
        from ..models.optuna_search import OptunaSearch  # noqa: PLC0415
        from ..models.pruner import Pruner  # noqa: PLC0415

        d = dict(src_dict)
        dataset_id = UUID(d.pop("dataset_id"))

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

        def _parse_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        name = _parse_name(d.pop("name", UNSET))

        def _parse_preset(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        preset = _parse_preset(d.pop("preset", UNSET))

        _config = d.pop("config", UNSET)
        config: Config | Unset
        if isinstance(_config, Unset):
            config = UNSET
        else:
            config = Config.from_dict(_config)

        exclude_folds = cast(list[int], d.pop("exclude_folds", UNSET))

        def _parse_seed(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        seed = _parse_seed(d.pop("seed", UNSET))

        _device = d.pop("device", UNSET)
        device: SweepCreateDevice | Unset
        if isinstance(_device, Unset):
            device = UNSET
        else:
            device = check_sweep_create_device(_device)

        fold = d.pop("fold", UNSET)

        _objective = d.pop("objective", UNSET)
        objective: Objective | Unset
        if isinstance(_objective, Unset):
            objective = UNSET
        else:
            objective = Objective.from_dict(_objective)

        def _parse_pruner(data: object) -> None | Pruner | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                pruner_type_0 = Pruner.from_dict(data)

                return pruner_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Pruner | Unset, data)

        pruner = _parse_pruner(d.pop("pruner", UNSET))

        parallel = d.pop("parallel", UNSET)

        sweep_create = cls(
            dataset_id=dataset_id,
            search=search,
            name=name,
            preset=preset,
            config=config,
            exclude_folds=exclude_folds,
            seed=seed,
            device=device,
            fold=fold,
            objective=objective,
            pruner=pruner,
            parallel=parallel,
        )

        return sweep_create
