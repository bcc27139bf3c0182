"""All sources behave the same way, and every error message is one sentence."""

import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from fixture_types import WriteVideo
from mjpeg import mjpeg_server

from agecam.errors import SourceError
from agecam.sources import FrameSource, open_source, read_picture
from agecam.sources.live import LiveSource
from agecam.sources.stream import redact
from agecam.types import Image

HEIGHT, WIDTH = 64, 96


def grey(level: int, height: int = HEIGHT, width: int = WIDTH) -> Image:
    return np.full((height, width, 3), level, np.uint8)


def numbered_frames(count: int) -> list[Image]:
    """Up to 40 frames whose grey level encodes their number and survives compression: see `frame_number_of`."""
    return [grey(20 + 5 * index) for index in range(count)]


def frame_number_of(image: Image) -> int:
    return round((float(image.mean()) - 18.5) / 5)  # FFmpeg's fast colour conversion darkens by 3 levels


def noisy(count: int) -> list[Image]:
    """Frames with large packets, so that a cut file is cut inside a frame."""
    random = np.random.default_rng(1)
    return [random.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8) for _ in range(count)]


def corners() -> Image:
    """A picture with red, green, blue and white quarters, which differs in every orientation."""
    image = grey(255)
    image[: HEIGHT // 2, : WIDTH // 2] = (0, 0, 255)
    image[: HEIGHT // 2, WIDTH // 2 :] = (0, 255, 0)
    image[HEIGHT // 2 :, : WIDTH // 2] = (255, 0, 0)
    return image


def assert_similar(image: Image, expected: Image, tolerance: float = 6.0) -> None:
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected.astype(int)).mean() < tolerance


def error_message_of(spec: str | Path) -> str:
    with pytest.raises(SourceError) as failure:
        open_source(str(spec))
    return assert_sentence(str(failure.value))


def assert_sentence(text: str) -> str:
    assert text.endswith(".")
    assert "\n" not in text
    assert "Error" not in text
    return text


Opener = Callable[[], FrameSource]
KINDS = ("video", "gif", "picture", "folder", "demo", "stream", "capture", "fake camera")
LIVE = ("stream", "capture", "fake camera")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def source(kind: str, tmp_path: Path, write_video: WriteVideo, request: pytest.FixtureRequest) -> Iterator[FrameSource]:
    images = [np.roll(corners(), 3 * shift, axis=1) for shift in range(12)]
    if kind == "stream":
        with mjpeg_server(images) as host, open_source(f"http://{host}/live") as stream:
            yield stream
        return
    if kind == "fake camera":
        opened: FrameSource = request.getfixturevalue("fake_camera")
    elif kind == "capture":
        capture = cv2.VideoCapture(str(write_video("capture.mp4", images)), cv2.CAP_FFMPEG)
        opened = LiveSource(capture, "camera 0", open_error=SourceError("Refused."), stop_error=SourceError("Stopped."))
    elif kind == "video":
        opened = open_source(str(write_video("clip.mp4", images)))
    elif kind == "gif":
        opened = open_source(str(write_video("clip.gif", images, codec="gif", pixels="rgb8", container={})))
    elif kind == "demo":
        opened = open_source("demo")
    else:
        for number, image in enumerate(images):
            cv2.imwrite(str(tmp_path / f"picture{number}.png"), image)
        opened = open_source(str(tmp_path / "picture3.png" if kind == "picture" else tmp_path))
    with opened:
        yield opened


def test_info_describes_the_first_frame(source: FrameSource, kind: str) -> None:
    assert isinstance(source, FrameSource)
    frame = source.read()
    assert frame is not None
    assert (source.info.height, source.info.width) == frame.image_bgr.shape[:2]
    assert source.info.name
    assert source.info.live is (kind in LIVE)
    assert source.info.fps is None or source.info.fps > 0
    if kind in LIVE:
        assert source.info.frame_count is None
    if kind not in ("folder", "stream"):
        assert frame.source == source.info.name


def test_frames_have_an_index_a_time_and_a_bgr_image(source: FrameSource, kind: str) -> None:
    frames = list(islice(source, 10))
    assert len(frames) == (1 if kind == "picture" else 10)
    assert [frame.index for frame in frames] == list(range(len(frames)))
    times = [frame.time_s for frame in frames]
    assert times[0] == pytest.approx(0, abs=0.05)
    assert all(earlier < later for earlier, later in pairwise(times))
    for frame in frames:
        assert frame.image_bgr.dtype == np.uint8
        assert frame.image_bgr.ndim == 3
        assert frame.image_bgr.shape[2] == 3
        assert frame.image_bgr.flags.c_contiguous


def test_images_are_not_shared_with_the_source(source: FrameSource, kind: str) -> None:
    first = source.read()
    assert first is not None
    first.image_bgr[:] = 7
    second = source.read()
    if kind != "picture":
        assert second is not None
        assert not np.shares_memory(first.image_bgr, second.image_bgr)
        assert (first.image_bgr == 7).all()
        assert (second.image_bgr != 7).any()


def test_files_end_with_none_and_live_sources_with_an_error(source: FrameSource, kind: str) -> None:
    if kind in LIVE:
        with pytest.raises(SourceError) as failure:
            for _ in source:
                pass
        assert_sentence(str(failure.value))
    else:
        count = sum(1 for _ in source)
        assert count == source.info.frame_count
    assert source.read() is None


def test_close_is_final_and_can_be_repeated(source: FrameSource) -> None:
    assert source.read() is not None
    with source:
        pass
    assert source.read() is None
    source.close()
    assert list(source) == []


def test_a_video_delivers_every_frame_in_order(write_video: WriteVideo) -> None:
    with open_source(str(write_video("clip.mp4", numbered_frames(40), fps=25))) as source:
        assert (source.info.fps, source.info.frame_count) == (25.0, 40)
        frames = list(source)
    assert [frame_number_of(frame.image_bgr) for frame in frames] == list(range(40))
    assert [frame.time_s for frame in frames] == pytest.approx([index / 25 for index in range(40)], abs=1e-4)


def test_a_variable_frame_rate_keeps_its_times(write_video: WriteVideo) -> None:
    times_ms = [0, 40, 50, 300, 310, 1000, 1400, 1410]
    with open_source(str(write_video("clip.mp4", numbered_frames(8), times_ms=times_ms))) as source:
        frames = list(source)
    assert [frame.time_s * 1000 for frame in frames] == pytest.approx(times_ms, abs=1)


# Display matrix (x' = ax + cy, y' = bx + dy) as (a, b, c, d), and the function that converts the upright picture to
# the stored one.
MATRICES: dict[str, tuple[tuple[int, int, int, int], Callable[[Image], Image]]] = {
    "90 degrees": ((0, 1, -1, 0), lambda image: np.rot90(image)),
    "180 degrees": ((-1, 0, 0, -1), lambda image: image[::-1, ::-1]),
    "270 degrees": ((0, -1, 1, 0), lambda image: np.rot90(image, 3)),
    "mirrored": ((-1, 0, 0, 1), lambda image: image[:, ::-1]),
    "mirrored, 90 degrees": ((0, 1, 1, 0), lambda image: image.transpose(1, 0, 2)),
}


@pytest.mark.parametrize("orientation", MATRICES)
def test_a_rotated_video_is_delivered_upright(orientation: str, write_video: WriteVideo) -> None:
    matrix, store = MATRICES[orientation]
    path = write_video("phone.mp4", [store(corners())] * 3)
    data = bytearray(path.read_bytes())
    offset = data.index(struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30), data.index(b"tkhd"))
    a, b, c, d = (value << 16 for value in matrix)
    data[offset : offset + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    with open_source(str(path)) as source:
        assert (source.info.width, source.info.height) == (WIDTH, HEIGHT)
        for frame in source:
            assert frame.image_bgr.flags.c_contiguous
            assert_similar(frame.image_bgr, corners())


def packets_of(path: Path) -> list[tuple[int, int]]:
    """Offset and size of each packet of a video, in bytes of the file."""
    with av.open(str(path)) as file:
        return [(packet.pos or 0, packet.size) for packet in file.demux(video=0) if packet.size]


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_a_truncated_video_gives_its_frames_then_an_error(name: str, write_video: WriteVideo) -> None:
    path = write_video(name, noisy(60))
    packets = packets_of(path)
    with open_source(str(path)) as source:
        whole = [frame.image_bgr for frame in source]
    pos, size = packets[36]
    path.write_bytes(path.read_bytes()[: pos + size // 2])
    frames = []
    with open_source(str(path)) as source, pytest.raises(SourceError) as failure:
        for frame in source:
            frames.append(frame)
    assert len(frames) == 36
    assert "after 36 frames" in assert_sentence(str(failure.value))
    assert all((whole[round(frame.time_s * 30)] == frame.image_bgr).all() for frame in frames)


def test_damaged_last_packets_cost_no_other_frame(write_video: WriteVideo) -> None:
    path = write_video("clip.mp4", noisy(40))
    data = bytearray(path.read_bytes())
    for pos, size in packets_of(path)[-2:]:
        data[pos : pos + size] = np.random.default_rng(0).bytes(size)
    path.write_bytes(data)
    with open_source(str(path)) as source:
        frames = list(source)
    assert len(frames) == 38
    assert [frame.index for frame in frames] == list(range(38))


def test_data_after_a_video_is_ignored(write_video: WriteVideo) -> None:
    path = write_video("clip.mp4", numbered_frames(20))
    path.write_bytes(path.read_bytes() + np.random.default_rng(0).bytes(5000))
    with open_source(str(path)) as source:
        assert [frame_number_of(frame.image_bgr) for frame in source] == list(range(20))


def test_file_types_are_detected_by_content(tmp_path: Path, write_video: WriteVideo) -> None:
    video = write_video("clip.mp4", numbered_frames(5)).rename(tmp_path / "really-a-video.jpg")
    picture = tmp_path / "really-a-picture.mp4"
    picture.write_bytes(cv2.imencode(".png", corners())[1].tobytes())
    with open_source(str(video)) as source:
        assert source.info.fps == 30
        assert len(list(source)) == 5
    with open_source(str(picture)) as source:
        assert source.info.fps is None
        assert len(list(source)) == 1


def test_a_still_gif_is_a_picture(write_video: WriteVideo) -> None:
    path = write_video("still.gif", [corners()], codec="gif", pixels="rgb8", container={})
    with open_source(str(path)) as source:
        assert (source.info.fps, source.info.frame_count) == (None, 1)
        assert_similar(next(iter(source)).image_bgr, corners(), tolerance=20)


def test_a_colon_in_a_file_name_is_not_a_protocol(
    tmp_path: Path, write_video: WriteVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = write_video("clip.mp4", numbered_frames(3))
    try:
        video.rename(tmp_path / "at:10:30.mp4")
    except OSError:
        pytest.skip("file names cannot contain a colon here")
    monkeypatch.chdir(tmp_path)
    with open_source("at:10:30.mp4") as source:
        assert len(list(source)) == 3


def test_a_local_playlist_does_not_access_the_network(tmp_path: Path) -> None:
    requests: list[str] = []
    with mjpeg_server(numbered_frames(5), requests=requests) as host:
        hls = tmp_path / "playlist.mp4"
        hls.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://{host}/a.ts\n")
        assert "playlist.mp4" in error_message_of(hls)
        concat = tmp_path / "list.ffconcat"
        concat.write_text(f"ffconcat version 1.0\nfile http://{host}/a.ts\n")
        assert "list.ffconcat" in error_message_of(concat)
    assert requests == []


def test_pictures_of_all_depths_are_converted_to_bgr(tmp_path: Path) -> None:
    upright = corners()
    grey_picture = cv2.cvtColor(upright, cv2.COLOR_BGR2GRAY)
    stored: dict[str, tuple[Any, Any]] = {
        "8 bit": (upright, upright),
        "16 bit": (upright.astype(np.uint16) * 257, upright),
        "transparent": (cv2.cvtColor(upright, cv2.COLOR_BGR2BGRA), upright),
        "grey": (grey_picture, cv2.cvtColor(grey_picture, cv2.COLOR_GRAY2BGR)),
        "grey 16 bit": (grey_picture.astype(np.uint16) * 257, cv2.cvtColor(grey_picture, cv2.COLOR_GRAY2BGR)),
    }
    for suffix in (".png", ".tiff"):
        for name, (image, expected) in stored.items():
            path = tmp_path / f"{name}{suffix}"
            path.write_bytes(cv2.imencode(suffix, image)[1].tobytes())
            picture = read_picture(path)
            assert picture.dtype == np.uint8
            assert_similar(picture, expected, tolerance=1)


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    jpeg = cv2.imencode(".jpg", np.ascontiguousarray(np.rot90(corners())))[1].tobytes()
    # One EXIF entry: tag 0x112 (orientation), one short, value 6: rotate by 90 degrees clockwise.
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, 6, 0, 0)
    exif = b"Exif\0\0" + tiff
    path = tmp_path / "phone.jpg"
    path.write_bytes(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:])
    assert_similar(read_picture(path), corners())


@pytest.mark.parametrize("size", [(1, 1), (2, 20_000), (3000, 1)])
def test_pictures_of_extreme_sizes(size: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "größe 写真 🙂.png"
    path.write_bytes(cv2.imencode(".png", grey(90, *size))[1].tobytes())
    with open_source(str(path)) as source:
        assert (source.info.height, source.info.width) == size
        assert source.info.name == path.name
        assert [frame.image_bgr.shape for frame in source] == [(*size, 3)]


def test_a_folder_is_read_in_natural_order_and_original_sizes(tmp_path: Path) -> None:
    for name, width in (("face10.png", 10), ("face2.PNG", 2), ("Face1.jpg", 1), ("no suffix", 40)):
        suffix = Path(name).suffix.lower() or ".png"
        (tmp_path / name).write_bytes(cv2.imencode(suffix, grey(50, 8, width))[1].tobytes())
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / ".hidden.png").write_text("not a picture either")
    (tmp_path / "more").mkdir()
    with open_source(str(tmp_path)) as source:
        frames = list(source)
        assert source.info.frame_count == 4
    assert [frame.source for frame in frames] == ["Face1.jpg", "face2.PNG", "face10.png", "no suffix"]
    assert [frame.image_bgr.shape[1] for frame in frames] == [1, 2, 10, 40]


def test_a_folder_skips_and_reports_damaged_pictures(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = cv2.imencode(".png", corners())[1].tobytes()
    for name, content in (
        ("a.png", data[:40]),
        ("b.png", data),
        ("c.jpg", b""),
        ("d.png", data),
        ("e.gif", b"x"),
    ):
        (tmp_path / name).write_bytes(content)
    with open_source(str(tmp_path)) as source:
        frames = list(source)
    assert [(frame.source, frame.index) for frame in frames] == [("b.png", 0), ("d.png", 1)]
    skipped = source.skipped  # type: ignore[attr-defined]
    assert [next(name for name in ("a.png", "c.jpg", "e.gif") if name in text) for text in skipped] == [
        "a.png",
        "c.jpg",
        "e.gif",
    ]
    for text in skipped:
        assert_sentence(text)
    assert capfd.readouterr().err == ""


def png_header(width: int, height: int) -> bytes:
    def chunk(tag: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")


DAMAGED = {
    "text.mp4": b"This is not a video.\n" * 50,
    "text.txt": b"Neither is this.\n",
    "text.jpg": b"This is not a picture.\n",
    "zeros.mp4": bytes(5000),
    "empty.mp4": b"",
    "empty.jpg": b"",
    "header.png": cv2.imencode(".png", corners())[1].tobytes()[:40],
    "half.jpg": cv2.imencode(".jpg", corners())[1].tobytes()[:600],
    "huge.png": png_header(60_000, 60_000),
    "huge-side.png": png_header(3_000_000, 1),
    "nothing.png": png_header(0, 0),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_an_unreadable_file_gives_one_sentence(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / name
    path.write_bytes(DAMAGED[name])
    assert name in error_message_of(path)
    assert capfd.readouterr().err == ""


def test_a_video_without_frames_gives_one_sentence(tmp_path: Path, write_video: WriteVideo) -> None:
    sound = tmp_path / "sound.mp4"
    with av.open(str(sound), "w") as file:
        stream = file.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    assert "no video" in error_message_of(sound)

    cut = write_video("cut.mp4", noisy(5))
    data = cut.read_bytes()
    cut.write_bytes(data[: data.index(b"mdat") + 8])
    assert "cut.mp4" in error_message_of(cut)


def test_specs_without_frames_give_one_sentence(tmp_path: Path) -> None:
    empty = tmp_path / "empty folder"
    empty.mkdir()
    assert "empty folder" in error_message_of(empty)
    (empty / "bad.jpg").write_bytes(b"bad")
    assert "empty folder" in error_message_of(empty)
    assert "missing.mp4" in error_message_of(tmp_path / "missing.mp4")
    assert "ftp://" in error_message_of("ftp://example.org/clip.mp4")
    error_message_of("")
    error_message_of("a\0b")
    error_message_of("x" * 5000)


def test_a_stream_delivers_its_frames_then_an_error() -> None:
    images = numbered_frames(40)
    numbers = []
    with mjpeg_server(images) as host, open_source(f"http://{host}/live") as source:
        with pytest.raises(SourceError, match="ended") as failure:
            for frame in source:
                numbers.append(frame_number_of(frame.image_bgr))
        assert host in assert_sentence(str(failure.value))
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= 38


def test_a_password_is_used_but_never_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with mjpeg_server(numbered_frames(20), credentials="julia:s3cret") as host:
        with open_source(f"http://julia:s3cret@{host}/live?token=s3cret") as source:
            frames = list(islice(source, 5))
        shown = [source.info.name, *(frame.source for frame in frames)]
        shown.append(error_message_of(f"http://julia:s3cret@{host}@wrong/live"))
        shown.append(error_message_of(f"http://julia:wrong-s3cret@{host}/live"))
    assert len(frames) == 5
    assert frames[0].source == f"http://{host}/live"
    assert not any("s3cret" in text or "julia" in text for text in [*shown, *capfd.readouterr()])


def test_an_unreachable_stream_gives_one_sentence_and_no_output(capfd: pytest.CaptureFixture[str]) -> None:
    with mjpeg_server([]) as host:
        assert host in error_message_of(f"http://{host}/no-frames")
    for scheme in ("http", "rtsp", "tcp"):
        assert f"{scheme}://{host}" in error_message_of(f"{scheme}://user:s3cret@{host}/gone")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://cam.local:554/live/1", "rtsp://cam.local:554/live/1"),
        ("rtsp://ann:s3cret@cam.local/live", "rtsp://cam.local/live"),
        ("rtsp://ann:p@s/s?#w@cam.local/live", "rtsp://cam.local/live"),
        ("http://cam.local/video?user=ann&pwd=s3cret", "http://cam.local/video"),
        ("rtsp://[::1]:554/user=ann_password=s3cret_channel=1.sdp", "rtsp://[::1]:554"),
    ],
)
def test_redacted_addresses(url: str, shown: str) -> None:
    assert redact(url) == shown
