"""A target has a value when every fold that it speaks of has one, and nothing else passes for it."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from docs.study.plan import Plan, load_plan
from docs.study.service import count_attempts
from docs.study.targets import FILE, targets, thresholds
from docs.study.view import View
from ikt_model.comparison.tables import CRITERIA
from tests.study.results import invent


@pytest.fixture
def plan() -> Plan:
    return load_plan()


@pytest.fixture
def results(plan: Plan) -> dict[str, Any]:
    return invent(plan)


def row(plan: Plan, results: dict[str, Any], what: str, *, run: str = "", of: str = "") -> list[str]:
    """Target, measured and verdict of the one row that this names."""
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in targets(View(plan, results)).splitlines()
    ]
    (found,) = (cells for cells in rows if cells[0] == what and run in cells[1] and of in cells[2])
    return found[3:]


class TestFolds:
    def test_a_target_is_judged_by_its_worst_fold(self, plan: Plan, results: dict[str, Any]) -> None:
        experiments = results["runs"]["c-skill-wise"]["experiments"]
        for one in experiments:
            one["metrics"]["l_22"] = 0.0005
        known = {"run": "c-skill-wise", "of": "worst fold"}
        assert row(plan, results, "… l_22", **known) == ["≤ 0.001", "0.0005", "✓"]

        experiments[3]["metrics"]["l_22"] = 0.002

        assert row(plan, results, "… l_22", **known) == ["≤ 0.001", "0.0020", "✗"]

    @pytest.mark.parametrize("what", ["… KL", "… l_22", "… θ Pearson"])
    def test_no_fold_stands_for_one_that_is_missing(
        self, plan: Plan, results: dict[str, Any], what: str
    ) -> None:
        results["runs"]["c-skill-wise"]["experiments"][2]["status"] = "failed"
        del results["runs"]["c-skill-wise"]["experiments"][4]

        assert row(plan, results, what, run="c-skill-wise", of="worst fold")[1:] == [
            "–",
            "folds 2, 4 missing",
        ]
        assert row(plan, results, what, run="c-skill-wise", of="fold 0")[2] in "✓✗"

    def test_a_figure_that_is_null_is_missing(self, plan: Plan, results: dict[str, Any]) -> None:
        results["runs"]["c-skill-wise"]["experiments"][1]["metrics"]["p_mastery_pearson"] = None

        found = row(plan, results, "H3: corr(p, M), skill-wise reference")

        assert found[1:] == ["–", "fold 1 missing"]

    def test_fits_are_judged_by_the_slowest(self, plan: Plan, results: dict[str, Any]) -> None:
        what = "`pfa`: seconds of its fit on one core"
        assert row(plan, results, what) == ["≤ 10", "5.5", "✓"]

        results["runs"]["d-pfa"]["experiments"][0]["calibration_seconds"] = 11.0
        assert row(plan, results, what) == ["≤ 10", "11.0", "✗"]

        del results["runs"]["d-pfa"]["experiments"][3]["calibration_seconds"]  # of an older study
        assert row(plan, results, what)[1:] == ["–", "fold 3 missing"]


class TestPairs:
    what = "Cost of interpretability: AUC less that of λ = 0"

    def test_a_change_is_shown_with_its_interval(self, plan: Plan, results: dict[str, Any]) -> None:
        assert row(plan, results, self.what) == ["≥ −0.0005", "+0.0000 [−0.0020, 0.0040]", "✓"]
        assert row(plan, results, "… lower end of the paired interval")[::2] == ["> 0", "✗"]

    def test_an_interval_above_0_does_not_touch_it(self, plan: Plan, results: dict[str, Any]) -> None:
        pooled = results["pairs"]["c-gain"]["candidates"]["c-skill-wise"]["pooled"]["figures"]["auc"]
        pooled["low"] = 0.0
        assert row(plan, results, "… lower end of the paired interval")[2] == "✗"

        pooled["low"] = 1e-6
        assert row(plan, results, "… lower end of the paired interval")[2] == "✓"

    def test_what_some_folds_say_is_no_change(self, plan: Plan, results: dict[str, Any]) -> None:
        entry = results["pairs"]["c-cost"]["candidates"]["c-skill-wise"]
        del entry["experiments"][1], entry["by_fold"][1]

        assert row(plan, results, self.what)[1:] == ["–", "fold 1 missing"]

    def test_a_change_of_other_experiments_is_none(self, plan: Plan, results: dict[str, Any]) -> None:
        for one in results["runs"]["c-unaligned"]["experiments"]:
            one["id"] = one["id"].replace("0000", "1111")

        assert row(plan, results, self.what)[1:] == ["–", "not run"]


class TestLeaks:
    what = "… no leak: flip tests on grouped rows that failed"

    def test_a_leak_fails_it(self, plan: Plan, results: dict[str, Any]) -> None:
        report = results["runs"]["e-skill-wise"]["experiments"][0]["report"]
        assert row(plan, results, self.what) == ["≤ 0", "0", "✓"]

        report["findings"].append({"check": "future_labels_window", "status": "fail", "message": "leaks"})

        assert row(plan, results, self.what) == ["≤ 0", "1", "✗"]

    def test_without_a_report_nothing_is_known(self, plan: Plan, results: dict[str, Any]) -> None:
        results["runs"]["e-skill-wise"]["experiments"][0]["report"] = None

        assert row(plan, results, self.what)[1:] == ["–", "no figure"]

    def test_a_step_too_many_fails_it(self, plan: Plan, results: dict[str, Any]) -> None:
        what = "ASSISTments 2009: steps that are not one attempt at an item"
        assert row(plan, results, what) == ["≤ 0", "0", "✓"]

        results["datasets"]["assist2009"]["n_responses"] += 2

        assert row(plan, results, what) == ["≤ 0", "2", "✗"]


def test_attempts_are_counted_from_the_rows(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    rows = ["ana,add,i1,1", "ben,add,i1,1", "ana,sum,i1,1", "ana,add,i1,1", "ana,sum,i1,0", "ana,add,i2,0"]
    file.write_text("\n".join(["student_id,skill,item,correct", *rows, ""]), "utf-8")

    assert count_attempts(file) == 5  # ana: add and sum, add again, sum wrong, another item; ben: one
    file.write_text("student_id,skill,correct\nana,add,1\n", "utf-8")
    assert count_attempts(file) is None


def test_a_benchmark_without_the_figure_says_so(plan: Plan, results: dict[str, Any]) -> None:
    what = "Simulated, fixed abilities: β of `rasch`, RMSE"
    assert row(plan, results, what) == ["≤ 0.05", "0.0123", "✓"]

    results["recoveries"]["e-recovery"]["figures"] = {}
    assert row(plan, results, what)[1:] == ["–", "no figure"]
    del results["recoveries"]["e-recovery"]
    assert row(plan, results, what)[1:] == ["–", "not run"]


def test_a_truth_held_against_another_network_says_nothing(plan: Plan, results: dict[str, Any]) -> None:
    what = "… β of the network's Head 2, RMSE"
    results["recoveries"]["e-network"]["figures"] = {"β of Head 2, RMSE": 0.012}
    assert row(plan, results, what)[1:] == ["0.0120", "✓"]

    results["runs"]["e-simulated"]["experiments"][0]["id"] = "another"
    assert row(plan, results, what)[1:] == ["–", "not run"]


class TestCriteria:
    def test_comparisons_ask_what_the_study_asks(self) -> None:
        asked = dict(thresholds())
        for target in tomllib.loads(FILE.read_text("utf-8"))["targets"]:
            if target.get("figure") in ("ece", "p_mastery_pearson"):
                asked[target["figure"]] = target
        assert set(asked) | {"auc", "l_23_pointwise"} == set(CRITERIA)
        for name, target in asked.items():
            bounds = (target.get("at_least"), target.get("at_most"))
            assert (CRITERIA[name].at_least, CRITERIA[name].at_most) == bounds, name
        assert CRITERIA["l_23_pointwise"] == CRITERIA["l_23"]
