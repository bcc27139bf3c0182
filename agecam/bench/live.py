"""How much of the processor the live program needs, each source in a process of its own, optionally beside another
checkout."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import cv2

from agecam.errors import OutputError
from agecam.sources.demo import portraits

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 3
WARM_UP_S = 4.0
"""Time between the first label and the state, and between the state and the measurement."""
_MEASURE = ROOT / "agecam" / "ui" / "measure_load.py"
_RUN = "import runpy, sys; runpy.run_path(sys.argv.pop(1), run_name='__main__')"
"""Runs the file without its folder in the search path, so that the other checkout's modules are imported."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured: a source, and one of `agecam.ui.measure_load.STATES`."""

    source: str
    state: str = "playing"


def cases(clips: list[Path]) -> list[Case]:
    """Each clip and the demo while they play, and the first of them in the other states."""
    sources = [*map(str, clips), "demo"]
    first = sources[0]
    others = [Case(first, state) for state in ("without window", "blurred", "paused", "minimised")]
    return [*map(Case, sources), *others]


def live_rows(clips: list[Path], seconds: int, other_checkout: Path | None) -> Iterator[dict[str, Any]]:
    """One row for each case, and for each checkout, whose path is under `of`; medians of `ROUNDS`.

    Args:
        clips: videos to show, which repeat.
        seconds: duration of each measurement.
        other_checkout: root of another checkout, run by the same Python.

    Raises:
        OutputError: one of the processes failed.
    """
    roots = [ROOT] if other_checkout is None else [other_checkout.resolve(), ROOT]
    with tempfile.TemporaryDirectory(prefix="agecam-") as name:
        picture = Path(name, "portrait.png")
        cv2.imwrite(str(picture), portraits()[0])
        for case in [*cases([clip.resolve() for clip in clips]), Case(str(picture))]:
            found: list[list[dict[str, Any]]] = [[] for _ in roots]
            for _ in range(ROUNDS):  # in turn, so that other load on the computer affects all of them
                for root, of_root in zip(roots, found, strict=True):
                    of_root.append(_measured(root, case, seconds, Path(name)))
            shown = "a still picture" if case.source == str(picture) else Path(case.source).name
            for root, of_root in zip(roots, found, strict=True):
                yield {"of": str(root), "source": shown, "state": case.state} | _medians(of_root)


def count_of_rows(clips: list[Path], other_checkout: Path | None) -> int:
    """How many rows `live_rows` yields."""
    return (len(cases(clips)) + 1) * (1 if other_checkout is None else 2)


def _medians(found: list[dict[str, Any]]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for key in found[0].keys() - {"threads"}:
        values = [one[key] for one in found if one[key] is not None]
        row[key] = median(values) if values else None
    names = sorted({name for one in found for name in one["threads"]})
    threads = {name: median(one["threads"].get(name, 0.0) for one in found) for name in names}
    return row | {"threads": dict(sorted(threads.items(), key=lambda item: -item[1]))}


def _measured(root: Path, case: Case, seconds: int, folder: Path) -> dict[str, Any]:
    environment = os.environ | {"PYTHONPATH": str(root)}
    command = [sys.executable, "-c", _RUN, str(_MEASURE), case.source, case.state, str(seconds), str(WARM_UP_S)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise OutputError(f"AgeCam in {root} failed: {(lines or ['no reason given'])[-1]}.")
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured
