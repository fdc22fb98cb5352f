import json
import math
from dataclasses import replace

import pytest

from ikt_model.comparison import Comparison, Row, RunSummary, compare
from ikt_model.comparison.observations import Evidence, Observation
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
    assert [value.verdict for value in row(comparison, "auc").values] == [None, None, "same"]
    assert row(comparison, "theta_std").values[1].verdict == "better"


def test_scale_is_better_when_nearer_to_the_reference() -> None:
    scale = row(compare(BASELINE, [CANDIDATE]), "theta_std")
    assert scale.reference == 2.53
    assert scale.values[0].ratio_to_reference == pytest.approx(13.4, abs=0.01)
    assert scale.values[1].ratio_to_reference == pytest.approx(0.055, abs=0.001)
    assert scale.values[1].verdict == "better"


@pytest.mark.parametrize(("reference", "ratio"), [(-5.76, 0.861), (0.2, None), (0.0, None)])
def test_a_mean_has_a_ratio_only_where_its_reference_is_off_zero(
    reference: float, ratio: float | None
) -> None:
    spread = {"beta_mean": -4.96, "reference_beta_mean": reference, "reference_beta_std": 3.99}
    run = replace(BASELINE, metrics=spread)
    found = row(compare(run, [run]), "beta_mean").values[0].ratio_to_reference
    assert found == (pytest.approx(ratio, abs=1e-3) if ratio else None)


def test_criteria_are_passed_or_failed() -> None:
    comparison = compare(BASELINE, [CANDIDATE])
    criterion = row(comparison, "l_21_kl")
    assert criterion.target == "≤ 0.001"
    assert [value.passed for value in criterion.values] == [False, True]
    (judged,) = [row for row in comparison.criteria if row.metric == "l_21_kl"]
    assert [(one.value, one.threshold, one.passed) for one in judged.values] == [
        (0.2, 0.001, False),
        (0.001, 0.001, True),
    ]


def test_auc_is_held_against_each_runs_own_reference() -> None:
    first, second = (replace(BASELINE, metrics={"auc": 0.72, "reference_auc": auc}) for auc in (0.69, 0.73))
    comparison = compare(first, [second, replace(BASELINE, metrics={"auc": 0.72})])
    criterion = row(comparison, "auc")
    assert [value.reference for value in criterion.values] == [0.69, 0.73, None]
    assert [value.passed for value in criterion.values] == [True, False, None]
    assert criterion.target == "≥ reference"
    (judged,) = comparison.criteria
    assert [one.threshold for one in judged.values] == [0.69, 0.73, None]


def test_every_setting_either_differs_or_is_common() -> None:
    comparison = compare(BASELINE, [CANDIDATE])
    differing = {setting.name: setting.values for setting in comparison.settings}
    common = {setting.name: setting.value for setting in comparison.common_settings}
    assert differing["loss.ability_target"] == ["static", "dynamic"]
    assert common["model.d_model"] == 128
    assert differing.keys() | common.keys() == BASELINE.settings.keys()
    assert not differing.keys() & common.keys()


def test_figures_that_mean_different_things_are_not_judged() -> None:
    comparison = compare(BASELINE, [CANDIDATE])
    assert row(comparison, "l_23").values[1].verdict is None
    assert any("l_23_pointwise" in note for note in comparison.notes)
    alike = compare(BASELINE, [replace(BASELINE, metrics={"l_23": 0.01})])
    assert row(alike, "l_23").values[1].verdict == "better"
    assert alike.notes == []


@pytest.mark.parametrize(("value", "verdict"), [(2.0019, "same"), (2.0021, "better"), (1.99, "worse")])
def test_a_gain_too_small_to_matter_is_no_difference(value: float, verdict: str) -> None:
    first, second = (
        replace(BASELINE, metrics={"theta_std": spread, "reference_theta_std": 2.5})
        for spread in (2.0, value)
    )
    assert row(compare(first, [second]), "theta_std").values[1].verdict == verdict


def test_experiments_on_other_students_are_pointed_out() -> None:
    other = RunSummary("c", "c", CANDIDATE.config, "data", 1, CANDIDATE.epochs, CANDIDATE.metrics)
    assert any("held out different folds" in note for note in compare(BASELINE, [other]).notes)


@pytest.mark.parametrize("other", [{"fold": 1}, {"dataset": "other"}])
def test_runs_on_other_students_are_not_judged(other: dict[str, object]) -> None:
    figures = {"ece": 0.02, "mastery_ece": 0.02, "theta_pearson": 0.5, "auc": 0.7}
    first = replace(BASELINE, metrics=figures)
    better = {"ece": 0.01, "mastery_ece": 0.01, "theta_pearson": 0.9, "auc": 0.8}
    second = replace(BASELINE, id="b", metrics=better)
    alike, apart = compare(first, [second]), compare(first, [replace(second, **other)])
    for metric in figures:
        assert row(alike, metric).values[1].verdict == "better"
        assert row(apart, metric).values[1].change == row(alike, metric).values[1].change
    verdicts = {value.verdict for section in apart.sections for row in section.rows for value in row.values}
    assert verdicts == {None}


def test_too_few_students_are_told_of() -> None:
    unsure = compare(BASELINE, [CANDIDATE], paired=[paired(math.nan, math.nan)])
    assert any("b: too few students were held out" in note for note in unsure.notes)
    sure = compare(BASELINE, [CANDIDATE], paired=[paired(-0.002, 0.0014)])
    assert not any("too few students" in note for note in sure.notes)


def test_runs_of_one_name_are_told_apart_by_their_labels() -> None:
    first, second = (
        replace(BASELINE, id=f"0193a1f6-0f0a-7c11-9d3e-8a1b2c3d4e5{end}", name="same") for end in "ab"
    )
    labels = [run["label"] for run in compare(first, [second, CANDIDATE]).experiments]
    assert labels == ["same (2c3d4e5a)", "same (2c3d4e5b)", "b"]


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


@pytest.mark.parametrize(
    ("loss", "reached"),
    [
        ({"lambda_warmup_epochs": 3}, 3),
        ({"lambda_warmup_epochs": 4}, None),
        ({"lambda_warmup_epochs": 0}, 1),
        ({"lambda_warmup_epochs": 50, "lambda_schedule": "constant"}, 1),
    ],
)
def test_it_is_said_when_lambda_reached_its_target(loss: dict[str, object], reached: int | None) -> None:
    config = resolve_config("small-mean", {"loss": loss}).model_dump(mode="json")
    comparison = compare(replace(BASELINE, config=config), [BASELINE])
    assert row(comparison, "lambda_reached").values[0].value == reached
    assert row(comparison, "trained_epochs").values[0].value == 3
    assert row(comparison, "lambda_warmup_epochs").values[0].value == loss["lambda_warmup_epochs"]


def test_a_range_is_one_figure_with_its_references() -> None:
    ends = {"theta_min": -13.37, "theta_max": 64.67, "reference_theta_min": -5.0, "reference_theta_max": 5.0}
    first = replace(BASELINE, metrics=ends | {"target_theta_min": -4.0, "target_theta_max": 4.0})
    found = row(compare(first, [replace(BASELINE, metrics={"theta_min": -1.0})]), "theta_range")
    assert found.form == "range"
    assert found.values[0].range == (-13.37, 64.67)
    assert found.values[0].reference_range == (-5.0, 5.0)
    assert found.values[0].aim_range == (-4.0, 4.0)
    assert found.values[1].range is None


def test_curves_hold_every_epoch_that_was_recorded() -> None:
    late = replace(CANDIDATE, epochs=CANDIDATE.epochs[1:])
    pooled = replace(CANDIDATE, fold=[0, 1], epochs=[])
    curves = {curve.metric: curve for curve in compare(BASELINE, [late, pooled]).curves}
    assert curves["lambda"].points[0] == [(1, 0.1), (2, 0.2), (3, 0.3)]
    assert curves["lambda"].points[1:] == [[(2, 0.2), (3, 0.3)], []]
    assert "auc" not in curves


def test_long_curves_are_thinned_and_keep_their_ends() -> None:
    epochs = [{"epoch": n, "metrics": {"auc": n / 1e4, "l_bce": math.nan}} for n in range(1, 5001)]
    (curve,) = compare(replace(BASELINE, epochs=epochs), [replace(BASELINE, epochs=[])]).curves
    assert len(curve.points[0]) == 200
    assert [curve.points[0][0][0], curve.points[0][-1][0]] == [1, 5000]


@pytest.mark.parametrize(
    ("metric", "value", "reading"),
    [
        ("theta_std", 0.14, "18.1 times too narrow"),
        ("theta_std", 33.89, "13.4 times too wide"),
        ("theta_std", 2.4, "as wide as the reference"),
        ("theta_std", 0.0, "no spread at all"),
        ("theta_mean", -0.18, "where the reference is"),
        ("theta_mean", 28.22, "11.2 reference sd too high"),
    ],
)
def test_scales_are_put_into_words(metric: str, value: float, reading: str) -> None:
    reference = {"reference_theta_std": 2.53, "reference_theta_mean": 0.0, "theta_std": 2.53}
    run = replace(BASELINE, metrics=reference | {metric: value})
    rows = {row.metric: row for row in compare(run, [run]).scale}
    assert [one.reading for one in rows[metric].values] == [reading] * 2


def test_findings_stand_with_their_run_the_gravest_first() -> None:
    evidence = (Evidence("theta_std", "θ standard deviation", 0.14, 3),)
    mild, grave = (Observation("rule", severity, "words", evidence) for severity in ("remark", "problem"))
    found = compare(BASELINE, [CANDIDATE], observations=[[mild], [grave]]).findings
    assert [(one.experiment_id, one.severity) for one in found] == [("b", "problem"), ("a", "remark")]
    assert found[0].evidence == [
        {"metric": "theta_std", "label": "θ standard deviation", "value": 0.14, "epoch": 3}
    ]
    assert len(compare(BASELINE, [BASELINE], observations=[[mild], [mild]]).findings) == 1


def test_a_run_is_described() -> None:
    (first, second) = compare(BASELINE, [replace(CANDIDATE, fold=[0, 1])]).experiments
    assert (first["kind"], first["folds"], first["seed"], first["epochs"]) == ("experiment", [0], 42, 3)
    assert (second["kind"], second["folds"]) == ("cross-validation", [0, 1])


def test_missing_and_infinite_values_are_left_open() -> None:
    broken = summary("b", "small-dynamic", auc=None, theta_std=float("nan"))
    comparison = compare(BASELINE, [broken])
    assert row(comparison, "auc").values[1].verdict is None
    json.dumps(comparison.to_dict(), allow_nan=False)
