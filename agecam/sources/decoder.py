"""Decodes the frames of a video, with continuous timestamps, as far as the file is intact."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import av
from av.container import InputContainer
from av.format import Flags
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from agecam.sources.clock import ContinuousClock, Restamped
from agecam.sources.media import Media, audio_stream, read_only, video_stream

DEFAULT_FPS = 25.0
_TAIL_PACKETS = 64
"""More packets than any multi-threaded decoder buffers."""
_MAX_FPS = 1000.0
_IMPLAUSIBLE = 100
"""An average rate that is this much lower than the usual one comes from a clock that jumps."""
_TS_DISCONT: Any = Flags.ts_discont
_LOST_S = 5.0
"""A recording on a server that ends this much before its stated end was cut off."""


@dataclass(frozen=True, slots=True)
class IndexedPacket:
    """A packet of the video."""

    pts: int | None
    """Continuous display time in ticks; None if the file does not tell."""
    is_keyframe: bool
    pos: int | None
    """Offset in the file, in bytes."""
    offset: int
    """What was added to its timestamp, in ticks."""


class Decoder:
    """The frames of one video stream. Packets that cannot be decoded are skipped.

    Timestamps (`pts`) are in ticks: see `seconds`.
    """

    def __init__(self, media: Media, thread_type: str = "AUTO") -> None:
        """Open the video; raises SourceError."""
        self._media = media
        self.container = container = media.open()
        try:
            self.stream = video_stream(container, media.name)
            self.sound = audio_stream(container, self.stream)
        except BaseException:
            container.close()
            raise
        if not media.is_local:
            read_only(container, self.stream)
        self.stream.thread_type = thread_type
        self._start = self.stream.start_time or 0  # FFmpeg may change it while reading
        self.fps = frame_rate(self.stream)
        self.clock = clock_of(container, self.stream)
        self.first_dts: int | None = None
        """Decoding time of the first packet, in ticks."""
        self.has_failed = False
        """Whether a packet could not be decoded so far."""
        self._partial = False
        self._damaged_tail = False
        self._end_s = 0.0

    def __iter__(self) -> Iterator[VideoFrame]:
        last_pts = None
        for frame in self._decode():
            last_pts = frame.pts
            yield self._note_end(frame)
        if self._damaged_tail and last_pts is not None and self._media.address is not None:
            for frame in self._decode_tail(last_pts):
                yield self._note_end(frame)

    @property
    def size(self) -> int:
        """Size of the file in bytes, not positive if unknown."""
        return int(self.container.size)

    @property
    def jumps(self) -> bool:
        """Whether clocks of this format are known to jump."""
        return clock_jumps(self.container)

    @property
    def is_truncated(self) -> bool:
        """Whether the file ended before its stated duration; valid after the last frame."""
        stated_s = None if self.clock.has_jumped else self._stated_duration_s()
        if stated_s is None:
            end_s = self.container.duration / av.time_base if self.container.duration else 0.0
            is_lost = not self._media.is_local and self._end_s + _LOST_S < end_s
            return self._partial or is_lost
        # A file cut inside a packet is certainly damaged; without that, stated durations are not exact enough.
        tolerance_s = 2 / (self.fps or DEFAULT_FPS) if self._partial else 0.5
        return self._end_s + tolerance_s < stated_s

    def duration_s(self) -> float | None:
        """The duration of the video, or of the file if that is not stated."""
        stated_s = self._stated_duration_s()
        if stated_s is None and self.container.duration:
            stated_s = self.container.duration / av.time_base
        return stated_s

    def seconds(self, ticks: int) -> float:
        """Convert a difference between two timestamps to seconds."""
        return ticks * self._time_base

    def seek(self, time_s: float, start_pts: int) -> None:
        """Start at a keyframe near `time_s` after `start_pts`, if the file allows seeking; call before reading."""
        with suppress(av.FFmpegError):
            self.container.seek(start_pts + int(time_s / self._time_base), stream=self.stream)

    def seek_to(self, packet: IndexedPacket) -> None:
        """Start at a keyframe of the index, if the file allows seeking; call before reading."""
        with suppress(av.FFmpegError):
            if self.jumps and packet.pos is not None:
                self.container.seek(packet.pos, stream=self.stream, unsupported_byte_offset=True)
            else:
                self.container.seek((packet.pts or 0) - packet.offset, stream=self.stream)
            self.clock.resume(packet.offset)

    def index(self) -> list[IndexedPacket]:
        """All packets of the video in file order; closes the decoder."""
        try:
            return [
                IndexedPacket(packet.pts, packet.is_keyframe, packet.pos, offset)
                for packet, offset in self._restamped()
            ]
        finally:
            self.close()

    def has_packets(self, count: int) -> bool:
        """Whether the stream has at least `count` packets; the decoder cannot be used afterwards."""
        return any(number >= count for number, _ in enumerate(self._packets(), start=1))

    def close(self) -> None:
        """Close the file."""
        self.container.close()

    def _restamped(self) -> Iterator[Restamped]:
        for packet in self._packets():
            yield from self.clock.add(packet)
        yield from self.clock.flush()

    def _packets(self) -> "Iterator[Packet[VideoStream]]":
        """Yield the packets in order, except for one truncated by the end of the file."""
        held = None
        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.FFmpegError, IndexError):  # IndexError: a damaged file began another stream
                break
            if not packet.size:  # the decoder would treat it as the end
                continue
            if self.first_dts is None:
                self.first_dts = packet.dts
            if held is not None:
                yield held
                held = None
            if packet.is_corrupt:
                held = packet
            else:
                yield packet
        self._partial = held is not None

    def _decode(self) -> Iterator[VideoFrame]:
        since_damage = _TAIL_PACKETS
        for packet, _ in self._restamped():
            since_damage += 1
            try:
                frames = self.stream.codec_context.decode(packet)
            except av.FFmpegError:
                since_damage, self.has_failed = 0, True
                continue
            yield from frames
        try:
            frames = self.stream.codec_context.decode(None)
        except av.FFmpegError:
            frames, since_damage = [], 0
        self._damaged_tail = since_damage < _TAIL_PACKETS
        yield from frames

    def _decode_tail(self, last_pts: int) -> Iterator[VideoFrame]:
        """Yield the frames after `last_pts`, from a second decoder without frame threads.

        With frame threads, FFmpeg drops the intact buffered frames if one of the last packets is damaged.
        """
        rest = Decoder(self._media, "SLICE")
        try:
            offset = self.clock.offset
            rest.container.seek(last_pts - offset, stream=rest.stream)
            rest.clock.resume(offset)
            for frame in rest._decode():
                if frame.pts is not None and frame.pts > last_pts:
                    yield frame
        except av.FFmpegError:
            return
        finally:
            rest.close()

    def _note_end(self, frame: VideoFrame) -> VideoFrame:
        if frame.pts is not None:
            duration_s = (frame.duration or 0) * self._time_base or 1 / (self.fps or DEFAULT_FPS)
            ticks = frame.pts - self._start
            self._end_s = max(self._end_s, ticks * self._time_base + duration_s)
        return frame

    @property
    def _time_base(self) -> float:
        return float(self.stream.time_base or 0)

    def _stated_duration_s(self) -> float | None:
        """Return the duration of the video stream as stated in the file, or None. Other streams may be longer."""
        if self.stream.duration:
            return self.stream.duration * self._time_base
        if (tag := self.stream.metadata.get("DURATION")) and (stated := _parse_clock(tag)) is not None:  # Matroska
            # FFmpeg writes the end time here, other programs the duration.
            start_s = self._start * self._time_base
            return stated - start_s if stated > start_s else stated
        if len(self.container.streams) == 1 and self.container.duration:
            return self.container.duration / av.time_base
        return None


def clock_of(container: InputContainer, stream: VideoStream) -> ContinuousClock:
    """A clock for the packets of a video stream."""
    second = 1 / float(stream.time_base or 1)
    return ContinuousClock(second / (frame_rate(stream) or DEFAULT_FPS), second, clock_jumps(container))


def clock_jumps(container: InputContainer) -> bool:
    """Whether clocks of this format are known to jump."""
    # FLV and Matroska, too, are written by recorders that go on after a lost connection.
    return bool(container.format.flags & _TS_DISCONT.value) or container.format.name == "flv"


def frame_rate(stream: VideoStream) -> float | None:
    """Frames per second; None if the file does not tell."""
    average, usual = stream.average_rate, stream.guessed_rate
    if average and usual and average * _IMPLAUSIBLE < usual <= _MAX_FPS / 4:
        average = usual
    rate = average or usual
    return float(rate) if rate else None


def _parse_clock(text: str) -> float | None:
    """Convert `HH:MM:SS.fff` to seconds; None for any other text."""
    try:
        hours, minutes, seconds = (float(part) for part in text.split(":"))
    except ValueError:
        return None
    return (hours * 60 + minutes) * 60 + seconds
