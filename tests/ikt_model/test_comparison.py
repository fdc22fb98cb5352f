import json
from dataclasses import replace

import pytest

from ikt_model.comparison import Comparison, Row, RunSummary, compare
from ikt_model.comparison.paired import Difference
from ikt_model.comparison.statistics import Delong, Interval
from ikt_model.config import resolve_config


def summary(name: str, preset: str, **metrics: float | None) -> RunSummary:
    config = resolve_config(preset).model_dump(mode="json")
    epochs = [{"epoch": n, "metrics": {"lambda": n / 10, "train_l_bce": 1 / n}} for n in (1, 2, 3)]
    return RunSummary(name, name, config, "data", 0, epochs, {"lambda": 0.3, **metrics})


def row(comparison: Comparison, metric: str) -> Row:
    return next(row for section in comparison.sections for row in section.rows if row.metric == metric)


BASELINE = summary(
    "a", "small-mean", auc=0.7185, l_23=0.0185, theta_std=33.89, reference_theta_std=2.53, l_21_kl=0.2
)
CANDIDATE = summary(
    "b", "small-dynamic", auc=0.7182, l_23=0.2229, theta_std=0.14, reference_theta_std=2.53, l_21_kl=0.001
)


def test_changes_are_counted_from_the_baseline() -> None:
    first, second = row(compare(BASELINE, [CANDIDATE]), "auc").values
    assert first.change is None
    assert second.change == pytest.approx(-0.0003)
    assert second.relative_change == pytest.approx(-0.0003 / 0.7185)
    assert second.verdict == "worse"


DELONG = Delong(Interval(-0.0003, -0.0009, 0.0003, 0.0003), 0.62)


def paired(low: float, high: float) -> dict[str, Difference]:
    return {"auc": Difference(Interval(-0.0003, low, high, 0.001), DELONG)}


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(-0.002, 0.0014, "same"), (-0.0005, -0.0001, "worse"), (float("nan"), float("nan"), None)],
)
def test_chance_is_no_verdict(low: float, high: float, verdict: str | None) -> None:
    comparison = compare(BASELINE, [CANDIDATE], paired=[paired(low, high)])
    first, second = row(comparison, "auc").values
    assert second.verdict == verdict
    assert (second.delong_low, second.delong_high, second.p_value) == (-0.0009, 0.0003, 0.62)
    assert first.change_low is None
    if verdict:
        assert (second.change_low, second.change_high) == (low, high)
    assert comparison.intervals is not None
    assert row(comparison, "l_21_kl").values[1].verdict == "better"
    json.dumps(comparison.to_dict(), allow_nan=False)


def test_it_is_said_why_there_is_no_interval() -> None:
    reason = "b left no predictions"
    comparison = compare(BASELINE, [CANDIDATE, CANDIDATE], paired=[reason, paired(-0.002, 0.0014)])
    assert reason in comparison.notes
    assert [value.verdict for value in row(comparison, "auc").values] == [None, "worse", "same"]


def test_scale_is_better_when_nearer_to_the_reference() -> None:
    scale = row(compare(BASELINE, [CANDIDATE]), "theta_std")
    assert scale.reference == 2.53
    assert scale.values[0].ratio_to_reference == pytest.approx(13.4, abs=0.01)
    assert scale.values[1].ratio_to_reference == pytest.approx(0.055, abs=0.001)
    assert scale.values[1].verdict == "better"


def test_criteria_are_passed_or_failed() -> None:
    criterion = row(compare(BASELINE, [CANDIDATE]), "l_21_kl")
    assert criterion.target == "≤ 0.005"
    assert [value.passed for value in criterion.values] == [False, True]


def test_only_differing_settings_are_listed() -> None:
    comparison = compare(BASELINE, [CANDIDATE])
    names = {setting.name: setting.values for setting in comparison.settings}
    assert names["loss.ability_target"] == ["static", "dynamic"]
    assert "model.d_model" not in names


def test_figures_that_mean_different_things_are_not_judged() -> None:
    comparison = compare(BASELINE, [CANDIDATE])
    assert row(comparison, "l_23").values[1].verdict is None
    assert any("l_23_pointwise" in note for note in comparison.notes)


def test_experiments_on_other_students_are_pointed_out() -> None:
    other = RunSummary("c", "c", CANDIDATE.config, "data", 1, CANDIDATE.epochs, CANDIDATE.metrics)
    assert any("held out different folds" in note for note in compare(BASELINE, [other]).notes)


def test_experiments_trained_on_other_students_are_pointed_out() -> None:
    first, second, same = (replace(CANDIDATE, exclude_folds=folds) for folds in ([1, 2], [2], [2, 1]))
    told = compare(first, [second])
    assert [run["exclude_folds"] for run in told.experiments] == [[1, 2], [2]]
    assert any("left out different folds" in note for note in told.notes)
    assert compare(first, [same]).notes == []


def test_training_and_lambda_come_from_the_epochs() -> None:
    comparison = compare(BASELINE, [CANDIDATE])
    assert row(comparison, "train_l_bce").values[0].value == pytest.approx(1 / 3)
    assert row(comparison, "first_lambda").values[0].value == pytest.approx(0.1)


def test_missing_and_infinite_values_are_left_open() -> None:
    broken = summary("b", "small-dynamic", auc=None, theta_std=float("nan"))
    comparison = compare(BASELINE, [broken])
    assert row(comparison, "auc").values[1].verdict is None
    json.dumps(comparison.to_dict(), allow_nan=False)
