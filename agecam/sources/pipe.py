"""Pipes: a video or a picture that another program sends."""

import io
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from agecam.errors import SourceError
from agecam.sources.base import FrameSource
from agecam.sources.media import PipeMedia
from agecam.sources.spool import SpooledSource, is_jpeg_sequence, is_picture_data, needs_seeking
from agecam.sources.video import StreamedVideoSource

_CHUNK_BYTES = 1 << 16
_MAX_CHUNKS = 256
"""16 MiB are read ahead."""
_WAIT_S = 1.0
_MAX_WAITED_BYTES = 1 << 26
"""If the end comes within this time and size, it is a finished file."""


def standard_input() -> BinaryIO:
    """Raises SourceError if it is a terminal."""
    stream = None if sys.stdin is None else sys.stdin.buffer
    if stream is None or stream.isatty():
        raise SourceError(
            "Nothing is sent to AgeCam through a pipe: send it a file, as in 'cat clip.mp4 | agecam analyze -'."
        )
    return stream


def open_pipe(stream: BinaryIO, name: str, open_path: Callable[[Path], FrameSource]) -> FrameSource:
    """Open a pipe and read the first frame.

    What has ended after a second, and what FFmpeg cannot read in one go, is kept in a temporary file.

    Args:
        stream: the pipe.
        name: display name.
        open_path: opens the temporary file.

    Raises:
        SourceError: nothing is sent, or it is no video or picture.
    """
    reader = _Reader(stream)
    reader.wait(_WAIT_S, _MAX_WAITED_BYTES)
    head = reader.head
    if not head:
        raise SourceError("The pipe is empty: check the program that sends to AgeCam.")
    try:
        if is_jpeg_sequence(head):
            return StreamedVideoSource(PipeMedia(reader, name, "mjpeg"))
        if reader.has_ended or is_picture_data(head) or needs_seeking(head):
            return SpooledSource(reader.chunks(), name, open_path)
        return StreamedVideoSource(PipeMedia(reader, name))
    except OSError as error:
        raise SourceError(
            "{name} cannot be read ({reason}): save it as a file and open that.",
            name=name,
            reason=error.strerror or str(error),
        ) from error


class _Reader(io.RawIOBase):
    """Reads a pipe on its own thread, so that waiting for it can end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._chunks: queue.Queue[bytes] = queue.Queue(_MAX_CHUNKS)
        self._read: list[bytes] = []
        """Taken from the queue while waiting, and not given out yet."""
        self._rest = b""
        self.has_ended = False
        threading.Thread(target=self._run, name="pipe", daemon=True).start()

    def wait(self, timeout_s: float, size: int) -> None:
        """Take bytes until the end, but at most `size` and only for a time; the first byte is always waited for."""
        end_s = time.monotonic() + timeout_s
        taken = 0
        while taken < size and not self.has_ended:
            try:
                chunk = self._chunks.get(timeout=max(0.0, end_s - time.monotonic()) if taken else None)
            except queue.Empty:
                return
            self._take(chunk)
            taken += len(chunk)

    @property
    def head(self) -> bytes:
        """What has been taken."""
        return b"".join(self._read)

    def chunks(self) -> Iterator[bytes]:
        """All bytes from the start."""
        while self._read or not self.has_ended:
            if not self._read:
                self._take(self._chunks.get())
            else:
                yield self._read.pop(0)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        """Read some bytes; 0 at the end."""
        self._rest = self._rest or next(self.chunks(), b"")
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def _take(self, chunk: bytes) -> None:
        if chunk:
            self._read.append(chunk)
        else:
            self.has_ended = True

    def _run(self) -> None:
        try:
            while chunk := os.read(self._stream.fileno(), _CHUNK_BYTES):
                self._chunks.put(chunk)
        except (OSError, ValueError):  # the other program is gone, or this one ends
            pass
        self._chunks.put(b"")
