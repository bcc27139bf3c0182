"""Permission to use cameras on macOS, for which AVFoundation asks the user.

macOS asks on behalf of the program that started AgeCam, such as Terminal, and remembers the answer. OpenCV would ask
too, but it neither waits for the answer nor tells a missing permission from a missing camera.
"""

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import Any

from agecam.errors import SourceError

_POLL_S = 0.1
_MAX_WAIT_S = 120.0


class CameraAccess(Enum):
    """Whether this process may use cameras."""

    GRANTED = "granted"
    DENIED = "denied"
    UNDECIDED = "undecided"
    """The user has not been asked, or has not answered yet."""


def camera_access() -> CameraAccess:
    """The user's answer; always granted on other systems than macOS."""
    framework = _av_foundation()
    if framework is None:
        return CameraAccess.GRANTED
    match framework.AVCaptureDevice.authorizationStatusForMediaType_(framework.AVMediaTypeVideo):
        case framework.AVAuthorizationStatusAuthorized:
            return CameraAccess.GRANTED
        case framework.AVAuthorizationStatusNotDetermined:
            return CameraAccess.UNDECIDED
    return CameraAccess.DENIED  # by the user, or by who manages this computer


def request_camera_access(answered: Callable[[bool], None]) -> None:
    """Let macOS ask the user, and return at once.

    Args:
        answered: called with the answer, on a thread of the system.
    """
    framework = _av_foundation()
    if framework is not None:
        framework.AVCaptureDevice.requestAccessForMediaType_completionHandler_(framework.AVMediaTypeVideo, answered)


def require_camera_access(index: int) -> None:
    """Raise SourceError if this process may not use a camera.

    On the main thread the user is asked, if that is necessary, and the answer awaited. On another thread, as in the
    window, whoever runs the main thread asks.
    """
    access = camera_access()
    if access is CameraAccess.UNDECIDED and threading.current_thread() is threading.main_thread():
        _ask_and_wait()
        access = camera_access()
    if access is CameraAccess.UNDECIDED:
        raise SourceError("Camera {index} needs your permission: answer the question that macOS asks.", index=index)
    if access is CameraAccess.DENIED:
        raise SourceError(
            "Camera {index} cannot be used without the permission of macOS: allow the program that started AgeCam, "
            "such as Terminal, in System Settings > Privacy & Security > Camera, then start it again.",
            index=index,
        )


def _ask_and_wait() -> None:
    framework: Any = _av_foundation()
    answer = threading.Event()
    request_camera_access(lambda granted: answer.set())
    until_s = time.monotonic() + _MAX_WAIT_S
    while not answer.wait(_POLL_S) and time.monotonic() < until_s:
        # The question appears only while the main thread handles the system's events.
        framework.NSRunLoop.currentRunLoop().runUntilDate_(framework.NSDate.dateWithTimeIntervalSinceNow_(0))


def _av_foundation() -> Any:
    """The framework; None on other systems, and without its package, where OpenCV asks as well as it can."""
    if sys.platform == "darwin":
        with suppress(ImportError):
            import AVFoundation

            return AVFoundation
    return None
