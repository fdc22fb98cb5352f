import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from ikt_model.comparison.paired import FIGURES, RowsDiffer, align, differences, pair
from ikt_model.comparison.statistics import delong
from tests.ikt_model.comparison.simulation import brute_force_auc


def table(*, n_students: int = 40, length: int = 12, seed: int = 0, quality: float = 1.0) -> pa.Table:
    """Predictions of one run; runs of one seed are about the same responses."""
    rng = np.random.default_rng(seed)
    n = n_students * length
    truth = rng.normal(0.7, 1.2, n)
    response = rng.random(n) < 1 / (1 + np.exp(-truth))
    noise = np.random.default_rng([seed, int(quality * 100)]).normal(0, 1, (2, n))
    said = 1 / (1 + np.exp(-(quality * truth + noise)))
    return pa.table(
        {
            "student_id": np.repeat([f"s{number:03d}" for number in range(n_students)], length),
            "position": pa.array(np.tile(np.arange(1, length + 1), n_students), pa.int32()),
            "response": pa.array(response, pa.int8()),
            "probability": pa.array(said[0], pa.float32()),
            "mastery": pa.array(said[1], pa.float32()),
        }
    )


def test_rows_are_matched_whatever_their_order() -> None:
    first, second = table(), table(quality=0.2)
    shuffled = second.take(pa.array(np.random.default_rng(1).permutation(len(second))))
    straight, crossed = pair(first, second), pair(first, shuffled)
    assert roc_auc_score(straight.response, straight.second) == pytest.approx(
        roc_auc_score(crossed.response, crossed.second)
    )
    assert differences([(first, second)])["auc"].interval.value == pytest.approx(
        differences([(first, shuffled)])["auc"].interval.value
    )


def test_runs_over_other_responses_are_refused_and_told_apart() -> None:
    first = table()
    with pytest.raises(RowsDiffer, match=r"12 of 480 only the baseline, 0 of 468 .* one at position 1"):
        align(first, first.slice(12))


def test_other_answers_to_the_same_questions_are_refused() -> None:
    first = table()
    flipped = first.set_column(2, "response", pa.array(1 - first["response"].to_numpy(), pa.int8()))
    with pytest.raises(RowsDiffer, match="480 different answers"):
        align(first, flipped)


def test_every_figure_is_the_candidates_less_the_baselines() -> None:
    first, second = table(quality=0.2), table(quality=1.5)
    found = differences([(first, second)])
    response = first["response"].to_numpy()
    for name, column in (("auc", "probability"), ("mastery_auc", "mastery")):
        aucs = [roc_auc_score(response, run[column].to_numpy()) for run in (first, second)]
        assert found[name].interval.value == pytest.approx(aucs[1] - aucs[0])
        assert found[name].p_value is not None
        assert found[name].p_value < 1e-4
        assert not found[name].interval.holds_zero
    early = first["position"].to_numpy() <= 5
    aucs = [roc_auc_score(response[early], run["probability"].to_numpy()[early]) for run in (first, second)]
    assert found["auc_first_5"].interval.value == pytest.approx(aucs[1] - aucs[0])
    assert found["auc_first_5"].interval.standard_error > found["auc"].interval.standard_error
    losses = [log_loss(response, run["probability"].to_numpy().astype(float)) for run in (first, second)]
    assert found["l_bce"].interval.value == pytest.approx(losses[1] - losses[0], rel=1e-4)
    assert found["accuracy"].interval.low > 0
    assert found["brier"].interval.high < 0
    assert found["brier"].delong is None


@pytest.mark.parametrize("digits", [7, 1])
def test_every_interval_is_that_of_the_rows_resampled(digits: int) -> None:
    first, second = (rounded(table(n_students=20, quality=quality), digits) for quality in (0.6, 1.0))
    found = differences([(first, second)], n_resamples=60, seed=5)
    student = np.repeat(np.arange(20), 12)
    generator = np.random.default_rng([5, 0])
    replicates = []
    for _ in range(60):
        counts = np.bincount(generator.integers(0, 20, 20), minlength=20)
        rows = pa.array(np.repeat(np.arange(len(student)), counts[student]))
        ours, theirs = brute_force(second.take(rows)), brute_force(first.take(rows))
        replicates.append([ours[name] - theirs[name] for name in FIGURES])
    low, high = np.quantile(replicates, [0.025, 0.975], axis=0)
    for place, name in enumerate(FIGURES):
        assert found[name].interval.low == pytest.approx(low[place], abs=1e-6), name
        assert found[name].interval.high == pytest.approx(high[place], abs=1e-6), name
        expected = brute_force(second)[name] - brute_force(first)[name]
        assert found[name].interval.value == pytest.approx(expected, abs=1e-6), name


def rounded(said: pa.Table, digits: int) -> pa.Table:
    """Few digits make many ties."""
    for place, name in ((3, "probability"), (4, "mastery")):
        values = np.clip(np.round(said[name].to_numpy(), digits), 0.05, 0.95)
        said = said.set_column(place, name, pa.array(values, pa.float32()))
    return said


def brute_force(said: pa.Table) -> dict[str, float]:
    """FIGURES of some rows, by their definitions."""
    response = said["response"].to_numpy() > 0
    probability, mastery = (said[name].to_numpy().astype(float) for name in ("probability", "mastery"))
    early = said["position"].to_numpy() <= 5
    return {
        "auc": brute_force_auc(response, probability),
        "mastery_auc": brute_force_auc(response, mastery),
        "auc_first_5": brute_force_auc(response[early], probability[early]),
        "accuracy": float(((probability > 0.5) == response).mean()),
        "l_bce": float(log_loss(response, probability)),
        "brier": float(((probability - response) ** 2).mean()),
    }


def test_delongs_interval_is_kept_beside_the_students() -> None:
    first, second = table(quality=1.0), table(quality=1.1)
    auc = differences([(first, second)])["auc"]
    expected = delong([pair(first, second)])
    assert auc.delong == expected
    assert auc.p_value == expected.p_value
    assert auc.delong is not None
    assert auc.delong.interval.low < auc.interval.value < auc.delong.interval.high


def test_a_run_equals_itself() -> None:
    found = differences([(table(), table())])
    assert all(difference.interval.holds_zero for difference in found.values())
    assert {difference.interval.value for difference in found.values()} == {0.0}


def test_folds_are_averaged() -> None:
    folds = [(table(seed=seed, quality=0.5), table(seed=seed)) for seed in (1, 2, 3)]
    singly = [differences([fold], n_resamples=10)["auc"].interval.value for fold in folds]
    assert differences(folds, n_resamples=10)["auc"].interval.value == pytest.approx(np.mean(singly))


@pytest.mark.parametrize("sizes", [[1], [2], [19], [40, 19], [2] * 20])
def test_too_few_students_in_a_fold_leave_every_change_unsure(sizes: list[int]) -> None:
    folds = [
        (table(n_students=size, seed=seed, quality=0.2), table(n_students=size, seed=seed, quality=1.5))
        for seed, size in enumerate(sizes)
    ]
    found = differences(folds, n_resamples=40)
    assert all(np.isnan(found[name].interval.low) for name in FIGURES)
    assert all(np.isfinite(found[name].interval.value) for name in ("accuracy", "l_bce", "brier"))
    auc = found["auc"]
    assert np.isnan(auc.interval.value) or auc.p_value is not None


def test_a_student_who_is_never_new_counts_for_no_cold_start() -> None:
    first, second = table(quality=0.5), table()
    late = pa.array(np.where(np.arange(len(first)) < 12, 100, 0) + first["position"].to_numpy(), pa.int32())
    first, second = (run.set_column(1, "position", late) for run in (first, second))
    found = differences([(first, second)], n_resamples=50)
    rows = np.flatnonzero(late.to_numpy() <= 5)
    aucs = [
        roc_auc_score(first["response"].to_numpy()[rows], run["probability"].to_numpy()[rows])
        for run in (first, second)
    ]
    assert found["auc_first_5"].interval.value == pytest.approx(aucs[1] - aucs[0])
