"""A trained model in use: what students can do, from scratch or one response further, and its figures."""

from ikt_model.inference.engine import Engine, Extension, Seen, use_threads
from ikt_model.inference.histories import Histories, History
from ikt_model.inference.predictor import Evaluation, Predictor, Protocol, Trajectory
from ikt_model.inference.scores import Scores

__all__ = [
    "Engine",
    "Evaluation",
    "Extension",
    "Histories",
    "History",
    "Predictor",
    "Protocol",
    "Scores",
    "Seen",
    "Trajectory",
    "use_threads",
]
