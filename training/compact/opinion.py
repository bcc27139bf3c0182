"""Ask a trained network about all training faces, as a teacher for later runs (`--opinions`).

    KERAS_BACKEND=torch python -m training.compact.opinion --teacher runs/large/best.keras \
        --crops cache/crops112/{utkface,fairface,aaf}.npz --out teacher_opinion.npz

Writes the mean of the face and its mirror image, as training.data.opinions describes. Takes a minute on an H200
with 16 cores.
"""

import argparse
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from agecam.runtime.files import whole_file
from agecam.types import AGE_CLASSES, Image
from training import command
from training.compact.batches import resized
from training.data.augment import centre
from training.data.crops import Crops
from training.evaluation.metrics import softmax

BATCH = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", type=Path, required=True, metavar="KERAS")
    parser.add_argument("--crops", nargs="+", type=Path, required=True, metavar="NPZ")
    parser.add_argument("--out", type=Path, required=True, metavar="NPZ")
    options = parser.parse_args()
    teacher = keras.models.load_model(options.teacher, compile=False)
    opinions: dict[str, Any] = {}
    crops = Crops.load(options.crops)
    for name in np.unique(crops.sets).tolist():
        train = crops.chosen(np.flatnonzero((crops.sets == name) & (crops.splits == "train")))
        faces = resized(np.stack([centre(crop, crops.size_px) for crop in train.images]), teacher.input_shape[1])
        opinions |= {f"{name}_files": train.files, f"{name}_p": probabilities(teacher, faces, name).astype(np.float16)}
    with whole_file(options.out) as part:
        np.savez_compressed(part, **opinions)
    print(f"{options.out}: {', '.join(key for key in opinions if key.endswith('_p'))}")


def probabilities(network: keras.Model, faces: Image, name: str) -> npt.NDArray[np.float32]:
    """`(N, side, side, 3)` -> `(N, 103)`: the 101 ages, female and male; the mean over both mirror images."""
    each = []
    for start in tqdm(range(0, len(faces), BATCH), desc=f"Asking about {name}"):
        batch = faces[start : start + BATCH].astype(np.float32)
        views = (batch, np.ascontiguousarray(batch[:, :, ::-1]))
        logits = [network.predict_on_batch(view) for view in views]
        both = [np.hstack([softmax(of[:, :AGE_CLASSES]), softmax(of[:, AGE_CLASSES:])]) for of in logits]
        each.append(np.mean(both, axis=0))
    return np.concatenate(each)


if __name__ == "__main__":
    command(main)
