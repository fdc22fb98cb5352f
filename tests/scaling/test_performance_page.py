"""The page about performance says what was measured, and says so where nothing was."""

from docs.performance import page


def test_the_page_is_the_one_that_the_figures_make() -> None:
    assert page.PAGE.read_text("utf-8") == page.write_page(), "run python -m docs.performance"


def test_what_was_not_measured_is_called_so() -> None:
    assert page._table({}, page.GPU).count(page.NOT_MEASURED) == len(page.GPU)


def test_numbers_are_for_people() -> None:
    told = [page.number(value) for value in (0.73403, -0.00106, 1.3e-7, 10.84, 98_765.4, 0.0)]
    assert told == ["0.734", "−0.0011", "1.3e-07", "10.8", "98,765", "0"]
