"""Our predictions under the eyes of kt-audit."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from kt_audit.audit import audit_path
from kt_audit.schema import Report

from api.formats.kt_audit import audited_columns, write_csv, write_parquet
from ikt_model.data.readers import read_dataset
from ikt_model.data.sequences import Sequences
from tests.api.support import assert_problem
from tests.api.training import Trained

CONTRACT = ["user_id", "timestamp", "split", "kc_ids", "item_id", "y_true", "y_pred", "fold"]
EVENTS = """student_id,skill,correct,item,timestamp
=ana,1,1,i1,2026-01-05T09:00:00Z
=ana,1|2,0,i2,2026-01-05T09:00:00Z
=ana,[3],1,i3,2026-01-05T09:01:00.250Z
007,1,0,i1,2026-01-06T09:00:00Z
007,[3],1,i3,2026-01-06T09:00:01Z
"""


def errors_of(report: Report) -> list[str]:
    return [finding.message for finding in report.findings if finding.severity == "error"]


@pytest.fixture
def told(trained: Trained, tmp_path: Path) -> Path:
    """The candidate's predictions as CSV in a file."""
    href = trained.candidate["links"]["predictions"]
    answer = trained.service.client.get(
        href, params={"columns": "kt-audit"}, headers={"Accept": "text/csv"}
    ).raise_for_status()
    path = tmp_path / "predictions.csv"
    path.write_bytes(answer.content)
    return path


class TestExported:
    def test_audit_finds_no_error_and_the_same_auc(self, trained: Trained, told: Path) -> None:
        report = audit_path(told)

        assert errors_of(report) == []
        assert report.input["splits"] == {"test": report.input["rows"]}
        assert report.metrics["test"]["auc"] == pytest.approx(trained.candidate["metrics"]["auc"], abs=1e-4)

    def test_rows_told_twice_would_be_an_error(self, told: Path) -> None:
        head, *rows = told.read_text("utf-8").splitlines(keepends=True)
        told.write_text("".join([head, *rows, rows[0]]), "utf-8")

        assert errors_of(audit_path(told)) == ["duplicate interaction keys"]

    def test_parquet_holds_the_same_rows_with_lists_of_skills(self, trained: Trained, told: Path) -> None:
        href = trained.candidate["links"]["predictions"]
        answer = trained.service.client.get(href, params={"columns": "kt-audit"}).raise_for_status()
        table, csv = pq.read_table(BytesIO(answer.content)), pa_csv.read_csv(told)

        assert table.column_names[: len(CONTRACT)] == CONTRACT == csv.column_names[: len(CONTRACT)]
        assert table["kc_ids"].to_pylist() == [json.loads(skills) for skills in csv["kc_ids"].to_pylist()]
        assert table["y_pred"].to_pylist() == pytest.approx(csv["y_pred"].to_pylist(), abs=1e-6)
        own = pq.read_table(BytesIO(trained.service.client.get(href).content))
        assert table["user_id"].to_pylist() == own["student_id"].to_pylist()
        assert table["kc_ids"].to_pylist() == own["skills"].to_pylist()

    def test_other_columns_are_refused(self, trained: Trained) -> None:
        href = trained.candidate["links"]["predictions"]
        answer = trained.service.client.get(href, params={"columns": "pykt"})

        problem = assert_problem(answer, 422, "invalid-request")
        assert "kt-audit" in str(problem)


class TestColumns:
    @pytest.fixture
    def sequences(self, tmp_path: Path) -> Sequences:
        path = tmp_path / "events.csv"
        path.write_text(EVENTS)
        return read_dataset(path, format="events")

    @pytest.fixture
    def predictions(self, tmp_path: Path) -> Path:
        table = {
            "student_id": ["=ana", "=ana", "erased", "007"],
            "position": pa.array([1, 2, 1, 1], pa.int32()),
            "response": pa.array([0, 1, 1, 1], pa.int8()),
            "probability": pa.array([0.25, 0.5, 0.5, 0.75], pa.float32()),
        }
        path = tmp_path / "predictions.parquet"
        pq.write_table(pa.table(table), path)
        return path

    def columns(self, predictions: Path, sequences: Sequences, *, as_text: bool) -> dict[str, list[Any]]:
        (batch,) = audited_columns(predictions, sequences, fold=3, as_text=as_text)
        found: dict[str, list[Any]] = batch.to_pydict()
        return found

    def test_times_items_and_skills_are_those_of_the_response(
        self, predictions: Path, sequences: Sequences
    ) -> None:
        found = self.columns(predictions, sequences, as_text=False)

        assert found["user_id"] == ["=ana", "=ana", "007"]
        assert found["item_id"] == ["i2", "i3", "i3"]
        assert [time.isoformat(timespec="milliseconds")[:23] for time in found["timestamp"]] == [
            "2026-01-05T09:00:00.000",
            "2026-01-05T09:01:00.250",
            "2026-01-06T09:00:01.000",
        ]
        assert found["kc_ids"][1:] == [["[3]"], ["[3]"]]
        assert found["fold"] == [3, 3, 3]

    def test_names_of_skills_survive_csv(
        self, predictions: Path, sequences: Sequences, tmp_path: Path
    ) -> None:
        path = tmp_path / "told.csv"
        batches = audited_columns(predictions, sequences, fold=3, as_text=True)
        path.write_bytes(b"".join(write_csv(batches)))

        lists = self.columns(predictions, sequences, as_text=False)["kc_ids"]
        assert [json.loads(text) for text in pa_csv.read_csv(path)["kc_ids"].to_pylist()] == lists
        assert errors_of(audit_path(path)) == []

    def test_positions_stand_for_unknown_times(self, predictions: Path, sequences: Sequences) -> None:
        timeless = Sequences(
            sequences.student_ids,
            sequences.folds,
            sequences.offsets,
            sequences.skill_sets,
            sequences.responses,
            sequences.vocabulary,
        )
        found = self.columns(predictions, timeless, as_text=False)

        assert found["timestamp"] == found["position"] == [1, 2, 1]
        assert found["item_id"] == [None, None, None]

    def test_no_prediction_is_a_table_without_rows(self, sequences: Sequences, tmp_path: Path) -> None:
        types = [("student_id", pa.string()), ("position", pa.int32())]
        types += [("response", pa.int8()), ("probability", pa.float32())]
        path = tmp_path / "none.parquet"
        pq.write_table(pa.schema(types).empty_table(), path)
        content = b"".join(write_parquet(audited_columns(path, sequences, fold=0, as_text=False)))

        assert pq.read_table(BytesIO(content)).num_rows == 0

    def test_a_file_in_many_pieces_is_one_file(self) -> None:
        pieces = [pa.RecordBatch.from_pydict({"y_pred": np.full(1000, part)}) for part in (0.1, 0.2, 0.3)]
        content = list(write_parquet(pieces))

        assert len(content) == 4
        assert pq.read_table(BytesIO(b"".join(content)))["y_pred"].to_pylist()[::1000] == [0.1, 0.2, 0.3]
