"""From responses to one student's mastery, over HTTP, with a worker in a process of its own."""

import json
import math
from pathlib import Path
from typing import Any

import httpx
import pytest

from ikt_model.data.simulate import simulate_classroom, write_events_csv

TINY: dict[str, Any] = {
    "model": {"d_model": 16, "n_heads": 2, "n_blocks": 1, "d_ff": 32, "window": 50},
    "training": {"epochs": 2, "batch_tokens": 512},
}
STUDENT = "learner-1"
N_SKILLS = 6
STEPS = 8


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("classroom") / "events.csv"
    simulated = simulate_classroom(n_students=60, n_skills=N_SKILLS, seed=3, mean_length=20)
    write_events_csv(simulated.sequences, path)
    return path


def upload(client: httpx.Client, file: Path) -> dict[str, Any]:
    with file.open("rb") as content:
        answer = client.post("/datasets", files={"file": (file.name, content)})
    assert answer.status_code == 201, answer.text
    dataset: dict[str, Any] = answer.json()
    return dataset


def submit(client: httpx.Client, dataset_id: str, preset: str) -> dict[str, Any]:
    body = {"preset": preset, "config": TINY, "dataset_id": dataset_id, "fold": 0}
    answer = client.post("/experiments", json=body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/experiments/{answer.json()['id']}"
    experiment: dict[str, Any] = answer.json()
    return experiment


def listen(client: httpx.Client, experiment_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Every event until the stream is closed by the service."""
    events: list[tuple[str, dict[str, Any]]] = []
    name = ""
    with client.stream("GET", f"/experiments/{experiment_id}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                events.append((name, json.loads(value)))
    return events


def answer(client: httpx.Client) -> dict[str, Any]:
    interactions = [
        {"event_id": f"e{step}", "skill": f"skill-{1 + step % N_SKILLS}", "correct": step % 3 != 0}
        for step in range(STEPS)
    ]
    recorded = client.post(f"/students/{STUDENT}/interactions", json=interactions)
    assert recorded.status_code == 200, recorded.text
    accepted: dict[str, Any] = recorded.json()
    return accepted


def test_the_whole_loop(client: httpx.Client, classroom: Path) -> None:
    dataset = upload(client, classroom)
    assert (dataset["n_students"], dataset["n_skills"]) == (60, N_SKILLS)

    baseline = submit(client, dataset["id"], "small-mean")
    candidate = submit(client, dataset["id"], "small-dynamic")
    for experiment in (baseline, candidate):
        check_events(listen(client, experiment["id"]))
    check_comparison(client, baseline["id"], candidate["id"])

    model = promote(client, candidate["id"])
    accepted = answer(client)
    assert (accepted["accepted"], accepted["duplicates"], accepted["refused"]) == (STEPS, 0, 0)
    assert accepted["state"]["model"]["id"] == model["id"]
    assert answer(client)["duplicates"] == STEPS
    check_student(client, accepted["state"]["theta"])


def check_events(events: list[tuple[str, dict[str, Any]]]) -> None:
    epochs = [data["epoch"] for name, data in events if name == "epoch"]
    assert epochs == [1, 2]
    name, last = events[-1]
    assert (name, last["status"]) == ("end", "succeeded")
    for metric in ("auc", "accuracy", "l_bce", "l_21", "l_21_kl", "l_22", "l_23", "theta_pearson"):
        assert math.isfinite(last["metrics"][metric])


def check_comparison(client: httpx.Client, baseline: str, candidate: str) -> None:
    ids = {"baseline": baseline, "candidate": candidate}
    comparison = client.get("/comparisons", params=ids).json()
    rows = {row["metric"]: row for section in comparison["sections"] for row in section["rows"]}
    first, second = rows["auc"]["values"]
    assert second["change"] == pytest.approx(second["value"] - first["value"])

    markdown = client.get("/comparisons", params=ids, headers={"Accept": "text/markdown"})
    assert markdown.headers["content-type"].startswith("text/markdown")
    assert f"{second['value']:.4f}" in markdown.text


def promote(client: httpx.Client, experiment_id: str) -> dict[str, Any]:
    models = client.get("/models").json()["items"]
    (model,) = (one for one in models if one["experiment_id"] == experiment_id)
    promoted = client.post(f"/models/{model['id']}/promote")
    assert promoted.status_code == 200, promoted.text
    assert promoted.json()["status"] == "serving"
    serving: dict[str, Any] = promoted.json()
    return serving


def check_student(client: httpx.Client, theta: float) -> None:
    mastery = client.get(f"/students/{STUDENT}/mastery").json()
    assert mastery["theta"] == theta
    assert len(mastery["skills"]) == N_SKILLS
    assert sum(skill["evidence"] for skill in mastery["skills"]) == STEPS
    for skill in mastery["skills"]:
        assert skill["mastery"] == pytest.approx(1 / (1 + math.exp(skill["difficulty"] - theta)), abs=1e-5)

    steps = client.get(f"/students/{STUDENT}/trajectory").json()["items"]
    assert [step["event_id"] for step in steps] == [f"e{step}" for step in range(STEPS)]
    assert steps[-1]["theta"] == pytest.approx(theta, abs=1e-6)
    assert steps[0]["probability"] is None
