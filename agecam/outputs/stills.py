"""Writes still pictures to a folder, with safe file names and without overwriting files."""

import io
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import PngImagePlugin

from agecam.errors import OutputError
from agecam.runtime.files import PartFile, PathLike, check_writable
from agecam.runtime.quiet import quiet_stderr
from agecam.types import Image

_ENCODING = {
    ".png": [cv2.IMWRITE_PNG_COMPRESSION, 4],
    ".jpg": [cv2.IMWRITE_JPEG_QUALITY, 93],
    ".jpeg": [cv2.IMWRITE_JPEG_QUALITY, 93],
}
_MAX_SIDE_PX = {".png": 1_000_000, ".jpg": 65_500, ".jpeg": 65_500}
"""Limits of libpng and libjpeg."""
_PNG_HEADER_BYTES = 33
"""Signature and first chunk, which text may follow."""
_MAX_STEM_BYTES = 160
_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\.|$)", re.IGNORECASE)


class StillWriter:
    """Writes pictures to one folder, which is created if it does not exist.

    `suffix` is `.png`, `.jpg` or `.jpeg`; a picture that is too long for JPEG is written as PNG. Raises `OutputError`
    at opening if it is another one, or if the folder is not writable.
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
        suffix = self._suffix if max(image_bgr.shape[:2]) <= _MAX_SIDE_PX[self._suffix] else ".png"
        part = PartFile(self._folder / f"{safe_stem(stem)}{suffix}", keep_existing=True)
        try:
            # Encoded in memory, since OpenCV does not support Unicode file names on Windows.
            encoded = _encode(suffix, image_bgr)
            if texts and suffix == ".png":
                part.write(encoded[:_PNG_HEADER_BYTES].tobytes() + _text_chunks(texts))
                encoded = encoded[_PNG_HEADER_BYTES:]
            part.write(encoded.tobytes())
            return part.commit()
        finally:
            part.discard()


def _encode(suffix: str, image_bgr: Image) -> npt.NDArray[np.uint8]:
    """The `(N,)` bytes of a file."""
    try:
        with quiet_stderr:
            is_encoded, encoded = cv2.imencode(suffix, image_bgr, _ENCODING[suffix])
    except (cv2.error, MemoryError):
        is_encoded = False
    if not is_encoded:
        height, width = image_bgr.shape[:2]
        raise OutputError(
            "A picture of {width}x{height} pixels cannot be written as {suffix}: make it smaller.",
            width=width,
            height=height,
            suffix=suffix,
        )
    return np.asarray(encoded, np.uint8).ravel()


def _text_chunks(texts: Mapping[str, str]) -> bytes:
    """The texts as chunks of a PNG file."""
    info, chunks = PngImagePlugin.PngInfo(), io.BytesIO()
    for keyword, text in texts.items():
        info.add_itxt(keyword, text)
    for chunk in info.chunks:
        PngImagePlugin.putchunk(chunks, *chunk[:2])
    return chunks.getvalue()


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
