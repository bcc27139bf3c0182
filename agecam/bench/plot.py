"""Plots the results of `agecam bench`."""

import io
from typing import TYPE_CHECKING, Any

from agecam.bench.steps import STAGES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ("#1f4e79", "#7aa5cc", "#f0a020")
_PIXELS_AN_INCH = 100


def drawn(figures: dict[str, Any]) -> bytes:
    """PNG file with the figures of `agecam bench`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 8.4), dpi=_PIXELS_AN_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(f"AgeCam, {figures['machine']}", fontsize=11)
    (stages, sizes), (peers, video) = figure.subplots(2, 2)
    _stages(stages, [row for row in figures["steps"] if row["height_px"] == 720])
    _sizes(sizes, figures["steps"])
    _peers(peers, figures)
    _video(video, figures["video"])
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


def _stages(axes: "Axes", rows: list[dict[str, Any]]) -> None:
    places = range(len(rows))
    bottom = [0.0] * len(rows)
    for stage, colour in zip(STAGES, _COLOURS, strict=True):
        values = [row[f"{stage}_ms"] for row in rows]
        axes.bar(places, values, 0.6, bottom, label=stage, color=colour)
        bottom = [below + value for below, value in zip(bottom, values, strict=True)]
    axes.plot(places, [row["scheduled_mean_ms"] for row in rows], "k_", markersize=34, label="live, scheduled (mean)")
    axes.set_xticks(places, [str(row["faces"]) for row in rows])
    axes.set(title="A step at 1280 x 720, smallest face 60 px", xlabel="faces", ylabel="ms")
    axes.legend(loc="upper left", frameon=False)


def _sizes(axes: "Axes", rows: list[dict[str, Any]]) -> None:
    for size, colour in zip(sorted({(row["width_px"], row["height_px"]) for row in rows}), _COLOURS, strict=False):
        of_size = [row for row in rows if (row["width_px"], row["height_px"]) == size]
        faces = [row["faces"] for row in of_size]
        axes.plot(faces, [row["every_frame_ms"] for row in of_size], "o-", color=colour, label=f"{size[0]} x {size[1]}")
    axes.set(title="A step with all stages", xlabel="faces", ylabel="ms")
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left", frameon=False)


def _peers(axes: "Axes", figures: dict[str, Any]) -> None:
    bars: list[tuple[str, float, str]] = []
    for row in figures["package"]:
        faces = row["faces"]
        name = f"{faces} face{'s' * (faces > 1)}"
        bars.append((f"AgeCam's detector, {name}", row["own_detector_ms"], "#f7d08a"))
        bars.append((f"mtcnn package, {name}", row["detector_ms"], "#7aa5cc"))
        bars.append((f"AgeCam, all, {name}", row["own_ms"], "#f0a020"))
        bars.append((f"mtcnn + VGG-Face twice, {name}", row["pipeline_ms"], "#1f4e79"))
    bars.reverse()
    drawn_bars = axes.barh([name for name, _, _ in bars], [ms for _, ms, _ in bars], color=[c for *_, c in bars])
    axes.bar_label(drawn_bars, [f" {ms:,.0f} ms" for _, ms, _ in bars])
    axes.set_xscale("log")
    axes.set_xlim(left=1, right=6 * max(ms for _, ms, _ in bars))
    axes.set(title="AgeCam and other packages, 1280 x 720, faces from 20 px", xlabel="ms per frame")


def _video(axes: "Axes", rows: list[dict[str, Any]]) -> None:
    names = [f"{row['width_px']} x {row['height_px']}" for row in rows]
    for offset, (key, label, colour) in enumerate(
        (
            ("reading_ms", "reading H.264", _COLOURS[0]),
            ("drawing_ms", "drawing 4 labels", _COLOURS[1]),
            ("writing_ms", "writing H.264", _COLOURS[2]),
        )
    ):
        places = [place + 0.26 * (offset - 1) for place in range(len(rows))]
        axes.bar(places, [row[key] for row in rows], 0.24, label=label, color=colour)
    axes.set_xticks(range(len(rows)), names)
    axes.set(title="Video and drawing, 4 faces", ylabel="ms per frame")
    axes.legend(loc="upper left", frameon=False)
