"""Reads the sound of a video, on the same continuous time line as its frames."""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import av
from av.audio.stream import AudioStream
from av.packet import Packet

from agecam.errors import SourceError
from agecam.sources.base import Sound
from agecam.sources.clock import Span
from agecam.sources.decoder import clock_jumps, clock_of
from agecam.sources.media import audio_stream, media_at, read_only, video_stream

_SEEK_MARGIN_S = 1.0
"""Sound and frames of the same time may lie this far apart in a file."""
_SPAN_MARGIN_S = 3.0
"""Sound may begin before the frames of its span of the clock, and end after them."""
_MAX_WAITING = 2000
"""Packets that are kept until the frames of the same span are found: some ten seconds."""
_JUMP_S = 1.0


class SoundPacket(NamedTuple):
    """A packet of encoded sound."""

    packet: "Packet[AudioStream]"
    time_s: float
    """On the time line of the frames; negative if it is heard before the first frame."""


class SoundReader:
    """The packets of a video's sound in order. Only some seconds of it are in memory."""

    def __init__(self, sound: Sound) -> None:
        """Open the file again; raises SourceError."""
        if sound.address is None:
            raise SourceError("The sound of a pipe cannot be read: save it as a file and open that.")
        media = media_at(sound.address)
        self._container = container = media.open()
        try:
            self._video = video_stream(container, media.name)
            stream = audio_stream(container, self._video)
            if stream is None:
                raise SourceError("The video '{name}' contains no sound.", name=media.name)
        except BaseException:
            container.close()
            raise
        self.stream: AudioStream = stream
        read_only(container, self._video, stream)
        self._sound = sound
        self._seeks = not (sound.has_jumps or clock_jumps(container))

    def packets(self, from_s: float) -> Iterator[SoundPacket]:
        """The packets from `from_s` on or from some time before. Damaged parts of the file are left out."""
        if self._seeks and from_s > _SEEK_MARGIN_S:
            with suppress(av.FFmpegError):
                self._container.seek(int((from_s + self._sound.start_s - _SEEK_MARGIN_S) * av.time_base))
        return self._with_clock()

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _with_clock(self) -> Iterator[SoundPacket]:
        clock = clock_of(self._container, self._video)
        spans = _Spans(clock.spans, 1 / float(self._video.time_base or 1))
        waiting: deque[SoundPacket] = deque()
        for packet in self._demuxed():
            if packet.stream_index == self._video.index:
                clock.add(packet)
            elif (stamp := packet.dts if packet.pts is None else packet.pts) is not None:
                waiting.append(SoundPacket(packet, stamp * float(self.stream.time_base or 0)))
            yield from self._placed(waiting, spans, _MAX_WAITING)
        clock.flush()
        yield from self._placed(waiting, spans, 0)

    def _placed(self, waiting: deque[SoundPacket], spans: "_Spans", limit: int) -> Iterator[SoundPacket]:
        """Take the packets whose place is known from `waiting`; of more than `limit`, it is guessed."""
        while waiting:
            packet, time_s = waiting[0]
            offset_s = spans.offset_s(time_s, guess=len(waiting) > limit)
            if offset_s is None:
                return
            waiting.popleft()
            yield SoundPacket(packet, time_s + offset_s - self._sound.start_s)

    def _demuxed(self) -> "Iterator[Packet[AudioStream]]":
        packets = self._container.demux(self._video, self.stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.FFmpegError, IndexError):  # IndexError: a damaged file began another stream
                return
            # The clock goes on in a damaged frame; damaged sound would be noise.
            if packet.size and not (packet.is_corrupt and packet.stream_index == self.stream.index):
                yield packet  # type: ignore[misc]


class _Spans:
    """Finds the span of the frames' clock to which a time of the sound belongs."""

    def __init__(self, spans: list[Span], second: float) -> None:
        """`spans` grows while the file is read; `second` is its number of ticks in a second."""
        self._spans = spans
        self._second = second
        self._current = 0
        self._last_s: float | None = None
        self._jumped = False

    def offset_s(self, time_s: float, guess: bool) -> float | None:
        """Seconds to add to a time of the sound, called in order; None if its frames have not been read yet.

        With `guess`, the nearest span is taken.
        """
        if self._last_s is not None and time_s < self._last_s - _JUMP_S:
            self._jumped = True  # back, so that it belongs to a later span even if its time is within this one
        found = None
        for number in range(self._current + self._jumped, len(self._spans)):
            span = self._spans[number]
            if span.first / self._second - _SPAN_MARGIN_S <= time_s <= span.last / self._second + _SPAN_MARGIN_S:
                found = number
                break
        if found is None:
            if not guess:
                return None
            if not self._spans:
                return 0.0
            found = len(self._spans) - 1
        self._current, self._last_s, self._jumped = found, time_s, False
        return self._spans[found].offset / self._second
