"""`ikt db …`: the database's schema."""

from typing import Annotated

import typer
from rich.markup import escape

from api.cli.console import JsonFlag, stdout, write_json

app = typer.Typer(no_args_is_help=True, help="The database's schema.")


@app.callback()
def group() -> None:
    """The database's schema."""


@app.command()
def upgrade(
    revision: Annotated[str, typer.Argument(help="Revision to reach.")] = "head", *, as_json: JsonFlag = False
) -> None:
    """Bring the database to the schema this version was written for."""
    from sqlalchemy import make_url

    from db import engine
    from db.settings import DatabaseSettings

    settings = DatabaseSettings()
    engine.upgrade(settings, revision)
    shown = make_url(settings.database_url).render_as_string(hide_password=True)
    if as_json:
        write_json({"database_url": shown, "revision": revision})
        return
    stdout().print(f"[green]✓[/] {escape(str(shown))} is at [bold]{revision}[/]")
