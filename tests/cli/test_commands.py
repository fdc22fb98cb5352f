"""Commands against a running service."""

import json
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

from api.cli.failures import INLINE
from api.cli.main import app
from api.cli.processes import Running
from tests.cli.conftest import TINY, Ikt

NAME = "first [/] one"
"""What would break the markup of the console, were it not escaped."""


@pytest.fixture(scope="module")
def experiment(ikt: Ikt, running: Running, classroom: Path) -> dict[str, Any]:
    """One that a worker process has trained, and that was waited for."""
    assert running.url
    trained: dict[str, Any] = ikt(
        *("train", "--preset", "small-dynamic", "--data", str(classroom)),
        *("--name", NAME, "--json", *TINY),
    ).json
    return trained


class TestDatasets:
    def test_adding_twice_gives_one(self, ikt: Ikt, running: Running, classroom: Path) -> None:
        first = ikt("dataset", "add", str(classroom), "--json").json
        second = ikt("dataset", "add", str(classroom), "--name", "again", "--json").json

        assert running.url
        assert first["id"] == second["id"]
        assert [row["id"] for row in ikt("datasets", "--json").json].count(first["id"]) == 1

    def test_people_get_a_line(self, ikt: Ikt, running: Running, classroom: Path) -> None:
        assert running.url
        assert "60 students · 6 skills" in ikt("dataset", "add", str(classroom)).out
        renamed = ikt("dataset", "add", str(classroom), "--name", "again").out
        assert "again is already stored as classroom" in renamed
        assert "classroom" in ikt("datasets").out

    def test_bad_rows_are_a_table(self, ikt: Ikt, running: Running, tmp_path: Path) -> None:
        bad = tmp_path / "bad.csv"
        bad.write_text("student_id,skill,correct\n" + "".join(f"s{i},add,{i}\n" for i in range(2, 40)))

        said = ikt("dataset", "add", str(bad), "--json")

        assert running.url
        assert (said.code, said.out) == (2, "")
        assert "The dataset has bad rows" in said.err
        assert "… and 28 more" in said.err


class TestExperiments:
    def test_worker_trained_it(self, ikt: Ikt, experiment: dict[str, Any]) -> None:
        assert experiment["status"] == "succeeded"
        listed = ikt("experiments", "--status", "succeeded", "--json").json
        assert experiment["id"] in [row["id"] for row in listed]
        assert NAME in ikt("experiments").out

    def test_no_wait_and_cancel(self, ikt: Ikt, experiment: dict[str, Any]) -> None:
        train = ("train", "--preset", "small-mean", "--data", experiment["dataset_id"], *TINY)
        queued = ikt(*train, "--set", "training.epochs=500", "--no-wait", "--json").json
        assert queued["status"] == "queued"

        cancelled = ikt("cancel", queued["id"], "--json").json

        assert cancelled["cancel_requested"] or cancelled["status"] == "cancelled"

    def test_names_are_never_markup(
        self, ikt: Ikt, experiment: dict[str, Any], classroom: Path, tmp_path: Path
    ) -> None:
        data = tmp_path / "class[b].csv"
        data.write_bytes(classroom.read_bytes())
        train = ("train", "--preset", "small-mean", "--data", experiment["dataset_id"], *TINY)

        queued = ikt(*train, "--set", "training.epochs=500", "--no-wait", "--name", "[/]")
        cancelled = ikt("cancel", "[/]")
        measured = ikt("evaluate", NAME, "--data", str(data))
        promoted = ikt("promote", NAME)

        assert [said.code for said in (queued, cancelled, measured, promoted)] == [0, 0, 0, 0]
        assert queued.out.startswith("[/] queued")
        assert cancelled.out.startswith("[/] is ")
        assert f"{NAME} on class[b].csv: 60 students" in measured.out
        assert f"✓ {NAME} is serving" in promoted.out

    def test_cancelling_twice_says_so(self, ikt: Ikt, experiment: dict[str, Any]) -> None:
        train = ("train", "--preset", "small-mean", "--data", experiment["dataset_id"], *TINY)
        queued = ikt(*train, "--set", "training.epochs=500", "--no-wait", "--json").json
        ikt("cancel", queued["id"])
        until = time.monotonic() + 30
        while "was cancelled already" not in (said := ikt("cancel", queued["id"])).out:
            assert time.monotonic() < until, said
            time.sleep(0.2)

        assert said.code == 0
        assert ikt("retry", queued["id"], "--json").json["status"] == "queued"
        assert ikt("cancel", queued["id"]).code == 0

    @pytest.mark.parametrize("command", ["experiments", "models", "datasets"])
    @pytest.mark.parametrize("columns", ["80", "40"])
    def test_ids_are_never_cut(
        self,
        ikt: Ikt,
        experiment: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
        command: str,
        columns: str,
    ) -> None:
        ids = [row["id"] for row in ikt(command, "--json").json]
        in_pipe = ikt(command).out
        monkeypatch.setenv("FORCE_COLOR", "1")  # makes a terminal of it
        monkeypatch.setenv("COLUMNS", columns)
        on_terminal = ikt(command).out

        assert experiment["status"] == "succeeded"
        assert ids
        assert all(one in in_pipe and one in on_terminal for one in ids)
        assert "…" not in in_pipe + on_terminal

    def test_nothing_that_matches_is_not_nothing_at_all(self, ikt: Ikt, experiment: dict[str, Any]) -> None:
        assert experiment
        assert "no experiment matches" in ikt("experiments", "--preset", "foo").out

    def test_interrupted_waiting_names_the_way_to_cancel(
        self, ikt: Ikt, experiment: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        train = ("train", "--preset", "small-mean", "--data", experiment["dataset_id"], *TINY)
        monkeypatch.setattr("api.cli.experiments.follow", interrupt)
        said = ikt(*train, "--set", "training.epochs=500", "--name", "left alone")

        assert said.code == 130
        assert "left alone goes on" in said.err
        (queued,) = (row for row in ikt("experiments", "--json").json if row["name"] == "left alone")
        assert f"`ikt cancel {queued['id']}`" in said.err
        assert ikt("cancel", queued["id"]).code == 0

    def test_cancelling_what_is_over_is_refused(self, ikt: Ikt, experiment: dict[str, Any]) -> None:
        said = ikt("cancel", experiment["id"])

        assert said.code == 2
        assert "succeeded" in said.err

    def test_evaluation_over_http(self, ikt: Ikt, experiment: dict[str, Any], classroom: Path) -> None:
        measured = ikt("evaluate", experiment["id"], "--data", str(classroom), "--json").json

        assert measured["metrics"]["auc"] is not None


@pytest.fixture(scope="module")
def student_id(ikt: Ikt, running: Running, experiment: dict[str, Any]) -> str:
    """Somebody who has answered, under a model that serves."""
    assert ikt("promote", experiment["id"], "--json").json["status"] == "serving"
    answers = [{"skill": f"skill-{1 + step % 6}", "correct": step % 2 == 0} for step in range(12)]
    sent = httpx.post(f"{running.url}/students/ana maria/interactions", json=answers, trust_env=False)
    assert sent.status_code == 200, sent.text
    return "ana maria"


class TestStudents:
    def test_serving_model_is_listed(self, ikt: Ikt, student_id: str) -> None:
        assert student_id
        assert [row["status"] for row in ikt("models", "--json").json] == ["serving"]
        assert "serving" in ikt("models").out

    def test_json_has_mastery_and_trajectory(self, ikt: Ikt, student_id: str) -> None:
        seen = ikt("student", student_id, "--json").json

        assert len(seen["mastery"]["skills"]) == 6
        assert len(seen["trajectory"]) == 12

    def test_people_get_bars_and_a_sparkline(self, ikt: Ikt, student_id: str) -> None:
        said = ikt("student", student_id)

        assert said.code == 0
        assert "12 responses" in said.out
        assert "█" in said.out
        assert "skill-1" in said.out
        level = ikt("student", student_id, "--json").json["mastery"]["skills"][0]["level"]
        assert level in said.out

    def test_a_file_of_responses_is_sent_once_however_often(
        self, ikt: Ikt, student_id: str, tmp_path: Path
    ) -> None:
        assert student_id
        file = tmp_path / "events.ndjson"
        lines = [
            {"student_id": f"sent-{number % 3}", "event_id": str(number), "skill": "skill-1", "correct": True}
            for number in range(12)
        ]
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        told = ikt("students", "send", str(file), "--json").json
        again = ikt("students", "send", str(file))

        assert (told["accepted"], told["n_students"], told["scoring"]) == (12, 3, "deferred")
        assert told["events_per_second"] > 0
        assert "0 responses of 3 students are stored, 12 were known" in again.out
        assert {"ana maria", "sent-0"} <= {row["student_id"] for row in ikt("students", "--json").json}

    def test_what_is_refused_of_a_file_is_told_line_by_line(
        self, ikt: Ikt, student_id: str, tmp_path: Path
    ) -> None:
        assert student_id
        file = tmp_path / "events.ndjson"
        right = {"student_id": "sent-partly", "event_id": "1", "skill": "skill-1", "correct": True}
        file.write_text("\n".join(json.dumps(line) for line in (right, right | {"correct": 2})))
        said = ikt("students", "send", str(file), "--partial")

        assert said.code == 1
        assert "1 responses of 1 students are stored" in said.out
        assert "line 2: " in said.err
        assert "1 of 2 responses were refused" in said.err
        assert ikt("students", "send", str(tmp_path / "nothing.ndjson")).code == 2

    def test_unknown_student_is_bad_input(self, ikt: Ikt, student_id: str) -> None:
        assert student_id
        said = ikt("student", "nobody")

        assert said.code == 2
        assert "No such student" in said.err


def inline_commands(command: Any, *names: str) -> list[str]:
    """Of a command and those below it, the ones that take --inline."""
    own = [" ".join(names)] if any("--inline" in one.opts for one in command.params) else []
    below = getattr(command, "commands", {}).items()
    return own + [found for name, one in below for found in inline_commands(one, *names, name)]


class TestWithoutServer:
    @pytest.mark.parametrize(
        "command",
        [("datasets",), ("experiments",), ("models",), ("promote", "x"), ("cancel", "x"), ("student", "x")],
    )
    def test_the_way_out_is_named(self, ikt: Ikt, command: tuple[str, ...]) -> None:
        said = ikt(*command, "--url", "http://127.0.0.1:9", "--json")

        assert (said.code, said.out) == (1, "")
        assert "No server answers at http://127.0.0.1:9" in said.err
        assert "`ikt up`" in said.err
        assert "--inline" in said.err

    def test_every_command_that_needs_none_is_named(self, ikt: Ikt) -> None:
        named = ", ".join(INLINE)
        said = " ".join(ikt("models", "--url", "http://127.0.0.1:9").err.split())

        assert sorted(INLINE) == sorted(inline_commands(typer.main.get_command(app)))
        assert f"--inline ({named})" in said

    def test_version_is_told(self, ikt: Ikt) -> None:
        assert ikt("--version").out == f"ikt {metadata.version('ikt')}\n"

    def test_presets_are_shown_with_their_settings(self, ikt: Ikt, data_dir: Path) -> None:
        shown = ikt("presets", "--inline").out

        assert data_dir.exists()
        assert "small-dynamic\n" in shown
        assert "lambda_target=0.3" in shown

    @pytest.mark.parametrize(
        "command",
        [
            ("train", "--set", "loss.lambda_target=NaN"),
            ("cross-validate", "--set", "loss.lambda_target=1e999"),
            ("sweep", "--grid", "loss.lambda_target=0.1,NaN"),
            ("sweep", "--float", "loss.lambda_target=nan:1"),
        ],
    )
    def test_what_is_no_number_is_refused_with_its_setting(
        self, ikt: Ikt, classroom: Path, command: tuple[str, ...]
    ) -> None:
        name, *settings = command
        said = ikt(name, "--preset", "small-mean", "--data", str(classroom), "--inline", *settings)

        assert (said.code, said.out) == (2, "")
        assert "loss.lambda_target" in said.err
        assert "is no finite number" in said.err

    def test_wrong_usage(self, ikt: Ikt) -> None:
        assert ikt("train", "--preset", "small-mean").code == 2
        assert ikt("compare", "a", "b", "--md", "--json").code == 2
        assert ikt("worker", "--queues", "fast").code == 2
