"""Sources whose bytes arrive once: they are kept in a temporary file where the end is near."""

import io
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from agecam.sources.base import BaseSource, FrameSource, SeekableSource, SkippingSource
from agecam.sources.picture_files.formats import picture_format
from agecam.types import Frame

_JPEG = b"\xff\xd8\xff"
_NEXT_JPEG = b"\xff\xd9\xff\xd8\xff"
_MULTI_PICTURE = b"MPF\0"
_MARK_BYTES = 1 << 16
_MP4 = re.compile(rb".{4}ftyp|.{4}(?:moov|mdat|wide|free|skip)", re.DOTALL)


def is_picture_data(data: bytes) -> bool:
    """Whether these first bytes are those of a picture, also of an animated one."""
    return not is_jpeg_sequence(data) and picture_format(io.BytesIO(data)) is not None


def is_jpeg_sequence(data: bytes) -> bool:
    """Whether the bytes are several JPEG pictures one after another, which are a video."""
    # Telephones append a picture of the brightness, which this mark announces.
    return data.startswith(_JPEG) and _NEXT_JPEG in data and _MULTI_PICTURE not in data[:_MARK_BYTES]


def needs_seeking(data: bytes) -> bool:
    """Whether these first bytes are those of an MP4 file whose index follows later, if it is not among them."""
    return bool(_MP4.match(data)) and not _has_index_first(data)


def _has_index_first(data: bytes) -> bool:
    offset = 0
    while offset + 16 <= len(data):
        size, kind = int.from_bytes(data[offset : offset + 4], "big"), data[offset + 4 : offset + 8]
        if kind == b"moov":
            return True
        if kind == b"mdat":
            return False
        if size == 1:
            size = int.from_bytes(data[offset + 8 : offset + 16], "big")
        if size < 8:
            return False
        offset += size
    return False


class SpooledSource(BaseSource):
    """A source that reads a temporary file, which is deleted when it is closed."""

    def __init__(self, chunks: Iterable[bytes], name: str, open_path: Callable[[Path], FrameSource]) -> None:
        """
        Args:
            chunks: the bytes of the file.
            name: display name of the source.
            open_path: opens the temporary file.

        Raises:
            SourceError: `open_path` raised it.
            OSError: the bytes cannot be read, or the disk is full.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="agecam-"))
        try:
            path = self._folder / re.sub(r"[^\w. -]", "_", name.rpartition("/")[2] or "source")[-80:]
            with path.open("wb") as file:
                for chunk in chunks:
                    file.write(chunk)
            self._source = open_path(path)
        except BaseException:
            self._delete()
            raise
        super().__init__(replace(self._source.info, name=name))

    def read(self) -> Frame | None:
        """Return the next frame, or None at the end and after `close`; raises SourceError on failure."""
        frame = self._source.read()
        return None if frame is None else replace(frame, source=self.info.name)

    def seek(self, time_s: float) -> None:
        """Continue with the frame displayed at `time_s`."""
        if isinstance(self._source, SeekableSource):
            self._source.seek(time_s)

    def skip_to(self, time_s: float) -> None:
        """Leave out frames before `time_s`."""
        if isinstance(self._source, SkippingSource):
            self._source.skip_to(time_s)

    def close(self) -> None:
        """Close and delete the file."""
        self._source.close()
        self._delete()

    def _delete(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
