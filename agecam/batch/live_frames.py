"""The frames of a camera or stream, which is opened again whenever it is lost."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from agecam.batch.console import Console
from agecam.batch.interrupts import Interrupts
from agecam.errors import as_agecam_error
from agecam.sources import FrameSource
from agecam.sources.base import RETRY_S
from agecam.types import Frame

log = logging.getLogger(__name__)

_POLL_S = 0.1


def frames_until_stopped(
    source: FrameSource, reopen: Callable[[], FrameSource], console: Console, interrupts: Interrupts
) -> Iterator[Frame]:
    """The frames of a live source; after the first one, it is opened again until the caller stops.

    Indices continue, and times go on with the clock, as if there had been one source.

    Args:
        source: open; closed by the caller.
        reopen: opens it again; raises SourceError.
        console: tells of losses and returns.
        interrupts: checked while waiting.

    Raises:
        SourceError: the source gave no frame at all.
        KeyboardInterrupt: the user stopped the program while it waited.
    """
    started_s = time.monotonic()
    index, offset_s = 0, 0.0
    current: FrameSource | None = source
    while True:
        try:
            if current is None:
                current = _reopened(reopen, console, interrupts)
                offset_s = time.monotonic() - started_s
            for frame in current:
                yield replace(frame, index=index, time_s=offset_s + frame.time_s)
                index += 1
            lost = "it ended"
        except Exception as error:
            if index == 0:
                raise
            lost = str(as_agecam_error(error))
            if lost != str(error):
                log.error("%s", source.info.name, exc_info=error)
        finally:
            if current is not None and current is not source:
                with suppress(Exception):
                    current.close()
        if index == 0:
            return
        if current is source:
            with suppress(Exception):
                source.close()
        current = None
        console.warning(f"{source.info.name} was lost ({lost.rstrip('.')}): trying again until you press Ctrl-C.")


def _reopened(reopen: Callable[[], FrameSource], console: Console, interrupts: Interrupts) -> FrameSource:
    attempt = 0
    while True:
        _wait(RETRY_S[min(attempt, len(RETRY_S) - 1)], interrupts)
        attempt += 1
        with suppress(Exception):
            source = reopen()
            console.warning(f"{source.info.name} is back.")
            return source


def _wait(seconds: float, interrupts: Interrupts) -> None:
    end_s = time.monotonic() + seconds
    while (left_s := end_s - time.monotonic()) > 0:
        interrupts.check()
        time.sleep(min(_POLL_S, left_s))
