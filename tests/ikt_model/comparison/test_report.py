"""The report of models that were really trained, honest and not."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ikt_model.comparison.report import Audited, build_report
from ikt_model.inference import Predictor
from ikt_model.references import calibrate
from tests.ikt_model.classrooms import classroom, tiny_config, train_on


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """Everything about one experiment on a simulated classroom."""
    sequences = classroom(n_students=300, n_skills=6, seed=6, mean_length=30).sequences
    result = train_on(sequences, tiny_config(), tmp_path_factory.mktemp("run"))
    return audited(result.model_folder, result.predictions_path, sequences, result.metrics)


def audited(folder: Path, predictions: Path, sequences: Any, metrics: dict[str, float]) -> Audited:
    predictor = Predictor.load(folder)
    return Audited(
        predictions=pq.read_table(predictions),
        sequences=sequences,
        fold=0,
        window=predictor.config.model.window,
        metrics=metrics,
        reference_responses=predictor.n_responses_per_skill,
        answers={
            "window": lambda those: predictor.evaluate(those).predictions,
            "history": lambda those: predictor.evaluate(those, protocol="history").predictions,
        },
        difficulty=predictor.difficulty,
        reference_difficulty=predictor.difficulty_reference,
    )


def findings(run: Audited) -> dict[str, dict[str, Any]]:
    return {finding["check"]: finding for finding in build_report(run)["audit"]["findings"]}


def with_column(run: Audited, name: str, values: np.ndarray) -> Audited:
    place = run.predictions.column_names.index(name)
    return replace(run, predictions=run.predictions.set_column(place, name, pa.array(values, pa.float32())))


class TestReport:
    def test_it_agrees_with_the_experiments_own_metrics(self, run: Audited) -> None:
        report = build_report(run)
        assert report["auc"]["probability"]["auc"] == pytest.approx(run.metrics["auc"], abs=1e-6)
        assert report["auc"]["mastery"]["auc"] == pytest.approx(run.metrics["mastery_auc"], abs=1e-6)
        assert report["auc"]["reference"]["auc"] == pytest.approx(run.metrics["reference_auc"], abs=1e-6)
        assert report["cold_start"]["probability"]["auc"] == pytest.approx(
            run.metrics["auc_first_5"], abs=1e-6
        )
        calibration = report["calibration"]
        assert calibration["probability"]["ece"] == pytest.approx(run.metrics["ece"], abs=1e-6)
        assert calibration["probability"]["brier"] == pytest.approx(run.metrics["brier"], abs=1e-6)
        assert calibration["probability"]["log_loss"] == pytest.approx(run.metrics["l_bce"], rel=1e-4)
        assert calibration["mastery"]["ece"] == pytest.approx(run.metrics["mastery_ece"], abs=1e-6)

    def test_it_names_its_protocol_and_counts_what_was_predicted(self, run: Audited) -> None:
        report = build_report(run)
        assert (report["protocol"], report["window"]) == ("window", 30)
        assert report["n_predicted"] == run.predictions.num_rows
        assert sum(part["n"] for part in report["by_history"]) == report["n_predicted"]
        assert sum(part["n"] for part in report["by_skill"]) == report["n_predicted"]
        assert report["by_skill"][0].keys() >= {"skill", "auc", "standard_error", "low", "high", "n"}

    def test_it_is_plain_json(self, run: Audited) -> None:
        one_sided = run.predictions["response"].to_numpy() * 0 + 1
        place = run.predictions.column_names.index("response")
        table = run.predictions.set_column(place, "response", pa.array(one_sided, pa.int8()))
        report = build_report(replace(run, predictions=table))
        json.dumps(report, allow_nan=False)
        assert report["auc"]["probability"]["auc"] is None

    def test_it_shows_how_ability_and_difficulty_are_spread(self, run: Audited) -> None:
        shown = build_report(run)["distributions"]
        for name, n_values in (("theta", run.predictions.num_rows), ("beta", 6)):
            assert len(shown[name]["edges"]) == 41
            assert sum(shown[name]["model"]) == sum(shown[name]["reference"]) == n_values
        theta, edges = run.predictions["theta"].to_numpy(), shown["theta"]["edges"]
        counted = [int(((theta >= low) & (theta < high)).sum()) for low, high in pairwise(edges)]
        assert shown["theta"]["model"][:-1] == counted[:-1]
        for name, place, extreme in (("min", 0, np.min), ("max", -1, np.max)):
            both = np.array([run.metrics[f"beta_{name}"], run.metrics[f"reference_beta_{name}"]], float)
            assert shown["beta"]["edges"][place] == pytest.approx(extreme(both), abs=1e-6)

    def test_without_an_ability_only_the_reference_is_spread(self, run: Audited) -> None:
        nothing = with_column(run, "theta", np.full(run.predictions.num_rows, np.nan))
        shown = build_report(replace(nothing, has_ability=False))["distributions"]
        assert shown["theta"]["model"] is shown["beta"]["model"] is None
        assert sum(shown["theta"]["reference"]) == run.predictions.num_rows
        assert sum(shown["beta"]["reference"]) == 6

    def test_an_honest_run_passes_every_check_but_those_of_quality(self, run: Audited) -> None:
        found = findings(run)
        # Three epochs of a tiny network need not beat a regression, nor keep mastery from falling.
        of_quality = {"past_only_baseline", "mastery_falls_after_right", "reference_against_skill_means"}
        assert of_quality <= found.keys()
        assert {name for name, entry in found.items() if entry["status"] != "pass"} <= of_quality
        assert found.keys() - of_quality == {
            *("future_labels_window", "future_labels_history", "reference_fit", "student_overlap"),
            *("duplicate_sequences", "finite_predictions", "constant_probability", "constant_mastery"),
            *("saturated_probability", "saturated_mastery", "implausible_auc", "ability_identity"),
        }

    def test_a_model_without_an_ability_is_not_blamed_for_it(self, run: Audited) -> None:
        nothing = with_column(run, "theta", np.full(run.predictions.num_rows, np.nan))
        assert findings(nothing)["finite_predictions"]["status"] == "fail"
        found = findings(replace(nothing, has_ability=False))
        assert found["finite_predictions"]["status"] == "pass"
        assert "ability_identity" not in found


class TestDishonestRuns:
    def test_knowing_the_answers_is_implausible(self, run: Audited) -> None:
        response = run.predictions["response"].to_numpy()
        said = run.predictions["probability"].to_numpy()
        leaky = with_column(run, "probability", np.clip(said + 0.3 * (response - 0.5), 0.01, 0.99))
        assert findings(leaky)["implausible_auc"]["status"] == "fail"

    def test_a_model_that_reads_ahead_is_caught(self, run: Audited) -> None:
        honest = run.answers["window"]

        def peek(those: Any) -> pa.Table:
            said = honest(those)
            shift = said["probability"].to_numpy() + 1e-6 * said["response"].to_numpy()
            return said.set_column(
                said.column_names.index("probability"), "probability", pa.array(shift, pa.float32())
            )

        found = findings(replace(run, answers={"window": peek}))
        assert found["future_labels_window"]["status"] == "fail"
        assert "future_labels_history" not in found

    def test_a_reference_of_everybody_is_caught(self, run: Audited) -> None:
        everyone = calibrate(run.sequences, settings=tiny_config().reference).responses_per_skill
        assert findings(replace(run, reference_responses=everyone))["reference_fit"]["status"] == "fail"

    def test_one_answer_for_all_is_caught(self, run: Audited) -> None:
        constant = with_column(run, "probability", np.full(run.predictions.num_rows, 0.7))
        found = findings(constant)
        assert found["constant_probability"]["status"] == "fail"
        assert found["past_only_baseline"]["status"] == "warn"

    def test_a_useless_reference_is_caught(self, run: Audited) -> None:
        noise = np.random.default_rng(0).random(run.predictions.num_rows)
        found = findings(with_column(run, "reference_mastery", noise))
        assert found["reference_against_skill_means"]["status"] == "fail"

    def test_figures_that_contradict_each_other_are_caught(self, run: Audited) -> None:
        wrong = {**run.metrics, "target_theta_std": 2.53}
        assert findings(replace(run, metrics=wrong))["ability_identity"]["status"] == "fail"

    def test_falling_mastery_is_counted(self, run: Audited) -> None:
        before = run.predictions["mastery"].to_numpy()
        for after, status in ((before + 0.01, "pass"), (before - 0.01, "fail")):
            changed = run.predictions
            if "mastery_after" in changed.column_names:
                changed = changed.drop_columns(["mastery_after"])
            changed = changed.append_column("mastery_after", pa.array(after, pa.float32()))
            found = findings(replace(run, predictions=changed))
            assert found["mastery_falls_after_right"]["status"] == status
