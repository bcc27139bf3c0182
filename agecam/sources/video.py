"""Video files, decoded by FFmpeg through PyAV."""

import math
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from agecam.errors import SourceError
from agecam.sources.base import BaseSource, SourceInfo
from agecam.types import Frame, Image

_TAIL_PACKETS = 64
"""More packets than any threaded decoder holds at once."""


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
        self._frames = iter(decoder)
        self._delivered = 0
        self._jumped = False
        self._start_s: float | None = None
        self._next = self._take()
        if self._next is None:
            self.close()
            raise SourceError(f"The video '{self._name}' holds no readable frame: choose another file.")
        height, width = self._next.image_bgr.shape[:2]
        super().__init__(
            SourceInfo(path.name, width, height, decoder.fps, decoder.frame_count, live=False),
        )

    def read(self) -> Frame | None:
        """The next frame, or None at the end; raises SourceError where the file is cut short."""
        frame, self._next = self._next or self._take(), None
        return frame

    def seek(self, time_s: float) -> None:
        """Go on with the frame at a time, also after the end or a failure; raises SourceError.

        Frames before it are decoded from the last whole picture on.
        """
        self.close()
        # Opened anew: a decoder that has met the end or damage is in no state to go on from.
        decoder = self._decoder = _open(self._path)
        self._delivered, self._jumped = 0, True
        wanted_s = min(max(time_s, 0.0), self.info.duration_s or math.inf)
        period_s = 1 / (decoder.fps or 25.0)
        if wanted_s > period_s:
            decoder.seek(wanted_s + (self._start_s or 0.0))
        self._frames = iter(decoder)
        # The last frame where the time is past it.
        while (frame := self._take()) is not None:
            self._next = frame
            if frame.time_s > wanted_s - 0.5 * period_s:
                break
        if self._next is None and wanted_s > period_s:
            self.seek(0.0)

    def close(self) -> None:
        """Close the file."""
        self._next = None
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None

    def _take(self) -> Frame | None:
        if self._decoder is None:
            return None
        frame = next(self._frames, None)
        if frame is None:
            if self._delivered and self._decoder.cut_short:
                self.close()
                raise SourceError(
                    f"The video '{self._name}' is damaged and ends early, after {self._delivered} frames: "
                    "copy it again to have the rest."
                )
            return None
        fps = self._decoder.fps or 25.0
        time_s = self._decoder.time_s(frame)
        if self._jumped and time_s is not None:
            self._delivered, self._jumped = round((time_s - (self._start_s or 0.0)) * fps), False
        index = self._delivered
        self._delivered += 1
        if time_s is None:
            time_s = index / fps
        if self._start_s is None:
            self._start_s = time_s
        return Frame(upright_bgr(frame), index, time_s - self._start_s, self._name)


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
        matrix: Any = frame.side_data.get("DISPLAYMATRIX")
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
            raise SourceError(f"The file '{path.name}' is empty: copy it again or choose another.")
        if start == b"#EXTM3U":  # FFmpeg would wait minutes for one whose parts cannot be had
            raise SourceError(f"'{path.name}' is a playlist: open the address of its stream instead.")
        # 'file:' keeps FFmpeg from reading a colon in a name as a protocol, and the whitelist keeps
        # files that name other files from reaching out to the network.
        container = av.open(f"file:{path}", options={"protocol_whitelist": "file"}, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise SourceError(
            f"'{path.name}' cannot be read as a video or picture, as it is damaged or of an unknown kind: "
            "choose another file."
        ) from error
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:  # the cover of a piece of music
            stream.thread_type = thread_type
            return _Decoder(path, container, stream)
    container.close()
    raise SourceError(f"The file '{path.name}' holds no video: choose a video or a picture.")


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
        tolerance_s = 2 / (self.fps or 25.0) if self._partial else 0.5
        return self._end_s + tolerance_s < stated_s

    def time_s(self, frame: VideoFrame) -> float | None:
        """The frame's time stamp, from whatever zero the file has."""
        return None if frame.pts is None else frame.pts * self._time_base

    def seek(self, time_s: float) -> None:
        """Before the first frame is read: begin at the last whole picture up to a time stamp, or at the start."""
        with suppress(av.FFmpegError):  # a file without an index is read from its start
            self._container.seek(int(time_s / self._time_base), stream=self._stream)

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
            return stated
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
