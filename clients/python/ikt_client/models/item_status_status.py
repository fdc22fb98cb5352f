from typing import Literal

ItemStatusStatus = Literal["accepted", "duplicate", "ignored", "refused"]

ITEM_STATUS_STATUS_VALUES: set[ItemStatusStatus] = {
    "accepted",
    "duplicate",
    "ignored",
    "refused",
}


def check_item_status_status(value: str) -> ItemStatusStatus:
    if value in ITEM_STATUS_STATUS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {ITEM_STATUS_STATUS_VALUES!r}")
