"""Animated WebP, PNG and AVIF pictures, which are short videos. FFmpeg reads animated GIFs itself."""

import io
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, islice
from pathlib import Path
from typing import BinaryIO

import av
from PIL import ImageFile

from agecam.errors import SourceError
from agecam.runtime.quiet import quiet_stderr
from agecam.sources.base import SEEK_TOLERANCE_S, BaseSource, SourceInfo
from agecam.sources.picture_files.chunks import exif_orientation, png_chunks, riff_chunks
from agecam.sources.picture_files.codes import container_codes
from agecam.sources.picture_files.formats import HEAD_BYTES, picture_format
from agecam.sources.picture_files.pillow import TooLargeError, attempted, open_pillow, pillow_to_bgr
from agecam.sources.picture_files.turn import turned
from agecam.types import Frame, Image

_MAX_FRAMES = 100_000
_SHORTEST_S, _REPLACEMENT_S = 0.0101, 0.1
"""Browsers show frames of 10 ms or less for 100 ms, and files are made for them."""


def is_animation(path: Path) -> bool:
    """Whether a file is an animated WebP, PNG or AVIF picture; it may still be damaged. Raises OSError."""
    with path.open("rb") as file:
        found = picture_format(file, path.name)
        if found == "WebP":
            return len(list(islice(_webp_durations_s(file), 2))) == 2
        if found == "PNG":
            return _png_frame_count(file) > 1
        if found == "AVIF":
            file.seek(0)
            return b"avis" in file.read(HEAD_BYTES) and len(_avif_durations_s(file)) > 1
    return False


class AnimationSource(BaseSource):
    """The frames of an animated picture, each as it is displayed, with their times; played once."""

    def __init__(self, path: Path) -> None:
        """Read the file and decode the first frame; raises SourceError."""
        self._name = path.name
        try:
            decoder = _Decoder(path.read_bytes(), path.name)
            first = decoder.frame(0)
        except (OSError, ValueError) as error:
            raise SourceError(
                "The picture '{name}' cannot be opened ({reason}): check the path and its permissions.",
                name=path.name,
                reason=getattr(error, "strerror", None) or error,
            ) from error
        except TooLargeError as error:
            raise SourceError(
                "The picture '{name}' is too large to read: make it smaller and try again.", name=path.name
            ) from error
        if first is None:
            raise SourceError(
                "The picture '{name}' cannot be read because it is damaged or in an unsupported format: "
                "save it again as JPEG or PNG.",
                name=path.name,
            )
        self._decoder: _Decoder | None = decoder
        self._pending: Image | None = first
        self._position = 0
        """Of the frame that is read next."""
        self._durations_s = decoder.durations_s
        self._times_s = [0.0, *accumulate(self._durations_s)]
        count, length_s = len(self._durations_s), self._times_s[-1]
        self._readable = count
        """Number of frames up to the first one that is known to be damaged."""
        height, width = first.shape[:2]
        super().__init__(
            SourceInfo(path.name, width, height, count / length_s, count, live=False, length_s=round(length_s, 6))
        )

    def read(self) -> Frame | None:
        """Return the next frame, or None at the end; raises SourceError where a damaged file cannot be decoded."""
        position = self._position
        if self._decoder is None or position >= len(self._durations_s):
            return None
        image, self._pending = self._pending, None
        if image is None:
            image = self._decoder.frame(position)
        if image is None:
            self._position = len(self._durations_s)
            self._readable = max(min(self._readable, position), 1)
            raise SourceError(
                "The animated picture '{name}' is damaged and ends early, after {count} frames: "
                "copy it again to get the rest.",
                name=self._name,
                count=position,
            )
        self._position += 1
        return Frame(image, position, self._times_s[position], self._name, duration_s=self._durations_s[position])

    def seek(self, time_s: float) -> None:
        """Continue with the frame displayed at `time_s`, or the last before the damage."""
        if self._decoder is None:
            return
        found = bisect_right(self._times_s, time_s + SEEK_TOLERANCE_S) - 1
        self._position = min(max(found, 0), self._readable - 1)
        self._pending = self._decoder.frame(self._position)
        if self._pending is None:
            damaged = (number for number in range(self._position) if self._decoder.frame(number) is None)
            self._readable = max(next(damaged, self._position), 1)
            self._position = self._readable - 1

    def close(self) -> None:
        """Release the file."""
        self._decoder = self._pending = None


class _Decoder:
    """Decodes the frames of a file; forwards, each costs one step."""

    def __init__(self, data: bytes, name: str) -> None:
        self._format = picture_format(io.BytesIO(data), name) or ""
        self._data = _without_cut_frame(data) if self._format == "WebP" else data
        self._is_cut = len(self._data) < len(data)
        self._picture: ImageFile.ImageFile | None = None
        self._orientation = 1
        self._skipped = 0
        self._last = 0
        self.durations_s: list[float] = []
        """Of each frame; known when the first is decoded."""

    def frame(self, number: int) -> Image | None:
        """The frame as it is displayed, over the frames before it; None if damaged. Raises TooLargeError."""
        with quiet_stderr:
            image = attempted(lambda: self._decoded(number))
        if image is None:
            self._picture = None  # the decoder may be in any state
        return image

    def _decoded(self, number: int) -> Image:
        # Pillow goes back in an animated PNG only from some frames.
        picture = None if self._format == "PNG" and number < self._last else self._picture
        if picture is None:
            picture = self._picture = open_pillow(io.BytesIO(self._data), self._format)
            self._orientation = _orientation(picture, self._format, self._data)
            # The picture for programs that know no animations need not be a frame.
            self._skipped = int(bool(getattr(picture, "default_image", False)))
        if not self.durations_s:
            count = int(getattr(picture, "n_frames", 1)) - self._skipped + self._is_cut
            count = min(max(count, 1), _MAX_FRAMES)
            durations_s = _durations_s(self._data, self._format)[:count]
            self.durations_s = durations_s + [_REPLACEMENT_S] * (count - len(durations_s))
        picture.seek(number + self._skipped)
        self._last = number
        codes = container_codes(io.BytesIO(self._data)) if self._format == "AVIF" else None
        return turned(pillow_to_bgr(picture, codes), self._orientation)


def _orientation(picture: ImageFile.ImageFile, form: str, data: bytes) -> int:
    if form != "PNG":
        return exif_orientation(picture.info.get("exif"))
    file = io.BytesIO(data)
    return next((exif_orientation(chunk.content(file)) for chunk in png_chunks(file) if chunk.kind == b"eXIf"), 1)


def _durations_s(data: bytes, form: str) -> list[float]:
    """How long each frame is displayed."""
    file = io.BytesIO(data)
    read = {"WebP": _webp_durations_s, "PNG": _png_durations_s, "AVIF": _avif_durations_s}[form]
    return [time_s if time_s > _SHORTEST_S else _REPLACEMENT_S for time_s in read(file)]


def _webp_durations_s(file: BinaryIO) -> Iterator[float]:
    for chunk in riff_chunks(file):
        if chunk.kind == b"ANMF":
            yield int.from_bytes(chunk.content(file, 15)[12:15], "little") / 1000


def _without_cut_frame(data: bytes) -> bytes:
    """A WebP file without a last chunk that the end of the file has cut off: its decoder wants whole ones."""
    chunks = list(riff_chunks(io.BytesIO(data)))
    if not chunks or chunks[-1].offset + chunks[-1].size <= len(data):
        return data
    whole = data[: chunks[-1].offset - 8]
    return whole[:4] + (len(whole) - 8).to_bytes(4, "little") + whole[8:]


def _png_durations_s(file: BinaryIO) -> Iterator[float]:
    for chunk in png_chunks(file):
        if chunk.kind == b"fcTL":
            delay = chunk.content(file, 24)[20:24]
            yield int.from_bytes(delay[:2], "big") / (int.from_bytes(delay[2:], "big") or 100)


def _png_frame_count(file: BinaryIO) -> int:
    """As the file states it; 1 unless it is animated."""
    for chunk in png_chunks(file):
        if chunk.kind == b"acTL":
            return int.from_bytes(chunk.content(file, 4), "big")
        if chunk.kind == b"IDAT":
            break
    return 1


def _avif_durations_s(file: BinaryIO) -> list[float]:
    file.seek(0)
    try:
        with av.open(file, mode="r") as container:
            stream = max(container.streams.video, key=lambda stream: stream.frames)  # not the still picture
            packets = islice(container.demux(stream), _MAX_FRAMES)
            return [float((packet.duration or 0) * (packet.time_base or 0)) for packet in packets if packet.size]
    except (av.FFmpegError, OSError, ValueError, IndexError):
        return []
