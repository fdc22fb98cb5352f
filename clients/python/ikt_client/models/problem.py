from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.bad_row_problem import BadRowProblem
    from ..models.field_problem import FieldProblem


T = TypeVar("T", bound="Problem")


@_attrs_define
class Problem:
    """Problem document (RFC 9457). Its `type` is stable; further members depend on it."""

    type_: str
    """ Stable reference to the kind of problem; it can be looked up. """
    title: str
    """ Short summary of the kind. """
    status: int
    """ The HTTP status. """
    detail: str
    """ What happened this time, and what to do about it. """
    instance: str
    """ Path of the request. """
    errors: list[BadRowProblem | FieldProblem] | None | Unset = UNSET
    """ What is wrong, one by one: the first 100 values of the request, or the first 20 rows of a dataset. """
    total_errors: int | None | Unset = UNSET
    """ How many rows, or values if there are more than are told, were refused in all. """
    vocabulary_size: int | None | Unset = UNSET
    """ How many skills the model knows, where one is unknown. """
    nearest: list[str] | None | Unset = UNSET
    """ Known names that are spelt most like the unknown one. """
    limit: int | None | Unset = UNSET
    """ The most of what was too much. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.field_problem import FieldProblem  # noqa: PLC0415

        type_ = self.type_

        title = self.title

        status = self.status

        detail = self.detail

        instance = self.instance

        errors: list[dict[str, Any]] | None | Unset
        if isinstance(self.errors, Unset):
            errors = UNSET
        elif isinstance(self.errors, list):
            errors = []
            for errors_type_0_item_data in self.errors:
                errors_type_0_item: dict[str, Any]
                if isinstance(errors_type_0_item_data, FieldProblem):
                    errors_type_0_item = errors_type_0_item_data.to_dict()
                else:
                    errors_type_0_item = errors_type_0_item_data.to_dict()

                errors.append(errors_type_0_item)

        else:
            errors = self.errors

        total_errors: int | None | Unset
        if isinstance(self.total_errors, Unset):
            total_errors = UNSET
        else:
            total_errors = self.total_errors

        vocabulary_size: int | None | Unset
        if isinstance(self.vocabulary_size, Unset):
            vocabulary_size = UNSET
        else:
            vocabulary_size = self.vocabulary_size

        nearest: list[str] | None | Unset
        if isinstance(self.nearest, Unset):
            nearest = UNSET
        elif isinstance(self.nearest, list):
            nearest = self.nearest

        else:
            nearest = self.nearest

        limit: int | None | Unset
        if isinstance(self.limit, Unset):
            limit = UNSET
        else:
            limit = self.limit

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
                "title": title,
                "status": status,
                "detail": detail,
                "instance": instance,
            }
        )
        if errors is not UNSET:
            field_dict["errors"] = errors
        if total_errors is not UNSET:
            field_dict["total_errors"] = total_errors
        if vocabulary_size is not UNSET:
            field_dict["vocabulary_size"] = vocabulary_size
        if nearest is not UNSET:
            field_dict["nearest"] = nearest
        if limit is not UNSET:
            field_dict["limit"] = limit

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.bad_row_problem import BadRowProblem  # noqa: PLC0415
        from ..models.field_problem import FieldProblem  # noqa: PLC0415

        d = dict(src_dict)
        type_ = d.pop("type")

        title = d.pop("title")

        status = d.pop("status")

        detail = d.pop("detail")

        instance = d.pop("instance")

        def _parse_errors(data: object) -> list[BadRowProblem | FieldProblem] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                errors_type_0 = []
                _errors_type_0 = data
                for errors_type_0_item_data in _errors_type_0:

                    def _parse_errors_type_0_item(data: object) -> BadRowProblem | FieldProblem:
                        try:
                            if not isinstance(data, dict):
                                raise TypeError()
                            errors_type_0_item_type_0 = FieldProblem.from_dict(data)

                            return errors_type_0_item_type_0
                        except (TypeError, ValueError, AttributeError, KeyError):
                            pass
                        if not isinstance(data, dict):
                            raise TypeError()
                        errors_type_0_item_type_1 = BadRowProblem.from_dict(data)

                        return errors_type_0_item_type_1

                    errors_type_0_item = _parse_errors_type_0_item(errors_type_0_item_data)

                    errors_type_0.append(errors_type_0_item)

                return errors_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[BadRowProblem | FieldProblem] | None | Unset, data)

        errors = _parse_errors(d.pop("errors", UNSET))

        def _parse_total_errors(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        total_errors = _parse_total_errors(d.pop("total_errors", UNSET))

        def _parse_vocabulary_size(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        vocabulary_size = _parse_vocabulary_size(d.pop("vocabulary_size", UNSET))

        def _parse_nearest(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                nearest_type_0 = cast(list[str], data)

                return nearest_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        nearest = _parse_nearest(d.pop("nearest", UNSET))

        def _parse_limit(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        limit = _parse_limit(d.pop("limit", UNSET))

        problem = cls(
            type_=type_,
            title=title,
            status=status,
            detail=detail,
            instance=instance,
            errors=errors,
            total_errors=total_errors,
            vocabulary_size=vocabulary_size,
            nearest=nearest,
            limit=limit,
        )

        problem.additional_properties = d
        return problem

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
