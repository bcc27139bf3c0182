"""Writes annotated video as H.264, in a format that browsers and common players support."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import av
import av.error
import cv2
import numpy as np
from av.codec.codec import UnknownCodecError
from av.video.reformatter import ColorRange, Colorspace

from agecam.errors import OutputError
from agecam.runtime.files import LastingFile, PartFile, PathLike, Writer, check_writable, unwritable
from agecam.types import Image

TICKS_PER_S = 90_000
_TICK = Fraction(1, TICKS_PER_S)
# The index is at the start of an MP4 file, so that browsers can start playback before the download is complete.
_FORMATS = {".mp4": ("mp4", {"movflags": "+faststart"}), ".mkv": ("matroska", {})}
# A recording is a fragmented MP4: if the program is killed, it can be played up to the last complete fragment.
_FRAGMENTED = {"movflags": "+frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
_FRAGMENT_S = 1
_DEFAULT_FPS = 30.0
_BT709 = 1  # code of this colour standard in H.264


class VideoWriter(Writer):
    """Writes `.mp4` or `.mkv` with the times of the frames, so that variable frame rates are preserved.

    Args:
        path: file to write; without any frame, no file is left behind.
        width: width of the video in pixels. Frames of another size are letterboxed.
        height: height of the video in pixels.
        fps: nominal frame rate, which sets the duration of the last frame.
        lasting: only for `.mp4`. The file has its final name from the start (numbered if it is taken), and can be
            played up to the last second if the program is killed.

    Raises:
        OutputError: the file cannot be written; raised at opening and while writing.
    """

    def __init__(self, path: PathLike, width: int, height: int, fps: float, lasting: bool = False) -> None:
        self._name = Path(path)
        self._size = (width, height)
        usable = math.isfinite(fps) and 1 <= fps <= 1000
        rate = Fraction(fps if usable else _DEFAULT_FPS).limit_denominator(1001)
        self._period = round(TICKS_PER_S / rate)
        self._start_s = 0.0
        self._last_ticks: int | None = None
        self._failed = False
        """After an error nothing more may be encoded: the encoder and the container may crash."""

        container_format, options = _container_format(path)
        if lasting:
            container_format, options = "mp4", _FRAGMENTED
        self._part: PartFile | LastingFile = LastingFile(path) if lasting else PartFile(path)
        with ExitStack() as undo, self._output_errors():
            undo.callback(self._part.discard)
            self._part.close()
            self._container = av.open(str(self._part.path), "w", format=container_format, options=options)
            undo.callback(self._container.close)
            self._stream = self._container.add_stream("libx264", rate=rate)
            self._stream.width, self._stream.height = width + width % 2, height + height % 2
            self._stream.pix_fmt = "yuv420p"
            # B-frames would be stored out of order, and the duration of a video with a variable frame rate would be
            # wrong.
            self._stream.options = {"crf": "20", "preset": "veryfast", "bf": "0"}
            if lasting:
                self._stream.options |= {"g": str(max(1, round(_FRAGMENT_S * rate)))}
            self._stream.time_base = self._stream.codec_context.time_base = _TICK
            self._stream.codec_context.color_range = ColorRange.MPEG
            self._stream.codec_context.colorspace = _BT709
            self._stream.codec_context.color_primaries = _BT709
            self._stream.codec_context.color_trc = _BT709
            undo.pop_all()

    @property
    def path(self) -> Path:
        """Final path of the file."""
        return self._part.final

    def write(self, image_bgr: Image, time_s: float) -> None:
        """Append a frame, `(H, W, 3) uint8` BGR, displayed from `time_s`; the first frame is shifted to time 0.

        A frame that is not later than the previous one is placed one nominal frame period after it. If it is more
        than a second earlier, it is taken as the start of a new source, and later times are relative to it.
        """
        picture = av.VideoFrame.from_ndarray(_pad_to_even(_letterbox(image_bgr, self._size)), format="bgr24")
        with self._output_errors():
            frame = picture.reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
            frame.time_base = _TICK
            frame.pts = self._ticks(time_s)
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
        self.has_content = True

    def close(self) -> None:
        """Finish the file and move it to its final name; without frames, no file is left."""
        try:
            if self._last_ticks is not None and not self._part.ended and not self._failed:
                with self._output_errors():
                    for packet in self._stream.encode():
                        self._container.mux(packet)
                    self._container.close()
                self._part.commit()
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove the incomplete file; with `lasting`, keep the frames written so far."""
        with suppress(av.error.FFmpegError, OSError):
            self._container.close()
        if isinstance(self._part, LastingFile) and self._last_ticks is not None:
            self._part.commit()
        self._part.discard()

    def _ticks(self, time_s: float) -> int:
        if self._last_ticks is None:
            self._start_s, self._last_ticks = time_s, 0
            return 0
        ticks = round((time_s - self._start_s) * TICKS_PER_S)
        if ticks <= self._last_ticks:
            earlier, ticks = ticks, self._last_ticks + self._period
            if earlier < self._last_ticks - TICKS_PER_S:
                self._start_s = time_s - ticks / TICKS_PER_S
        self._last_ticks = ticks
        return ticks

    @contextmanager
    def _output_errors(self) -> Iterator[None]:
        try:
            yield
        except UnknownCodecError as error:
            raise OutputError(
                "Cannot write {name}: this PyAV has no H.264 encoder; reinstall it with pip.", name=self._name
            ) from error
        except (OSError, av.error.FFmpegError) as error:
            self._failed = True
            raise unwritable(self._name, error) from error


def check_video_path(path: PathLike) -> None:
    """Raise `OutputError` if no video can be written at `path`; does not need the frame size."""
    _container_format(path)
    check_writable(path)


def _container_format(path: PathLike) -> tuple[str, dict[str, str]]:
    try:
        return _FORMATS[Path(path).suffix.lower()]
    except KeyError:
        raise OutputError("Cannot write a video as {path}: choose a name ending in .mp4 or .mkv.", path=path) from None


def _letterbox(image_bgr: Image, size: tuple[int, int]) -> Image:
    """Scale a picture to fit into `(width, height)`, centred between black bars."""
    height, width = image_bgr.shape[:2]
    if (width, height) == size:
        return image_bgr
    scale = min(size[0] / width, size[1] / height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    fitted = np.zeros((size[1], size[0], 3), np.uint8)
    fitted[top : top + inner[1], left : left + inner[0]] = cv2.resize(image_bgr, inner, interpolation=interpolation)
    return fitted


def _pad_to_even(image_bgr: Image) -> Image:
    """Pad to an even size with the last column and row: the colour planes have half the width and height."""
    height, width = image_bgr.shape[:2]
    if width % 2 == 0 and height % 2 == 0:
        return np.ascontiguousarray(image_bgr)
    return np.pad(image_bgr, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
