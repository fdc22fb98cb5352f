"""Fitted reference models: one fit serves every experiment on the same data, folds and settings."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.base import new_id
from db.models import Calibration
from db.repositories.upserts import insert_into


def calibration_key(
    *, content_hash: str, fold: int, exclude_folds: Sequence[int], settings: dict[str, Any], version: int
) -> str:
    """Equal data, folds and settings, fitted by the same version of the reference, give an equal key."""
    named = [content_hash, fold, sorted(exclude_folds), settings, version]
    canonical = json.dumps(named, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def find_calibration(session: Session, dataset_id: UUID, key: str) -> Calibration | None:
    """The dataset's calibration with that key, if one was fitted."""
    return session.scalar(
        select(Calibration).where(Calibration.dataset_id == dataset_id, Calibration.key == key)
    )


def find_seconds(
    session: Session, *, dataset_id: UUID, fold: int, exclude_folds: Sequence[int], settings: dict[str, Any]
) -> float | None:
    """How long the newest such fit took, if there is one, by whichever version of the reference."""
    fits = session.execute(
        select(Calibration.exclude_folds, Calibration.settings, Calibration.seconds)
        .where(Calibration.dataset_id == dataset_id, Calibration.fold == fold)
        .order_by(Calibration.created_at.desc(), Calibration.id.desc())
    )
    wanted = (sorted(exclude_folds), settings)
    return next((seconds for *fitted, seconds in fits if tuple(fitted) == wanted), None)


def add_calibration(
    session: Session,
    *,
    dataset_id: UUID,
    fold: int,
    exclude_folds: Sequence[int],
    reference: str,
    settings: dict[str, Any],
    key: str,
    parameters: dict[str, Any],
    summary: dict[str, Any],
    seconds: float,
) -> Calibration:
    """Store a fit; when another worker was faster, its row is returned and ours forgotten."""
    values = {
        "id": new_id(),
        "dataset_id": dataset_id,
        "fold": fold,
        "exclude_folds": sorted(exclude_folds),
        "reference": reference,
        "settings": settings,
        "key": key,
        "parameters": parameters,
        "summary": summary,
        "seconds": seconds,
    }
    session.execute(
        insert_into(session, Calibration)
        .values(values)
        .on_conflict_do_nothing(index_elements=["dataset_id", "key"])
    )
    stored = find_calibration(session, dataset_id, key)
    assert stored is not None
    return stored
