r"""Transfer learning as published: train VGG-Face with its 13 convolutions frozen to estimate age or gender.

    python -m training.data.clean    --index wiki_crop/wiki.mat --out runs/wiki
    python -m training.vgg_face.transfer --rows runs/wiki/clean.csv --pictures wiki_crop --start vgg_face_weights.h5 \
        --task age --out runs/vgg-age
    python -m training.vgg_face.transfer --rows runs/wiki/clean.csv --pictures wiki_crop --start vgg_face_weights.h5 \
        --task gender --out runs/vgg-gender
    agecam models add runs/vgg-age/age_model_weights.h5 runs/vgg-gender/gender_model_weights.h5

`--protocol recipe` is the published one: categorical cross-entropy, Adam, 256 pictures drawn at random for each of 250
epochs, batches of 32, 70% of the faces for training, and the weights with the lowest loss on the other 30%.
`--protocol cached` runs the frozen convolutions once over every face, stores their output in half precision (50 kB per
face), and trains the remaining layers on it in full epochs: same network and same loss, in a fraction of the time.

`--split published` uses those 30% both to choose the weights and to test them. `--split three`, the default, tests on
the same 30% and chooses the weights on a seventh of the other faces.

Expected results on the real archives are unknown, since the archives were not available; results of a trial on other
faces are in training/README.md. After an interruption, run the same command again to resume.
"""

import argparse
import csv
import io
import json
import os
import time
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # Saves half a gigabyte that oneDNN uses for dense layers of this size; the convolutions take a third longer.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import numpy as np
from keras import ops

from agecam.errors import UsageError
from agecam.models.install.layers import CONVOLUTIONS
from agecam.models.install.legacy_hdf5 import opened, write
from agecam.models.networks.vgg_face import convolutions, task_network
from agecam.models.vgg_face import BACKBONE, SIZE_PX, TASKS
from agecam.runtime.files import PartFile
from training import command
from training.data.wiki_faces import WikiFaces
from training.files import write_json, write_text
from training.resume import Backup, is_finished
from training.vgg_face.adam import InPlaceAdam
from training.vgg_face.batches import Reader, RowBatches, Rows
from training.vgg_face.features import Features, live_features

MADE_BY = "training.vgg_face.transfer"
TEST_SHARE, VAL_SHARE = 0.3, 0.1
"""Shares of all faces; in the published split the test faces are also `val`."""


def main() -> None:
    options = _options()
    log, backup = options.out / "log.csv", Backup(options.out / "backup")
    heading, *logged = log.read_text().splitlines(keepends=True) if log.exists() else [""]
    if is_finished(options.out, len(logged), options.epochs, backup.folder):
        print(f"{options.out} is finished: pass another --out folder to train again.")
        return
    keras.utils.set_random_seed(options.seed)
    faces = WikiFaces.read(options.rows, options.pictures or options.rows.parent)
    parts = split(len(faces), options.split, options.seed)
    if min(len(rows) for rows in parts.values()) == 0:
        raise UsageError(f"{len(faces)} faces in {options.rows} are too few to split: use more faces.")
    network = task_network(TASKS[options.task], options.size, options.channels, options.features)
    load_start(network, options.start)
    options.out.mkdir(parents=True, exist_ok=True)
    write_json(options.out / "run.json", {"made_by": MADE_BY, **{k: str(v) for k, v in vars(options).items()}})
    write_text(options.out / "split.csv", split_table(faces, parts))
    classes = faces.classes(options.task)
    read: Reader
    if options.protocol == "cached":
        read = Features.compute(network, faces, options.size, options.features_folder or options.out).rows
        train = RowBatches(read, classes, parts["train"], options.batch, options.seed)
    else:
        read = live_features(network, faces, options.size)
        train = RowBatches(read, classes, parts["train"], options.batch, options.seed, options.draw)
    val = RowBatches(read, classes, parts["val"], 64)
    trained = keras.Model(network.get_layer("pool5").output, network.output)
    trained.compile(
        optimizer=InPlaceAdam(options.rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy", *([apparent_mae] if options.task == "age" else [])],
    )
    weights = options.out / f"{options.task}_model_weights.h5"
    done = backup.epochs
    backup.restore(trained)
    if done:
        write_text(log, "".join([heading, *logged[:done]]))  # later epochs are logged again
    train.epoch = done - 1
    trained.fit(
        train,
        validation_data=val,
        initial_epoch=done,
        epochs=options.epochs,
        verbose=2 if options.quiet else 1,
        callbacks=[
            keras.callbacks.CSVLogger(str(log), append=done > 0),
            Best(network, weights, options.out / "best.json", resumes=done > 0),
            backup,
            Throughput(train),
        ],
    )
    if not (options.out / "best.json").exists():
        raise UsageError("The loss on val was never a number: train with a smaller --rate.")
    best = json.loads((options.out / "best.json").read_text())
    print(f"{weights}: lowest loss on val {best['val_loss']:.4f}, in epoch {best['epoch']}")


def split(count: int, how: str, seed: int) -> dict[str, Rows]:
    """Random rows for each part. A seed gives the same test faces for both values of `how`."""
    order = np.random.default_rng(seed).permutation(count)
    test, rest = np.split(order, [round(TEST_SHARE * count)])
    if how == "published":
        return {"train": rest, "val": test, "test": test}
    val, train = np.split(rest, [round(VAL_SHARE * count)])
    return {"train": train, "val": val, "test": test}


def split_table(faces: WikiFaces, parts: dict[str, Rows]) -> str:
    """`file,split` as CSV; a face in both `val` and `test` is listed as `test`."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["file", "split"])
    of_row = {row: name for name, rows in parts.items() for row in rows.tolist()}
    writer.writerows([faces.files[row], of_row[row]] for row in range(len(faces)))
    return file.getvalue()


def load_start(network: keras.Model, path: Path | None) -> None:
    """Load the weights of VGG-Face into all layers but the last; without a file they stay random.

    Raises:
        WeightsError: the file is damaged or has another layout.
        UsageError: its layers have another size.
    """
    if path is None:
        print("No --start: the 13 frozen convolutions are random, so this only tests that training runs and how fast.")
        return
    with opened(path) as layers:
        for index, layer in enumerate(convolutions(network)[: CONVOLUTIONS - 1]):
            kernel, bias = layers.tensors(index)
            if kernel.shape != tuple(layer.kernel.shape):
                raise UsageError(f"{path} has layers of another size: leave out --size, --channels and --features.")
            layer.set_weights([kernel, bias])


def apparent_mae(classes: Any, logits: Any) -> Any:
    """Absolute error, in years, of the expectation over the 101 classes."""
    ages = ops.arange(logits.shape[-1], dtype="float32")
    age = ops.sum(ops.softmax(ops.cast(logits, "float32")) * ages, axis=-1)
    return ops.abs(age - ops.cast(ops.reshape(classes, (-1,)), "float32"))


class Best(keras.callbacks.Callback):
    """Writes the whole network in the published layout whenever its loss on `val` is the lowest so far."""

    def __init__(self, network: keras.Model, path: Path, note: Path, resumes: bool) -> None:
        super().__init__()
        self.network, self.path, self.note = network, path, note
        self.lowest = json.loads(note.read_text())["val_loss"] if resumes and note.exists() else np.inf

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        value = float((logs or {})["val_loss"])
        if not value < self.lowest:
            return
        self.lowest = value
        save(self.network, self.path)
        write_json(self.note, {"epoch": epoch + 1, **{key: float(of) for key, of in (logs or {}).items()}})


def save(network: keras.Model, path: Path) -> None:
    """Write the weights of a task's network in the published layout, completely or not at all."""
    layers = convolutions(network)
    names = [f"conv2d_{number}" for number in range(1, len(BACKBONE) + 3)] + ["predictions"]
    tensors = ((np.asarray(layer.kernel, np.float32), np.asarray(layer.bias, np.float32)) for layer in layers)
    file = PartFile(path)
    try:
        file.close()
        write(file.path, names, tensors)
        file.commit()
    finally:
        file.discard()


class Throughput(keras.callbacks.Callback):
    """Prints the pictures per second of training after each epoch."""

    def __init__(self, batches: RowBatches) -> None:
        super().__init__()
        self.batches, self.began = batches, 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.began = time.monotonic()

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        self.ended = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        whole = time.monotonic() - self.began
        learning = self.ended - self.began
        print(f"{self.batches.count / learning:,.0f} pictures per second, {whole:.0f} s with validation", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, required=True, metavar="CSV", help="clean.csv of training.data.clean")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="folder that its paths are relative to")
    parser.add_argument("--start", type=Path, metavar="H5", help="vgg_face_weights.h5")
    parser.add_argument("--task", choices=sorted(TASKS), required=True)
    parser.add_argument("--protocol", choices=("recipe", "cached"), default="cached")
    parser.add_argument("--split", choices=("three", "published"), default="three")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--features-folder",
        type=Path,
        metavar="FOLDER",
        help="where `cached` stores its features, to share them between both tasks (default: --out)",
    )
    parser.add_argument("--epochs", type=int, help="250 for `recipe`, 12 for `cached`")
    parser.add_argument("--draw", type=int, default=256, help="pictures drawn per epoch of `recipe`")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1e-3, help="learning rate of Adam")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=SIZE_PX, metavar="PX", help="side of the input, for trials")
    parser.add_argument("--channels", type=int, default=64, help="channels of the first block, for trials")
    parser.add_argument("--features", type=int, default=4096, help="size of the dense layers, for trials")
    parser.add_argument("--quiet", action="store_true", help="one line per epoch, no progress bar")
    options = parser.parse_args()
    options.epochs = options.epochs or (250 if options.protocol == "recipe" else 12)
    return options


if __name__ == "__main__":
    command(main)
