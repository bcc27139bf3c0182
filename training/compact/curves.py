"""Plot the training loss and the metrics on `val`, of one run or of several for comparison.

python -m training.compact.curves --runs runs/compact runs/other --out runs/curves.png
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agecam.errors import UsageError
from agecam.runtime.files import whole_file
from training import command

Line = dict[str, Any]
"""One line of a run's `log.jsonl`."""


def read_log(run: Path) -> list[Line]:
    """The lines of a run, one per epoch; raises UsageError if there is no log."""
    log = run / "log.jsonl"
    if not log.exists():
        raise UsageError(f"There is no log.jsonl in {run}: pass the --out folder of training.compact.train.")
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def draw(runs: dict[str, list[Line]], path: Path) -> None:
    """Write a PNG with one curve per run: loss, and for each set the age error or exact age range, and gender."""
    from matplotlib.figure import Figure

    panels = _panels(runs)
    figure = Figure(figsize=(4 * len(panels), 3.2), layout="constrained")
    for axes, (title, value) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for name, lines in runs.items():
            points = [(line["epoch"], value(line)) for line in lines]
            axes.plot(*zip(*points, strict=True), marker=".", label=name)
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
    if len(runs) > 1:
        figure.axes[0].legend(fontsize=8)
    with whole_file(path) as part:
        figure.savefig(part, format="png", dpi=110)


def _panels(runs: dict[str, list[Line]]) -> list[tuple[str, Callable[[Line], float]]]:
    panels: list[tuple[str, Callable[[Line], float]]] = [("training loss", lambda line: line["loss"])]
    first = next(iter(runs.values()))[0]
    for name, figures in first["val"].items():
        if figures["mae"] is not None:
            panels.append((f"{name}: MAE (years)", lambda line, n=name: line["val"][n]["mae"]))  # type: ignore[misc]
        else:
            panels.append(
                (f"{name}: age range exact", lambda line, n=name: line["val"][n]["range_exact"])  # type: ignore[misc]
            )
        panels.append((f"{name}: gender", lambda line, n=name: line["val"][n]["gender"]))  # type: ignore[misc]
    return panels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", nargs="+", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, default=Path("runs/curves.png"))
    options = parser.parse_args()
    draw({run.name: read_log(run) for run in options.runs}, options.out)
    print(options.out)


if __name__ == "__main__":
    command(main)
