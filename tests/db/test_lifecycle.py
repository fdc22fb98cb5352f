"""The table of moves says exactly what the design says."""

from itertools import product

import pytest

from db.lifecycle import MOVES, ExperimentStatus, ModelStatus, SweepStatus, is_allowed

EXPERIMENT_MOVES = {
    ("queued", "running"),
    ("queued", "cancelled"),
    ("running", "succeeded"),
    ("running", "failed"),
    ("running", "cancelled"),
    ("running", "pruned"),
    ("running", "queued"),
    ("failed", "queued"),
    ("cancelled", "queued"),
}
SWEEP_MOVES = {("running", "succeeded"), ("running", "failed"), ("running", "cancelled")}
MODEL_MOVES = {
    ("candidate", "promoting"),
    ("promoting", "serving"),
    ("promoting", "candidate"),
    ("serving", "retired"),
    ("retired", "promoting"),
}


@pytest.mark.parametrize(("status", "target"), list(product(ExperimentStatus, repeat=2)))
def test_experiment_moves_are_the_designed_ones(status: ExperimentStatus, target: ExperimentStatus) -> None:
    assert is_allowed(status, target) == ((status, target) in EXPERIMENT_MOVES)


@pytest.mark.parametrize(("status", "target"), list(product(SweepStatus, repeat=2)))
def test_sweep_moves_are_the_designed_ones(status: SweepStatus, target: SweepStatus) -> None:
    assert is_allowed(status, target) == ((status, target) in SWEEP_MOVES)


@pytest.mark.parametrize(("status", "target"), list(product(ModelStatus, repeat=2)))
def test_model_moves_are_the_designed_ones(status: ModelStatus, target: ModelStatus) -> None:
    assert is_allowed(status, target) == ((status, target) in MODEL_MOVES)


def test_every_status_has_its_row() -> None:
    assert {kind: set(moves) for kind, moves in MOVES.items()} == {
        kind: set(kind) for kind in (ExperimentStatus, SweepStatus, ModelStatus)
    }


def test_active_and_terminal_are_told_apart() -> None:
    assert [status.value for status in ExperimentStatus if not status.is_terminal] == ["queued", "running"]
    assert [status.value for status in SweepStatus if not status.is_terminal] == ["running"]
