"""What the threads do with exceptions that they catch."""

import logging
import threading
import traceback

from agecam.errors import AgeCamError, as_agecam_error

log = logging.getLogger(__name__)


def caught(error: Exception) -> AgeCamError:
    """What to show for an exception; one that is not AgeCam's is logged with its traceback.

    Its traceback is kept for a problem report, but not the objects that the failed functions used, such as an engine.
    """
    shown = as_agecam_error(error)
    if shown is not error:
        log.error("the %s thread", threading.current_thread().name, exc_info=error)
    link: BaseException | None = error
    while link is not None:
        traceback.clear_frames(link.__traceback__)
        link = link.__cause__ or link.__context__
    return shown
