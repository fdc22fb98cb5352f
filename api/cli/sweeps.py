"""`ikt sweep`, `ikt sweeps`: searches over settings."""

import time
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape

from api.cli.client import DEFAULT_URL, InlineFlag, Service, UrlOption, find_named, open_service
from api.cli.console import JsonFlag, stderr, stdout, write_file, write_json
from api.cli.datasets import Format, find_dataset
from api.cli.drawing import listing, number
from api.cli.experiments import ExcludeFolds, Settings, parse_settings, require_known, submit
from api.cli.failures import INTERRUPTED, JobFailed
from api.cli.search_space import parse_space
from api.cli.watching import ENDED, POLL_SECONDS

PATH = "/sweeps"
SVG = "image/svg+xml"
COLUMNS = {
    "id": "id",
    "name": "name",
    "status": "status",
    "metric": "objective",
    "fold": "fold",
    "n_trials": "trials",
    "ended": "ended",
    "created_at": "created",
}

Named = Annotated[str, typer.Argument(help="Id, end of an id, or name.")]


def register(app: typer.Typer) -> None:
    app.command()(sweep)
    group = typer.Typer()
    group.callback(invoke_without_command=True)(list_sweeps)
    group.command()(show)
    group.command()(cancel)
    group.command()(pareto)
    app.add_typer(group, name="sweeps")


def sweep(
    *,
    preset: Annotated[str, typer.Option(help="Named configuration; `ikt presets` lists them.")],
    data: Annotated[str, typer.Option(help="File, or id of a stored dataset.")],
    fold: Annotated[int, typer.Option(min=0, help="Fold to choose on.")] = 0,
    exclude_fold: ExcludeFolds = None,
    grid: Annotated[list[str] | None, typer.Option(help="Values, as in loss.lambda_target=0,0.3.")] = None,
    floats: Annotated[
        list[str] | None, typer.Option("--float", help="Range, as in training.learning_rate=1e-4:1e-2:log.")
    ] = None,
    ints: Annotated[list[str] | None, typer.Option("--int", help="Range, as in model.n_blocks=1:4.")] = None,
    choice: Annotated[list[str] | None, typer.Option(help="loss.ability_target=static,dynamic.")] = None,
    trials: Annotated[int, typer.Option(min=1, help="Trials of ranges; a grid has its own number.")] = 20,
    sampler: Annotated[str, typer.Option(help="Of ranges: tpe or random.")] = "tpe",
    search_seed: Annotated[int, typer.Option(min=0, help="Of the sampler.")] = 42,
    metric: Annotated[str, typer.Option(help="What the best trial is best in.")] = "auc",
    direction: Annotated[str | None, typer.Option(help="maximise or minimise; has a default.")] = None,
    prune: Annotated[str | None, typer.Option(help="none or median; default: median for ranges.")] = None,
    warmup_epochs: Annotated[int, typer.Option(min=0, help="Epochs in which nothing is pruned.")] = 1,
    startup_trials: Annotated[int, typer.Option(min=1, help="Trials that must succeed before.")] = 5,
    parallel: Annotated[int, typer.Option(min=1, help="Most trials in flight.")] = 1,
    settings: Settings = None,
    name: Annotated[str | None, typer.Option(help="Default: preset and what is searched.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of every trial.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    data_format: Format = "auto",
    inline: InlineFlag = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until it has ended.")] = True,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """Search for settings, each trial an experiment; choosing on a fold makes its figures optimistic."""
    search = parse_space(grid=grid or [], floats=floats or [], ints=ints or [], choices=choice or [])
    if search["method"] == "optuna":
        search |= {"n_trials": trials, "sampler": sampler, "seed": search_seed}
    pruner = {"name": prune, "warmup_epochs": warmup_epochs, "startup_trials": startup_trials}
    wanted = {
        "preset": preset,
        "config": require_known(parse_settings(settings or []), preset=preset),
        "fold": fold,
        "exclude_folds": exclude_fold,
        "search": search,
        "objective": {"metric": metric, "direction": direction},
        "pruner": pruner if prune else None,
        "parallel": parallel,
        "name": name,
        "seed": seed,
        "device": device,
    }
    with open_service(url, inline=inline) as service:
        dataset_id = find_dataset(service, data, data_format=data_format)
        row = submit(service, PATH, dataset_id=dataset_id, **wanted)
        if inline:
            row = _run_here(service, row)
        elif wait:
            row = _follow(service, row, stderr())
    if inline or wait:
        _require_success(row)
    _tell(row, as_json=as_json)


def _require_success(row: dict[str, Any]) -> None:
    if row["status"] == "succeeded":
        return
    counts = ", ".join(f"{count} {status}" for status, count in row["counts"].items())
    reason = f"{row['error']['type']}: {row['error']['detail']}; " if row["error"] else ""
    raise JobFailed(f"Sweep {row['name']} ({row['id']}) {row['status']}", reason + counts)


def list_sweeps(
    context: typer.Context,
    *,
    status: Annotated[str | None, typer.Option(help="running, succeeded, failed or cancelled.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most rows to show.")] = 50,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """List sweeps, newest first."""
    if context.invoked_subcommand is not None:
        return
    with open_service(url) as service:
        rows = service.list_all(PATH, limit=limit, status=status)
    if as_json:
        write_json(rows)
        return
    flat = [{**row, "metric": row["objective"]["metric"], "ended": _count_ended(row)} for row in rows]
    console = stdout()
    found = listing(flat, COLUMNS, width=console.width)
    console.print(found if rows else "no sweep matches" if status else "no sweeps yet; `ikt sweep` runs one")


def show(sweep: Named, *, url: UrlOption = DEFAULT_URL, as_json: JsonFlag = False) -> None:
    """Show a sweep's trials and the best of them."""
    with open_service(url) as service:
        row = service.get(f"{PATH}/{find_named(service, PATH, sweep, kind='sweep')['id']}")
    _tell(row, as_json=as_json)


def cancel(sweep: Named, *, url: UrlOption = DEFAULT_URL, as_json: JsonFlag = False) -> None:
    """Queue no further trial, and stop those in flight."""
    with open_service(url) as service:
        row = service.post(f"{PATH}/{find_named(service, PATH, sweep, kind='sweep')['id']}/cancel")
    if as_json:
        write_json(row)
        return
    stdout().print(f"{escape(row['name'])} is {row['status']}")


def pareto(
    sweep: Named,
    *,
    x: Annotated[str, typer.Option(help="Metric of the horizontal axis.")] = "auc",
    y: Annotated[str, typer.Option(help="Metric of the vertical axis.")] = "l_21_kl",
    figure: Annotated[Path | None, typer.Option(help="SVG file to draw.")] = None,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """Show which trials no other one beats in both of two metrics."""
    with open_service(url) as service:
        path = f"{PATH}/{find_named(service, PATH, sweep, kind='sweep')['id']}/pareto"
        front = service.get(path, x=x, y=y)
        drawn = service.get_text(path, accept=SVG, x=x, y=y) if figure else None
    if figure and drawn is not None:
        write_file(figure, drawn, option="--figure")
    if as_json:
        write_json(front)
        return
    console = stdout()
    rows = [point | {"front": "●" if point["is_on_front"] else ""} for point in front["points"]]
    columns = {"front": "front", "label": "setting", "x": front["x"]["label"], "y": front["y"]["label"]}
    console.print(listing(rows, columns, width=console.width) if rows else "no trial has succeeded yet")


def _run_here(service: Service, row: dict[str, Any]) -> dict[str, Any]:
    from worker.enqueue import run_sweep_here

    console = stderr()

    def tell(experiment_id: UUID) -> None:
        trials = service.get(f"{PATH}/{row['id']}")["trials"]
        for trial in trials:
            if trial["experiment_id"] == str(experiment_id):
                console.print(_line(trial), soft_wrap=True)

    run_sweep_here(UUID(row["id"]), on_trial=tell)
    ended: dict[str, Any] = service.get(f"{PATH}/{row['id']}")
    return ended


def _follow(service: Service, row: dict[str, Any], console: Console) -> dict[str, Any]:
    """Tell of each trial when it has ended, until the sweep has."""
    told: set[int] = set()
    try:
        while True:
            row = service.get(f"{PATH}/{row['id']}")
            for trial in row["trials"]:
                if trial["status"] in ENDED and trial["number"] not in told:
                    told.add(trial["number"])
                    console.print(_line(trial), soft_wrap=True)
            if row["status"] != "running":
                return row
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        stop = f"`ikt sweeps cancel {row['id']}` stops it"
        console.print(f"\n{escape(row['name'])} goes on without you; {stop}", soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None


def _line(trial: dict[str, Any]) -> str:
    colour = {"succeeded": "green", "failed": "red"}.get(trial["status"], "yellow")
    value = f" {number(trial['value'])}" if trial["value"] is not None else ""
    return f"  #{trial['number']} [{colour}]{trial['status']}[/]{value}  {escape(_settings(trial))}"


def _settings(trial: dict[str, Any]) -> str:
    return "  ".join(f"{name}={value}" for name, value in trial["settings"].items())


def _count_ended(row: dict[str, Any]) -> int:
    return sum(count for status, count in row["counts"].items() if status in ENDED)


def _tell(row: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        write_json(row)
        return
    console = stdout()
    console.print(f"[bold]{escape(row['name'])}[/] {row['status']} · {row['id']}")
    rows = [trial | {"settings": _settings(trial)} for trial in row["trials"]]
    columns = {
        "number": "trial",
        "status": "status",
        "value": row["objective"]["metric"],
        "epochs_done": "epochs",
        "settings": "settings",
    }
    if rows:
        console.print(listing(rows, columns, width=console.width))
    if row["best"]:
        console.print(f"best: #{row['best']['number']} {escape(_settings(row['best']))}", soft_wrap=True)
    console.print(f"[dim]{escape(row['note'])}[/]", soft_wrap=True)
