"""Resumes an interrupted training: backups of Keras models, and logs that end where the backup does."""

import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np

from agecam.errors import UsageError
from agecam.runtime.files import explained


def is_finished(out: Path, logged: int, epochs: int, backup: Path) -> bool:
    """Whether the run in a folder has ended, be it after fewer epochs than are requested now.

    Args:
        out: with the `run.json` of the run.
        logged: last epoch in its log; 0 without one.
        epochs: requested now.
        backup: removed when a run ends.
    """
    try:
        planned = int(json.loads((out / "run.json").read_text(encoding="utf-8"))["epochs"])
    except (OSError, ValueError, LookupError, TypeError):
        planned = epochs
    return logged >= min(planned, epochs) and logged > 0 and not backup.exists()


class Backup(keras.callbacks.Callback):
    """Saves the variables of the model and its optimizer before each epoch but the first.

    By then the epoch before is validated and logged, and averaged weights are swapped out again. Written tensor by
    tensor, because a second copy of VGG-Face would fill memory.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self._part, self._old = (folder.with_name(f"{name}-backup") for name in ("part", "old"))
        if self._old.exists() and not folder.exists():  # stopped between the two renames
            self._old.rename(folder)
        self._first: int | None = None

    @property
    def epochs(self) -> int:
        """Number of finished epochs in the backup; 0 if there is none."""
        try:
            return int((self.folder / "epochs").read_text())
        except (OSError, ValueError):
            return 0

    def restore(self, model: keras.Model) -> None:
        """Load the backup, if there is one, into a compiled model; raises UsageError if it is of another model."""
        if not self.epochs:
            return
        model.optimizer.build(model.trainable_variables)
        variables = self._variables(model)
        saved = [self.folder / f"{index}.npy" for index in range(len(list(self.folder.glob("*.npy"))))]
        try:
            for variable, path in zip(variables, saved, strict=True):
                variable.assign(np.load(path))
        except (OSError, ValueError) as error:
            raise UsageError(
                f"The backup in {self.folder} does not fit these options: repeat the command that was interrupted, or "
                "pass another --out folder."
            ) from error

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self._first is None:
            self._first = epoch
        if epoch == self._first:
            return
        for left in (self._part, self._old):
            shutil.rmtree(left, ignore_errors=True)
        with explained(self._part):
            self._part.mkdir(parents=True)
            for index, variable in enumerate(self._variables(self.model)):
                np.save(self._part / f"{index}.npy", np.asarray(variable))
            (self._part / "epochs").write_text(str(epoch))
            if self.folder.exists():
                self.folder.rename(self._old)
            self._part.rename(self.folder)
        shutil.rmtree(self._old, ignore_errors=True)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _variables(self, model: keras.Model) -> list[Any]:
        return [*model.variables, *model.optimizer.variables]
