"""Rules about how the training went: gradients, fit, the schedule of λ, the best epoch."""

import math
from collections.abc import Iterator
from itertools import combinations

from ikt_model.comparison.evidence import Evidence, Observation, Subject, of_epochs, of_setting
from ikt_model.comparison.metric_names import PULLING, label_of
from ikt_model.comparison.rules.ability import ALIGNMENT, missed_criteria

Point = tuple[int, float]

COMPETES_FOR = 0.5  # share of epochs: a cosine of four batches is noisy, and one epoch below 0 says little
UNHEARD = 0.01  # of the strongest weighted pull
STILL_GAINS = 0.002  # AUC over the last quarter: a standard error of one on 100,000 responses
LATE = 0.25  # share of the training that counts as its end
LEVEL = 0.0002  # AUC gained in the last epoch below which the curve has levelled off
WORSENS = 0.002  # nats of held-out l_bce since its best epoch, about as sure as the AUC above
FEWEST_EPOCHS = 3  # of which a first or a last one says something
SAME_DIFFICULTIES = 4.0  # factor between l_22 in training and held out that no choice of students makes
NEGLIGIBLE = 1e-4  # l_22 below which it is noise


def competing_losses(subject: Subject) -> Iterator[Observation]:
    """Two losses want opposite things of the shared encoder, most of the time.

    At the minimum of a sum its terms always do, so it is a caution only where an alignment is missed.
    """
    if not subject.is_aligned:
        return
    is_met = not missed_criteria(subject) and any(subject.figure(name) is not None for name in ALIGNMENT)
    for one, other in combinations(PULLING, 2):
        metric = f"train_grad_cosine_{one}_{other}"
        points = subject.series(metric)
        opposed = [point for point in points if point[1] < 0]
        if len(opposed) <= COMPETES_FOR * len(points):
            continue
        strongest = min(opposed, key=lambda point: point[1])
        advice = (
            "the alignment is reached all the same, so that it costs little"
            if is_met
            else "what one gains the other pays for; change loss.lambda_target or loss.balancing, or give "
            "the encoder more room"
        )
        yield Observation(
            "competing_losses",
            "remark" if is_met else "caution",
            f"{one} and {other} pull against each other in {len(opposed)} of {len(points)} epochs (cosine "
            f"down to {strongest[1]:.2f}): {advice}.",
            of_epochs(metric, sorted({strongest, points[-1]})),
        )


def unheard_loss(subject: Subject) -> Iterator[Observation]:
    """A loss pulls so little, with its weight, that it might as well not be there."""
    names = {loss: f"train_grad_norm_{loss}" for loss in ("l_bce", "l_21", "l_23")}
    last = {loss: points[-1] for loss, metric in names.items() if (points := subject.series(metric))}
    lambda_ = subject.figure("lambda")
    if len(last) < len(names) or lambda_ is None or not 0 < lambda_ < 1:
        return
    pulls = {
        loss: (1 - lambda_ if loss == "l_bce" else lambda_) * _factor(subject, loss) * norm
        for loss, (_, norm) in last.items()
    }
    strongest = max(pulls, key=lambda loss: pulls[loss])
    for loss, pull in pulls.items():
        if pull < UNHEARD * pulls[strongest]:
            yield Observation(
                "unheard_loss",
                "remark",
                f"In the last epoch {loss} pulls {pulls[strongest] / max(pull, 1e-300):.0f} times less than "
                f"{strongest}, weights included: it is either at its minimum or not heard; if it is still "
                "large, raise its weight.",
                (*of_epochs(names[loss], [last[loss]]), *of_epochs(names[strongest], [last[strongest]])),
            )


def _factor(subject: Subject, loss: str) -> float:
    """What balancing last multiplied a loss by; norms are recorded without it."""
    points = subject.series(f"train_factor_{loss}")
    return points[-1][1] if points else 1.0


def still_improving(subject: Subject) -> Iterator[Observation]:
    """The held-out AUC was still rising when the training ended."""
    points = subject.series("auc")
    if not _is_rising(points):
        return
    before, last = _before_the_end(points), points[-1]
    yield Observation(
        "under_fitting",
        "caution",
        f"AUC rose by {last[1] - before[1]:.4f} from epoch {before[0]} to {last[0]}, the last: the training "
        "ended before the model had learned what it can; train for more epochs.",
        of_epochs("auc", [before, last]),
    )


def _is_rising(points: list[Point]) -> bool:
    """Whether the last epoch is the best one, and much better than the last quarter's beginning."""
    if len(points) < 2:
        return False
    is_best = points[-1][1] >= max(value for _, value in points)
    return is_best and points[-1][1] - _before_the_end(points)[1] > STILL_GAINS


def _before_the_end(points: list[Point]) -> Point:
    return points[-1 - max(1, round(LATE * len(points)))]


def over_fitting(subject: Subject) -> Iterator[Observation]:
    """Held-out responses are predicted worse while training ones are predicted better."""
    held_out, training = subject.series("l_bce"), dict(subject.series("train_l_bce"))
    if len(held_out) < 2:
        return
    best, last = min(held_out, key=lambda point: point[1]), held_out[-1]
    start, end = training.get(best[0]), training.get(last[0])
    if last[1] - best[1] <= WORSENS or start is None or end is None or end >= start:
        return
    yield Observation(
        "over_fitting",
        "caution",
        f"Held-out l_bce rose from {best[1]:.4f} in epoch {best[0]} to {last[1]:.4f} in epoch {last[0]} "
        f"while that of training fell from {start:.4f} to {end:.4f}: the model learns its students by heart; "
        "train for fewer epochs, or raise model.dropout or training.weight_decay.",
        (
            *of_epochs("l_bce", [best, last]),
            *of_epochs("train_l_bce", [(best[0], start), (last[0], end)]),
        ),
    )


def loss_beyond_accuracy(subject: Subject) -> Iterator[Observation]:
    """The training loss needs an accuracy in training that is far above the held-out one."""
    points, accuracy = subject.series("train_l_bce"), subject.figure("accuracy")
    if not points or accuracy is None or points[-1][1] >= (1 - accuracy) * math.log(2):
        return
    least = 1 - points[-1][1] / math.log(2)
    yield Observation(
        "loss_beyond_accuracy",
        "caution",
        f"l_bce in training is {points[-1][1]:.4f}, which takes an accuracy of at least {least:.3f} there, "
        f"and held-out accuracy is {accuracy:.3f}: either students were learned by heart, or the loss is a "
        "mean over padding; average over valid steps only.",
        (*of_epochs("train_l_bce", points[-1:]), *subject.evidence("accuracy")),
    )


def difficulty_losses_apart(subject: Subject) -> Iterator[Observation]:
    """l_22 is about the same difficulties in training and held out, so that the two are near each other."""
    points, held_out = subject.series("train_l_22"), subject.figure("l_22")
    if not points or held_out is None or max(points[-1][1], held_out) < NEGLIGIBLE:
        return
    small, large = sorted((points[-1][1], held_out))
    if large > SAME_DIFFICULTIES * small:
        yield Observation(
            "difficulty_losses_apart",
            "caution",
            f"l_22 is {points[-1][1]:.4g} in training and {held_out:.4g} held out, though both are about the "
            "same difficulties: they were not averaged over the same kind of steps (padding?), or β was "
            "still moving.",
            (*of_epochs("train_l_22", points[-1:]), *subject.evidence("l_22")),
        )


def warm_up_unfinished(subject: Subject) -> Iterator[Observation]:
    """λ never reached its target."""
    epochs, warmup = subject.number("training.epochs"), subject.number("loss.lambda_warmup_epochs")
    target = subject.number("loss.lambda_target")
    constant = subject.setting("loss.lambda_schedule") == "constant"
    if (
        not subject.has_ability
        or epochs is None
        or warmup is None
        or not target
        or constant
        or warmup <= epochs
    ):
        return
    reached = subject.figure("lambda")
    so_far = (
        f"λ reached {reached:.3g} of its target {target:g}"
        if reached is not None
        else f"λ never reached {target:g}"
    )
    yield Observation(
        "warm_up_unfinished",
        "caution",
        f"{so_far}, for the warm-up takes {warmup:g} epochs and the training had {epochs:g}: the losses that "
        f"were compared are not those that were meant; train for {warmup:g} epochs or set "
        f"loss.lambda_warmup_epochs to {epochs:g} at most.",
        (
            Evidence("lambda", label_of("lambda"), reached, int(epochs)),
            of_setting("loss.lambda_target", target),
            of_setting("loss.lambda_warmup_epochs", warmup),
            of_setting("training.epochs", epochs),
        ),
    )


def best_epoch_at_the_edge(subject: Subject) -> Iterator[Observation]:
    """The best epoch is the first or the last one, so that the best may lie beyond."""
    points = subject.series("auc")
    if len(points) < FEWEST_EPOCHS:
        return
    best = max(points, key=lambda point: point[1])
    if best == points[0]:
        yield Observation(
            "best_epoch_first",
            "caution",
            f"The best AUC, {best[1]:.4f}, is that of the first epoch, and the last has {points[-1][1]:.4f}: "
            "training on makes it worse; lower training.learning_rate or loss.lambda_target.",
            of_epochs("auc", [best, points[-1]]),
        )
    elif best == points[-1] and best[1] - points[-2][1] > LEVEL and not _is_rising(points):
        yield Observation(
            "best_epoch_last",
            "remark",
            f"The best AUC, {best[1]:.4f}, is that of the last epoch ({best[1] - points[-2][1]:+.4f} in it): "
            "more epochs may still gain a little.",
            of_epochs("auc", points[-2:]),
        )
