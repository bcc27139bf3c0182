"""Find the labelled face of every picture with the program's own detector.

    python -m training.data.locate --data faces/utkface.zip faces/fairface.zip faces/aaf.zip

Writes one small file per set (`cache/squares/NAME.npz`) with the square of every face (see `agecam.vision.crop`) and
whether the detector found it. Two processes take about six minutes for 78,000 pictures on two cores.
"""

import argparse
import math
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from agecam.backends import on_processor
from agecam.errors import SourceError
from agecam.runtime.files import whole_file
from agecam.types import Image
from agecam.vision.crop import square_from_landmarks
from agecam.vision.detector import FaceDetector
from training import command
from training.data.face_zip import FaceZip

CACHE = Path("cache/squares")
CHUNK = 256  # pictures per task of a worker process
CANVAS_STEP_PX = 48  # pictures are padded to a few sizes, since the networks are prepared once per size


def locate(path: Path, workers: int = 2) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Squares `(N, 4)` of the faces of a set, in the order of its labels, and a mask of the faces that were found.

    If the detector does not find a face, it tries rotated, smaller, larger and brighter views of the picture. These
    give the square, but the face still counts as not found. The remaining faces get the median square of the set,
    scaled to the size of the picture, since the sets were cropped around their faces.

    Raises:
        SourceError: no face was found in any picture.
    """
    cached = CACHE / f"{path.stem}.npz"
    faces = FaceZip(path).faces
    names = np.array([face.file for face in faces])
    if cached.exists():
        with np.load(cached) as file:
            if "files" in file and np.array_equal(file["files"], names):
                return file["squares"], file["found"]
    starts = range(0, len(faces), CHUNK)
    with ProcessPoolExecutor(workers, get_context("spawn"), _init_worker, (path,)) as pool:
        parts = list(tqdm(pool.map(_locate_chunk, starts), total=len(starts), desc=f"Finding faces in {path.name}"))
    relative, sizes, found = (np.concatenate(column) for column in zip(*parts, strict=True))
    if not found.any():
        raise SourceError(f"The detector found no face in any picture of {path}: check its pictures.")
    missing = np.isnan(relative[:, 0])
    relative[missing] = np.median(relative[found], axis=0)
    squares = (relative * np.concatenate([sizes, sizes], axis=1)).astype(np.float32)
    with whole_file(cached) as part:
        np.savez(part, squares=squares, found=found, files=names)
    return squares, found


_set: FaceZip


@cache
def _detector() -> FaceDetector:
    return FaceDetector(on_processor(), min_face_px=36)


def _init_worker(path: Path) -> None:
    global _set
    cv2.setNumThreads(1)
    _set = FaceZip(path)


def _locate_chunk(
    start: int,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    pictures = [_set.picture(face) for face in _set.faces[start : start + CHUNK]]
    sizes = np.array([(p.shape[1], p.shape[0]) for p in pictures], np.float32)
    squares = np.array([_square(p) for p in pictures], np.float32)
    found = np.isfinite(squares[:, 0])
    for index in np.flatnonzero(~found):
        squares[index] = _square_in_other_views(pictures[index])
    return squares / np.concatenate([sizes, sizes], axis=1), sizes, found


def _square(picture: Image, view: npt.NDArray[np.float64] | None = None) -> npt.NDArray[np.float32]:
    """The square of the face nearest to the centre, or NaN.

    Args:
        picture: `(H, W, 3) uint8`, BGR.
        view: `(2, 2)` matrix that rotates and scales the picture about its centre for the detector; None for no change.
    """
    height_px, width_px = picture.shape[:2]
    canvas, left, top = _padded(picture)
    centre = np.array([left + width_px / 2, top + height_px / 2])
    if view is not None:
        matrix = np.column_stack([view, centre - view @ centre])
        size = (canvas.shape[1], canvas.shape[0])
        canvas = np.asarray(cv2.warpAffine(canvas, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    best, nearest = np.full(4, np.nan, np.float32), np.inf
    for face in _detector().detect(canvas):
        x, y, width, height = face.box
        # Relative to the size: a small face in the background must not win over a large one slightly off the centre.
        distance = float(np.hypot(*(np.array([x + width / 2, y + height / 2]) - centre))) / max(width, height)
        if distance < nearest:
            points = face.landmarks
            if view is not None:
                points = (points - centre) @ np.linalg.inv(view).T + centre
            best, nearest = square_from_landmarks((points - (left, top)).astype(np.float32)), distance
    return best if nearest < 0.75 else np.full(4, np.nan, np.float32)


def _square_in_other_views(picture: Image) -> npt.NDArray[np.float32]:
    """The square of a face, from the first modified view in which it is found, or NaN."""
    for tone in (picture, _equalised(picture)):
        for degrees, scale in _VIEWS:
            turn, along = scale * math.sin(math.radians(degrees)), scale * math.cos(math.radians(degrees))
            square = _square(tone, np.array([[along, -turn], [turn, along]]))
            if np.isfinite(square[0]):
                return square
    return np.full(4, np.nan, np.float32)


_VIEWS = ((0, 0.7), (0, 1.3), (20, 1.0), (-20, 1.0), (0, 0.5), (40, 1.0), (-40, 1.0), (75, 0.8), (-75, 0.8), (180, 0.8))
"""Rotation in degrees and scale, in the order in which they are tried."""


def _equalised(picture: Image) -> Image:
    """Local contrast equalisation (CLAHE), for dark and low-contrast faces."""
    lightness, a, b = cv2.split(cv2.cvtColor(picture, cv2.COLOR_BGR2LAB))
    equalised = cv2.createCLAHE(clipLimit=3.0, tileGridSize=(4, 4)).apply(lightness)
    return np.asarray(cv2.cvtColor(cv2.merge((equalised, a, b)), cv2.COLOR_LAB2BGR), np.uint8)


def _padded(picture: Image) -> tuple[Image, int, int]:
    """The picture with a border of a third of its shorter side, padded to a multiple of `CANVAS_STEP_PX`.

    Returns:
        The padded picture, and the left and top offset of the original in it.
    """
    height_px, width_px = picture.shape[:2]
    border = min(height_px, width_px) // 3
    rows = -(-(height_px + 2 * border) // CANVAS_STEP_PX) * CANVAS_STEP_PX - height_px
    columns = -(-(width_px + 2 * border) // CANVAS_STEP_PX) * CANVAS_STEP_PX - width_px
    top, left = rows // 2, columns // 2
    padded = cv2.copyMakeBorder(picture, top, rows - top, left, columns - left, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.uint8), left, top


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="ZIP")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    for path in options.data:
        squares, found = locate(path, options.workers)
        side = 2 * np.hypot(squares[:, 2], squares[:, 3])[found]
        print(
            f"{path.name}: face found in {found.sum():,} of {len(found):,} pictures ({found.mean():.1%}); "
            f"side of the square, median {np.median(side):.0f} px"
        )


if __name__ == "__main__":
    command(main)
