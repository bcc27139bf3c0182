"""Tells a person what is wrong: over the picture while it lasts, in a toast and in the log once."""

import logging

from agecam.errors import AgeCamError
from agecam.live import LiveSession
from agecam.ui.messages import told
from agecam.ui.notices import what_to_say
from agecam.ui.video_view import VideoView

log = logging.getLogger(__name__)


class Teller:
    """Looks what the session has to say."""

    def __init__(self, session: LiveSession, video: VideoView) -> None:
        self._session, self._video = session, video
        self._logged: str | None = None
        self._refusal: AgeCamError | None = None

    def refresh(self, source: str | None) -> None:
        """Show how it is now; `source` is what a person calls it."""
        state, trouble = self._session.source_state, self._session.engine_error
        self._tell_refusal(self._session.engine_refusal)
        self._log(state.error or trouble)
        self._video.notice.tell(what_to_say(source, state, self._session.view() is not None, trouble))
        self._video.show_loading(self._session.loading)

    def _tell_refusal(self, refusal: AgeCamError | None) -> None:
        if refusal is not None and refusal is not self._refusal:
            log.warning("%s", refusal)
            self._video.toast.tell(told(refusal))
        self._refusal = refusal

    def _log(self, error: AgeCamError | None) -> None:
        sentence = str(error) if error is not None else None
        if sentence is not None and sentence != self._logged:
            log.error("%s", sentence)
        self._logged = sentence
