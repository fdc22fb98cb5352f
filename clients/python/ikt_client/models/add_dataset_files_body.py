from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, TypeVar

from attrs import define as _attrs_define

from .. import types
from ..models.add_dataset_files_body_format import (
    AddDatasetFilesBodyFormat,
    check_add_dataset_files_body_format,
)
from ..types import UNSET, File, Unset

T = TypeVar("T", bound="AddDatasetFilesBody")


@_attrs_define
class AddDatasetFilesBody:
    file: File
    """ The file. """
    name: str | Unset = UNSET
    """ For people; default: the file's name. """
    format_: AddDatasetFilesBodyFormat | Unset = "auto"

    def to_dict(self) -> dict[str, Any]:
        file = self.file.to_tuple()

        name = self.name

        format_: str | Unset = UNSET
        if not isinstance(self.format_, Unset):
            format_ = self.format_

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "file": file,
            }
        )
        if name is not UNSET:
            field_dict["name"] = name
        if format_ is not UNSET:
            field_dict["format"] = format_

        return field_dict

    def to_multipart(self) -> types.RequestFiles:
        files: types.RequestFiles = []

        files.append(("file", self.file.to_tuple()))

        if not isinstance(self.name, Unset):
            files.append(("name", (None, str(self.name).encode(), "text/plain")))

        if not isinstance(self.format_, Unset):
            files.append(("format", (None, str(self.format_).encode(), "text/plain")))

        return files

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        file = File(payload=BytesIO(d.pop("file")))

        name = d.pop("name", UNSET)

        _format_ = d.pop("format", UNSET)
        format_: AddDatasetFilesBodyFormat | Unset
        if isinstance(_format_, Unset):
            format_ = UNSET
        else:
            format_ = check_add_dataset_files_body_format(_format_)

        add_dataset_files_body = cls(
            file=file,
            name=name,
            format_=format_,
        )

        return add_dataset_files_body
