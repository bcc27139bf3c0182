"""Shows pictures in calls: a thread feeds the newest one to a virtual camera, at the camera's own pace."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from agecam.errors import AgeCamError
from agecam.live.caught import caught
from agecam.live.screenshot import composed
from agecam.live.view import View
from agecam.outputs.virtual_camera import FPS, MAX_SIZE, VirtualCamera, size_for
from agecam.overlay import OverlayStyle, Placer
from agecam.types import Face, Image

PERIOD_S = 1 / FPS


class Calls:
    """One showing on a virtual camera, from its start until `stop` or until the camera is gone.

    The newest picture is sent `FPS` times a second, however often there is a new one.
    """

    def __init__(self, image_bgr: Image, on_change: Callable[[], None]) -> None:
        """
        Args:
            image_bgr: first picture, `(H, W, 3) uint8`; it decides the size of the camera.
            on_change: called on the showing's thread when `name` is known, and when the showing has ended.
        """
        self._image = image_bgr
        self._on_change = on_change
        self._stopping = threading.Event()
        self.name: str | None = None
        """The name of the camera in other programs; None until it is open."""
        self.error: AgeCamError | None = None
        """Why the showing could not begin, or has ended by itself."""
        self.ended = False
        self._thread = threading.Thread(target=self._run, name="calls", daemon=True)
        self._thread.start()

    def show(self, image_bgr: Image) -> None:
        """Show a `(H, W, 3) uint8` BGR picture, which must not be modified afterwards, from now on; never blocks."""
        self._image = image_bgr

    def stop(self, timeout_s: float = 0.0) -> bool:
        """Ask for the end, wait for up to `timeout_s` and return whether the camera has been given back."""
        self._stopping.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            height, width = self._image.shape[:2]
            camera = VirtualCamera(*size_for(width, height))
            try:
                self.name = camera.name
                self._on_change()
                self._feed(camera)
            finally:
                camera.close()
        except Exception as error:
            self.error = caught(error)
        self.ended = True
        self._on_change()

    def _feed(self, camera: VirtualCamera) -> None:
        due_s = time.monotonic()
        while not self._stopping.wait(max(0.0, due_s - time.monotonic())):
            camera.send(self._image)
            due_s = max(due_s + PERIOD_S, time.monotonic())


def picture_for_calls(
    view: View, style: OverlayStyle, mirror: bool, placer: Placer, small: Image | None = None
) -> Image:
    """The annotated picture of a view, `(H, W, 3) uint8` BGR, not larger than a virtual camera can be.

    Faces are blurred as in saved files.

    Args:
        small: the frame's picture as returned by `reduced`, if it is known.
    """
    small = reduced(view.frame.image_bgr) if small is None else small
    return composed(_moved(view, small), style, mirror, placer)


def is_huge(image_bgr: Image) -> bool:
    """Whether reducing a picture takes so long that the window would be felt to stop."""
    return image_bgr.size > _HUGE_BYTES


_HUGE_BYTES = 3 * 3840 * 2160


def reduced(image_bgr: Image) -> Image:
    """A `(H, W, 3) uint8` picture, reduced to `MAX_SIZE` if it is larger.

    Faces are drawn on the reduced picture: in its full size that would take too long.
    """
    height, width = image_bgr.shape[:2]
    scale = min(MAX_SIZE[0] / width, MAX_SIZE[1] / height)
    if scale >= 1.0:
        return image_bgr
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA), np.uint8)


def empty_picture(like: Image) -> Image:
    """A dark picture for the same camera, `(H, W, 3) uint8` BGR, while there is nothing to show."""
    width, height = size_for(like.shape[1], like.shape[0])
    return np.full((height, width, 3), _EMPTY_GREY, np.uint8)


_EMPTY_GREY = 24


def _moved(view: View, small: Image) -> View:
    """The view with another size of its picture."""
    width, height = view.frame.size
    if small.shape[:2] == (height, width):
        return view
    factors = small.shape[1] / width, small.shape[0] / height
    return replace(
        view,
        frame=replace(view.frame, image=small),
        faces=tuple(_scaled(face, *factors) for face in view.faces),
        hidden=tuple(_scaled(face, *factors) for face in view.hidden),
    )


def _scaled(face: Face, across: float, down: float) -> Face:
    x, y, width, height = face.box
    landmarks = np.asarray(face.landmarks * np.array([across, down], np.float32), np.float32)
    return replace(face, box=(across * x, down * y, across * width, down * height), landmarks=landmarks)
