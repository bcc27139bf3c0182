"""Says in the tooltip of blurring which faces it does not cover."""

from collections.abc import Callable

from PySide6.QtGui import QAction

from agecam.engine.options import smallest_face_px
from agecam.live import LiveSession
from agecam.runtime.settings import Settings
from agecam.ui.actions import show_text
from agecam.ui.messages import Text


class BlurHelp:
    """Keeps the tooltip true for the open source and the settings."""

    def __init__(self, session: LiveSession, action: QAction, settings: Callable[[], Settings]) -> None:
        self._session, self._action, self._settings = session, action, settings
        self._shown_px: int | None = None

    def refresh(self) -> None:
        """Follow the source and the settings."""
        px = self._in_force_px()
        if px == self._shown_px:
            return
        self._shown_px = px
        show_text(self._action, Text.BLUR_FACES)
        if px is not None:
            self._action.setToolTip(f"{self._action.toolTip()}\n{Text.NOT_COVERED(px=px)}")

    def _in_force_px(self) -> int | None:
        """Smallest face that is looked for; None if it is not known before a picture is shown."""
        asked_px = float(self._settings().smallest_face_px) or None
        view = self._session.view()
        if view is None:
            return None if asked_px is None else round(asked_px)
        return round(smallest_face_px(asked_px, min(view.frame.size), view.frame.still))
