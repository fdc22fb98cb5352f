"""Figures from elsewhere: read with all their digits, or refused with place and remedy."""

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikt_model.comparison.elsewhere import FiguresFile, FiguresRefused, read_figures_file
from ikt_model.comparison.observations import audit, observe


def read(given: Any) -> FiguresFile:
    return read_figures_file(given if isinstance(given, bytes) else json.dumps(given).encode())


def one(**experiment: Any) -> dict[str, Any]:
    return {"experiments": [{"metrics": {"auc": 0.7}} | experiment]}


class TestReading:
    def test_digits_are_kept(self) -> None:
        (told,) = read(
            b'{"experiments": [{"name": "a", "metrics": {"lambda": 0.30, "l_22": null}}]}'
        ).experiments

        assert told.moments == [(None, {"lambda": Decimal("0.30"), "l_22": None})]
        assert told.run.metrics == {"lambda": 0.3, "l_22": None}
        assert told.n_figures == 1

    def test_a_reference_is_what_was_pulled_towards_unless_that_is_told(self) -> None:
        given = one(metrics={"theta_pearson": 0.1}, reference={"theta_std": 2.5, "beta_std": 4, "auc": 0.7})
        (told,) = read(given).experiments

        assert told.run.metrics["reference_theta_std"] == told.run.metrics["target_theta_std"] == 2.5
        assert told.run.metrics["theta_target_pearson"] == 0.1
        assert told.run.metrics["reference_auc"] == 0.7
        apart = one(metrics={"target_theta_std": 1.5}, reference={"theta_std": 2.5})
        assert read(apart).experiments[0].run.metrics["target_theta_std"] == 1.5

    def test_figures_of_other_names_are_audited_and_no_metrics(self) -> None:
        epochs = [{"epoch": 30, "metrics": {"train_l_22": 0.0382}, "other": {"l_stability": 0.0382}}]
        (told,) = read(one(epochs=epochs)).experiments

        assert told.run.epochs == [{"epoch": 30, "metrics": {"train_l_22": 0.0382}}]
        assert [found.rule for found in audit(told.run, told.moments)] == ["arithmetic_told_twice"]

    def test_a_name_is_not_asked_for(self) -> None:
        assert read({"metrics": {"auc": 0.7}}).experiments[0].run.name == "experiment"
        assert read([{"metrics": {"auc": 0.7}}]).experiments[0].run.name == "[0]"

    def test_settings_of_other_models_are_passed_over(self) -> None:
        config = {"model": {"mastery": "scalar", "dim": 3}, "training": {"batch_size": 64, "epochs": 30}}

        assert read(one(config=config)).experiments[0].run.config == config


DOWNLOADED = {
    "id": "0193a1f6-0f0a-7c11-9d3e-8a1b2c3d4e5f",
    "name": "mine",
    "status": "succeeded",
    "metrics": {"auc": 0.7, "lambda": 0.5},
    "epochs": 8,
    "links": {"self": "/experiments/0193a1f6-0f0a-7c11-9d3e-8a1b2c3d4e5f"},
}


class TestDownloads:
    def test_one_experiment_brings_settings_and_last_epoch(self) -> None:
        config = {"loss": {"lambda_target": 0.5, "lambda_warmup_epochs": 10}, "training": {"epochs": 8}}
        last = {"epoch": 8, "metrics": {"lambda": 0.4}, "seconds": 3.0}
        (told,) = read(DOWNLOADED | {"config": config, "last": last}).experiments

        assert told.run.epochs == [{"epoch": 8, "metrics": {"lambda": 0.4}}]
        (found,) = audit(told.run, told.moments)
        assert (found.rule, found.evidence[0].epoch) == ("arithmetic_lambda_schedule", None)

    @pytest.mark.parametrize("shape", [list, lambda rows: {"items": rows, "next_cursor": None}])
    def test_of_a_list_those_without_figures_are_left_out(self, shape: Any) -> None:
        waiting = DOWNLOADED | {"name": "later", "status": "queued", "metrics": None}
        read_file = read(shape([DOWNLOADED, waiting]))

        assert [told.run.name for told in read_file.experiments] == ["mine"]
        assert read_file.left_out == ["later has no final metrics (queued)"]

    def test_a_cross_validation_is_its_experiments(self) -> None:
        assert read({"id": "x", "status": "succeeded", "experiments": [DOWNLOADED]}).experiments

    def test_nothing_but_waiting_ones_is_refused(self) -> None:
        with pytest.raises(FiguresRefused, match="mine has no final metrics"):
            read([DOWNLOADED | {"metrics": None}])


REFUSED = {
    "not json": (b"auc: 0.7", "line 1, column 1", "no JSON"),
    "empty": (b"", "line 1, column 1", "no JSON"),
    "binary": (b"\xff\xfe\x00", "", "not UTF-8"),
    "nested without end": (b"[" * 200_000, "", "too large"),
    "a number without end": (b'{"metrics": {"auc": 1' + b"0" * 5000 + b"}}", "", "too large"),
    "no object": (b"3", "", "neither an object nor a list"),
    "no experiments": ({}, "", "no `experiments`"),
    "none in it": ({"experiments": []}, "", "holds no experiment"),
    "no list": ({"experiments": {}}, "experiments", "no list"),
    "no experiment": ({"experiments": [3]}, "experiments[0]", "no object"),
    "no figure": ({"experiments": [{"metrics": {}}]}, "experiments[0].metrics", "no figure"),
    "only nulls": (one(metrics={"auc": None}), "experiments[0].metrics", "no figure"),
    "unknown key": (one(metric={}), "experiments[0].metric", "did you mean 'metrics'"),
    "unknown key beside": (one() | {"experiment": 1}, "experiment", "did you mean 'experiments'"),
    "name": (one(name=3), "experiments[0].name", "no text"),
    "metrics": (one(metrics=[0.7]), "experiments[0].metrics", "no object"),
    "text": (one(metrics={"auc": "0.7"}), "experiments[0].metrics.auc", "is text and no number"),
    "truth": (one(metrics={"auc": True}), "experiments[0].metrics.auc", "is true or false"),
    "object": (one(metrics={"auc": {"mean": 0.7}}), "experiments[0].metrics.auc", "an object"),
    "NaN": (b'{"metrics": {"auc": NaN}}', "metrics.auc", "is NaN"),
    "infinity": (b'{"metrics": {"auc": -Infinity}}', "metrics.auc", "is -Infinity"),
    "too large": (b'{"metrics": {"auc": 1e200}}', "metrics.auc", "too large"),
    "far too large": (b'{"metrics": {"auc": 1e99999999}}', "metrics.auc", "too large"),
    "misspelt": (one(metrics={"theta_sdt": 1}), "experiments[0].metrics.theta_sdt", "'theta_std'"),
    "strange": (one(metrics={"qqq": 1}), "experiments[0].metrics.qqq", "under `other`"),
    "strange in reference": (one(reference={"auk": 1}), "experiments[0].reference.auk", "theta_mean"),
    "known among others": (one(other={"auc": 0.7}), "experiments[0].other.auc", "move it to `metrics`"),
    "twice": (b'{"metrics": {"auc": 0.7, "auc": 0.8}}', "auc", "twice"),
    "half a character": (b'{"metrics": {"\\ud800": 1}}', "", "lone surrogate"),
    "epochs": (one(epochs=3), "experiments[0].epochs", "no list"),
    "epoch": (one(epochs=[3]), "experiments[0].epochs[0]", "no object"),
    "epoch number": (one(epochs=[{"epoch": 0}]), "experiments[0].epochs[0].epoch", "does not count on"),
    "epoch again": (
        one(epochs=[{"epoch": 2}, {"epoch": 2}]), "experiments[0].epochs[1].epoch", "does not count on",
    ),
    "epoch as text": (one(epochs=[{"epoch": "1"}]), "experiments[0].epochs[0].epoch", "does not count on"),
    "epoch beyond count": (one(epochs=[{"epoch": 10**400}]), "experiments[0].epochs[0].epoch", "count"),
    "config": (one(config=3), "experiments[0].config", "no object"),
    "config's section": (one(config={"los": {}}), "experiments[0].config.los", "did you mean 'loss'"),
    "section": (one(config={"loss": 3}), "experiments[0].config.loss", "no object"),
    "loss": (
        one(config={"loss": {"lambda_taget": 1}}), "experiments[0].config.loss.lambda_taget", "lambda_target",
    ),
    "loss out of range": (
        one(config={"loss": {"lambda_target": 7}}), "experiments[0].config.loss.lambda_target", "less than",
    ),
    "mastery": (one(config={"model": {"mastery": "x"}}), "experiments[0].config.model.mastery", "scalar"),
    "window": (one(config={"model": {"window": 0.5}}), "experiments[0].config.model.window", "whole number"),
}  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["experiments", "metrics", "auc", "config", "loss", "epochs", "epoch", "id", "status", "last"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)

AUDITED = (
    *("accuracy", "l_bce", "brier", "l_21", "l_21_floor", "lambda", "loss", "l_22", "l_23", "l_23_pointwise"),
    *("theta_std", "theta_mean", "theta_min", "theta_max"),
    *("target_theta_std", "target_theta_mean", "theta_target_pearson"),
)


class TestRefusals:
    @pytest.mark.parametrize("case", REFUSED)
    def test_place_problem_and_remedy_are_told(self, case: str) -> None:
        given, place, words = REFUSED[case]
        with pytest.raises(FiguresRefused) as refused:
            read(given)

        assert refused.value.place == place
        assert words in str(refused.value)
        assert refused.value.remedy

    @given(st.dictionaries(st.sampled_from(["experiments", "metrics", "items"]), JSON) | JSON)
    def test_whatever_it_is_it_is_read_or_refused(self, given: Any) -> None:
        try:
            read_file = read(given)
        except FiguresRefused:
            return
        for told in read_file.experiments:
            assert all(one.evidence for one in [*audit(told.run, told.moments), *observe(told.run)])

    @given(st.dictionaries(st.sampled_from(AUDITED), st.floats(-1e100, 1e100), min_size=1))
    def test_any_numbers_can_be_audited(self, figures: dict[str, float]) -> None:
        config = {"loss": {"difficulty_weight": 0.1, "ability_alignment": "pointwise"}}
        (told,) = read(one(metrics=figures, config=config)).experiments

        found = [*audit(told.run, told.moments), *observe(told.run)]
        values = [one.value for observation in found for one in observation.evidence]
        assert all(value is None or math.isfinite(value) for value in values)
