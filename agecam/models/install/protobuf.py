"""Reads the wire format of protobuf, field by field, without the classes of a schema.

The `protobuf` package would hold a weights file of half a gigabyte twice, and needs generated classes that fit its
version. Here only the places of the values are read; whoever needs a value reads it from there. The format is described
at https://protobuf.dev/programming-guides/encoding.
"""

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

Bytes: TypeAlias = bytes | mmap.mmap

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
_FIXED_BYTES = {FIXED64: 8, FIXED32: 4}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message."""

    number: int
    wire_type: int
    """`VARINT`, `FIXED64`, `BYTES` or `FIXED32`."""
    start: int
    end: int
    """Place of its value in the file: the content, without its length."""
    value: int = 0
    """Of a varint."""


def fields(data: Bytes, start: int, end: int) -> Iterator[Field]:
    """The fields of the message from `start` to `end`, in order.

    Raises:
        ValueError: this is no message, or it is incomplete.
    """
    place = start
    while place < end:
        key, place = _varint(data, place, end)
        number, wire_type = key >> 3, key & 7
        value, value_start = 0, place
        if wire_type == VARINT:
            value, place = _varint(data, place, end)
        elif wire_type == BYTES:
            length, value_start = _varint(data, place, end)
            place = value_start + length
        elif wire_type in _FIXED_BYTES:
            place += _FIXED_BYTES[wire_type]
        else:
            raise ValueError(f"wire type {wire_type}")
        if number == 0 or place > end:
            raise ValueError(f"field {number} ends at {place} of {end}")
        yield Field(number, wire_type, value_start, place, value)


def integers(data: Bytes, field: Field) -> list[int]:
    """The values of a field of integers, packed or not; raises ValueError."""
    if field.wire_type == VARINT:
        return [field.value]
    if field.wire_type != BYTES:
        raise ValueError("not integers")
    values, place = [], field.start
    while place < field.end:
        value, place = _varint(data, place, field.end)
        values.append(value)
    return values


def number(data: Bytes, field: Field) -> float:
    """The value of a field that is an integer or a float; raises ValueError."""
    if field.wire_type == VARINT:
        return field.value
    if field.wire_type != FIXED32:
        raise ValueError("not a number")
    return float(struct.unpack("<f", data[field.start : field.end])[0])


def text(data: Bytes, field: Field) -> str:
    """The value of a text; raises ValueError."""
    if field.wire_type != BYTES:
        raise ValueError("not a text")
    return data[field.start : field.end].decode()


def _varint(data: Bytes, place: int, end: int) -> tuple[int, int]:
    """The varint at a place, and the place behind it."""
    value = 0
    for count in range(_MAX_VARINT_BYTES):
        if place >= end:
            raise ValueError("incomplete varint")
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << (7 * count)
        if not byte & 0x80:
            return value, place
    raise ValueError("varint too long")
