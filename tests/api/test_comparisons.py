"""Comparisons of experiments that were really trained."""

import pytest

from tests.api.support import assert_problem
from tests.api.training import Trained


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

    def test_markdown_holds_the_same_tables(self, trained: Trained, params: dict[str, str]) -> None:
        answer = trained.service.client.get(
            "/comparisons", params=params, headers={"Accept": "text/markdown"}
        )
        lines = answer.text.splitlines()

        assert answer.headers["content-type"].startswith("text/markdown")
        assert answer.headers["vary"] == "Accept"
        assert lines[0] == "# baseline against candidate"
        assert "| `loss.ability_alignment` | mean | pointwise |" in lines
        (auc,) = [line for line in lines if line.startswith("| AUC |")]
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
