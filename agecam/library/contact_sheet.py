"""Faces of a data set, cut from their pictures again."""

import base64
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np

from agecam.errors import AgeCamError
from agecam.library.contents import Contents
from agecam.library.listing import TAR_SUFFIXES, ZIP_SUFFIXES, Item, Listing
from agecam.sources.picture_files.reading import read_picture
from agecam.types import Box, Image

SIDE_PX = 112
_MARGIN = 0.25
_JPEG_QUALITY = 82
_IN_ARCHIVE = re.compile(rf"(.*?(?:{'|'.join(map(re.escape, (*ZIP_SUFFIXES, *TAR_SUFFIXES)))}))/", re.IGNORECASE)


class Cutting(NamedTuple):
    """A face and its picture of `SIDE_PX` x `SIDE_PX`, as a JPEG file in base64."""

    path: str
    face: dict[str, Any]
    jpeg: str


def cuttings(sample: Sequence[tuple[str, dict[str, Any]]]) -> list[Cutting]:
    """Cut faces out; those whose pictures cannot be read any more are left out.

    Args:
        sample: path of the picture and face, as in the data set.
    """
    contents = Contents()
    found = []
    for item, faces in _items(sample):
        try:
            with contents.file(item) as path:
                image = read_picture(path)
        except (AgeCamError, OSError):
            continue
        found += [Cutting(item.path, face, _cut(image, face["box"])) for face in faces]
    return found


def _items(sample: Sequence[tuple[str, dict[str, Any]]]) -> list[tuple[Item, list[dict[str, Any]]]]:
    """Where the pictures are, with their faces; archives are searched for them."""
    faces: dict[str, list[dict[str, Any]]] = {}
    for path, face in sample:
        faces.setdefault(path, []).append(face)
    archives = {archive for path in faces if (archive := _archive(path)) is not None}
    items = [Item(path, path) for path in faces if _archive(path) is None]
    items += [item for item in Listing(sorted(archives)) if item.path in faces]
    return [(item, faces[item.path]) for item in items]


def _archive(path: str) -> str | None:
    """The archive in which a picture is."""
    found = _IN_ARCHIVE.match(path)
    return found[1] if found else None


def _cut(image: Image, box: Box) -> str:
    """The square around a face, grey where the picture ends."""
    x, y, width, height = box
    side = max(width, height) * (1 + 2 * _MARGIN)
    scale = SIDE_PX / side
    left, top = x + (width - side) / 2, y + (height - side) / 2
    if scale < 0.5:  # otherwise fine detail turns into noise
        factor = 2 * scale
        image = np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
        left, top, scale = left * factor, top * factor, scale / factor
    shift = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
    cut = cv2.warpAffine(image, shift, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR, borderValue=(127, 127, 127))
    _, jpeg = cv2.imencode(".jpg", cut, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return base64.b64encode(jpeg.tobytes()).decode()
