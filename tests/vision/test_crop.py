"""Face cropping: position, content, and independence of the size and rotation of the frame."""

import math

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from models import ASTRONAUT_LANDMARKS

from agecam.types import OUTSIDE_GREY, CropSpec, Detection, FloatArray, Image
from agecam.vision.crop import (
    TEMPLATE,
    around_box_of,
    crop_faces,
    square_around,
    square_from_box,
    square_from_landmarks,
    squares_of,
)

SPEC, SMALL = CropSpec(96, 0.0), CropSpec(80, 0.0)


def crops(image: npt.ArrayLike, squares: npt.NDArray[np.float32], spec: CropSpec = SPEC) -> FloatArray:
    return crop_faces(np.asarray(image, np.uint8), squares, spec)


def crop_at(image: npt.ArrayLike, landmarks: FloatArray, spec: CropSpec = SPEC) -> FloatArray:
    return np.asarray(crops(image, square_from_landmarks(landmarks)[None], spec)[0])


def upright(x: float, y: float, side: float, degrees: float = 0) -> npt.NDArray[np.float32]:
    half, angle = side / 2, math.radians(degrees)
    return np.array([[x, y, half * math.cos(angle), half * math.sin(angle)]], np.float32)


@pytest.mark.parametrize("seed", range(50))
def test_the_square_of_a_moved_template_is_the_moved_unit_square(seed: int) -> None:
    random = np.random.default_rng(seed)
    scale, angle, shift = np.exp(random.uniform(2, 7)), random.uniform(-math.pi, math.pi), random.uniform(-500, 2000, 2)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])

    def moved(points: npt.ArrayLike) -> FloatArray:
        return np.asarray(scale * np.asarray(points) @ turn.T + shift, np.float32)

    square = square_from_landmarks(moved(TEMPLATE))
    assert square[:2] == pytest.approx(moved([0.5, 0.5]), abs=1e-3 * scale)
    assert square[:2] + square[2:] == pytest.approx(moved([1.0, 0.5]), abs=1e-3 * scale)


def test_the_square_is_the_least_squares_fit() -> None:
    random = np.random.default_rng(0)
    landmarks = (200 * TEMPLATE + random.normal(0, 8, (5, 2)) + 300).astype(np.float32)

    def error(square: npt.NDArray[np.float64]) -> float:
        x, y, right_x, right_y = square
        axes = 2 * np.array([[right_x, right_y], [-right_y, right_x]])
        return float((((TEMPLATE - 0.5) @ axes + [x, y] - landmarks) ** 2).sum())

    best = square_from_landmarks(landmarks).astype(np.float64)
    for step in np.concatenate([np.eye(4), -np.eye(4)]):
        assert error(best) < error(best + 0.5 * step)


def test_squares_are_in_the_order_of_the_faces() -> None:
    faces = [Detection((0, 0, 1, 1), 0.9, ASTRONAUT_LANDMARKS + shift) for shift in (0, 40)]
    squares = squares_of(faces)
    assert squares.shape == (2, 4)
    assert squares[1] - squares[0] == pytest.approx([40, 40, 0, 0], abs=1e-3)
    assert squares_of([]).shape == (0, 4)


def test_a_box_gives_nearly_the_square_of_the_landmarks() -> None:
    by_landmarks, by_box = square_from_landmarks(ASTRONAUT_LANDMARKS), square_from_box((182, 64, 83, 107))
    side = 2 * np.hypot(*by_landmarks[2:])
    assert np.hypot(*(by_landmarks - by_box)[:2]) < 0.08 * side
    assert 2 * np.hypot(*by_box[2:]) == pytest.approx(side, rel=0.15)


def test_landmarks_are_placed_as_in_the_template() -> None:
    # A white dot on the left eye of a black picture.
    landmarks = (180 * TEMPLATE + [50, 30]).astype(np.float32)
    image = np.zeros((300, 300, 3), np.uint8)
    x, y = landmarks[0]
    cv2.circle(image, (round(x * 16 - 8), round(y * 16 - 8)), 8 * 16, (255, 255, 255), -1, cv2.LINE_AA, shift=4)
    crop = crop_at(image, landmarks)[..., 0]
    weight = crop / crop.sum()
    centre = [(weight.sum(0) * (np.arange(96) + 0.5)).sum(), (weight.sum(1) * (np.arange(96) + 0.5)).sum()]
    assert centre == pytest.approx(96 * TEMPLATE[0], abs=0.25)


def test_rotating_the_frame_does_not_change_the_crop(astronaut_bgr: Image) -> None:
    turn = cv2.getRotationMatrix2D((226, 135), 25, 1.0)
    turned = cv2.warpAffine(astronaut_bgr, turn, (512, 512), flags=cv2.INTER_CUBIC)
    # Pixel i spans i to i + 1, but OpenCV counts from the centre of the first pixel.
    landmarks = ((ASTRONAUT_LANDMARKS - 0.5) @ turn[:, :2].T + turn[:, 2] + 0.5).astype(np.float32)
    assert np.abs(crop_at(turned, landmarks) - crop_at(astronaut_bgr, ASTRONAUT_LANDMARKS)).mean() < 1.5


@pytest.mark.parametrize(("scale", "max_difference"), [(0.5, 4.0), (2.0, 1.0), (6.0, 1.0)])
def test_scaling_the_frame_hardly_changes_the_crop(astronaut_bgr: Image, scale: float, max_difference: float) -> None:
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(astronaut_bgr, None, fx=scale, fy=scale, interpolation=method)
    difference = crop_at(scaled, ASTRONAUT_LANDMARKS * scale) - crop_at(astronaut_bgr, ASTRONAUT_LANDMARKS)
    assert np.abs(difference).mean() < max_difference


def test_a_shift_of_half_a_pixel_is_detected(astronaut_bgr: Image) -> None:
    # Shows that the bounds above are strict: a small shift makes a larger difference.
    difference = crop_at(astronaut_bgr, ASTRONAUT_LANDMARKS + 0.5) - crop_at(astronaut_bgr, ASTRONAUT_LANDMARKS)
    assert np.abs(difference).mean() > 4.5


def test_the_crop_is_rgb_of_a_bgr_frame() -> None:
    red_bgr = np.full((100, 100, 3), (0, 0, 255), np.uint8)
    assert (crops(red_bgr, upright(50, 50, 40, 10)) == (255, 0, 0)).all()


def test_the_crop_has_whole_numbers_and_the_documented_shape(astronaut_bgr: Image) -> None:
    crop = crops(astronaut_bgr, np.concatenate([upright(226, 135, 90), upright(100, 100, 33, 70)]))
    assert crop.shape == (2, 96, 96, 3)
    assert crop.dtype == np.float32
    assert np.array_equal(crop, crop.round())
    assert crop.min() >= 0
    assert crop.max() <= 255


def test_grey_outside_the_frame() -> None:
    white = np.full((300, 300, 3), 255, np.uint8)
    crop = crops(white, upright(0, 150, 192))[0]
    assert (crop[:, :46] == OUTSIDE_GREY).all()
    assert (crop[:, 50:] == 255).all()
    outside = crops(white, upright(-500, 150, 100, 30))[0]
    assert (outside == OUTSIDE_GREY).all()


def test_the_margin_is_added_on_every_side(astronaut_bgr: Image) -> None:
    with_margin = crops(astronaut_bgr, upright(226, 135, 60, 8), CropSpec(96, 0.25))
    wider_square = crops(astronaut_bgr, upright(226, 135, 90, 8), CropSpec(96, 0.0))
    assert np.abs(with_margin - wider_square).max() <= 1


@pytest.mark.parametrize("margin", [0.0, 0.3, -0.1])
@pytest.mark.parametrize("degrees", [0.0, 7.0, -33.0, 95.0])
@pytest.mark.parametrize("side", [37.0, 96.0, 150.0, 262.0])
def test_the_middle_of_the_widened_crop_is_the_crop(
    astronaut_bgr: Image, side: float, degrees: float, margin: float
) -> None:
    square, spec = upright(230.3, 141.8, side, degrees), CropSpec(96, margin)
    wide = crops(astronaut_bgr, square, spec.widened(20))[0]
    assert wide.shape == (136, 136, 3)
    difference = np.abs(wide[20:-20, 20:-20] - crops(astronaut_bgr, square, spec)[0])
    # Float arithmetic may only round a value of exactly one half the other way.
    assert difference.max() <= 1
    assert (difference == 0).mean() > 0.99


@pytest.mark.parametrize("degrees", [0.0, 11.0])
@pytest.mark.parametrize("side", [400, 640, 1024, 1980])
def test_fine_patterns_on_large_faces_average_to_grey(side: int, degrees: float) -> None:
    rows, columns = np.indices((2100, 2100))
    board = np.repeat(((rows + columns) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)
    crop = crops(board, upright(1050.3, 1049.6, side, degrees))[0, 4:-4, 4:-4]
    assert crop.mean() == pytest.approx(127.5, abs=1)
    assert np.abs(crop - 127.5).mean() < 35  # some moire remains where its period meets that of the samples


@pytest.mark.parametrize("side", [400, 640, 1024, 1980])
def test_every_pixel_of_a_large_face_counts(side: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2100, 2100, 3), np.uint8)
    spread = crops(noise, upright(1050.3, 1049.6, side, 11))[0].std()
    averaged = noise.std() / (side / SPEC.size_px)  # each pixel of the crop is the mean of that many squared
    assert spread < 1.5 * averaged


@pytest.mark.parametrize("degrees", [0.0, 17.0])
@pytest.mark.parametrize(("side", "halvings"), [(500, 1), (900, 2), (1900, 3)])
def test_a_large_face_is_cropped_from_block_means(
    astronaut_bgr: Image, side: int, degrees: float, halvings: int
) -> None:
    block = 2**halvings
    scale = side / 100
    large = np.asarray(cv2.resize(astronaut_bgr[:256, 96:352], None, fx=scale, fy=scale), np.uint8)
    large = large[: large.shape[0] // block * block, : large.shape[1] // block * block]
    square = upright(130 * scale, 135 * scale, side, degrees)
    means = np.asarray(cv2.resize(large, None, fx=1 / block, fy=1 / block, interpolation=cv2.INTER_AREA), np.uint8)
    # The means are rounded here, but not in the crop.
    assert np.abs(crops(large, square) - crops(means, square / block)).max() <= 1


@pytest.mark.parametrize("halvings", [0, 1, 2, 3])
def test_faces_beyond_a_corner_are_cropped_as_from_a_frame_with_a_grey_border(halvings: int) -> None:
    block = 2**halvings
    frame = np.random.default_rng(0).integers(0, 256, (1001, 1003, 3), np.uint8)
    border = 1024
    padded = np.full((frame.shape[0] + 2 * border, frame.shape[1] + 2 * border, 3), int(OUTSIDE_GREY), np.uint8)
    padded[border:-border, border:-border] = frame
    for x, y in ((40, 30), (980, 990), (500, 10)):
        square, moved = (upright(x + shift, y + shift, 190 * block, 7) for shift in (0, border))
        difference = np.abs(crops(frame, square) - crops(padded, moved))[0]
        # Without halving, the border is hard, and the crops differ within a pixel of it.
        assert (difference > 1).mean() < (0.01 if halvings else 0.03)


def test_faces_of_all_sizes_in_one_batch_are_cropped_as_if_alone(astronaut_bgr: Image) -> None:
    large = np.asarray(cv2.resize(astronaut_bgr, None, fx=3, fy=3), np.uint8)
    squares = np.concatenate(
        [upright(700, 400, side, 3 * side) for side in (30, 1200, 90, 500, 250, 390, 3500)]
        + [upright(-40, 1530, 200, 15)]
    )
    together = crops(large, squares)
    for row in range(len(squares)):
        assert np.array_equal(together[row], crops(large, squares[row : row + 1])[0])


def test_a_network_trained_on_boxes_gets_the_square_around_them(astronaut_bgr: Image) -> None:
    face = Detection((182.0, 64.0, 83.0, 107.0), 0.99, ASTRONAUT_LANDMARKS)
    (square,) = squares_of([face], "box")
    assert square.tolist() == [223.5, 117.5, 53.5, 0.0]
    assert np.array_equal(square_around(face.box), square)
    # If only the square of the landmarks is known, nearly the same square is used.
    assert np.abs(around_box_of(square_from_landmarks(ASTRONAUT_LANDMARKS)) - square).max() < 8
    assert np.abs(around_box_of(square_from_box(face.box)) - square).max() < 1e-3


def test_colours_are_in_the_order_of_the_network(astronaut_bgr: Image) -> None:
    square = square_from_landmarks(ASTRONAUT_LANDMARKS)[None]
    bgr, swapped = crop_faces(astronaut_bgr, square, SMALL), crop_faces(astronaut_bgr[..., ::-1], square, SMALL)
    assert bgr[..., 0].mean() > bgr[..., 2].mean() + 20  # skin is red
    assert np.array_equal(bgr, swapped[..., ::-1])


def test_a_crop_far_outside_is_grey(astronaut_bgr: Image) -> None:
    cut = crop_faces(astronaut_bgr, np.array([[-900, 5000, 30, 0], [9000, -400, 400, 50]], np.float32), SMALL)
    assert (cut == 127).all()


def test_no_squares_give_no_crops(astronaut_bgr: Image) -> None:
    assert crop_faces(astronaut_bgr, np.zeros((0, 4), np.float32), SMALL).shape == (0, 80, 80, 3)


def test_a_tiny_frame_is_cropped(astronaut_bgr: Image) -> None:
    for side in (1, 2, 3):
        tiny = np.asarray(cv2.resize(astronaut_bgr, (side, side)), np.uint8)
        square = np.array([[side / 2, side / 2, 20, 0]], np.float32)
        assert crop_faces(tiny, square, SMALL).shape == (1, 80, 80, 3)


def test_an_empty_or_invalid_square_gives_grey(astronaut_bgr: Image) -> None:
    cut = crop_faces(astronaut_bgr, np.array([[100, 100, 0, 0], [np.nan, 1, 30, 0]], np.float32), SMALL)
    assert (cut == 127).all()


@pytest.mark.parametrize("side", [400, 1700, 5000])
def test_a_large_face_has_the_same_crop_however_many_rows_are_floats_at_a_time(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (1501, 2003, 3), np.uint8)
    squares = np.concatenate([upright(800, 700, side, 20), upright(-100, 1400, side), upright(4000, 4000, side)])
    at_once = crops(image, squares)
    monkeypatch.setattr("agecam.vision.crop._STRIP_PIXELS", 1)
    assert np.array_equal(crops(image, squares), at_once)


def test_a_view_has_the_same_crop_as_a_copy(astronaut_bgr: Image) -> None:
    view = astronaut_bgr[:, ::-1]
    squares = upright(280, 130, 90, 5)
    assert np.array_equal(crops(view, squares), crops(view.copy(), squares))
