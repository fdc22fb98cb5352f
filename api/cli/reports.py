"""`ikt experiments report`: what one experiment is worth."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from api.cli.client import DEFAULT_URL, InlineFlag, UrlOption, find_experiment, open_service, told
from api.cli.console import JsonFlag, stdout, write_json
from api.cli.drawing import bar, number
from ikt_client.api.experiments import get_report

STATUS = {"pass": "green", "warn": "yellow", "fail": "red"}  # no password # nosec B105
COLUMNS = {"probability": "p", "mastery": "M", "reference": "reference"}
FIGURES = {
    "ece": "ECE",
    "ece_equal_mass": "ECE, equal mass",
    "brier": "Brier score",
    "log_loss": "log-loss",
}


def report(
    experiment: Annotated[str, typer.Argument(help="Id, end of an id, or name (the newest of that name).")],
    *,
    skills: Annotated[int, typer.Option(min=0, help="Skills to show, the most practised first.")] = 10,
    inline: InlineFlag = False,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """Show how good an experiment's predictions are, and what its audit found."""
    with open_service(url, inline=inline) as service:
        found = find_experiment(service, experiment)
        answer = told(get_report.sync_detailed(found["id"], client=service.client))
    if as_json:
        write_json(answer)
        return
    console = stdout()
    console.print(
        f"[bold]{escape(found['name'])}[/]: {answer['n_predicted']:,} responses of "
        f"{answer['n_students']:,} students, by the protocol '{answer['protocol']}' "
        f"(windows of {answer['window']})"
    )
    for table in (
        figures_table(answer),
        history_table(answer["by_history"]),
        skill_table(answer["by_skill"][:skills]),
        curve_table(answer["calibration"]["probability"]["curve"]),
        audit_table(answer["audit"]["findings"]),
    ):
        if table.row_count:
            console.print()
            console.print(table)
    status = answer["audit"]["status"]
    console.print(f"\naudit: [{STATUS[status]}]{status}[/]")


def figures_table(report: Mapping[str, Any]) -> Table:
    """AUC and calibration of p, of M and of the reference."""
    columns = [column for column in COLUMNS if column in report["auc"]]
    table = _table("", *(COLUMNS[column] for column in columns))
    for section, label in (("auc", "AUC"), ("cold_start", "AUC, first 5")):
        table.add_row(label, *(_auc(report[section][column]) for column in columns))
    for name, label in FIGURES.items():
        table.add_row(label, *(number(report["calibration"][column][name]) for column in columns))
    return table


def history_table(parts: Sequence[Mapping[str, Any]]) -> Table:
    """AUC of p by how much is known of the student."""
    table = _table("responses before", "AUC", "95 %", "responses", "students")
    for part in parts:
        last = f"–{part['last']}" if part["last"] is not None else " or more"
        table.add_row(f"{part['first']}{last}", *_part(part))
    return table


def skill_table(parts: Sequence[Mapping[str, Any]]) -> Table:
    """AUC of p by skill."""
    table = _table("skill", "AUC", "95 %", "responses", "students")
    for part in parts:
        table.add_row(escape(part["skill"]), *_part(part))
    return table


def curve_table(bins: Sequence[Mapping[str, Any]]) -> Table:
    """What was predicted beside what came."""
    table = _table("p predicted", "right", "", "responses")
    for part in bins:
        share = part["share_right"]
        table.add_row(
            number(part["mean_probability"], digits=3),
            number(share, digits=3),
            Text(bar(share, width=20), style="on grey15"),
            f"{part['n']:,}",
        )
    return table


def audit_table(findings: Sequence[Mapping[str, Any]]) -> Table:
    """One line per check."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("audit")
    table.add_column("check", no_wrap=True)
    table.add_column("finding", overflow="fold")
    for finding in findings:
        status = finding["status"]
        table.add_row(Text(status, STATUS[status]), finding["check"], escape(finding["message"]))
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(first)
    for heading in others:
        table.add_column(heading, justify="right")
    return table


def _auc(part: Mapping[str, Any]) -> str:
    error = part["standard_error"]
    return number(part["auc"]) + (f" ± {error:.4f}" if error is not None else "")


def _part(part: Mapping[str, Any]) -> tuple[str, ...]:
    interval = "–" if part["low"] is None else f"{part['low']:.3f}–{part['high']:.3f}"
    return number(part["auc"]), interval, f"{part['n']:,}", f"{part['n_students']:,}"
