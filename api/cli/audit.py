"""`ikt audit`: do figures that were told elsewhere contradict each other?"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from api.cli.console import JsonFlag, stderr, stdout, write_json
from api.cli.failures import CONTRADICTION, BadInput

COLOURS = {"problem": "red", "caution": "yellow", "remark": "cyan"}
MOST_BYTES = 20_000_000


def register(app: typer.Typer) -> None:
    app.command()(audit)


def audit(
    file: Annotated[
        Path, typer.Argument(help="Figures as JSON: of docs/comparisons.md, or as ikt tells them.")
    ],
    *,
    findings: Annotated[
        bool, typer.Option("--findings", help="Also what the rules find: scale, fit, reference, training.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Hold figures to the identities they must fulfil; exit code 3 where they contradict each other."""
    answer = _audited(file, findings=findings)
    if as_json:
        write_json(answer)
    else:
        _show(answer)
    if answer["contradictions"]:
        raise typer.Exit(CONTRADICTION)


def _audited(file: Path, *, findings: bool) -> dict[str, Any]:
    # Not above: every other command would wait for it.
    from ikt_model.comparison.elsewhere import FiguresRefused, read_figures_file
    from ikt_model.comparison.observations import audit as audit_figures
    from ikt_model.comparison.observations import by_severity, observe_rules

    try:
        told = read_figures_file(_read(file))
    except FiguresRefused as refused:
        where = f" at {refused.place}" if refused.place else ""
        raise BadInput(
            f"{file}{where}: {refused.problem}", f"{refused.remedy[:1].upper()}{refused.remedy[1:]}"
        ) from None
    experiments, contradictions = [], 0
    for experiment in told.experiments:
        observations = audit_figures(experiment.run, experiment.moments)
        contradictions += sum(one.severity == "problem" for one in observations)
        if findings:
            observations = by_severity([*observations, *observe_rules(experiment.run)])
        experiments.append(
            {
                "name": experiment.run.name,
                "n_figures": experiment.n_figures,
                "observations": [asdict(observation) for observation in observations],
            }
        )
    return {"contradictions": contradictions, "experiments": experiments, "left_out": told.left_out}


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{file} can't be read", str(error.strerror or error)) from error
    if len(content) > MOST_BYTES:
        raise BadInput(
            f"{file} is larger than {MOST_BYTES // 1_000_000} MB", "Audit fewer experiments at once"
        )
    return content


def _show(answer: Mapping[str, Any]) -> None:
    console = stdout()
    for experiment in answer["experiments"]:
        observations = experiment["observations"]
        counts = Counter(one["severity"] for one in observations)
        told = ", ".join(
            f"{counts[name]} {name}{'s'[: counts[name] != 1]}" for name in COLOURS if counts[name]
        )
        console.print(
            f"[bold]{escape(experiment['name'])}[/]: {experiment['n_figures']} figures, "
            f"{told or 'nothing found'}"
        )
        for one in observations:
            colour = COLOURS[one["severity"]]
            console.print(
                f"  [{colour}]{one['severity']}[/] [dim]{one['rule']}[/] {escape(one['message'])}",
                soft_wrap=True,
            )
    for reason in answer["left_out"]:
        stderr().print(f"[yellow]{escape(reason)}[/]")
