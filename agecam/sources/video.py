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
"""More packets than any multi-threaded decoder buffers."""
_DEFAULT_FPS = 25.0
_MAX_COUNTED_BYTES = 1 << 30
"""Size of the largest file that is read completely to count its frames."""
_DURATION_MARGIN_S = 1.0
"""A file may be longer than its stated duration."""
_SEEK_BACK_S = (0.0, 1.0, 5.0, 30.0, math.inf)
"""How far before a frame to start decoding: some files seek past the target. The last value is the start."""


class VideoSource(BaseSource):
    """A video file: all frames in order, upright, with their timestamps.

    Of a damaged file, the frames that can be decoded are delivered. At the end of a truncated file, `read` raises
    SourceError.
    """

    def __init__(self, path: Path) -> None:
        """Open the file and decode its first frame; raises SourceError."""
        decoder = _open(path)
        self._decoder: _Decoder | None = decoder
        self._path = path
        self._name = path.name
        self._fps = decoder.fps or _DEFAULT_FPS
        self._index = 0
        self._has_constant_rate = True
        self._can_count = decoder.size <= _MAX_COUNTED_BYTES
        self._start_pts: int | None = None
        self._all_pts: list[int] | None = None
        self._frames = self._with_times(decoder)
        self._pending = list(islice(self._frames, 1))
        if not self._pending:
            self.close()
            raise SourceError("The video '{name}' contains no readable frames: choose another file.", name=self._name)
        height, width = upright_bgr(self._pending[0][0]).shape[:2]
        super().__init__(
            SourceInfo(path.name, width, height, decoder.fps, decoder.frame_count, live=False),
        )

    def read(self) -> Frame | None:
        """Return the next frame, or None at the end; raises SourceError at the end of a truncated file."""
        if self._decoder is None:
            return None
        frame, time_s = self._pending.pop(0) if self._pending else next(self._frames, (None, 0.0))
        if frame is None:
            if self._index and self._decoder.is_truncated:
                self.close()
                raise SourceError(
                    "The video '{name}' is damaged and ends early, after {count} frames: "
                    "copy it again to get the rest.",
                    name=self._name,
                    count=self._index,
                )
            return None
        self._index += 1
        return Frame(upright_bgr(frame), self._index - 1, time_s, self._name)

    def seek(self, time_s: float) -> None:
        """Continue with the frame displayed at `time_s`, also after the end or an error; raises SourceError.

        Decodes from the last keyframe before it. With a variable frame rate, `index` is an estimate if the file is
        damaged or larger than 1 GiB.
        """
        wanted_s = min(max(time_s, 0.0), (self.info.duration_s or math.inf) + _DURATION_MARGIN_S)
        for back_s in _SEEK_BACK_S:
            if self._decode_up_to(wanted_s, wanted_s - back_s):
                return

    def close(self) -> None:
        """Close the file."""
        self._pending = []
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None

    def _decode_up_to(self, wanted_s: float, start_s: float) -> bool:
        """Decode from the last keyframe at `start_s` up to `wanted_s`; False if the keyframe is later than that."""
        self.close()
        # Reopened, since a decoder cannot continue after the end or an error.
        decoder = self._decoder = _open(self._path)
        from_start = start_s <= 0 or self._start_pts is None
        if not from_start:
            decoder.seek(start_s, self._start_pts or 0)
        self._frames = self._with_times(decoder)
        self._index = -1
        for frame, time_s in self._frames:
            if time_s > wanted_s + SEEK_TOLERANCE_S:
                self._pending.append((frame, time_s))
                break
            self._pending = [(frame, time_s)]
            self._index += 1
        if self._index >= 0 and not from_start:
            self._index = self._index_of(*self._pending[0])
        return from_start or self._index >= 0

    def _with_times(self, decoder: "_Decoder") -> Iterator[tuple[VideoFrame, float]]:
        """Yield each frame with its time in seconds since the first frame of the video."""
        before_s = None
        for number, frame in enumerate(decoder):
            if frame.pts is None:
                time_s = number / self._fps
            else:
                if self._start_pts is None:
                    self._start_pts = frame.pts
                time_s = decoder.seconds(frame.pts - self._start_pts)
            if before_s is not None and abs(time_s - before_s - 1 / self._fps) > 2 * SEEK_TOLERANCE_S:
                self._has_constant_rate = False
            before_s = time_s
            yield frame, time_s

    def _index_of(self, frame: VideoFrame, time_s: float) -> int:
        """Return the number of frames before `frame`: by the frame rate if it was constant so far, else by counting."""
        index = round(time_s * self._fps)
        matches_rate = self._has_constant_rate and abs(index / self._fps - time_s) < SEEK_TOLERANCE_S
        if matches_rate or not self._can_count or frame.pts is None:
            return index
        if self._all_pts is None:
            self._all_pts = _open(self._path).all_pts()
        return bisect_left(self._all_pts, frame.pts) - bisect_left(self._all_pts, self._start_pts or 0)


def is_animated(path: Path) -> bool:
    """Whether a file such as a GIF has more than one frame; False if FFmpeg cannot read it."""
    try:
        decoder = _open(path)
    except SourceError:
        return False
    try:
        return decoder.has_packets(2)
    finally:
        decoder.close()


def upright_bgr(frame: VideoFrame) -> Image:
    """Convert a decoded frame to `(H, W, 3) uint8 BGR`, rotated and mirrored by its display matrix."""
    image = frame.to_ndarray(format="bgr24")
    try:
        # `frame.side_data` would create a reference cycle and keep the frame in memory until garbage collection.
        matrix: Any = SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg]  # absent from PyAV's stubs
    except ValueError:  # PyAV does not know some newer types of side data
        return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)), np.uint8)
    if matrix is not None:
        # x' = ax + cy and y' = bx + dy: for rotations by multiples of 90 degrees, either a and d or b and c are zero.
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
        if start == b"#EXTM3U":  # FFmpeg would wait minutes for segments that cannot be loaded
            raise SourceError("'{name}' is a playlist: open the address of its stream instead.", name=path.name)
        # 'file:' keeps FFmpeg from taking a colon in a name for a protocol. The whitelist prevents files that
        # refer to other files from accessing the network.
        container = av.open(f"file:{path}", options={"protocol_whitelist": "file"}, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise SourceError(
            "'{name}' cannot be read as a video or picture because it is damaged or in an unsupported format: "
            "choose another file.",
            name=path.name,
        ) from error
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:  # cover art of an audio file
            if getattr(stream, "codec_context", None) is None:  # PyAV's type hints do not allow for None
                container.close()
                raise SourceError(
                    "The video '{name}' is damaged or in a format that this computer cannot decode: "
                    "choose another file.",
                    name=path.name,
                )
            stream.thread_type = thread_type
            return _Decoder(path, container, stream)
    container.close()
    raise SourceError("The file '{name}' contains no video: choose a video or a picture.", name=path.name)


class _Decoder:
    """Decodes the frames of one video stream. Packets that cannot be decoded are skipped."""

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
        for frame in self._decode():
            last_pts = frame.pts
            yield self._note_end(frame)
        if self._damaged_tail and last_pts is not None:
            for frame in self._decode_tail(last_pts):
                yield self._note_end(frame)

    @property
    def is_truncated(self) -> bool:
        """Whether the file ended before its stated duration; valid after the last frame."""
        stated_s = self._stated_duration_s()
        if stated_s is None:
            return self._partial
        # A file cut inside a packet is certainly damaged; without that, stated durations are not exact enough.
        tolerance_s = 2 / (self.fps or _DEFAULT_FPS) if self._partial else 0.5
        return self._end_s + tolerance_s < stated_s

    def seconds(self, ticks: int) -> float:
        """Convert a difference between two timestamps to seconds."""
        return ticks * self._time_base

    def seek(self, time_s: float, start_pts: int) -> None:
        """Start at a keyframe near `time_s` after `start_pts`, if the file allows seeking; call before reading."""
        with suppress(av.FFmpegError):
            self._container.seek(start_pts + int(time_s / self._time_base), stream=self._stream)

    def all_pts(self) -> list[int]:
        """Return the sorted timestamps of all packets; closes the decoder."""
        try:
            return sorted(packet.pts for packet in self._packets() if packet.pts is not None)
        finally:
            self.close()

    def has_packets(self, count: int) -> bool:
        """Whether the stream has at least `count` packets; the decoder cannot be used afterwards."""
        return any(number >= count for number, _ in enumerate(self._packets(), start=1))

    def close(self) -> None:
        self._container.close()

    def _packets(self) -> "Iterator[Packet[VideoStream]]":
        """Yield the packets in order, except for one truncated by the end of the file."""
        held = None
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.FFmpegError):
                break
            if not packet.size:  # the decoder would treat it as the end
                continue
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

    def _decode_tail(self, last_pts: int) -> Iterator[VideoFrame]:
        """Yield the frames after `last_pts`, from a second decoder without frame threads.

        With frame threads, FFmpeg drops the intact buffered frames if one of the last packets is damaged.
        """
        rest = _open(self._path, "SLICE")
        try:
            rest._container.seek(last_pts, stream=rest._stream)
            for frame in rest._decode():
                if frame.pts is not None and frame.pts > last_pts:
                    yield frame
        except av.FFmpegError:
            return
        finally:
            rest.close()

    def _note_end(self, frame: VideoFrame) -> VideoFrame:
        if frame.pts is not None:
            ticks = frame.pts - (self._stream.start_time or 0) + (frame.duration or 0)
            self._end_s = max(self._end_s, ticks * self._time_base)
        return frame

    @property
    def _time_base(self) -> float:
        return float(self._stream.time_base or 0)

    def _stated_duration_s(self) -> float | None:
        """Return the duration of the video stream as stated in the file, or None. Other streams may be longer."""
        if self._stream.duration:
            return self._stream.duration * self._time_base
        if (tag := self._stream.metadata.get("DURATION")) and (stated := _parse_clock(tag)) is not None:  # Matroska
            # FFmpeg writes the end time here, other programs the duration.
            start_s = (self._stream.start_time or 0) * self._time_base
            return stated - start_s if stated > start_s else stated
        if len(self._container.streams) == 1 and self._container.duration:
            return self._container.duration / av.time_base
        return None

    def _estimated_count(self) -> int | None:
        stated_s = self._stated_duration_s()
        return round(stated_s * self.fps) if stated_s and self.fps else None


def _parse_clock(text: str) -> float | None:
    """Convert `HH:MM:SS.fff` to seconds; None for any other text."""
    try:
        hours, minutes, seconds = (float(part) for part in text.split(":"))
    except ValueError:
        return None
    return (hours * 60 + minutes) * 60 + seconds
