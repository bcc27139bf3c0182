"""Network streams: RTSP and HTTP cameras, RTMP, UDP, TCP."""

import os
import re

# OpenCV reads this once, at its first capture. FFmpeg's log messages may contain an address with its password.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2

from agecam.errors import SourceError
from agecam.runtime.quiet import quiet_opencv
from agecam.sources.live import LiveSource

STREAM_SCHEMES = frozenset({"rtsp", "rtmp", "http", "https", "udp", "tcp"})

_TIMEOUT_MS = 5000
_HOST = re.compile(r"[^/?#]*@|(?:\[[^/?#]*\]|[^/?#:]*)(?::\d*)?(?:[/?#]|$)")
"""Matches the part after the scheme if user and password are absent or contain no '/', '?' or '#'."""


class StreamSource(LiveSource):
    """A network stream. Names and messages never contain the user, password or query of its address."""

    def __init__(self, url: str) -> None:
        """Connect and read the first frame; raises SourceError after five seconds without an answer."""
        name = redact(url)
        timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS]
        with quiet_opencv:
            capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, timeouts)
        super().__init__(
            capture,
            name,
            open_error=SourceError(
                "The stream {name} cannot be reached or contains no video: check the address and the password, and "
                "that the sender is running.",
                name=name,
            ),
            stop_error=SourceError(
                "The stream {name} has ended: check that the sender is running, then start it again.", name=name
            ),
        )


def redact(url: str) -> str:
    """Remove possible secrets from a stream address: user, password, query, and `key=value` in the path."""
    scheme, separator, rest = url.partition("://")
    # A `key=value` may contain an '@', so it is removed first, unless it is part of a password.
    if (found := re.match(r"(.*?)[/?][^/?@]*=", rest)) and _HOST.match(found[1]):
        rest = found[1]
    # Split at the last '@', since people do not escape '@', '/' and '?' in passwords.
    rest = rest.rpartition("@")[2]
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    rest = re.split(r"/[^/]*=", rest, maxsplit=1)[0]
    return scheme + separator + rest
