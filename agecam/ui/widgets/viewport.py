"""Which part of a picture a widget shows, and where: zooming, panning, and the way between their coordinates."""

import math
from dataclasses import dataclass, replace

MAX_ZOOM = 16.0

Point = tuple[float, float]
Extent = tuple[float, float, float, float]
"""`(left, top, width, height)`."""


@dataclass(frozen=True, slots=True)
class Viewport:
    """A picture of a given size, fitted into a widget and then zoomed. Immutable."""

    picture: tuple[int, int] = (1, 1)
    """Width and height in the picture's pixels."""
    widget: tuple[int, int] = (1, 1)
    """Width and height in device-independent pixels."""
    zoom: float = 1.0
    """1 if the whole picture is visible."""
    centre: Point = (0.5, 0.5)
    """The point of the picture at the centre of the widget, relative to its size."""
    mirrored: bool = False

    @property
    def scale(self) -> float:
        """Device-independent pixels per pixel of the picture."""
        return self.zoom * min(self.widget[0] / self.picture[0], self.widget[1] / self.picture[1])

    def fitted(self, picture: tuple[int, int], widget: tuple[int, int], mirrored: bool) -> "Viewport":
        """The same view of another picture or in another widget."""
        return replace(self, picture=picture, widget=widget, mirrored=mirrored)._kept_inside()

    def zoomed(self, factor: float, at: Point) -> "Viewport":
        """Zoom so that the point of the picture at `at`, in the widget, stays there."""
        zoom = min(MAX_ZOOM, max(1.0, self.zoom * factor))
        kept = self._relative(at)
        other = replace(self, zoom=zoom)
        moved = other._relative(at)
        centre = (self.centre[0] + kept[0] - moved[0], self.centre[1] + kept[1] - moved[1])
        return replace(other, centre=centre)._kept_inside()

    def panned(self, dx: float, dy: float) -> "Viewport":
        """Move the picture by a distance in the widget."""
        width, height = (side * self.scale for side in self.picture)
        return replace(self, centre=(self.centre[0] - dx / width, self.centre[1] - dy / height))._kept_inside()

    def whole(self) -> "Viewport":
        """Show the whole picture."""
        return replace(self, zoom=1.0, centre=(0.5, 0.5))

    def visible(self) -> tuple[int, int, int, int]:
        """The visible part as `left, top, right, bottom` in whole pixels of the picture as shown, mirrored or not."""
        left, top = self._shown_point((0, 0))
        right, bottom = self._shown_point(self.widget)
        x0, y0 = max(0, math.floor(left + 1e-6)), max(0, math.floor(top + 1e-6))
        x1, y1 = min(self.picture[0], math.ceil(right - 1e-6)), min(self.picture[1], math.ceil(bottom - 1e-6))
        return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)

    def place_of(self, part: tuple[int, int, int, int]) -> Extent:
        """Where a part of the picture as shown lies in the widget."""
        scale = self.scale
        left = self.widget[0] / 2 + (part[0] - self.centre[0] * self.picture[0]) * scale
        top = self.widget[1] / 2 + (part[1] - self.centre[1] * self.picture[1]) * scale
        return left, top, (part[2] - part[0]) * scale, (part[3] - part[1]) * scale

    def to_widget(self, box: Extent) -> Extent:
        """Where a box in the picture, not mirrored, lies in the widget."""
        x, y, width, height = box
        if self.mirrored:
            x = self.picture[0] - x - width
        scale = self.scale
        left = self.widget[0] / 2 + (x - self.centre[0] * self.picture[0]) * scale
        top = self.widget[1] / 2 + (y - self.centre[1] * self.picture[1]) * scale
        return left, top, width * scale, height * scale

    def _shown_point(self, point: Point) -> Point:
        x, y = self._relative(point)
        return x * self.picture[0], y * self.picture[1]

    def _relative(self, point: Point) -> Point:
        """The point of the picture as shown at a point of the widget, relative to the picture's size."""
        scale = self.scale
        return (
            self.centre[0] + (point[0] - self.widget[0] / 2) / scale / self.picture[0],
            self.centre[1] + (point[1] - self.widget[1] / 2) / scale / self.picture[1],
        )

    def _kept_inside(self) -> "Viewport":
        """Leave no empty margin where the picture is larger than the widget."""
        centre = []
        for side, length, where in zip(self.picture, self.widget, self.centre, strict=True):
            half = length / self.scale / side / 2
            centre.append(0.5 if half >= 0.5 else min(1 - half, max(half, where)))
        return replace(self, centre=(centre[0], centre[1]))
