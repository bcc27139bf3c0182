"""The bytes of a picture file; those of a large one stay on the disk."""

import io
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
import numpy.typing as npt

from agecam.errors import SourceError

_MAX_KEPT_BYTES = 1 << 26
"""Pictures stored without compression may be as large as the memory that they need when decoded."""


class PictureContent:
    """The content of a file, or given bytes."""

    def __init__(self, source: str | Path | bytes) -> None:
        """Raises SourceError."""
        self.name = "<bytes>" if isinstance(source, bytes) else Path(source).name
        """File name for messages."""
        self._path: Path | None = None
        """Of a large file; otherwise its bytes are kept."""
        self._kept = b""
        try:
            if isinstance(source, bytes):
                self._kept = source
            elif Path(source).stat().st_size > _MAX_KEPT_BYTES:
                self._path = Path(source)
            else:
                self._kept = Path(source).read_bytes()
        except (OSError, ValueError) as error:
            raise self.unopened(error) from error

    def unopened(self, error: Exception) -> SourceError:
        """What to say of an OSError."""
        return SourceError(
            "The picture '{name}' cannot be opened ({reason}): check the path and its permissions.",
            name=self.name,
            reason=getattr(error, "strerror", None) or error,
        )

    @property
    def size(self) -> int:
        """In bytes; raises OSError, as all that follow, if a large file is gone."""
        return len(self._kept) if self._path is None else self._path.stat().st_size

    def open(self) -> BinaryIO:
        """The content as a file, from its beginning."""
        return io.BytesIO(self._kept) if self._path is None else self._path.open("rb")

    def read(self) -> bytes:
        """All bytes."""
        return self._kept if self._path is None else self._path.read_bytes()

    def decode(self, flags: int) -> npt.NDArray[Any] | None:
        """Pixels as OpenCV decodes them, of any type if the flags allow, or None; raises cv2.error."""
        # Of files, OpenCV cannot open every Unicode path on Windows.
        pixels: npt.NDArray[Any] | None = None if self._path is None else cv2.imread(str(self._path), flags)
        return cv2.imdecode(np.frombuffer(self.read(), np.uint8), flags) if pixels is None else pixels
