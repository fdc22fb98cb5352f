"""Every experiment leaves a report of what it is worth, on both stacks."""

import json
import logging
from typing import Any

import pytest

from db.artifacts import open_artifacts
from db.engine import SessionFactory
from db.models import Dataset
from ikt_model.config import resolve_config
from tests.stacks import Stack
from tests.worker.support import look, queue_experiment, run_to_the_end, settings_of
from worker import reporting
from worker.training import run_experiment


def report_of(stack: Stack, experiment_id: object) -> dict[str, Any]:
    path = open_artifacts(stack.database_settings()).fetch(f"experiments/{experiment_id}/report.json")
    report: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return report


def test_a_report_is_left_beside_the_predictions(
    stack: Stack, sessions: SessionFactory, dataset: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="worker.reporting"):
        seen = run_to_the_end(sessions, settings_of(stack), dataset, epochs=2)
    report = report_of(stack, seen.experiment.id)
    assert seen.experiment.metrics is not None
    assert report["auc"]["probability"]["auc"] == pytest.approx(seen.experiment.metrics["auc"], abs=1e-3)
    status = {finding["check"]: finding["status"] for finding in report["audit"]["findings"]}
    for check in (
        *("future_labels_window", "future_labels_history", "reference_fit", "student_overlap"),
        *("duplicate_sequences", "finite_predictions", "implausible_auc", "ability_identity"),
    ):
        assert status[check] == "pass", check
    assert "mastery_falls_after_right" in status
    assert f"status={report['audit']['status']}" in caplog.text


@pytest.mark.parametrize("preset", ["dkt", "bkt", "skill-rate", "skill-wise"])
def test_every_kind_of_model_is_audited(
    stack: Stack, sessions: SessionFactory, dataset: Dataset, preset: str
) -> None:
    small = {"d_model": 16} if preset in ("dkt", "skill-wise") else {}
    config = resolve_config(preset, {"model": small, "training": {"epochs": 1}}).model_dump(mode="json")
    experiment_id = queue_experiment(sessions, dataset.id, epochs=1, config=config)
    assert run_experiment(experiment_id, settings=settings_of(stack))
    report = report_of(stack, experiment_id)
    findings = {finding["check"]: finding for finding in report["audit"]["findings"]}
    for check in (
        *("future_labels_window", "future_labels_history", "reference_fit", "finite_predictions"),
        *("implausible_auc", "constant_probability"),
    ):
        assert findings[check]["status"] == "pass", findings[check]
    assert ("ability_identity" in findings) == (preset != "dkt")
    for shown in report["distributions"].values():
        assert (shown["model"] is None) == (preset == "dkt")
        assert shown["model"] is None or sum(shown["model"]) == sum(shown["reference"]) > 0


def test_students_of_excluded_folds_are_no_training_students(
    stack: Stack, sessions: SessionFactory, dataset: Dataset
) -> None:
    experiment_id = queue_experiment(sessions, dataset.id, epochs=1, exclude_folds=[1, 3])
    assert run_experiment(experiment_id, settings=settings_of(stack))
    findings = {finding["check"]: finding for finding in report_of(stack, experiment_id)["audit"]["findings"]}
    assert findings["reference_fit"]["status"] == "pass"


def test_a_report_that_fails_costs_no_training(
    stack: Stack,
    sessions: SessionFactory,
    dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def break_down(_: object) -> None:
        raise ZeroDivisionError("no such luck")

    monkeypatch.setattr(reporting, "build_report", break_down)
    experiment_id = queue_experiment(sessions, dataset.id, epochs=1)
    assert run_experiment(experiment_id, settings=settings_of(stack))
    assert look(sessions, experiment_id).experiment.status == "succeeded"
    assert not open_artifacts(stack.database_settings()).exists(f"experiments/{experiment_id}/report.json")
    assert "report_failed" in caplog.text
