"""`ikt demo`: the whole loop once, from data to one student's mastery."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from api.cli.client import Service, told
from api.cli.console import stdout, write_json
from api.cli.datasets import describe_dataset, upload_dataset
from api.cli.demo_serving import replay_held_out, serve_demo
from api.cli.drawing import comparison_table
from api.cli.experiments import submit_experiment
from api.cli.failures import INTERRUPTED, BadInput
from api.cli.keys import key_of_its_own
from api.cli.processes import Running, free_port, run_service
from api.cli.serve import interruptible
from api.cli.students import SHOWN_SKILLS, draw_student
from api.cli.watching import ENDED, choose_view, follow, require_success
from ikt_client.api.comparisons import compare_experiments
from ikt_client.api.experiments import cancel_experiment, get_experiment

PRESETS = ("small-mean", "small-dynamic")
HELD_OUT_FOLD = 0
# A few thousand responses make too few steps with the presets' batches.
SMALL_RESPONSES = 50_000
SMALL_DATA = {"training": {"batch_tokens": 256}}
SHOWN_METRICS = (
    *("auc", "accuracy", "l_bce", "l_21_kl", "l_22", "l_23_pointwise", "theta_std"),
    *("theta_pearson", "theta_spearman", "beta_pearson", "mastery_pearson", "p_mastery_pearson"),
)
NO_STUDENT: dict[str, Any] = {"student_id": None, "mastery": None, "trajectory": []}


class Stages:
    """Says what is going on, and keeps how long it took."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, doing: str) -> Iterator[list[str]]:
        """The block may append what it found; that is shown when it is done."""
        started = time.monotonic()
        found: list[str] = []
        with self.console.status(f"[dim]{doing} …[/]"):
            yield found
        self.seconds[name] = round(time.monotonic() - started, 2)
        self.console.print(f"[green]✓[/] {' '.join(found) or doing} [dim]{self.seconds[name]:.1f} s[/]")


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    *,
    data: Annotated[
        Path | None, typer.Option(help="Your own responses instead of a simulated classroom.")
    ] = None,
    students: Annotated[int, typer.Option(min=20, help="Size of the simulated classroom.")] = 320,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write everything to this file ('-': only to stdout).")
    ] = None,
) -> None:
    """Run the whole loop once and show it: two experiments, their comparison, one student."""
    from db.engine import upgrade
    from db.settings import DatabaseSettings

    if data is not None and not data.is_file():
        raise BadInput(f"{data} is not a file", "Name a CSV or Parquet file with --data (make demo DATA=…).")
    to_stdout = json_file is not None and str(json_file) == "-"
    stages = Stages(Console(stderr=True, highlight=False) if to_stdout else stdout())
    settings = DatabaseSettings()
    started = time.monotonic()
    stages.console.print("[bold]ikt[/] · two experiments, one comparison, one student\n")
    try:
        with interruptible():
            upgrade(settings)
            with (
                key_of_its_own("demo") as key,
                _served(stages, settings.data_dir) as running,
                Service(running.url, key=key) as service,
            ):
                result = _run(
                    stages, service, running, data or _simulate(stages, settings.data_dir, students)
                )
    except KeyboardInterrupt:
        stages.console.print("\ninterrupted; API and worker are stopped")
        raise typer.Exit(INTERRUPTED) from None
    result["seconds"] = stages.seconds | {"total": round(time.monotonic() - started, 2)}
    _tell_how_to_go_on(stages.console, result, data)
    if to_stdout:
        write_json(result)
    elif json_file is not None:
        json_file.write_text(json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False), "utf-8")


@contextmanager
def _served(stages: Stages, data_dir: Path) -> Iterator[Running]:
    cores = os.cpu_count() or 1
    with ExitStack() as stack:
        with stages.stage("start", "starting API and worker") as found:
            service = run_service(data_dir=data_dir, host="127.0.0.1", port=free_port(), concurrency=cores)
            running = stack.enter_context(service)
            found.append(f"API and worker are up at {running.url}")
        yield running


def _simulate(stages: Stages, data_dir: Path, n_students: int) -> Path:
    from ikt_model.data.simulate import simulate_classroom, write_events_csv

    file = data_dir / "demo" / "classroom.csv"
    with stages.stage("simulate", "simulating a classroom") as found:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_events_csv(simulate_classroom(n_students=n_students, n_skills=40, seed=2015).sequences, file)
        found.append(f"a classroom is simulated: {escape(os.path.relpath(file))}")
    return file


def _run(stages: Stages, service: Service, running: Running, file: Path) -> dict[str, Any]:
    with stages.stage("dataset", "uploading the responses") as found:
        dataset = upload_dataset(service, file)
        found.append(describe_dataset(dataset))
    experiments = _train(stages, service, running, dataset)
    ids = [experiment["id"] for experiment in experiments]
    with stages.stage("comparison", "comparing") as found:
        comparison = told(
            compare_experiments.sync_detailed(client=service.client, baseline=ids[0], candidate=ids[1:])
        )
        found.append("compared on the same held-out students")
    stages.console.print(comparison_table(comparison, metrics=SHOWN_METRICS))
    stages.console.print()
    with stages.stage("promotion", "promoting") as found:
        model, said = serve_demo(service, ids[-1], presets=PRESETS, check=running.check)
        found.append(said)
    with stages.stage("student", "replaying a student nobody trained on") as found:
        source = dataset["content_hash"][:8]
        seen, said = replay_held_out(service, file, fold=HELD_OUT_FOLD, source=source)
        found.append(said)
    if seen is not None:
        draw_student(stages.console, seen, shown=SHOWN_SKILLS, command="make serve, then .venv/bin/ikt")
    result = {"dataset": dataset, "experiments": experiments, "comparison": comparison, "model": model}
    return result | (seen or NO_STUDENT)


def _train(
    stages: Stages, service: Service, running: Running, dataset: dict[str, Any]
) -> list[dict[str, Any]]:
    started = time.monotonic()
    config = SMALL_DATA if dataset["n_responses"] < SMALL_RESPONSES else None
    submitted = [
        submit_experiment(
            service,
            dataset_id=dataset["id"],
            preset=preset,
            config=config,
            fold=HELD_OUT_FOLD,
            name=preset,
        )
        for preset in PRESETS
    ]
    stages.console.print(f"[cyan]●[/] two experiments train side by side, fold {HELD_OUT_FOLD} held out")
    try:
        ended = follow(service, submitted, choose_view(stages.console), check=running.check)
    except KeyboardInterrupt:
        _cancel(service, submitted)
        raise
    for experiment in ended:
        require_success(experiment)
    stages.seconds["training"] = round(time.monotonic() - started, 2)
    stages.console.print(f"[green]✓[/] both are trained [dim]{stages.seconds['training']:.1f} s[/]")
    return ended


def _cancel(service: Service, experiments: list[dict[str, Any]]) -> None:
    for experiment in experiments:
        found = told(get_experiment.sync_detailed(experiment["id"], client=service.client))
        if found["status"] not in ENDED:
            cancel_experiment.sync_detailed(experiment["id"], client=service.client)


def _tell_how_to_go_on(console: Console, result: dict[str, Any], data: Path | None) -> None:
    console.print(f"\n[bold green]Done[/] in {result['seconds']['total']:.0f} s. Go on:")
    console.print(
        "  [bold]make serve[/]                     the service, and its pages at http://127.0.0.1:8000"
    )
    console.print("  [bold]http://127.0.0.1:8000/docs[/]     every resource, to try in the browser")
    console.print("  [bold].venv/bin/ikt --help[/]           the same from the command line")
    if data is None:
        console.print("  [bold]make demo DATA=file.csv[/]        the same with your own responses")
