"""The augmentation changes pictures as a webcam might, and leaves them alone outside training."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from agecam.types import Image
from training.augment import WebcamAugment

SIZE_PX, BORDER_PX = 96, 20


@pytest.fixture(scope="module")
def wide(_portraits: tuple[Image, Image]) -> Image:
    """`(136, 136, 3) uint8` RGB: a face with room around it."""
    part = cv2.resize(_portraits[0][55:225, 142:312, ::-1], (136, 136), interpolation=cv2.INTER_AREA)
    return np.asarray(part, np.uint8)


def augmented(images: npt.NDArray[np.uint8], seed: int = 0, training: bool = True) -> npt.NDArray[np.float32]:
    layer = WebcamAugment(SIZE_PX, seed=seed)
    graph = tf.function(lambda pictures: layer(pictures, training=training))
    return np.asarray(graph(tf.constant(images)))


def test_outside_training_the_centre_is_cut_and_nothing_else(wide: Image) -> None:
    given = augmented(np.stack([wide, wide[:, ::-1]]), training=False)
    centre = wide[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX]
    assert given.dtype == np.float32
    assert np.array_equal(given[0], centre)
    assert np.array_equal(given[1], centre[:, ::-1])


def test_form_and_range(wide: Image) -> None:
    extremes = np.stack([wide, np.zeros_like(wide), np.full_like(wide, 255)] * 16)
    given = augmented(extremes)
    assert given.shape == (48, SIZE_PX, SIZE_PX, 3)
    assert given.dtype == np.float32
    assert np.isfinite(given).all()
    assert given.min() >= 0
    assert given.max() <= 255


def test_the_seed_settles_the_draws(wide: Image) -> None:
    pictures = np.stack([wide] * 4)
    assert np.array_equal(augmented(pictures, seed=1), augmented(pictures, seed=1))
    assert np.abs(augmented(pictures, seed=1) - augmented(pictures, seed=2)).mean() > 5


def test_every_picture_and_every_call_draws_anew(wide: Image) -> None:
    layer = WebcamAugment(SIZE_PX)
    pictures = np.stack([wide] * 2)
    first, second = (np.asarray(layer(pictures, training=True)) for _ in range(2))
    assert np.abs(first[0] - first[1]).mean() > 5
    assert np.abs(first - second).mean() > 5


def test_the_mean_of_many_is_still_the_face(wide: Image) -> None:
    mean = augmented(np.stack([wide] * 256)).mean(0)
    # Half of them are mirrored, and all are moved a little: compare with the blurred, mirrored mean.
    centre = wide[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX].astype(np.float32)
    expected = cv2.GaussianBlur((centre + centre[:, ::-1]) / 2, (0, 0), 6)
    assert np.abs(mean - expected).mean() < 22
    assert np.corrcoef(mean.ravel(), expected.ravel())[0, 1] > 0.93


def test_colours_stay_with_their_channels(wide: Image) -> None:
    red = np.zeros((64, 136, 136, 3), np.uint8)
    red[..., 0] = 200
    mean = augmented(red)[:, 24:72, 24:72].mean((0, 1, 2))
    assert mean[0] > mean[1] + 60
    assert mean[0] > mean[2] + 60
