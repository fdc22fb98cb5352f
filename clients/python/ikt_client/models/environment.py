from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.package_versions import PackageVersions


T = TypeVar("T", bound="Environment")


@_attrs_define
class Environment:
    """What ran the experiment; null until a worker took it."""

    code_version: None | str
    package_versions: None | PackageVersions
    device: None | str

    def to_dict(self) -> dict[str, Any]:
        from ..models.package_versions import PackageVersions  # noqa: PLC0415

        code_version: None | str
        code_version = self.code_version

        package_versions: dict[str, Any] | None
        if isinstance(self.package_versions, PackageVersions):
            package_versions = self.package_versions.to_dict()
        else:
            package_versions = self.package_versions

        device: None | str
        device = self.device

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "code_version": code_version,
                "package_versions": package_versions,
                "device": device,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.package_versions import PackageVersions  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_code_version(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        code_version = _parse_code_version(d.pop("code_version"))

        def _parse_package_versions(data: object) -> None | PackageVersions:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                package_versions_type_0 = PackageVersions.from_dict(data)

                return package_versions_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | PackageVersions, data)

        package_versions = _parse_package_versions(d.pop("package_versions"))

        def _parse_device(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        device = _parse_device(d.pop("device"))

        environment = cls(
            code_version=code_version,
            package_versions=package_versions,
            device=device,
        )

        return environment
