"""Numbers as text: bars, sparklines, tables."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table
from rich.text import Text

SPARKS = "▁▂▃▄▅▆▇█"
EIGHTHS = " ▏▎▍▌▋▊▉"
FIGURE_WIDTH = 11
NARROW_NAME = 12
FEWEST_COLUMNS = 2
SMALLEST_END = 5e-5  # of an interval: below it, four decimals are zeros
VERDICTS = {"better": "green", "worse": "red", "same": "dim"}
SEVERITIES = {"problem": "bold red", "caution": "yellow", "remark": "dim"}


def sparkline(values: Sequence[float], *, width: int = 60) -> str:
    """A line of blocks; a longer series is thinned evenly, its last value kept."""
    if not values:
        return ""
    if len(values) > width:
        values = [values[round(i * (len(values) - 1) / (width - 1))] for i in range(width)]
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return "".join(SPARKS[min(7, int((value - low) / span * 8))] for value in values)


def bar(share: float, *, width: int = 24) -> str:
    """A share between 0 and 1, to an eighth of a character."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (EIGHTHS[rest] if rest else "")).ljust(width)


LEVEL_COLOURS = {"beginning": "white", "developing": "yellow", "proficient": "cyan", "mastered": "green"}


def mastery_table(rows: Sequence[Mapping[str, Any]], *, width: int = 24) -> Table:
    """One bar per skill: mastery and its level, and the chance that the next response is right."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("skill")
    table.add_column("mastery")
    table.add_column("", justify="right")
    table.add_column("level")
    table.add_column("mastered since")
    table.add_column("next right", justify="right")
    table.add_column("responses", justify="right")
    for row in rows:
        share = float(row["mastery"] or 0.0)
        colour = LEVEL_COLOURS.get(row["level"], "default")
        table.add_row(
            escape(str(row["skill"])),
            Text(bar(share, width=width), style=f"{colour} on grey15"),
            f"{share:.2f}",
            Text(row["level"] or "–", style=colour),
            moment(row["mastered_at"]) if row["mastered_at"] else "–",
            number(row["probability_correct"], digits=2),
            number(row["evidence"]),
        )
    return table


def number(value: float | int | None, *, digits: int = 4) -> str:
    """A number for people; nothing is a dash."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if value and abs(value) < 10**-digits:
        return f"{value:.1e}"
    return f"{value:.{digits}f}"


def listing(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, width: int) -> Table:
    """Rows as a table; `columns` maps a field to its heading.

    Ids are to be copied and never cut: where the width is too small, names wrap and the last columns go.
    """
    cells = {field: [heading, *(_cell(row.get(field)) for row in rows)] for field, heading in columns.items()}
    widths = {field: max(map(cell_len, texts)) for field, texts in cells.items()}
    if "name" in widths:
        widths["name"] = min(widths["name"], NARROW_NAME)
    shown = list(columns)
    while len(shown) > FEWEST_COLUMNS and sum(widths[field] + 2 for field in shown) > width:
        shown.pop()
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for field in shown:
        is_id = field == "id"
        least = widths["id"] if is_id else None
        table.add_column(
            columns[field], no_wrap=is_id, overflow="ignore" if is_id else "fold", min_width=least
        )
    for number_of_row in range(1, len(rows) + 1):
        table.add_row(*(cells[field][number_of_row] for field in shown))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, int):
        return f"{value:,}"
    text = str(value)
    return moment(text) if "T" in text and text[:2] == "20" and len(text) > 18 else escape(text)


def moment(timestamp: str) -> str:
    """An RFC 3339 time in UTC, without what nobody reads."""
    try:
        then = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
    except ValueError:
        return escape(timestamp)
    return then.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def short_id(identifier: str) -> str:
    """The end of an id: of ids made one after the other, the part that differs."""
    return identifier[-8:]


def metrics_table(metrics: Mapping[str, float | None]) -> Table:
    """Every metric by its name, in two pairs of columns."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 3, 0, 0))
    for _ in range(2):
        table.add_column(style="dim")
        table.add_column(justify="right")
    items = list(metrics.items())
    half = (len(items) + 1) // 2
    for left, right in zip(items[:half], [*items[half:], ("", None)][:half], strict=True):
        table.add_row(left[0], number(left[1]), right[0], number(right[1]) if right[0] else "")
    return table


def comparison_table(comparison: Mapping[str, Any], *, metrics: Collection[str] | None = None) -> Table:
    """Every figure, or the chosen ones, under its section's title.

    The arrow says where the last experiment went from the first, its colour whether that is good; the
    reference is the last one's.
    """
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("")
    for experiment in comparison["experiments"]:
        table.add_column(escape(f"{experiment['name']:>{FIGURE_WIDTH}}"))
    table.add_column("change", justify="right")
    table.add_column("reference", justify="right")
    table.add_column("target")
    for section in comparison["sections"]:
        rows = [row for row in section["rows"] if metrics is None or row["metric"] in metrics]
        if rows and table.row_count:
            table.add_row()
        if rows:
            table.add_row(f"[bold]{escape(section['title'])}[/]")
        for row in rows:
            table.add_row(*_figures(row))
    return table


def findings_of(comparison: Mapping[str, Any]) -> Iterator[Text]:
    """A line for each finding, the gravest first."""
    names = {run["id"]: run["name"] for run in comparison["experiments"]}
    for finding in comparison["findings"]:
        line = Text(f"{finding['severity']:<8}", SEVERITIES[finding["severity"]])
        line.append(f" {names[finding['experiment_id']]}: ", "bold")
        yield line.append(finding["message"], "none")


def _figures(row: Mapping[str, Any]) -> list[str | Text]:
    cells: list[str | Text] = [escape(f"  {row['label']}")]
    cells += [_figure(row, value) for value in row["values"]]
    cells += [_change(row["values"][-1]), _reference(row)]
    return [*cells, escape(row["target"] or "")]


def _figure(row: Mapping[str, Any], value: Mapping[str, Any]) -> Text:
    # Padded here: justified to the right, figures with and without a mark would not stand in one line.
    text = Text(f"{_written(row, value):>{FIGURE_WIDTH}}")
    if value["passed"] is None:
        return text
    return text.append(" ✓", "green") if value["passed"] else text.append(" ✗", "red")


def _written(row: Mapping[str, Any], value: Mapping[str, Any]) -> str:
    if row["form"] == "range":
        return _span(value["range"])
    if row["metric"] == "lambda_reached" and value["value"] is None:
        return "not reached"
    return number(value["value"], digits=0 if row["form"] == "count" else 4)


def _span(ends: Sequence[float] | None) -> str:
    return "–" if ends is None else f"[{ends[0]:.3g}, {ends[1]:.3g}]"


def _reference(row: Mapping[str, Any]) -> str:
    """The last experiment's own, which need not be the first one's."""
    value = row["values"][-1]
    if row["form"] == "range":
        return _span(value["reference_range"]) if value["reference_range"] else ""
    return number(value["reference"]) if value["reference"] is not None else ""


def _change(value: Mapping[str, Any]) -> Text:
    change = value["change"]
    if change is None or value["verdict"] is None:
        return Text("")
    arrow = "=" if value["verdict"] == "same" else "▲" if change > 0 else "▼"
    sign = "+" if change > 0 else "-" if change < 0 else ""
    text = Text(f"{arrow} {sign}{number(abs(change))}", style=VERDICTS[value["verdict"]])
    if value["change_low"] is None:
        return text
    return text.append(f" [{_end(value['change_low'])}, {_end(value['change_high'])}]")


def _end(value: float) -> str:
    return f"{value:+.4f}" if value == 0 or abs(value) >= SMALLEST_END else f"{value:+.1e}"
