"""The training loop on PyTorch: schedule, decay and running mean as on Keras's, with less between the steps."""

import argparse
from pathlib import Path
from typing import Any, Protocol

import keras
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from training.torch_twin import TorchTwin


class Batches(Protocol):
    """Pictures and targets, as `keras.utils.PyDataset` gives them."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> tuple[Any, Any]: ...
    def on_epoch_begin(self) -> None:
        """Draw the batches of the next epoch."""


def fit(
    network: keras.Model,
    teacher: keras.Model | None,
    batches: Batches,
    loss: keras.losses.Loss,
    rate: keras.optimizers.schedules.LearningRateSchedule,
    judge: keras.callbacks.Callback,
    options: argparse.Namespace,
) -> None:
    """Train a network; after every epoch it has the running mean of the weights, and the judge sees it.

    Args:
        teacher: what the student's output is put before, as `DistilledLoss` takes it. It sees the mirror image.
        batches: begun already for the epoch after the last one in the backup.
        options: of training.train.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    twin = TorchTwin(network, options.bfloat16).to(device)
    averaged = AveragedModel(twin, multi_avg_fn=get_ema_multi_avg_fn(options.ema), use_buffers=True)
    if options.jit:
        twin.compile(dynamic=False)
    taught = _taught(teacher, options.bfloat16, device)
    optimizer = _adamw(twin, options.decay)
    backup = options.out / "backup.pt"
    epoch = _restored(backup, twin, averaged, optimizer)
    while epoch < options.epochs:
        judge.on_epoch_begin(epoch)
        twin.train()
        total = torch.zeros((), device=device)
        for index in tqdm(range(len(batches)), desc=f"Epoch {epoch + 1} of {options.epochs}", disable=options.quiet):
            faces, targets = (torch.from_numpy(array).to(device) for array in batches[index])
            for group in optimizer.param_groups:
                group["lr"] = float(rate(epoch * len(batches) + index))
            logits = taught(twin(faces.float()), faces.float())
            error = loss(targets, logits)
            optimizer.zero_grad(set_to_none=True)
            error.backward()
            for parameter in twin.parameters():
                torch.nn.utils.clip_grad_norm_([parameter], 5.0)
            optimizer.step()
            averaged.update_parameters(twin)
            total += error.detach()
        averaged.module.give(network)
        judge.on_epoch_end(epoch, {"loss": float(total) / len(batches)})
        epoch += 1
        if epoch < options.epochs:
            batches.on_epoch_begin()
            if not options.no_backup:
                _keep(backup, epoch, twin, averaged, optimizer)
    backup.unlink(missing_ok=True)


def _adamw(twin: TorchTwin, decay: float) -> torch.optim.Optimizer:
    # Biases and normalisation are not pulled to nothing.
    groups: list[dict[str, Any]] = [
        {"params": [p for p in twin.parameters() if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in twin.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, eps=1e-7, fused=True)


def _taught(teacher: keras.Model | None, bfloat16: bool, device: torch.device) -> Any:
    if teacher is None:
        return lambda logits, faces: logits
    twin = TorchTwin(teacher, bfloat16).to(device).eval()

    def with_opinion(logits: torch.Tensor, faces: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            opinion = twin(faces.flip(2))
        return torch.cat([logits, opinion], dim=1)

    return with_opinion


def _keep(path: Path, epoch: int, *parts: Any) -> None:
    part = path.with_name(f"part-{path.name}")
    torch.save({"epoch": epoch, "parts": [of.state_dict() for of in parts]}, part)
    part.replace(path)


def _restored(path: Path, *parts: Any) -> int:
    """The epoch to go on with."""
    if not path.exists():
        return 0
    kept = torch.load(path, weights_only=True)
    for of, state in zip(parts, kept["parts"], strict=True):
        of.load_state_dict(state)
    return int(kept["epoch"])
