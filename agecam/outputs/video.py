"""Writes annotated video as H.264, in a format that browsers and common players support."""

import logging
import math
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.codec.codec import UnknownCodecError
from av.packet import Packet
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from agecam.errors import OutputError
from agecam.outputs.fitting import letterboxed, padded_to_even
from agecam.outputs.sound import SoundFailedError, SoundTrack
from agecam.runtime.files import LastingFile, PartFile, PathLike, Writer, check_writable, unwritable
from agecam.sources.base import Sound
from agecam.types import Image

log = logging.getLogger(__name__)

TICKS_PER_S = 90_000
_TICK = Fraction(1, TICKS_PER_S)
# The index is at the start of an MP4 file, so that browsers can start playback before the download is complete.
# Sound and frames are given to FFmpeg in step: it need not keep packets back to bring them into order.
_IN_STEP = {"max_interleave_delta": "1"}
_FORMATS = {
    ".mp4": ("mp4", {"movflags": "+faststart"} | _IN_STEP),
    ".mkv": ("matroska", _IN_STEP),
}
# A recording is a fragmented MP4: if the program is killed, it can be played up to the last complete fragment.
_FRAGMENTED = {"movflags": "+frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
_FRAGMENT_S = 1
_DEFAULT_FPS = 30.0
_MIN_FPS, _MAX_FPS = 1e-5, 1000.0
"""One frame a day, and what encoders accept."""
_BT709 = 1  # code of this colour standard in H.264


class VideoWriter(Writer):
    """Writes `.mp4` or `.mkv` with the times of the frames, so that variable frame rates are preserved.

    Args:
        path: file to write; without any frame, no file is left behind.
        width: width of the video in pixels. Frames of another size are letterboxed.
        height: height of the video in pixels.
        fps: nominal frame rate.
        lasting: only for `.mp4`. The file has its final name from the start (numbered if it is taken), and can be
            played up to the last second if the program is killed.
        sound: sound of the source, which is written along with the frames as far as these go; see `sound_error`.

    Raises:
        OutputError: the file cannot be written; raised at opening and while writing.
    """

    def __init__(
        self,
        path: PathLike,
        width: int,
        height: int,
        fps: float,
        lasting: bool = False,
        sound: Sound | None = None,
    ) -> None:
        self._name = Path(path)
        self._size = (width, height)
        self._rate = _rate(fps)
        self._period = round(TICKS_PER_S / self._rate)
        self._start_s = 0.0
        self._last_ticks: int | None = None
        self._last_duration = self._period
        self._held: Packet[VideoStream] | None = None
        """The last encoded frame, whose duration becomes known with the next one."""
        self._failed = False
        """After an error nothing more may be encoded: the encoder and the container may crash."""
        self._wanted_sound = sound
        self._sound: SoundTrack | None = None
        self.sound_error: OutputError | None = None
        """Why the video has no sound, or none from some time on; the frames are not affected."""

        self._lasting = lasting
        self._format = ("mp4", _FRAGMENTED) if lasting else _container_format(path)
        self._part: PartFile | LastingFile = LastingFile(path) if lasting else PartFile(path)
        with ExitStack() as undo, self._output_errors():
            undo.callback(self._part.discard)
            self._part.close()
            self._open()
            undo.pop_all()

    def _open(self) -> None:
        container_format, options = self._format
        self._container = av.open(str(self._part.path), "w", format=container_format, options=options)
        try:
            self._stream = self._container.add_stream("libx264", rate=self._rate)
            width, height = self._size
            self._stream.width, self._stream.height = width + width % 2, height + height % 2
            self._stream.pix_fmt = "yuv420p"
            # B-frames would be stored out of order, and the duration of a video with a variable frame rate would be
            # wrong.
            self._stream.options = {"crf": "20", "preset": "veryfast", "bf": "0"}
            if self._lasting:
                self._stream.options |= {"g": str(max(1, round(_FRAGMENT_S * self._rate)))}
            self._stream.time_base = self._stream.codec_context.time_base = _TICK
            self._stream.codec_context.color_range = ColorRange.MPEG
            self._stream.codec_context.colorspace = _BT709
            self._stream.codec_context.color_primaries = _BT709
            self._stream.codec_context.color_trc = _BT709
        except BaseException:
            self._container.close()
            raise

    def _add_sound(self, sound: Sound, start_s: float) -> None:
        try:
            self._sound = SoundTrack(self._container, sound, start_s)
        except SoundFailedError as error:
            self._drop_sound(error)
            self._container.close()
            self._open()

    @property
    def path(self) -> Path:
        """Final path of the file."""
        return self._part.final

    @property
    def duration_s(self) -> float:
        """Duration of the frames written so far in seconds."""
        return 0.0 if self._last_ticks is None else (self._last_ticks + self._last_duration) / TICKS_PER_S

    def write(self, image_bgr: Image, time_s: float, duration_s: float | None = None) -> None:
        """Append a frame, `(H, W, 3) uint8` BGR, displayed from `time_s`; the first frame is shifted to time 0.

        A frame that is not later than the previous one is placed one nominal frame period after it. If it is more
        than a second earlier, it is taken as the start of a new source, and later times are relative to it.

        Args:
            image_bgr: the frame.
            time_s: when it is displayed.
            duration_s: how long it is displayed if it is the last; one nominal frame period if None.
        """
        picture = av.VideoFrame.from_ndarray(padded_to_even(letterboxed(image_bgr, self._size)), format="bgr24")
        with self._output_errors():
            if self._last_ticks is None and self._wanted_sound is not None:
                self._add_sound(self._wanted_sound, time_s)
            frame = picture.reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
            frame.time_base = _TICK
            frame.pts = self._ticks(time_s)
            self._last_duration = max(1, round(duration_s * TICKS_PER_S)) if duration_s else self._period
            self._mux(self._stream.encode(frame))
        self.has_content = True

    def close(self) -> None:
        """Finish the file and move it to its final name; without frames, no file is left."""
        try:
            if self._last_ticks is not None and not self._part.ended and not self._failed:
                with self._output_errors():
                    self._mux(self._stream.encode())
                    self._mux_held(self._last_duration)
                    self._end_sound((self._last_ticks + self._last_duration) / TICKS_PER_S)
                    self._container.close()
                self._part.commit()
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove the incomplete file; with `lasting`, keep the frames written so far."""
        if self._sound is not None:
            self._sound.close()
        with suppress(av.error.FFmpegError, OSError):
            self._container.close()
        if isinstance(self._part, LastingFile) and self._last_ticks is not None:
            self._part.commit()
        self._part.discard()

    def _mux(self, packets: "Iterable[Packet[VideoStream]]") -> None:
        for packet in packets:
            if self._held is not None:
                self._mux_held((packet.pts or 0) - (self._held.pts or 0))
            self._held = packet

    def _mux_held(self, duration: int) -> None:
        packet, self._held = self._held, None
        if packet is None:
            return
        written_s = (packet.pts or 0) / TICKS_PER_S
        packet.duration = duration
        try:
            self._container.mux(packet)
            if self._sound is not None:
                self._sound.write_until(written_s)
        except (SoundFailedError, av.error.FFmpegError, ValueError) as error:
            # FFmpeg writes packets later than they are given to it, so that this may be a packet of the sound.
            if self._sound is None or isinstance(error, OSError):
                raise
            self._drop_sound(error, written_s)

    def _end_sound(self, end_s: float) -> None:
        if self._sound is None:
            return
        try:
            self._sound.finish(end_s)
        except SoundFailedError as error:
            self._drop_sound(error, end_s)
        else:
            if not self._sound.is_heard:
                self._drop_sound(None)
        self._sound = None

    def _drop_sound(self, error: Exception | None, from_s: float = 0.0) -> None:
        log.info("sound of %s", self._name, exc_info=error)
        if self._sound is not None:
            self._sound.close()
            self._sound = None
        if from_s:
            self.sound_error = OutputError(
                "{name} has no sound after {seconds} s, because that of the source is damaged.",
                name=self._name,
                seconds=round(from_s),
            )
        else:
            self.sound_error = OutputError(
                "{name} has no sound, because that of the source cannot be read.", name=self._name
            )

    def _ticks(self, time_s: float) -> int:
        if self._last_ticks is None:
            self._start_s, self._last_ticks = time_s, 0
            return 0
        ticks = round((time_s - self._start_s) * TICKS_PER_S)
        if ticks <= self._last_ticks:
            earlier, ticks = ticks, self._last_ticks + self._period
            if earlier < self._last_ticks - TICKS_PER_S:
                self._end_sound(self._last_ticks / TICKS_PER_S)
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


def _rate(fps: float) -> Fraction:
    if not math.isfinite(fps) or not _MIN_FPS <= fps <= _MAX_FPS:
        fps = _DEFAULT_FPS
    if fps < 1:
        return 1 / Fraction(1 / fps).limit_denominator(1001)
    return Fraction(fps).limit_denominator(1001)
