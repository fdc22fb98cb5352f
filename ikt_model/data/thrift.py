"""Structs in Thrift's compact protocol, which Parquet's headers and footers are written in.

They are read here because what reads them in the libraries trusts them, and ends the process with them.
"""

from __future__ import annotations

import mmap
from typing import Any, TypeAlias

Struct: TypeAlias = dict[int, Any]  # of what kind a value is, the file says
"""Values by the number of their field."""
Bytes: TypeAlias = bytes | mmap.mmap

DEEPEST = 16  # structs and lists within each other; a footer has eight
STOP, TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 12
WHOLE = (4, 5, 6)
LONG_LIST = 15


def read_struct(content: Bytes, at: int, *, depth: int = 0) -> tuple[Struct, int]:
    """A struct and where it ends. Raises IndexError beyond the content, too deep, or where there is none."""
    _require_shallow(depth)
    values: Struct = {}
    field = 0
    while (head := content[at]) != STOP:
        at += 1
        kind, step = head & 15, head >> 4
        if step:
            field += step
        else:
            field, at = _whole(content, at)
        if kind in (TRUE, FALSE):  # here the kind is the value
            values[field] = int(kind == TRUE)
        else:
            values[field], at = _read_value(content, at, kind, depth=depth)
    return values, at + 1


def _read_value(content: Bytes, at: int, kind: int, *, depth: int) -> tuple[Any, int]:
    if kind in WHOLE:
        return _whole(content, at)
    if kind == BINARY:
        length, at = _varint(content, at)
        if at + length > len(content):
            raise IndexError(at + length)
        return content[at : at + length], at + length
    if kind == STRUCT:
        return read_struct(content, at, depth=depth + 1)
    if kind in (LIST, SET):
        return _read_list(content, at, depth=depth + 1)
    sizes = {TRUE: 1, FALSE: 1, BYTE: 1, DOUBLE: 8}  # within lists truths are bytes
    if kind not in sizes:
        raise IndexError(kind)
    return None, at + sizes[kind]


def _read_list(content: Bytes, at: int, *, depth: int) -> tuple[list[Any], int]:
    _require_shallow(depth)
    head, at = content[at], at + 1
    kind, length = head & 15, head >> 4
    if length == LONG_LIST:
        length, at = _varint(content, at)
    values: list[Any] = []
    for _ in range(length):  # each takes a byte at least, so that the content's end is the list's
        value, at = _read_value(content, at, kind, depth=depth)
        values.append(value)
    return values, at


def _require_shallow(depth: int) -> None:
    if depth > DEEPEST:
        raise IndexError(depth)


def _whole(content: Bytes, at: int) -> tuple[int, int]:
    value, at = _varint(content, at)
    return (value >> 1) ^ -(value & 1), at


def _varint(content: Bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise IndexError(at)
