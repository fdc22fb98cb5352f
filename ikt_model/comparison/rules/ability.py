"""Rules about θ, β and M: whether they mean what the reference's mean."""

from collections.abc import Iterator

from ikt_model.comparison.audits.accounts import accounts
from ikt_model.comparison.audits.distances import implied_distance
from ikt_model.comparison.evidence import Evidence, Observation, Severity, Subject
from ikt_model.comparison.metric_names import label_of
from ikt_model.comparison.tables import CRITERIA

# Ratio of standard deviations. A fifth less is what least squares make of a correlation of 0.8; with twice or
# half as much a logit of θ is none of the reference's.
COLLAPSED: tuple[tuple[float, Severity], ...] = ((0.5, "problem"), (0.8, "caution"))
INFLATED: tuple[tuple[float, Severity], ...] = ((2.0, "problem"), (1.25, "caution"))
LEAST_SQUARES = 1.5  # factor within which a ratio is the ρ that least squares asks for
PASSES = 0.15  # squared logits of l_23 that the first comparison asked for
HIDES = 3.0  # how many times l_23 of time-means goes into l_23 at every step before averaging hides something
ALIGNMENT = ("l_21_kl", "l_22", "l_23", "theta_pearson", "theta_spearman")
CONSTANT_MASTERY = 0.01  # standard deviation of M below which everybody is told the same


def scale(subject: Subject) -> Iterator[Observation]:
    """θ spreads much less, or much more, than what it was pulled towards."""
    target = "target_theta_std" if subject.figure("target_theta_std") else "reference_theta_std"
    own, theirs = subject.figure("theta_std"), subject.figure(target)
    if not subject.is_aligned or own is None or not theirs:
        return
    ratio = own / theirs
    evidence = subject.evidence("theta_std", target, "theta_target_pearson")
    spreads = f"θ spreads {own:.3g} where its reference spreads {theirs:.3g}, {ratio:.3g} times as far"
    for limit, severity in COLLAPSED:
        if ratio < limit:
            message = (
                f"{spreads}: its scale has collapsed, and its logits are not the reference's; "
                f"{_advice(subject, ratio)}."
            )
            yield Observation("scale_collapse", severity, message, evidence)
            return
    for limit, severity in INFLATED:
        if ratio > limit:
            message = (
                f"{spreads}: its scale is inflated, and its logits are not the reference's; align every step "
                "(loss.ability_alignment pointwise) or give loss.scale_weight a value."
            )
            yield Observation("scale_inflation", severity, message, evidence)
            return


def _advice(subject: Subject, ratio: float) -> str:
    pearson = subject.figure("theta_target_pearson")
    if pearson is None or pearson <= 0 or not 1 / LEAST_SQUARES < ratio / pearson < LEAST_SQUARES:
        return "raise loss.lambda_target, or give loss.scale_weight a value"
    return (
        f"with a correlation of {pearson:.2g} that is about the scale at which squares are least, so raise "
        "the correlation first, with a target that responses so far can tell (loss.ability_target dynamic)"
    )


def hidden_by_averaging(subject: Subject) -> Iterator[Observation]:
    """l_23 of time-means passes where l_23 at every step does not."""
    mean = subject.figure("l_23_mean")
    if mean is None and subject.setting("loss.ability_alignment") == "mean":
        mean = subject.figure("l_23")
    at_every_step, is_implied = subject.figure("l_23_pointwise"), False
    if at_every_step is None:
        at_every_step, is_implied = _implied(subject), True
    if not subject.is_aligned or mean is None or at_every_step is None:
        return
    if not (mean <= PASSES < at_every_step and at_every_step > HIDES * mean):
        return
    is_trained_so = subject.setting("loss.ability_alignment") == "mean"
    source = (
        "by spreads, correlation and means of θ that of every step is"
        if is_implied
        else "that of every step is"
    )
    training = " and train with loss.ability_alignment pointwise" if is_trained_so else ""
    yield Observation(
        "loss_hidden_by_averaging",
        "problem" if is_trained_so else "caution",
        f"l_23 of time-means is {mean:.4g}, but {source} {at_every_step:.4g}: the average over time hides "
        f"how far θ is from its reference, so judge by l_23_pointwise{training}.",
        (
            *subject.evidence("l_23_mean" if subject.figure("l_23_mean") is not None else "l_23"),
            Evidence("l_23_pointwise", label_of("l_23_pointwise"), at_every_step),
        ),
    )


def _implied(subject: Subject) -> float | None:
    (account,) = accounts(subject, [(None, subject.run.metrics)])
    span = implied_distance(account, as_told=True) if subject.is_one_fold else None
    return span.low if span is not None else None


def alignment_missed(subject: Subject) -> Iterator[Observation]:
    """A criterion of the alignment tables is not met."""
    if not subject.is_aligned:
        return
    missed = missed_criteria(subject)
    if not missed:
        return
    told = ", ".join(
        f"{name} {subject.figure(name):.3g} (asked for {CRITERIA[name].target})" for name in missed
    )
    yield Observation(
        "alignment_missed",
        "caution",
        f"The alignment misses {told}: read θ, β and M as the model's own and not as the reference's, or "
        "align harder with loss.lambda_target and loss.difficulty_weight.",
        subject.evidence(*missed),
    )


def missed_criteria(subject: Subject) -> list[str]:
    """Metrics of the alignment that are not good enough."""
    return [name for name in ALIGNMENT if CRITERIA[name].passes(subject.figure(name)) is False]


def not_aligned(subject: Subject) -> Iterator[Observation]:
    """λ is 0, so nothing was asked of θ and M."""
    if subject.has_ability and not subject.is_aligned:
        yield Observation(
            "not_aligned",
            "remark",
            "λ is 0, so that nothing holds θ and M to the reference: its scale and correlations say only "
            "what the network happens to do; compare predictions alone.",
            subject.evidence("lambda"),
        )


def mastery_apart(subject: Subject) -> Iterator[Observation]:
    """M says little of what p says."""
    asked, value = CRITERIA["p_mastery_pearson"], subject.figure("p_mastery_pearson")
    if value is None or not subject.has_ability or asked.passes(value):
        return
    remedy = (
        "raise loss.lambda_target, or align to a reference that predicts better"
        if subject.setting("model.mastery") == "skill-wise"
        else "a mastery for every skill (model.mastery skill-wise) and a forecast on top of it "
        "(model.prediction on-mastery) bring them together"
    )
    yield Observation(
        "mastery_apart",
        "caution",
        f"p and M correlate {value:.3g} (asked for {asked.target}): M can't explain all of what is "
        f"predicted; {remedy}.",
        subject.evidence("p_mastery_pearson", "auc", "mastery_auc"),
    )


def constant_mastery(subject: Subject) -> Iterator[Observation]:
    """Everybody is told the same mastery."""
    spread = subject.figure("mastery_std")
    if subject.has_ability and spread is not None and spread < CONSTANT_MASTERY:
        yield Observation(
            "constant_mastery",
            "problem",
            f"M has a standard deviation of {spread:.2g}: every student is told the same of every skill, so "
            "look at the reference and at λ before using it.",
            subject.evidence("mastery_std", "mastery_mean"),
        )


def uncalibrated(subject: Subject) -> Iterator[Observation]:
    """p is no probability that can be taken at its word."""
    asked, value = CRITERIA["ece"], subject.figure("ece")
    if value is not None and not asked.passes(value):
        yield Observation(
            "uncalibrated",
            "remark",
            f"The calibration error of p is {value:.3g} (asked for {asked.target}): use p to rank responses, "
            "and look at the reliability curve before taking it for a probability.",
            subject.evidence("ece", "brier"),
        )
