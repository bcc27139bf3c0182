"""Crops of boxes that are squeezed to a square, with the border replicated: as in the DEX study."""

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from models import ASTRONAUT_LANDMARKS, face_at

from agecam.types import Box, CropSpec, Detection, FloatArray, Image
from agecam.vision.crop import around_box_of, crop_faces, places_of, square_around, turned_box, usual_boxes

DEX = CropSpec(96, 0.4, alignment="box", squeezed=True, border="replicated", once=True)


def as_in_the_study(image: Image, box: Box, size_px: int, margin: float = 0.4) -> FloatArray:
    """The box with its margins, rounded to whole pixels, the border repeated, resized by area; RGB."""
    x, y, width, height = box
    left, right = round(x - margin * width), round(x + (1 + margin) * width)
    top, bottom = round(y - margin * height), round(y + (1 + margin) * height)
    rows = np.clip(np.arange(top, bottom), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(left, right), 0, image.shape[1] - 1)
    part = image[rows][:, columns, ::-1]
    return np.asarray(
        cv2.resize(np.ascontiguousarray(part), (size_px, size_px), interpolation=cv2.INTER_AREA), np.float32
    )


def boxes(*places: Box) -> npt.NDArray[np.float32]:
    return np.stack([turned_box(box) for box in places])


@pytest.mark.parametrize(
    "box",
    [
        (180.0, 60.0, 80.0, 110.0),
        (100.0, 100.0, 200.0, 120.0),  # wider than high
        (0.0, 0.0, 150.0, 200.0),  # over the left and the upper border
        (400.0, 380.0, 150.0, 200.0),  # over the other two
        (-60.0, 20.0, 100.0, 130.0),
    ],
)
@pytest.mark.parametrize("scale", [1, 4])
def test_the_box_is_squeezed_with_its_margins(astronaut_bgr: Image, box: Box, scale: int) -> None:
    image = np.asarray(cv2.resize(astronaut_bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR), np.uint8)
    box = (box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale)
    (cut,) = crop_faces(image, boxes(box), DEX)
    expected = as_in_the_study(image, box, DEX.size_px)
    assert np.abs(cut - expected).mean() < 2.5
    # A square cut, another margin, or grey outside would show.
    square = crop_faces(image, square_around(box)[None], replace(DEX, squeezed=False))[0]
    assert np.abs(square - expected).mean() > 10
    assert np.abs(crop_faces(image, boxes(box), replace(DEX, margin=0.2))[0] - expected).mean() > 10
    if box[0] <= 0 or box[0] > 390 * scale:
        assert np.abs(crop_faces(image, boxes(box), replace(DEX, border="grey"))[0] - expected).mean() > 5


@pytest.mark.parametrize("scale", [1, 8])
def test_the_border_is_repeated_at_any_distance(scale: int) -> None:
    image = np.zeros((100 * scale + 3, 120 * scale + 5, 3), np.uint8)
    image[:, : 60 * scale] = (10, 20, 30)
    image[:, 60 * scale :] = (200, 100, 50)
    places: list[Box] = [(-900.0, 10.0, 50.0, 60.0), (-80, -5000, 40, 30), (5000, 40, 30, 30), (2000, 9000, 3000, 4000)]
    cut = crop_faces(image, boxes(*((x * scale, y * scale, w * scale, h * scale) for x, y, w, h in places)), DEX)
    assert (cut[:2] == (30, 20, 10)).all()
    assert (cut[2:] == (50, 100, 200)).all()


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_face_gives_the_same_crop(astronaut_bgr: Image, degrees: int) -> None:
    box = (180.0, 60.0, 80.0, 110.0)
    upright = crop_faces(astronaut_bgr, boxes(box), DEX)[0]
    # The frame that has to be turned clockwise by `degrees` to stand upright
    lying = np.ascontiguousarray(np.rot90(astronaut_bgr, degrees // 90))
    height, width = astronaut_bgr.shape[:2]
    x, y, w, h = box
    there = {90: (y, width - x - w, h, w), 180: (width - x - w, height - y - h, w, h), 270: (height - y - h, x, h, w)}
    face = Detection(there[degrees], 0.99, ASTRONAUT_LANDMARKS, degrees)
    assert np.abs(crop_faces(lying, places_of([face], DEX), DEX)[0] - upright).mean() < 1


def test_places_are_those_of_the_crop() -> None:
    face = face_at((182.0, 64.0, 83.0, 107.0), ASTRONAUT_LANDMARKS)
    assert places_of([face], DEX).tolist() == [pytest.approx([223.5, 117.5, 41.5, 0, 107 / 83])]
    assert places_of([face], replace(DEX, squeezed=False)).tolist() == [[223.5, 117.5, 53.5, 0]]
    assert places_of([], DEX).shape == (0, 5)
    assert crop_faces(np.zeros((9, 9, 3), np.uint8), places_of([], DEX), DEX).shape == (0, 96, 96, 3)


def test_a_usual_box_is_near_the_detectors(astronaut_bgr: Image) -> None:
    face = face_at((182.0, 64.0, 83.0, 107.0), ASTRONAUT_LANDMARKS)
    (square,) = places_of([face], CropSpec(96, 0.0))
    (usual,) = usual_boxes(around_box_of(square)[None])
    assert np.abs(usual - turned_box(face.box)).max() < 8
    assert usual[2] * usual[4] == pytest.approx(around_box_of(square)[2], rel=1e-5)  # the height is that of the square


def test_an_empty_or_invalid_box_gives_grey(astronaut_bgr: Image) -> None:
    places = np.array(
        [[100, 100, 0, 0, 1], [100, 100, 30, 0, 0], [9, 9, 30, 0, np.nan], [9, 9, np.inf, 0, 1]], np.float32
    )
    assert (crop_faces(astronaut_bgr, places, DEX) == 127).all()
    assert (crop_faces(astronaut_bgr, boxes((5, 5, 0, 0), (5, 5, 10, 0), (5, 5, 0, 10)), DEX) == 127).all()


def test_a_wider_crop_has_the_same_border_and_shape() -> None:
    wider = DEX.widened(16)
    assert (wider.size_px, wider.squeezed, wider.border, wider.once) == (128, True, "replicated", True)
    assert wider.margin == pytest.approx(0.7)
