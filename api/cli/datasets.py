"""`ikt simulate`, `ikt dataset add`, `ikt datasets`: responses to learn from."""

from pathlib import Path
from typing import Annotated, Any, cast
from uuid import UUID

import typer
from rich.markup import escape

from api.cli.client import DEFAULT_URL, Service, UrlOption, open_service, opened, told
from api.cli.console import JsonFlag, stdout, write_json
from api.cli.drawing import listing
from api.cli.failures import BadInput
from ikt_client.api.datasets import add_dataset
from ikt_client.api.datasets import list_datasets as ask_datasets
from ikt_client.models import AddDatasetFilesBody

app = typer.Typer(no_args_is_help=True, help="Add data.")

File = Annotated[Path, typer.Argument(help="CSV or Parquet: pyKT rows or a long table of events.")]
Format = Annotated[str, typer.Option("--format", help="auto, pykt or events.")]
COLUMNS = {
    "id": "id",
    "name": "name",
    "n_students": "students",
    "n_responses": "responses",
    "n_skills": "skills",
    "n_folds": "folds",
    "share_correct": "right",
    "created_at": "created",
}


def register(app: typer.Typer) -> None:
    app.command("datasets")(list_datasets)
    app.command()(simulate)


@app.callback()
def group() -> None:
    """Add data."""


@app.command()
def add(
    file: File,
    *,
    name: Annotated[str | None, typer.Option(help="Default: the file's name.")] = None,
    data_format: Format = "auto",
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """Upload a file; one bad row and the whole file is refused."""
    with open_service(url) as service:
        dataset = upload_dataset(service, file, name=name, data_format=data_format)
    if as_json:
        write_json(dataset)
        return
    wanted = name or file.stem
    is_known = dataset["name"] != wanted
    known = f"{escape(wanted)} is already stored as " if is_known else ""
    stdout().print(f"[green]✓[/] {known}{describe_dataset(dataset)}\n  id {dataset['id']}")


def list_datasets(
    *,
    limit: Annotated[int, typer.Option(min=1, help="Most rows to show.")] = 50,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """List the stored datasets, newest first."""
    with open_service(url) as service:
        rows = service.list_all(ask_datasets.sync_detailed, limit=limit)
    if as_json:
        write_json(rows)
        return
    console = stdout()
    found = listing(rows, COLUMNS, width=console.width)
    console.print(found if rows else "no datasets yet; `ikt dataset add FILE` adds one")


def simulate(
    file: Annotated[Path, typer.Argument(help="CSV file to write.")] = Path("classroom.csv"),
    *,
    students: Annotated[int, typer.Option(min=2)] = 500,
    skills: Annotated[int, typer.Option(min=1)] = 40,
    seed: Annotated[int, typer.Option(min=0)] = 42,
    as_json: JsonFlag = False,
) -> None:
    """Write the responses of a simulated classroom, whose abilities grow with practice."""
    from ikt_model.data.simulate import simulate_classroom, write_events_csv

    classroom = simulate_classroom(n_students=students, n_skills=skills, seed=seed)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_events_csv(classroom.sequences, file)
    n_responses = int(classroom.sequences.n_responses)
    if as_json:
        summary = {"n_students": students, "n_skills": skills, "n_responses": n_responses, "seed": seed}
        write_json({"file": str(file), **summary})
        return
    stdout().print(
        f"[green]✓[/] {escape(str(file))}: {students:,} students, {skills:,} skills, "
        f"{n_responses:,} responses"
    )


def upload_dataset(
    service: Service, file: Path, *, name: str | None = None, data_format: str = "auto"
) -> dict[str, Any]:
    """Store a file; the same content once more gives the dataset that is stored already."""
    with opened(file) as content:
        # The service says which formats there are.
        form = AddDatasetFilesBody(file=content, name=name or file.stem, format_=cast(Any, data_format))
        stored: dict[str, Any] = told(add_dataset.sync_detailed(client=service.client, body=form))
    return stored


def find_dataset(service: Service, data: str, *, data_format: str) -> str:
    """The id of a stored dataset: `data` itself, or that of the file which it names."""
    path = Path(data)
    if not path.exists():
        try:
            return str(UUID(data))
        except ValueError:
            raise BadInput(f"{data} is neither a file nor the id of a dataset") from None
    return str(upload_dataset(service, path, data_format=data_format)["id"])


def describe_dataset(dataset: dict[str, Any]) -> str:
    """One line that says what it holds."""
    share = dataset["share_correct"]
    right = "" if share is None else f", {share:.0%} right"
    return (
        f"[bold]{escape(dataset['name'])}[/] · {dataset['n_students']:,} students · "
        f"{dataset['n_skills']:,} skills · {dataset['n_responses']:,} responses{right}"
    )
