"""What is kept of a study, and when it no longer speaks of the plan."""

import json
from pathlib import Path
from typing import Any

import pytest

from docs.study.plan import Plan, load_plan
from docs.study.results import fingerprint_today, load_results, save_results
from tests.study.results import invent


@pytest.fixture
def plan() -> Plan:
    return load_plan()


@pytest.fixture
def results(plan: Plan) -> dict[str, Any]:
    return invent(plan)


def test_saved_results_are_read_back(plan: Plan, results: dict[str, Any], tmp_path: Path) -> None:
    save_results(tmp_path / "results.json", results, plan)

    assert load_results(tmp_path / "results.json", plan) == json.loads(json.dumps(results))


def test_the_order_of_running_does_not_show(plan: Plan, results: dict[str, Any], tmp_path: Path) -> None:
    backwards = results | {"runs": dict(reversed(results["runs"].items()))}

    save_results(tmp_path / "one.json", results, plan)
    save_results(tmp_path / "other.json", backwards, plan)

    assert (tmp_path / "one.json").read_text() == (tmp_path / "other.json").read_text()


def test_an_experiment_is_one_line(plan: Plan, results: dict[str, Any], tmp_path: Path) -> None:
    save_results(tmp_path / "results.json", results, plan)

    lines = (tmp_path / "results.json").read_text("utf-8").splitlines()
    n_experiments = sum(len(entry["experiments"]) for entry in results["runs"].values())
    assert sum('"config_fingerprint"' in line for line in lines) == n_experiments


def test_a_run_that_means_something_else_now_is_dropped(
    plan: Plan, results: dict[str, Any], tmp_path: Path
) -> None:
    results["runs"]["a-mean"]["config"]["loss"]["lambda_target"] = 0.4
    results["runs"]["c-dkt"]["folds"] = [0, 1]
    save_results(tmp_path / "results.json", results, plan)

    left = load_results(tmp_path / "results.json", plan)["runs"]

    assert set(results["runs"]) - set(left) == {"a-mean", "c-dkt"}


def test_a_setting_that_is_new_since_makes_no_other_run(plan: Plan) -> None:
    config = plan.named("c-skill-wise").config
    stored = config.model_dump(mode="json")
    del stored["loss"]["balancing"]  # at its default

    assert fingerprint_today(stored) == config.fingerprint()


def test_a_setting_that_is_gone_makes_another_run(plan: Plan) -> None:
    stored = plan.named("c-skill-wise").config.model_dump(mode="json")
    stored["loss"]["momentum"] = 0.9

    assert fingerprint_today(stored) is None


def test_results_of_the_miniature_never_pass_for_the_study(
    plan: Plan, results: dict[str, Any], tmp_path: Path
) -> None:
    save_results(tmp_path / "results.json", results | {"study": "short"}, plan)

    assert load_results(tmp_path / "results.json", plan)["runs"] == {}
