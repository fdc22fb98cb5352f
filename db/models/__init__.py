"""Every table."""

from db.models.access import DEFAULT_TENANT, ApiKey, Owned, Tenant
from db.models.datasets import Calibration, Dataset
from db.models.experiments import EpochMetrics, Experiment
from db.models.models import Model, Skill
from db.models.privacy import AuditEntry, Erasure, StudentToken
from db.models.searches import CrossValidation, Sweep
from db.models.students import CohortMember, Interaction, Student, StudentState

__all__ = [
    "DEFAULT_TENANT",
    "ApiKey",
    "AuditEntry",
    "Calibration",
    "CohortMember",
    "CrossValidation",
    "Dataset",
    "EpochMetrics",
    "Erasure",
    "Experiment",
    "Interaction",
    "Model",
    "Owned",
    "Skill",
    "Student",
    "StudentState",
    "StudentToken",
    "Sweep",
    "Tenant",
]
