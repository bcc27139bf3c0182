"""A camera for other programs, such as those for video calls, that shows the pictures given to it.

Uses the optional package pyvirtualcam, and the driver that it finds: v4l2loopback on Linux, OBS on macOS and Windows.
"""

import sys
from pathlib import Path

from agecam.errors import OutputError
from agecam.outputs.fitting import letterboxed
from agecam.runtime.bundle import is_bundled
from agecam.types import Image

FPS = 30
"""Frames per second that a virtual camera promises to the programs that use it."""
MAX_SIZE = (1920, 1080)
"""Largest width and height in pixels: programs for calls do not expect more."""


def size_for(width: int, height: int) -> tuple[int, int]:
    """Even width and height of a virtual camera for pictures of this size, at most `MAX_SIZE`; all in pixels."""
    scale = min(1.0, MAX_SIZE[0] / width, MAX_SIZE[1] / height)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


class VirtualCamera:
    """An open virtual camera. It keeps its size; pictures of other sizes are letterboxed."""

    def __init__(self, width: int, height: int) -> None:
        """
        Args:
            width, height: in pixels, both even.

        Raises:
            OutputError: the package or the driver is missing, or all its cameras are in use.
        """
        try:
            import pyvirtualcam
        except ImportError as error:
            if is_bundled():
                raise OutputError(
                    "This download of AgeCam cannot be shown in calls: run 'pipx install agecam[camera]' and use that "
                    "AgeCam instead."
                ) from error
            raise OutputError(
                "AgeCam can only be shown in calls with the package pyvirtualcam: run 'pip install pyvirtualcam', then "
                "restart AgeCam."
            ) from error
        self._size = (width, height)
        try:
            self._camera = pyvirtualcam.Camera(width, height, FPS, fmt=pyvirtualcam.PixelFormat.BGR)
        except Exception as error:  # the package raises RuntimeError, its drivers others
            raise _unavailable(error) from error
        self.name = str(self._camera.device)
        """The name under which other programs list it; on Linux the path of the device."""
        self._path = Path(self.name) if self.name.startswith("/dev/") else None

    def send(self, image_bgr: Image) -> None:
        """Show a `(H, W, 3) uint8` BGR picture until the next one; raises OutputError if the camera is gone."""
        if self._path is not None and not self._path.exists():  # the driver reports no error then
            raise self._gone()
        try:
            self._camera.send(letterboxed(image_bgr, self._size))
        except Exception as error:
            raise self._gone() from error

    def close(self) -> None:
        """Give the camera back; other programs see no picture any more."""
        self._camera.close()

    def _gone(self) -> OutputError:
        return OutputError(
            "The virtual camera {name} no longer takes pictures: check its driver, then show AgeCam in calls again.",
            name=self.name,
        )


def _unavailable(error: Exception) -> OutputError:
    """What to say if no virtual camera can be opened."""
    reason = " ".join(str(error).split())
    if "permission" in reason:
        return OutputError(
            "AgeCam may not use the virtual camera: run 'sudo usermod -aG video $USER', then log out and in again."
        )
    is_missing = "No v4l2 loopback device" in reason or not reason or "not installed" in reason
    if sys.platform == "linux" and is_missing:
        return OutputError(
            "There is no virtual camera: install the driver with 'sudo apt install v4l2loopback-dkms' and load it with "
            "'sudo modprobe v4l2loopback exclusive_caps=1 card_label=AgeCam', then try again."
        )
    if sys.platform == "darwin":
        return OutputError(
            "There is no free virtual camera: install OBS from obsproject.com, start and stop its virtual camera once, "
            "then try again."
        )
    if sys.platform == "win32":
        return OutputError("There is no free virtual camera: install OBS from obsproject.com, then try again.")
    return OutputError(
        "The virtual camera cannot be opened ({reason}): close other programs that show something on it, then try "
        "again.",
        reason=reason.rstrip(".")[:200],
    )
