"""Still pictures: single files and folders."""

import re
from pathlib import Path

from agecam.errors import SourceError
from agecam.sources.animation import is_animation
from agecam.sources.base import SECONDS_PER_PICTURE, BaseSource, SourceInfo
from agecam.sources.picture_files.formats import PICTURE_NAME, picture_format
from agecam.sources.picture_files.reading import PictureFile, read_picture
from agecam.sources.picture_files.tiff import tiff_pages
from agecam.sources.spool import is_jpeg_sequence
from agecam.sources.video import is_animated
from agecam.types import Frame, Image

__all__ = ["FolderSource", "PictureSource", "is_picture", "natural_key", "read_picture"]

_MOTION_JPEG_NAME = re.compile(r".*\.mjpe?g", re.IGNORECASE)
_MAX_FIRST_JPEG_BYTES = 1 << 24


def is_picture(path: Path) -> bool:
    """Whether the content of a file is that of a still picture; it may still be damaged. Raises OSError."""
    with path.open("rb") as file:
        found = picture_format(file, path.name)
    return found is not None and not _is_moving(path, found)


def _is_moving(path: Path, found: str) -> bool:
    if found == "JPEG":
        return _is_motion_jpeg(path)
    return is_animated(path) if found == "GIF" else is_animation(path)


def _is_motion_jpeg(path: Path) -> bool:
    """Whether a file is a video of JPEG pictures one after another, by its name and content.

    By the content alone it cannot be known: cameras append further pictures to a photograph.
    """
    if not _MOTION_JPEG_NAME.fullmatch(path.name):
        return False
    with path.open("rb") as file:
        return is_jpeg_sequence(file.read(_MAX_FIRST_JPEG_BYTES))


class PictureSource(BaseSource):
    """A picture file, delivered as a single frame; each page of a TIFF file is a frame, whose index is its number.

    Pages that cannot be read are left out, and reported by an error at the end.
    """

    def __init__(self, path: Path) -> None:
        """Read the first page; raises SourceError."""
        self._file: PictureFile | None = PictureFile(path)
        self._pages = self._file.page_count
        self._page = 0
        self._error: SourceError | None = None
        self._image: Image | None = None
        """The page that is delivered next, if it is decoded: it is handed out, as a copy may need much memory."""
        first = self._first(self._file)
        height, width = first.shape[:2]
        super().__init__(SourceInfo(path.name, width, height, fps=None, frame_count=self._pages, live=False))
        self.add_remarks(self._file.remarks)

    def read(self) -> Frame | None:
        """Return the next page, or None after the last; raises SourceError then if a page could not be read."""
        if self._file is None:
            return None
        while self._image is None and self._page < self._pages:
            self._decode(self._file)
        if self._image is None:
            error, self._error = self._error, None
            if error is not None:
                raise error
            return None
        image, self._image = self._image, None
        self._page += 1
        return Frame(image, self._page - 1, (self._page - 1) * SECONDS_PER_PICTURE, self.info.name, still=True)

    def seek(self, time_s: float) -> None:
        """Continue with the page displayed at `time_s`; the only page is delivered again, whatever the time."""
        self._page = int(min(max(0.0, time_s / SECONDS_PER_PICTURE), self._pages - 1))
        self._image = None

    def close(self) -> None:
        """Release the picture."""
        self._file = self._image = None

    def _first(self, file: PictureFile) -> Image:
        while self._page < self._pages:
            self._decode(file)
            if self._image is not None:
                return self._image
        raise self._error or SourceError("The picture '{name}' contains no pages: choose another file.", name=file.name)

    def _decode(self, file: PictureFile) -> None:
        try:
            self._image = file.read(self._page)
        except SourceError as error:
            self._error = self._error or error
            self._page += 1


class FolderSource(BaseSource):
    """The pictures of a folder in natural order (`face2` before `face10`), each in its own size.

    Each page of a TIFF file is a picture. The `source` of a frame is its file name. Damaged pictures are skipped, and
    the error message of each is appended to `skipped`.
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
        self._pages = [(path, page) for path in paths for page in range(_page_count(path))]
        self._position = 0
        self._file: tuple[Path, PictureFile] | None = None
        self._next = self._load()
        if self._next is None:
            raise SourceError(
                "None of the {count} pictures in the folder '{name}' can be read: save them again as JPEG or PNG.",
                count=len(paths),
                name=name,
            )
        width, height = self._next.size
        super().__init__(SourceInfo(name, width, height, fps=None, frame_count=len(self._pages), live=False))

    def read(self) -> Frame | None:
        """Return the next readable picture, or None after the last."""
        frame, self._next = self._next or self._load(), None
        return frame

    def seek(self, time_s: float) -> None:
        """Continue with the picture displayed at `time_s`; unread pictures are assumed to be readable."""
        wanted_position = max(0.0, time_s / SECONDS_PER_PICTURE)
        self._next = None
        while self._next is None and self._pages:
            self._position = int(min(wanted_position, len(self._pages) - 1))
            self._next = self._load()

    def close(self) -> None:
        """Stop delivering pictures."""
        self._pages, self._file, self._next = [], None, None

    def _load(self) -> Frame | None:
        while self._position < len(self._pages):
            path, page = self._pages[self._position]
            try:
                if self._file is None or self._file[0] != path:
                    self._file = path, PictureFile(path)
                file = self._file[1]
                image = file.read(page)
            except SourceError as error:
                self.skipped.append(str(error))
                del self._pages[self._position]  # positions count only readable pictures
                continue
            index = self._position
            self._position += 1
            if page + 1 == file.page_count:
                self._file = None
            return Frame(image, index, index * SECONDS_PER_PICTURE, path.name, still=True, remarks=file.remarks)
        return None


def _page_count(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return max(1, len(tiff_pages(file))) if picture_format(file) == "TIFF" else 1
    except OSError:
        return 1


def _is_candidate(path: Path) -> bool:
    """Whether a file in a folder is a picture by its content, or a damaged one by its name."""
    if path.name.startswith(".") or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            found = picture_format(file, path.name)
    except OSError:
        found = None
    if found is not None:
        return not _is_moving(path, found)
    return PICTURE_NAME.fullmatch(path.name) is not None


def natural_key(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Return a sort key that puts `face2` before `face10`."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts], path.name
