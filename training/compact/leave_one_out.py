"""Cross-data-set test: train without each set in turn, and evaluate on all sets.

    python -m training.compact.leave_one_out --crops cache/crops/{utkface,fairface,aaf}.npz --out runs/left-out \\
        -- --epochs 8 ...

Arguments after `--` are passed to training.compact.train in every run; with `--steps`, all runs see the same number of
faces. Evaluates on `test`, on the centre of every cached crop, which is the crop that the program makes. Writes
`leave_one_out.json` and `leave_one_out.md`, and prints the table. After an interruption, run the same command again to
resume. Expected results: see the table in training/README.md.
"""

import argparse
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np

from agecam.errors import UsageError
from training import command
from training.compact.batches import resized
from training.data.augment import centre
from training.data.crops import Crops
from training.evaluation.metrics import SetFigures, by_set
from training.files import markdown_table, write_json, write_text

NONE = "nothing"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", nargs="+", type=Path, required=True, metavar="NPZ")
    parser.add_argument(
        "--evaluate-on", nargs="*", type=Path, default=[], metavar="NPZ", help="more crops, to evaluate only"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/left-out"))
    parser.add_argument("train", nargs="*", metavar="-- ARGUMENT", help="arguments for training.compact.train")
    options = parser.parse_args()
    if len(options.crops) < 2:
        raise UsageError("--crops needs at least two sets: one to leave out and one to train on.")
    test = Crops.load([*options.crops, *options.evaluate_on])
    evaluated = test.chosen(np.flatnonzero(test.splits == "test"))
    rows: dict[str, dict[str, SetFigures]] = {}
    for left_out in (None, *options.crops):
        name = left_out.stem if left_out else NONE
        run = options.out / name
        kept = [str(path) for path in options.crops if path != left_out]
        subprocess.run(
            [sys.executable, "-m", "training.compact.train", "--crops", *kept, "--out", str(run), *options.train],
            check=True,
        )
        network = keras.models.load_model(run / "best.keras", compile=False)
        faces = resized(np.stack([centre(crop, test.size_px) for crop in evaluated.images]), network.input_shape[1])
        logits = network.predict(faces.astype(np.float32), batch_size=512, verbose=0)
        rows[name] = by_set(logits, evaluated.targets, evaluated.sets)
    content = {name: {of: asdict(figures) for of, figures in row.items()} for name, row in rows.items()}
    text = results_table(rows) + "\n"
    write_json(
        options.out / "leave_one_out.json", {"made_by": "training.compact.leave_one_out", "trained_without": content}
    )
    write_text(options.out / "leave_one_out.md", text)
    print(text)


def results_table(rows: dict[str, dict[str, SetFigures]]) -> str:
    """One row per set left out, one column per set; results on the set left out are bold."""
    sets = list(next(iter(rows.values())))
    heading = ["trained without", *sets]
    return markdown_table(
        heading,
        [
            [left_out, *(f"**{cell(row[name])}**" if name == left_out else cell(row[name]) for name in sets)]
            for left_out, row in rows.items()
        ],
    )


def cell(figures: SetFigures) -> str:
    age = f"{figures.mae:.2f} y" if figures.mae is not None else f"{figures.range_exact or 0:.1%}"
    return f"{age} ({figures.bias:+.1f}), {figures.gender:.1%}"


if __name__ == "__main__":
    command(main)
