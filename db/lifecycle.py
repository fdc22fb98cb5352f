"""The states of experiments and models, and the only table of their allowed moves."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class ExperimentStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        return self not in (ExperimentStatus.QUEUED, ExperimentStatus.RUNNING)


class ModelStatus(StrEnum):
    CANDIDATE = "candidate"
    PROMOTING = "promoting"
    SERVING = "serving"
    RETIRED = "retired"


_E, _M = ExperimentStatus, ModelStatus

MOVES: Mapping[StrEnum, frozenset[StrEnum]] = MappingProxyType(
    {
        _E.QUEUED: frozenset({_E.RUNNING, _E.CANCELLED}),
        # back to queued: the lease expired, or the worker drained
        _E.RUNNING: frozenset({_E.SUCCEEDED, _E.FAILED, _E.CANCELLED, _E.QUEUED}),
        _E.SUCCEEDED: frozenset(),
        _E.FAILED: frozenset({_E.QUEUED}),
        _E.CANCELLED: frozenset({_E.QUEUED}),
        _M.CANDIDATE: frozenset({_M.PROMOTING}),
        # back to candidate: the promotion failed
        _M.PROMOTING: frozenset({_M.SERVING, _M.CANDIDATE}),
        _M.SERVING: frozenset({_M.RETIRED}),
        _M.RETIRED: frozenset({_M.PROMOTING}),
    }
)


def is_allowed(status: StrEnum, target: StrEnum) -> bool:
    """Whether a row in `status` may move to `target`."""
    return target in MOVES[status]
