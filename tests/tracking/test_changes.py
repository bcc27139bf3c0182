"""Whether a picture has changed: noise does not count, slow and small changes do."""

import numpy as np
import pytest

from agecam.tracking.changes import ChangeDetector
from agecam.tracking.optical_flow import GreyFrame
from agecam.types import Image


def noisy(image_bgr: Image, seed: int) -> GreyFrame:
    noise = np.random.default_rng(seed).normal(0, 4, image_bgr.shape)
    return GreyFrame.of(np.clip(image_bgr + noise, 0, 255).astype(np.uint8))


def test_noise_is_no_change(hopper_bgr: Image) -> None:
    changes = ChangeDetector()
    assert changes.has_changed(noisy(hopper_bgr, 0))
    assert not any(changes.has_changed(noisy(hopper_bgr, seed)) for seed in range(1, 20))


@pytest.mark.parametrize("side_px", [24, 40])
def test_a_small_new_thing_is_a_change(side_px: int) -> None:
    scene = np.full((720, 1280, 3), 110, np.uint8)
    changes = ChangeDetector()
    changes.has_changed(noisy(scene, 0))
    scene[300 : 300 + side_px, 700 : 700 + side_px] = 170
    assert changes.has_changed(noisy(scene, 1))


def test_slow_changes_add_up() -> None:
    changes = ChangeDetector()
    changed = [
        changes.has_changed(noisy(np.full((360, 640, 3), 100 + step // 4, np.uint8), step)) for step in range(60)
    ]
    assert 3 <= sum(changed) < 20


def test_another_size_is_a_change(hopper_bgr: Image) -> None:
    changes = ChangeDetector()
    changes.has_changed(GreyFrame.of(hopper_bgr))
    assert changes.has_changed(GreyFrame.of(np.ascontiguousarray(hopper_bgr[:-80])))
