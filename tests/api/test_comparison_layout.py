"""A comparison as text, of figures that were made up."""

from typing import Any

import pytest

from api.formats import comparison_text as text
from api.formats.comparison_charts import HEIGHT, WIDTH, draw
from api.formats.comparison_document import Part, Table
from api.formats.comparison_html import write_html
from api.formats.comparison_layout import lay_out
from api.formats.comparison_markdown import write_markdown
from ikt_model.comparison import Comparison, RunSummary, Value, compare
from ikt_model.comparison.curves import Curve
from ikt_model.comparison.paired import Difference
from ikt_model.comparison.statistics import Delong, Interval
from ikt_model.config import resolve_config

FIRST = {"auc": 0.7185, "accuracy": 0.7466, "l_22": 0.0048, "theta_std": 33.89, "reference_theta_std": 2.53}
SECOND = {"auc": 0.7182, "accuracy": 0.7473, "l_22": 0.0327, "theta_std": 0.14, "reference_theta_std": 2.53}
NO_DIFFERENCE = {
    "auc": Difference(Interval(-0.0003, -0.0043, 0.0037, 0.002), Delong(Interval(0, 0, 0, 0), 0.62)),
    "accuracy": Difference(Interval(0.0007, 0.0001, 0.0013, 0.0003)),
}


def run(name: str, metrics: dict[str, float | None], **changes: Any) -> RunSummary:
    config = resolve_config("l23-mean").model_dump(mode="json")
    given: dict[str, Any] = {"id": name, "config": config, "dataset": "data", "fold": 0, "epochs": []}
    return RunSummary(**given | changes, name=name, metrics=metrics)


def lines_of(comparison: Comparison, anchor: str) -> dict[str, dict[str, str]]:
    """Cells of a table by row and heading."""
    table = part_of(comparison, anchor).table
    assert isinstance(table, Table)
    return {
        line.label: {
            heading: " ".join(filter(None, (cell.text, cell.mark, cell.note)))
            for heading, cell in zip(table.headings[1:], line.cells, strict=True)
        }
        for line in table.lines
    }


def part_of(comparison: Comparison, anchor: str) -> Part:
    (part,) = [part for part in lay_out(comparison).parts if part.anchor == anchor]
    return part


@pytest.fixture
def two() -> Comparison:
    return compare(run("a", FIRST), [run("b", SECOND)], paired=[NO_DIFFERENCE])


class TestChanges:
    def test_a_change_inside_its_interval_is_no_difference(self, two: Comparison) -> None:
        assert lines_of(two, "prediction")["AUC"]["Δ"] == (
            "−0.0003 (−0.0%) = no difference [−0.0043, +0.0037] p = 0.620"
        )

    def test_arrows_say_where_and_words_whether_it_should(self, two: Comparison) -> None:
        assert lines_of(two, "prediction")["Accuracy"]["Δ"].endswith("↑ better [+0.0001, +0.0013]")
        assert lines_of(two, "alignment")["l_22 difficulty"]["Δ"] == "+0.0279 (+581.3%) ↑ worse"
        assert lines_of(two, "theta")["θ standard deviation"]["Δ"] == "−33.75 (−99.6%) ↓ better"

    def test_what_is_known_first_is_the_auc(self, two: Comparison) -> None:
        (first, tone), *_ = lay_out(two).summary
        assert first == "b predicts no differently from a: AUC −0.0003 (−0.0%) [−0.0043, +0.0037] p = 0.620."
        assert tone == "same"

    def test_an_auc_without_interval_is_not_judged(self) -> None:
        refused = compare(run("a", FIRST), [run("b", SECOND)], paired=["b held out other students."])
        (first, _), *_ = lay_out(refused).summary
        assert first == "Whether b predicts better than a is not known: AUC −0.0003 (−0.0%)."
        assert lay_out(refused).notes == ["b held out other students."]


class TestReferences:
    def test_one_that_all_share_is_one_column(self, two: Comparison) -> None:
        cells = lines_of(two, "theta")["θ standard deviation"]
        assert cells["reference"] == "2.5300"
        assert cells["a"] == "33.89 13.40× reference"
        assert cells["b"] == "0.1400 0.055× reference"

    def test_each_run_has_its_own_where_they_differ(self) -> None:
        other = run("b", SECOND | {"reference_theta_std": 0.56})
        cells = lines_of(compare(run("a", FIRST), [other]), "theta")["θ standard deviation"]
        assert (cells["reference, a"], cells["reference, b"]) == ("2.5300", "0.5600")

    def test_the_scale_is_told_in_words(self, two: Comparison) -> None:
        cells = lines_of(two, "scale")["θ standard deviation"]
        assert cells["b / reference"] == "0.055× 18.1 times too narrow"


class TestNames:
    def test_equal_names_are_told_apart(self) -> None:
        comparison = compare(run("same", FIRST, id="id-00000001"), [run("same", SECOND, id="id-00000002")])
        assert lay_out(comparison).names == ["same (00000001)", "same (00000002)"]

    def test_several_candidates_have_a_change_each(self) -> None:
        three = compare(run("a", FIRST), [run("b", SECOND), run("c", FIRST)])
        assert list(lines_of(three, "prediction")["Accuracy"])[:5] == ["a", "b", "Δ b", "c", "Δ c"]
        assert lines_of(three, "prediction")["Accuracy"]["Δ c"] == "0 = no difference"

    @pytest.mark.parametrize(
        "name", ["<b>x</b>", "a|b", "](http://z.example)", "`x`", "{{ 7 * 7 }}", "&amp;"]
    )
    def test_a_name_is_nothing_but_text(self, name: str) -> None:
        comparison = compare(run(name, FIRST), [run("b", SECOND)])
        page, markdown = write_html(comparison), write_markdown(comparison)
        assert "<b>" not in page + markdown
        assert "](" not in markdown
        assert "49" not in page
        table = [line for line in markdown.splitlines() if line.startswith("| role")]
        assert table == ["| role | baseline | candidate |"]
        if name == "&amp;":
            assert "&amp;amp;" in page


def test_equal_configurations_are_said_to_be_equal(two: Comparison) -> None:
    assert part_of(two, "settings").words == ["None: the configurations are equal."]


def test_a_run_without_figures_is_written_all_the_same() -> None:
    empty = compare(run("a", {}), [run("b", {})])
    assert "There is no AUC" not in write_markdown(empty)
    assert "No experiment has an ability of its own." in write_html(empty)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.71852, "0.7185"),
        (-33.891, "−33.89"),
        (0.00048, "4.80e−4"),
        (2.1e-8, "2.10e−8"),
        (123456.0, "1.23e+5"),
    ],
)
def test_numbers_are_short(value: float | None, written: str) -> None:
    assert text.number(value) == written


@pytest.mark.parametrize(
    ("change", "relative", "written"),
    [
        (None, None, "–"),
        (0.0, 0.0, "0"),
        (-0.0004, -0.0005, "−0.0004 (−0.1%)"),
        (-6.8e-6, -1e-5, "−6.80e−6 (−0.0%)"),
        (0.2044, 11.05, "+0.2044 (+1,105%)"),
        (0.5, None, "+0.5000"),
    ],
)
def test_changes_are_absolute_and_relative(
    change: float | None, relative: float | None, written: str
) -> None:
    assert text.change(Value(change=change, relative_change=relative)) == written


def test_counts_among_figures_have_no_decimals() -> None:
    assert [text.plain(value) for value in (30, 30.0, 0.5, -1234.0)] == ["30", "30", "0.5000", "−1,234"]


def test_ranges_are_one_cell() -> None:
    assert text.span((-13.37, 64.67)) == "[−13.37, 64.67]"
    assert text.span((2.1e-08, 1.0)) == "[2.1e−8, 1]"


class TestCharts:
    @pytest.mark.parametrize(
        "points",
        [
            [(1, 0.7)],
            [(1, 0.0), (2, 0.0)],
            [(1, 1e-9), (2, 3e-9), (30, 2e-9)],
            [(5, -13.0), (5000, 64.0)],
        ],
    )
    def test_everything_lies_inside(self, points: list[tuple[int, float]]) -> None:
        chart = draw(Curve("auc", "AUC", "higher", [points, []], [None, None]), ["a", "b"])
        (line,) = chart.lines
        for pair in line.points.split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT
        assert all(0 <= tick.place <= HEIGHT for tick in chart.y_ticks)
        assert len({tick.label for tick in chart.y_ticks}) == len(chart.y_ticks) >= 1

    def test_it_says_what_it_shows(self) -> None:
        curve = Curve("auc", "AUC, held out", "higher", [[(1, 0.7), (12, 0.7335)], []], [0.6925, None])
        assert draw(curve, ["a", "b"]).words == (
            "AUC, held out. a: 0.7000 in epoch 1, 0.7335 in epoch 12. Reference of a: 0.6925."
        )
