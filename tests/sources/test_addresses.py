"""An address of a finished file or recording is a file; one of a camera is live. Content decides, not the name."""

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av
import cv2
import pytest
from file_server import file_server
from films import FLASHES, FPS, FRAMES, Film, annotated, click_times, frame_of
from mjpeg import mjpeg_server

from agecam.errors import SourceError
from agecam.sources import FrameSource, SeekableSource, open_source

FILMS = ("film.mp4", "faststart.mp4", "film.mkv", "film.ts", "film.flv", "no-suffix", "film.mpg")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    for name in FILMS:
        if "." in name:
            container = {"movflags": "faststart"} if name == "faststart.mp4" else {}
            Film(name, "mp2" if name.endswith("mpg") else "aac", container=container).write(folder)
    shutil.copy(folder / "film.mp4", folder / "no-suffix")
    picture = cv2.imencode(".png", frame_of(FLASHES[0]))[1].tobytes()
    (folder / "picture.png").write_bytes(picture)
    (folder / "picture").write_bytes(cv2.imencode(".jpg", frame_of(FLASHES[0]))[1].tobytes())
    (folder / "text.mp4").write_text("This is not a video.\n" * 500)
    (folder / "page").write_text("<html><body>Not found.</body></html>")
    write_recording(folder)
    return folder


def write_recording(folder: Path) -> None:
    """An HLS recording of the film in segments of a second, its master playlist, and a live playlist."""
    playlist = folder / "recording.m3u8"
    options = {"hls_time": "1", "hls_list_size": "0", "hls_playlist_type": "vod"}
    options["hls_segment_filename"] = str(folder / "segment%d.ts")
    with av.open(str(folder / "film.mp4")) as film, av.open(str(playlist), "w", format="hls", options=options) as file:
        streams = {stream.index: file.add_stream_from_template(stream) for stream in film.streams}
        for packet in film.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream_index]
                file.mux(packet)
    text = playlist.read_text().replace(f"{folder}/", "")
    playlist.write_text(text)
    live = text.replace("#EXT-X-ENDLIST", "").replace("#EXT-X-PLAYLIST-TYPE:VOD\n", "")
    (folder / "live.m3u8").write_text(live)
    (folder / "master.m3u8").write_text(
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000,RESOLUTION=64x48\nrecording.m3u8\n"
    )


@pytest.fixture(scope="module", params=["ranges", "no ranges"])
def host(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    with file_server(folder, ranges=request.param == "ranges") as host:
        yield host


def assert_is_the_film(source: FrameSource) -> None:
    info = source.info
    assert not info.live
    assert isinstance(source, SeekableSource)
    frames = list(source)
    assert [frame.index for frame in frames] == list(range(FRAMES))
    assert [frame.time_s for frame in frames] == pytest.approx([number / FPS for number in range(FRAMES)], abs=0.001)
    assert [frame.index for frame in frames if frame.image_bgr.mean() > 150] == list(FLASHES)
    assert source.read() is None
    for number in (FLASHES[1], 3, FRAMES - 1, FLASHES[0]):
        source.seek(number / FPS)
        frame = source.read()
        assert frame is not None
        assert frame.index == number
        assert bool(frame.image_bgr.mean() > 150) is (number in FLASHES)


@pytest.mark.parametrize("name", FILMS)
def test_a_finished_film_is_a_file(name: str, host: str) -> None:
    with open_source(f"http://{host}/{name}") as source:
        assert source.info.name == f"http://{host}/{name}"
        assert_is_the_film(source)


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_the_duration_of_a_finished_film_is_known(name: str, host: str) -> None:
    with open_source(f"http://{host}/{name}") as source:
        assert source.info.duration_s == pytest.approx(FRAMES / FPS, abs=0.02)
        assert source.info.frame_count == FRAMES


@pytest.mark.parametrize("name", ["recording.m3u8", "master.m3u8"])
def test_a_recording_in_segments_is_a_file(name: str, host: str) -> None:
    with open_source(f"http://{host}/{name}") as source:
        assert source.info.duration_s == pytest.approx(FRAMES / FPS, abs=0.05)
        assert_is_the_film(source)


@pytest.mark.parametrize("name", ["film.mp4", "film.ts", "recording.m3u8"])
def test_the_sound_of_an_address_is_kept(name: str, host: str, tmp_path: Path) -> None:
    with open_source(f"http://{host}/{name}") as source:
        assert annotated(source, tmp_path / "out.mp4").sound_error is None
    assert click_times(tmp_path / "out.mp4") == pytest.approx([flash / FPS for flash in FLASHES], abs=0.02)


@pytest.mark.parametrize("name", ["picture.png", "picture"])
def test_a_picture_is_a_picture(name: str, host: str) -> None:
    with open_source(f"http://{host}/{name}") as source:
        assert (source.info.live, source.info.fps, source.info.frame_count) == (False, None, 1)
        frames = list(source)
    assert len(frames) == 1
    assert frames[0].still
    assert frames[0].source == f"http://{host}/{name}"
    assert frames[0].image_bgr.mean() > 250


def test_a_server_that_states_no_length(folder: Path) -> None:
    with file_server(folder, ranges=False, lengths=False) as host:
        for name in ("film.mp4", "film.mkv", "recording.m3u8"):
            with open_source(f"http://{host}/{name}") as source:
                assert_is_the_film(source)
        with open_source(f"http://{host}/picture") as source:
            assert len(list(source)) == 1


@pytest.mark.parametrize("name", ["text.mp4", "page", "missing.mp4"])
def test_other_answers_are_refused(name: str, host: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SourceError) as failure:
        open_source(f"http://{host}/{name}")
    assert str(failure.value).startswith(f"The stream http://{host}/{name} cannot be reached or contains no video: ")
    assert capfd.readouterr().err == ""


def test_a_live_playlist_stays_live(host: str) -> None:
    with open_source(f"http://{host}/live.m3u8") as source:
        assert source.info.live
        assert source.info.duration_s is None
        assert not isinstance(source, SeekableSource)
        assert len(list(islice(source, 20))) == 20


def test_a_camera_stays_live() -> None:
    images = [frame_of(number) for number in range(30)]
    with mjpeg_server(images, fps=30, endless=True) as host, open_source(f"http://{host}/film.mp4") as source:
        assert source.info.live
        assert not isinstance(source, SeekableSource)
        assert len(list(islice(source, 20))) == 20


def test_passwords_are_used_but_never_shown(folder: Path, tmp_path: Path) -> None:
    with file_server(folder, credentials="julia:s3cret") as host:
        shown = []
        for name in ("film.mp4", "recording.m3u8", "picture"):
            with open_source(f"http://julia:s3cret@{host}/{name}?token=s3cret") as source:
                frame = source.read()
                assert frame is not None
                shown += [source.info.name, frame.source]
                assert source.info.sound is None or annotated(source, tmp_path / "out.mp4").sound_error is None
        for url in (f"http://julia:wrong-s3cret@{host}/film.mp4", f"http://julia:s3cret@{host}/missing"):
            with pytest.raises(SourceError) as failure:
                open_source(url)
            error: BaseException | None = failure.value
            while error is not None:
                shown.append(str(error))
                error = error.__cause__
    assert shown[0] == f"http://{host}/film.mp4"
    assert not any(secret in text for text in shown for secret in ("s3cret", "julia"))


def test_a_server_that_goes_away_gives_one_sentence(folder: Path) -> None:
    with file_server(folder) as host:
        source = open_source(f"http://{host}/film.mp4")
    with source, pytest.raises(SourceError, match=f"http://{host}/film.mp4"):
        assert isinstance(source, SeekableSource)
        source.seek(1.0)


def test_other_ways_to_write_an_address(host: str, folder: Path) -> None:
    port = host.partition(":")[2]
    for spec in (
        f"HTTP://{host}/film.mp4",
        f"{host}/film.mp4",
        f"localhost:{port}/film.mp4",
        f" http://{host}/film.mp4 ",
    ):
        with open_source(spec) as source:
            assert_is_the_film(source)
    for spec in (f"file://{folder}/film.mp4", f"FILE://localhost{folder}/film.mp4"):
        with open_source(spec) as source:
            assert source.info.name == "film.mp4"
            assert_is_the_film(source)


def test_a_file_address_may_be_quoted(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "größe & 写真.mp4"
    shutil.copy(folder / "film.mp4", path)
    with open_source(path.as_uri()) as source:
        assert source.info.name == path.name


@pytest.mark.parametrize(
    ("spec", "part"),
    [
        ("rtsps://127.0.0.1:9/live", "rtsps://127.0.0.1:9/live cannot be reached"),
        ("127.0.0.1:9/live", "http://127.0.0.1:9/live cannot be reached"),
        ("192.168.1.20/video", "write http:// or rtsp:// before it"),
        ("camera.local/video", "write http:// or rtsp:// before it"),
        ("file:///nowhere/film.mp4", "no file, folder or camera named"),
        ("ftp://example.org/film.mp4", "unsupported scheme"),
    ],
)
def test_what_cannot_be_opened_is_named(spec: str, part: str) -> None:
    with pytest.raises(SourceError) as failure:
        open_source(spec)
    assert part in str(failure.value)
