"""The help menu: About, shortcuts, the log, and the diagnostic details that can be copied."""

import platform
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QFile, QObject, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QWidget

from agecam.errors import AgeCamError
from agecam.live import LiveSession
from agecam.runtime.settings import Settings
from agecam.ui.actions import Actions
from agecam.ui.messages import Text, translated
from agecam.ui.widgets.dialogs import AboutDialog, ShortcutsDialog
from agecam.ui.widgets.video_view import Toast
from agecam.version import __version__


class Help(QObject):
    """Handles the actions of the help menu."""

    def __init__(
        self,
        session: LiveSession,
        settings: Callable[[], Settings],
        actions: Actions,
        toast: Toast,
        log_path: Path | None,
        parent: QWidget,
    ) -> None:
        """
        Args:
            settings: returns the current settings.
            log_path: file that 'Open log file' opens.
        """
        super().__init__(parent)
        self._session, self._settings, self._actions = session, settings, actions
        self._toast, self._log_path, self._window = toast, log_path, parent
        for action, handler in (
            (actions.shortcuts, lambda: ShortcutsDialog(actions, parent).exec()),
            (actions.open_log, self._open_log),
            (actions.about, self._about),
        ):
            action.triggered.connect(lambda _=False, handler=handler: handler())

    def details(self, source: str | None) -> str:
        """Diagnostic details for a problem report; contains no passwords."""
        state, settings = self._session.source_state, self._settings()
        lines = [
            f"AgeCam {__version__}, {platform.platform()}, Python {platform.python_version()}",
            f"source: {source or 'none'}, {state.phase.value}, {state.info}",
            f"error: {state.error or self._session.engine_error}",
            f"settings: model {settings.model}, device {settings.device}",
            f"log: {self._log_path}",
        ]
        return "\n".join(lines)

    def copy_details(self, source: str | None) -> None:
        """Copy the diagnostic details to the clipboard."""
        QGuiApplication.clipboard().setText(self.details(source))
        self._toast.show_message(Text.DETAILS_COPIED())

    def _about(self) -> None:
        from agecam.models.card import load_card
        from agecam.models.store import find_model

        try:
            card = load_card(find_model(self._settings().model))
            weights = Text.WEIGHTS(name=card.name, date=card.date, licence=card.licence)
        except AgeCamError as error:
            weights = translated(error)
        AboutDialog(weights, self._window).exec()

    def _open_log(self) -> None:
        if self._log_path is not None and QFile.exists(str(self._log_path)):
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._log_path)))
