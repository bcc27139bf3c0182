"""Videos, decoded by FFmpeg through PyAV."""

import math
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av
from av.video.frame import VideoFrame

from agecam.errors import SourceError
from agecam.sources.base import SEEK_TOLERANCE_S, BaseSource, Sound, SourceInfo
from agecam.sources.decoder import DEFAULT_FPS, Decoder, IndexedPacket
from agecam.sources.display import Display
from agecam.sources.media import FileMedia, Media
from agecam.types import Frame, size_of

_MAX_INDEXED_BYTES = 1 << 30
"""Size of the largest file that is read completely to count its frames."""
_MAX_INDEXED_AT_OPENING_BYTES = 1 << 26
_MIN_BYTES_PER_FRAME = 20
"""If a file had less, its stated duration comes from a clock that jumps."""
_DURATION_MARGIN_S = 1.0
"""A file may be longer than its stated duration."""
_SEEK_BACK_S = (0.0, 1.0, 5.0, 30.0, math.inf)
"""How far before a frame to start decoding: some files seek past the target. The last value is the start."""
_WITHOUT_HEADER = {"avs", "avs2", "avs3", "cavsvideo", "dirac", "evc", "m4v", "mjpeg", "mpegvideo", "obu", "vc1"}
"""FFmpeg takes arbitrary bytes for a video in one of these formats if they contain a few short marks."""
_LEAST_STEP_S = 0.001
"""Between frames that have the same time in a damaged file."""


class StreamedVideoSource(BaseSource):
    """A video that is read once: all frames in order, as a player displays them, with continuous times from 0.

    Of a damaged file, the frames that can be decoded are delivered. At the end of a truncated file, `read` raises
    SourceError.
    """

    def __init__(self, media: Media) -> None:
        """Open the video and decode its first frame; raises SourceError."""
        self._media = media
        self._name = media.name
        decoder = Decoder(self._media)
        self._decoder: Decoder | None = decoder
        self._fps = decoder.fps or DEFAULT_FPS
        self._index = 0
        self._has_constant_rate = True
        self._can_count = self._media.is_local and decoder.size <= _MAX_INDEXED_BYTES
        self._start_pts: int | None = None
        self._packets: list[IndexedPacket] | None = None
        self._display = Display(decoder.stream)
        self._frames = self._with_times(decoder)
        self._pending = list(islice(self._frames, 1))
        if not self._pending or (decoder.has_failed and decoder.container.format.name in _WITHOUT_HEADER):
            self.close()
            raise SourceError("The video '{name}' contains no readable frames: choose another file.", name=self._name)
        width, height = size_of(self._display.picture(self._pending[0][0]))
        count, length_s = self._extent(decoder)
        info = SourceInfo(
            self._name, width, height, decoder.fps, count, live=False, length_s=length_s, sound=self._sound(decoder)
        )
        super().__init__(info)

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
        duration_s = self._decoder.seconds(frame.duration or 0) or 1 / self._fps
        return Frame(self._display.picture(frame), self._index - 1, time_s, self._name, duration_s=duration_s)

    def skip_to(self, time_s: float) -> None:
        """Leave out the frames before `time_s`: they are decoded, but not converted. Goes only forward."""
        while self._decoder is not None:
            self._pending = self._pending or list(islice(self._frames, 1))
            if not self._pending or self._pending[0][1] >= time_s - SEEK_TOLERANCE_S:
                return
            self._pending.pop(0)
            self._index += 1

    def close(self) -> None:
        """Close the file."""
        self._pending = []
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None

    def _with_times(self, decoder: Decoder, from_start: bool = True) -> Iterator[tuple[VideoFrame, float]]:
        """Yield each frame with its time in seconds since the first frame of the video, as soon as that is known."""
        before_s = None
        for frame in decoder:
            if frame.pts is not None:
                if self._start_pts is None:
                    self._start_pts = frame.pts
                time_s = decoder.seconds(frame.pts - self._start_pts)
                if before_s is not None and time_s <= before_s:
                    time_s = before_s + _LEAST_STEP_S
            elif before_s is not None:
                time_s = before_s + 1 / self._fps
            elif from_start:
                time_s = 0.0
            else:
                continue
            if before_s is not None and abs(time_s - before_s - 1 / self._fps) > 2 * SEEK_TOLERANCE_S:
                self._has_constant_rate = False
            before_s = time_s
            yield frame, time_s

    def _indexed(self) -> list[IndexedPacket]:
        if self._packets is None:
            self._packets = Decoder(self._media).index()
        return self._packets

    def _extent(self, decoder: Decoder) -> tuple[int | None, float | None]:
        """The number of frames and the duration in seconds, as far as they are known without decoding."""
        length_s = decoder.duration_s()
        count = decoder.stream.frames or (round(length_s * decoder.fps) if length_s and decoder.fps else None)
        is_wrong = bool(length_s) and decoder.size < (length_s or 0) * self._fps * _MIN_BYTES_PER_FRAME
        is_indexed = is_wrong or (decoder.jumps and decoder.size <= _MAX_INDEXED_AT_OPENING_BYTES)
        if not is_indexed or not self._can_count:
            return count, length_s
        packets = self._indexed()
        if not packets:
            return count, length_s
        last_pts = max((packet.pts for packet in packets if packet.pts is not None), default=None)
        if last_pts is None or any(packet.pts is None for packet in packets):
            return len(packets), None
        return len(packets), decoder.seconds(last_pts - (self._start_pts or 0)) + 1 / self._fps

    def _sound(self, decoder: Decoder) -> Sound | None:
        if decoder.sound is None:
            return None
        # In AVI, display times are guesses of FFmpeg, and each frame is meant for the time at which it is decoded.
        is_dts = decoder.container.format.name == "avi" and decoder.first_dts is not None
        start_s = decoder.seconds((decoder.first_dts if is_dts else self._start_pts) or 0)
        lead_s = start_s - (decoder.container.start_time or 0) / av.time_base
        has_jumps = self._packets is not None and any(packet.offset for packet in self._packets)
        return Sound(self._media.address, start_s, lead_s, has_jumps)


class VideoSource(StreamedVideoSource):
    """A video that can be read from any time: a file, or a finished file on a server."""

    def seek(self, time_s: float) -> None:
        """Continue with the frame displayed at `time_s`, also after the end or an error; raises SourceError.

        Decodes from the last keyframe before it. With a variable frame rate, `index` is an estimate if the file is
        damaged or larger than 1 GiB.
        """
        wanted_s = min(max(time_s, 0.0), (self.info.duration_s or math.inf) + _DURATION_MARGIN_S)
        for back_s in _SEEK_BACK_S:
            if self._decode_up_to(wanted_s, wanted_s - back_s):
                return

    def _decode_up_to(self, wanted_s: float, start_s: float) -> bool:
        """Decode from the last keyframe at `start_s` up to `wanted_s`; False if the keyframe is later than that."""
        self.close()
        # Reopened, since a decoder cannot continue after the end or an error.
        decoder = self._decoder = Decoder(self._media)
        from_start = start_s <= 0 or self._start_pts is None
        if not from_start:
            self._go_to(decoder, start_s)
        self._display.attach(decoder.stream)
        self._frames = self._with_times(decoder, from_start)
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

    def _go_to(self, decoder: Decoder, time_s: float) -> None:
        start_pts = self._start_pts or 0
        if (decoder.jumps and self._can_count) or self._packets is not None:
            packets = self._indexed()
            if any(packet.offset for packet in packets):
                earlier = (
                    packet
                    for packet in packets
                    if packet.is_keyframe
                    and packet.pts is not None
                    and decoder.seconds(packet.pts - start_pts) <= time_s + SEEK_TOLERANCE_S
                )
                keyframe = max(earlier, key=lambda packet: packet.pts or 0, default=None)
                if keyframe is not None:
                    decoder.seek_to(keyframe)
                return
        decoder.seek(time_s, start_pts)

    def _index_of(self, frame: VideoFrame, time_s: float) -> int:
        """Return the number of frames before `frame`: by the frame rate if it was constant so far, else by counting."""
        index = round(time_s * self._fps)
        matches_rate = self._has_constant_rate and abs(index / self._fps - time_s) < SEEK_TOLERANCE_S
        if matches_rate or not self._can_count or frame.pts is None:
            return index
        all_pts = sorted(packet.pts for packet in self._indexed() if packet.pts is not None)
        return bisect_left(all_pts, frame.pts) - bisect_left(all_pts, self._start_pts or 0)


def is_animated(path: Path) -> bool:
    """Whether a file such as a GIF has more than one frame; False if FFmpeg cannot read it."""
    try:
        decoder = Decoder(FileMedia(path))
    except SourceError:
        return False
    try:
        return decoder.has_packets(2)
    finally:
        decoder.close()
