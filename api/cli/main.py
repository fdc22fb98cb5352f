"""`ikt`: every command in its group, and one place where failures become exit codes."""

from importlib import metadata
from typing import Annotated, Any, NoReturn

import typer
import typer.core
from pydantic import ValidationError
from pydantic_settings import SettingsError

from api.cli import (
    audit,
    comparisons,
    cross_validations,
    database,
    datasets,
    demo,
    experiments,
    keys,
    models,
    openapi,
    privacy,
    serve,
    students,
    sweeps,
)
from api.cli.console import report
from api.cli.failures import Failure, without_secrets
from api.cli.settings import refusal_of, warn_of_unknown

UsageError: type[BaseException] = typer.BadParameter.__mro__[1]
"""Of click, or of the copy that newer releases of typer have in them."""


class Commands(typer.core.TyperGroup):
    """A failed command is reported on standard error and ends with the failure's exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Failure as failure:
            _end(failure)
        except UsageError as error:
            if isinstance(message := getattr(error, "message", None), str):
                error.__dict__["message"] = without_secrets(message)
            raise
        except (ValidationError, SettingsError) as error:
            if (refusal := refusal_of(error)) is None:
                raise
            _end(refusal)


def _end(failure: Failure) -> NoReturn:
    report(failure)
    raise typer.Exit(failure.exit_code) from failure


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ikt {metadata.version('ikt')}")
        raise typer.Exit


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Interpretable knowledge tracing: train, compare, and ask what a student can do.",
)


@app.callback()
def ikt(
    *,
    version: Annotated[  # noqa: ARG001 - its callback has done it
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Interpretable knowledge tracing: train, compare, and ask what a student can do."""
    warn_of_unknown()


_ROOMS = (
    serve,
    datasets,
    experiments,
    cross_validations,
    sweeps,
    comparisons,
    audit,
    models,
    privacy,
    students,
    openapi,
    demo,
)
for _room in _ROOMS:
    _room.register(app)
app.add_typer(database.app, name="db")
app.add_typer(datasets.app, name="dataset")
app.add_typer(keys.app, name="key")
