"""Rules about the reference: a model that is aligned to it learns its errors, too."""

from collections.abc import Iterator, Sequence

from ikt_model.comparison.evidence import Observation, Subject, of_setting

WORSE = "predicts worse than the skill means"  # in the warnings of references/quality.py
BETTER = "choose another reference.name, or marginal difficulties with posterior-mean abilities"
CHANCE = 0.5
DIVERGED_LOGITS = 6.0  # as in references/quality.py, which imports comparisons
BEHIND = 0.02  # AUC: ten standard errors of one on 100,000 responses
DIVERGING = (
    ("theta", "an ability", "use posterior-mean abilities (reference.ability)"),
    ("beta", "a difficulty", "read that skill with its standard error, and fit difficulties marginally"),
)


def doubted(subject: Subject, warnings: Sequence[str]) -> Iterator[Observation]:
    """What the training warned of."""
    for warning in warnings:
        is_worse = WORSE in warning
        yield Observation(
            "reference_worse_than_skill_means" if is_worse else "training_warning",
            "problem" if is_worse else "caution",
            f"The training warned of this: {warning}; "
            f"{BETTER if is_worse else 'see what it means before relying on it'}.",
            subject.evidence("reference_auc"),
        )


def no_better_than_chance(subject: Subject) -> Iterator[Observation]:
    """The reference can't tell right from wrong."""
    value = subject.figure("reference_auc")
    if value is not None and value <= CHANCE and subject.figure("lambda") != 0:
        yield Observation(
            "reference_no_better_than_chance",
            "problem",
            f"The reference has an AUC of {value:.3f} on held-out students, no better than chance: an "
            "alignment to it is worth nothing; fit another one or look at the data.",
            subject.evidence("reference_auc"),
        )


def diverged(subject: Subject) -> Iterator[Observation]:
    """Abilities or difficulties of the reference that no finite number of mixed answers gives."""
    for owner, what, advice in DIVERGING:
        extremes = subject.evidence(f"reference_{owner}_min", f"reference_{owner}_max")
        furthest = max(extremes, key=lambda one: abs(one.value or 0.0), default=None)
        if furthest is None or abs(furthest.value or 0.0) <= DIVERGED_LOGITS:
            continue
        yield Observation(
            "reference_diverged",
            "caution",
            f"The reference has {what} of {furthest.value:.3g} logits, further than mixed answers lead "
            f"(±{DIVERGED_LOGITS:g}): the value says where an optimiser stopped, so {advice}.",
            (furthest, *subject.evidence(f"reference_{owner}_std")),
        )


def behind(subject: Subject) -> Iterator[Observation]:
    """The reference can't say what the network knows."""
    own, theirs = subject.figure("auc"), subject.figure("reference_auc")
    if not subject.is_aligned or own is None or theirs is None or own - theirs < BEHIND:
        return
    yield Observation(
        "reference_behind",
        "remark",
        f"The reference's AUC is {own - theirs:.3f} below the model's: what p knows beyond it, M can't say; "
        "a reference that tells skills apart (pfa, bkt) comes nearer.",
        subject.evidence("auc", "reference_auc", "mastery_auc"),
    )


def no_better_than_reference(subject: Subject) -> Iterator[Observation]:
    """The network is behind what it was given."""
    own, theirs = subject.figure("auc"), subject.figure("reference_auc")
    if (
        own is None
        or theirs is None
        or subject.setting("model.type") == "reference"
        or theirs - own <= BEHIND / 10
    ):
        return
    epochs = subject.number("training.epochs")
    yield Observation(
        "under_fitting",
        "caution",
        f"The model's AUC is {theirs - own:.3f} below that of the reference alone: it has not learned what "
        "was there to copy; train for more epochs, or with a higher training.learning_rate.",
        (
            *subject.evidence("auc", "reference_auc"),
            *([of_setting("training.epochs", epochs)] if epochs is not None else []),
        ),
    )
