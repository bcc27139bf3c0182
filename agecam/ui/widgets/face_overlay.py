"""Boxes and labels over the picture, placed and painted in the screen's own resolution."""

from dataclasses import dataclass
from typing import NamedTuple

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPen

from agecam.overlay.labels import Form, colour_of, forms_of, number_of
from agecam.overlay.placement import Placer, Spot, Subject, fullest_form
from agecam.overlay.sprites import Colour
from agecam.overlay.style import DEFAULT_STYLE, OverlayStyle
from agecam.types import Face
from agecam.ui.widgets.label_images import LabelImages, qcolor
from agecam.ui.widgets.viewport import Viewport

_GAP_PX = 3
"""Between a label and everything else."""
_REACH_PX = 3
"""How far outside a box it can still be clicked."""
_ROUNDED = 24
"""With more faces than this in view, boxes have plain corners, which are painted ten times as fast."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What lies over a picture."""

    faces: tuple[Face, ...] = ()
    """In the coordinates of the picture, not mirrored."""
    style: OverlayStyle = DEFAULT_STYLE
    steady: bool = False
    """Whether it continues the last scene, as in a video; then labels keep their places."""


class _Item(NamedTuple):
    face: Face
    number: int
    colour: Colour
    box: QRectF
    forms: tuple[Form, ...]


class FaceOverlay:
    """Places the labels of a scene, paints them, and finds the face at a point."""

    def __init__(self) -> None:
        self.chosen: int | None = None
        """Number of the chosen person; None for no one."""
        self.hovered: int | None = None
        """Number of the person pointed at."""
        self.scene = Scene()
        self._items: list[_Item] = []
        self._spots: list[Spot | None] = []
        self._placer = Placer()
        self._images: LabelImages | None = None

    def arrange(self, scene: Scene, viewport: Viewport, font: QFont, text_px: int, ratio: float) -> None:
        """Place everything anew.

        Args:
            font: of the labels.
            text_px: font size in device-independent pixels.
            ratio: physical pixels per device-independent pixel.
        """
        images = self._images
        if images is None or (images.text_px, images.ratio) != (text_px, ratio):
            images = self._images = LabelImages(font, text_px, ratio)
        if not scene.steady:
            self._placer.reset()
        self.scene = scene
        self._items = [
            _Item(face, number, colour_of(number), QRectF(*viewport.to_widget(face.box)), forms)
            for index, face in enumerate(scene.faces)
            for number in (number_of(face, index),)
            for forms in (forms_of(face, number, scene.style),)
        ]
        subjects = []
        for item in self._items:
            box = item.box
            rect = (round(box.left()), round(box.top()), round(box.right()), round(box.bottom()))
            sizes = tuple((layout.width, layout.height) for layout in map(images.layout, item.forms))
            is_hovered = item.number == self.hovered != self.chosen
            fullest = fullest_form(sizes, rect, len(self._items))
            subjects.append(Subject(item.number, rect, sizes, fullest, item.number == self.chosen, is_hovered))
        self._spots = self._placer.place(subjects, viewport.widget, _GAP_PX)

    def paint(self, painter: QPainter) -> None:
        """Paint boxes and labels; those of the chosen and the hovered person last."""
        order = sorted(range(len(self._items)), key=lambda i: self._emphasis(self._items[i]))
        if self.scene.style.show_box:
            for i in order:
                self._paint_box(painter, self._items[i])
        for i in order:
            self._paint_label(painter, self._items[i], self._spots[i])

    def number_at(self, point: QPointF) -> int | None:
        """Return the number of the face whose box or label is at a point; the smallest if several are."""
        at = [
            (item.box.width() * item.box.height(), item.number)
            for item in self._items
            if item.box.adjusted(-_REACH_PX, -_REACH_PX, _REACH_PX, _REACH_PX).contains(point)
        ]
        at = at or [(0.0, item.number) for item, spot in self._labels() if _rect_of(spot).contains(point)]
        return min(at)[1] if at else None

    def face_of(self, number: int) -> Face | None:
        """Return the face with this number; None if it is not in view."""
        return next((item.face for item in self._items if item.number == number), None)

    def boxes(self) -> dict[int, QRectF]:
        """Return the boxes in the widget by number."""
        return {item.number: item.box for item in self._items}

    def labels(self) -> dict[int, tuple[Form, QRectF]]:
        """Return the visible labels by number, with their form and their place in the widget."""
        return {item.number: (item.forms[spot.form], _rect_of(spot)) for item, spot in self._labels()}

    def _labels(self) -> list[tuple[_Item, Spot]]:
        return [
            (item, spot) for item, spot in zip(self._items, self._spots, strict=True) if spot is not None and item.forms
        ]

    def _emphasis(self, item: _Item) -> int:
        return 2 if item.number == self.hovered else int(item.number == self.chosen)

    def _paint_box(self, painter: QPainter, item: _Item) -> None:
        width = 3.0 if self._emphasis(item) else 1.6
        dark, light = QPen(qcolor((0, 0, 0), 0.45), width + 2), QPen(qcolor(item.colour), width)
        is_rounded = len(self._items) <= _ROUNDED or bool(self._emphasis(item))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, is_rounded)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if not item.face.confirmed:
            light.setStyle(Qt.PenStyle.DotLine)
            dark.setStyle(Qt.PenStyle.DotLine)
        box = item.box
        radius = min(6.0, box.width() / 4, box.height() / 4) if is_rounded else 0.0
        for pen in (dark, light):
            if is_rounded:
                painter.setPen(pen)
                painter.drawRoundedRect(box, radius, radius)
            else:
                _fill_frame(painter, box, pen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)

    def _paint_label(self, painter: QPainter, item: _Item, spot: Spot | None) -> None:
        if spot is None or self._images is None:
            return
        rect = _rect_of(spot)
        if spot.is_far:
            nearest = QPointF(
                min(max(item.box.center().x(), rect.left()), rect.right()),
                min(max(item.box.center().y(), rect.top()), rect.bottom()),
            )
            line = QLineF(nearest, item.box.center())
            line.setLength(max(0.0, line.length() - min(item.box.width(), item.box.height()) / 2))
            painter.setPen(QPen(qcolor((0, 0, 0), 0.45), 3.5))
            painter.drawLine(line)
            painter.setPen(QPen(qcolor(item.colour), 1.5))
            painter.drawLine(line)
        painter.drawImage(rect.topLeft(), self._images.image(item.forms[spot.form], item.colour))


def _rect_of(spot: Spot) -> QRectF:
    left, top, right, bottom = spot.rect
    return QRectF(left, top, right - left, bottom - top)


def _fill_frame(painter: QPainter, box: QRectF, pen: QPen) -> None:
    """Draw an unrounded frame as four filled sides."""
    half, width = pen.widthF() / 2, pen.widthF()
    colour = pen.color()
    for x in (box.left() - half, box.right() - half):
        painter.fillRect(QRectF(x, box.top() - half, width, box.height() + width), colour)
    for y in (box.top() - half, box.bottom() - half):
        painter.fillRect(QRectF(box.left() + half, y, box.width() - width, width), colour)
