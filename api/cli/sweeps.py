"""`ikt sweep`, `ikt sweeps`: searches over settings."""

import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any, cast
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape

from api.cli.client import (
    DEFAULT_URL,
    SWEEPS,
    InlineFlag,
    Service,
    UrlOption,
    find_named,
    given,
    once,
    open_service,
    told,
)
from api.cli.console import JsonFlag, stderr, stdout, write_file, write_json
from api.cli.datasets import Format, find_dataset
from api.cli.drawing import listing, number
from api.cli.experiments import ExcludeFolds, Settings, config_of, parse_settings, require_known
from api.cli.failures import INTERRUPTED, JobFailed
from api.cli.search_space import parse_space
from api.cli.watching import ENDED, POLL_SECONDS
from ikt_client.api.sweeps import cancel_sweep, get_sweep, get_sweep_pareto, submit_sweep
from ikt_client.api.sweeps import list_sweeps as ask_sweeps
from ikt_client.models import (
    GridSearch,
    GridSpace,
    Objective,
    OptunaSearch,
    OptunaSpace,
    Pruner,
    SweepCreate,
)

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
    wanted: dict[str, Any] = {
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
        row = _submit(service, dataset_id=dataset_id, **wanted)
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
        rows = service.list_all(ask_sweeps.sync_detailed, limit=limit, status=status)
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
        row = _get(service, find_named(service, SWEEPS, sweep)["id"])
    _tell(row, as_json=as_json)


def cancel(sweep: Named, *, url: UrlOption = DEFAULT_URL, as_json: JsonFlag = False) -> None:
    """Queue no further trial, and stop those in flight."""
    with open_service(url) as service:
        found = find_named(service, SWEEPS, sweep)
        row = told(cancel_sweep.sync_detailed(found["id"], client=service.client))
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
        found = find_named(service, SWEEPS, sweep)
        # The service says which metrics there are.
        ask = partial(
            get_sweep_pareto.sync_detailed,
            found["id"],
            client=service.client,
            x=cast(Any, x),
            y=cast(Any, y),
        )
        front = told(ask())
        drawn = ask(format_="svg").content.decode() if figure else ""
    if figure:
        write_file(figure, drawn, option="--figure")
    if as_json:
        write_json(front)
        return
    console = stdout()
    rows = [point | {"front": "●" if point["is_on_front"] else ""} for point in front["points"]]
    columns = {"front": "front", "label": "setting", "x": front["x"]["label"], "y": front["y"]["label"]}
    console.print(listing(rows, columns, width=console.width) if rows else "no trial has succeeded yet")


def _submit(
    service: Service,
    *,
    dataset_id: str,
    config: dict[str, Any],
    search: dict[str, Any],
    objective: dict[str, Any],
    pruner: dict[str, Any] | None,
    **wanted: Any,
) -> dict[str, Any]:
    # Made member by member: what the service knows nothing of is the service's to refuse.
    described = {name: value for name, value in search.items() if name != "space"}
    space = search["space"]
    body = SweepCreate(
        dataset_id=UUID(dataset_id),
        config=config_of(config),
        search=(
            GridSearch(**described, space=GridSpace.from_dict(space))
            if search["method"] == "grid"
            else OptunaSearch(**described, space=OptunaSpace.from_dict(space))
        ),
        objective=Objective(**given(**objective)),
        **given(**wanted, pruner=Pruner(**pruner) if pruner else None),
    )
    submitted: dict[str, Any] = once(
        lambda key: submit_sweep.sync_detailed(client=service.client, body=body, idempotency_key=key)
    )
    return submitted


def _get(service: Service, sweep_id: str) -> dict[str, Any]:
    found: dict[str, Any] = told(get_sweep.sync_detailed(UUID(sweep_id), client=service.client))
    return found


def _run_here(service: Service, row: dict[str, Any]) -> dict[str, Any]:
    from worker.enqueue import run_sweep_here

    console = stderr()

    def tell(experiment_id: UUID) -> None:
        trials = _get(service, row["id"])["trials"]
        for trial in trials:
            if trial["experiment_id"] == str(experiment_id):
                console.print(_line(trial), soft_wrap=True)

    run_sweep_here(UUID(row["id"]), on_trial=tell)
    return _get(service, row["id"])


def _follow(service: Service, row: dict[str, Any], console: Console) -> dict[str, Any]:
    """Tell of each trial when it has ended, until the sweep has."""
    told: set[int] = set()
    try:
        while True:
            row = _get(service, row["id"])
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
