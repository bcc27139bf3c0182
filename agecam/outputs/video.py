"""Annotated video as H.264, in a form that browsers and ordinary players show."""

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
# The index goes to the front of an MP4, so that a browser can start before it has the whole file.
_FORMATS = {".mp4": ("mp4", {"movflags": "+faststart"}), ".mkv": ("matroska", {})}
# A recording is written in pieces that each stand for themselves: killed, it plays up to the last of them.
_LASTING = {"movflags": "+frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
_PIECE_S = 1
_USUAL_FPS = 30.0
_BT709 = 1  # the number of this colour standard in H.264 itself


class VideoWriter(Writer):
    """Writes `.mp4` or `.mkv` with the frames' own times, so that variable frame rates stay as they were.

    `width` and `height`, in pixels, are the picture's; frames of another size are fitted into it with black
    bars. `fps` is the nominal rate: it gives the last frame its duration. A file is only left behind if at
    least one frame was written. Raises `OutputError` at opening and while writing.

    With `lasting`, which takes `.mp4`, the file has its final name from the start (numbered if that is taken) and
    plays up to the last second if the program is killed meanwhile.
    """

    def __init__(self, path: PathLike, width: int, height: int, fps: float, lasting: bool = False) -> None:
        self._name = Path(path)
        self._size = (width, height)
        usable = math.isfinite(fps) and 1 <= fps <= 1000
        rate = Fraction(fps if usable else _USUAL_FPS).limit_denominator(1001)
        self._period = round(TICKS_PER_S / rate)
        self._start_s = 0.0
        self._last_ticks: int | None = None

        container_format, options = _format(path)
        if lasting:
            container_format, options = "mp4", _LASTING
        self._part: PartFile | LastingFile = LastingFile(path) if lasting else PartFile(path)
        with ExitStack() as undo, self._explained():
            undo.callback(self._part.discard)
            self._part.close()
            self._container = av.open(str(self._part.path), "w", format=container_format, options=options)
            undo.callback(self._container.close)
            self._stream = self._container.add_stream("libx264", rate=rate)
            self._stream.width, self._stream.height = width + width % 2, height + height % 2
            self._stream.pix_fmt = "yuv420p"
            # B-frames would be stored out of the order of time, and the length of a video with uneven times
            # would come out wrong.
            self._stream.options = {"crf": "20", "preset": "veryfast", "bf": "0"}
            if lasting:
                self._stream.options |= {"g": str(max(1, round(_PIECE_S * rate)))}
            self._stream.time_base = self._stream.codec_context.time_base = _TICK
            self._stream.codec_context.color_range = ColorRange.MPEG
            self._stream.codec_context.colorspace = _BT709
            self._stream.codec_context.color_primaries = _BT709
            self._stream.codec_context.color_trc = _BT709
            undo.pop_all()

    @property
    def path(self) -> Path:
        """The final name."""
        return self._part.final

    def write(self, image_bgr: Image, time_s: float) -> None:
        """Append a frame, `(H, W, 3) uint8` BGR, shown from `time_s` on; the first one's time becomes 0.

        A time that is no later than the one before follows it by one period of the nominal rate. If it is
        more than a second earlier, a new source has begun, and the times after it count from there.
        """
        picture = av.VideoFrame.from_ndarray(_even(_fitted(image_bgr, self._size)), format="bgr24")
        with self._explained():
            frame = picture.reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
            frame.time_base = _TICK
            frame.pts = self._ticks(time_s)
            for packet in self._stream.encode(frame):
                self._container.mux(packet)

    def close(self) -> None:
        """Complete the file under its final name; without frames there is none."""
        try:
            if self._last_ticks is not None and not self._part.ended:
                with self._explained():
                    for packet in self._stream.encode():
                        self._container.mux(packet)
                    self._container.close()
                self._part.commit()
        finally:
            self.discard()

    def discard(self) -> None:
        """Give up: remove what was written; a lasting file keeps what it has."""
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
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except UnknownCodecError as error:
            raise OutputError(
                "Cannot write {name}: this PyAV has no H.264 encoder; install it anew with pip.", name=self._name
            ) from error
        except (OSError, av.error.FFmpegError) as error:
            raise unwritable(self._name, error) from error


def check_video_path(path: PathLike) -> None:
    """Raise `OutputError` if no video can be written at `path`, before the size of its frames is known."""
    _format(path)
    check_writable(path)


def _format(path: PathLike) -> tuple[str, dict[str, str]]:
    try:
        return _FORMATS[Path(path).suffix.lower()]
    except KeyError:
        raise OutputError("Cannot write a video as {path}: choose a name ending in .mp4 or .mkv.", path=path) from None


def _fitted(image_bgr: Image, size: tuple[int, int]) -> Image:
    """Scale a picture to fit `(width, height)`, centred between black bars."""
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


def _even(image_bgr: Image) -> Image:
    """Repeat the last column and row where needed: H.264's colour planes have half the width and height."""
    height, width = image_bgr.shape[:2]
    if width % 2 == 0 and height % 2 == 0:
        return np.ascontiguousarray(image_bgr)
    return np.pad(image_bgr, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
