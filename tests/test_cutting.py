"""OpenCV cuts faces as TensorFlow does."""

import cv2
import numpy as np
import pytest
import tensorflow as tf
from models import ASTRONAUT_LANDMARKS

from agecam.alignment import crop_faces, square_from_landmarks
from agecam.cutting import cut_faces
from agecam.types import CropSpec, Image

SPEC = CropSpec(80, 0.0)


def squares(middle: tuple[float, float], half_px: float, count: int, spread: float) -> np.ndarray:
    """Turned any way, and by `spread` of their size off the middle."""
    random = np.random.default_rng(count)
    turn = random.uniform(-np.pi, np.pi, count)
    centre = np.array(middle) + random.normal(0, spread * half_px, (count, 2))
    half = half_px * random.uniform(0.7, 1.4, count)
    return np.concatenate([centre, np.stack([half * np.cos(turn), half * np.sin(turn)], 1)], 1).astype(np.float32)


@pytest.mark.parametrize("spec", [SPEC, CropSpec(64, 0.3), CropSpec(112, 0.1)])
@pytest.mark.parametrize(
    ("half_px", "spread"), [(6, 0.5), (25, 0.5), (70, 0.5), (150, 0.5), (400, 0.3), (1500, 0.3), (60, 6)]
)
def test_the_same_faces_are_cut(astronaut_bgr: Image, half_px: float, spread: float, spec: CropSpec) -> None:
    wanted = squares((224, 118), half_px, 12, spread)
    reference = np.asarray(crop_faces(tf.constant(astronaut_bgr), tf.constant(wanted), spec))
    cut = cut_faces(astronaut_bgr, wanted, spec)
    difference = np.abs(cut - reference)
    assert difference.mean() < 1
    assert (difference > 4).mean() < 0.002
    assert np.array_equal(cut, np.round(cut))
    assert (cut.dtype, cut.min() >= 0, cut.max() <= 255) == (np.float32, True, True)


def test_the_order_of_colours_is_the_networks(astronaut_bgr: Image) -> None:
    square = square_from_landmarks(ASTRONAUT_LANDMARKS)[None]
    right, exchanged = cut_faces(astronaut_bgr, square, SPEC), cut_faces(astronaut_bgr[..., ::-1], square, SPEC)
    assert right[..., 0].mean() > right[..., 2].mean() + 20  # skin is red
    assert np.array_equal(right, exchanged[..., ::-1])


def test_far_outside_there_is_only_grey(astronaut_bgr: Image) -> None:
    cut = cut_faces(astronaut_bgr, np.array([[-900, 5000, 30, 0], [9000, -400, 400, 50]], np.float32), SPEC)
    assert (cut == 127).all()


def test_no_square_no_face(astronaut_bgr: Image) -> None:
    assert cut_faces(astronaut_bgr, np.zeros((0, 4), np.float32), SPEC).shape == (0, 80, 80, 3)


def test_a_tiny_frame_is_cut(astronaut_bgr: Image) -> None:
    for side in (1, 2, 3):
        tiny = np.asarray(cv2.resize(astronaut_bgr, (side, side)), np.uint8)
        wanted = np.array([[side / 2, side / 2, 20, 0]], np.float32)
        assert cut_faces(tiny, wanted, SPEC).shape == (1, 80, 80, 3)


def test_of_nothing_there_is_only_grey(astronaut_bgr: Image) -> None:
    cut = cut_faces(astronaut_bgr, np.array([[100, 100, 0, 0], [np.nan, 1, 30, 0]], np.float32), SPEC)
    assert (cut == 127).all()
