"""A comparison as Markdown: what was compared, where the settings differ, and one table per section."""

from collections.abc import Iterator, Sequence
from typing import Any

from ikt_model.comparison import Comparison, Row, Section, Value

MARKDOWN = "text/markdown"
NOTHING = "–"
VERDICTS = {"better": "✓", "worse": "✗", "same": "="}
SMALLEST_FIXED = 1e-3


def write_markdown(comparison: Comparison) -> str:
    """The whole comparison; the first experiment is the baseline."""
    names = [_escape(experiment["name"]) for experiment in comparison.experiments]
    blocks = [
        f"# {names[0]} against {', '.join(names[1:])}",
        *(f"> {_escape(note)}" for note in comparison.notes),
        _table(["", *names], _describe_experiments(comparison.experiments)),
    ]
    if comparison.settings:
        rows = [[f"`{setting.name}`", *map(_text, setting.values)] for setting in comparison.settings]
        blocks += ["## Settings that differ", _table(["setting", *names], rows)]
    if comparison.intervals:
        blocks.append(f"[…]: {_escape(comparison.intervals)}")
    for section in comparison.sections:
        blocks += [f"## {_escape(section.title)}", _write_section(section, names)]
    return "\n\n".join(blocks) + "\n"


def _describe_experiments(experiments: Sequence[dict[str, Any]]) -> list[list[str]]:
    return [
        ["role", "baseline", *(["candidate"] * (len(experiments) - 1))],
        *([field, *(_text(entry[field]) for entry in experiments)] for field in ("id", "dataset")),
        ["folds held out", *(_folds(entry["folds"]) for entry in experiments)],
        ["folds left out", *(_folds(entry["exclude_folds"]) for entry in experiments)],
    ]


def _folds(folds: Sequence[int]) -> str:
    return ", ".join(map(str, folds)) or NOTHING


def _write_section(section: Section, names: Sequence[str]) -> str:
    first, *others = names
    changes = [heading for name in others for heading in (name, "Δ")]
    has_reference = any(row.reference is not None for row in section.rows)
    has_target = any(row.target is not None for row in section.rows)
    headings = ["metric", first, *changes]
    headings += ["reference"] * has_reference + ["target"] * has_target
    rows = []
    for row in section.rows:
        cells = list(_write_row(row))
        cells += [_number(row.reference)] * has_reference + [_escape(row.target or NOTHING)] * has_target
        rows.append(cells)
    return _table(headings, rows)


def _write_row(row: Row) -> Iterator[str]:
    yield _escape(row.label)
    for place, value in enumerate(row.values):
        passed = {True: " (met)", False: " (missed)", None: ""}[value.passed]
        yield _number(value.value) + passed
        if place:
            yield _change(value)


def _change(value: Value) -> str:
    if value.change is None:
        return NOTHING
    relative = "" if value.relative_change is None else f" ({value.relative_change:+.1%})"
    parts = [
        _number(value.change, signed=True) + relative,
        _surety(value),
        VERDICTS.get(value.verdict or "", ""),
    ]
    return " ".join(part for part in parts if part)


def _surety(value: Value) -> str:
    """The interval of a change, and its p-value."""
    if value.change_low is None or value.change_high is None:
        return ""
    interval = f"[{value.change_low:+.4f}, {value.change_high:+.4f}]"
    return interval if value.p_value is None else f"{interval} p {_p_value(value.p_value)}"


def _p_value(value: float) -> str:
    return f"= {value:.3f}" if value >= SMALLEST_FIXED else "&lt; 0.001"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    ruler = ["---", *["---:"] * (len(headings) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, ruler, *rows))


def _number(value: float | None, *, signed: bool = False) -> str:
    if value is None:
        return NOTHING
    form = ".2e" if 0 < abs(value) < SMALLEST_FIXED else ".4f"
    return format(value, f"+{form}" if signed else form)


def _text(value: Any) -> str:
    return NOTHING if value is None else _escape(str(value))


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
