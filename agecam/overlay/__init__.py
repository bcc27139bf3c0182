"""Draws boxes and labels on a copy of a picture.

Fast enough for live video: each face takes a few blends of small cached sprites (`agecam.overlay.sprites`).
"""

from collections.abc import Collection, Sequence

from agecam.overlay.blur import blur_everything, blur_face
from agecam.overlay.drawing import Shown, draw_box, draw_labels, draw_landmarks
from agecam.overlay.labels import PALETTE, TEXT_COLOUR, colour_of, label_of, number_of, plain_text, rect_of
from agecam.overlay.placement import Placer
from agecam.overlay.scale import scale_of
from agecam.overlay.sprites import Rect
from agecam.overlay.style import DEFAULT_STYLE, OverlayStyle, Words
from agecam.types import Face, Image

__all__ = [
    "DEFAULT_STYLE",
    "PALETTE",
    "OverlayStyle",
    "Placer",
    "Words",
    "annotate",
    "blur_everything",
    "blur_faces",
    "label_lines",
]


def annotate(
    image_bgr: Image,
    faces: Sequence[Face],
    style: OverlayStyle = DEFAULT_STYLE,
    placer: Placer | None = None,
) -> Image:
    """Return a copy of `image_bgr`, `(H, W, 3) uint8` BGR of any size, with `faces` drawn on it.

    Boxes are clipped to the picture. Labels are placed inside it and cover no face. Where there is no room for a label,
    it is shortened to the age, to a dot with the number of the person, or omitted.

    Args:
        placer: remembers the places of labels, for the frames of a video in order.
    """
    canvas = blur_faces(image_bgr, faces, range(len(faces)) if style.blur_faces else ())
    height, width = canvas.shape[:2]
    shown = [
        Shown(face, number := number_of(face, index), colour_of(number))
        for index, face in enumerate(faces)
        if _is_inside(rect_of(face), width, height)
    ]
    scale = scale_of(width, height, faces)
    for face, _, colour in shown:
        if style.show_box:
            draw_box(canvas, face, colour, scale.line_px)
        if style.show_landmarks:
            draw_landmarks(canvas, face.landmarks, colour, scale.line_px)
    draw_labels(canvas, shown, style, scale, placer or Placer())
    return canvas


def blur_faces(image_bgr: Image, faces: Sequence[Face], which: Collection[int]) -> Image:
    """Return a copy of a picture with the faces at these indices made unrecognisable."""
    canvas = image_bgr.copy()
    for index in which:
        blur_face(canvas, rect_of(faces[index]))
    return canvas


def label_lines(face: Face, style: OverlayStyle = DEFAULT_STYLE) -> list[str]:
    """Return the lines of the full label of a face as plain text; empty if `style` shows no text."""
    return plain_text(label_of(face, style, TEXT_COLOUR))


def _is_inside(rect: Rect, width: int, height: int) -> bool:
    left, top, right, bottom = rect
    return min(right, width) > max(left, 0) and min(bottom, height) > max(top, 0)
