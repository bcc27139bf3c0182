"""Camera modes as reported by Linux video drivers (Video4Linux2, `linux/videodev2.h`)."""

import os
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# From <linux/videodev2.h>: ioctl request code (includes the size of the structure) and the layout of the structure.
_ENUM_FORMATS, _FORMAT = 0xC0405602, struct.Struct("=III32sII12x")
_ENUM_SIZES, _SIZE = 0xC02C564A, struct.Struct("=III6I8x")
_ENUM_INTERVALS, _INTERVAL = 0xC034564B, struct.Struct("=IIIII6I8x")
_CAPTURE = 1
_DISCRETE = 1
_MAX_ENTRIES = 256
"""Limit on the entries of a list, since a faulty driver may never end it."""

Ioctl = Callable[[int, int, bytes], bytes]
"""Signature of `fcntl.ioctl`, which raises OSError at the end of a list."""


@dataclass(frozen=True, slots=True)
class DriverMode:
    """One resolution at one frame rate."""

    width: int
    height: int
    fps: int
    """Rounded; 0 if the driver does not report it."""


def read_modes(path: str) -> list[DriverMode]:
    """List the modes of a device such as `/dev/video0` without starting it; empty if it cannot be queried."""
    if sys.platform != "linux":
        return []
    import fcntl

    try:
        device = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return []
    try:
        return enumerate_modes(device, fcntl.ioctl)
    finally:
        os.close(device)


def enumerate_modes(device: int, ioctl: Ioctl) -> list[DriverMode]:
    """List all fixed resolutions with their frame rates, smallest first."""
    found: set[DriverMode] = set()
    for *_, pixels, _ in _entries(device, ioctl, _ENUM_FORMATS, _FORMAT, (_CAPTURE, 0, b"", 0, 0)):
        for _, _, kind, width, height, *_ in _entries(device, ioctl, _ENUM_SIZES, _SIZE, (pixels, *[0] * 7)):
            if kind != _DISCRETE:  # a range of sizes, which is not listed
                continue
            wanted = (pixels, width, height, *[0] * 7)
            rates = [
                round(entry[6] / entry[5])
                for entry in _entries(device, ioctl, _ENUM_INTERVALS, _INTERVAL, wanted)
                if entry[4] == _DISCRETE and entry[5]
            ]
            found.update(DriverMode(width, height, rate) for rate in rates or [0])
    return sorted(found, key=lambda mode: (mode.width * mode.height, mode.width, mode.fps))


def _entries(
    device: int, ioctl: Ioctl, call: int, form: struct.Struct, fields: tuple[int | bytes, ...]
) -> Iterator[tuple[int, ...]]:
    """Yield the entries of a driver's list, which is queried by index until the driver reports its end."""
    for index in range(_MAX_ENTRIES):
        try:
            answer = ioctl(device, call, form.pack(index, *fields))
        except OSError:
            return
        yield form.unpack(answer)
