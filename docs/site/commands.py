"""Every command of `ikt`, as its own help tells it."""

import typer.main
from click import Command, Context, Group, Option

from api.cli.main import app


def write_commands() -> str:
    """Markdown: a section for every command."""
    root = typer.main.get_command(app)
    return "\n".join(_sections(root, Context(root, info_name="ikt")))


def _sections(command: Command, context: Context) -> list[str]:
    if isinstance(command, Group):
        told = [_section(command, context)] if context.parent and command.invoke_without_command else []
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                told += _sections(inner, Context(inner, info_name=name, parent=context))
        return told
    return [_section(command, context)]


def _section(command: Command, context: Context) -> str:
    rows = [_row(option) for option in command.params if isinstance(option, Option) and not option.hidden]
    table = ["| option | default | |", "| --- | --- | --- |", *rows, ""] if rows else []
    usage = " ".join(command.collect_usage_pieces(context))
    return "\n".join(
        [f"## {context.command_path}", "", f"`{context.command_path} {usage}`", "", command.help or "", "", *table]
    )


def _row(option: Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    default = "" if option.default in (None, False, ()) or callable(option.default) else f"`{option.default}`"
    return f"| {names} | {default} | {(option.help or '').replace('|', '\\|')} |"
