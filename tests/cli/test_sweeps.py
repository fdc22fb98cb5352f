"""Sweeps and cross-validations as a person types them, without a server and with one."""

from pathlib import Path
from typing import Any

import pytest

from api.cli.processes import Running
from tests.cli.conftest import TINY, Ikt

QUICK = (*TINY, "--set", "training.epochs=1")


@pytest.fixture(scope="module")
def swept(ikt: Ikt, running: Running, classroom: Path) -> dict[str, Any]:
    """Three trials that a worker process has trained, and that were waited for."""
    assert running.url
    found: dict[str, Any] = ikt(
        *("sweep", "--preset", "small-dynamic", "--data", str(classroom), "--fold", "1"),
        *("--exclude-fold", "0", "--grid", "loss.lambda_target=0,0.3,0.6", "--parallel", "2"),
        *("--name", "[/] λ", "--json", *QUICK),
    ).json
    return found


class TestSweeps:
    def test_the_best_is_named_with_the_fold_that_chose(self, ikt: Ikt, swept: dict[str, Any]) -> None:
        assert (swept["status"], swept["counts"]) == ("succeeded", {"succeeded": 3})
        said = ikt("sweeps", "show", "[/] λ")
        assert said.code == 0, said.err
        assert f"best: #{swept['best']['number']} loss.lambda_target=" in said.out
        assert "chosen on fold 1" in said.out

    def test_they_are_listed(self, ikt: Ikt, swept: dict[str, Any]) -> None:
        assert swept["id"] in [row["id"] for row in ikt("sweeps", "--json").json]
        listed = ikt("sweeps", "--status", "succeeded").out
        assert swept["id"] in listed
        assert "[/] λ" in listed

    def test_the_front_is_a_table_and_a_figure(self, ikt: Ikt, swept: dict[str, Any], tmp_path: Path) -> None:
        figure = tmp_path / "figures" / "front.svg"
        said = ikt("sweeps", "pareto", swept["id"], "--figure", str(figure))
        assert said.code == 0, said.err
        assert "●" in said.out
        assert "λ = 0.3" in figure.read_text("utf-8")
        assert len(ikt("sweeps", "pareto", swept["id"], "--json").json["points"]) == 3

    def test_bad_ones_are_refused_with_the_setting(self, ikt: Ikt, swept: dict[str, Any]) -> None:
        command = ("sweep", "--preset", "small-dynamic", "--data", swept["dataset_id"])
        said = ikt(*command, "--grid", "loss.lambda_target=0,2")
        assert (said.code, said.out) == (2, "")
        assert "/search/space/loss.lambda_target/1" in said.err
        assert ikt("sweeps", "pareto", swept["id"], "--x", "luck").code == 2
        assert ikt("sweeps", "show", "no such sweep").code == 2

    def test_cancelling(self, ikt: Ikt, swept: dict[str, Any]) -> None:
        command = ("sweep", "--preset", "small-mean", "--data", swept["dataset_id"], "--no-wait", "--json")
        ranged = ("--float", "loss.lambda_target=0:1", "--trials", "50", "--set", "training.epochs=500")
        begun = ikt(*command, *ranged, *TINY[:8]).json
        assert begun["pruner"]["name"] == "median"
        assert ikt("sweeps", "cancel", begun["id"], "--json").json["status"] == "cancelled"
        assert "is cancelled" in ikt("sweeps", "cancel", begun["id"]).out

    def test_a_sweep_needs_no_server(self, ikt: Ikt, swept: dict[str, Any]) -> None:
        command = ("sweep", "--preset", "small-mean", "--data", swept["dataset_id"], "--inline", *QUICK)
        said = ikt(*command, "--grid", "loss.lambda_target=0,1", "--metric", "l_21_kl")
        assert said.code == 0, said.err
        assert "#1 succeeded" in said.err
        assert "best: #1 loss.lambda_target=1" in said.out


class TestCrossValidations:
    def test_mean_and_deviation_of_named_folds(self, ikt: Ikt, swept: dict[str, Any]) -> None:
        command = ("cross-validate", "--preset", "small-mean", "--data", swept["dataset_id"])
        row = ikt(*command, "--folds", "1,2", "--exclude-fold", "0", "--json", *QUICK).json
        assert (row["status"], row["metrics"]["auc"]["n"]) == ("succeeded", 2)
        assert {(*member["exclude_folds"], member["status"]) for member in row["experiments"]} == {
            (0, "succeeded")
        }
        shown = ikt("cross-validations", "show", row["id"]).out
        assert "± std" in shown
        assert "auc" in shown
        assert row["id"] in ikt("cross-validations").out
        assert ikt("cross-validations", "cancel", row["id"]).code == 0

    def test_they_need_no_server(self, ikt: Ikt, swept: dict[str, Any]) -> None:
        command = ("cross-validate", "--preset", "small-mean", "--data", swept["dataset_id"], "--inline")
        said = ikt(*command, "--folds", "0,4", *QUICK)
        assert said.code == 0, said.err
        assert "± std" in said.out

    @pytest.mark.parametrize("folds", ["most", "0", "0,9"])
    def test_bad_folds_are_refused(self, ikt: Ikt, swept: dict[str, Any], folds: str) -> None:
        command = ("cross-validate", "--preset", "small-mean", "--data", swept["dataset_id"])
        assert ikt(*command, "--folds", folds).code == 2
