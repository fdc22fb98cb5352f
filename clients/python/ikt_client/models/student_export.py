from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.audit_entry_read import AuditEntryRead
    from ..models.erasure_read import ErasureRead
    from ..models.exported_interaction import ExportedInteraction
    from ..models.exported_predictions import ExportedPredictions
    from ..models.exported_sequence import ExportedSequence
    from ..models.exported_state import ExportedState


T = TypeVar("T", bound="StudentExport")


@_attrs_define
class StudentExport:
    """All that is stored of one student."""

    student_id: str
    created_at: datetime.datetime | None
    """ Null for somebody who is in datasets alone. """
    n_interactions: int
    last_interaction_at: datetime.datetime | None
    cohorts: list[str]
    states: list[ExportedState]
    """ One for each model that has scored the student, the oldest model first. """
    interactions: list[ExportedInteraction]
    """ In the order in which they happened. """
    erasures: list[ErasureRead]
    """ Those that are not done yet: of earlier ones nobody knows whom they were about. """
    audit: list[AuditEntryRead]
    """ Who read or wrote what of the student, the newest first. """
    datasets: list[ExportedSequence]
    predictions: list[ExportedPredictions]

    def to_dict(self) -> dict[str, Any]:
        student_id = self.student_id

        created_at: None | str
        if isinstance(self.created_at, datetime.datetime):
            created_at = self.created_at.isoformat()
        else:
            created_at = self.created_at

        n_interactions = self.n_interactions

        last_interaction_at: None | str
        if isinstance(self.last_interaction_at, datetime.datetime):
            last_interaction_at = self.last_interaction_at.isoformat()
        else:
            last_interaction_at = self.last_interaction_at

        cohorts = self.cohorts

        states = []
        for states_item_data in self.states:
            states_item = states_item_data.to_dict()
            states.append(states_item)

        interactions = []
        for interactions_item_data in self.interactions:
            interactions_item = interactions_item_data.to_dict()
            interactions.append(interactions_item)

        erasures = []
        for erasures_item_data in self.erasures:
            erasures_item = erasures_item_data.to_dict()
            erasures.append(erasures_item)

        audit = []
        for audit_item_data in self.audit:
            audit_item = audit_item_data.to_dict()
            audit.append(audit_item)

        datasets = []
        for datasets_item_data in self.datasets:
            datasets_item = datasets_item_data.to_dict()
            datasets.append(datasets_item)

        predictions = []
        for predictions_item_data in self.predictions:
            predictions_item = predictions_item_data.to_dict()
            predictions.append(predictions_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "student_id": student_id,
                "created_at": created_at,
                "n_interactions": n_interactions,
                "last_interaction_at": last_interaction_at,
                "cohorts": cohorts,
                "states": states,
                "interactions": interactions,
                "erasures": erasures,
                "audit": audit,
                "datasets": datasets,
                "predictions": predictions,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.audit_entry_read import AuditEntryRead  # noqa: PLC0415
        from ..models.erasure_read import ErasureRead  # noqa: PLC0415
        from ..models.exported_interaction import ExportedInteraction  # noqa: PLC0415
        from ..models.exported_predictions import ExportedPredictions  # noqa: PLC0415
        from ..models.exported_sequence import ExportedSequence  # noqa: PLC0415
        from ..models.exported_state import ExportedState  # noqa: PLC0415

        d = dict(src_dict)
        student_id = d.pop("student_id")

        def _parse_created_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                created_at_type_0 = datetime.datetime.fromisoformat(data)

                return created_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        created_at = _parse_created_at(d.pop("created_at"))

        n_interactions = d.pop("n_interactions")

        def _parse_last_interaction_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_interaction_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_interaction_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_interaction_at = _parse_last_interaction_at(d.pop("last_interaction_at"))

        cohorts = cast(list[str], d.pop("cohorts"))

        states = []
        _states = d.pop("states")
        for states_item_data in _states:
            states_item = ExportedState.from_dict(states_item_data)

            states.append(states_item)

        interactions = []
        _interactions = d.pop("interactions")
        for interactions_item_data in _interactions:
            interactions_item = ExportedInteraction.from_dict(interactions_item_data)

            interactions.append(interactions_item)

        erasures = []
        _erasures = d.pop("erasures")
        for erasures_item_data in _erasures:
            erasures_item = ErasureRead.from_dict(erasures_item_data)

            erasures.append(erasures_item)

        audit = []
        _audit = d.pop("audit")
        for audit_item_data in _audit:
            audit_item = AuditEntryRead.from_dict(audit_item_data)

            audit.append(audit_item)

        datasets = []
        _datasets = d.pop("datasets")
        for datasets_item_data in _datasets:
            datasets_item = ExportedSequence.from_dict(datasets_item_data)

            datasets.append(datasets_item)

        predictions = []
        _predictions = d.pop("predictions")
        for predictions_item_data in _predictions:
            predictions_item = ExportedPredictions.from_dict(predictions_item_data)

            predictions.append(predictions_item)

        student_export = cls(
            student_id=student_id,
            created_at=created_at,
            n_interactions=n_interactions,
            last_interaction_at=last_interaction_at,
            cohorts=cohorts,
            states=states,
            interactions=interactions,
            erasures=erasures,
            audit=audit,
            datasets=datasets,
            predictions=predictions,
        )

        return student_export
