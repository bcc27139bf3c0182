"""Network streams: RTSP and HTTP cameras, RTMP, UDP, TCP."""

import os
from functools import cache

import cv2

from agecam.errors import SourceError
from agecam.runtime.addresses import redact as redact
from agecam.runtime.environment import restored_variables
from agecam.runtime.quiet import quiet_opencv
from agecam.sources.live import LiveSource
from agecam.sources.rtsp import check_redirects

STREAM_SCHEMES = frozenset({"rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp", "tcp"})

_TIMEOUT_MS = 5000


class StreamSource(LiveSource):
    """A network stream. Names and messages never contain the user, password or query of its address."""

    def __init__(self, url: str) -> None:
        """Connect and read the first frame; raises SourceError after five seconds without an answer."""
        name = redact(url)
        check_redirects(url, name)
        timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS]
        with quiet_opencv:
            _silence_ffmpeg()
            capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, timeouts)
        super().__init__(
            capture,
            name,
            open_error=unreachable(name),
            stop_error=SourceError(
                "The stream {name} has ended: check that the sender is running, then start it again.", name=name
            ),
        )


def unreachable(name: str) -> SourceError:
    """The error where there is no answer, or no video in it; `name` is a redacted address."""
    return SourceError(
        "The stream {name} cannot be reached or contains no video: check the address and the password, and that the "
        "sender is running.",
        name=name,
    )


@cache
def _silence_ffmpeg() -> None:
    """Turn off the log of OpenCV's FFmpeg, which may contain an address with its password."""
    with restored_variables(_LOG_LEVEL):
        os.environ.setdefault(_LOG_LEVEL, "-8")
        cv2.VideoCapture("", cv2.CAP_FFMPEG)  # opens nothing; the first capture reads the variable


_LOG_LEVEL = "OPENCV_FFMPEG_LOGLEVEL"
