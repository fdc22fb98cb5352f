"""What every request for training has in common: it is checked completely, and stored once for its key."""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from api.schemas.submissions import Submission
from api.services.refusals import ExperimentRefused, FieldRefused, IdempotencyKeyReused
from api.services.validation import refused_settings
from db.errors import DatasetNotFound, DuplicateIdempotencyKey
from db.models import Dataset
from db.repositories import datasets
from db.repositories.submissions import Submitted, find_submission
from ikt_model.config import ExperimentConfig, UnknownPreset, resolve_config, setting_names


def submit_once(
    session: Session,
    table: type[Submitted],
    request: Submission,
    *,
    key: str | None,
    add: Callable[[str], Submitted],
    refusal: type[ExperimentRefused] = ExperimentRefused,
) -> tuple[Submitted, bool]:
    """The row that the same request stored under that key before, or else the one that `add` stores now.

    `add` gets the request's hash, which belongs in the row. The second value says whether the row is new.
    Raises IdempotencyKeyReused, and what `add` raises; a dataset that is gone by then is a `refusal`.
    """
    request_hash = _hash(request)
    if known := _find_stored(session, table, key, request_hash):
        return known, False
    try:
        return add(request_hash), True
    except DuplicateIdempotencyKey:
        if winner := _find_stored(session, table, key, request_hash):
            return winner, False
        raise
    except DatasetNotFound as gone:
        raise refusal([_refused_dataset(gone)]) from gone


def _find_stored(
    session: Session, table: type[Submitted], key: str | None, request_hash: str
) -> Submitted | None:
    row = find_submission(session, table, key) if key is not None else None
    if row is not None and row.request_hash != request_hash:
        raise IdempotencyKeyReused(str(key))
    return row


def _hash(request: Submission) -> str:
    canonical = json.dumps(request.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def check_config(request: Submission) -> tuple[ExperimentConfig | None, list[FieldRefused]]:
    """The settings with all defaults, or what is wrong with them."""
    overrides, errors = overrides_of(request)
    if errors:
        return None, errors
    try:
        return resolve_config(request.preset, overrides), []
    except UnknownPreset as unknown:
        return None, [FieldRefused("/preset", str(unknown))]
    except ValidationError as error:
        known = setting_names(request.preset, overrides)
        return None, refused_settings(error, prefix="/config", known=known)


def overrides_of(request: Submission) -> tuple[dict[str, Any], list[FieldRefused]]:
    """The settings that replace the preset's, the seed among them."""
    overrides = dict(request.config)
    training = overrides.get("training", {})
    if request.seed is not None and isinstance(training, dict):
        if training.get("seed", request.seed) != request.seed:
            return {}, [FieldRefused("/seed", "config.training.seed says otherwise; give only one of them")]
        overrides["training"] = training | {"seed": request.seed}
    return overrides, []


def check_folds(
    session: Session, request: Submission, held_out: Sequence[int], *, field: str = "/fold"
) -> list[FieldRefused]:
    """What is wrong with the dataset, the folds to hold out, or those to leave out altogether."""
    try:
        folds = dataset_folds(datasets.get_dataset(session, request.dataset_id))
    except DatasetNotFound as missing:
        return [_refused_dataset(missing)]
    named = ", ".join(map(str, folds))
    errors = [
        FieldRefused(pointer, f"fold {fold} does not exist in the dataset; choose one of {named}")
        for pointer, chosen in ((field, held_out), ("/exclude_folds", request.exclude_folds))
        for fold in chosen
        if fold not in folds
    ]
    if len(folds) < 2:
        single = "the dataset has a single fold; without another nothing can be fitted"
        errors.append(FieldRefused(field, single))
    elif both := sorted({*held_out} & {*request.exclude_folds}):
        detail = f"fold {both[0]} is to be held out and excluded; a fold can't be both measured and left out"
        errors.append(FieldRefused("/exclude_folds", detail))
    elif not errors and not {*folds} - {*request.exclude_folds, *held_out[:1]}:
        detail = f"no fold is left to train on; exclude fewer of {named}"
        errors.append(FieldRefused("/exclude_folds", detail))
    return errors


def dataset_folds(dataset: Dataset) -> list[int]:
    """The folds that a dataset's students are in, ascending."""
    counted = dataset.statistics.get("students_per_fold", range(dataset.n_folds))
    return sorted(int(fold) for fold in counted if int(fold) >= 0)


def _refused_dataset(missing: DatasetNotFound) -> FieldRefused:
    return FieldRefused("/dataset_id", f"{missing}; upload it first, or see GET /datasets")
