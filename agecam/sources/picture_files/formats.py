"""Which files are pictures, by their first bytes."""

import re
from pathlib import Path
from typing import BinaryIO

HEAD_BYTES = 64
_TAIL_BYTES = 18

_SIGNATURES = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n",
    "GIF": rb"GIF8[79]a",
    "BMP": rb"BM.{4}\0\0\0\0",
    "WebP": rb"RIFF.{4}WEBP",
    "TIFF": rb"II\*\0|MM\0\*|II\+\0\x08\0\0\0|MM\0\+\0\x08\0\0",
    "JPEG 2000": rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51",
    "JPEG XL": rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n",
    "AVIF": rb".{4}ftyp(?:avi[fs]|(?:mif1|msf1|miaf).{4}(?:(?!heic|heix|hevc).{4}){0,8}avi[fs])",
    "HEIC": rb".{4}ftyp(?:hei[cxms]|hev[cxms]|mif[12]|msf1|miaf)",
    "QOI": rb"qoif.{8}[\x03\x04][\0\x01]",
    "ICO": rb"\0\0\x01\0[\x01-\xff]\0...\0",
    "PCX": rb"\n[\0\x02-\x05][\0\x01][\x01\x02\x04\x08]",
    "PSD": rb"8BPS\0\x01",
    "PNM": rb"P[1-7]\s",
    "PFM": rb"P[Ff]\s",
    "Radiance HDR": rb"#\?(?:RADIANCE|RGBE)",
    "OpenEXR": rb"\x76\x2f\x31\x01",
}
"""In the order of the help; of several that match, the first counts."""

_PATTERNS = {name: re.compile(pattern, re.DOTALL) for name, pattern in _SIGNATURES.items()}
_TGA_FOOTER = b"TRUEVISION-XFILE.\0"
_TGA_HEADER = re.compile(rb".[\0\x01][\x01-\x03\x09-\x0b].{5}.{8}[\x08\x0f\x10\x18\x20][\0-\x3f]", re.DOTALL)
_TGA_NAME = re.compile(r".*\.(?:tga|icb|vda|vst)", re.IGNORECASE)

PICTURE_NAME = re.compile(
    r".*\.(?:apng|avif|bmp|dib|exr|gif|hdr|hei[cf]|hif|ico|j2k|jfif|jp2|jpe?g?|jxl|p[abgnpf]m|pcx|png|psd|qoi|tga"
    r"|tiff?|webp)",
    re.IGNORECASE,
)
"""Names of files that are taken for pictures although they are damaged."""


def picture_formats() -> str:
    """The formats of pictures that can be read, in one line."""
    return ", ".join("HEIC and HEIF" if name == "HEIC" else name for name in (*_SIGNATURES, "TGA"))


def picture_format(file: BinaryIO, name: str = "") -> str | None:
    """The format of a picture file, which may still be damaged; None if it is no picture.

    Args:
        file: the content; its position changes.
        name: name of the file. Only TGA, which may have no signature, is recognised by it.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    for found, pattern in _PATTERNS.items():
        if pattern.match(head):
            return found
    if _TGA_HEADER.match(head):
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL_BYTES))
        if file.read() == _TGA_FOOTER or _TGA_NAME.fullmatch(Path(name).name):
            return "TGA"
    return None
