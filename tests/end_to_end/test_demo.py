"""The demo as a person starts it: the whole loop, small."""

import json
from pathlib import Path

from tests.cli.test_processes import IKT, environment, run


def test_the_whole_loop_in_small(tmp_path: Path) -> None:
    told = tmp_path / "told.json"

    command = (*IKT, "demo", "--students", "40", "--json", str(told))
    ended = run(*command, env=environment(tmp_path / "state"), cwd=tmp_path)

    assert (ended.returncode, ended.stderr) == (0, "")
    for shown in ("small-mean", "small-dynamic", "θ Pearson", "█", "make serve", "/docs"):
        assert shown in ended.stdout
    document = json.loads(told.read_text())
    assert document["dataset"]["n_students"] == 40
    assert [one["preset"] for one in document["experiments"]] == ["small-mean", "small-dynamic"]
    assert all(one["metrics"]["theta_pearson"] is not None for one in document["experiments"])
    assert len(document["comparison"]["experiments"]) == 2
    assert len(document["mastery"]["skills"]) <= 40
    assert {"start", "dataset", "training", "comparison", "total"} <= document["seconds"].keys()
