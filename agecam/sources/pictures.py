"""Still pictures: single files and folders."""

import re
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from agecam.errors import SourceError
from agecam.runtime.quiet import quiet_stderr
from agecam.sources.base import SECONDS_PER_PICTURE, BaseSource, SourceInfo
from agecam.sources.video import is_animated
from agecam.types import Frame, Image

_PICTURE_NAME = re.compile(
    r".*\.(?:avif|bmp|dib|gif|hei[cf]|j2k|jfif|jp2|jpe?g?|p[bgnp]m|png|tiff?|webp)", re.IGNORECASE
)

_SIGNATURE = re.compile(
    rb"\xff\xd8\xff"  # JPEG
    rb"|\x89PNG\r\n"
    rb"|GIF8[79]a"
    rb"|BM.{4}\0\0\0\0"
    rb"|RIFF.{4}WEBP"
    rb"|II\*\0|MM\0\*"  # TIFF
    rb"|\0\0\0\x0cjP  |\xff\x4f\xff\x51"  # JPEG 2000
    rb"|P[1-6]\s"  # PBM, PGM, PPM
    rb"|.{4}ftyp(?:avif|avis|heic|heix|heim|mif1|msf1)",
    re.DOTALL,
)


def read_picture(path: str | Path) -> Image:
    """Read a picture file as `(H, W, 3) uint8 BGR`, rotated upright by its EXIF orientation.

    Greyscale is converted to three channels and 16 bits to 8; transparency is dropped. Raises SourceError.
    """
    path = Path(path)
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)  # imread cannot open every Unicode path on Windows
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(
            "The picture '{name}' cannot be opened ({reason}): check the path and its permissions.",
            name=path.name,
            reason=reason,
        ) from error
    if not data.size:
        raise SourceError("The picture '{name}' is empty: copy it again or choose another.", name=path.name)
    try:
        with quiet_stderr:
            image = cv2.imdecode(data, cv2.IMREAD_COLOR) if not _has_oversized_chunk(data) else None
    except cv2.error as error:
        raise SourceError(
            "The picture '{name}' is too large to read: make it smaller and try again.", name=path.name
        ) from error
    if image is None:
        raise SourceError(
            "The picture '{name}' cannot be read because it is damaged or in an unsupported format: "
            "save it again as JPEG or PNG.",
            name=path.name,
        )
    return np.ascontiguousarray(image, np.uint8)


def _has_oversized_chunk(data: npt.NDArray[np.uint8]) -> bool:
    """Whether a chunk of a damaged PNG claims to be longer than the file: OpenCV would allocate that much memory."""
    if not data[:8].tobytes().startswith(b"\x89PNG"):
        return False
    offset = 8
    while offset + 8 <= len(data):
        length = int.from_bytes(data[offset : offset + 4].tobytes(), "big")
        if length > max(len(data), _CHUNK_LIMIT_BYTES):
            return True
        offset += 12 + length
    return False


_CHUNK_LIMIT_BYTES = 64 * 2**20


def is_picture(path: Path) -> bool:
    """Whether the signature of a file is that of a still picture; it may still be damaged. Raises OSError."""
    with path.open("rb") as file:
        start = file.read(16)
    if not _SIGNATURE.match(start):
        return False
    return not (start.startswith(b"GIF") and is_animated(path))


class PictureSource(BaseSource):
    """A picture file, delivered as a single frame."""

    def __init__(self, path: Path) -> None:
        """Read the picture; raises SourceError."""
        image = read_picture(path)
        height, width = image.shape[:2]
        super().__init__(SourceInfo(path.name, width, height, fps=None, frame_count=1, live=False))
        self._image: Image | None = image
        self._read = False

    def read(self) -> Frame | None:
        """Return the picture, then None."""
        if self._image is None or self._read:
            return None
        self._read = True
        return Frame(self._image.copy(), 0, 0.0, self.info.name, still=True)

    def seek(self, time_s: float) -> None:
        """Deliver the picture again, whatever the time."""
        self._read = False

    def close(self) -> None:
        """Release the picture."""
        self._image = None


class FolderSource(BaseSource):
    """The pictures of a folder in natural order (`face2` before `face10`), each in its own size.

    The `source` of a frame is its file name. Damaged pictures are skipped, and the error message of each is
    appended to `skipped`.
    """

    def __init__(self, folder: Path) -> None:
        """List the pictures and read the first; raises SourceError if there is none."""
        self.skipped: list[str] = []
        name = folder.resolve().name or str(folder)
        try:
            paths = sorted((p for p in folder.iterdir() if _is_candidate(p)), key=natural_key)
        except OSError as error:
            raise SourceError(
                "The folder '{name}' cannot be read ({reason}): check its permissions.",
                name=name,
                reason=error.strerror,
            ) from error
        if not paths:
            raise SourceError(
                "The folder '{name}' contains no pictures: choose one that contains JPEG or PNG files.", name=name
            )
        self._paths = paths
        self._position = 0
        self._next = self._load()
        if self._next is None:
            raise SourceError(
                "None of the {count} pictures in the folder '{name}' can be read: save them again as JPEG or PNG.",
                count=len(paths),
                name=name,
            )
        height, width = self._next.image_bgr.shape[:2]
        super().__init__(SourceInfo(name, width, height, fps=None, frame_count=len(paths), live=False))

    def read(self) -> Frame | None:
        """Return the next readable picture, or None after the last."""
        frame, self._next = self._next or self._load(), None
        return frame

    def seek(self, time_s: float) -> None:
        """Continue with the picture displayed at `time_s`; unread pictures are assumed to be readable."""
        wanted_position = max(0.0, time_s / SECONDS_PER_PICTURE)
        self._next = None
        while self._next is None and self._paths:
            self._position = int(min(wanted_position, len(self._paths) - 1))
            self._next = self._load()

    def close(self) -> None:
        """Stop delivering pictures."""
        self._paths, self._next = [], None

    def _load(self) -> Frame | None:
        while self._position < len(self._paths):
            path = self._paths[self._position]
            try:
                image = read_picture(path)
            except SourceError as error:
                self.skipped.append(str(error))
                del self._paths[self._position]  # positions count only readable pictures
                continue
            index = self._position
            self._position += 1
            return Frame(image, index, index * SECONDS_PER_PICTURE, path.name, still=True)
        return None


def _is_candidate(path: Path) -> bool:
    """Whether a file in a folder is a picture by its name or content."""
    if path.name.startswith(".") or not path.is_file():
        return False
    if _PICTURE_NAME.fullmatch(path.name):
        return not (path.suffix.lower() == ".gif" and is_animated(path))
    try:
        return is_picture(path)
    except OSError:
        return False


def natural_key(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Return a sort key that puts `face2` before `face10`."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts], path.name
