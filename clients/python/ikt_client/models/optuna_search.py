from __future__ import annotations

from collections.abc import Mapping
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define

from ..models.optuna_search_sampler import (
    OptunaSearchSampler,
    check_optuna_search_sampler,
)
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.optuna_space import OptunaSpace


T = TypeVar("T", bound="OptunaSearch")


@_attrs_define
class OptunaSearch:
    """Points that Optuna proposes, each in the light of the trials before it."""

    method: Literal["optuna"]
    space: OptunaSpace
    """ What to search, by dotted name of the setting. """
    n_trials: int
    sampler: OptunaSearchSampler | Unset = "tpe"
    """ Tree-structured Parzen estimator (Bergstra et al. 2011), or uniform at random. """
    seed: int | Unset = 42
    """ Of the sampler; the trials' own is config.training.seed. """

    def to_dict(self) -> dict[str, Any]:
        method = self.method

        space = self.space.to_dict()

        n_trials = self.n_trials

        sampler: str | Unset = UNSET
        if not isinstance(self.sampler, Unset):
            sampler = self.sampler

        seed = self.seed

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "method": method,
                "space": space,
                "n_trials": n_trials,
            }
        )
        if sampler is not UNSET:
            field_dict["sampler"] = sampler
        if seed is not UNSET:
            field_dict["seed"] = seed

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.optuna_space import OptunaSpace  # noqa: PLC0415

        d = dict(src_dict)
        method = cast(Literal["optuna"], d.pop("method"))
        if method != "optuna":
            raise ValueError(f"method must match const 'optuna', got '{method}'")

        space = OptunaSpace.from_dict(d.pop("space"))

        n_trials = d.pop("n_trials")

        _sampler = d.pop("sampler", UNSET)
        sampler: OptunaSearchSampler | Unset
        if isinstance(_sampler, Unset):
            sampler = UNSET
        else:
            sampler = check_optuna_search_sampler(_sampler)

        seed = d.pop("seed", UNSET)

        optuna_search = cls(
            method=method,
            space=space,
            n_trials=n_trials,
            sampler=sampler,
            seed=seed,
        )

        return optuna_search
