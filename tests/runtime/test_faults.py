"""Faults from outside: full disks, deleted folders, unreliable cameras, killed processes."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from fixture_types import WriteVideo
from live_parts import HEIGHT, WIDTH, FakeCamera, SquareEngine, index_of, picture, wait_until
from mjpeg import mjpeg_server
from models import is_one_sentence

import agecam.engine.engine
from agecam.backends import Runner
from agecam.engine.engine import build_engine
from agecam.engine.options import EngineOptions
from agecam.errors import AgeCamError, SourceError
from agecam.live import LiveSession, Phase
from agecam.live.recording import Recording
from agecam.models.files import NetworkFiles
from agecam.runtime.settings import Settings, load_settings, save_settings
from agecam.sources import FrameSource, open_source
from agecam.sources.camera import CameraSource
from agecam.types import FloatArray, Frame, Image

HERE = Path(__file__).parent.parent
no_windows = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot delete open files or limit file sizes")


def frames_of(path: Path) -> list[int]:
    """Indices of the pictures in a recording, as far as it can be read."""
    frames = []
    with open_source(str(path)) as source:
        try:
            for frame in source:
                frames.append(index_of(frame.image_bgr))
        except SourceError as error:
            assert "ends early" in str(error)
    return frames


# --- the disk ------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("mounting a small disk needs permission")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def noise(index: int) -> Image:
    """A picture that compresses badly, with the mark of `picture`."""
    image = picture(index)
    image[150:] = np.random.default_rng(index).integers(0, 256, image[150:].shape, np.uint8)
    return image


def filled(path: Path) -> Recording:
    recording = Recording(path, WIDTH, HEIGHT, 30)
    for index in range(300):
        recording.put(noise(index), index / 30)
        time.sleep(0.004)
        if recording.error is not None:
            break
    recording.stop()
    assert recording.wait(10)
    return recording


def test_a_full_disk_stops_the_recording_and_keeps_the_file(small_disk: Path) -> None:
    recording = filled(small_disk / "a.mp4")
    assert recording.error is not None
    assert "full" in str(recording.error) or "space" in str(recording.error)
    seen = frames_of(small_disk / "a.mp4")
    assert len(seen) >= 5
    assert seen == sorted(seen)


LIMITED = """
import resource, signal, sys
from pathlib import Path
sys.path[:0] = [sys.argv[2], sys.argv[2] + '/runtime']
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (262144, 262144))
from test_faults import filled
print(filled(Path(sys.argv[1])).error)
"""


@no_windows
def test_a_file_size_limit_stops_the_recording_and_keeps_the_file(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "a.mp4"), str(HERE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert "Cannot write" in done.stdout
    assert len(frames_of(tmp_path / "a.mp4")) >= 5


def started(path: Path) -> Recording:
    """A recording with twenty pictures."""
    recording = Recording(path, WIDTH, HEIGHT, 30)
    put_twenty(recording, 0)
    return recording


def put_twenty(recording: Recording, first: int) -> None:
    for index in range(first, first + 20):
        recording.put(picture(index), index / 30)
        time.sleep(0.01)


@no_windows
def test_a_recording_is_kept_if_its_folder_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    recording = started(folder / "a.mp4")
    shutil.rmtree(folder)
    put_twenty(recording, 20)
    recording.stop()
    assert recording.wait(10)
    assert recording.error is None
    assert recording.path == folder / "a.mp4"
    assert frames_of(recording.path) == list(range(40))


def test_a_moved_recording_stays_where_it_is(tmp_path: Path) -> None:
    recording = started(tmp_path / "a.mp4")
    (tmp_path / "a.mp4").rename(tmp_path / "mine.mp4")
    recording.stop()
    assert recording.wait(10)
    assert recording.error is None
    assert [path.name for path in tmp_path.iterdir()] == ["mine.mp4"]
    assert frames_of(tmp_path / "mine.mp4") == list(range(20))


@no_windows
def test_a_recording_that_cannot_be_restored_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    recording = started(folder / "a.mp4")
    shutil.rmtree(folder)
    folder.write_text("a file where the folder was")
    recording.stop()
    assert recording.wait(10)
    assert recording.error is not None
    assert "Cannot write" in str(recording.error)


# --- killed --------------------------------------------------------------------------------------------

SAVES = """
import sys
from pathlib import Path
from agecam.runtime.settings import Settings, save_settings
path = Path(sys.argv[1])
turn = 0
while True:
    turn += 1
    save_settings(Settings(recent=[f"{turn} " + "x" * 20_000] * 10, smallest_face_px=20 + turn % 100), path)
    print(turn, flush=True)
"""


@no_windows
def test_settings_are_complete_whenever_the_program_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    delays = random.Random(1)
    for _ in range(12):
        process = subprocess.Popen([sys.executable, "-c", SAVES, str(path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delays.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        settings, problem = load_settings(path)
        assert problem is None
        assert len(settings.recent) == 10
        assert len(set(settings.recent)) == 1
        turn = int(settings.recent[0].split()[0])
        assert settings.smallest_face_px == 20 + turn % 100
    # Files left by killed processes do not prevent saving.
    save_settings(Settings(theme="dark"), path)
    assert load_settings(path)[0].theme == "dark"


# --- cameras and streams -------------------------------------------------------------------------------


class UnreliableCamera(FakeCamera):
    """Its pictures are late, damaged or of another size, and then it is gone for a while."""

    def __init__(self, frames: int) -> None:
        super().__init__(fps=100, until=frames)

    def read(self) -> Frame | None:
        frame = super().read()
        if frame is None:
            return None
        kind = frame.index % 5
        if kind == 1:
            time.sleep(0.15)
        elif kind == 2:
            frame.image_bgr[:] = np.random.default_rng(frame.index).integers(0, 256, frame.image_bgr.shape, np.uint8)
        elif kind == 3:
            return replace(frame, image=np.asarray(cv2.resize(frame.image_bgr, (97, 61)), np.uint8))
        elif kind == 4:
            frame.image_bgr[HEIGHT // 2 :] = 0
        return frame


@pytest.fixture
def session() -> Iterator[Callable[[], LiveSession]]:
    sessions = []

    def made() -> LiveSession:
        sessions.append(LiveSession(lambda *_: SquareEngine(), EngineOptions(), lambda: None))
        return sessions[-1]

    yield made
    for live in sessions:
        assert live.close()


def test_an_unreliable_camera_is_tolerated(session: Callable[[], LiveSession]) -> None:
    live = session()
    live.open(lambda: UnreliableCamera(60), is_live=True)
    wait_until(lambda: live.source_state.phase is Phase.LOST, 20)
    assert live.engine_error is None
    assert live.view() is not None


def test_a_camera_that_is_gone_for_five_seconds_is_reopened(session: Callable[[], LiveSession]) -> None:
    gone_until = [0.0]

    def open_camera() -> FrameSource:
        if time.monotonic() < gone_until[0]:
            raise SourceError("The camera 9 cannot be opened: plug it in.")
        return FakeCamera(until=None if gone_until[0] else 20)

    live = session()
    live.open(open_camera, is_live=True)
    wait_until(lambda: live.source_state.phase is Phase.LOST, 5)
    gone_until[0] = time.monotonic() + 5
    wait_until(lambda: live.source_state.phase is Phase.PLAYING, 15)
    before = live.view()
    wait_until(lambda: live.view() is not before, 5)


class FaultyCapture:
    """Replaces OpenCV's camera and returns what faulty drivers return."""

    def __init__(self, results: list[tuple[bool, object]]) -> None:
        self._results = results

    def isOpened(self) -> bool:  # noqa: N802
        return True

    def read(self, _: object = None) -> tuple[bool, object]:
        return self._results.pop(0) if self._results else (False, None)

    def get(self, _: int) -> float:
        return 30.0

    def set(self, *_: object) -> bool:
        return True

    def getBackendName(self) -> str:  # noqa: N802
        return "NONE"

    def release(self) -> None:
        pass


@pytest.mark.parametrize(
    ("odd", "frames"),
    [
        ((True, None), 3),
        ((False, None), 3),
        ((True, np.zeros((0, 0, 3), np.uint8)), 3),
        ((True, np.zeros((240, 320, 2), np.uint8)), 3),
        ((True, np.zeros((240, 320), np.uint8)), 4),
        ((True, np.zeros((240, 320, 4), np.uint8)), 4),
        ((True, np.zeros((240, 320, 3), np.uint16)), 4),
    ],
    ids=["nothing", "late", "empty", "raw", "grey", "four channels", "deep"],
)
def test_a_faulty_driver_gives_a_picture_or_one_sentence(
    odd: tuple[bool, object], frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = (True, picture(0))
    read = 0
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: FaultyCapture([good, good, odd, good]))
    source = CameraSource(0)
    try:
        while True:
            frame = source.read()
            assert frame is not None
            assert frame.image_bgr.ndim == 3
            assert frame.image_bgr.shape[2] == 3
            assert frame.image_bgr.dtype == np.uint8
            assert frame.image_bgr.size
            read += 1
    except SourceError as error:
        assert "Camera" in str(error)
    finally:
        source.close()
    assert read == frames


def test_a_stream_with_damaged_pictures_continues(session: Callable[[], LiveSession]) -> None:
    with mjpeg_server([picture(index) for index in range(30)], fps=60, endless=True, damaged_every=4) as host:
        live = session()
        live.open(lambda: open_source(f"http://{host}/live"), is_live=True)
        seen: set[int] = set()

        def enough() -> bool:
            if (view := live.view()) is not None:
                seen.add(view.frame_number)
            return len(seen) >= 30

        wait_until(enough, 20)
        assert live.engine_error is None


# --- files ---------------------------------------------------------------------------------------------


def test_a_video_that_changes_size_is_read_to_the_end(tmp_path: Path, write_video: WriteVideo) -> None:
    small = write_video("small.ts", [picture(index) for index in range(20)], container={"mpegts_flags": "0"})
    large = write_video(
        "large.ts", [cv2.resize(picture(index), (640, 480)) for index in range(20)], container={"mpegts_flags": "0"}
    )
    both = tmp_path / "both.ts"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    with open_source(str(both)) as source:
        sizes = [frame.image_bgr.shape[:2] for frame in source]
    assert sizes[0] == (240, 320)
    assert sizes[-1] == (480, 640)
    assert len(sizes) >= 38


@pytest.mark.parametrize("damage", ["index", "sizes", "header"])
def test_a_video_with_a_broken_index_is_read_or_rejected_in_one_sentence(damage: str, write_video: WriteVideo) -> None:
    path = write_video("clip.mp4", [picture(index) for index in range(60)])
    content = bytearray(path.read_bytes())
    offset = {"index": content.index(b"stco") + 12, "sizes": content.index(b"stsz") + 20, "header": 4}[damage]
    content[offset : offset + 40] = bytes(range(40))
    path.write_bytes(content)
    read, message = 0, ""
    try:
        with open_source(str(path)) as source:
            for frame in source:
                assert frame.image_bgr.shape[2] == 3
                read += 1
    except AgeCamError as error:
        message = str(error)
    assert (path.name in message and is_one_sentence(message)) or (read, message) == (60, "")


def test_a_video_without_frames_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=30)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        file.start_encoding()
    with pytest.raises(SourceError, match=r"empty\.mp4"), open_source(str(path)) as source:
        list(source)


# --- the machine ---------------------------------------------------------------------------------------


class FullGpu:
    """A backend whose GPU has no memory left: when the network is loaded, or when it runs."""

    name, device = "keras", "gpu"

    def __init__(self, on_load: bool) -> None:
        self._on_load = on_load

    def runner(self, files: NetworkFiles) -> Runner:
        def fails(batch: FloatArray) -> FloatArray:
            raise RuntimeError("out of memory\nand a stack")

        if self._on_load:
            fails(np.zeros(1, np.float32))
        return fails


@pytest.mark.parametrize("on_load", [True, False])
def test_the_processor_replaces_a_failing_gpu(
    on_load: bool, monkeypatch: pytest.MonkeyPatch, astronaut_bgr: Image
) -> None:
    monkeypatch.setattr(agecam.engine.engine, "choose_backend", lambda *_: (FullGpu(on_load), None))
    engine = build_engine(EngineOptions(min_face_px=60))
    assert engine.device == "CPU"
    assert str(engine.refusal).startswith("The GPU cannot be used (")
    assert "out of memory" in str(engine.refusal)
    assert "\n" not in str(engine.refusal)
    assert len(engine.step(Frame(astronaut_bgr, 0, 0.0, "a test")).faces) == 1


def test_two_processes_share_one_settings_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    processes = [
        subprocess.Popen([sys.executable, "-c", SAVES, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    wait_until(path.exists, 60)
    until = time.monotonic() + 2
    while time.monotonic() < until:
        if path.exists():
            json.loads(path.read_text())
            settings, problem = load_settings(path)
            assert problem is None
            assert len(set(settings.recent)) == 1
    for process in processes:
        assert process.poll() is None
        process.kill()
        _, errors = process.communicate()
        assert errors == b""
    assert path in tmp_path.iterdir()
