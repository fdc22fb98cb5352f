"""Reference models: the theory whose language Head 2 speaks.

A new one is a file beside `rasch.py` and a line in the two tables here.
"""

from collections.abc import Callable
from typing import Any

from ikt_model.config import ReferenceSettings
from ikt_model.data.sequences import Sequences
from ikt_model.references.protocol import Calibration, ReferenceTargets
from ikt_model.references.rasch import NothingToCalibrate, RaschCalibration, fit_rasch

__all__ = ["Calibration", "NothingToCalibrate", "ReferenceTargets", "calibrate", "calibration_from_dict"]

_FITS: dict[str, Callable[..., Calibration]] = {"rasch": fit_rasch}
_READERS: dict[str, Callable[[dict[str, Any]], Calibration]] = {"rasch": RaschCalibration.from_dict}


def calibrate(sequences: Sequences, *, settings: ReferenceSettings) -> Calibration:
    """Fit the reference named in the settings to these (training) students. Raises NothingToCalibrate."""
    return _FITS[settings.name](sequences, settings=settings)


def calibration_from_dict(stored: dict[str, Any]) -> Calibration:
    """A fitted reference from what `Calibration.to_dict` gave."""
    return _READERS[stored["name"]](stored)
