"""Damaged, huge and many-paged picture files."""

import struct
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from picture_files import (
    difference,
    encoded,
    exif_block,
    grey_bgr,
    pillow_of,
    profile,
    saved,
    tiff,
)
from PIL import Image as Pillow

from agecam.errors import SourceError
from agecam.sources import open_source, read_picture
from agecam.sources.pictures import FolderSource
from agecam.types import Image


@pytest.fixture
def face(astronaut_bgr: Image) -> Image:
    """(120, 160, 3), different in all orientations."""
    return np.ascontiguousarray(cv2.resize(astronaut_bgr, (320, 320), interpolation=cv2.INTER_AREA)[:120, 60:220])


# --- damage --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("missing", [2, 1, 40, *np.linspace(0.05, 0.6, 12)])
def test_a_jpeg_that_ends_early_is_shown_with_a_remark(
    missing: float, progressive: bool, face: Image, tmp_path: Path
) -> None:
    whole = saved(face, "JPEG", quality=95, progressive=progressive, exif=b"Exif\0\0" + exif_block(3))
    length = len(whole) - (missing if missing >= 1 else round(missing * len(whole)))
    path = tmp_path / "cut.jpg"
    path.write_bytes(whole[: int(length)])
    with open_source(str(path)) as source:
        (remark,) = source.info.remarks
        (frame,) = source
    assert "cut.jpg" in str(remark)
    assert "ends early" in str(remark)
    assert difference(frame.image_bgr[-20:], face[::-1, ::-1][-20:]) < 40
    if missing in (1, 2):
        assert difference(frame.image_bgr, read_picture(whole)) == 0


def test_a_whole_jpeg_has_no_remark_whatever_follows_it(face: Image, tmp_path: Path) -> None:
    path = tmp_path / "whole.jpg"
    path.write_bytes(encoded(face, ".jpg") + b"something else")
    with open_source(str(path)) as source:
        assert source.info.remarks == ()


FORMATS = ("HEIF", "AVIF", "JXL", "QOI", "TGA", "PCX", "ICO", "TIFF", "WEBP", "PNG", "BMP", "JPEG2000", "GIF")


@pytest.mark.parametrize("form", FORMATS)
def test_a_cut_file_gives_one_sentence_or_a_picture(
    form: str, face: Image, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = saved(face, form)
    for share in (0.02, 0.1, 0.5, 0.9):
        path = tmp_path / f"cut.{form.lower()}"
        path.write_bytes(whole[: int(len(whole) * share)])
        try:
            assert read_picture(path).shape[2] == 3
        except SourceError as error:
            assert path.name in str(error)
            assert str(error).endswith(".")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jxl", b"\xff\x0a" + (0b110 << 1 | (99_999 << 3 << 0)).to_bytes(8, "little")),
        ("a.qoi", b"qoif" + (60_000).to_bytes(4, "big") * 2 + b"\3\0" + bytes(40)),
        ("a.tga", bytes((0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0)) + b"\xff\xff\xff\xff\x18\0" + bytes(40)),
        ("a.tif", tiff((np.zeros((8, 8), np.uint8), {})).replace(b"\x08\0\0\0\x01\x01", b"\xff\xff\0\0\x01\x01")),
        ("a.pcx", b"\n\5\1\x08" + bytes(4) + b"\xff\xff\xff\xff" + bytes(53) + b"\3\xff\xff" + bytes(80)),
    ],
)
def test_claimed_sizes_are_limited(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SourceError, match=rf"'{name}' (is too large|cannot be read)"):
        read_picture(tmp_path / name)


def jpeg_2000_of(size: int) -> bytes:
    data = bytearray(saved(np.zeros((64, 64, 3), np.uint8), "JPEG2000"))
    for place in (data.index(b"\xff\x51") + 6, data.index(b"\xff\x51") + 22, data.index(b"ihdr") + 4):
        data[place : place + 8] = struct.pack(">II", size, size)
    return bytes(data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (
            "runs.bmp",
            struct.pack("<2sIIIIiiHHII16x", b"BM", 1080, 0, 1078, 40, 30_000, 30_000, 1, 8, 1, 2) + bytes(1030),
        ),
        ("a.gif", struct.pack("<6sHHBBB6xsHHHHB", b"GIF89a", 65_535, 16_000, 128, 0, 0, b",", 0, 0, 65_535, 16_000, 0)),
        ("a.jp2", jpeg_2000_of(30_000)),
        ("a.pbm", b"P4\n30000 30000\n" + bytes(40)),
        ("a.pfm", b"PF\n20000 9000\n-1.0\n" + bytes(40)),
        ("a.hdr", b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 9000 +X 20000\n" + bytes(40)),
    ],
)
def test_small_files_of_huge_pictures_are_refused_at_once(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    start_s = time.monotonic()
    with pytest.raises(SourceError, match=f"'{name}' is too large to read: make it smaller"):
        read_picture(tmp_path / name)
    assert time.monotonic() - start_s < 2


# --- large files ---------------------------------------------------------------------------------------


def test_a_picture_may_be_larger_than_pillow_likes(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    Pillow.new("1", (9_600, 9_600), 1).save(tmp_path / "drawing.tif", compression="group4")
    limit = Pillow.MAX_IMAGE_PIXELS
    assert limit is not None
    assert limit < 9_600**2
    picture = read_picture(tmp_path / "drawing.tif")
    assert picture.shape == (9_600, 9_600, 3)
    assert picture.min() == 255
    assert limit == Pillow.MAX_IMAGE_PIXELS
    assert not recwarn.list


def test_a_large_file_stays_on_the_disk(face: Image, tmp_path: Path) -> None:
    large = np.zeros((4_800, 4_800, 3), np.uint8)
    large[:120, :160] = face
    for form in ("BMP", "TIFF", "PPM"):
        path = tmp_path / f"grösse.{form.lower()}"
        path.write_bytes(saved(large, form))
        with open_source(str(path)) as source:
            frame = source.read()
            assert frame is not None
            assert np.array_equal(frame.image_bgr, large)
            path.unlink()
            source.seek(0.0)  # type: ignore[attr-defined]
            with pytest.raises(SourceError, match=r"grösse.*cannot be opened \(No such file"):
                source.read()


# --- pages ---------------------------------------------------------------------------------------------


def test_the_pages_of_tiff_are_pictures(face: Image, tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    small = np.ascontiguousarray(face[:60, :90])
    pages = [pillow_of(face), pillow_of(small), pillow_of(face).convert("L")]
    path.write_bytes(saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    expected = [face, small, grey_bgr(face)]
    with open_source(str(path), every_s=1.0) as source:
        assert (source.info.fps, source.info.frame_count, source.info.duration_s) == (None, 3, 3.0)
        frames = list(source)
        assert [(frame.index, frame.time_s, frame.still) for frame in frames] == [(n, float(n), True) for n in range(3)]
        for frame, image in zip(frames, expected, strict=True):
            assert difference(frame.image_bgr, image) <= 1
        for time_s, page in ((1.0, 1), (0.4, 0), (99.0, 2), (-1.0, 0)):
            source.seek(time_s)  # type: ignore[attr-defined]
            assert [frame.index for frame in source] == list(range(page, 3))
    assert list(source) == []
    assert np.array_equal(read_picture(path), face)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_previews_and_masks_are_no_pages(dtype: type, face: Image, tmp_path: Path) -> None:
    scale = 257 if dtype is np.uint16 else 1
    large, small = (image[..., ::-1].astype(dtype) * scale for image in (face, face[::2, ::2]))
    path = tmp_path / "pyramid.tif"
    path.write_bytes(tiff((small, {254: (4, 1)}), (large, {}), (small, {254: (4, 1)}), (large[::-1], {254: (4, 2)})))
    with open_source(str(path)) as source:
        frames = list(source)
    assert [frame.image_bgr.shape for frame in frames] == [face.shape] * 2
    assert difference(frames[0].image_bgr, face) <= 1
    assert difference(frames[1].image_bgr, face[::-1]) <= 1


def test_a_damaged_page_costs_only_itself(face: Image, tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    rgb = face[..., ::-1]
    path.write_bytes(tiff((rgb, {}), (rgb, {259: (3, 9999)}), (rgb[::-1], {})))
    frames = []
    with open_source(str(path)) as source, pytest.raises(SourceError, match=r"Page 2 of the picture 'scan\.tif'"):
        for frame in source:
            frames.append(frame)
    assert [frame.index for frame in frames] == [0, 2]
    assert source.read() is None


def test_a_folder_has_all_pages_and_tells_what_ends_early(face: Image, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encoded(face, ".jpg")[:-2])
    rgb = face[..., ::-1]
    (tmp_path / "b.tif").write_bytes(tiff((rgb, {}), (rgb, {259: (3, 9999)}), (rgb[::-1], {})))
    (tmp_path / "c.png").write_bytes(encoded(face, ".png"))
    with FolderSource(tmp_path) as source:
        assert source.info.frame_count == 5
        frames = list(source)
        assert [(frame.source, frame.index) for frame in frames] == [
            *(("a.jpg", 0), ("b.tif", 1), ("b.tif", 2), ("c.png", 3)),
        ]
        assert difference(frames[2].image_bgr, face[::-1]) == 0
        assert [len(frame.remarks) for frame in frames] == [1, 0, 0, 0]
        assert "'a.jpg' ends early" in str(frames[0].remarks[0])
        (skipped,) = source.skipped
        assert "Page 2 of the picture 'b.tif'" in skipped
        source.seek(2.0)
        assert [frame.source for frame in source] == ["b.tif", "c.png"]


def test_a_picture_is_read_again_from_memory(face: Image, tmp_path: Path) -> None:
    path = tmp_path / "removed.png"
    path.write_bytes(encoded(face, ".png"))
    with open_source(str(path)) as source:
        path.unlink()
        (first,) = source
        first.image_bgr[:] = 0
        source.seek(0.0)  # type: ignore[attr-defined]
        (again,) = source
    assert np.array_equal(again.image_bgr, face)


def test_memory_beside_the_picture_itself(tmp_path: Path) -> None:
    """A large JPEG needs one further copy (OpenCV itself makes it), also where it is turned or converted."""
    picture = Pillow.new("RGB", (8000, 6000), (90, 120, 200))
    exif = Pillow.Exif()
    exif[0x0112] = 6
    for name, options in (
        ("turned.jpg", {"exif": exif.tobytes()}),
        ("wide.jpg", {"icc_profile": profile("Adobe RGB")}),
    ):
        picture.save(tmp_path / name, **options)
    script = (
        "import sys; sys.path.insert(0, 'tests'); import tests.fuzz as f; from agecam import read_picture\n"
        "read_picture(sys.argv[2]); before = f.peak_mib(); read_picture(sys.argv[1]); print(f.peak_mib() - before)"
    )
    small = tmp_path / "small.jpg"
    Pillow.new("RGB", (64, 64)).save(small, icc_profile=profile("Adobe RGB"))
    picture_mib = 8000 * 6000 * 3 / 2**20
    for name in ("turned.jpg", "wide.jpg"):
        run = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / name), str(small)], capture_output=True, text=True, check=True
        )
        assert float(run.stdout) < 2.3 * picture_mib, name


def test_bytes_that_are_no_picture() -> None:
    for data in (b"", b"text", bytes(1000)):
        with pytest.raises(SourceError, match="<bytes>"):
            read_picture(data)
