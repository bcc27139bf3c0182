"""The window with a fake engine that finds any number of faces at chosen places, for tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from live_parts import FakeCamera, FakeFile, SquareEngine, face_at
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from window_parts import WindowHarness

from agecam.live import Phase
from agecam.sources import CameraInfo
from agecam.types import Face, Frame, FrameResult, Image
from agecam.ui.main_window import MainWindow


def row_of_faces(count: int, side: float = 40.0, per_row: int = 6) -> tuple[Face, ...]:
    """Faces in rows from the top left, aged 20, 21, ...; they fit a picture of 320 x 240."""
    return tuple(
        face_at(10 + index % per_row * 52, 30 + index // per_row * 90, side, age=20.0 + index, track=index + 1)
        for index in range(count)
    )


@dataclass
class CrowdEngine(SquareEngine):
    """Finds `faces` in every frame, or what `faces_at` returns for the frame."""

    faces: Sequence[Face] = field(default_factory=lambda: row_of_faces(3))
    faces_at: Callable[[Frame], Sequence[Face]] | None = None

    def step(self, frame: Frame) -> FrameResult:
        result = super().step(frame)
        faces = self.faces if self.faces_at is None else self.faces_at(frame)
        return replace(result, faces=tuple(faces))


def crowd_harness(qtbot: QtBot, folder: Path) -> WindowHarness:
    """The window with a `CrowdEngine`, camera 0 and `clip.mp4`."""
    harness = WindowHarness(qtbot, folder)
    harness.engine = CrowdEngine()
    harness.cameras = [CameraInfo(0, "Front camera")]
    harness.sources["0"] = lambda _: FakeCamera()
    harness.sources["clip.mp4"] = lambda _: FakeFile(90)
    return harness


def open_clip(harness: WindowHarness, count: int = 3, **settings: object) -> MainWindow:
    """A paused clip with this many labelled faces."""
    window = harness.open_window(**settings)
    window.open("clip.mp4")
    harness.wait_until(lambda: len(window.video.faces.boxes()) == count and len(window.panel.rows) == count)
    harness.press(window, Qt.Key.Key_Space)
    harness.wait_until(lambda: window.session.source_state.phase is Phase.PAUSED)
    harness.wait_until(lambda: (view := window.session.view()) is not None and view.complete)
    harness.wait(100)
    return window


def centre_of(window: MainWindow, number: int) -> QPoint:
    return window.video.faces.boxes()[number].center().toPoint()


def click(window: MainWindow, at: QPoint) -> None:
    QTest.mouseClick(window.video, Qt.MouseButton.LeftButton, pos=at)


def pixels(image: QImage) -> Image:
    image = image.convertToFormat(QImage.Format.Format_BGR888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()
