from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, TypeVar

from attrs import define as _attrs_define

from .. import types
from ..models.evaluate_experiment_files_body_format import (
    EvaluateExperimentFilesBodyFormat,
    check_evaluate_experiment_files_body_format,
)
from ..models.evaluate_experiment_files_body_protocol import (
    EvaluateExperimentFilesBodyProtocol,
    check_evaluate_experiment_files_body_protocol,
)
from ..types import UNSET, File, Unset

T = TypeVar("T", bound="EvaluateExperimentFilesBody")


@_attrs_define
class EvaluateExperimentFilesBody:
    file: File
    """ The file. """
    protocol: EvaluateExperimentFilesBodyProtocol | Unset = "window"
    format_: EvaluateExperimentFilesBodyFormat | Unset = "auto"

    def to_dict(self) -> dict[str, Any]:
        file = self.file.to_tuple()

        protocol: str | Unset = UNSET
        if not isinstance(self.protocol, Unset):
            protocol = self.protocol

        format_: str | Unset = UNSET
        if not isinstance(self.format_, Unset):
            format_ = self.format_

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "file": file,
            }
        )
        if protocol is not UNSET:
            field_dict["protocol"] = protocol
        if format_ is not UNSET:
            field_dict["format"] = format_

        return field_dict

    def to_multipart(self) -> types.RequestFiles:
        files: types.RequestFiles = []

        files.append(("file", self.file.to_tuple()))

        if not isinstance(self.protocol, Unset):
            files.append(("protocol", (None, str(self.protocol).encode(), "text/plain")))

        if not isinstance(self.format_, Unset):
            files.append(("format", (None, str(self.format_).encode(), "text/plain")))

        return files

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        file = File(payload=BytesIO(d.pop("file")))

        _protocol = d.pop("protocol", UNSET)
        protocol: EvaluateExperimentFilesBodyProtocol | Unset
        if isinstance(_protocol, Unset):
            protocol = UNSET
        else:
            protocol = check_evaluate_experiment_files_body_protocol(_protocol)

        _format_ = d.pop("format", UNSET)
        format_: EvaluateExperimentFilesBodyFormat | Unset
        if isinstance(_format_, Unset):
            format_ = UNSET
        else:
            format_ = check_evaluate_experiment_files_body_format(_format_)

        evaluate_experiment_files_body = cls(
            file=file,
            protocol=protocol,
            format_=format_,
        )

        return evaluate_experiment_files_body
