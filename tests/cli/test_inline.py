"""Training, comparing and evaluating without any server."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import TINY, Ikt

METRICS = {
    *("auc", "accuracy", "l_bce", "l_21", "l_21_floor", "l_21_kl", "l_22", "l_23", "l_scale"),
    *("theta_mean", "theta_std", "theta_min", "theta_max", "theta_pearson", "theta_spearman"),
    *("beta_pearson", "mastery_pearson", "p_mastery_pearson", "reference_auc"),
}


@pytest.fixture(scope="module")
def experiments(ikt: Ikt, data_dir: Path, classroom: Path) -> dict[str, dict[str, Any]]:
    """Both presets, trained in this process on a database that did not exist before."""
    assert not data_dir.exists()
    train = ("train", "--data", str(classroom), "--fold", "1", "--inline", "--json", *TINY)
    return {
        preset: ikt(*train, "--preset", preset, "--name", preset).json
        for preset in ("small-mean", "small-dynamic")
    }


class TestTrain:
    def test_both_end_with_every_metric(self, experiments: dict[str, dict[str, Any]]) -> None:
        for experiment in experiments.values():
            assert experiment["status"] == "succeeded"
            assert experiment["fold"] == 1
            assert experiment["config"]["model"]["d_model"] == 16
            assert experiment["metrics"].keys() >= METRICS

    def test_no_message_is_left_for_a_worker(
        self, experiments: dict[str, dict[str, Any]], data_dir: Path
    ) -> None:
        assert len(experiments) == 2
        assert list(data_dir.glob("broker/**/*.msg")) == []

    def test_people_get_progress_and_a_table(self, ikt: Ikt, classroom: Path, data_dir: Path) -> None:
        said = ikt("train", "--preset", "small-mean", "--data", str(classroom), "--inline", *TINY)

        assert said.code == 0
        assert data_dir.exists()
        assert "epoch 2/2" in said.err
        assert "theta_pearson" in said.out

    def test_a_preset_s_own_kind_of_reference_has_its_own_settings(self, ikt: Ikt, classroom: Path) -> None:
        train = ("train", "--data", str(classroom), "--inline", "--json", "--preset")
        without = ikt(*train, "bkt", "--set", "reference.forgetting=false").json
        assert without["config"]["reference"]["forgetting"] is False
        refused = ikt(*train, "bkt", "--set", "reference.decay=0.5")
        assert refused.code == 2
        assert "em_iterations, forgetting" in refused.err

    def test_unknown_preset_is_bad_input(self, ikt: Ikt, classroom: Path, data_dir: Path) -> None:
        said = ikt("train", "--preset", "huge", "--data", str(classroom), "--inline")

        assert (said.code, said.out) == (2, "")
        assert data_dir.exists()
        assert "small-dynamic" in said.err

    @pytest.mark.parametrize(
        ("setting", "named"),
        [
            ("loss.lambda_target=2", "lambda_target"),
            ("loss.lambda=0.5", "lambda_target, lambda_warmup_epochs"),
            ("lambda=0.3", "model.…, reference.…, loss.…, training.…"),
            ("lambda_target=0.3", "Did you mean loss.lambda_target?"),
            ("lambda_target", "section.name=value"),
        ],
    )
    def test_bad_setting_is_named(self, ikt: Ikt, classroom: Path, setting: str, named: str) -> None:
        said = ikt(
            *("train", "--preset", "small-mean", "--data", str(classroom)), *("--set", setting, "--inline")
        )

        assert said.code == 2
        assert named in said.err

    def test_missing_file_is_bad_input(self, ikt: Ikt, data_dir: Path) -> None:
        said = ikt("train", "--preset", "small-mean", "--data", "nowhere.csv", "--inline")

        assert said.code == 2
        assert data_dir.parent.exists()
        assert "nowhere.csv is neither a file nor the id of a dataset" in said.err

    def test_bad_rows_are_shown(self, ikt: Ikt, tmp_path: Path) -> None:
        bad = tmp_path / "bad.csv"
        bad.write_text("student_id,skill,correct\nana,add,1\nana,add,yes\n,add,0\n")

        said = ikt("train", "--preset", "small-mean", "--data", str(bad), "--inline")

        assert (said.code, said.out) == (2, "")
        assert "line" in said.err
        assert "yes" in said.err


class TestCompare:
    def test_json_holds_both(self, ikt: Ikt, experiments: dict[str, dict[str, Any]]) -> None:
        comparison = ikt("compare", "small-mean", "small-dynamic", "--inline", "--json").json

        ids = [experiment["id"] for experiment in comparison["experiments"]]
        assert ids[1] == experiments["small-dynamic"]["id"]
        rows = {row["metric"]: row for section in comparison["sections"] for row in section["rows"]}
        assert rows["auc"]["values"][1]["value"] == experiments["small-dynamic"]["metrics"]["auc"]

    def test_markdown_is_the_services(self, ikt: Ikt, experiments: dict[str, dict[str, Any]]) -> None:
        ids = [experiment["id"] for experiment in experiments.values()]

        said = ikt("compare", *ids, "--inline", "--md")

        assert said.code == 0
        assert "| AUC |" in said.out

    def test_a_file_is_written_as_its_name_says(
        self, ikt: Ikt, experiments: dict[str, dict[str, Any]], tmp_path: Path
    ) -> None:
        ids = [experiment["id"] for experiment in experiments.values()]
        starts = {"c.md": "# small-mean against", "c.html": "<!doctype html>", "deep/c.json": "{"}
        for name, start in starts.items():
            said = ikt("compare", *ids, "--inline", "--output", str(tmp_path / name))
            assert (said.code, said.out) == (0, "")
            assert "✓" in said.err
            assert (tmp_path / name).read_text("utf-8").startswith(start)

    def test_html_goes_to_standard_output(self, ikt: Ikt, experiments: dict[str, dict[str, Any]]) -> None:
        ids = [experiment["id"] for experiment in experiments.values()]
        said = ikt("compare", *ids, "--inline", "--html")
        assert said.out.startswith("<!doctype html>")

    @pytest.mark.parametrize(
        ("asked", "complaint"),
        [
            (("--output", "c.pdf"), "does not say how to write it"),
            (("--html", "--json"), "--html and --json exclude each other"),
            (("--output", "/proc/no/c.md"), "can't be written"),
        ],
    )
    def test_what_cannot_be_written_is_said(
        self, ikt: Ikt, experiments: dict[str, dict[str, Any]], asked: tuple[str, ...], complaint: str
    ) -> None:
        ids = [experiment["id"] for experiment in experiments.values()]
        said = ikt("compare", *ids, "--inline", *asked)
        assert said.code == 2
        assert complaint in said.err

    def test_table_has_arrows(self, ikt: Ikt, experiments: dict[str, dict[str, Any]]) -> None:
        ends = [experiment["id"][-8:] for experiment in experiments.values()]

        said = ikt("compare", *ends, "--inline")

        assert said.code == 0
        assert "▲ +" in said.out or "▼ -" in said.out
        assert "θ Pearson" in said.out
        assert "θ range" in said.out
        assert "resamples of students" in said.out
        assert "caution" in said.out or "problem" in said.out

    def test_cross_validations_are_compared_by_id_and_by_name(
        self, ikt: Ikt, experiments: dict[str, dict[str, Any]]
    ) -> None:
        dataset = experiments["small-mean"]["dataset_id"]
        asked = ("cross-validate", "--preset", "skill-rate", "--data", dataset, "--folds", "0,1", "--inline")
        row = ikt(*asked, "--name", "both folds", "--json").json
        comparison = ikt("compare", row["id"], "both folds", "--inline", "--json").json
        assert [run["id"] for run in comparison["experiments"]] == [row["id"]] * 2
        assert [run["folds"] for run in comparison["experiments"]] == [[0, 1]] * 2

    def test_unknown_experiment_is_bad_input(self, ikt: Ikt, experiments: dict[str, dict[str, Any]]) -> None:
        assert experiments
        said = ikt("compare", "small-mean", "nothing-like-it", "--inline")

        assert said.code == 2
        assert "nothing-like-it" in said.err


class TestEvaluate:
    def test_every_metric_is_measured(
        self, ikt: Ikt, experiments: dict[str, dict[str, Any]], tmp_path: Path
    ) -> None:
        others = tmp_path / "others.csv"
        ikt("simulate", str(others), "--students", "30", "--skills", "6", "--seed", "9")
        name = experiments["small-dynamic"]["id"]

        measured = ikt("evaluate", name, "--data", str(others), "--inline", "--json").json

        assert measured["n_students"] == 30
        assert measured["metrics"].keys() >= METRICS

    def test_protocol_is_named(
        self, ikt: Ikt, experiments: dict[str, dict[str, Any]], classroom: Path
    ) -> None:
        assert experiments
        ask = ("evaluate", "small-dynamic", "--data", str(classroom), "--format", "events", "--inline")

        window, history = (ikt(*ask, "--protocol", name, "--json").json for name in ("window", "history"))
        said = ikt(*ask, "--protocol", "history")

        assert (window["protocol"], history["protocol"]) == ("window", "history")
        assert history["n_predicted"] == history["n_responses"] - history["n_students"]
        assert window["n_predicted"] <= history["n_predicted"]
        assert "protocol 'history'" in said.out.replace("\n", " ")
        assert ikt(*ask, "--protocol", "peek").code == 2

    def test_people_are_told_of_known_students(
        self, ikt: Ikt, experiments: dict[str, dict[str, Any]], classroom: Path
    ) -> None:
        assert experiments
        said = ikt("evaluate", "small-dynamic", "--data", str(classroom), "--format", "events", "--inline")

        assert said.code == 0
        assert "optimistic" in said.out
        assert "l_21_kl" in said.out


class TestReport:
    def test_people_get_figures_and_findings(self, ikt: Ikt, experiments: dict[str, dict[str, Any]]) -> None:
        said = ikt("experiments", "report", experiments["small-dynamic"]["id"], "--inline")

        assert said.code == 0, said.err
        for word in ("AUC, first 5", "ECE", "responses before", "skill", "future_labels_window", "audit: "):
            assert word in said.out

    def test_json_is_the_services(self, ikt: Ikt, experiments: dict[str, dict[str, Any]]) -> None:
        report = ikt("experiments", "report", "small-dynamic", "--inline", "--json").json

        assert report["experiment_id"] == experiments["small-dynamic"]["id"]
        assert {finding["status"] for finding in report["audit"]["findings"]} <= {"pass", "warn", "fail"}

    def test_the_list_stands_beside_it(self, ikt: Ikt, experiments: dict[str, dict[str, Any]]) -> None:
        assert experiments
        assert "List experiments" in ikt("experiments", "--help").out
        assert ikt("experiments", "report", "nothing-like-it", "--inline").code == 2
