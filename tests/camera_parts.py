"""Fakes for tests of cameras: OpenCV's capture, and AVFoundation with its question for permission."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from cv2.typing import MatLike

from agecam.outputs import VideoWriter


class FakeCapture:
    """A capture that reads a video instead of a camera, and records the properties that are set.

    Not derived from OpenCV's class, since such subclasses crash Python's garbage collector.
    """

    def __init__(self, capture: cv2.VideoCapture, index: int, backend: int) -> None:
        self._capture = capture
        self.index, self.backend = index, backend
        self.requested: list[tuple[int, float]] = []

    def set(self, prop: int, value: float) -> bool:
        self.requested.append((prop, value))
        return False  # as if the driver does not support it

    def get(self, prop: int) -> float:
        return self._capture.get(prop)

    def read(self, image: MatLike | None = None) -> tuple[bool, MatLike]:
        return self._capture.read(image)

    def release(self) -> None:
        self._capture.release()


def write_clip(folder: Path) -> Path:
    """Three grey frames of 64 x 48 px."""
    with VideoWriter(folder / "clip.mp4", 64, 48, 30.0) as writer:
        for number in range(3):
            writer.write(np.full((48, 64, 3), 60 * number, np.uint8), number / 30)
    return writer.path


def fake_captures(clip: Path, monkeypatch: pytest.MonkeyPatch) -> list[FakeCapture]:
    """Let OpenCV read the clip instead of cameras; the list receives the captures in order."""
    opened: list[FakeCapture] = []
    capture = cv2.VideoCapture

    def open_camera(index: int, backend: int) -> FakeCapture:
        opened.append(FakeCapture(capture(str(clip), cv2.CAP_FFMPEG), index, backend))
        return opened[-1]

    monkeypatch.setattr(cv2, "VideoCapture", open_camera)
    return opened


UNDECIDED, RESTRICTED, DENIED, AUTHORIZED = range(4)
"""AVAuthorizationStatus."""


class FakeAVFoundation:
    """AVFoundation as PyObjC offers it, with a user who answers the question for permission as soon as it is shown.

    As documented: the question is asked only while the user is undecided, later requests get the same answer, and the
    handler is called on a thread of the system. As observed: without a bundle, the question is shown only while the
    main thread runs its loop.
    """

    AVMediaTypeVideo = "vide"
    (
        AVAuthorizationStatusNotDetermined,
        AVAuthorizationStatusRestricted,
        AVAuthorizationStatusDenied,
        AVAuthorizationStatusAuthorized,
    ) = range(4)

    def __init__(self, status: int, allows: bool | None = None) -> None:
        """`allows` is the user's answer; None if there is none."""
        self.status, self._allows = status, allows
        self.questions = 0
        self._handlers: list[Callable[[bool], None]] = []
        self.AVCaptureDevice = SimpleNamespace(
            authorizationStatusForMediaType_=self._status_of,
            requestAccessForMediaType_completionHandler_=self._request,
        )
        self.NSRunLoop = SimpleNamespace(currentRunLoop=lambda: SimpleNamespace(runUntilDate_=self._run_until))
        self.NSDate = SimpleNamespace(dateWithTimeIntervalSinceNow_=lambda seconds: ("date", seconds))

    def _status_of(self, media: str) -> int:
        assert media == "vide"
        return self.status

    def _request(self, media: str, handler: Callable[[bool], None]) -> None:
        assert media == "vide"
        if self.status == UNDECIDED:
            self.questions += not self._handlers
            self._handlers.append(handler)
        else:
            self._on_a_thread(handler, self.status == AUTHORIZED)

    def _run_until(self, date: Any) -> None:
        assert date[0] == "date"
        assert threading.current_thread() is threading.main_thread()
        self.show_question()

    def show_question(self) -> None:
        """Let the user answer, if there is a question."""
        if self._handlers and self._allows is not None:
            self.status = AUTHORIZED if self._allows else DENIED
            for handler in self._handlers:
                self._on_a_thread(handler, self._allows)
            self._handlers.clear()

    @staticmethod
    def _on_a_thread(handler: Callable[[bool], None], granted: bool) -> None:
        threading.Thread(target=handler, args=(granted,), name="com.apple.root.default-qos").start()


def use_av_foundation(framework: FakeAVFoundation | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run on a Mac with this framework; None if its package is missing."""
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setitem(sys.modules, "AVFoundation", framework)
