"""Crop every labelled face with the program's own cropping code, and store the crops in one file per set.

    python -m training.data.crops --data faces/utkface.zip faces/fairface.zip faces/aaf.zip
    python -m training.data.crops --data faces/utkface.zip ... --size 112 --border 24 --out cache/crops112

The crops are `border_px` wider on every side than the network's input, at the same resolution, so that training can
shift, rotate and scale the face; their centre is the crop that the program makes. They are stored as WebP (quality 92,
2 to 3 kB each), like the pictures of the sets.
"""

import argparse
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from agecam.errors import UsageError
from agecam.runtime.files import whole_file
from agecam.types import CropSpec, Image
from training import command

QUALITY = 92
SIZE_PX, MARGIN, BORDER_PX = 96, 0.0, 20
"""Crop of the compact network unless other sizes are asked for; the exported card takes them from the cached crops."""


@dataclass(frozen=True, slots=True)
class Crops:
    """Cached crops, still compressed. Row i of every array belongs to face i."""

    encoded: npt.NDArray[np.uint8]
    """All WebP files, concatenated; `ends` holds the end of each."""
    ends: npt.NDArray[np.int64]
    targets: npt.NDArray[np.float32]
    """`(N, 3)`: age_min, age_max, female, for `training.compact.losses`."""
    splits: npt.NDArray[np.str_]
    sets: npt.NDArray[np.str_]
    files: npt.NDArray[np.str_]
    """Path of the picture inside its zip; opinions are matched by it."""
    found: npt.NDArray[np.bool_]
    """Whether the detector found the face; otherwise the crop is placed at the median position of the set."""
    size_px: int
    border_px: int
    margin: float

    def __len__(self) -> int:
        return len(self.ends)

    @classmethod
    def load(cls, paths: list[Path]) -> "Crops":
        files = [np.load(path) for path in paths]
        shifts = np.cumsum([0] + [len(file["encoded"]) for file in files])
        size_px, border_px, margin = files[0]["spec"]
        if any((file["spec"] != files[0]["spec"]).any() for file in files):
            raise UsageError("The cached crops differ in size or margin: run python -m training.data.crops again.")
        names = ("targets", "splits", "sets", "files", "found")
        rows = {name: np.concatenate([file[name] for file in files]) for name in names}
        return cls(
            encoded=np.concatenate([file["encoded"] for file in files]),
            ends=np.concatenate([file["ends"] + shift for file, shift in zip(files, shifts, strict=False)]),
            size_px=int(size_px),
            border_px=int(border_px),
            margin=float(margin),
            **rows,
        )

    def chosen(self, rows: npt.NDArray[Any]) -> "DecodedCrops":
        """Decode the crops of some rows into memory."""
        side = self.size_px + 2 * self.border_px
        images = np.empty((len(rows), side, side, 3), np.uint8)

        def decode(place: int) -> None:
            row = rows[place]
            start = self.ends[row - 1] if row else 0
            images[place] = np.asarray(cv2.imdecode(self.encoded[start : self.ends[row]], cv2.IMREAD_COLOR))[..., ::-1]

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for _ in tqdm(pool.map(decode, range(len(rows)), chunksize=256), total=len(rows), desc="Reading crops"):
                pass
        return DecodedCrops(images, self.targets[rows], self.sets[rows], self.files[rows])


@dataclass(frozen=True, slots=True)
class DecodedCrops:
    """Crops as pictures, `(N, side, side, 3) uint8` RGB, with their targets, sets and files."""

    images: Image
    targets: npt.NDArray[np.float32]
    sets: npt.NDArray[np.str_]
    files: npt.NDArray[np.str_]


def cut(path: Path, size_px: int, border_px: int, out: Path) -> Path:
    """Write the crops of one zip into a folder; returns the path of the file."""
    from agecam.vision.crop import crop_faces
    from training.data.face_zip import FaceZip
    from training.data.locate import locate

    squares, found = locate(path)
    labelled = FaceZip(path)
    spec = CropSpec(size_px, MARGIN).widened(border_px)

    def encoded() -> Iterator[npt.NDArray[np.uint8]]:
        for face, square in zip(labelled.faces, squares, strict=True):
            (pixels,) = crop_faces(labelled.picture(face), square[None], spec)
            yield cv2.imencode(".webp", pixels[..., ::-1].astype(np.uint8), [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1]

    files = list(tqdm(encoded(), total=len(squares), desc=f"Cutting {path.name}"))
    target = out / f"{path.stem}.npz"
    with whole_file(target) as part:
        np.savez(
            part,
            encoded=np.concatenate(files),
            ends=np.cumsum([len(file) for file in files]),
            targets=np.array(
                [(min(f.age_min, 100), min(f.age_max, 100), f.female) for f in labelled.faces], np.float32
            ),
            splits=np.array([f.split for f in labelled.faces]),
            sets=np.array([labelled.name] * len(files)),
            files=np.array([f.file for f in labelled.faces]),
            found=found,
            spec=np.array([size_px, border_px, MARGIN]),
        )
    return target


OUT = Path("cache/crops")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="ZIP")
    parser.add_argument("--size", type=int, default=SIZE_PX, metavar="PX", help="side of the network's input")
    parser.add_argument("--border", type=int, default=BORDER_PX, metavar="PX", help="more on every side, for training")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    for path in options.data:
        target = cut(path, options.size, options.border, options.out)
        print(f"{target}: {target.stat().st_size / 2**20:.0f} MiB")


if __name__ == "__main__":
    command(main)
