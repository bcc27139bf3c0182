"""Reports problems: in a notice while they last, and once in the log or a toast."""

import logging

from agecam.errors import AgeCamError
from agecam.live import LiveSession
from agecam.ui.messages import translated
from agecam.ui.widgets.notices import notice_for
from agecam.ui.widgets.video_view import VideoView

log = logging.getLogger(__name__)


class StatusReporter:
    """Shows the state of the session over the video and logs its errors."""

    def __init__(self, session: LiveSession, video: VideoView) -> None:
        self._session, self._video = session, video
        self._logged: str | None = None
        self._refusal: AgeCamError | None = None

    def refresh(self, source: str | None) -> None:
        """Show the current state; `source` is the display name of the source, None if none is open."""
        state, engine_error = self._session.source_state, self._session.engine_error
        self._show_refusal(self._session.engine_refusal)
        self._log(state.error or engine_error)
        self._video.notice.show_content(notice_for(source, state, self._session.view() is not None, engine_error))
        self._video.show_loading(self._session.loading)

    def _show_refusal(self, refusal: AgeCamError | None) -> None:
        if refusal is not None and refusal is not self._refusal:
            log.warning("%s", refusal)
            self._video.toast.show_message(translated(refusal))
        self._refusal = refusal

    def _log(self, error: AgeCamError | None) -> None:
        sentence = str(error) if error is not None else None
        if sentence is not None and sentence != self._logged:
            log.error("%s", sentence)
        self._logged = sentence
