"""Every table of the first comparison, written by hand, and where its rows stand in ours.

It compared an experiment that averaged l_23 over time with one that did not. Its headings and rows are listed
in its own order; numbers in it are not.
"""

from dataclasses import dataclass

CHANGE, REFERENCE, AIM, TARGET, RATIO = "change", "reference", "pulled towards", "target", "ratio"


@dataclass(frozen=True, slots=True)
class SeedTable:
    """One of its tables: the title of ours, its rows with ours, and what stood beside both experiments."""

    heading: str
    part: str
    rows: dict[str, str]
    beside: tuple[str, ...] = ()


SEED_TABLES = (
    SeedTable("1. Prediction Performance", "Prediction", {"AUC": "AUC", "Accuracy": "Accuracy"}, (CHANGE,)),
    SeedTable("l_21", "Alignment losses", {"Baseline, New": "l_21 performance"}, (CHANGE,)),
    SeedTable("l_22", "Alignment losses", {"Baseline, New": "l_22 difficulty"}, (CHANGE,)),
    SeedTable(
        "l_23", "Alignment losses", {"Baseline, New": "l_23 ability, as each was trained"}, (CHANGE, TARGET)
    ),
    SeedTable(
        "θ (Student Ability) Statistics",
        "Scale of ability θ",
        {"Mean": "θ mean", "Std": "θ standard deviation", "Range": "θ range"},
        (REFERENCE, AIM),
    ),
    SeedTable(
        "β (Skill Difficulty) Statistics",
        "Scale of difficulty β",
        {"Mean": "β mean", "Std": "β standard deviation", "Range": "β range"},
        (REFERENCE,),
    ),
    SeedTable(
        "Mastery Statistics",
        "Mastery M",
        {"Mean": "M mean", "Std": "M standard deviation", "Range": "M range"},
    ),
    SeedTable(
        "Correlation with IRT Reference",
        "Correlation with the reference",
        {"Pearson": "θ Pearson", "Spearman": "θ Spearman"},
        (CHANGE,),
    ),
    SeedTable(
        "Loss Evolution (Epoch 30)",
        "Training losses, last epoch",
        {
            "Total Loss": "total",
            "l_bce": "l_bce",
            "l_stability": "l_stability (l_22 by its older name)",
            "l_align_total": "l_align_total = l_21 + l_23",
            "l_21": "l_21",
            "l_22": "l_22",
            "l_23": "l_23, as each was trained",
        },
        (CHANGE,),
    ),
    SeedTable(
        "Lambda Warm-up, Loss Weight Evolution",
        "λ schedule",
        {
            "from 0.01": "λ in the first epoch",
            "Epoch 30": "λ in the last epoch",
            "Final": "λ at its target",
            "over 50 epochs": "epochs of the warm-up",
            "completed 30 epochs": "epochs trained",
        },
    ),
    SeedTable(
        "Scale Comparison Table",
        "Scale comparison",
        {
            "θ_std": "θ standard deviation",
            "β_std": "β standard deviation",
            "θ_mean": "θ mean",
            "β_mean": "β mean",
        },
        (REFERENCE, RATIO),
    ),
    SeedTable(
        "Correlation Diagnostic",
        "Criteria",
        {"Pearson (θ)": "θ Pearson", "Spearman (θ)": "θ Spearman"},
        (TARGET,),
    ),
)
SEED_SETTINGS = {
    "model": ("d_model", "n_heads", "n_blocks", "d_ff"),
    "training": ("epochs", "batch_tokens", "learning_rate", "seed"),
    "loss": ("lambda_target", "difficulty_weight", "lambda_warmup_epochs"),
}
"""What it said of both configurations."""
