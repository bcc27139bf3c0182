"""The training loop for PyTorch: same schedule, weight decay and EMA as with Keras, with less overhead per step."""

import argparse
from pathlib import Path
from typing import Any, Protocol

import keras
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from agecam.runtime.files import whole_file
from training.compact.torch_twin import TorchTwin


class EpochBatches(Protocol):
    """Batches of pictures and targets, like a `keras.utils.PyDataset`."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> tuple[Any, Any]: ...
    def on_epoch_begin(self) -> None:
        """Draw the batches of the next epoch."""


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
        loss: `DistilledLoss` with a teacher, otherwise `FaceLoss`.
        rate: learning rate by step.
        validation: called at the beginning and end of every epoch.
        options: options of training.compact.train.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    twin = TorchTwin(network, options.bfloat16).to(device)
    averaged = AveragedModel(twin, multi_avg_fn=get_ema_multi_avg_fn(options.ema), use_buffers=True)
    if options.jit:
        twin.compile(dynamic=False)
    with_teacher = _with_teacher(teacher, options.bfloat16, device)
    optimizer = _adamw(twin, options.decay)
    backup = backup_path(options.out)
    epoch = 0 if options.no_backup else _restore_backup(backup, twin, averaged, optimizer)
    while epoch < options.epochs:
        validation.on_epoch_begin(epoch)
        twin.train()
        total = torch.zeros((), device=device)
        for index in tqdm(range(len(batches)), desc=f"Epoch {epoch + 1} of {options.epochs}", disable=options.quiet):
            faces, targets = (torch.from_numpy(array).to(device) for array in batches[index])
            for group in optimizer.param_groups:
                group["lr"] = float(rate(epoch * len(batches) + index))
            logits = with_teacher(twin(faces.float()), faces.float())
            error = loss(targets, logits)
            optimizer.zero_grad(set_to_none=True)
            error.backward()
            for parameter in twin.parameters():
                torch.nn.utils.clip_grad_norm_([parameter], 5.0)
            optimizer.step()
            averaged.update_parameters(twin)
            total += error.detach()
        averaged.module.copy_weights_to(network)
        validation.on_epoch_end(epoch, {"loss": float(total) / len(batches)})
        epoch += 1
        if epoch < options.epochs:
            batches.on_epoch_begin()
            if not options.no_backup:
                _save_backup(backup, epoch, twin, averaged, optimizer)
    backup.unlink(missing_ok=True)


def _adamw(twin: TorchTwin, decay: float) -> torch.optim.Optimizer:
    # No weight decay for biases and normalisation.
    groups: list[dict[str, Any]] = [
        {"params": [p for p in twin.parameters() if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in twin.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, eps=1e-7, fused=True)


def _with_teacher(teacher: keras.Model | None, bfloat16: bool, device: torch.device) -> Any:
    if teacher is None:
        return lambda logits, faces: logits
    twin = TorchTwin(teacher, bfloat16).to(device).eval()

    def append_teacher(logits: torch.Tensor, faces: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            teacher_logits = twin(faces.flip(2))
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
