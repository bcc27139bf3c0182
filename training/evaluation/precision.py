"""Compare bfloat16, which the program uses in live video where the processor has it, with float32.

    python -m training.evaluation.precision --data faces/{utkface,fairface,aaf,portraits,headshots,omi}.zip

Every labelled face is estimated once, as in video, by the same model in both types. Processors without instructions
for bfloat16 are refused: OpenVINO would compute in float32 there.

Expected for the shipped weights, in half a minute on two cores, for the 7,066 faces of `test`: ages move by 0.03 years
in the mean, and 99.99% of them by less than a year; no set's MAE moves by more than 0.008 years. No face changes
between female and male; 0.21% become unsure or are no longer.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agecam.backends.openvino import OpenVinoBackend
from agecam.errors import UsageError
from agecam.runtime.device import has_bfloat16
from agecam.vision.estimator import Estimator
from training import command
from training.evaluation.evaluate import with_faces
from training.evaluation.metrics import expected_age
from training.evaluation.predictions import Predictions, predict


@dataclass(frozen=True, slots=True)
class Differences:
    """What changes for each face of one or more sets; row i of every array belongs to face i."""

    moved: npt.NDArray[np.float64]
    """By how many years the age moves."""
    worse: npt.NDArray[np.float64]
    """By how many years its error grows; NaN if the label is a range."""
    turned: npt.NDArray[np.bool_]
    """Whether it changes between female and male."""
    hesitates: npt.NDArray[np.bool_]
    """Whether it becomes unsure, or is no longer."""

    @classmethod
    def between(cls, exact: Predictions, rounded: Predictions) -> "Differences":
        """What changes from the first predictions to the second."""
        before, after = (expected_age(of.distribution) for of in (exact, rounded))
        lowest, highest = exact.targets[:, 0], exact.targets[:, 1]
        grown = np.abs(after - lowest) - np.abs(before - lowest)
        is_unsure = exact.unsure | rounded.unsure
        return cls(
            np.abs(after - before),
            np.where(lowest == highest, grown, np.nan),
            ~is_unsure & ((exact.female > 0.5) != (rounded.female > 0.5)),
            exact.unsure != rounded.unsure,
        )

    @classmethod
    def together(cls, parts: list["Differences"]) -> "Differences":
        """Those of several sets."""
        names = ("moved", "worse", "turned", "hesitates")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def row(self, name: str) -> str:
        """A line of the report."""
        worse = f"{np.nanmean(self.worse):+8.4f}" if np.isfinite(self.worse).any() else f"{'-':>8}"
        return (
            f"{name:<12}{len(self.moved):>7}{self.moved.mean():>11.4f}{self.moved.max():>10.3f}"
            f"{np.mean(self.moved < 1):>11.2%}{worse}{self.turned.mean():>10.2%}{self.hesitates.mean():>10.2%}"
        )


HEADING = f"{'':<12}{'faces':>7}{'mean move':>11}{'largest':>10}{'under 1 y':>11}{'MAE':>8}{'gender':>10}{'unsure':>10}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="compact", help="name of a model, or path of its card or weights")
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="ZIP")
    parser.add_argument("--split", choices=("train", "val", "test"), default="test")
    options = parser.parse_args()
    if not has_bfloat16():
        raise UsageError("This processor has no instructions for bfloat16: compare on one that has.")
    paths, without = with_faces(options.data, options.split)
    exact, rounded = (
        Estimator.load(options.weights, OpenVinoBackend(bfloat16=used, small_too=True)) for used in (False, True)
    )
    lines, parts = [], []
    for path in paths:
        both = (predict(estimator, path, options.split, twice=False) for estimator in (exact, rounded))
        parts.append(Differences.between(*both))
        lines.append(parts[-1].row(path.stem))
    print("\n".join([*without, HEADING, *lines, Differences.together(parts).row("together")]))


if __name__ == "__main__":
    command(main)
