"""What the study measured, as data: results.json.

One entry per run of the plan. A run that ended keeps its place until it is run again; one whose settings the
plan has changed since is dropped, for it says nothing of the run that the plan means now.
"""

import json
from pathlib import Path
from typing import Any

from docs.study.plan import Plan, Run
from ikt_model.config import ExperimentConfig

FORMAT = 1
SECTIONS = ("datasets", "runs", "pairs", "recoveries")
EXPANDED_LEVELS = 3  # below, one line holds one thing: an experiment, a comparison


def load_results(path: Path, plan: Plan) -> dict[str, Any]:
    """What is known already of the plan's runs; empty sections where there is nothing yet."""
    empty: dict[str, Any] = {"format": FORMAT, "study": plan.study} | {name: {} for name in SECTIONS}
    if not path.is_file():
        return empty
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if found.get("format") != FORMAT or found.get("study") != plan.study:
        return empty
    wanted = {run.name: run for run in plan.runs}
    found["runs"] = {
        name: entry for name, entry in found["runs"].items() if name in wanted and is_of(entry, wanted[name])
    }
    return empty | found


def is_of(entry: dict[str, Any], run: Run) -> bool:
    """Whether an entry holds what the plan means by this run now."""
    described = (entry["folds"], entry["exclude_folds"], entry.get("space"))
    meant = (list(run.folds), list(run.exclude_folds), space_of(run))
    return described == meant and fingerprint_today(entry["config"]) == run.config.fingerprint()


def fingerprint_today(config: dict[str, Any]) -> str | None:
    """The fingerprint of stored settings by today's rules, so that a setting that is new since, at its
    default, does not make another run of it; None for settings that are no longer possible.
    """
    try:
        return ExperimentConfig.model_validate(config).fingerprint()
    except ValueError:
        return None


def save_results(path: Path, results: dict[str, Any], plan: Plan) -> None:
    """In the plan's order, so that equal results are equal files. Never leaves half a file."""
    ordered = results | {
        "runs": _in_order(results["runs"], [run.name for run in plan.runs]),
        "pairs": _in_order(results["pairs"], [pair.name for pair in plan.pairs]),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".partial")
    scratch.write_text(_text(ordered) + "\n", "utf-8")
    scratch.replace(path)


def _in_order(section: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: section[name] for name in names if name in section}


def space_of(run: Run) -> dict[str, list[Any]] | None:
    """What a sweep tries, as JSON has it."""
    return {name: list(values) for name, values in run.space.items()} if run.space else None


def _text(value: Any, level: int = 0) -> str:
    """JSON whose outer levels have a line per entry, and whose inner ones have one line in all."""
    is_inner = level >= EXPANDED_LEVELS and not _holds_experiments(value)
    if is_inner or not value or not isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    if isinstance(value, dict):
        entries = [f"{json.dumps(name)}: {_text(entry, level + 1)}" for name, entry in value.items()]
    else:
        entries = [_text(entry, level + 1) for entry in value]
    indent = "\n" + " " * (level + 1)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}{indent}{f',{indent}'.join(entries)}{indent[:-1]}{closing}"


def _holds_experiments(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and "id" in value[0]
