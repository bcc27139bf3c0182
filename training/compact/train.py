r"""Train the compact network, or its teacher (`--network large`).

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
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from agecam.errors import UsageError
from agecam.models.card import WEIGHTS_SUFFIX
from agecam.models.networks import compact
from training import command
from training.compact.adamw import adamw, rate_schedule
from training.compact.batches import FaceBatches
from training.compact.large import large
from training.compact.losses import DistilledLoss, DistributionLoss, FaceLoss
from training.compact.targets import soft_targets
from training.compact.validation import ValidationCallback
from training.data.crops import Crops, DecodedCrops
from training.data.opinions import Opinions
from training.files import write_text
from training.resume import Backup, is_finished


def main() -> None:
    options = _options()
    is_torch = keras.backend.backend() == "torch"
    if not is_torch and (options.minutes is not None or options.workers is not None):
        raise UsageError("--minutes and --workers need PyTorch: set KERAS_BACKEND=torch, or leave them out.")
    keras.utils.set_random_seed(options.seed)
    if options.bfloat16 and not is_torch:
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
    build = large if options.network == "large" else compact
    network = build(size_px, **json.loads(options.arguments))
    if options.start is not None:
        _start_from(network, options.start)
    teacher = keras.models.load_model(options.teacher, compile=False) if options.teacher else None
    targets, loss = _targets_and_loss(train, options, teacher is not None)
    shown_px = max(size_px, teacher.input_shape[1]) if teacher is not None else size_px
    batches = FaceBatches(train, targets, crops.size_px, shown_px, options, first_epoch=done)
    options.out.mkdir(parents=True, exist_ok=True)
    _describe(options, size_px)
    print(f"{network.count_params():,} parameters, {len(train.images):,} pictures, {len(batches)} steps per epoch")
    kept = [line for line in lines if line["epoch"] <= done]  # later ones are logged again
    write_text(log, "".join(f"{json.dumps(line)}\n" for line in kept))
    best = min((line["score"] for line in kept), default=math.inf)
    validation = ValidationCallback(network, val, crops.size_px, options, best)
    if is_torch:
        from training.compact.torch_fit import fit

        fit(network, teacher, batches, loss, rate_schedule(options, len(batches)), validation, options)
        _describe(options, size_px)  # with --minutes, as many epochs as there was time for
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


def _describe(options: argparse.Namespace, size_px: int) -> None:
    write_text(options.out / "run.json", json.dumps(vars(options) | {"size_px": size_px}, default=str, indent=1))


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
    weights: dict[str, Any] = {"expectation": options.expectation, "gender": options.gender}
    weights["reduction"] = None if has_teacher else "mean"
    labels: FaceLoss | DistributionLoss
    if options.opinions:
        opinions = Opinions.read(options.opinions, train.sets, train.files)
        targets, labels = soft_targets(train.targets, train.sets, opinions), DistributionLoss(**weights)
    else:
        targets, labels = train.targets, FaceLoss(**weights)
    return targets, DistilledLoss(labels, options.teacher_share) if has_teacher else labels


def trainable(network: keras.Model, teacher: keras.Model | None) -> keras.Model:
    """The network to train; with a teacher, the teacher's logits are appended to the network's.

    The teacher sees the pictures mirrored: over many views the student learns the mean of both, at the cost of one.
    """
    if teacher is None:
        return network
    teacher.name = "teacher"  # names must be unique within a model
    teacher.trainable = False
    side_px = max(network.input_shape[1], teacher.input_shape[1])
    inputs = keras.Input((side_px, side_px, 3))
    mirrored = keras.ops.flip(inputs, axis=2)
    logits = [network(_scaled(inputs, network)), teacher(_scaled(mirrored, teacher), training=False)]
    return keras.Model(inputs, keras.layers.Concatenate(dtype="float32")(logits))


def _scaled(faces: Any, network: keras.Model) -> Any:
    sides = network.input_shape[1:3]
    return faces if faces.shape[1:3] == sides else keras.ops.image.resize(faces, sides, antialias=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", nargs="+", type=Path, required=True, metavar="NPZ")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--network", default="compact", choices=["compact", "large"])
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
    parser.add_argument(
        "--minutes",
        type=float,
        metavar="M",
        help="end after M minutes, in which the learning rate falls (PyTorch)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes that make the views, on PyTorch; default: one per core but one with a GPU, else none",
    )
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
