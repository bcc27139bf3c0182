"""Pictures of the photo booth as one."""

import numpy as np
import pytest

from agecam.overlay.collage import collage
from agecam.types import Image


def plain(grey: int, width: int = 320, height: int = 240) -> Image:
    return np.full((height, width, 3), grey, np.uint8)


@pytest.mark.parametrize(("columns", "is_portrait"), [(1, True), (2, False)])
def test_every_picture_is_there_once_in_order_and_whole(columns: int, is_portrait: bool) -> None:
    greys = (10, 60, 110, 160)
    result = collage([plain(grey) for grey in greys], columns)
    height, width = result.shape[:2]
    assert (height > 3 * width / 2) is is_portrait
    for index, grey in enumerate(greys):
        rows, cells = np.nonzero((result == grey).all(axis=2))
        assert len(rows) == 320 * 240
        row, column = divmod(index, columns)
        assert rows.mean() / height == pytest.approx((row + 0.5) * columns / 4, abs=0.03)
        assert cells.mean() / width == pytest.approx((column + 0.5) / columns, abs=0.03)


def test_there_is_paper_around_and_between() -> None:
    result = collage([plain(10)] * 4, 2)
    assert (result[0] > 240).all() and (result[-1] > 240).all()
    assert (result[:, 0] > 240).all() and (result[:, -1] > 240).all()
    assert (result[:, result.shape[1] // 2] > 240).all()


def test_a_picture_of_another_shape_is_scaled_to_fit() -> None:
    result = collage([plain(10), plain(60, 480, 640)], 1)
    rows, columns = np.nonzero((result == 60).all(axis=2))
    assert np.ptp(rows) + 1 == 240
    assert np.ptp(columns) + 1 == 180


def test_the_caption_is_below_the_pictures() -> None:
    bare, captioned = collage([plain(10)] * 4, 1), collage([plain(10)] * 4, 1, "2026-11-27")
    assert captioned.shape[0] > bare.shape[0]
    foot = captioned[bare.shape[0] :]
    assert (foot < 130).any()
    assert (captioned[: bare.shape[0] - 12] == bare[:-12]).all()
