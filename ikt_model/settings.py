"""The sections of a configuration: frozen, validated, free of torch.

A section with several kinds (model, reference) is chosen by its tag, and only that kind's settings exist.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

GridPoints: Any = Field(
    default=81, ge=21, le=401, description="Points of the ability grid over which the likelihood is summed."
)
Window: Any = Field(
    default=200,
    ge=16,
    le=4096,
    description="Longest stretch of responses seen at once; longer histories are cut into windows.",
)


class Settings(BaseModel):
    """Base of every settings section: immutable, and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class RaschSettings(Settings):
    """Rasch model: one ability per student, one difficulty per skill."""

    name: Literal["rasch"] = "rasch"
    difficulty: Literal["marginal", "joint"] = "marginal"
    """Fitted by marginal maximum likelihood, or jointly with one unregularised ability per student."""
    ability: Literal["posterior-mean", "maximum-likelihood"] = "posterior-mean"
    """Expected a posteriori (EAP), or the maximum-likelihood ability of the responses so far, which diverges
    on an all-right or all-wrong history."""
    grid_points: int = GridPoints
    em_iterations: int = Field(default=60, ge=1, le=1000)
    """Upper bound on the steps of the fit, which stops earlier when the difficulties stand still."""


class PfaSettings(Settings):
    """Performance factors analysis (Pavlik, Cen & Koedinger 2009) on top of a Rasch ability: evidence on the
    skill, decayed, with slopes of its own for every skill.
    """

    name: Literal["pfa"] = "pfa"
    decay: float = Field(default=0.8, ge=0.0, le=1.0)
    """The weight of an attempt falls by this factor with each later attempt at the same skill."""
    slope_sd: float = Field(default=0.3, gt=0.0, le=10.0)
    """How far the slopes of a skill may stray from the mean skill's: standard deviation of their normal
    prior, in logits per unit of evidence."""
    grid_points: int = GridPoints


class BktSettings(Settings):
    """Bayesian knowledge tracing (Corbett & Anderson 1995): each skill is known or not."""

    name: Literal["bkt"] = "bkt"
    forgetting: bool = True
    """Whether a known skill can be lost again between two attempts."""
    em_iterations: int = Field(default=200, ge=1, le=1000)
    """Upper bound on EM steps over all skills at once."""
    grid_points: int = GridPoints


class SkillRateSettings(Settings):
    """The share of right answers on each skill: the least that a reference has to beat."""

    name: Literal["skill-rate"] = "skill-rate"


ReferenceSettings = Annotated[
    RaschSettings | PfaSettings | BktSettings | SkillRateSettings, Field(discriminator="name")
]
REFERENCE_VERSIONS = {"rasch": 2, "pfa": 3, "bkt": 2, "skill-rate": 1}
"""Of the fits: one that gives other parameters for the same data and settings has a new version."""
SKILL_WISE_REFERENCES = ("pfa", "bkt")  # their mastery of a skill says more than θ − β


class IktSettings(Settings):
    """The dual-stream causal transformer with two heads."""

    type: Literal["ikt"] = "ikt"
    mastery: Literal["scalar", "skill-wise"] = "scalar"
    """Head 2: M = σ(θ_t − β_k), or M = σ(θ_t + s_{k,t} − β_k) with a part of its own for every skill."""
    prediction: Literal["separate", "on-mastery"] = "separate"
    """Head 1: a logit of its own, or Head 2's plus a correction, so that p says mastery and what else is
    known."""
    skill_rank: int = Field(default=64, ge=1, le=1024)
    """Rank of the learned part of s_{k,t}; read by the skill-wise head only."""
    d_model: int = Field(default=128, ge=8, le=2048)
    """Width of both streams."""
    n_heads: int = Field(default=4, ge=1, le=64)
    n_blocks: int = Field(default=2, ge=1, le=48)
    d_ff: int = Field(default=256, ge=8, le=8192)
    """Width of the feed-forward layer of each block."""
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    recurrent_width: int = Field(default=0, ge=0, le=2048)
    """Width of an LSTM beside the attention, which Head 1 reads as DKT does; 0 leaves it out."""
    recurrent_dropout: float = Field(default=0.5, ge=0.0, lt=1.0)
    window: int = Window

    @property
    def n_weights(self) -> int:
        """About how many weights the blocks and the recurrent layer hold."""
        blocks = self.n_blocks * self.d_model * (5 * self.d_model + 2 * self.d_ff)
        return blocks + 8 * self.recurrent_width**2

    @property
    def attention_rows(self) -> int:
        """Attention scores per response and per step of a window."""
        return self.n_blocks * self.n_heads

    @model_validator(mode="after")
    def _heads_divide_width(self) -> "IktSettings":
        if self.d_model % self.n_heads:
            raise ValueError(f"n_heads {self.n_heads} must divide d_model {self.d_model}")
        return self


class DktSettings(Settings):
    """Deep knowledge tracing (Piech et al. 2015): an LSTM over (skill, response) pairs, one output per
    skill.
    """

    type: Literal["dkt"] = "dkt"
    d_model: int = Field(default=200, ge=8, le=2048)
    """Width of the embedding and of the recurrent state."""
    dropout: float = Field(default=0.5, ge=0.0, lt=1.0)
    window: int = Window

    @property
    def n_weights(self) -> int:
        """About how many weights the recurrent layer holds."""
        return 8 * self.d_model**2

    @property
    def attention_rows(self) -> int:
        """None: the network has no attention."""
        return 0


class ReferenceModelSettings(Settings):
    """The reference itself as a model: p = M = M^ref. Nothing is left to train."""

    type: Literal["reference"] = "reference"
    window: int = Window

    @property
    def n_weights(self) -> int:
        """None."""
        return 0

    @property
    def attention_rows(self) -> int:
        """None."""
        return 0


ModelSettings = Annotated[IktSettings | DktSettings | ReferenceModelSettings, Field(discriminator="type")]


class LossSettings(Settings):
    """L = (1−λ)·l_bce + c·l_22 + λ·(l_21 + l_23) + λ_scale·l_scale."""

    ability_alignment: Literal["mean", "pointwise", "per-sequence", "standardized"] = "pointwise"
    """l_23: mean over time against one ability; every step; every step, each sequence counting once; every
    step as z-scores of the reference."""
    ability_target: Literal["static", "dynamic"] = "dynamic"
    """One ability per student, or the reference's ability after each response."""
    lambda_target: float = Field(default=0.3, ge=0.0, le=1.0)
    """λ at the end of the warm-up."""
    lambda_warmup_epochs: int = Field(default=3, ge=0, le=10_000)
    """Epochs over which λ rises to its target; 0 starts at the target."""
    lambda_schedule: Literal["linear", "cosine", "constant"] = "linear"
    """How λ rises: in a line, along half a cosine, or not at all (at its target from the first epoch)."""
    difficulty_weight: float = Field(default=0.01, ge=0.0, le=100.0)
    """c, the weight of l_22."""
    scale_weight: float = Field(default=0.0, ge=0.0, le=100.0)
    """λ_scale, the weight of (std θ − std θ^ref)²."""
    balancing: Literal["fixed", "uncertainty", "gradient-norm"] = "fixed"
    """Whether l_bce, l_21 and l_23 keep their weights, or are weighted anew while training: by learned
    uncertainties (Kendall et al. 2018), or so that they pull equally hard (GradNorm, Chen et al. 2018)."""


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
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        # Left out, so that configurations keep the names that they had before there was a choice.
        default="auto",
        exclude_if=lambda value: value == "auto",
    )
    """What matrices are multiplied in while training; weights, losses and everything that is measured are
    float32. auto: bfloat16 where the hardware has instructions for it and is quicker with them."""
    deterministic: bool = Field(default=False, exclude_if=lambda value: not value)
    """Whether a GPU gives the same bits in every run, at a price in time; a processor does in any case. It
    sets CUBLAS_WORKSPACE_CONFIG, which must be set already where the process has computed on it before."""
