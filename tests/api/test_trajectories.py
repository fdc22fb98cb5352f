"""A student's way: pages, points, CSV and Arrow, computed once."""

import csv
import io
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pyarrow as pa
import pytest

from api.inference import Inference
from api.schemas.trajectories import TrajectoryRead
from tests.api.support import assert_problem
from tests.api.training import Trained

START = "2026-03-02T12:{:02}:00Z"
CSV = {"Accept": "text/csv"}
ARROW = {"Accept": "application/vnd.apache.arrow.stream"}
N_STEPS = 12


@pytest.fixture
def student(trained: Trained) -> str:
    """Somebody with twelve responses on three skills."""
    student_id = f"learner-{uuid4().hex[:8]}"
    send(trained, student_id, range(N_STEPS))
    return student_id


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How long the histories were that the model went through, in order."""
    lengths: list[int] = []
    trajectory = Inference.trajectory

    def note(inference: Inference, artifact: str, history: Any) -> Any:
        lengths.append(len(history))
        return trajectory(inference, artifact, history)

    monkeypatch.setattr(Inference, "trajectory", note)
    return lengths


def send(trained: Trained, student: str, numbers: range) -> None:
    body = [
        {"event_id": f"e{n}", "skill": trained.skills[n % 3], "correct": n % 3 > 0}
        | {"timestamp": START.format(n)}
        for n in numbers
    ]
    trained.service.client.post(f"/students/{student}/interactions", json=body).raise_for_status()


def get(trained: Trained, student: str, headers: dict[str, str] | None = None, **params: Any) -> Any:
    own = f"/students/{student}/trajectory"
    return trained.service.client.get(own, params=params, headers=headers or {})


def steps_of(answer: httpx.Response) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return items


class TestPages:
    def test_pages_join_to_the_whole(self, trained: Trained, student: str, computed: list[int]) -> None:
        page = get(trained, student, limit=5)
        steps, n_pages = steps_of(page), 1
        while "next" in page.links:
            page = trained.service.client.get(page.links["next"]["url"])
            steps, n_pages = steps + steps_of(page), n_pages + 1

        assert (n_pages, page.json()["next_cursor"]) == (3, None)
        assert steps == steps_of(get(trained, student))
        assert [step["position"] for step in steps] == list(range(N_STEPS))
        assert computed == [N_STEPS]

    def test_it_is_what_the_schema_says(self, trained: Trained, student: str) -> None:
        answer = get(trained, student)
        read = TrajectoryRead.model_validate_json(answer.content, strict=False)
        assert read.model_dump(mode="json") == answer.json()

    def test_it_ends_at_the_state(self, trained: Trained, student: str) -> None:
        state = trained.service.client.get(f"/students/{student}/mastery").json()
        steps = steps_of(get(trained, student))
        assert steps[-1]["theta"] == pytest.approx(state["theta"], abs=1e-5)
        assert steps[-1]["theta_reference"] == pytest.approx(state["theta_reference"], abs=1e-5)
        assert (steps[0]["probability"], steps[0]["mastery"]) == (None, None)
        assert all(0 < step["probability"] < 1 for step in steps[1:])

    def test_a_new_response_is_seen(self, trained: Trained, student: str, computed: list[int]) -> None:
        get(trained, student)
        send(trained, student, range(N_STEPS, N_STEPS + 1))
        assert len(steps_of(get(trained, student))) == N_STEPS + 1
        assert computed == [N_STEPS, N_STEPS + 1]

    def test_nothing_is_kept_of_who_was_erased(
        self, trained: Trained, student: str, computed: list[int]
    ) -> None:
        get(trained, student)
        trained.service.client.delete(f"/students/{student}")
        assert_problem(get(trained, student), 404, "student-not-found")
        send(trained, student, range(N_STEPS))
        assert len(steps_of(get(trained, student))) == N_STEPS
        assert computed == [N_STEPS, N_STEPS]

    @pytest.mark.parametrize("cursor", ["nonsense", "c3RlcD0tMQ", "c3RlcD3Csg", "Y29ob3J0PTE", "é"])
    def test_a_strange_cursor_is_refused(self, trained: Trained, student: str, cursor: str) -> None:
        assert_problem(get(trained, student, cursor=cursor), 400, "bad-cursor")

    def test_a_cursor_beyond_the_end_finds_nothing(self, trained: Trained, student: str) -> None:
        page = get(trained, student, cursor="c3RlcD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk").json()
        assert (page["items"], page["next_cursor"]) == ([], None)


class TestPoints:
    @pytest.mark.parametrize("points", [2, 5, N_STEPS, 1000])
    def test_they_are_even_with_the_first_and_the_last(
        self, trained: Trained, student: str, points: int
    ) -> None:
        answer = get(trained, student, points=points)
        whole, steps = steps_of(get(trained, student)), steps_of(answer)
        positions = [step["position"] for step in steps]

        assert steps == [whole[position] for position in positions]
        assert (len(steps), positions[0], positions[-1]) == (min(points, N_STEPS), 0, N_STEPS - 1)
        gaps = np.diff(positions)
        assert gaps.max() - gaps.min() <= 1
        assert answer.json()["next_cursor"] is None
        assert answer.json()["n_interactions"] == N_STEPS
        assert "link" not in answer.headers

    @pytest.mark.parametrize("page", [{"limit": 5}, {"cursor": "c3RlcD0x"}])
    def test_there_are_no_pages_of_them(self, trained: Trained, student: str, page: dict[str, Any]) -> None:
        problem = assert_problem(get(trained, student, points=5, **page), 422, "invalid-request")
        assert problem["errors"][0]["parameter"] in page
        assert "points" in problem["detail"]

    def test_a_student_without_responses_has_none(self, trained: Trained, student: str) -> None:
        nobody = f"nobody-{student}"
        send(trained, nobody, range(1))
        assert len(steps_of(get(trained, nobody, points=5))) == 1


class TestFormats:
    def test_csv_says_the_same(self, trained: Trained, student: str) -> None:
        whole, answer = steps_of(get(trained, student)), get(trained, student, CSV)
        assert answer.headers["content-type"].startswith("text/csv")
        assert answer.headers["vary"] == "Accept"
        rows = list(csv.DictReader(io.StringIO(answer.text)))

        assert list(rows[0]) == list(whole[0])
        for row, step in zip(rows, whole, strict=True):
            assert row["timestamp"] == step["timestamp"].replace("Z", ".000000Z")
            assert (row["skills"], row["correct"]) == (";".join(step["skills"]), str(step["correct"]).lower())
            assert float(row["theta"]) == step["theta"]
            assert (float(row["mastery"]) if row["mastery"] else None) == step["mastery"]

    def test_arrow_says_the_same(self, trained: Trained, student: str) -> None:
        whole, answer = steps_of(get(trained, student)), get(trained, student, ARROW)
        assert answer.headers["content-type"] == ARROW["Accept"]
        table = pa.ipc.open_stream(answer.content).read_all()

        assert table.schema.names == list(whole[0])
        assert table.schema.field("timestamp").type == pa.timestamp("us", "UTC")
        for name in ("position", "event_id", "skills", "correct", "known", "theta", "probability", "mastery"):
            assert table[name].to_pylist() == [step[name] for step in whole]

    @pytest.mark.parametrize("headers", [CSV, ARROW])
    def test_points_come_in_every_format(
        self, trained: Trained, student: str, headers: dict[str, str]
    ) -> None:
        answer = get(trained, student, headers, points=4)
        if headers is CSV:
            assert len(answer.text.splitlines()) == 1 + 4
        else:
            assert pa.ipc.open_stream(answer.content).read_all().num_rows == 4

    @pytest.mark.parametrize("headers", [CSV, ARROW])
    def test_files_have_no_pages(self, trained: Trained, student: str, headers: dict[str, str]) -> None:
        problem = assert_problem(get(trained, student, headers, limit=3), 422, "invalid-request")
        assert headers["Accept"] in problem["detail"]

    def test_the_caller_chooses(self, trained: Trained, student: str) -> None:
        weighed = {"Accept": "application/json;q=0.5, text/csv;q=0.9"}
        assert get(trained, student, weighed).headers["content-type"].startswith("text/csv")
        assert_problem(get(trained, student, {"Accept": "image/png"}), 406, "not-acceptable")
