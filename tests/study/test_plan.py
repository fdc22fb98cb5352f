"""The plan of the study says what it means, and means what can be run."""

from pathlib import Path

import pytest

from docs.study.plan import FULL, PLAN, SHORT, BadPlan, Plan, load_plan
from ikt_model.config import ExperimentConfig, resolve_config


@pytest.fixture
def plan() -> Plan:
    return load_plan()


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = PLAN.read_text("utf-8")
    assert old in text
    path = tmp_path / "plan.toml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


class TestLoadPlan:
    @pytest.mark.parametrize("study", [FULL, SHORT])
    def test_every_run_is_one_that_the_service_would_take(self, study: str) -> None:
        for run in load_plan(study).runs:
            assert resolve_config(run.preset, run.overrides).training.epochs >= 1

    def test_two_names_never_mean_one_run(self, plan: Plan) -> None:
        meant = [
            (run.config.fingerprint(), run.data, run.folds, run.exclude_folds, bool(run.space))
            for run in plan.runs
        ]

        assert len(set(meant)) == len(meant)

    def test_a_recommendation_changes_what_it_names_and_nothing_else(self, plan: Plan) -> None:
        base = flat(plan.named("b-base").config)
        alone = {
            "b-scale": {"loss.scale_weight"},
            "b-per-sequence": {"loss.ability_alignment"},
            "b-standardized": {"loss.ability_alignment"},
            "b-dynamic": {"loss.ability_target"},
            "b-lambda": {"loss.lambda_target", "loss.lambda_warmup_epochs"},
            "b-calibrated": {"reference.difficulty", "reference.ability"},
            "b-uncertainty": {"loss.balancing"},
            "b-gradient-norm": {"loss.balancing"},
        }
        for name, settings in alone.items():
            own = flat(plan.named(name).config)
            assert {setting for setting in base if own[setting] != base[setting]} == settings

    def test_what_alignment_costs_is_asked_of_the_same_network(self, plan: Plan) -> None:
        aligned, unaligned = (flat(plan.named(name).config) for name in ("c-skill-wise", "c-unaligned"))

        assert {name for name in aligned if aligned[name] != unaligned[name]} == {"loss.lambda_target"}
        assert unaligned["loss.lambda_target"] == 0.0

    def test_the_sweep_never_sees_the_fold_that_is_reported(self, plan: Plan) -> None:
        front = plan.named("c-front")

        assert (front.kind, front.folds, front.exclude_folds) == ("sweep", (1,), (0,))
        assert front.space == {"loss.lambda_target": [0.0, 0.1, 0.3, 0.5, 0.7, 0.9]}

    def test_the_miniature_has_the_same_runs_and_few_epochs(self, plan: Plan) -> None:
        short = load_plan(SHORT)

        assert [run.name for run in short.runs] == [run.name for run in plan.runs]
        assert all(run.config.training.epochs <= 2 and len(run.folds) <= 2 for run in short.runs)

    def test_parts_come_in_their_order(self, plan: Plan) -> None:
        assert [run.part for run in plan.runs] == sorted(run.part for run in plan.runs)
        assert {run.part for run in plan.of_parts("ad")} == {"a", "d"}


class TestBadPlan:
    def test_a_preset_and_a_model_are_not_both_named(self, tmp_path: Path) -> None:
        path = changed(tmp_path, 'preset = "l23-mean"', 'preset = "l23-mean", like = "b-base"')

        with pytest.raises(BadPlan, match="a-mean: name either a preset or a run"):
            load_plan(path=path)

    def test_an_unknown_run_is_named(self, tmp_path: Path) -> None:
        path = changed(tmp_path, 'baseline = "c-dkt"', 'baseline = "c-dtk"')

        with pytest.raises(BadPlan, match="pair c-gain: there is no run c-dtk"):
            load_plan(path=path)

    def test_a_setting_that_cannot_be_is_refused_before_anything_runs(self, tmp_path: Path) -> None:
        path = changed(tmp_path, '"loss.lambda_target" = 0.8', '"loss.lambda_target" = 1.8')

        with pytest.raises(ValueError, match="lambda_target"):
            load_plan(path=path)


class TestCommand:
    def test_a_run_can_be_typed(self, plan: Plan) -> None:
        assert plan.named("c-dkt").command("train_valid.csv") == (
            "ikt cross-validate --preset dkt --data train_valid.csv --folds 0,1,2,3,4 --seed 42"
        )
        assert plan.named("d-bkt-without-forgetting").command("f.csv") == (
            "ikt cross-validate --preset bkt --set reference.forgetting=false --data f.csv "
            "--folds 0,1,2,3,4 --seed 42"
        )

    def test_a_sweep_names_its_grid(self, plan: Plan) -> None:
        command = plan.named("c-front").command("f.csv")

        assert "--fold 1 --exclude-fold 0 --grid loss.lambda_target=0,0.1,0.3,0.5,0.7,0.9" in command


def flat(config: ExperimentConfig) -> dict[str, object]:
    return {
        f"{section}.{name}": value
        for section, values in config.model_dump().items()
        for name, value in values.items()
    }
