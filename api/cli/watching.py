"""Following experiments until they end."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, Self
from uuid import UUID

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from api.cli.client import Service, told
from api.cli.failures import JobFailed
from ikt_client.api.experiments import get_experiment

POLL_SECONDS = 0.4
ENDED = ("succeeded", "failed", "cancelled", "pruned")
SHOWN = {"auc": "AUC", "theta_pearson": "θ Pearson"}


class View(Protocol):
    """Shows experiments while they run."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def update(self, experiment: dict[str, Any], metrics: dict[str, Any] | None) -> None: ...


class Bars(AbstractContextManager["Bars"]):
    """Live bars on a terminal."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("  {task.description:<16}"),
            BarColumn(bar_width=32, complete_style="cyan", finished_style="green"),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._progress.__exit__(*error)

    def update(self, experiment: dict[str, Any], metrics: dict[str, Any] | None) -> None:
        key = experiment["id"]
        if key not in self._tasks:
            name = escape(experiment["name"])
            self._tasks[key] = self._progress.add_task(name, total=1.0, note="queued", start=False)
        task = self._tasks[key]
        if experiment["started_at"] is not None:
            self._progress.start_task(task)
        self._progress.update(task, completed=experiment["progress"], note=note(experiment, metrics))
        if experiment["status"] in ENDED:
            self._progress.stop_task(task)


class Lines(AbstractContextManager["Lines"]):
    """One plain line per epoch, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: dict[str, str] = {}

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, experiment: dict[str, Any], metrics: dict[str, Any] | None) -> None:
        line = note(experiment, metrics)
        if self._said.get(experiment["id"]) != line:
            self._said[experiment["id"]] = line
            self._console.print(f"  {escape(experiment['name']):<16} {line}")


def note(experiment: dict[str, Any], metrics: dict[str, Any] | None) -> str:
    """Where an experiment stands, in a few words."""
    status = experiment["status"]
    if status == "running" and not experiment["epochs_done"]:
        return "calibrating and first epoch"
    if status in ("queued", "failed", "cancelled", "pruned"):
        return str(status)
    known = {label: (metrics or {}).get(name) for name, label in SHOWN.items()}
    values = [f"{label} {value:.4f}" for label, value in known.items() if value is not None]
    return "  ".join([f"epoch {experiment['epochs_done']}/{experiment['epochs']}", *values])


def choose_view(console: Console) -> View:
    """Bars for a terminal, lines for everything else."""
    return Bars(console) if console.is_terminal else Lines(console)


def follow(
    service: Service,
    experiments: Sequence[dict[str, Any]],
    view: View,
    *,
    check: Callable[[], None] = lambda: None,
) -> list[dict[str, Any]]:
    """Wait until all have ended and return them as they ended. `check` may raise to give up."""
    latest = {experiment["id"]: experiment for experiment in experiments}
    with view:
        while True:
            check()
            for key, known in latest.items():
                if known["status"] not in ENDED:
                    latest[key] = told(get_experiment.sync_detailed(UUID(key), client=service.client))
                last = latest[key].get("last") or {}
                view.update(latest[key], latest[key].get("metrics") or last.get("metrics"))
            if all(experiment["status"] in ENDED for experiment in latest.values()):
                return list(latest.values())
            time.sleep(POLL_SECONDS)


def train_here(service: Service, experiment: dict[str, Any], view: View) -> dict[str, Any]:
    """Train a queued experiment in this process; one that a worker was quicker to take is waited for."""
    from worker.enqueue import run_training_here

    shown = experiment | {"status": "running", "started_at": experiment["created_at"]}
    metrics: dict[str, Any] = {}

    def on_epoch(epoch: int, measured: dict[str, Any]) -> None:
        metrics.update(measured)
        shown["epochs_done"] = epoch
        view.update(shown, metrics)

    def on_progress(share: float) -> None:
        shown["progress"] = share
        view.update(shown, metrics)

    with view:
        was_queued = run_training_here(UUID(experiment["id"]), on_epoch=on_epoch, on_progress=on_progress)
    ended: dict[str, Any] = told(get_experiment.sync_detailed(experiment["id"], client=service.client))
    return ended if was_queued else follow(service, [ended], view)[0]


def require_success(experiment: dict[str, Any]) -> dict[str, Any]:
    """The experiment itself, or JobFailed with what the worker recorded."""
    if experiment["status"] == "succeeded":
        return experiment
    error = experiment.get("error") or {}
    reason = ": ".join(str(part) for part in (error.get("type"), error.get("detail")) if part)
    raise JobFailed(f"Experiment {experiment['name']} ({experiment['id']}) {experiment['status']}", reason)
