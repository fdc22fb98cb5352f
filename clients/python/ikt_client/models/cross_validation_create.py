from __future__ import annotations

from collections.abc import Mapping
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeVar,
    cast,
)
from uuid import UUID

from attrs import define as _attrs_define

from ..models.cross_validation_create_device import (
    CrossValidationCreateDevice,
    check_cross_validation_create_device,
)
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.config import Config


T = TypeVar("T", bound="CrossValidationCreate")


@_attrs_define
class CrossValidationCreate:
    """The same settings, trained once with each fold held out."""

    dataset_id: UUID
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
    device: CrossValidationCreateDevice | Unset = "auto"
    """ Where to train; `cuda` waits for a worker that serves the GPU queue. """
    folds: list[int] | Literal["all"] | Unset = "all"
    """ Folds to hold out, at least two; `all` are those of the dataset that are not excluded. """

    def to_dict(self) -> dict[str, Any]:
        dataset_id = str(self.dataset_id)

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

        folds: list[int] | Literal["all"] | Unset
        if isinstance(self.folds, Unset):
            folds = UNSET
        elif isinstance(self.folds, list):
            folds = self.folds

        else:
            folds = self.folds

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "dataset_id": dataset_id,
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
        if folds is not UNSET:
            field_dict["folds"] = folds

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.config import Config  # noqa: PLC0415

        d = dict(src_dict)
        dataset_id = UUID(d.pop("dataset_id"))

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
        device: CrossValidationCreateDevice | Unset
        if isinstance(_device, Unset):
            device = UNSET
        else:
            device = check_cross_validation_create_device(_device)

        def _parse_folds(data: object) -> list[int] | Literal["all"] | Unset:
            if isinstance(data, Unset):
                return data
            folds_type_0 = cast(Literal["all"], data)
            if folds_type_0 != "all":
                raise ValueError(f"folds_type_0 must match const 'all', got '{folds_type_0}'")
            return folds_type_0
            if not isinstance(data, list):
                raise TypeError()
            folds_type_1 = cast(list[int], data)

            return folds_type_1

        folds = _parse_folds(d.pop("folds", UNSET))

        cross_validation_create = cls(
            dataset_id=dataset_id,
            name=name,
            preset=preset,
            config=config,
            exclude_folds=exclude_folds,
            seed=seed,
            device=device,
            folds=folds,
        )

        return cross_validation_create
