"""The commands that the study's page shows ask for the runs of its plan; they take hours: none is typed."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from api.cli.experiments import parse_settings
from api.cli.main import app
from docs.study.plan import FULL, Run, load_plan
from ikt_model.config import resolve_config

PAGE = Path(__file__).parents[2] / "docs" / "study-l23.md"
SHOWN = re.findall(r"^# (\S+)\n(ikt .+)$", PAGE.read_text("utf-8"), re.M)
RUNS: dict[str, Run] = {run.name: run for run in load_plan(FULL).runs}


def parse(words: list[str]) -> tuple[str, dict[str, Any]]:
    """The command's name and its values; raises click's UsageError for an option that it doesn't have."""
    root: Any = typer.main.get_command(app)
    command = root.commands[words[1]]
    return words[1], command.make_context(words[1], words[2:]).params


def test_every_run_is_shown() -> None:
    assert {name for name, _ in SHOWN} == set(RUNS)


@pytest.mark.parametrize(("name", "line"), SHOWN)
def test_a_command_asks_for_its_run(name: str, line: str) -> None:
    run = RUNS[name]

    verb, asked = parse(shlex.split(line))

    assert verb == {"experiment": "train", "cross-validation": "cross-validate", "sweep": "sweep"}[run.kind]
    settings = parse_settings([*(asked["settings"] or []), f"training.seed={asked['seed']}"])
    assert resolve_config(asked["preset"], settings) == run.config
    assert tuple(asked["exclude_fold"] or ()) == run.exclude_folds
    folds = str(asked["folds"] if verb == "cross-validate" else asked["fold"])
    assert folds == ",".join(map(str, run.folds))
