"""Continuous times for files whose clock jumps, restarts or is missing."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from av.packet import Packet

_GAP_S = {True: 10.0, False: 3600.0}
"""A longer time without frames is a jump of the clock. Only some formats, such as MPEG-TS, have clocks that jump; in
others, a long gap is more likely a picture that was displayed that long."""
_GAP_PERIODS = 20
"""For slow frame rates: a shorter time without frames is not a jump."""
_BACK_PERIODS = 3
"""Decoding times of damaged files may be this far out of order."""
_REORDERED_PERIODS = 20
_REORDERED_S = {True: 1.0, False: 3600.0}
"""Display times are out of order within a group of frames; the stated frame rate may be far too high."""
_RETURN_S = 1.0
"""A clock that was wrong for a few packets only is back if it differs at most by this from where it would be."""


@dataclass(slots=True)
class Span:
    """A part of the file in which the clock runs without jumps."""

    offset: int
    """What is added to its timestamps, in ticks."""
    first: int
    last: int
    """Its timestamps, in ticks of the file."""


class Restamped(NamedTuple):
    """A packet with continuous timestamps."""

    packet: "Packet[Any]"
    offset: int
    """What was added to them, in ticks."""


class ContinuousClock:
    """Shifts the timestamps of the packets of one stream, in file order, so that they go on where the clock jumps.

    What is displayed first after a jump follows what was displayed last before it.
    """

    def __init__(self, period: float, second: float, jumps: bool) -> None:
        """
        Args:
            period: usual time between two packets, in ticks.
            second: ticks per second.
            jumps: whether clocks of this format are known to jump.
        """
        self._period = max(1, round(period))
        self._gap = max(_GAP_S[jumps] * second, _GAP_PERIODS * period)
        self._back = _BACK_PERIODS * period
        self._reordered = max(_REORDERED_PERIODS * period, _REORDERED_S[jumps] * second)
        self._return = max(_RETURN_S * second, period)
        self._dts: int | None = None
        self._delay = 0
        """How much later than decoded a packet of this span is displayed, in ticks."""
        self._end: int | None = None
        """When the last packet so far ends to be displayed."""
        self._held: list[Packet[Any]] = []
        """Packets around a jump at which old and new display times are mixed."""
        self.spans: list[Span] = []

    @property
    def offset(self) -> int:
        """What is added to the timestamps now."""
        return self.spans[-1].offset if self.spans else 0

    @property
    def has_jumped(self) -> bool:
        """Whether the clock is known to have jumped so far."""
        return len(self.spans) > 1 or bool(self.offset)

    def resume(self, offset: int) -> None:
        """Go on within a span of this offset, after seeking."""
        self.spans[:] = [Span(offset, 0, 0)]
        self._dts = self._end = None
        self._held = []

    def add(self, packet: "Packet[Any]") -> list[Restamped]:
        """Shift the timestamps of the next packet; returns the packets that are ready."""
        if self._held:
            self._held.append(packet)
            return self.flush() if len(self._held) > _REORDERED_PERIODS else []
        pts, dts = packet.pts, packet.dts
        stamp = dts if pts is None else pts
        if stamp is None:
            self._count(packet.duration or self._period)
        elif self._end is None:
            self._begin(self.offset, stamp, dts)
        elif self._is_back(stamp, dts):
            self._begin(self._offset_after_jump(stamp), stamp, dts)
        elif stamp > self.spans[-1].last + self._gap:
            if dts is None or self._dts is None or dts <= self._dts + self._gap:
                self._held.append(packet)
                return []
            self._begin(self._offset_after_jump(stamp), stamp, dts)
        return [self._shifted(packet)]

    def flush(self) -> list[Restamped]:
        """Shift the packets around a jump, also at the end of the file.

        They are decoded in another order than they are displayed, so that some of the first are displayed after it.
        """
        held, self._held = self._held, []
        if not held:
            return []
        old = self.spans[-1]
        middle = (old.last + (held[0].pts or 0)) / 2
        is_new = [(packet.pts or 0) > middle for packet in held]
        before = [self._shifted(packet) if not new else None for packet, new in zip(held, is_new, strict=True)]
        if is_new[-1]:
            first = min(packet.pts or 0 for packet, new in zip(held, is_new, strict=True) if new)
            self._begin(self._offset_after_jump(first), first, None)
        return [ready or self._shifted(packet) for packet, ready in zip(held, before, strict=True)]

    def _is_back(self, stamp: int, dts: int | None) -> bool:
        if dts is not None and self._dts is not None:
            return dts < self._dts - self._back
        return stamp < self.spans[-1].last - self._reordered

    def _begin(self, offset: int, stamp: int, dts: int | None) -> None:
        """Begin a span."""
        if self._end is None:
            self.spans.clear()
        self.spans.append(Span(offset, stamp, stamp))
        self._dts = None
        self._delay = 0 if dts is None else stamp - dts

    def _offset_after_jump(self, stamp: int) -> int:
        if len(self.spans) > 1:
            before = self.spans[-2]
            if 0 <= stamp - before.last <= self._return:
                return before.offset
        return (self._end or 0) - stamp

    def _shifted(self, packet: "Packet[Any]") -> Restamped:
        span, pts, dts = self.spans[-1] if self.spans else Span(0, 0, 0), packet.pts, packet.dts
        stamp = dts if pts is None else pts
        if stamp is not None:
            span.first, span.last = min(span.first, stamp), max(span.last, stamp)
            end = stamp + span.offset + (packet.duration or self._period)
            self._end = end if self._end is None else max(self._end, end)
        if dts is not None:
            self._dts = dts
        if span.offset:
            packet.pts = None if pts is None else pts + span.offset
            packet.dts = None if dts is None else dts + span.offset
        return Restamped(packet, span.offset)

    def _count(self, duration: int) -> None:
        """Go on by a packet without timestamps."""
        if self._end is None:
            return
        if self._dts is None:
            self._end += duration
        else:
            self._dts += duration
            self._end = max(self._end, self._dts + self._delay + self.offset + duration)
