"""The model that answers for students, as answers need it: read once, then kept while it serves."""

import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from api.schemas.models import ModelReference
from api.services.models import refer_to
from db.models import Model, Skill
from db.repositories import models
from db.repositories.models import Roles, Serving

MOST_DESCRIBED = 256  # models, one for each tenant who asked last


@dataclass(frozen=True, slots=True, eq=False)
class ServingModel:
    """One model and its K skills, by position. It never changes, so that it may be shared between threads."""

    id: UUID
    artifact: str
    reference: ModelReference  # how answers name it
    names: tuple[str, ...]  # [K]
    position: dict[str, int]  # of every name
    difficulty: NDArray[np.float64]  # [K] β in logits
    difficulty_se: NDArray[np.float64]  # [K] ∞ where nobody practised the skill in training
    prior_mastery: NDArray[np.float32]  # [K] of somebody without a response, as the two below; NaN if unknown
    prior_probability: NDArray[np.float32]
    prior_mastery_reference: NDArray[np.float32]
    ability_sd: float  # of the abilities of all students, logits; NaN if unknown


class ServingModels:
    """Which model serves a tenant now; asking costs one tiny statement."""

    def __init__(self) -> None:
        self._kept: OrderedDict[UUID, ServingModel] = OrderedDict()
        self._lock = Lock()

    def current(self, session: Session) -> ServingModel | None:
        """The model that serves in this transaction, if any was promoted."""
        return self.of(session, models.read_roles(session))

    def of(self, session: Session, roles: Roles) -> ServingModel | None:
        """The model that plays the part of serving; no statement unless it has just begun to."""
        serving = None if roles.serving_id is None else Serving(roles.serving_id, roles.promoted_at)
        return None if serving is None else self.describe(session, serving)

    def describe(self, session: Session, found: Serving) -> ServingModel:
        """The model that was found to serve; no statement unless it has just begun to."""
        described = self.find(found)
        if described is None:
            model = models.get_model(session, found.id)
            described = _describe(model, models.list_skills(session, found.id))
            with self._lock:
                self._kept[found.id] = described
                while len(self._kept) > MOST_DESCRIBED:
                    self._kept.popitem(last=False)
        return described

    def find(self, found: Serving) -> ServingModel | None:
        """The same if it was described already."""
        with self._lock:
            kept = self._kept.get(found.id)
            # Promoted again, a model has the same id and numbers, but another time of promotion.
            if kept is None or kept.reference.promoted_at != found.promoted_at:
                return None
            self._kept.move_to_end(found.id)
            return kept


def _describe(model: Model, skills: Sequence[Skill]) -> ServingModel:
    errors = [math.inf if row.standard_error is None else row.standard_error for row in skills]
    return ServingModel(
        id=model.id,
        artifact=model.artifact,
        reference=refer_to(model),
        names=tuple(row.name for row in skills),
        position={row.name: row.position for row in skills},
        difficulty=np.array([row.difficulty for row in skills], np.float64),
        difficulty_se=np.array(errors, np.float64),
        prior_mastery=_known_or_nan(row.prior_mastery for row in skills),
        prior_probability=_known_or_nan(row.prior_probability for row in skills),
        prior_mastery_reference=_known_or_nan(row.prior_mastery_reference for row in skills),
        ability_sd=math.nan if model.ability_sd is None else model.ability_sd,
    )


def _known_or_nan(values: Iterable[float | None]) -> NDArray[np.float32]:
    return np.array([math.nan if value is None else value for value in values], np.float32)
