"""Addresses: live streams, and finished files and recordings on a server. Their content tells which they are."""

import errno
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import av
from av.container import InputContainer

from agecam.errors import SourceError
from agecam.sources.base import FrameSource
from agecam.sources.media import PROTOCOLS, TIMEOUT_S, AddressMedia
from agecam.sources.spool import SpooledSource, is_jpeg_sequence, is_picture_data
from agecam.sources.stream import STREAM_SCHEMES, StreamSource, redact, unreachable
from agecam.sources.video import VideoSource

_WITH_FILES = {"http", "https"}
_MULTIPART = re.compile(rb"\s*--\S+\s")
_HEAD_BYTES = 4096
_MAX_PICTURE_BYTES = 1 << 28


def open_address(url: str, open_path: Callable[[Path], FrameSource]) -> FrameSource:
    """Connect and read the first frame.

    Args:
        url: the address, with its scheme in lower case.
        open_path: opens the file to which a picture was loaded.

    Raises:
        SourceError: the scheme is unknown, or there is no answer, or no video or picture.
    """
    name = redact(url)
    scheme = url.partition("://")[0]
    if scheme not in STREAM_SCHEMES:
        known = ", ".join(sorted(STREAM_SCHEMES))
        raise SourceError(
            "The address {address} has an unsupported scheme: use one of {known}.", address=name, known=known
        )
    if scheme not in _WITH_FILES:
        return StreamSource(url)
    try:
        with closing(_Download(url)) as download:
            head = download.head
            if is_picture_data(head):
                return SpooledSource(download.chunks(), name, open_path)
    except (av.FFmpegError, OSError, ValueError):
        raise unreachable(name) from None  # PyAV's error contains the address
    if _MULTIPART.match(head) or is_jpeg_sequence(head):
        return StreamSource(url)
    media = AddressMedia(url, name)
    try:
        with closing(media.open_or_fail()) as container:
            is_finished = _is_finished(container)
    except (av.FFmpegError, OSError, ValueError):
        raise unreachable(name) from None
    return VideoSource(media) if is_finished else StreamSource(url)


def _is_finished(container: InputContainer) -> bool:
    """Whether the server knows where the video ends."""
    is_playlist = container.format.name in ("hls", "dash")
    return container.duration is not None or (container.size > 0 and not is_playlist)


class _Download:
    """The bytes of a file on a server, read by FFmpeg, whose authentication cameras expect."""

    def __init__(self, url: str) -> None:
        """Connect and read the beginning; raises what PyAV raises."""
        options = {"protocol_whitelist": PROTOCOLS, "probesize": "2048", "analyzeduration": "0"}
        self._container = av.open(url, format="data", container_options=options, timeout=(TIMEOUT_S, TIMEOUT_S))
        self._packets = self._read()
        self.head = b""
        """The first bytes."""
        while len(self.head) < _HEAD_BYTES and (part := next(self._packets, b"")):
            self.head += part

    def chunks(self) -> Iterator[bytes]:
        """All bytes; raises OSError if there are far too many for a picture."""
        yield self.head
        size = len(self.head)
        for part in self._packets:
            size += len(part)
            if size > _MAX_PICTURE_BYTES:
                raise OSError(errno.EFBIG, "the picture is too large")
            yield part

    def _read(self) -> Iterator[bytes]:
        size = 0
        try:
            for packet in self._container.demux():
                size += packet.size
                yield bytes(packet)
        except av.OSError:
            # Where the server does not state the length, FFmpeg takes the end for an error.
            if not size or self._container.size > 0:
                raise

    def close(self) -> None:
        """Close the connection."""
        self._container.close()
