"""The demo takes no service over: only nothing and an earlier demo's model are replaced."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.cli.client import Service
from api.cli.demo import PRESETS
from api.cli.demo_serving import replay_held_out, serve_demo
from api.cli.processes import Running
from ikt_client.api.students import list_students
from tests.cli.conftest import TINY, Ikt


@pytest.fixture(scope="module")
def service(running: Running) -> Iterator[Service]:
    with Service(running.url) as service:
        yield service


def train(ikt: Ikt, name: str, data: Path) -> str:
    trained = ikt(
        "train", "--preset", "small-mean", "--data", str(data), "--name", name, "--json", *TINY
    ).json
    return str(trained["id"])


def serve(service: Service, experiment_id: str) -> tuple[dict[str, Any], str]:
    return serve_demo(service, experiment_id, presets=PRESETS, check=lambda: None)


def test_models_of_others_are_kept(ikt: Ikt, service: Service, classroom: Path, tmp_path: Path) -> None:
    first, second = train(ikt, PRESETS[0], classroom), train(ikt, PRESETS[1], classroom)
    ours = train(ikt, f"{PRESETS[0]}, fold 0", classroom)

    for experiment_id in (first, second):
        model, said = serve(service, experiment_id)
        assert (model["experiment_id"], model["status"]) == (experiment_id, "serving")
        assert said.endswith("now answers for students")

    ikt("promote", ours)
    kept, said = serve(service, first)

    assert (kept["experiment_id"], kept["status"]) == (ours, "serving")
    (trained,) = (row for row in ikt("models", "--json").json if row["experiment_id"] == first)
    assert f".venv/bin/ikt promote {trained['id']}" in said
    assert trained["status"] == "retired"

    seen, said = replay_held_out(service, classroom, fold=0, source="known")
    assert seen is not None
    assert seen["mastery"]["model"]["experiment_id"] == ours
    check_that_strange_skills_are_not_sent(service, tmp_path / "other.csv")


def check_that_strange_skills_are_not_sent(service: Service, other: Path) -> None:
    other.write_text('fold,uid,concepts,responses\n0,stranger,"1,2","1,0"\n1,known,"1,2","0,1"\n')

    seen, said = replay_held_out(service, other, fold=0, source="other")

    assert seen is None
    assert "never saw the skills 1, 2" in said
    known = service.list_all(list_students.sync_detailed, limit=100)
    assert "stranger" not in [row["student_id"] for row in known]
