"""Reports problems: in a notice while they last, and once in the log or a toast."""

import logging
import time
from collections.abc import Callable

from agecam.errors import AgeCamError
from agecam.live import LiveSession
from agecam.runtime.crash import UncaughtErrors
from agecam.runtime.device import gpu_in_sight
from agecam.runtime.settings import Settings
from agecam.ui.messages import Text, translated
from agecam.ui.widgets.notices import notice_for
from agecam.ui.widgets.video_view import VideoView

log = logging.getLogger(__name__)

_PATIENCE_S = 0.3
"""How long the first result may take without a word: between the pictures of a list, words would flicker."""


class StatusReporter:
    """Shows the state of the session over the video and logs its errors."""

    def __init__(
        self, session: LiveSession, video: VideoView, settings: Callable[[], Settings], uncaught: UncaughtErrors
    ) -> None:
        self._session, self._video, self._settings, self._uncaught = session, video, settings, uncaught
        self._logged: str | None = None
        self._on_gpu: tuple[AgeCamError | None, bool] = (None, False)
        self._refusal: AgeCamError | None = None
        self._remarks: tuple[AgeCamError, ...] = ()
        self._looking_since_s: float | None = None

    def errors(self) -> list[AgeCamError]:
        """All current errors."""
        state, session = self._session.source_state, self._session
        known = [*self._uncaught.unseen(), state.error, session.engine_error, session.engine_refusal]
        return [error for error in known if error is not None]

    def refresh(self, source: str | None) -> None:
        """Show the current state; `source` is the display name of the source, None if none is open."""
        state, engine_error = self._session.source_state, self._session.engine_error
        self._show_refusal(self._session.engine_refusal)
        self._show_remarks()
        self._log(state.error or engine_error)
        uncaught = next(iter(self._uncaught.unseen()), None)
        # In a list, the picture before stays until the next is there.
        has_picture = self._session.view() is not None or self._video.has_picture
        if uncaught is not None:
            has_picture = self._video.has_picture  # it may not be possible to paint the view
        notice = notice_for(source, state, has_picture, engine_error, uncaught, self._uses_gpu(engine_error))
        self._video.notice.show_content(notice)
        self._video.show_step(None if notice is not None else self._step())

    def _step(self) -> str | None:
        """What must be done before the picture in view can have labels; None if it has been done."""
        now_s = time.monotonic()
        if not self._session.awaits_result:
            self._looking_since_s = None
        elif self._looking_since_s is None:
            self._looking_since_s = now_s
        if self._session.loading:
            return Text.LOADING()
        is_slow = self._looking_since_s is not None and now_s >= self._looking_since_s + _PATIENCE_S
        return Text.LOOKING() if is_slow else None

    def _uses_gpu(self, engine_error: AgeCamError | None) -> bool:
        """Whether the failed engine uses a GPU, or would if it had been built."""
        device = self._settings().device
        if engine_error is None or device != "auto":
            return engine_error is not None and device == "gpu"
        if self._on_gpu[0] is not engine_error:  # asking the driver takes time
            used = self._session.statistics().device
            self._on_gpu = engine_error, used != "CPU" if used else gpu_in_sight()
        return self._on_gpu[1]

    def _show_remarks(self) -> None:
        """What the user should know about the open source or the picture in view, each once."""
        info, view = self._session.source_state.info, self._session.view()
        remarks = (*(info.remarks if info is not None else ()), *(view.remarks if view is not None else ()))
        if remarks != self._remarks:
            for remark in remarks:
                if remark not in self._remarks:
                    log.info("%s", remark)
                    self._video.toast.show_message(translated(remark))
            self._remarks = remarks

    def _show_refusal(self, refusal: AgeCamError | None) -> None:
        if refusal is not None and refusal is not self._refusal:
            log.warning("%s", refusal)
            self._video.toast.show_message(translated(refusal))
        self._refusal = refusal

    def _log(self, error: AgeCamError | None) -> None:
        """The traceback of an unexpected one was logged where it was caught."""
        sentence = str(error) if error is not None else None
        if sentence is not None and sentence != self._logged:
            log.error("%s", sentence)
        self._logged = sentence
