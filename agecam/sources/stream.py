"""Streams from the network: RTSP and HTTP cameras, RTMP, UDP."""

import os
import re

# OpenCV reads this once, at its first capture. FFmpeg's own remarks may quote an address with its password.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2

from agecam.errors import SourceError
from agecam.runtime.quiet import quiet_opencv
from agecam.sources.live import LiveSource

STREAM_SCHEMES = frozenset({"rtsp", "rtmp", "http", "https", "udp", "tcp"})

_TIMEOUT_MS = 5000
_HOST = re.compile(r"[^/?#]*@|(?:\[[^/?#]*\]|[^/?#:]*)(?::\d*)?(?:[/?#]|$)")
"""What follows the scheme where user and password, if there are any, hold no '/', '?' or '#'."""


class StreamSource(LiveSource):
    """A stream by its address. User, password and query never leave this class in a name or message."""

    def __init__(self, url: str) -> None:
        """Connect and take the first frame; raises SourceError after five seconds without an answer."""
        name = redact(url)
        timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS]
        with quiet_opencv:
            capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, timeouts)
        super().__init__(
            capture,
            name,
            refused=SourceError(
                "The stream {name} cannot be reached or holds no video: check the address, the password and that its "
                "sender runs.",
                name=name,
            ),
            stopped=SourceError(
                "The stream {name} has ended: check that its sender runs, then start it again.", name=name
            ),
        )


def redact(url: str) -> str:
    """A stream's address without what may be secret: user, password, query, and `key=value` in its path."""
    scheme, separator, rest = url.partition("://")
    # What a `key=value` says may hold an '@', too, so it goes first; unless it stands inside a password.
    if (found := re.match(r"(.*?)[/?][^/?@]*=", rest)) and _HOST.match(found[1]):
        rest = found[1]
    # The last '@' of all, since people type passwords with '@', '/' and '?' in them as they are.
    rest = rest.rpartition("@")[2]
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    rest = re.split(r"/[^/]*=", rest, maxsplit=1)[0]
    return scheme + separator + rest
