"""Video files, decoded by FFmpeg through PyAV."""

import math
import struct
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.sidedata.sidedata import SideDataContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from agecam.errors import SourceError
from agecam.sources.base import SEEK_TOLERANCE_S, BaseSource, SourceInfo
from agecam.types import Frame, Image

_TAIL_PACKETS = 64
"""More packets than any threaded decoder holds at once."""
_USUAL_FPS = 25.0
_LARGEST_COUNTED = 1 << 30
"""Bytes of a file that is read as a whole to count its frames."""
_MARGIN_S = 1.0
"""A file may state less than it lasts."""
_STEPS_BACK_S = (0.0, 1.0, 5.0, 30.0, math.inf)
"""How far before a frame to begin: some files lead to a place after the one asked for. The last is the start."""


class VideoSource(BaseSource):
    """A video file: every frame in order, upright, at its own time stamp.

    What decodes of a damaged file is delivered; where the file ends too early, `read` then raises
    SourceError.
    """

    def __init__(self, path: Path) -> None:
        """Open the file and decode its first frame; raises SourceError."""
        decoder = _open(path)
        self._decoder: _Decoder | None = decoder
        self._path = path
        self._name = path.name
        self._fps = decoder.fps or _USUAL_FPS
        self._index = 0
        self._is_even = True
        self._is_countable = decoder.size <= _LARGEST_COUNTED
        self._start_pts: int | None = None
        self._all_pts: list[int] | None = None
        self._frames = self._timed(decoder)
        self._ahead = list(islice(self._frames, 1))
        if not self._ahead:
            self.close()
            raise SourceError("The video '{name}' holds no readable frame: choose another file.", name=self._name)
        height, width = upright_bgr(self._ahead[0][0]).shape[:2]
        super().__init__(
            SourceInfo(path.name, width, height, decoder.fps, decoder.frame_count, live=False),
        )

    def read(self) -> Frame | None:
        """The next frame, or None at the end; raises SourceError where the file is cut short."""
        if self._decoder is None:
            return None
        frame, time_s = self._ahead.pop(0) if self._ahead else next(self._frames, (None, 0.0))
        if frame is None:
            if self._index and self._decoder.cut_short:
                self.close()
                raise SourceError(
                    "The video '{name}' is damaged and ends early, after {count} frames: "
                    "copy it again to have the rest.",
                    name=self._name,
                    count=self._index,
                )
            return None
        self._index += 1
        return Frame(upright_bgr(frame), self._index - 1, time_s, self._name)

    def seek(self, time_s: float) -> None:
        """Go on with the frame shown at a time, also after the end or a failure; raises SourceError.

        Frames before it are decoded from the last whole picture on. Its `index` is an estimate where uneven times meet
        damage or more than 1 GiB.
        """
        wanted_s = min(max(time_s, 0.0), (self.info.duration_s or math.inf) + _MARGIN_S)
        for back_s in _STEPS_BACK_S:
            if self._go_on(wanted_s, wanted_s - back_s):
                return

    def close(self) -> None:
        """Close the file."""
        self._ahead = []
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None

    def _go_on(self, wanted_s: float, begin_s: float) -> bool:
        """Decode from the last whole picture at `begin_s` up to the frame wanted; False if that comes too late."""
        self.close()
        # Opened anew: a decoder that has met the end or damage is in no state to go on from.
        decoder = self._decoder = _open(self._path)
        from_start = begin_s <= 0 or self._start_pts is None
        if not from_start:
            decoder.seek(begin_s, self._start_pts or 0)
        self._frames = self._timed(decoder)
        self._index = -1
        for frame, time_s in self._frames:
            if time_s > wanted_s + SEEK_TOLERANCE_S:
                self._ahead.append((frame, time_s))
                break
            self._ahead = [(frame, time_s)]
            self._index += 1
        if self._index >= 0 and not from_start:
            self._index = self._index_of(*self._ahead[0])
        return from_start or self._index >= 0

    def _timed(self, decoder: "_Decoder") -> Iterator[tuple[VideoFrame, float]]:
        """Each frame with its seconds since the first of the video."""
        before_s = None
        for number, frame in enumerate(decoder):
            if frame.pts is None:
                time_s = number / self._fps
            else:
                if self._start_pts is None:
                    self._start_pts = frame.pts
                time_s = decoder.seconds(frame.pts - self._start_pts)
            if before_s is not None and abs(time_s - before_s - 1 / self._fps) > 2 * SEEK_TOLERANCE_S:
                self._is_even = False
            before_s = time_s
            yield frame, time_s

    def _index_of(self, frame: VideoFrame, time_s: float) -> int:
        """How many frames come before one: by the rate if this video keeps to it, as far as seen, or else counted."""
        index = round(time_s * self._fps)
        keeps_rate = self._is_even and abs(index / self._fps - time_s) < SEEK_TOLERANCE_S
        if keeps_rate or not self._is_countable or frame.pts is None:
            return index
        if self._all_pts is None:
            self._all_pts = _open(self._path).all_pts()
        return bisect_left(self._all_pts, frame.pts) - bisect_left(self._all_pts, self._start_pts or 0)


def is_animated(path: Path) -> bool:
    """Whether a file FFmpeg can read (a GIF, say) has more than one frame; False where it cannot."""
    try:
        decoder = _open(path)
    except SourceError:
        return False
    try:
        return decoder.has_packets(2)
    finally:
        decoder.close()


def upright_bgr(frame: VideoFrame) -> Image:
    """A decoded frame as `(H, W, 3) uint8 BGR`, turned and mirrored as its display matrix asks."""
    image = frame.to_ndarray(format="bgr24")
    try:
        # The frame's own `side_data` would refer back to it, and keep its memory until Python looks for such circles.
        matrix: Any = SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg]  # absent from PyAV's stubs
    except ValueError:  # PyAV cannot name some newer kinds of side data that may stand beside it
        return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)), np.uint8)
    if matrix is not None:
        # x' = ax + cy and y' = bx + dy: for quarter turns either a and d are zero, or b and c.
        a, b, _, c, d = struct.unpack_from("=5i", bytes(matrix))
        if abs(b) > abs(a):
            image, a, d = image.transpose(1, 0, 2), c, b
        image = image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
    return np.ascontiguousarray(image, np.uint8)


def _open(path: Path, thread_type: str = "AUTO") -> "_Decoder":
    try:
        with path.open("rb") as file:
            start = file.read(7)
        if not start:
            raise SourceError("The file '{name}' is empty: copy it again or choose another.", name=path.name)
        if start == b"#EXTM3U":  # FFmpeg would wait minutes for one whose parts cannot be had
            raise SourceError("'{name}' is a playlist: open the address of its stream instead.", name=path.name)
        # 'file:' keeps FFmpeg from reading a colon in a name as a protocol, and the whitelist keeps
        # files that name other files from reaching out to the network.
        container = av.open(f"file:{path}", options={"protocol_whitelist": "file"}, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise SourceError(
            "'{name}' cannot be read as a video or picture, as it is damaged or of an unknown kind: "
            "choose another file.",
            name=path.name,
        ) from error
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:  # the cover of a piece of music
            if getattr(stream, "codec_context", None) is None:  # PyAV's types say that it never is
                container.close()
                raise SourceError(
                    "The video '{name}' is damaged or in a form that this computer cannot decode: choose another file.",
                    name=path.name,
                )
            stream.thread_type = thread_type
            return _Decoder(path, container, stream)
    container.close()
    raise SourceError("The file '{name}' holds no video: choose a video or a picture.", name=path.name)


class _Decoder:
    """The frames of one video stream. Packets that do not decode are passed over."""

    def __init__(self, path: Path, container: InputContainer, stream: VideoStream) -> None:
        self._path = path
        self._container = container
        self._stream = stream
        self._partial = False
        self._damaged_tail = False
        self._end_s = 0.0
        self.fps = float(rate) if (rate := stream.average_rate or stream.guessed_rate) else None
        self.frame_count = stream.frames or self._estimated_count()
        self.size = container.size

    def __iter__(self) -> Iterator[VideoFrame]:
        last_pts = None
        for frame in self._decoded():
            last_pts = frame.pts
            yield self._noted(frame)
        if self._damaged_tail and last_pts is not None:
            for frame in self._rest(last_pts):
                yield self._noted(frame)

    @property
    def cut_short(self) -> bool:
        """At the end: whether the file had less to give than it should."""
        stated_s = self._stated_s()
        if stated_s is None:
            return self._partial
        # A file cut inside a packet is certainly damaged; durations alone are not that exact.
        tolerance_s = 2 / (self.fps or _USUAL_FPS) if self._partial else 0.5
        return self._end_s + tolerance_s < stated_s

    def seconds(self, ticks: int) -> float:
        """A difference between two time stamps."""
        return ticks * self._time_base

    def seek(self, time_s: float, start_pts: int) -> None:
        """Before the first frame is read: begin at a whole picture near a time after `start_pts`, if there is a way."""
        with suppress(av.FFmpegError):
            self._container.seek(start_pts + int(time_s / self._time_base), stream=self._stream)

    def all_pts(self) -> list[int]:
        """The time stamps of all packets, in order; leaves it closed."""
        try:
            return sorted(packet.pts for packet in self._packets() if packet.pts is not None)
        finally:
            self.close()

    def has_packets(self, count: int) -> bool:
        """Whether the stream has at least so many packets; leaves it unfit for decoding."""
        return any(number >= count for number, _ in enumerate(self._packets(), start=1))

    def close(self) -> None:
        self._container.close()

    def _packets(self) -> "Iterator[Packet[VideoStream]]":
        """The packets in order, without one that the end of the file cuts off."""
        held = None
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.FFmpegError):
                break
            if not packet.size:  # to the decoder this would mean the end
                continue
            if held is not None:
                yield held
                held = None
            if packet.is_corrupt:
                held = packet
            else:
                yield packet
        self._partial = held is not None

    def _decoded(self) -> Iterator[VideoFrame]:
        since_damage = _TAIL_PACKETS
        for packet in self._packets():
            since_damage += 1
            try:
                frames = self._stream.codec_context.decode(packet)
            except av.FFmpegError:
                since_damage = 0
                continue
            yield from frames
        try:
            frames = self._stream.codec_context.decode(None)
        except av.FFmpegError:
            frames, since_damage = [], 0
        self._damaged_tail = since_damage < _TAIL_PACKETS
        yield from frames

    def _rest(self, last_pts: int) -> Iterator[VideoFrame]:
        """The frames after `last_pts`, from a second decoder without frame threads.

        With them FFmpeg drops the good frames in flight when a packet among the last is damaged.
        """
        rest = _open(self._path, "SLICE")
        try:
            rest._container.seek(last_pts, stream=rest._stream)
            for frame in rest._decoded():
                if frame.pts is not None and frame.pts > last_pts:
                    yield frame
        except av.FFmpegError:
            return
        finally:
            rest.close()

    def _noted(self, frame: VideoFrame) -> VideoFrame:
        if frame.pts is not None:
            ticks = frame.pts - (self._stream.start_time or 0) + (frame.duration or 0)
            self._end_s = max(self._end_s, ticks * self._time_base)
        return frame

    @property
    def _time_base(self) -> float:
        return float(self._stream.time_base or 0)

    def _stated_s(self) -> float | None:
        """Seconds the file says its pictures last, or None. Other streams may last longer."""
        if self._stream.duration:
            return self._stream.duration * self._time_base
        if (tag := self._stream.metadata.get("DURATION")) and (stated := _clock_s(tag)) is not None:  # Matroska
            # FFmpeg writes there when it ends, others how long it lasts.
            start_s = (self._stream.start_time or 0) * self._time_base
            return stated - start_s if stated > start_s else stated
        if len(self._container.streams) == 1 and self._container.duration:
            return self._container.duration / av.time_base
        return None

    def _estimated_count(self) -> int | None:
        stated_s = self._stated_s()
        return round(stated_s * self.fps) if stated_s and self.fps else None


def _clock_s(text: str) -> float | None:
    """Seconds of `HH:MM:SS.fff`, or None where the text is something else."""
    try:
        hours, minutes, seconds = (float(part) for part in text.split(":"))
    except ValueError:
        return None
    return (hours * 60 + minutes) * 60 + seconds
