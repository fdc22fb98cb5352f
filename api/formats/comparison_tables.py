"""Tables of a comparison: columns that nothing stands in are left out, equal ones are one."""

from collections.abc import Iterator, Sequence

from api.formats import comparison_text as text
from api.formats.comparison_document import Cell, Line, Table, Tone
from ikt_model.comparison import Row, Section
from ikt_model.comparison.rows import Value
from ikt_model.comparison.scale import Scale, ScaleRow

TONES: dict[str | None, Tone] = {"better": "good", "worse": "bad", "same": "same"}
PASSED: dict[bool | None, Tone] = {True: "good", False: "bad", None: ""}

Column = tuple[str, list[Cell]]
"""A heading, and a cell for each row."""


def table_of(section: Section, names: Sequence[str]) -> Table:
    """Every row of a section."""
    rows = section.rows
    has_changes = any(value.change is not None for row in rows for value in row.values)
    columns: list[Column] = []
    for place, name in enumerate(names):
        columns.append((name, [_own(row, place) for row in rows]))
        if place and has_changes:
            heading = f"Δ {name}" if len(names) > 2 else "Δ"
            columns.append((heading, [_change(row.values[place]) for row in rows]))
    columns += _extras(rows, names)
    return _to_table([row.label for row in rows], columns, anchors=[row.metric for row in rows])


def _own(row: Row, place: int) -> Cell:
    value = row.values[place]
    ratio = value.ratio_to_reference
    note = f"{text.ratio(ratio)} reference" if ratio is not None else ""
    return Cell(text.figure(value, row), text.MARKS[value.passed], PASSED[value.passed], note)


def _change(value: Value) -> Cell:
    tone = TONES.get(value.verdict, "")
    return Cell(text.change(value), text.verdict(value), tone, text.surety(value), is_change=True)


def _extras(rows: Sequence[Row], names: Sequence[str]) -> Iterator[Column]:
    """What figures are held against."""
    for heading, write in (("reference", text.reference), ("pulled towards", text.aim)):
        yield from _shared(
            heading, names, [[write(row.values[place]) for row in rows] for place in range(len(names))]
        )
    if any(row.target for row in rows):
        yield "target", [Cell(row.target or text.NOTHING) for row in rows]


def _shared(heading: str, names: Sequence[str], columns: Sequence[list[str]]) -> Iterator[Column]:
    """One column where all runs have the same, and none where they have nothing."""
    if all(cell == text.NOTHING for column in columns for cell in column):
        return
    if all(column == columns[0] for column in columns):
        yield heading, [Cell(cell) for cell in columns[0]]
        return
    for name, column in zip(names, columns, strict=True):
        yield f"{heading}, {name}", [Cell(cell) for cell in column]


def _to_table(labels: Sequence[str], columns: Sequence[Column], *, anchors: Sequence[str] = ()) -> Table:
    cells = zip(*(column for _, column in columns), strict=True)
    lines = [
        Line(label, list(found), anchor)
        for label, found, anchor in zip(labels, cells, anchors or [""] * len(labels), strict=True)
    ]
    return Table(["figure", *(heading for heading, _ in columns)], lines)


def scale_table(rows: Sequence[ScaleRow], names: Sequence[str]) -> Table:
    """Figures, their references, and their ratios in words."""
    places = range(len(names))
    columns: list[Column] = [
        (name, [Cell(text.number(row.values[place].value)) for row in rows])
        for place, name in enumerate(names)
    ]
    references = [[text.number(row.values[place].reference) for row in rows] for place in places]
    columns += _shared("reference", names, references)
    columns += [
        (f"{name} / reference", [_scale_cell(row.values[place]) for row in rows])
        for place, name in enumerate(names)
    ]
    return _to_table([row.label for row in rows], columns)


def _scale_cell(scale: Scale) -> Cell:
    return Cell(text.ratio(scale.ratio), note=scale.reading or "")
