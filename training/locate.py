"""Find the one labelled face of every picture, with the program's own detector.

    python -m training.locate --data faces/utkface.zip faces/fairface.zip faces/aaf.zip

Writes one small file a set (`cache/squares/NAME.npz`) with the square of every face (see
`agecam.alignment`) and whether the detector found it. Two processes take about six minutes for 78,000
pictures on two cores.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from agecam.alignment import square_from_landmarks
from agecam.detector import FaceDetector
from agecam.types import Image
from training import command
from training.datasets.face_zip import FaceZip

CACHE = Path("cache/squares")
SHARE = 256  # pictures a process takes at a time
CANVAS_STEP_PX = 48  # pictures are padded to few sizes, since the detector compiles one graph a size


def locate(path: Path, workers: int = 2) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Squares `(N, 4)` of the faces of a set, in the order of its labels, and which were found.

    Faces the detector does not find get the set's median square, placed by the picture's size: the
    sets were cut around their faces, so that the middle of the picture is the best guess.
    """
    cached = CACHE / f"{path.stem}.npz"
    faces = FaceZip(path).faces
    if cached.exists():
        with np.load(cached) as file:
            if len(file["found"]) == len(faces):
                return file["squares"], file["found"]
    starts = range(0, len(faces), SHARE)
    with ProcessPoolExecutor(workers, get_context("spawn"), _prepare, (path,)) as pool:
        parts = list(tqdm(pool.map(_locate_share, starts), total=len(starts), desc=f"Finding faces in {path.name}"))
    relative, sizes = (np.concatenate(column) for column in zip(*parts, strict=True))
    found = np.isfinite(relative[:, 0])
    relative[~found] = np.median(relative[found], axis=0)
    squares = (relative * np.concatenate([sizes, sizes], axis=1)).astype(np.float32)
    CACHE.mkdir(parents=True, exist_ok=True)
    part = cached.with_name(f"part-{cached.name}")
    np.savez(part, squares=squares, found=found)
    part.replace(cached)
    return squares, found


_set: FaceZip


@cache
def _detector() -> FaceDetector:
    return FaceDetector("/CPU:0", min_face_px=36)


def _prepare(path: Path) -> None:
    global _set
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    cv2.setNumThreads(1)
    _set = FaceZip(path)


def _locate_share(start: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    pictures = [_set.picture(face) for face in _set.faces[start : start + SHARE]]
    sizes = np.array([(p.shape[1], p.shape[0]) for p in pictures], np.float32)
    squares = np.array([_square(p) for p in pictures], np.float32)
    return squares / np.concatenate([sizes, sizes], axis=1), sizes


def _square(picture: Image) -> npt.NDArray[np.float32]:
    """The square of the face nearest to the middle, or NaN."""
    height_px, width_px = picture.shape[:2]
    canvas, left, top = _padded(picture)
    middle = np.array([left + width_px / 2, top + height_px / 2])
    best, nearest = np.full(4, np.nan, np.float32), np.inf
    for face in _detector().detect(canvas):
        x, y, width, height = face.box
        # Small faces in the background must not win over the large one a little off the middle.
        distance = float(np.hypot(*(np.array([x + width / 2, y + height / 2]) - middle))) / max(width, height)
        if distance < nearest:
            best, nearest = square_from_landmarks(face.landmarks - np.array([left, top], np.float32)), distance
    return best if nearest < 0.75 else np.full(4, np.nan, np.float32)


def _padded(picture: Image) -> tuple[Image, int, int]:
    """The picture with a third of its shorter side around it, on a canvas of one of few sizes."""
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
