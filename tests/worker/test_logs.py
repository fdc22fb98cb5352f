"""Log lines are made of key=value pairs."""

from worker.logs import event


def test_plain_values_stay_plain() -> None:
    assert event("epoch_recorded", epoch=3, auc=0.733333) == "event=epoch_recorded epoch=3 auc=0.7333"


def test_values_that_would_break_the_line_are_quoted() -> None:
    assert event("failed", error='a "b"\nc=d') == 'event=failed error="a \\"b\\"\\nc=d"'
    assert event("failed", error="") == 'event=failed error=""'
