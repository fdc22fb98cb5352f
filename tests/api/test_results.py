"""What experiments that were really trained have left."""

import json
from io import BytesIO
from pathlib import Path

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from api.services.refusals import EvaluationRefused
from db.engine import read_scope
from db.models import Calibration
from tests.api.support import assert_problem
from tests.api.training import Trained, classroom_csv, train

PARQUET = "application/vnd.apache.parquet"


class TestExperiment:
    def test_finished_experiment_shows_what_it_measured(self, trained: Trained) -> None:
        experiment = trained.candidate

        assert (experiment["progress"], experiment["epochs_done"]) == (1.0, 2)
        assert 0.0 < experiment["metrics"]["auc"] < 1.0
        assert experiment["last"]["epoch"] == 2
        assert experiment["environment"]["package_versions"]["torch"]
        assert experiment["finished_at"] > experiment["started_at"]
        epochs = trained.service.client.get(experiment["links"]["metrics"]).json()["items"]
        assert [epoch["epoch"] for epoch in epochs] == [1, 2]
        assert {"train_loss", "auc", "theta_pearson"} <= set(epochs[0]["metrics"])

    def test_its_reference_tells_how_long_its_fit_took(self, trained: Trained) -> None:
        with read_scope(trained.service.sessions) as session:
            fitted = set(session.scalars(select(Calibration.seconds)))
        known, unknown = (
            trained.service.submit(
                trained.dataset["id"],
                preset="small-dynamic",
                fold=trained.candidate["fold"],
                config={"reference": {"grid_points": points}},
            ).json()
            for points in (81, 57)
        )

        assert trained.candidate["calibration_seconds"] in fitted
        assert known["calibration_seconds"] == trained.candidate["calibration_seconds"]
        assert unknown["calibration_seconds"] is None


class TestPredictions:
    def test_parquet_is_the_default(self, trained: Trained) -> None:
        answer = trained.service.client.get(trained.candidate["links"]["predictions"])
        table = pq.read_table(BytesIO(answer.content))

        assert answer.headers["content-type"] == PARQUET
        assert {"student_id", "position", "response", "probability"} <= set(table.column_names)
        assert table.num_rows > 0

    def test_csv_holds_the_same_rows(self, trained: Trained) -> None:
        href = trained.candidate["links"]["predictions"]
        whole = pq.read_table(BytesIO(trained.service.client.get(href).content))
        answer = trained.service.client.get(href, headers={"Accept": "text/csv"})
        table = pa_csv.read_csv(BytesIO(answer.content))

        assert answer.headers["content-type"].startswith("text/csv")
        assert table.column_names == whole.column_names
        assert table["response"].to_pylist() == whole["response"].to_pylist()
        assert table["probability"].to_pylist() == pytest.approx(whole["probability"].to_pylist(), abs=1e-6)
        assert table["skills"].cast("string").to_pylist() == [
            ";".join(s) for s in whole["skills"].to_pylist()
        ]

    def test_other_media_type_is_not_acceptable(self, trained: Trained) -> None:
        href = trained.candidate["links"]["predictions"]
        answer = trained.service.client.get(href, headers={"Accept": "image/png"})
        assert_problem(answer, 406, "not-acceptable")

    def test_artifacts_lead_to_model_and_predictions(self, trained: Trained) -> None:
        items = trained.service.client.get(trained.candidate["links"]["artifacts"]).json()["items"]
        by_name = {item["name"]: item for item in items}

        assert set(by_name) == {"model", "predictions", "report"}
        assert by_name["model"]["href"] == f"/models/{trained.model['id']}"
        assert all(item["size_bytes"] > 0 for item in items)
        assert all(trained.service.client.get(item["href"]).status_code == 200 for item in items)


class TestReport:
    def test_report_says_what_the_experiment_is_worth(self, trained: Trained) -> None:
        answer = trained.service.client.get(trained.candidate["links"]["report"])
        assert answer.status_code == 200, answer.text
        report = answer.json()
        assert report["experiment_id"] == trained.candidate["id"]
        assert (report["protocol"], report["window"]) == ("window", 50)
        assert report["auc"]["probability"]["auc"] == pytest.approx(
            trained.candidate["metrics"]["auc"], abs=0.01
        )
        assert report["calibration"]["probability"]["ece"] == pytest.approx(
            trained.candidate["metrics"]["ece"], abs=1e-4
        )
        assert {part["skill"] for part in report["by_skill"]} <= set(trained.skills)
        assert report["by_history"][0]["first"] == 1
        status = {finding["check"]: finding["status"] for finding in report["audit"]["findings"]}
        assert status["future_labels_window"] == status["future_labels_history"] == "pass"
        assert status["student_overlap"] == status["reference_fit"] == "pass"

    def test_abilities_and_difficulties_are_spread_beside_the_references(self, trained: Trained) -> None:
        href = trained.candidate["links"]["report"]
        report = trained.service.client.get(href).json()
        for name, n_values in (("theta", report["n_predicted"]), ("beta", len(trained.skills))):
            shown = report["distributions"][name]
            assert len(shown["edges"]) == len(shown["model"]) + 1 == 41
            assert sum(shown["model"]) == sum(shown["reference"]) == n_values

    def test_a_report_of_before_they_were_kept_is_read(self, trained: Trained, tmp_path: Path) -> None:
        store, key = trained.service.resources.store, f"experiments/{trained.baseline['id']}/report.json"
        now = json.loads(store.fetch(key).read_text("utf-8"))
        kept, older = tmp_path / "kept.json", tmp_path / "older.json"
        kept.write_text(json.dumps(now), "utf-8")
        older.write_text(json.dumps({name: now[name] for name in now if name != "distributions"}), "utf-8")
        store.put_file(older, key)
        answer = trained.service.client.get(trained.baseline["links"]["report"])
        store.put_file(kept, key)
        assert (answer.status_code, answer.json()["distributions"]) == (200, None)
        assert answer.json()["audit"] == now["audit"]

    def test_experiment_without_a_report_says_so(self, trained: Trained) -> None:
        older = train(trained.service, trained.dataset["id"], preset="small-mean", name="older")
        trained.service.resources.store.delete(f"experiments/{older['id']}/report.json")
        problem = assert_problem(trained.service.client.get(older["links"]["report"]), 404, "report-missing")
        assert "train it again" in problem["detail"]
        items = trained.service.client.get(older["links"]["artifacts"]).json()["items"]
        assert {item["name"] for item in items} == {"model", "predictions"}

    def test_queued_experiment_has_none_yet(self, trained: Trained) -> None:
        queued = trained.service.submit(trained.dataset["id"], preset="small-mean").json()
        answer = trained.service.client.get(f"/experiments/{queued['id']}/report")
        assert_problem(answer, 409, "experiment-unfinished")


class TestEvaluation:
    def test_protocol_decides_what_is_predicted_and_is_named(self, trained: Trained) -> None:
        # 60 responses: two windows of 50 and 10, or one history.
        rows = [f"s{n},{trained.skills[0]},{(n + t) % 2}" for n in range(3) for t in range(60)]
        content = "\n".join(["student_id,skill,correct", *rows]).encode()
        asked = {}
        for protocol in ("window", "history"):
            url = f"{_own(trained)}/evaluations"
            form = trained.service.client.post(
                url, files={"file": ("long.csv", content)}, data={"protocol": protocol}
            ).json()
            raw = trained.service.client.post(
                url, params={"protocol": protocol}, content=content, headers={"Content-Type": "text/csv"}
            ).json()
            assert form["protocol"] == raw["protocol"] == protocol
            assert form["metrics"] == raw["metrics"]
            asked[protocol] = form["n_predicted"]
        assert asked == {"window": 3 * 58, "history": 3 * 59}

    def test_unknown_protocol_is_refused_by_name(self, trained: Trained) -> None:
        answer = trained.service.client.post(
            f"{_own(trained)}/evaluations",
            files={"file": ("same.csv", classroom_csv())},
            data={"protocol": "peek"},
        )
        problem = assert_problem(answer, 422, "invalid-request")
        assert [error["pointer"] for error in problem["errors"]] == ["/protocol"]

    def test_unseen_students_are_measured(self, trained: Trained) -> None:
        before = trained.service.traces()
        header, *rows = classroom_csv(n_students=20, seed=8).splitlines()
        others = b"\n".join([header, *(b"new-" + row for row in rows)])
        answer = trained.service.client.post(
            f"{_own(trained)}/evaluations", files={"file": ("others.csv", others)}
        )

        assert answer.status_code == 200, answer.text
        evaluation = answer.json()
        assert (evaluation["n_students"], evaluation["n_known_students"]) == (20, 0)
        assert 0.0 < evaluation["metrics"]["auc"] < 1.0
        assert evaluation["unknown_skills"] == []
        assert trained.service.traces() == before

    def test_training_students_are_counted(self, trained: Trained) -> None:
        evaluation = trained.service.client.post(
            f"{_own(trained)}/evaluations", files={"file": ("same.csv", classroom_csv())}
        ).json()
        folds = trained.dataset["statistics"]["students_per_fold"]
        assert evaluation["n_known_students"] == evaluation["n_students"] - folds["0"]

    def test_unknown_skills_are_named(self, trained: Trained) -> None:
        known = trained.skills[0]
        rows = [f"s{n},{skill},{n % 2}" for n in range(8) for skill in (known, "knitting", known, known)]
        answer = trained.service.client.post(
            f"{_own(trained)}/evaluations",
            content="\n".join(["student_id,skill,correct", *rows]),
            headers={"Content-Type": "text/csv"},
        )
        evaluation = answer.json()
        assert evaluation["unknown_skills"] == ["knitting"]
        assert (evaluation["n_students"], evaluation["n_responses"], evaluation["n_predicted"]) == (8, 24, 16)

    def test_name_is_refused_where_nothing_is_kept(self, trained: Trained) -> None:
        answer = trained.service.client.post(
            f"{_own(trained)}/evaluations",
            files={"file": ("same.csv", classroom_csv())},
            data={"name": "classroom"},
        )
        problem = assert_problem(answer, 422, "invalid-request")
        assert [error["pointer"] for error in problem["errors"]] == ["/name"]

    @pytest.mark.parametrize(
        ("content", "slug"),
        [
            (b"student_id,skill,correct\na,x,2\n", "dataset-bad-rows"),
            (b"\n", "dataset-unreadable"),
            (b"student_id,skill,correct\na,no such skill,1\n", "evaluation-refused"),
        ],
    )
    def test_unusable_file_is_refused(self, trained: Trained, content: bytes, slug: str) -> None:
        before = trained.service.traces()
        answer = trained.service.client.post(
            f"{_own(trained)}/evaluations", files={"file": ("bad.csv", content)}
        )
        assert_problem(answer, 422, slug)
        assert trained.service.traces() == before

    def test_evaluations_leave_the_threads_of_others_alone(
        self, trained: Trained, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        threads, seen = trained.service.resources.evaluations, []

        def look(*_: object, **__: object) -> None:
            seen.append(threads.borrowed_tokens)
            raise EvaluationRefused("enough was seen")

        monkeypatch.setattr("api.services.evaluations.evaluate_experiment", look)
        answer = trained.service.client.post(f"{_own(trained)}/evaluations", files={"file": b"x"})
        assert_problem(answer, 422, "evaluation-refused")
        assert (seen, threads.total_tokens) == ([1], 2)


def _own(trained: Trained) -> str:
    own: str = trained.candidate["links"]["self"]
    return own
