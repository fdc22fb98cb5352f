"""Reference models: the theory whose language Head 2 speaks.

A new one is a file here, its settings in `ikt_model/settings.py` and a line in the two tables below.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ikt_model.data.sequences import Sequences
from ikt_model.references.bkt import BktCalibration, fit_bkt
from ikt_model.references.counts import NothingToCalibrate
from ikt_model.references.pfa import PfaCalibration
from ikt_model.references.pfa_fit import fit_pfa
from ikt_model.references.protocol import Calibration, ReferenceTargets
from ikt_model.references.quality import ReferenceQuality, assess
from ikt_model.references.rasch import RaschCalibration, fit_rasch
from ikt_model.references.skill_rate import SkillRateCalibration, fit_skill_rate
from ikt_model.settings import ReferenceSettings

__all__ = [
    "Calibration",
    "NothingToCalibrate",
    "ReferenceQuality",
    "ReferenceTargets",
    "assess",
    "calibrate",
    "calibration_from_dict",
]

_Fitted = RaschCalibration | PfaCalibration | BktCalibration | SkillRateCalibration

_FITS: dict[str, Callable[..., _Fitted]] = {
    "rasch": fit_rasch,
    "pfa": fit_pfa,
    "bkt": fit_bkt,
    "skill-rate": fit_skill_rate,
}
_READERS: dict[str, Callable[[dict[str, Any]], Calibration]] = {
    "rasch": RaschCalibration.from_dict,
    "pfa": PfaCalibration.from_dict,
    "bkt": BktCalibration.from_dict,
    "skill-rate": SkillRateCalibration.from_dict,
}


def calibrate(sequences: Sequences, *, settings: ReferenceSettings) -> Calibration:
    """Fit the reference named in the settings to these (training) students, and measure it on them.

    Raises NothingToCalibrate.
    """
    fitted = _FITS[settings.name](sequences, settings=settings)
    return replace(fitted, quality=assess(fitted, sequences).figures())


def calibration_from_dict(stored: dict[str, Any]) -> Calibration:
    """A fitted reference from what `Calibration.to_dict` gave."""
    return _READERS[stored["name"]](stored)
