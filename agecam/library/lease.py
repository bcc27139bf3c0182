"""Keeps two runs from writing to one output at the same time."""

import json
import secrets
import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any

import psutil

from agecam.errors import AgeCamError, OutputError
from agecam.library.storage import Folder

FILE = "in-use.json"
_RENEW_S = 10.0
_EXPIRES_S = 60.0
"""A lease of another computer that was not renewed for so long is void. The clocks must agree better than that."""
_CLOCK_SHIFT_S = 5.0
"""The start of a process is computed from the clock, which may have been set; its number may also be used again."""
_SETTLE_S = 1.0
"""Wait after taking over a void lease, or taking one on a server: of two runs at once, the later to write wins."""


class Lease:
    """The right to write to an output, for as long as the block runs; it is renewed by a thread.

    A run that was killed leaves its lease behind: on the same computer it is void at once, on another after a minute.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._token = secrets.token_hex(8)
        self._ended = threading.Event()
        self._lost = False
        self._renewed_s = 0.0
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)

    def __enter__(self) -> "Lease":
        """Raises OutputError if another run has the lease, or the folder cannot be written."""
        is_new = self._folder.create(self._content(), FILE)
        if not is_new:
            if (holder := self._holder()) is not None and not _is_void(holder):
                raise OutputError(
                    "Another run writes to {name} (process {process} on {computer}): wait until it has ended, or "
                    "choose another folder.",
                    name=self._folder.name,
                    process=holder.get("process"),
                    computer=holder.get("computer"),
                )
            self._folder.write(self._content(), FILE)
        if not (is_new and self._folder.is_local):
            time.sleep(_SETTLE_S)
        self._renewed_s = time.monotonic()
        self.check()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        with suppress(AgeCamError):  # it is void anyway when this process ends
            if self._is_ours():
                self._folder.remove(FILE)

    def check(self) -> None:
        """Raise OutputError if the lease is lost; call it before each change of the data set."""
        if self._lost or time.monotonic() - self._renewed_s > _EXPIRES_S - _RENEW_S or not self._token_is_there():
            raise OutputError(
                "Another run has taken over {name}, as this one was stopped for a while: run the command again when "
                "that one has ended.",
                name=self._folder.name,
            )

    def _token_is_there(self) -> bool:
        # On a server this would be one request for each part: there the thread's look every ten seconds must do.
        return not self._folder.is_local or self._is_ours()

    def _is_ours(self) -> bool:
        holder = self._holder()
        return holder is not None and holder.get("token") == self._token

    def _holder(self) -> dict[str, Any] | None:
        try:
            holder = json.loads(self._folder.read(FILE) or b"null")
        except ValueError:
            return {}
        return holder if isinstance(holder, dict) else None

    def _content(self) -> bytes:
        process = psutil.Process()
        holder = {
            "computer": socket.gethostname(),
            "process": process.pid,
            "started_s": process.create_time(),
            "renewed_s": time.time(),
            "token": self._token,
        }
        return json.dumps(holder).encode()

    def _renew(self) -> None:
        while not self._ended.wait(_RENEW_S):
            try:
                if not self._is_ours():
                    self._lost = True
                    return
                self._folder.write(self._content(), FILE)
                self._renewed_s = time.monotonic()
            except AgeCamError:
                continue  # it expires if this goes on


def _is_void(holder: dict[str, Any]) -> bool:
    if holder.get("computer") == socket.gethostname():
        try:
            process = psutil.Process(int(holder["process"]))
            return abs(process.create_time() - float(holder["started_s"])) > _CLOCK_SHIFT_S
        except (psutil.Error, KeyError, TypeError, ValueError):
            return True
    return time.time() - float(holder.get("renewed_s", 0)) > _EXPIRES_S
