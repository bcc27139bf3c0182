"""Plots of an evaluation as PNG files, drawn without pyplot and so without a display."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from agecam.runtime.files import write_whole
from training.evaluation.figures import Figures
from training.evaluation.metrics import INTERVAL_SHARE, expected_age, likeliest_range, ranges_of
from training.evaluation.predictions import Predictions

INK, SECOND, SKY, PALE = "#1f4e79", "#c55a11", "#5b9bd5", "#b8c7d9"
MAX_POINTS = 400
"""Up to this number of faces, draw points; above it, a histogram."""


def draw_all(predictions: Predictions, figures: Figures, folder: Path) -> list[Path]:
    """Draw all plots that the set's labels allow, as `folder/SET-PLOT.png`; returns the paths."""
    targets = predictions.targets
    known = targets[:, 0] == targets[:, 1]
    paths = []

    def draw(name: str, plot: Callable[..., None], *arguments: Any, panels: int = 1) -> None:
        figure = Figure(figsize=(5.6 * panels, 4.6), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(1, panels, squeeze=False)[0]
        plot(*axes, *arguments)
        figure.suptitle(f"{predictions.name}: {len(predictions.faces):,} faces", fontsize=10)
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=110)
        paths.append(write_whole(folder / f"{predictions.name}-{name}.png", file.getvalue()))

    bands = figures["by"]["age"]
    if known.any():
        draw("age", _ages, predictions.select(known))
        draw("bands", _errors, bands, panels=2)
    ranges = ranges_of(*targets[:, :2].T)
    if ranges and not known.all():
        draw("ranges", _ranges, predictions.select(~known), ranges)
        draw("range-bands", _right_ranges, bands)
    draw("coverage", _coverage, bands)
    draw("confusion", _confusion, figures["confusion"])
    draw("reliability", _reliability, figures)
    draw("risk", _risk, figures, panels=2)
    return paths


def _ages(axes: Axes, predictions: Predictions) -> None:
    truth, age = predictions.targets[:, 0], expected_age(predictions.distribution)
    top = max(100.0, float(truth.max()))
    if len(truth) <= MAX_POINTS:
        axes.scatter(truth, age, s=9, alpha=0.5, color=INK, linewidths=0)
    else:
        drawn = axes.hist2d(truth, age, bins=50, range=[[0.0, top], [0.0, 100.0]], norm=LogNorm(), cmap="Blues")
        axes.figure.colorbar(drawn[3], ax=axes, label="faces")
    axes.plot([0, 100], [0, 100], color=SECOND, linewidth=1)
    axes.set(xlim=(0, top), ylim=(0, 100), xlabel="labelled age (years)", ylabel="apparent age (years)")


def _ranges(axes: Axes, predictions: Predictions, ranges: tuple[tuple[int, int], ...]) -> None:
    right = np.searchsorted([low for low, _ in ranges], predictions.targets[:, 0], side="right") - 1
    counts = np.zeros((len(ranges), len(ranges)), int)
    np.add.at(counts, (right, likeliest_range(predictions.distribution, ranges)), 1)
    _matrix(axes, counts, [f"{low}-{high}" for low, high in ranges])
    axes.set(xlabel="likeliest range", ylabel="labelled range")
    axes.tick_params(axis="x", rotation=45)


def _confusion(axes: Axes, confusion: dict[str, dict[str, int]]) -> None:
    words = list(confusion)
    _matrix(axes, np.array([[confusion[label][estimate] for estimate in words] for label in words]), words)
    axes.set(xlabel="estimate", ylabel="label")


def _matrix(axes: Axes, counts: np.ndarray[Any, np.dtype[np.int_]], names: list[str]) -> None:
    """A confusion matrix, shaded by the share of each row."""
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = "white" if shares[row, column] > 0.55 else "black"
            text = f"{count:,}\n{shares[row, column]:.0%}"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=7 if len(names) > 4 else 12)
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)


def _errors(error: Axes, bias: Axes, bands: dict[str, Figures]) -> None:
    _with_intervals(error, bands, "mae", INK)
    error.set(ylabel="mean absolute error (years)")
    error.set_ylim(bottom=0)
    _with_intervals(bias, bands, "bias", INK)
    bias.axhline(0, color=SECOND, linewidth=1)
    bias.set(ylabel="bias (years; above zero: estimated too old)")


def _right_ranges(axes: Axes, bands: dict[str, Figures]) -> None:
    _with_intervals(axes, bands, "range_exact", INK)
    axes.set(ylabel="likeliest range is correct", ylim=(0, 1.02))
    axes.yaxis.set_major_formatter(PercentFormatter(1))


def _coverage(axes: Axes, bands: dict[str, Figures]) -> None:
    axes.axhline(INTERVAL_SHARE, color=SECOND, linewidth=1, label=f"{INTERVAL_SHARE:.0%}")
    _with_intervals(axes, bands, "coverage", INK, "covers the age")
    _with_intervals(axes, bands, "range_touched", SKY, "overlaps the range")
    axes.set(ylabel="share covered by the interval", ylim=(0, 1.02))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.legend(fontsize=8, loc="lower left")


def _with_intervals(axes: Axes, bands: dict[str, Figures], key: str, colour: str, label: str | None = None) -> None:
    """A metric by age band with its 95 % interval."""
    by_band = {index: band[key] for index, band in enumerate(bands.values()) if key in band}
    if not by_band:
        return
    ends = [band[f"{key}_interval"] for band in bands.values() if key in band]
    values = np.array(list(by_band.values()))
    lengths = np.abs(np.array(ends).T - values)
    axes.errorbar(list(by_band), values, lengths, fmt="o", color=colour, capsize=3, label=label)
    axes.set_xticks(range(len(bands)), list(bands), rotation=45)
    axes.set(xlabel="labelled age")
    axes.grid(axis="y", alpha=0.3)


def _reliability(axes: Axes, figures: Figures) -> None:
    bins = figures["reliability"]
    probability, right = [of["said"] for of in bins], [of["right"] for of in bins]
    largest = max(of["faces"] for of in bins)
    axes.plot([0.5, 1], [0.5, 1], color=SECOND, linewidth=1)
    axes.bar(probability, [0.2 * of["faces"] / largest for of in bins], 0.02, color=PALE, label="faces (relative)")
    axes.plot(probability, right, "o-", color=INK, label="share correct")
    axes.set(xlabel="gender probability", ylabel="share correct", xlim=(0.49, 1.01), ylim=(0, 1.02))
    axes.set_title(f"expected calibration error {figures['calibration_error']:.1%}", fontsize=10)
    axes.legend(fontsize=8, loc="lower left")


def _risk(age: Axes, gender: Axes, figures: Figures) -> None:
    if "age_risk" in figures:
        _curve(age, figures["age_risk"], "mean absolute error (years)", "narrowest intervals")
    elif "range_risk" in figures:
        _curve(age, figures["range_risk"], "share of wrong ranges", "likeliest ranges")
    else:
        age.set_axis_off()
    _curve(gender, figures["gender_risk"], "share of wrong genders", "highest probabilities")


def _curve(axes: Axes, curve: Figures, error: str, first: str) -> None:
    axes.plot(curve["shares"], curve["risks"], "o-", color=INK, markersize=3)
    axes.fill_between(curve["shares"], curve["risks"], color=PALE, alpha=0.5)
    axes.set(xlabel=f"share of the faces, the {first} first", ylabel=error, xlim=(0, 1))
    axes.set_ylim(bottom=0)
    axes.set_title(f"area {curve['area']:.3g}", fontsize=10)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
