"""What an experiment is: frozen, validated settings, free of torch.

Every number that changes a result stands here, so that a configuration and a seed name a run.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_WEIGHTS = 500_000_000  # 6 GB with the optimiser's moments
MOST_ATTENTION_SCORES = 1_000_000_000  # 4 GB for each of the few copies that a step keeps


class UnknownPreset(LookupError):
    """No preset of that name is shipped."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"preset {name!r} does not exist; choose one of {', '.join(list_presets())}")


class Settings(BaseModel):
    """Base of every settings section: immutable, and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class ReferenceSettings(Settings):
    """The theory model whose language Head 2 speaks."""

    name: Literal["rasch"] = "rasch"
    """Rasch model fitted by marginal maximum likelihood, abilities by expected a posteriori (EAP)."""
    grid_points: int = Field(default=81, ge=21, le=401)
    """Points of the ability grid over which the marginal likelihood is summed."""
    em_iterations: int = Field(default=60, ge=1, le=1000)
    """Upper bound on EM steps; the fit stops earlier when the difficulties stand still."""


class ModelSettings(Settings):
    """The dual-stream causal transformer with two heads."""

    type: Literal["ikt"] = "ikt"
    d_model: int = Field(default=128, ge=8, le=2048)
    """Width of both streams."""
    n_heads: int = Field(default=4, ge=1, le=64)
    n_blocks: int = Field(default=2, ge=1, le=48)
    d_ff: int = Field(default=256, ge=8, le=8192)
    """Width of the feed-forward layer of each block."""
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    window: int = Field(default=200, ge=16, le=4096)
    """Longest stretch of responses seen at once; longer histories are cut into windows of this length."""

    @model_validator(mode="after")
    def _heads_divide_width(self) -> "ModelSettings":
        if self.d_model % self.n_heads:
            raise ValueError(f"n_heads {self.n_heads} must divide d_model {self.d_model}")
        return self


class LossSettings(Settings):
    """L = (1−λ)·l_bce + c·l_22 + λ·(l_21 + l_23) + λ_scale·l_scale."""

    ability_alignment: Literal["mean", "pointwise", "standardized"] = "pointwise"
    """l_23: mean over time against one ability; every step; every step as z-scores of the reference."""
    ability_target: Literal["static", "dynamic"] = "dynamic"
    """One ability per student, or the reference's ability after each response."""
    lambda_target: float = Field(default=0.3, ge=0.0, le=1.0)
    """λ at the end of the warm-up."""
    lambda_warmup_epochs: int = Field(default=3, ge=0, le=10_000)
    """Epochs over which λ rises linearly to its target; 0 starts at the target."""
    difficulty_weight: float = Field(default=0.01, ge=0.0, le=100.0)
    """c, the weight of l_22."""
    scale_weight: float = Field(default=0.0, ge=0.0, le=100.0)
    """λ_scale, the weight of (std θ − std θ^ref)²."""


class TrainingSettings(Settings):
    """How the network is fitted."""

    epochs: int = Field(default=10, ge=1, le=10_000)
    batch_tokens: int = Field(default=2048, ge=8, le=1_048_576)
    """Responses per optimiser step, padding included; batches hold sequences of about one length."""
    learning_rate: float = Field(default=1e-3, gt=0.0, le=1.0)
    schedule: Literal["one-cycle", "constant"] = "one-cycle"
    weight_decay: float = Field(default=0.01, ge=0.0, le=10.0)
    gradient_clip: float = Field(default=1.0, gt=0.0, le=1000.0)
    seed: int = Field(default=42, ge=0, le=2**31 - 1)


class ExperimentConfig(Settings):
    """Everything that decides an experiment's numbers, besides its data and fold."""

    model: ModelSettings = ModelSettings()
    reference: ReferenceSettings = ReferenceSettings()
    loss: LossSettings = LossSettings()
    training: TrainingSettings = TrainingSettings()

    @model_validator(mode="after")
    def _fits_a_machine(self) -> "ExperimentConfig":
        model, tokens = self.model, self.training.batch_tokens
        weights = model.n_blocks * model.d_model * (5 * model.d_model + 2 * model.d_ff)
        scores = model.n_blocks * model.n_heads * model.window * max(tokens, model.window)
        if weights > MOST_WEIGHTS:
            raise ValueError(
                f"model: about {weights:,} weights in the blocks, at most {MOST_WEIGHTS:,} are possible; "
                "lower n_blocks, d_model or d_ff"
            )
        if scores > MOST_ATTENTION_SCORES:
            raise ValueError(
                f"training.batch_tokens: about {scores:,} attention scores per batch, at most "
                f"{MOST_ATTENTION_SCORES:,} are possible; lower batch_tokens, window, n_heads or n_blocks"
            )
        return self

    def fingerprint(self) -> str:
        """Stable name of this configuration: equal settings, equal name."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def list_presets() -> list[str]:
    """Names of the presets that are shipped, sorted."""
    folder = resources.files("ikt_model") / "presets"
    return sorted(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")
    )


def load_preset(name: str) -> dict[str, Any]:
    """Settings of one preset as nested dictionaries. Raises UnknownPreset."""
    if name not in list_presets():
        raise UnknownPreset(name)
    return tomllib.loads((resources.files("ikt_model") / "presets" / f"{name}.toml").read_text("utf-8"))


def resolve_config(preset: str | None, overrides: Mapping[str, Any] | None = None) -> ExperimentConfig:
    """A preset with single settings replaced.

    Raises UnknownPreset, or pydantic's ValidationError whose locations name the offending field.
    """
    base = load_preset(preset) if preset else {}
    return ExperimentConfig.model_validate(_merge(base, overrides or {}))


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        known = merged.get(key)
        merged[key] = (
            _merge(known, value) if isinstance(known, dict) and isinstance(value, Mapping) else value
        )
    return merged
