"""What the network makes of a set it has never seen anything like: train without each set in turn, judge on all.

    python -m training.left_out --crops cache/crops/{utkface,fairface,aaf}.npz --out runs/left-out -- --epochs 8 ...

What stands after `--` goes to training.train, the same for every run: with `--steps`, all runs see equally many faces.
Judges the centre of every cached crop, which is the running program's crop, on `test`. Writes `left_out.json` and
`left_out.md`, and prints the table. Stopped, it goes on where it was. Expected with the command in training/README.md:
see the table there.
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
from training.augment import centre
from training.crops import Crops
from training.files import write_json, write_text
from training.metrics import SetFigures, by_set
from training.tables import markdown
from training.train import shrunk

NONE = "nothing"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", nargs="+", type=Path, required=True, metavar="NPZ")
    parser.add_argument("--judge", nargs="*", type=Path, default=[], metavar="NPZ", help="crops only to judge on")
    parser.add_argument("--out", type=Path, default=Path("runs/left-out"))
    parser.add_argument("train", nargs="*", metavar="-- ARGUMENT", help="arguments of training.train")
    options = parser.parse_args()
    if len(options.crops) < 2:
        raise UsageError("--crops needs two sets at least: one to leave out, one to train on.")
    test = Crops.load([*options.crops, *options.judge])
    shown = test.chosen(np.flatnonzero(test.splits == "test"))
    rows: dict[str, dict[str, SetFigures]] = {}
    for left_out in (None, *options.crops):
        name = left_out.stem if left_out else NONE
        run = options.out / name
        kept = [str(path) for path in options.crops if path != left_out]
        subprocess.run(
            [sys.executable, "-m", "training.train", "--crops", *kept, "--out", str(run), *options.train], check=True
        )
        network = keras.models.load_model(run / "best.keras", compile=False)
        faces = shrunk(np.stack([centre(crop, test.size_px) for crop in shown.images]), network.input_shape[1])
        logits = network.predict(faces.astype(np.float32), batch_size=512, verbose=0)
        rows[name] = by_set(logits, shown.targets, shown.sets)
    content = {name: {of: asdict(figures) for of, figures in row.items()} for name, row in rows.items()}
    text = told(rows) + "\n"
    write_json(options.out / "left_out.json", {"made_by": "training.left_out", "trained_without": content})
    write_text(options.out / "left_out.md", text)
    print(text)


def told(rows: dict[str, dict[str, SetFigures]]) -> str:
    """The table: a row for what was left out, a column for each set; what it was not trained on stands out."""
    sets = list(next(iter(rows.values())))
    heading = ["trained without", *sets]
    return markdown(
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
