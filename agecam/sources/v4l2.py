"""What a camera offers, as Linux's video drivers tell it (Video4Linux2, `linux/videodev2.h`)."""

import os
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# From <linux/videodev2.h>: number of the call with the size of its structure, and the structure's fields.
_ENUM_FORMATS, _FORMAT = 0xC0405602, struct.Struct("=III32sII12x")
_ENUM_SIZES, _SIZE = 0xC02C564A, struct.Struct("=III6I8x")
_ENUM_INTERVALS, _INTERVAL = 0xC034564B, struct.Struct("=IIIII6I8x")
_CAPTURE = 1
_DISCRETE = 1
_MOST = 256
"""Entries that a driver is asked for: one that never ends its list must not hold the program."""

Ioctl = Callable[[int, int, bytes], bytes]
"""As `fcntl.ioctl`: raises OSError at the end of a list."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One resolution at one rate."""

    width: int
    height: int
    fps: int
    """Rounded; 0 where the driver does not tell."""


def read_offers(path: str) -> list[Offer]:
    """The resolutions and rates of a device such as `/dev/video0`; none where it cannot be asked. It is not started."""
    if sys.platform != "linux":
        return []
    import fcntl

    try:
        device = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return []
    try:
        return offers(device, fcntl.ioctl)
    finally:
        os.close(device)


def offers(device: int, ioctl: Ioctl) -> list[Offer]:
    """Every resolution that has a fixed size, smallest first, with its rates."""
    found: set[Offer] = set()
    for *_, pixels, _ in _entries(device, ioctl, _ENUM_FORMATS, _FORMAT, (_CAPTURE, 0, b"", 0, 0)):
        for _, _, kind, width, height, *_ in _entries(device, ioctl, _ENUM_SIZES, _SIZE, (pixels, *[0] * 7)):
            if kind != _DISCRETE:  # any size within bounds: the usual ones will do
                continue
            wanted = (pixels, width, height, *[0] * 7)
            rates = [
                round(entry[6] / entry[5])
                for entry in _entries(device, ioctl, _ENUM_INTERVALS, _INTERVAL, wanted)
                if entry[4] == _DISCRETE and entry[5]
            ]
            found.update(Offer(width, height, rate) for rate in rates or [0])
    return sorted(found, key=lambda offer: (offer.width * offer.height, offer.width, offer.fps))


def _entries(
    device: int, ioctl: Ioctl, call: int, form: struct.Struct, fields: tuple[int | bytes, ...]
) -> Iterator[tuple[int, ...]]:
    """A driver's list: the same question with a number that counts up, until there is no more."""
    for index in range(_MOST):
        try:
            answer = ioctl(device, call, form.pack(index, *fields))
        except OSError:
            return
        yield form.unpack(answer)
