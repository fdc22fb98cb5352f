"""Comparisons of experiments that were really trained."""

import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ikt_model.comparison.pareto import metric_axes
from tests.api.support import Service, assert_problem
from tests.api.training import Trained, classroom_csv, cross_validate, train


@pytest.fixture
def params(trained: Trained) -> dict[str, str]:
    return {"baseline": trained.baseline["id"], "candidate": trained.candidate["id"]}


class TestCompare:
    def test_every_figure_stands_beside_the_baseline(self, trained: Trained, params: dict[str, str]) -> None:
        comparison = trained.service.client.get("/comparisons", params=params).json()

        assert [run["name"] for run in comparison["experiments"]] == ["baseline", "candidate"]
        assert {"name": "loss.ability_alignment", "values": ["mean", "pointwise"]} in comparison["settings"]
        rows = {row["metric"]: row for section in comparison["sections"] for row in section["rows"]}
        assert {"auc", "l_21_kl", "theta_pearson", "p_mastery_pearson"} <= set(rows)
        first, second = rows["auc"]["values"]
        assert first["value"] == trained.baseline["metrics"]["auc"]
        assert second["value"] == trained.candidate["metrics"]["auc"]
        assert first["change"] is None
        assert second["change"] == pytest.approx(second["value"] - first["value"])

    def test_changes_in_prediction_have_an_interval(self, trained: Trained, params: dict[str, str]) -> None:
        comparison = trained.service.client.get("/comparisons", params=params).json()

        rows = {row["metric"]: row for section in comparison["sections"] for row in section["rows"]}
        for metric in ("auc", "mastery_auc", "auc_first_5", "accuracy", "l_bce", "brier"):
            first, second = rows[metric]["values"]
            assert first["change_low"] is None
            assert second["change_low"] <= second["change"] + 1e-6
            assert second["change"] - 1e-6 <= second["change_high"]
            held = second["change_low"] <= 0 <= second["change_high"]
            assert (second["verdict"] == "same") == held
        auc = rows["auc"]["values"][1]
        assert 0 <= auc["p_value"] <= 1
        assert auc["delong_low"] <= auc["change"] + 1e-6
        assert auc["change"] - 1e-6 <= auc["delong_high"]
        assert rows["brier"]["values"][1]["delong_low"] is None
        assert rows["brier"]["values"][1]["p_value"] is None
        assert rows["theta_std"]["values"][1]["change_low"] is None
        assert "2,000 resamples of students" in comparison["intervals"]
        assert not any("interval" in note for note in comparison["notes"])

    def test_folds_that_one_of_them_left_out_are_told(self, trained: Trained) -> None:
        less = train(
            trained.service, trained.dataset["id"], preset="small-mean", name="less", exclude_folds=[2, 1]
        )
        params = {"baseline": trained.baseline["id"], "candidate": less["id"]}
        comparison = trained.service.client.get("/comparisons", params=params).json()
        assert [run["exclude_folds"] for run in comparison["experiments"]] == [[], [1, 2]]
        assert any("left out different folds" in note for note in comparison["notes"])
        markdown = trained.service.client.get(
            "/comparisons", params=params, headers={"Accept": "text/markdown"}
        )
        assert "| folds left out | – | 1, 2 |" in markdown.text.splitlines()

    def test_every_objective_is_a_final_metric(self, trained: Trained) -> None:
        assert set(metric_axes()) <= set(trained.baseline["metrics"])

    def test_markdown_shows_intervals(self, trained: Trained, params: dict[str, str]) -> None:
        answer = trained.service.client.get(
            "/comparisons", params=params, headers={"Accept": "text/markdown"}
        )
        lines = answer.text.splitlines()
        auc, _ = [line for line in lines if line.startswith("| AUC |")]  # and its criterion
        assert re.search(r"\[[^\]]+, [^\]]+\] p (= [01]\.\d{3}|&lt; 0\.001)", auc)
        (brier,) = [line for line in lines if line.startswith("| Brier score |")]
        assert re.search(r"\[[+−][\d.e−]+, [+−][\d.e−]+\] ([=↑↓]) (no difference|better|worse)", brier)
        assert "2,000 resamples of students" in answer.text

    def test_other_students_are_not_paired(self, trained: Trained) -> None:
        other = train(trained.service, trained.dataset["id"], preset="small-mean", name="other fold", fold=1)
        comparison = trained.service.client.get(
            "/comparisons",
            params={"baseline": trained.baseline["id"], "candidate": [other["id"], trained.candidate["id"]]},
        ).json()

        assert any("other fold held out other students than baseline" in note for note in comparison["notes"])
        (auc,) = [row for row in comparison["sections"][0]["rows"] if row["metric"] == "auc"]
        assert [value["change_low"] is None for value in auc["values"]] == [True, True, False]
        assert auc["values"][1]["verdict"] is None
        assert auc["values"][1]["change"] is not None

    def test_other_data_is_refused(self, trained: Trained) -> None:
        data = trained.service.add_dataset(classroom_csv(n_students=30, seed=8))
        other = train(trained.service, data["id"], preset="small-mean", name="other data")
        params = {"baseline": trained.baseline["id"], "candidate": [trained.candidate["id"], other["id"]]}
        for accept in ("application/json", "text/html"):
            answer = trained.service.client.get("/comparisons", params=params, headers={"Accept": accept})
            detail = assert_problem(answer, 409, "datasets-differ")["detail"]
            assert other["id"] in detail
            for dataset in (data, trained.dataset):
                assert f"{dataset['name']} ({dataset['content_hash'][:8]})" in detail

    def test_too_few_students_are_no_evidence(self, trained: Trained) -> None:
        data = trained.service.add_dataset(classroom_csv(n_students=30, seed=9))
        first, second = (
            train(trained.service, data["id"], preset=preset, name=preset)
            for preset in ("small-mean", "small-dynamic")
        )
        rows = compare(trained.service, first, second)
        for metric in ("auc", "accuracy", "l_bce", "brier"):
            value = rows[metric]["values"][1]
            assert (value["change_low"], value["verdict"]) == (None, None)
        assert rows["auc"]["values"][1]["p_value"] is not None
        params = {"baseline": first["id"], "candidate": second["id"]}
        notes = trained.service.client.get("/comparisons", params=params).json()["notes"]
        assert any("too few students" in note for note in notes)

    def test_missing_predictions_are_said_to_be_missing(self, trained: Trained) -> None:
        lost = train(trained.service, trained.dataset["id"], preset="small-mean", name="lost")
        trained.service.resources.store.delete(f"experiments/{lost['id']}/predictions.parquet")
        for baseline, candidate in ((lost, trained.candidate), (trained.candidate, lost)):
            params = {"baseline": baseline["id"], "candidate": candidate["id"]}
            answer = trained.service.client.get("/comparisons", params=params)
            assert answer.status_code == 200
            assert "lost has no stored predictions: its changes have no interval." in answer.json()["notes"]
            assert answer.json()["intervals"] is None

    def test_other_responses_are_not_paired(self, trained: Trained, tmp_path: Path) -> None:
        shorter = train(trained.service, trained.dataset["id"], preset="small-mean", name="shorter")
        key = f"experiments/{shorter['id']}/predictions.parquet"
        store = trained.service.resources.store
        pq.write_table(pq.read_table(store.fetch(key)).slice(3), tmp_path / "fewer.parquet")
        store.put_file(tmp_path / "fewer.parquet", key)
        params = {"baseline": trained.baseline["id"], "candidate": shorter["id"]}
        comparison = trained.service.client.get("/comparisons", params=params).json()
        (note,) = [note for note in comparison["notes"] if note.startswith("shorter has no intervals")]
        assert "the runs did not predict the same responses: 3 of " in note
        assert "model.window" in note

    def test_markdown_holds_the_same_tables(self, trained: Trained, params: dict[str, str]) -> None:
        answer = trained.service.client.get(
            "/comparisons", params=params, headers={"Accept": "text/markdown"}
        )
        lines = answer.text.splitlines()

        assert answer.headers["content-type"].startswith("text/markdown")
        assert answer.headers["vary"] == "Accept"
        assert lines[0] == "# baseline against candidate"
        assert "| `loss.ability_alignment` | mean | pointwise |" in lines
        auc, _ = [line for line in lines if line.startswith("| AUC |")]  # and its criterion
        assert f"{trained.candidate['metrics']['auc']:.4f}" in auc
        tables = [line for line in lines if line.startswith("|")]
        assert all(line.count("|") >= 4 and line.endswith(" |") for line in tables)

    def test_experiment_against_itself_changes_nothing(self, trained: Trained) -> None:
        own = trained.baseline["id"]
        comparison = trained.service.client.get(
            "/comparisons", params={"baseline": own, "candidate": [own, own]}
        ).json()
        assert len(comparison["experiments"]) == 3
        values = [v for s in comparison["sections"] for row in s["rows"] for v in row["values"][1:]]
        assert {value["verdict"] for value in values} <= {"same", None}

    def test_other_media_type_is_not_acceptable(self, trained: Trained, params: dict[str, str]) -> None:
        answer = trained.service.client.get(
            "/comparisons", params=params, headers={"Accept": "application/pdf"}
        )
        problem = assert_problem(answer, 406, "not-acceptable")
        assert "text/markdown" in problem["detail"]

    def test_unknown_experiment_is_not_found(self, trained: Trained, params: dict[str, str]) -> None:
        unknown = params | {"candidate": "0193a1f6-0f0a-7c11-9d3e-8a1b2c3d4e5f"}
        answer = trained.service.client.get("/comparisons", params=unknown)
        assert_problem(answer, 404, "experiment-not-found")


class TestFindings:
    def test_evidence_leads_to_where_its_figure_stands(
        self, trained: Trained, params: dict[str, str]
    ) -> None:
        found = trained.service.client.get("/comparisons", params=params).json()
        assert {finding["experiment_id"] for finding in found["findings"]} == set(params.values())
        severities = [finding["severity"] for finding in found["findings"]]
        assert severities == sorted(severities, key=["problem", "caution", "remark"].index)
        seen = set()
        for finding in found["findings"]:
            own = f"/experiments/{finding['experiment_id']}"
            for part in finding["evidence"]:
                assert part["href"] == (own if part["epoch"] is None else f"{own}/metrics")
                seen.add(part["href"])
                if part["epoch"] is None and part["metric"] in trained.baseline["metrics"]:
                    holder = trained.service.client.get(part["href"]).json()
                    assert holder["metrics"][part["metric"]] == part["value"]
        assert all(trained.service.client.get(href).status_code == 200 for href in seen)

    def test_of_a_cross_validation_it_leads_there(self, trained: Trained) -> None:
        row = cross_validate(trained.service, trained.dataset["id"], preset="small-mean", folds=[0, 1])
        params = {"baseline": row["id"], "candidate": row["id"]}
        found = trained.service.client.get("/comparisons", params=params).json()
        hrefs = {part["href"] for finding in found["findings"] for part in finding["evidence"]}
        assert hrefs == {f"/cross-validations/{row['id']}"}
        assert [run["href"] for run in found["experiments"]] == [f"/cross-validations/{row['id']}"] * 2
        assert found["curves"] == []


class TestCrossValidations:
    def test_changes_are_means_over_folds_with_an_interval_pooled_over_them(self, trained: Trained) -> None:
        service, dataset_id = trained.service, trained.dataset["id"]
        first, second = (
            cross_validate(service, dataset_id, preset=preset, folds=[0, 2])
            for preset in ("small-mean", "small-dynamic")
        )
        rows = compare(service, first, second)
        by_fold = [
            compare(service, *members)
            for members in zip(first["experiments"], second["experiments"], strict=True)
        ]
        for metric in ("auc", "mastery_auc", "brier"):
            _, pooled = rows[metric]["values"]
            changes = [found[metric]["values"][1] for found in by_fold]
            mean = sum(change["change"] for change in changes) / 2
            assert pooled["change"] == pytest.approx(mean)
            assert pooled["value"] == pytest.approx(second["metrics"][metric]["mean"])
            assert pooled["change_low"] <= mean + 1e-6
            assert mean - 1e-6 <= pooled["change_high"]
            widths = [change["change_high"] - change["change_low"] for change in changes]
            assert pooled["change_high"] - pooled["change_low"] < max(widths)
        auc = rows["auc"]["values"][1]
        assert auc["delong_low"] <= auc["change"] + 1e-6
        assert auc["change"] - 1e-6 <= auc["delong_high"]

        params = {"baseline": first["id"], "candidate": second["id"]}
        answer = service.client.get("/comparisons", params=params).json()
        assert [run["folds"] for run in answer["experiments"]] == [[0, 2], [0, 2]]
        assert {"name": "loss.ability_alignment", "values": ["mean", "pointwise"]} in answer["settings"]
        markdown = service.client.get("/comparisons", params=params, headers={"Accept": "text/markdown"})
        assert "| folds held out | 0, 2 | 0, 2 |" in markdown.text.splitlines()

    def test_other_folds_are_not_paired(self, trained: Trained) -> None:
        first, second = (
            cross_validate(
                trained.service, trained.dataset["id"], preset="skill-rate", config={}, folds=folds
            )
            for folds in ([0, 1], [1, 2])
        )
        params = {"baseline": first["id"], "candidate": second["id"]}
        answer = trained.service.client.get("/comparisons", params=params).json()
        assert any("held out other students" in note for note in answer["notes"])
        assert answer["intervals"] is None

    def test_an_experiment_is_no_cross_validation(self, trained: Trained) -> None:
        row = _submit(trained)
        params = {"baseline": trained.baseline["id"], "candidate": row["id"]}
        problem = assert_problem(
            trained.service.client.get("/comparisons", params=params), 422, "invalid-request"
        )
        assert problem["errors"][0]["parameter"] == "candidate"
        assert "is a cross-validation and the baseline an experiment" in problem["detail"]

    def test_every_fold_must_have_succeeded(self, trained: Trained) -> None:
        row = _submit(trained)
        params = {"baseline": row["id"], "candidate": row["id"]}
        answer = trained.service.client.get("/comparisons", params=params)
        problem = assert_problem(answer, 409, "experiment-unfinished")
        unfinished = [entry["experiment_id"] for entry in problem["unfinished"]]
        assert unfinished == [member["id"] for member in row["experiments"]]


def compare(service: Service, first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """The rows of a comparison by metric."""
    params = {"baseline": first["id"], "candidate": second["id"]}
    answer = service.client.get("/comparisons", params=params).raise_for_status().json()
    return {row["metric"]: row for section in answer["sections"] for row in section["rows"]}


def _submit(trained: Trained) -> dict[str, Any]:
    wanted = {"dataset_id": trained.dataset["id"], "folds": [0, 1]}
    row: dict[str, Any] = trained.service.client.post("/cross-validations", json=wanted).json()
    return row
