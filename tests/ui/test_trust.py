"""The window says only what it knows: new people, people who leave, cuts, repeats and lost sources."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from crowd_parts import CrowdEngine, centre_of, click, row_of_faces
from fixture_types import WriteVideo
from live_parts import FakeCamera, FakeFile, face_at
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from window_parts import WindowHarness

from agecam.engine.options import EngineOptions
from agecam.errors import SourceError
from agecam.live import Phase
from agecam.live.loading import build_live_engine
from agecam.runtime.settings import Settings
from agecam.types import Frame, Image
from agecam.ui.main_window import MainWindow

FPS = 30
ENTERS, LEAVES, END = 30, 90, 150
"""Frames of the clip."""


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    harness = WindowHarness(qtbot, tmp_path)
    harness.engine = CrowdEngine()
    yield harness
    harness.close()


def room(index: int) -> Image:
    """A blurred pattern that moves slowly: the scene goes on, so there is no cut."""
    noise = np.random.default_rng(1).integers(60, 160, (20, 30, 3), np.uint8)
    return np.asarray(cv2.resize(noise, (700, 540), interpolation=cv2.INTER_CUBIC), np.uint8)[
        :480, index // 5 : 640 + index // 5
    ].copy()


def numbers(window: MainWindow) -> tuple[set[int], set[int]]:
    """Of the people in the panel who are in view, and of the labels in the picture."""
    return {row.number for row in window.panel.rows if not row.has_left}, set(window.video.faces.labels())


class StallingCamera(FakeCamera):
    """Gives twelve frames quickly, and the next one much later."""

    def read(self) -> Frame | None:
        if self._next == 12:
            self.closed.wait(1.4)
        return super().read()


def test_the_last_result_is_shown_although_no_frame_follows(harness: WindowHarness) -> None:
    harness.engine.takes_s = 0.04
    harness.engine.faces_at = lambda frame: [face_at(100 + 5 * frame.index)]  # type: ignore[attr-defined]
    harness.sources["0"] = lambda _: StallingCamera()
    window = harness.open_window()
    window.open("0")
    harness.wait_until(lambda: (view := window.session.view()) is not None and view.frame.index == 11)
    wanted = [face_at(100 + 5 * 11).box]
    harness.wait_until(lambda: [face.box for face in window.video.faces.scene.faces] == wanted, 1000)


def test_a_new_person_has_a_box_and_then_numbers(
    harness: WindowHarness, write_video: WriteVideo, astronaut_bgr: Image
) -> None:
    def frame(index: int) -> Image:
        image = room(index)
        if ENTERS <= index < LEAVES:
            image[100:400, 150:450] = astronaut_bgr[0:300, 80:380]
        return image

    harness.engine = build_live_engine(EngineOptions())  # type: ignore[assignment]
    clip = write_video("enters.mp4", map(frame, range(END)))
    window = harness.open_window()
    boxes_s: list[float] = []
    labels_s: list[float] = []

    def watch() -> bool:
        view = window.session.view()
        if view is not None and view.faces:
            boxes_s.append(view.frame.time_s)
        if view is not None and window.video.faces.labels():
            labels_s.append(view.frame.time_s)
        return bool(labels_s)

    window.open(str(clip))
    harness.wait_until(watch)
    assert 0 <= boxes_s[0] - ENTERS / FPS < 0.3
    assert labels_s[0] - ENTERS / FPS < 0.7
    harness.wait_until(lambda: window.panel.rows)
    click(window, centre_of(window, window.panel.rows[0].number))
    assert window.panel.chosen_number is not None
    harness.wait_until(lambda: window.session.source_state.phase is Phase.ENDED)
    harness.wait_until(lambda: window.panel.rows[0].has_left)
    assert window.panel.rows[0].time in ("left at 0:02", "left at 0:03")
    assert window.video.faces.boxes() == {}


def test_the_demo_has_labels_within_its_first_second(harness: WindowHarness) -> None:
    harness.engine = build_live_engine(EngineOptions())  # type: ignore[assignment]
    window = harness.open_window()
    window.open("demo")
    harness.wait_until(window.video.faces.labels)
    assert window.session.source_state.time_s < 1.0
    harness.wait_until(lambda: len(window.panel.rows) == 2)


def test_panel_and_picture_name_the_same_people(harness: WindowHarness) -> None:
    """The people who leave are gone from both, not from the panel some time later."""
    harness.engine.faces_at = lambda frame: row_of_faces(3 if frame.index < 40 else 1)  # type: ignore[attr-defined]
    harness.sources["clip.mp4"] = lambda _: FakeFile(60)
    window = harness.open_window()
    window.open("clip.mp4")
    harness.wait_until(lambda: numbers(window) == ({1, 2, 3}, {1, 2, 3}))
    harness.wait_until(lambda: window.session.source_state.phase is Phase.ENDED)
    harness.wait_until(lambda: numbers(window) == ({1}, {1}), timeout_ms=1000)


def test_a_cut_clears_the_faces_of_the_scene_before(harness: WindowHarness) -> None:
    class Cut(FakeFile):
        def read(self) -> Frame | None:
            frame = super().read()
            if frame is None or frame.index < 45:
                return frame
            return replace(frame, image=np.asarray(cv2.flip(255 - frame.image_bgr, 0), np.uint8))

    window = harness.open_window()
    harness.sources["cut.mp4"] = lambda _: Cut(60)
    harness.wait_until(lambda: not window.session.loading)
    window.open("cut.mp4")
    harness.wait_until(lambda: len(window.video.faces.boxes()) == 3)
    harness.press(window, Qt.Key.Key_Space)
    harness.wait_until(lambda: window.session.source_state.phase is Phase.PAUSED)
    harness.engine.takes_s = 0.5  # the boxes of before would stay for that long
    window.transport._seek(1.6)
    harness.wait_until(lambda: (view := window.session.view()) is not None and view.frame.index >= 45)
    view = window.session.view()
    assert view is not None
    assert view.faces == ()


def test_a_repeat_clears_everyone_and_the_choice(harness: WindowHarness) -> None:
    """After it, the same numbers may be those of other people."""
    harness.sources["clip.mp4"] = lambda _: FakeFile(30)
    window = harness.open_window(loop=True)
    window.open("clip.mp4")
    harness.wait_until(lambda: len(window.panel.rows) == 3)
    click(window, centre_of(window, 2))
    assert window.panel.chosen_number == 2
    harness.wait_until(lambda: (view := window.session.view()) is not None and view.frame.time_s > 0.8)
    before = window.session.view()
    assert before is not None
    harness.wait_until(lambda: (view := window.session.view()) is not None and view.run != before.run)
    harness.wait_until(lambda: window.panel.chosen_number is None)
    harness.wait_until(lambda: numbers(window) == ({1, 2, 3}, {1, 2, 3}))


def test_a_lost_camera_leaves_no_one_in_view(harness: WindowHarness) -> None:
    cameras = iter([FakeCamera(until=40)])

    def open_camera(_: Settings) -> FakeCamera:
        for camera in cameras:
            return camera
        raise SourceError("The camera 0 cannot be opened: check its cable.")

    harness.sources["0"] = open_camera
    window = harness.open_window()
    window.open("camera://0")
    harness.wait_until(lambda: numbers(window) == ({1, 2, 3}, {1, 2, 3}))
    harness.wait_until(lambda: window.session.source_state.phase is Phase.LOST)
    harness.wait_until(lambda: numbers(window) == (set(), set()))
    assert window.video.faces.boxes() == {}
    assert window.video.picture is not None


def test_a_lost_camera_stays_blurred(harness: WindowHarness) -> None:
    harness.sources["0"] = lambda _: FakeCamera(until=40)
    window = harness.open_window(blur_faces=True)
    window.open("camera://0")
    harness.wait_until(lambda: window.session.source_state.phase is Phase.LOST)
    harness.wait_until(lambda: (view := window.session.view()) is not None and not view.faces)
    harness.wait_until(lambda: window.video.faces.boxes() == {})
    view = window.session.view()
    assert view is not None
    assert window.video.picture is not None
    sharp = cv2.Laplacian(view.frame.image_bgr, cv2.CV_64F).var()
    assert cv2.Laplacian(window.video.picture, cv2.CV_64F).var() < 0.05 * sharp


def test_a_face_is_confirmed_although_the_video_is_paused(harness: WindowHarness) -> None:
    """A step back begins the tracks again: without more frames, more analyses of this one must confirm the face."""
    steps_back = threading.Event()
    seen: list[int] = []

    def faces_at(frame: Frame) -> list[object]:
        if steps_back.is_set():
            seen.append(frame.index)
        return [replace(face_at(50), confirmed=not steps_back.is_set() or seen.count(frame.index) >= 3)]

    harness.engine.faces_at = faces_at  # type: ignore[attr-defined]
    harness.sources["clip.mp4"] = lambda _: FakeFile(60)
    window = harness.open_window()
    window.open("clip.mp4")
    harness.wait_until(lambda: window.session.source_state.time_s > 0.5)
    harness.press(window, Qt.Key.Key_Space)
    harness.wait_until(lambda: window.session.source_state.phase is Phase.PAUSED)
    harness.wait_until(lambda: numbers(window) == ({1}, {1}))
    steps_back.set()
    harness.press(window, Qt.Key.Key_Comma)
    harness.wait_until(lambda: len(seen) >= 3)
    assert len(set(seen[-3:])) == 1
    harness.wait_until(lambda: numbers(window) == ({1}, {1}))


def test_what_is_never_confirmed_is_not_looked_for_without_end(harness: WindowHarness) -> None:
    harness.engine.faces_at = lambda _: [replace(face_at(50), confirmed=False)]  # type: ignore[attr-defined]
    harness.sources["clip.mp4"] = lambda _: FakeFile(5)
    window = harness.open_window()
    window.open("clip.mp4")
    harness.wait_until(lambda: window.session.source_state.phase is Phase.ENDED)
    harness.wait(500)
    analysed = len(harness.engine.analysed)
    assert analysed < 40
    harness.wait(300)
    assert len(harness.engine.analysed) == analysed
    assert numbers(window) == (set(), set())
    assert len(window.video.faces.boxes()) == 1
