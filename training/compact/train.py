r"""Train the compact network.

    python -m training.data.locate --data faces/utkface.zip faces/fairface.zip faces/aaf.zip
    python -m training.data.crops  --data faces/utkface.zip faces/fairface.zip faces/aaf.zip
    KERAS_BACKEND=torch python -m training.compact.train --jit --bfloat16 \
        --crops cache/crops/{utkface,fairface,aaf}.npz \
        --out runs/first --epochs 40 --batch 128 --gender 1.5 --rebalance 0.25
    KERAS_BACKEND=torch python -m training.compact.train --jit --bfloat16 \
        --crops cache/crops/{utkface,fairface,aaf}.npz \
        --out runs/second --start runs/first/best.keras --teacher runs/first/best.keras --teacher-share 0.5 \
        --mix 0.5 --expectation 0.2 --epochs 26 --batch 128 --rate 1.5e-3 --gender 1.5 --rebalance 0.35
    KERAS_BACKEND=torch python -m training.compact.train --jit --bfloat16 \
        --crops cache/crops/{utkface,fairface,aaf}.npz \
        --out runs/compact --start runs/second/best.keras --teacher runs/second/best.keras --teacher-share 0.5 \
        --strong --mix 0.5 --expectation 0.2 --epochs 24 --batch 128 --rate 1e-3 --gender 1.5 --rebalance 0.35

Expected at 80 px: 95, 65 and 60 minutes on two cores; last losses 2.55, 3.90, 4.12. On `test`, by
training.evaluation.evaluate: UTKFace MAE 4.73 years and gender 93.9%; FairFace age range 57.0% exact, gender 91.0%;
All-Age-Faces MAE 5.14 and 95.1%; One Million Impressions apparent MAE 3.32, ChaLearn error 0.190, gender 94.5%. The
weights that are shipped see 96 px and learned from `--opinions` too: training/README.md has that run. Without
PyTorch, leave out `KERAS_BACKEND`, `--jit` and `--bfloat16` to train on TensorFlow.

After an interruption, run the same command again to resume. Runs on any Keras backend (`KERAS_BACKEND`).
"""

import argparse
import json
import math
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import numpy.typing as npt

from agecam.errors import UsageError
from agecam.models.card import WEIGHTS_SUFFIX
from agecam.models.networks import build_network
from agecam.runtime.files import whole_file
from agecam.types import Image
from training import command
from training.compact.adamw import adamw, rate_schedule
from training.compact.losses import DistilledLoss, DistributionLoss, FaceLoss
from training.compact.sampling import sample_rows, weights_by_age
from training.compact.targets import soft_targets
from training.data.augment import augmented_batch, centre, mixup
from training.data.crops import Crops, DecodedCrops
from training.data.opinions import Opinions
from training.evaluation.metrics import SetFigures, by_set
from training.files import write_text
from training.resume import Backup, is_finished


def main() -> None:
    options = _options()
    keras.utils.set_random_seed(options.seed)
    if options.bfloat16 and keras.backend.backend() != "torch":
        keras.config.set_dtype_policy("mixed_bfloat16")
    crops = Crops.load(options.crops)
    train = crops.chosen(np.flatnonzero(crops.splits == "train"))
    val = crops.chosen(np.flatnonzero((crops.splits == "val") & crops.found))
    log = options.out / "log.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    backup, done = _backup(options)
    if is_finished(options.out, lines[-1]["epoch"] if lines else 0, options.epochs, backup):
        print(f"{options.out} is finished: pass another --out folder to train again.")
        return
    if len(train.images) < options.batch:
        raise UsageError(
            f"--batch {options.batch} exceeds the {len(train.images)} training pictures: choose a smaller batch."
        )
    size_px = options.size or crops.size_px
    network = build_network("compact", size_px, **json.loads(options.arguments))
    if options.start is not None:
        _start_from(network, options.start)
    teacher = keras.models.load_model(options.teacher, compile=False) if options.teacher else None
    targets, loss = _targets_and_loss(train, options, teacher is not None)
    batches = FaceBatches(train, targets, crops.size_px, options, first_epoch=done)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "run.json").write_text(
        json.dumps(vars(options) | {"network": "compact", "size_px": size_px}, default=str, indent=1)
    )
    print(f"{network.count_params():,} parameters, {len(train.images):,} pictures, {len(batches)} steps per epoch")
    kept = [line for line in lines if line["epoch"] <= done]  # later ones are logged again
    write_text(log, "".join(f"{json.dumps(line)}\n" for line in kept))
    best = min((line["score"] for line in kept), default=math.inf)
    validation = ValidationCallback(network, val, crops.size_px, options, best)
    if keras.backend.backend() == "torch":
        from training.compact.torch_fit import fit

        fit(network, teacher, batches, loss, rate_schedule(options, len(batches)), validation, options)
        return
    trained = trainable(network, teacher)
    trained.compile(optimizer=adamw(options, len(batches)), loss=loss, jit_compile=options.jit)
    backups = Backup(backup)
    if done:
        backups.restore(trained)
    trained.fit(
        batches,
        initial_epoch=done,
        epochs=options.epochs,
        verbose=0 if options.quiet else 1,
        callbacks=[
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            validation,
            *([] if options.no_backup else [backups]),
        ],
    )


def _backup(options: argparse.Namespace) -> tuple[Path, int]:
    """The backup of an interrupted run, and the number of finished epochs in it."""
    if keras.backend.backend() == "torch":
        from training.compact.torch_fit import backed_up_epochs, backup_path

        path, epochs = backup_path(options.out), backed_up_epochs(options.out)
    else:
        path = options.out / "backup"
        epochs = Backup(path).epochs
    return path, 0 if options.no_backup else epochs


def _start_from(network: keras.Model, path: Path) -> None:
    """Give the network the weights of an earlier run, or of a model of the same network at any input size."""
    if path.name.endswith(WEIGHTS_SUFFIX):
        network.load_weights(path)
    else:
        network.set_weights(keras.models.load_model(path, compile=False).get_weights())


def _targets_and_loss(
    train: DecodedCrops, options: argparse.Namespace, has_teacher: bool
) -> tuple[npt.NDArray[np.float32], keras.losses.Loss]:
    """The labels, or distributions of labels and opinions; and the loss against them."""
    if options.opinions:
        if has_teacher:
            raise UsageError("--opinions cannot be combined with --teacher: its opinions are in those files.")
        opinions = Opinions.read(options.opinions, train.sets, train.files)
        loss = DistributionLoss(expectation=options.expectation, gender=options.gender)
        return soft_targets(train.targets, train.sets, opinions), loss
    labels = FaceLoss(expectation=options.expectation, gender=options.gender, reduction=None if has_teacher else "mean")
    return train.targets, DistilledLoss(labels, options.teacher_share) if has_teacher else labels


CHANGED = 0.45
"""Share of views in which more than the framing changes, in the first half of the epochs."""


class FaceBatches(keras.utils.PyDataset):
    """Shuffled batches of augmented faces from crops in memory; reproducible for a seed and epoch.

    In the second half of the epochs fewer views change in more than their framing: by then the network has learned to
    ignore such changes, and most real pictures have none. Strong augmentation keeps the full share.
    """

    def __init__(
        self,
        crops: DecodedCrops,
        targets: npt.NDArray[np.float32],
        size_px: int,
        options: argparse.Namespace,
        first_epoch: int,
    ) -> None:
        # With PyTorch a parallel loader slows the training threads more than loading between the steps.
        super().__init__(workers=1 if keras.backend.backend() == "torch" else os.cpu_count() or 1, max_queue_size=8)
        self.crops, self.targets = crops, targets
        self.size_px, self.shown_px = size_px, options.size or size_px
        self.batch: int = options.batch
        self.seed: int = options.seed
        self.epochs: int = options.epochs
        self.mix: float = options.mix
        self.strong: bool = options.strong
        self.weights = weights_by_age(crops.targets, crops.sets, options.rebalance, dict(options.often))
        self.steps: int = options.steps or round(float(self.weights.sum())) // options.batch
        self.epoch = first_epoch - 1
        self.on_epoch_begin()

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        rows = self.order[index * self.batch : (index + 1) * self.batch]
        random = np.random.default_rng((self.seed, self.epoch, index))
        share = CHANGED if self.strong or self.epoch < 0.5 * self.epochs else CHANGED / 2
        views = augmented_batch(self.crops.images[rows], self.size_px, random, share, self.strong)
        views = resized(views, self.shown_px)
        targets = self.targets[rows]
        return mixup(views, targets, random, self.mix) if self.mix else (views, targets)

    def on_epoch_begin(self) -> None:
        self.epoch += 1
        random = np.random.default_rng((self.seed, self.epoch))
        rounds = -(-self.steps * self.batch // round(float(self.weights.sum())))
        self.order = np.concatenate([sample_rows(self.weights, random) for _ in range(rounds)])


def resized(faces: Image, size_px: int) -> Image:
    """`(N, side, side, 3)` -> `(N, size_px, size_px, 3)`."""
    if faces.shape[1] == size_px:
        return faces
    return np.stack([cv2.resize(face, (size_px, size_px), interpolation=cv2.INTER_AREA) for face in faces])


def trainable(network: keras.Model, teacher: keras.Model | None) -> keras.Model:
    """The network to train; with a teacher, the teacher's logits are appended to the network's.

    The teacher sees the pictures mirrored: over many views the student learns the mean of both, at the cost of one.
    """
    if teacher is None:
        return network
    teacher.name = "teacher"  # names must be unique within a model
    teacher.trainable = False
    inputs = keras.Input(network.input_shape[1:])
    logits = [network(inputs), teacher(keras.ops.flip(inputs, axis=2), training=False)]
    return keras.Model(inputs, keras.layers.Concatenate(dtype="float32")(logits))


class ValidationCallback(keras.callbacks.Callback):
    """After an epoch: metrics on `val`, the log, the best weights so far, and the time left."""

    def __init__(
        self, network: keras.Model, val: DecodedCrops, size_px: int, options: argparse.Namespace, best: float
    ) -> None:
        super().__init__()
        self.network, self.val, self.options = network, val, options
        faces = np.stack([centre(crop, size_px) for crop in val.images])
        self.faces = resized(faces, options.size or size_px).astype(np.float32)
        self.log = options.out / "log.jsonl"
        self.started: tuple[int, float] | None = None
        self.best = best

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.started = self.started or (epoch, time.monotonic())

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        last = epoch + 1 == self.options.epochs
        if (epoch + 1) % self.options.validate_every and not last:
            return
        logits = self.network.predict(self.faces, batch_size=512, verbose=0)
        figures = by_set(logits, self.val.targets, self.val.sets)
        score = total_score(figures)
        if score < self.best:
            self.best = score
            _save(self.network, self.options.out / "best.keras")
        val = {name: asdict(value) for name, value in figures.items()}
        line = {"epoch": epoch + 1, "loss": (logs or {}).get("loss", math.nan), "score": score, "val": val}
        with self.log.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(
            f"epoch {epoch + 1}: loss {line['loss']:.3f}, score {score:.3f}, {_summary(figures)}, {self._left(epoch)}",
            flush=True,
        )

    def _left(self, epoch: int) -> str:
        first, since = self.started or (epoch, time.monotonic())
        each = (time.monotonic() - since) / (epoch + 1 - first)
        return f"{each * (self.options.epochs - epoch - 1) / 60:.0f} min left"


def total_score(figures: dict[str, SetFigures]) -> float:
    """One number for choosing the weights, smaller is better.

    One year of error counts as much as two percentage points of gender or about eight of age range. All sets have equal
    weight.
    """
    scores = []
    for value in figures.values():
        years = value.mae if value.mae is not None else (1 - (value.range_exact or 0)) * 12
        scores.append(years + (1 - value.gender) * 50)
    return float(np.mean(scores))


def _summary(figures: dict[str, SetFigures]) -> str:
    parts = []
    for name, value in figures.items():
        age = f"{value.mae:.2f} y" if value.mae is not None else f"{value.range_exact:.1%}"
        parts.append(f"{name} {age} ({value.bias:+.1f}) {value.gender:.1%}")
    return "; ".join(parts)


def _save(network: keras.Model, path: Path) -> None:
    """Save the network completely or not at all, even if the program is stopped."""
    with whole_file(path) as part:
        network.save(part)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", nargs="+", type=Path, required=True, metavar="NPZ")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--arguments", default="{}", metavar="JSON", help="arguments of the network")
    parser.add_argument("--start", type=Path, metavar="KERAS", help="start from the weights of an earlier run")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--steps", type=int, metavar="N", help="batches per epoch; default: every face once")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=2e-3, help="largest learning rate")
    parser.add_argument("--decay", type=float, default=0.05, help="weight decay")
    parser.add_argument("--ema", type=float, default=0.998, help="momentum of the weights' moving average")
    parser.add_argument(
        "--rebalance", type=float, default=0.0, help="0: faces as in the sets, 1: all ages equally often"
    )
    parser.add_argument(
        "--often", nargs="*", type=_times, default=[], metavar="SET=TIMES", help="how often an epoch shows a set; 1"
    )
    parser.add_argument(
        "--opinions", nargs="*", type=Path, default=[], metavar="NPZ", help="see training.data.opinions"
    )
    parser.add_argument("--gender", type=float, default=1.0, help="weight of the gender loss")
    parser.add_argument("--expectation", type=float, default=0.1, help="weight of the age's error in years")
    parser.add_argument("--mix", type=float, default=0.0, metavar="SHARE", help="share of faces blended by mixup")
    parser.add_argument("--strong", action="store_true", help="strong augmentation, for a trained --start")
    parser.add_argument("--size", type=int, metavar="PX", help="side of the faces, if smaller than the crops")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--teacher", type=Path, help="a trained network for knowledge distillation")
    parser.add_argument("--teacher-share", type=float, default=0.5)
    parser.add_argument("--bfloat16", action="store_true", help="compute in bfloat16, if the machine supports it")
    parser.add_argument("--jit", action="store_true", help="compile the training step (on CPUs, with PyTorch only)")
    parser.add_argument("--validate-every", type=int, default=1, metavar="EPOCHS")
    parser.add_argument(
        "--no-backup", action="store_true", help="no backup after each epoch, for machines that are not interrupted"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser.parse_args()


def _times(text: str) -> tuple[str, float]:
    name, _, times = text.partition("=")
    try:
        return name, float(times)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not SET=TIMES, such as portraits=2") from None


if __name__ == "__main__":
    command(main)
