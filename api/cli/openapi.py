"""`ikt openapi`: what clients are generated from."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import write_file

Output = Annotated[Path | None, typer.Option("--output", "-o", help="File to write; else it is printed.")]


def register(app: typer.Typer) -> None:
    app.command()(openapi)


def openapi(*, output: Output = None) -> None:
    """Write the OpenAPI document of this version; no server is needed."""
    from api.document import document_text

    text = document_text()
    if output:
        write_file(output, text, option="--output")
    else:
        typer.echo(text, nl=False)
