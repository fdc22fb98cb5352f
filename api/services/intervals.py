"""How unsure a statement about a student is: 90 % intervals, as wide as the reference's own errors.

What the network itself may be wrong about is not in them: nothing measures it.
"""

import math

from scipy.special import expit, logit

REACH = 1.645  # standard deviations on either side that hold 90 % of a normal distribution
NEAREST = 2.0**-24  # mastery is stored in single precision: closer to 0 or 1 than this it may be rounded


def ability_band(theta: float, sd: float) -> tuple[float, float]:
    """θ ± 1.645 standard deviations, in logits."""
    return theta - REACH * sd, theta + REACH * sd


def mastery_interval(mastery: float, *, theta_sd: float, difficulty_se: float | None) -> tuple[float, float]:
    """The same around M on the scale of its logit, from the errors of θ and β as if they were independent.

    Without an error of β (nobody practised the skill in training) anything may be: 0 to 1. NaN for a mastery
    that does not exist.
    """
    if math.isnan(mastery):
        return math.nan, math.nan
    if difficulty_se is None or not math.isfinite(difficulty_se):
        return 0.0, 1.0
    middle = logit(min(max(mastery, NEAREST), 1 - NEAREST))
    half = REACH * math.hypot(theta_sd, difficulty_se)
    return min(float(expit(middle - half)), mastery), max(float(expit(middle + half)), mastery)
