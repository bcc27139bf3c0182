"""The training loop for PyTorch: same schedule, weight decay and EMA as with Keras, with less overhead per step."""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import torch
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from agecam.runtime.files import whole_file
from training.compact.feed import EpochBatches, feed
from training.compact.torch_twin import TorchTwin

LARGEST_GRADIENT = 5.0
"""Norm to which the gradient of each weight tensor is clipped."""


def fit(
    network: keras.Model,
    teacher: keras.Model | None,
    batches: EpochBatches,
    loss: keras.losses.Loss,
    rate: keras.optimizers.schedules.LearningRateSchedule,
    validation: keras.callbacks.Callback,
    options: argparse.Namespace,
) -> None:
    """Train a network. After every epoch it gets the exponential moving average of the weights and is validated.

    Args:
        network: its weights are replaced after every epoch.
        teacher: its logits for the mirrored pictures are appended to the student's, as `DistilledLoss` expects.
        batches: already at the epoch after the last one in the backup.
        loss: `DistilledLoss` with a teacher, otherwise `FaceLoss` or `DistributionLoss`.
        rate: learning rate by step.
        validation: called at the beginning and end of every epoch.
        options: options of training.compact.train.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True
    twin = TorchTwin(network, options.bfloat16).to(device)
    averaged = AveragedModel(twin, multi_avg_fn=get_ema_multi_avg_fn(options.ema), use_buffers=True)
    if options.jit:
        twin.compile(dynamic=False)
    student = _at_its_size(twin, network)
    with_teacher = _with_teacher(teacher, options, device)
    optimizer = _adamw(twin, options.decay)
    backup = backup_path(options.out)
    epoch = 0 if options.no_backup else _restore_backup(backup, twin, averaged, optimizer)
    steps = len(batches)
    clock = _Clock(options.minutes, options.epochs * steps)
    made = feed(batches, device, _workers(options.workers, device))
    while epoch < options.epochs:
        validation.on_epoch_begin(epoch)
        twin.train()
        total = torch.zeros((), device=device)
        for index in tqdm(range(steps), desc=f"Epoch {epoch + 1} of {options.epochs}", disable=options.quiet):
            faces, targets = next(made)
            with keras.device("cpu"):  # else the GPU is waited for at every step
                rate_now = float(rate(clock.step(epoch * steps + index)))
            for group in optimizer.param_groups:
                group["lr"] = rate_now
            faces = faces.float()
            error = loss(targets, with_teacher(student(faces), faces))
            optimizer.zero_grad(set_to_none=True)
            error.backward()
            _clip([p.grad for p in twin.parameters() if p.grad is not None])
            optimizer.step()
            averaged.update_parameters(twin)
            total += error.detach()
            if clock.is_over():
                options.epochs = epoch + 1
                break
        averaged.module.copy_weights_to(network)
        validation.on_epoch_end(epoch, {"loss": float(total) / (index + 1)})
        epoch += 1
        if epoch < options.epochs and not options.no_backup:
            _save_backup(backup, epoch, twin, averaged, optimizer)
    backup.unlink(missing_ok=True)


class _Clock:
    """Ends the schedule in time on a machine that is lent for some minutes."""

    def __init__(self, minutes: float | None, steps: int) -> None:
        self.minutes, self.steps = minutes, steps
        self.began = time.monotonic()

    def step(self, step: int) -> int:
        """The step of the schedule: the one that the time passed belongs to, if that is later."""
        return max(step, min(self.steps, round(self._share() * self.steps)))

    def is_over(self) -> bool:
        return self._share() >= 1

    def _share(self) -> float:
        return (time.monotonic() - self.began) / 60 / self.minutes if self.minutes else 0.0


def _workers(asked: int | None, device: torch.device) -> int:
    # On a processor, views made in parallel slow the training threads more than views made between the steps.
    return asked if asked is not None else max(1, (os.cpu_count() or 2) - 1) if device.type == "cuda" else 0


def _clip(gradients: list[torch.Tensor]) -> None:
    # All at once: a call for each tensor leaves a GPU waiting.
    norms = torch._foreach_norm(gradients)
    torch._foreach_mul_(gradients, [(LARGEST_GRADIENT / (norm + 1e-6)).clamp(max=1.0) for norm in norms])


def _at_its_size(twin: Callable[[torch.Tensor], torch.Tensor], network: keras.Model) -> Any:
    """The network for views that are larger than its input, as they are when teacher and student differ."""
    side_px: int = network.input_shape[1]

    def logits(faces: torch.Tensor) -> torch.Tensor:
        if faces.shape[1] == side_px:
            return twin(faces)
        small = F.interpolate(faces.permute(0, 3, 1, 2), (side_px, side_px), mode="bilinear", antialias=True)
        return twin(small.permute(0, 2, 3, 1))

    return logits


def _adamw(twin: TorchTwin, decay: float) -> torch.optim.Optimizer:
    # No weight decay for biases and normalisation.
    groups: list[dict[str, Any]] = [
        {"params": [p for p in twin.parameters() if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in twin.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, eps=1e-7, fused=True)


def _with_teacher(teacher: keras.Model | None, options: argparse.Namespace, device: torch.device) -> Any:
    if teacher is None:
        return lambda logits, faces: logits
    twin = TorchTwin(teacher, options.bfloat16).to(device).eval()
    if options.jit:
        twin.compile(dynamic=False)
    of_teacher = _at_its_size(twin, teacher)

    def append_teacher(logits: torch.Tensor, faces: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            teacher_logits = of_teacher(faces.flip(2))
        return torch.cat([logits, teacher_logits], dim=1)

    return append_teacher


def backup_path(out: Path) -> Path:
    """Backup of the run in a folder."""
    return out / "backup.pt"


def backed_up_epochs(out: Path) -> int:
    """Number of finished epochs in the backup of the run in a folder; 0 if there is none."""
    path = backup_path(out)
    return int(torch.load(path, weights_only=True, mmap=True)["epoch"]) if path.exists() else 0


def _save_backup(path: Path, epoch: int, *parts: Any) -> None:
    with whole_file(path) as part:
        torch.save({"epoch": epoch, "parts": [of.state_dict() for of in parts]}, part)


def _restore_backup(path: Path, *parts: Any) -> int:
    """Load the backup, if there is one; returns the epoch to resume with."""
    if not path.exists():
        return 0
    saved = torch.load(path, weights_only=True)
    for of, state in zip(parts, saved["parts"], strict=True):
        of.load_state_dict(state)
    return int(saved["epoch"])
