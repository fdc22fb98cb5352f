"""The audits of arithmetic: silent on whatever is consistent, and loud where a figure was changed."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ikt_model.comparison.audits import audit_arithmetic
from ikt_model.comparison.evidence import Observation, Subject
from ikt_model.comparison.metric_names import labels
from ikt_model.config import resolve_config
from ikt_model.references import calibrate
from ikt_model.training import EpochReport, train
from tests.ikt_model.classrooms import classroom
from tests.ikt_model.comparison.runs import random_run, rounded, study_runs, summary

SCHEDULES = ("linear", "cosine", "constant")
PLACES = st.integers(2, 7) | st.none()
"""Significant digits to which figures are rounded; None for those of a program."""


TRAININGS: list[tuple[str, dict[str, Any]]] = [
    ("small-mean", {}),
    ("small-mean", {"loss.lambda_warmup_epochs": 2, "loss.lambda_schedule": "cosine"}),
    ("small-mean", {"loss.ability_target": "dynamic"}),
    ("small-dynamic", {}),
    ("small-dynamic", {"loss.ability_target": "static"}),
    ("small-dynamic", {"loss.ability_alignment": "per-sequence"}),
    ("small-dynamic", {"loss.ability_alignment": "standardized", "loss.scale_weight": 1.0}),
    ("small-dynamic", {"loss.scale_weight": 0.5, "loss.difficulty_weight": 0.0}),
    ("small-dynamic", {"loss.lambda_target": 0.0}),
    ("small-dynamic", {"loss.lambda_target": 1.0, "loss.lambda_schedule": "constant"}),
    ("small-dynamic", {"loss.balancing": "uncertainty"}),
    ("small-dynamic", {"loss.balancing": "gradient-norm"}),
    ("small-dynamic", {"reference.difficulty": "joint", "reference.ability": "maximum-likelihood"}),
    ("small-dynamic", {"reference.name": "bkt"}),
    ("small-dynamic", {"reference.name": "skill-rate"}),
    ("small-dynamic", {"training.learning_rate": 0.3, "training.schedule": "constant"}),
    ("l23-mean", {"reference.difficulty": "joint", "reference.ability": "maximum-likelihood"}),
    ("l23-pointwise", {"model.mastery": "scalar"}),
    ("skill-wise", {"model.recurrent_width": 8}),
    ("skill-wise", {"model.recurrent_width": 8, "reference.name": "bkt", "loss.lambda_target": 0.9}),
    ("dkt", {}),
    ("rasch", {}),
    ("skill-rate", {}),
    ("pfa", {}),
]


def contradictions(found: list[Observation]) -> list[Observation]:
    return [observation for observation in found if observation.severity == "problem"]


def audited(figures: dict[str, Any], config: Any = None, **of_run: Any) -> list[Observation]:
    """Contradictions among figures given as they were written."""
    run = summary({name: float(value) for name, value in figures.items()}, config=config, **of_run)
    return contradictions(audit_arithmetic(Subject(run), [(None, figures)]))


def rules(found: list[Observation]) -> list[str]:
    return [observation.rule.removeprefix("arithmetic_") for observation in found]


class TestConsistentNumbers:
    @given(
        seed=st.integers(0, 2**31),
        n=st.integers(5, 400),
        spread=st.sampled_from([0.0, 1e-3, 0.1, 1.0, 30.0]),
        shift=st.sampled_from([0.0, -0.2, 3.0, 28.0]),
        noise=st.sampled_from([0.0, 0.1, 1.0, 20.0]),
        alignment=st.sampled_from(["mean", "pointwise", "per-sequence", "standardized"]),
        places=PLACES,
    )
    def test_never_alarm(
        self, seed: int, n: int, spread: float, shift: float, noise: float, alignment: str, places: int | None
    ) -> None:
        config, figures = random_run(seed, alignment=alignment, n=n, spread=spread, shift=shift, noise=noise)
        written = rounded(figures, places) if places else figures

        assert audited(dict(written), config.model_dump(mode="json")) == []

    @given(
        st.fixed_dictionaries(
            {name: st.floats(0.0, 20.0) for name in ("l_bce", "l_21", "l_22", "l_23")}
            | {"lambda": st.floats(0.0, 1.0)}
        ),
        st.floats(0.0, 2.0),
        PLACES,
    )
    def test_sums_of_any_terms_never_alarm(
        self, terms: dict[str, float], c: float, places: int | None
    ) -> None:
        lambda_ = terms["lambda"]
        aligned = terms["l_21"] + terms["l_23"]
        total = (1 - lambda_) * terms["l_bce"] + c * terms["l_22"] + lambda_ * aligned
        figures = {"lambda": lambda_, "train_loss": total, "train_l_align": aligned}
        figures |= {f"train_{name}": terms[name] for name in ("l_bce", "l_21", "l_22", "l_23")}
        written = rounded(figures, places) if places else figures

        assert audited(dict(written), {"loss": {"difficulty_weight": c}}) == []


class TestChangedNumbers:
    """Of consistent figures one is moved by more than all their digits leave open."""

    @settings(max_examples=30)
    @given(
        seed=st.integers(0, 2**31),
        places=st.integers(3, 7) | st.none(),
        by=st.floats(0.5, 10.0),
        spread=st.sampled_from([0.05, 1.0, 10.0]),
    )
    @pytest.mark.parametrize(
        ("metric", "rule"),
        [
            ("l_23_pointwise", "distance_at_every_step"),
            ("target_theta_mean", "distance_at_every_step"),
            ("l_21_kl", "divergence"),
            ("l_align", "alignment_sum"),
            ("loss", "loss_sum"),
            ("lambda", "lambda_schedule"),
            ("theta_std", "spread_within_range"),
        ],
    )
    def test_always_alarm(
        self, metric: str, rule: str, seed: int, places: int | None, by: float, spread: float
    ) -> None:
        config, figures = random_run(seed, spread=spread)
        # Half the largest of these is far more than three digits of any of them leave open.
        size = max(abs(figures[name]) for name in ("l_21", "target_theta_std", "theta_max", metric))
        changed = figures | {metric: figures[metric] + by * size * (1 if metric != "theta_std" else 100)}
        written: dict[str, Any] = dict(rounded(changed, places)) if places else dict(changed)

        assert rule in rules(audited(written, config.model_dump(mode="json")))

    @given(l_21=st.floats(0.01, 5.0), gap=st.floats(0.001, 1.0), places=st.integers(2, 6))
    @example(l_21=0.5, gap=0.011, places=2)
    def test_no_cross_entropy_lies_below_its_entropy(self, l_21: float, gap: float, places: int) -> None:
        low, floor = (Decimal(f"{value:.{places}f}") for value in (l_21, l_21 + gap))
        found = audited({"l_21": low, "l_21_floor": floor})

        # Half a unit of each may have been lost.
        assert bool(found) == (floor - low > Decimal(10) ** -places)

    @given(correlation=st.floats(1.0, 3.0, exclude_min=True), places=st.integers(1, 4))
    def test_no_correlation_exceeds_one(self, correlation: float, places: int) -> None:
        told = Decimal(f"{correlation:.{places}f}")

        assert bool(audited({"theta_pearson": told})) == (told > 1)
        assert bool(audited({"beta_spearman": -told})) == (told > 1)


class TestRealRuns:
    def test_no_run_of_the_study_alarms(self) -> None:
        runs = study_runs()

        assert len(runs) >= 18
        assert {run.name: contradictions(audit_arithmetic(Subject(run))) for run in runs} == {
            run.name: [] for run in runs
        }

    def test_means_over_folds_do_not_alarm(self) -> None:
        folds = [run for run in study_runs() if run.name.startswith("c-skill-wise ")]
        means = {
            name: sum(float(run.metrics[name] or 0.0) for run in folds) / len(folds)
            for name in folds[0].metrics
        }
        run = summary(means, config=folds[0].config, fold=[0, 1, 2, 3, 4])

        assert len(folds) == 5
        assert contradictions(audit_arithmetic(Subject(run))) == []

    @pytest.mark.parametrize(("preset", "settings"), TRAININGS)
    def test_no_training_alarms(self, preset: str, settings: dict[str, Any], tmp_path: Path) -> None:
        config = _tiny(preset, settings, seed=len(preset) + len(settings))
        sequences = classroom(n_students=45, n_skills=5, seed=config.training.seed, mean_length=12).sequences
        epochs: list[EpochReport] = []
        result = train(
            config,
            sequences,
            fold=0,
            calibration=calibrate(sequences.select(sequences.folds != 0), settings=config.reference),
            device="cpu",
            folder=tmp_path,
            on_epoch=epochs.append,
            on_progress=lambda _: True,
        )
        run = summary(
            result.metrics,
            config=config.model_dump(mode="json"),
            epochs=[{"epoch": report.epoch, "metrics": report.metrics} for report in epochs],
        )

        assert contradictions(audit_arithmetic(Subject(run))) == []
        assert {*result.metrics, *epochs[-1].metrics} <= set(labels())


def _tiny(preset: str, settings: dict[str, Any], *, seed: int) -> Any:
    overrides: dict[str, dict[str, Any]] = {"model": {"window": 30}, "training": {"seed": seed}}
    kind = resolve_config(preset).model.type
    if kind == "ikt":
        overrides["model"] |= {"d_model": 16, "n_heads": 2, "n_blocks": 1, "d_ff": 16}
    if kind == "dkt":
        overrides["model"] |= {"d_model": 16}
    if kind != "reference":
        overrides["training"] |= {"epochs": 2, "batch_tokens": 512}
    for name, value in settings.items():
        section, _, key = name.partition(".")
        overrides.setdefault(section, {})[key] = value
    return resolve_config(preset, overrides)
