"""Numbers as text."""

import pytest

from api.cli.drawing import bar, number, sparkline
from api.cli.experiments import parse_settings
from api.cli.failures import BadInput


class TestSparkline:
    def test_rises_with_its_values(self) -> None:
        assert sparkline([0.0, 1.0, 2.0, 7.0]) == "▁▂▃█"

    def test_flat_and_empty_series_are_drawn(self) -> None:
        assert sparkline([3.0, 3.0]) == "▁▁"
        assert sparkline([]) == ""

    def test_long_series_keeps_its_ends(self) -> None:
        drawn = sparkline([float(i) for i in range(1000)], width=20)

        assert len(drawn) == 20
        assert (drawn[0], drawn[-1]) == ("▁", "█")


@pytest.mark.parametrize(
    ("share", "drawn"),
    [(0.0, "    "), (1.0, "████"), (0.5, "██  "), (0.625, "██▌ "), (-1.0, "    "), (2.0, "████")],
)
def test_bar_fills_to_an_eighth(share: float, drawn: str) -> None:
    assert bar(share, width=4) == drawn


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (12345, "12,345"),
        (0.12345, "0.1235"),
        (0.0, "0.0000"),
        (0.00001, "1.0e-05"),
        (-2.5, "-2.5000"),
    ],
)
def test_number_is_short(value: float | None, shown: str) -> None:
    assert number(value) == shown


class TestSettings:
    def test_values_are_json_where_they_can_be(self) -> None:
        given = ["loss.lambda_target=0.5", "training.epochs=2", "training.schedule=constant"]

        assert parse_settings(given) == {
            "loss": {"lambda_target": 0.5},
            "training": {"epochs": 2, "schedule": "constant"},
        }

    @pytest.mark.parametrize("given", [["epochs"], ["=1"], ["a..b=1"], ["a=1", "a.b=2"]])
    def test_what_is_no_setting_is_refused(self, given: list[str]) -> None:
        with pytest.raises(BadInput):
            parse_settings(given)
