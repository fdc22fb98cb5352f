"""How unsure a statement about a student is: 90 % intervals, as wide as the reference's own errors.

What the network itself may be wrong about is not in them: nothing measures it.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

Floats = NDArray[np.float64]
Ability = TypeVar("Ability", float, NDArray[np.float64])

REACH = 1.645  # standard deviations on either side that hold 90 % of a normal distribution
NEAREST = 2.0**-24  # mastery is stored in single precision: closer to 0 or 1 than this it may be rounded


def ability_band(theta: Ability, sd: Ability) -> tuple[Ability, Ability]:
    """θ ± 1.645 standard deviations, in logits."""
    return theta - REACH * sd, theta + REACH * sd


def mastery_intervals(mastery: Floats, *, theta_sd: float, difficulty_se: Floats) -> tuple[Floats, Floats]:
    """The same around each M on the scale of its logit, from the errors of θ and β as if independent.

    Without an error of β (∞: nobody practised the skill in training) anything may be: 0 to 1. NaN for a
    mastery that does not exist.
    """
    middle = logit(np.clip(mastery, NEAREST, 1 - NEAREST))
    half = REACH * np.hypot(theta_sd, difficulty_se)
    return np.minimum(expit(middle - half), mastery), np.maximum(expit(middle + half), mastery)
