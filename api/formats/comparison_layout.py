"""Lay a comparison out in the order of the first one that was written by hand, whatever it is written in."""

from collections.abc import Iterator, Sequence

from api.formats import comparison_text as text
from api.formats.comparison_document import Cell, Document, Finding, Line, Part, Table, Tone
from api.formats.comparison_tables import PASSED, TONES, scale_table, table_of
from ikt_model.comparison import Comparison, Row, Section
from ikt_model.comparison.rows import NEGLIGIBLE, Value

CHARTED = {"lambda": "lambda"}
"""The section that a curve stands in, where that is not the one about training."""


def lay_out(comparison: Comparison) -> Document:
    """Every table of the comparison; the first run is the baseline."""
    names = [run["label"] for run in comparison.experiments]
    return Document(
        title=f"{names[0]} against {', '.join(names[1:])}",
        names=names,
        notes=comparison.notes,
        summary=list(_summarise(comparison, names)),
        parts=[
            *_configurations(comparison, names),
            *_figures(comparison, names),
            _scales(comparison, names),
            _criteria(comparison, names),
            _findings(comparison, names),
            _reading(comparison),
        ],
    )


def _summarise(comparison: Comparison, names: Sequence[str]) -> Iterator[tuple[str, Tone]]:
    """What somebody wants to know who reads no further."""
    rows = {row.metric: row for section in comparison.sections for row in section.rows}
    if "auc" in rows:
        for name, value in zip(names[1:], rows["auc"].values[1:], strict=True):
            yield _say_auc(name, names[0], value), TONES.get(value.verdict, "")
    for place, name in enumerate(names):
        judged = [row.values[place].passed for row in comparison.criteria]
        known = [passed for passed in judged if passed is not None]
        yield f"{name} meets {sum(known)} of {len(known)} criteria.", ""
        grave = [
            one for one in comparison.findings if one.experiment_id == comparison.experiments[place]["id"]
        ]
        if grave:
            counts = {one.severity: sum(other.severity == one.severity for other in grave) for one in grave}
            told = ", ".join(f"{n} {severity}{'s' if n > 1 else ''}" for severity, n in counts.items())
            yield f"Findings on {name}: {told}.", "bad" if "problem" in counts else ""


def _say_auc(name: str, baseline: str, value: Value) -> str:
    if value.change is None:
        return f"There is no AUC to compare of {name}."
    words = {
        "better": f"{name} predicts better than {baseline}",
        "worse": f"{name} predicts worse than {baseline}",
        "same": f"{name} predicts no differently from {baseline}",
    }
    said = words.get(value.verdict or "", f"Whether {name} predicts better than {baseline} is not known")
    surety = text.surety(value)
    return f"{said}: AUC {text.change(value)}{f' {surety}' if surety else ''}."


def _configurations(comparison: Comparison, names: Sequence[str]) -> Iterator[Part]:
    runs = comparison.experiments
    described = {
        "role": ["baseline", *["candidate"] * (len(runs) - 1)],
        "id": [run["id"] for run in runs],
        "dataset": [run["dataset"] for run in runs],
        "folds held out": [_folds(run["folds"]) for run in runs],
        "folds left out": [_folds(run["exclude_folds"]) for run in runs],
        "seed": [text.setting(run["seed"]) for run in runs],
        "finished": [text.moment(run["finished_at"]) for run in runs],
        "epochs": [text.setting(run["epochs"]) for run in runs],
    }
    lines = [Line(label, [Cell(each) for each in cells]) for label, cells in described.items()]
    yield Part("experiments", "Experiments", table=Table(["", *names], lines))
    if comparison.settings:
        lines = [
            Line(one.name, [Cell(text.setting(value)) for value in one.values]) for one in comparison.settings
        ]
        yield Part(
            "settings",
            "Settings that differ",
            3,
            table=Table(["setting", *names], lines, is_of_settings=True),
        )
    else:
        yield Part("settings", "Settings that differ", 3, words=["None: the configurations are equal."])
    yield Part(
        "common-settings",
        "Settings in common",
        3,
        items=list(_common(comparison)),
        is_secondary=True,
    )


def _common(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """A line for each part of the configuration."""
    by_part: dict[str, list[str]] = {}
    for one in comparison.common_settings:
        part, _, name = one.name.rpartition(".")
        by_part.setdefault(part, []).append(f"{name} {text.setting(one.value)}")
    for part, settings in by_part.items():
        yield part, ", ".join(settings)


def _folds(folds: Sequence[int]) -> str:
    return ", ".join(map(str, folds)) or text.NOTHING


def _figures(comparison: Comparison, names: Sequence[str]) -> Iterator[Part]:
    for section in comparison.sections:
        is_schedule = section.name == "lambda"
        words = [_describe_schedule(section, *run) for run in enumerate(names)] if is_schedule else []
        curves = [
            curve for curve in comparison.curves if section.name == CHARTED.get(curve.metric, "training")
        ]
        yield Part(section.name, section.title, words=words, table=table_of(section, names), curves=curves)


def _describe_schedule(section: Section, place: int, name: str) -> str:
    found = {row.metric: row.values[place].value for row in section.rows}
    last, target, reached = (found.get(each) for each in ("lambda", "lambda_target", "lambda_reached"))
    warmup, epochs = (found.get(each) for each in ("lambda_warmup_epochs", "trained_epochs"))
    if last is None or target is None or warmup is None or epochs is None:
        return f"Of {name} no λ was recorded."
    if reached is not None:
        return f"{name}: λ reached its target of {target:g} in epoch {reached:.0f} of {epochs:.0f}."
    return (
        f"{name}: λ was to reach {target:g} in epoch {warmup:.0f}; training ended in epoch {epochs:.0f}, at "
        f"{last:g}."
    )


def _scales(comparison: Comparison, names: Sequence[str]) -> Part:
    if not comparison.scale:
        return Part("scale", "Scale comparison", words=["No experiment has an ability of its own."])
    return Part("scale", "Scale comparison", table=scale_table(comparison.scale, names))


def _criteria(comparison: Comparison, names: Sequence[str]) -> Part:
    words = {True: "passes", False: "fails", None: ""}
    lines = [
        Line(
            row.label,
            [
                Cell(row.target),
                *(
                    Cell(
                        text.number(one.value),
                        f"{text.MARKS[one.passed]} {words[one.passed]}".strip(),
                        PASSED[one.passed],
                    )
                    for one in row.values
                ),
            ],
        )
        for row in comparison.criteria
    ]
    return Part("criteria", "Criteria", table=Table(["figure", "target", *names], lines))


def _findings(comparison: Comparison, names: Sequence[str]) -> Part:
    named = {run["id"]: name for run, name in zip(comparison.experiments, names, strict=True)}
    rows = {row.metric: row for section in comparison.sections for row in section.rows}
    findings = [
        Finding(
            named[one.experiment_id],
            one.severity,
            one.rule.replace("_", " "),
            one.message,
            [_evidence(part, rows) for part in one.evidence],
        )
        for one in comparison.findings
    ]
    words = [] if findings else ["No rule has anything to say of these experiments."]
    return Part("findings", "Findings", words=words, findings=findings)


def _evidence(part: dict[str, object], rows: dict[str, Row]) -> tuple[str, str]:
    value = part["value"]
    said = text.plain(value) if isinstance(value, float | int) else text.NOTHING
    when = f" in epoch {part['epoch']}" if part["epoch"] is not None else ""
    metric = str(part["metric"])
    return (metric if metric in rows else ""), f"{part['label']} {said}{when}"


def _reading(comparison: Comparison) -> Part:
    """What the signs mean."""
    words = [
        "Δ is the change from the baseline, in brackets relative to it. ↑ and ↓ say where a figure went, "
        "better or worse whether it should have; = is no difference.",
        "✓ and ✗ say whether a figure meets its target.",
        f"A figure without an interval is of one training: a gain below {NEGLIGIBLE:.1%} of the baseline is "
        "called no difference, and a larger one may still be that of the seed.",
    ]
    if comparison.intervals:
        words.insert(1, f"Intervals: {comparison.intervals}")
    return Part("reading", "How to read this", words=words)
