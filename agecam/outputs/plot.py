"""Plots a picture next to the distributions of its faces over the 101 ages."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agecam.errors import OutputError
from agecam.runtime.files import PathLike, check_writable, write_whole
from agecam.types import AGE_CLASSES, Face, Image

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_FACES = 6
"""Only this many of the largest faces are plotted, so that the plot stays readable."""
_BAR, _MOST_LIKELY, _EXPECTED, _INTERVAL = "#7aa5cc", "#1f4e79", "#c55a11", "#f6e3d5"
_DPI = 100


def check_plot_path(path: PathLike) -> None:
    """Raise `OutputError` if no plot can be written at `path`."""
    if Path(path).suffix.lower() != ".png":
        raise OutputError("Cannot write a plot as {path}: choose a name ending in .png.", path=path)
    check_writable(path)


def write_plot(path: PathLike, annotated_bgr: Image, faces: Sequence[Face]) -> None:
    """Write the plot of a picture as a PNG file; nothing is left behind if that fails.

    Args:
        path: file to write.
        annotated_bgr: `(H, W, 3) uint8` BGR, with its labels.
        faces: faces of this picture.

    Raises:
        OutputError: the file cannot be written.
    """
    write_whole(path, plot(annotated_bgr, faces))


def plot(annotated_bgr: Image, faces: Sequence[Face]) -> bytes:
    """Return the plot as PNG data; see `write_plot`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    largest = sorted(faces, key=lambda face: face.box[2] * face.box[3], reverse=True)[:MAX_FACES]
    shown = sorted(largest, key=lambda face: face.box[0])  # from left to right, as in the picture
    height, width = annotated_bgr.shape[:2]
    rows = max(1, len(shown))
    figure = Figure(figsize=(13.0, max(5.0, 2.1 * rows)), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(1.1, 1))[0]
    picture = left.subplots()
    picture.imshow(annotated_bgr[..., ::-1], interpolation="antialiased")
    picture.set_axis_off()
    panels = right.subplots(rows, 1, squeeze=False, sharex=True)[:, 0]
    for number, (axes, face) in enumerate(zip(panels, shown, strict=False), start=1):
        _plot_distribution(axes, face, f"face {number}, " if len(shown) > 1 else "")
        if len(shown) > 1:
            x, y, face_width, face_height = face.box
            picture.annotate(
                str(number),
                (min(max(x + face_width / 2, 0), width - 1), min(y + face_height, height - 1)),
                ha="center",
                va="center",
                color="white",
                fontweight="bold",
                bbox={"boxstyle": "circle", "facecolor": _MOST_LIKELY, "edgecolor": "white"},
            )
    if not shown:
        panels[0].text(0.5, 0.5, "No face was found.", ha="center", va="center")
        panels[0].set_axis_off()
    else:
        panels[-1].set_xlabel("apparent age (years)")
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _plot_distribution(axes: "Axes", face: Face, prefix: str) -> None:
    ages = np.arange(AGE_CLASSES)
    most_likely = int(face.age_distribution.argmax())
    axes.axvspan(face.age_low, face.age_high, color=_INTERVAL, label="80 % interval")
    bars = axes.bar(ages, face.age_distribution, width=1.0, color=_BAR)
    bars[most_likely].set(color=_MOST_LIKELY, label=f"most likely class: {most_likely}")
    axes.axvline(face.age, color=_EXPECTED, linewidth=2, label=f"apparent age: {face.age:.1f}")
    axes.set_title(f"{prefix}apparent age {face.age:.1f} ({face.age_low:.0f} to {face.age_high:.0f})", fontsize=10)
    axes.set(xlim=(-0.5, AGE_CLASSES - 0.5), ylabel="probability")
    axes.legend(frameon=False, fontsize=8, loc="upper right" if face.age < AGE_CLASSES / 2 else "upper left")
    axes.spines[["top", "right"]].set_visible(False)
