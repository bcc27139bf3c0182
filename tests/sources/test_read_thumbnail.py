"""Thumbnails look like what is opened, only smaller."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from picture_files import exif_block, jpeg_with_exif
from PIL import Image as Pillow

from agecam.errors import SourceError
from agecam.sources import read_picture
from agecam.sources.thumbnails import MAX_PIXELS, read_thumbnail
from agecam.types import Image


def error_of(thumbnail: Image | None, path: Path) -> float:
    """Mean difference from the whole picture at the size of the thumbnail."""
    assert thumbnail is not None
    height, width = thumbnail.shape[:2]
    expected = cv2.resize(read_picture(path), (width, height), interpolation=cv2.INTER_AREA)
    return float(np.abs(thumbnail.astype(float) - expected).mean())


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.bmp", "a.ppm"])
def test_a_picture_is_shrunk_to_the_longest_side(name: str, tmp_path: Path, hopper_bgr: Image) -> None:
    path = tmp_path / name
    cv2.imwrite(str(path), cv2.resize(hopper_bgr, None, fx=3, fy=3))
    thumbnail = read_thumbnail(path, 96)
    assert thumbnail is not None
    assert thumbnail.shape == (96, 82, 3)
    assert thumbnail.flags.c_contiguous
    assert error_of(thumbnail, path) < 2.5


def test_a_small_picture_keeps_its_size(tmp_path: Path, hopper_bgr: Image) -> None:
    path = tmp_path / "small.png"
    cv2.imwrite(str(path), hopper_bgr[:40, :30])
    thumbnail = read_thumbnail(path, 96)
    assert thumbnail is not None
    assert thumbnail.shape == (40, 30, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_upright(orientation: int, tmp_path: Path, hopper_bgr: Image) -> None:
    path = tmp_path / "turned.jpg"
    path.write_bytes(jpeg_with_exif(cv2.resize(hopper_bgr, None, fx=2, fy=2), exif_block(orientation)))
    thumbnail = read_thumbnail(path, 96)
    assert thumbnail is not None
    assert (thumbnail.shape[0] > thumbnail.shape[1]) is (orientation < 5)
    assert error_of(thumbnail, path) < 2.5


def test_a_jpeg_that_ends_early_is_shown_like_the_picture(tmp_path: Path, hopper_bgr: Image) -> None:
    path = tmp_path / "cut.jpg"
    content = cv2.imencode(".jpg", hopper_bgr)[1].tobytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    assert error_of(read_thumbnail(path, 96), path) < 2.5


def test_a_video_gives_its_first_frame(
    tmp_path: Path, astronaut_bgr: Image, hopper_bgr: Image, write_video: Callable[..., Path]
) -> None:
    path = write_video("clip.mp4", [astronaut_bgr, *5 * [hopper_bgr[:512]]])
    thumbnail = read_thumbnail(path, 64)
    assert thumbnail is not None
    expected = cv2.resize(astronaut_bgr, (64, 64), interpolation=cv2.INTER_AREA)
    assert float(np.abs(thumbnail.astype(float) - expected).mean()) < 8


def test_a_huge_picture_has_none(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    width = 8_001
    Pillow.new("1", (width, MAX_PIXELS // width + 1)).save(path)
    assert read_thumbnail(path, 96) is None


@pytest.mark.parametrize(("name", "content"), [("a.jpg", b"\xff\xd8\xff"), ("a.png", b""), ("a.mp4", b"no film")])
def test_a_damaged_file_gives_the_reason(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=name):
        read_thumbnail(tmp_path / name, 96)


def test_a_missing_file_gives_the_reason(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.jpg"):
        read_thumbnail(tmp_path / "gone.jpg", 96)
