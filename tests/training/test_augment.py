"""Augmentation: random views of crops, reproducible and still showing the face."""

import cv2
import numpy as np
import pytest

from agecam.types import Image
from training.data.augment import augmented, augmented_batch, capped, centre, mixup

SIZE_PX, BORDER_PX = 80, 16


@pytest.fixture(scope="module")
def wide(_portraits: tuple[Image, Image]) -> Image:
    """`(112, 112, 3) uint8` RGB: a face with a border."""
    part = cv2.resize(_portraits[0][55:225, 142:312, ::-1], (112, 112), interpolation=cv2.INTER_AREA)
    return np.asarray(part, np.uint8)


def views(crop: Image, count: int, seed: int = 0) -> Image:
    return augmented_batch(np.stack([crop] * count), SIZE_PX, np.random.default_rng(seed))


def test_centre_cuts_the_middle_unchanged(wide: Image) -> None:
    assert np.array_equal(centre(wide, SIZE_PX), wide[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX])


def test_views_have_the_right_shape_and_type(wide: Image) -> None:
    for crop in (wide, np.zeros_like(wide), np.full_like(wide, 255)):
        result = views(crop, 48)
        assert result.shape == (48, SIZE_PX, SIZE_PX, 3)
        assert result.dtype == np.uint8


def test_the_crop_is_not_modified(wide: Image) -> None:
    before = wide.copy()
    views(wide, 64)
    assert np.array_equal(wide, before)


def test_views_are_reproducible_for_a_seed(wide: Image) -> None:
    assert np.array_equal(views(wide, 8, seed=1), views(wide, 8, seed=1))
    first, second = (views(wide, 8, seed=seed).astype(int) for seed in (1, 2))
    assert np.abs(first - second).mean() > 5


def test_every_view_is_different(wide: Image) -> None:
    random = np.random.default_rng(0)
    first, second = (augmented(wide, SIZE_PX, random).astype(int) for _ in range(2))
    assert np.abs(first - second).mean() > 5


def test_the_mean_of_many_views_is_still_the_face(wide: Image) -> None:
    mean = views(wide, 400).mean(0)
    # Half of the views are mirrored and all are shifted: compare with the blurred, mirrored mean.
    middle = centre(wide, SIZE_PX).astype(np.float32)
    expected = cv2.GaussianBlur((middle + middle[:, ::-1]) / 2, (0, 0), 5)
    assert np.abs(mean - expected).mean() < 25
    assert np.corrcoef(mean.ravel(), expected.ravel())[0, 1] > 0.93


def test_colours_stay_in_their_channels() -> None:
    red = np.zeros((112, 112, 3), np.uint8)
    red[..., 0] = 200
    mean = views(red, 100)[:, 20:60, 20:60].mean((0, 1, 2))
    assert mean[0] > mean[1] + 60
    assert mean[0] > mean[2] + 60


def test_grey_views_occur(wide: Image) -> None:
    result = views(wide, 200).astype(int)
    spread = (result.max(-1) - result.min(-1)).mean((1, 2))
    assert 5 <= (spread < 2.5).sum() <= 60


def test_strong_views_differ_more_and_are_still_the_face(wide: Image) -> None:
    def variation(strong: bool) -> tuple[float, float]:
        many = augmented_batch(np.stack([wide] * 300), SIZE_PX, np.random.default_rng(5), 1.0, strong).astype(float)
        light = many.mean((1, 2, 3))
        left, right = many[:, :, : SIZE_PX // 2].mean((1, 2, 3)), many[:, :, SIZE_PX // 2 :].mean((1, 2, 3))
        return float(light.std()), float(np.abs(left - right).mean())

    (normal_light, normal_side), (strong_light, strong_side) = variation(False), variation(True)
    assert strong_light > 1.15 * normal_light
    assert strong_side > 1.1 * normal_side
    mean = augmented_batch(np.stack([wide] * 300), SIZE_PX, np.random.default_rng(5), 1.0, True).mean(0)
    correlation = np.corrcoef(mean.ravel(), centre(wide, SIZE_PX).astype(float).ravel())[0, 1]
    assert correlation > 0.75


def test_mixup_returns_both_labels_with_their_shares() -> None:
    pictures = np.stack([np.full((8, 8, 3), value, np.uint8) for value in range(0, 200, 2)])
    labels = np.stack([np.arange(100), np.arange(100), np.arange(100) % 2], axis=1).astype(np.float32)
    views, targets = mixup(pictures, labels, np.random.default_rng(3), share=0.5)
    one, other, share = targets[:, 0:3], targets[:, 3:6], targets[:, 6]
    assert np.array_equal(one, labels)
    assert np.array_equal(np.sort(other[:, 0]), labels[:, 0])
    assert ((share >= 0.5) & (share <= 1)).all()
    assert 30 < (share < 1).sum() < 70
    # The grey level of a picture is twice its label, and so is that of a blend.
    assert views[:, 0, 0, 0] == pytest.approx(2 * (share * one[:, 0] + (1 - share) * other[:, 0]), abs=1)
    assert np.array_equal(mixup(pictures, labels, np.random.default_rng(0), share=0.0)[0], pictures)


def test_a_cap_covers_the_hair_and_leaves_the_face(wide: Image) -> None:
    view = centre(wide, SIZE_PX)
    random = np.random.default_rng(11)
    changed = np.mean([np.abs(capped(view, random).astype(float) - view) > 8 for _ in range(200)], axis=(0, 3))
    middle = slice(SIZE_PX // 3, 2 * SIZE_PX // 3)
    assert changed[: SIZE_PX // 12, middle].mean() > 0.9
    assert changed[SIZE_PX // 2 :].mean() < 0.02
    assert not np.shares_memory(view, capped(view, random))
