from typing import Literal

ReportReadProtocol = Literal["history", "window"]

REPORT_READ_PROTOCOL_VALUES: set[ReportReadProtocol] = {
    "history",
    "window",
}


def check_report_read_protocol(value: str) -> ReportReadProtocol:
    if value in REPORT_READ_PROTOCOL_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {REPORT_READ_PROTOCOL_VALUES!r}")
