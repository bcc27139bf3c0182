"""Write labelled faces in the layout of IMDB-WIKI, to try the recipe without its archives.

    python -m training.data.as_wiki --data faces/utkface.zip --faces 2000 --out runs/as-wiki
    python -m training.data.clean --index runs/as-wiki/wiki.mat --out runs/as-wiki

Writes `wiki.mat` and the pictures: each face cropped with a margin of 40%, as in `wiki_crop`. Takes a random sample of
the faces with a known age from 1 to 100. `--copies` writes every picture several times, each slightly different, to get
as many files as in the real archive.
"""

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import scipy.io
from tqdm import tqdm

from agecam.errors import UsageError
from agecam.models.install.vgg_face import MARGIN
from agecam.runtime.files import write_whole
from agecam.types import CropSpec
from agecam.vision.crop import around_box_of, crop_faces
from training import command
from training.data.clean import OLDEST, YOUNGEST
from training.data.face_zip import FaceZip
from training.data.imdb_wiki import DAY_OF_1970
from training.data.locate import locate

YEAR_TAKEN = 2000
"""Year of every photograph."""
FACE_SCORE = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="ZIP")
    parser.add_argument("--faces", type=int, default=2000, metavar="N")
    parser.add_argument("--copies", type=int, default=1, metavar="N")
    parser.add_argument("--size", type=int, default=224, metavar="PX", help="side of the pictures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    labelled = FaceZip(options.data)
    squares, found = locate(options.data)
    known = [
        row
        for row, face in enumerate(labelled.faces)
        if found[row] and face.age is not None and YOUNGEST <= face.age <= OLDEST
    ]
    if not known:
        raise UsageError(f"{options.data} has no faces of known age: use another set.")
    rows = np.random.default_rng(options.seed).permutation(known)[: options.faces]
    spec = CropSpec(options.size, MARGIN, alignment="box")
    table = []
    for row in tqdm(rows, desc="Cutting", unit=" faces", delay=2):
        face = labelled.faces[row]
        square = around_box_of(squares[row])[np.newaxis]
        cut_bgr = crop_faces(labelled.picture(face), square, spec)[0].astype(np.uint8)[..., ::-1]
        for copy in range(options.copies):
            name = f"{row % 100:02d}/{row:06d}_{copy}.jpg"
            # Each copy has another JPEG quality: training.data.clean leaves out exact copies.
            encoded = cv2.imencode(".jpg", cut_bgr, [cv2.IMWRITE_JPEG_QUALITY, 95 - copy])[1]
            write_whole(options.out / name, encoded.tobytes())
            table.append((name, face.age, face.female))
    scipy.io.savemat(options.out / "wiki.mat", {"wiki": _struct(table, options.size)})
    print(f"{options.out / 'wiki.mat'}: {len(table):,} faces")


def _struct(table: list[tuple[str, Any, bool]], size_px: int) -> dict[str, Any]:
    """The struct as in the original: 1 x 1, with strings and boxes as nested arrays."""
    ages, female = (np.array([row[column] for row in table], float) for column in (1, 2))
    births = [f"{YEAR_TAKEN - int(age)}-01-01" for age in ages]
    days = (np.array(births, "datetime64[D]") - np.datetime64("1970-01-01")).astype(float) + DAY_OF_1970
    border = size_px * MARGIN / (1 + 2 * MARGIN)
    box = np.array([[border + 1, border + 1, size_px - border, size_px - border]])
    return {
        "dob": days[np.newaxis],
        "photo_taken": np.full((1, len(table)), float(YEAR_TAKEN)),
        "full_path": _cells([np.array([row[0]]) for row in table]),
        "gender": 1 - female[np.newaxis],
        "name": _cells([np.array([f"face {number}"]) for number in range(len(table))]),
        "face_location": _cells([box] * len(table)),
        "face_score": np.full((1, len(table)), FACE_SCORE),
        "second_face_score": np.full((1, len(table)), np.nan),
    }


def _cells(values: list[Any]) -> Any:
    cells = np.empty((1, len(values)), object)
    cells[0, :] = values
    return cells


if __name__ == "__main__":
    command(main)
