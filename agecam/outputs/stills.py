"""Writes still pictures to a folder, with safe file names and without overwriting files."""

import io
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import cv2
from PIL import Image as PillowImage
from PIL import PngImagePlugin

from agecam.errors import OutputError
from agecam.runtime.files import PartFile, PathLike, check_writable
from agecam.types import Image

_ENCODING = {
    ".png": [cv2.IMWRITE_PNG_COMPRESSION, 4],
    ".jpg": [cv2.IMWRITE_JPEG_QUALITY, 93],
    ".jpeg": [cv2.IMWRITE_JPEG_QUALITY, 93],
}
_MAX_STEM_BYTES = 160
_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\.|$)", re.IGNORECASE)


class StillWriter:
    """Writes pictures to one folder, which is created if it does not exist.

    `suffix` is `.png`, `.jpg` or `.jpeg`. Raises `OutputError` at opening if it is another one, or if the folder
    is not writable.
    """

    def __init__(self, folder: PathLike, suffix: str = ".png") -> None:
        self._folder = Path(folder)
        self._suffix = suffix.lower()
        if self._suffix not in _ENCODING:
            raise OutputError("Cannot write {suffix} pictures; choose .png or .jpg.", suffix=suffix)
        if self._folder.exists() and not self._folder.is_dir():
            raise OutputError("Cannot write into {folder}: it is not a folder; choose another name.", folder=folder)
        check_writable(self._folder / f"picture{self._suffix}")

    def write(self, image_bgr: Image, stem: str, texts: Mapping[str, str] | None = None) -> Path:
        """Write a picture and return its path.

        Args:
            image_bgr: `(H, W, 3) uint8` BGR.
            stem: file name without suffix; passed through `safe_stem`, and numbered `-2`, `-3`, ... if it is taken.
            texts: text chunks to embed, by keyword; only for PNG files.

        Raises:
            OutputError: the file cannot be written.
        """
        part = PartFile(self._folder / f"{safe_stem(stem)}{self._suffix}", keep_existing=True)
        try:
            # Encoded in memory, since OpenCV does not support Unicode file names on Windows.
            part.write(_encode_png(texts, image_bgr) if texts else self._encode(image_bgr))
            return part.commit()
        finally:
            part.discard()

    def _encode(self, image_bgr: Image) -> bytes:
        return cv2.imencode(self._suffix, image_bgr, _ENCODING[self._suffix])[1].tobytes()


def _encode_png(texts: Mapping[str, str], image_bgr: Image) -> bytes:
    chunks = PngImagePlugin.PngInfo()
    for keyword, text in texts.items():
        chunks.add_itxt(keyword, text)
    png = io.BytesIO()
    PillowImage.fromarray(image_bgr[..., ::-1]).save(png, "PNG", pnginfo=chunks, compress_level=4)
    return png.getvalue()


def safe_stem(text: str) -> str:
    """Convert any text to a file name without suffix that is valid on every system and contains no path.

    Letters and digits of all scripts are kept, as are `-`, `_` and `.` inside the name.
    """
    text = unicodedata.normalize("NFC", text)
    text = "".join(character if _is_safe(character) else "_" for character in text)
    text = re.sub(r"_{2,}", "_", text)
    text = text.encode()[:_MAX_STEM_BYTES].decode(errors="ignore").strip("._-")
    if _RESERVED.match(text):
        text = f"_{text}"
    return text or "picture"


def _is_safe(character: str) -> bool:
    return character in "-_." or unicodedata.category(character)[0] in "LMN"
