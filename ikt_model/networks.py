"""Which network each `model.type` means; the only place that asks."""

import torch

from ikt_model.baselines import DktNetwork, ReferenceNetwork
from ikt_model.network import IktNetwork
from ikt_model.references import Calibration
from ikt_model.settings import DktSettings, IktSettings, ModelSettings
from ikt_model.tracer import Tracer


def empty_network(settings: ModelSettings, *, n_skills: int) -> Tracer:
    """A network of this kind, for weights to be put into."""
    if isinstance(settings, IktSettings):
        return IktNetwork(settings, n_skills=n_skills)
    if isinstance(settings, DktSettings):
        return DktNetwork(settings, n_skills=n_skills)
    return ReferenceNetwork(difficulty=torch.zeros(n_skills))


def build_network(settings: ModelSettings, *, calibration: Calibration) -> Tracer:
    """A fresh network. What Head 2 lets one read starts at the reference's values, so that the losses measure
    drift from there.
    """
    network = empty_network(settings, n_skills=len(calibration.difficulty))
    if network.has_ability:
        with torch.no_grad():
            network.difficulty.copy_(torch.as_tensor(calibration.difficulty, dtype=torch.float32))
            if isinstance(network, IktNetwork) and network.is_skill_wise:
                network.slopes.copy_(torch.as_tensor(calibration.slopes, dtype=torch.float32))
    return network
