"""The page about scaling says what was measured."""

from docs.scaling.page import PAGE, number, write_page


def test_the_page_is_the_one_that_the_figures_make() -> None:
    assert PAGE.read_text("utf-8") == write_page(), "run python -m docs.scaling"


def test_numbers_are_for_people() -> None:
    told = [number(value) for value in (0.0, 0.98654, 12.345, 99.96, 150.4, 85918.6)]
    assert told == ["0", "0.987", "12.3", "100", "150", "85,919"]
