"""Pictures and animated pictures that end early, as interrupted downloads and full disks leave them."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from picture_files import difference, encoded, exif_block, pillow_of, png_chunk, png_with_exif, saved

from agecam.errors import SourceError
from agecam.sources import open_source, read_picture
from agecam.sources.base import SeekableSource
from agecam.types import Frame, Image


@pytest.fixture
def face(astronaut_bgr: Image) -> Image:
    """(120, 160, 3), different in all orientations."""
    return np.ascontiguousarray(cv2.resize(astronaut_bgr, (320, 320), interpolation=cv2.INTER_AREA)[:120, 60:220])


def cut(content: bytes, share: float) -> bytes:
    return content[: round(len(content) * share)]


def opened(path: Path, content: bytes) -> tuple[Frame, str]:
    """The only frame, and the remark on it."""
    path.write_bytes(content)
    with open_source(str(path)) as source:
        (remark,) = source.info.remarks
        (frame,) = source
    return frame, str(remark)


PNG = {
    "colours": lambda face: encoded(face, ".png"),
    "grey": lambda face: encoded(face[..., 1], ".png"),
    "16 bits": lambda face: encoded(face.astype(np.uint16) * 257, ".png"),
    "transparent": lambda face: encoded(np.dstack([face, np.full(face.shape[:2], 255, np.uint8)]), ".png"),
    "palette": lambda face: saved(pillow_of(face).quantize(256), "PNG"),
    "one bit": lambda face: saved(pillow_of(face).convert("1"), "PNG"),
}


@pytest.mark.parametrize("kind", PNG)
@pytest.mark.parametrize("share", [0.5, 0.8, 0.99])
def test_the_upper_part_of_a_png_is_read_with_a_remark(kind: str, share: float, face: Image, tmp_path: Path) -> None:
    whole = PNG[kind](face)
    frame, remark = opened(tmp_path / "cut.png", cut(whole, share))
    assert "'cut.png' ends early" in remark
    rows = round(0.7 * share * len(face))
    assert difference(frame.image_bgr[:rows], read_picture(whole)[:rows]) == 0


def test_a_png_without_its_end_is_read_whole_and_upright(face: Image, tmp_path: Path) -> None:
    whole = png_with_exif(face, exif_block(6))
    for missing in (1, 11, 12, 14):
        frame, _ = opened(tmp_path / "cut.png", whole[:-missing])
        assert difference(frame.image_bgr, np.rot90(face, -1)) == 0


def test_the_first_passes_of_an_interlaced_png_are_read(face: Image, tmp_path: Path) -> None:
    whole = interlaced(face)
    assert difference(read_picture(whole), face) == 0
    frame, remark = opened(tmp_path / "cut.png", cut(whole, 0.8))
    assert "ends early" in remark
    assert difference(frame.image_bgr[::2, ::2], face[::2, ::2]) < 1


@pytest.mark.parametrize("form", ["WEBP", "BMP", "GIF"])
@pytest.mark.parametrize("share", [0.5, 0.8, 0.99])
def test_the_upper_part_of_other_formats_is_read_with_a_remark(
    form: str, share: float, face: Image, tmp_path: Path
) -> None:
    whole = saved(face, form, **{"WEBP": {"quality": 95}, "GIF": {"interlace": 0}}.get(form, {}))
    frame, remark = opened(tmp_path / f"cut.{form.lower()}", cut(whole, share))
    assert "ends early" in remark
    known = slice(-10, None) if form == "BMP" else slice(10)  # which is stored from bottom to top
    assert difference(frame.image_bgr[known], read_picture(whole)[known]) < 3


@pytest.mark.parametrize("form", ["PNG", "WEBP", "BMP", "GIF"])
def test_a_header_alone_is_no_picture(form: str, face: Image) -> None:
    for length in (4, 10, 24, 30):
        with pytest.raises(SourceError, match="cannot be read"):
            read_picture(saved(face, form)[:length])


def test_a_png_that_is_damaged_inside_is_refused(face: Image) -> None:
    whole = bytearray(encoded(face, ".png"))
    whole[len(whole) // 2] ^= 0xFF
    with pytest.raises(SourceError, match="damaged"):
        read_picture(cut(bytes(whole), 0.9))


@pytest.mark.parametrize("form", ["WEBP", "PNG"])
def test_an_animated_picture_ends_with_its_last_whole_frame(form: str, face: Image, tmp_path: Path) -> None:
    frames = [pillow_of(np.roll(face, 9 * number, axis=1)) for number in range(6)]
    whole = saved(frames[0], form, save_all=True, append_images=frames[1:], duration=200)
    path = tmp_path / f"cut.{form.lower()}"
    path.write_bytes(cut(whole, 0.7))
    shown: list[Frame] = []
    with open_source(str(path)) as source:
        with pytest.raises(SourceError, match=r"ends early, after [345] frames"):
            shown.extend(source)
        assert isinstance(source, SeekableSource)
        source.seek(0.2)
        again = source.read()
    assert [frame.time_s for frame in shown] == pytest.approx([0.2 * number for number in range(len(shown))])
    assert again is not None
    assert difference(again.image_bgr, shown[1].image_bgr) == 0


def test_the_pages_of_a_tiff_that_are_there_are_read_with_a_remark(face: Image, tmp_path: Path) -> None:
    whole = saved(face, "TIFF", save_all=True, append_images=[pillow_of(face[:, ::-1].copy())], compression="tiff_lzw")
    first = saved(face, "TIFF", compression="tiff_lzw")
    for length in (len(first), len(first) + 40):  # before and within the directory of the second page
        frame, remark = opened(tmp_path / "cut.tif", whole[:length])
        assert "'cut.tif' ends early" in remark
        assert difference(frame.image_bgr, face) == 0
    path = tmp_path / "second.tif"
    path.write_bytes(saved(face, "TIFF", save_all=True, append_images=[pillow_of(face[:, ::-1].copy())])[:-20000])
    with open_source(str(path)) as source:
        assert "ends early" in str(source.info.remarks[0])
        pages = [frame.image_bgr for frame in source]
    assert len(pages) == 2
    assert difference(pages[0], face) == 0
    assert difference(pages[1][:40], face[:40, ::-1]) == 0


@pytest.mark.parametrize("share", [0.4, 0.9])
def test_the_upper_part_of_an_uncompressed_tiff_is_read_with_a_remark(
    share: float, face: Image, tmp_path: Path
) -> None:
    frame, remark = opened(tmp_path / "cut.tif", cut(saved(face, "TIFF"), share))
    assert "ends early" in remark
    rows = round(share * len(face)) - 5
    assert difference(frame.image_bgr[:rows], face[:rows]) == 0


def test_a_whole_tiff_has_no_remark(face: Image, tmp_path: Path) -> None:
    for options in (
        {},
        {"compression": "tiff_lzw"},
        {"compression": "jpeg"},
        {"save_all": True, "append_images": [pillow_of(face)]},
    ):
        path = tmp_path / "whole.tif"
        path.write_bytes(saved(face, "TIFF", **options))
        with open_source(str(path)) as source:
            assert source.info.remarks == ()
            assert len(list(source)) == 1 + ("append_images" in options)


def test_jpeg_pictures_one_after_another_are_a_video_if_the_name_says_so(face: Image, tmp_path: Path) -> None:
    pictures = b"".join(encoded(np.roll(face, 5 * number, axis=1), ".jpg") for number in range(4))
    for name, count in (("clip.mjpeg", 4), ("clip.MJPG", 4), ("photo.jpg", 1)):
        (tmp_path / name).write_bytes(pictures)
        with open_source(str(tmp_path / name)) as source:
            frames = list(source)
            assert source.info.is_picture == (count == 1)
        assert len(frames) == count
    (tmp_path / "one.mjpg").write_bytes(encoded(face, ".jpg"))
    with open_source(str(tmp_path / "one.mjpg")) as source:
        assert source.info.is_picture


def interlaced(image: Image) -> bytes:
    """A PNG in seven passes, without filters."""
    height, width = image.shape[:2]
    rows = b""
    for left, top, across, down in (
        *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
        *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
    ):
        part = image[top::down, left::across, ::-1]
        rows += b"".join(b"\0" + row.tobytes() for row in part)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks
