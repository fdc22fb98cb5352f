"""The states of experiments, sweeps and models, and the only table of their allowed moves."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

SETTINGS_REFUSED = "SettingsRefused"
"""The error of an experiment whose settings contradict each other: another attempt would end alike."""


class ExperimentStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PRUNED = "pruned"

    @property
    def is_terminal(self) -> bool:
        return self not in (ExperimentStatus.QUEUED, ExperimentStatus.RUNNING)


class SweepStatus(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        return self is not SweepStatus.RUNNING


class ModelStatus(StrEnum):
    CANDIDATE = "candidate"
    PROMOTING = "promoting"
    SERVING = "serving"
    RETIRED = "retired"


_E, _S, _M = ExperimentStatus, SweepStatus, ModelStatus

# By kind, for states of two kinds may bear the same name.
MOVES: Mapping[type[StrEnum], Mapping[StrEnum, frozenset[StrEnum]]] = MappingProxyType(
    {
        ExperimentStatus: {
            _E.QUEUED: frozenset({_E.RUNNING, _E.CANCELLED}),
            # back to queued: the lease expired, or the worker drained
            _E.RUNNING: frozenset({_E.SUCCEEDED, _E.FAILED, _E.CANCELLED, _E.PRUNED, _E.QUEUED}),
            _E.SUCCEEDED: frozenset(),
            _E.FAILED: frozenset({_E.QUEUED}),
            _E.CANCELLED: frozenset({_E.QUEUED}),
            # its sweep decided against it; who wants it whole submits its settings again
            _E.PRUNED: frozenset(),
        },
        SweepStatus: {
            _S.RUNNING: frozenset({_S.SUCCEEDED, _S.FAILED, _S.CANCELLED}),
            _S.SUCCEEDED: frozenset(),
            _S.FAILED: frozenset(),
            _S.CANCELLED: frozenset(),
        },
        ModelStatus: {
            _M.CANDIDATE: frozenset({_M.PROMOTING}),
            # back to candidate: the promotion failed
            _M.PROMOTING: frozenset({_M.SERVING, _M.CANDIDATE}),
            _M.SERVING: frozenset({_M.RETIRED}),
            _M.RETIRED: frozenset({_M.PROMOTING}),
        },
    }
)


def is_allowed(status: StrEnum, target: StrEnum) -> bool:
    """Whether a row in `status` may move to `target`."""
    return target in MOVES[type(status)][status]
