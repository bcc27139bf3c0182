"""The help menu: About, shortcuts, the log, and the diagnostic details that can be copied."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QFile, QObject, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QWidget

from agecam.errors import AgeCamError
from agecam.live import LiveSession
from agecam.runtime.crash import problem_report
from agecam.runtime.settings import Settings
from agecam.ui.actions import Actions
from agecam.ui.messages import Text, translated
from agecam.ui.widgets.dialogs import AboutDialog, ShortcutsDialog
from agecam.ui.widgets.video_view import Toast


class Help(QObject):
    """Handles the actions of the help menu."""

    def __init__(
        self,
        session: LiveSession,
        settings: Callable[[], Settings],
        errors: Callable[[], list[AgeCamError]],
        actions: Actions,
        toast: Toast,
        log_path: Path | None,
        parent: QWidget,
    ) -> None:
        """
        Args:
            settings: returns the current settings.
            errors: returns the current errors.
            log_path: file that 'Open log file' opens.
        """
        super().__init__(parent)
        self._session, self._settings, self._errors = session, settings, errors
        self._toast, self._log_path, self._window = toast, log_path, parent
        for action, handler in (
            (actions.shortcuts, lambda: ShortcutsDialog(actions, parent).exec()),
            (actions.open_log, self._open_log),
            (actions.about, self._about),
        ):
            action.triggered.connect(lambda _=False, handler=handler: handler())

    def details(self, source: str | None) -> str:
        """Diagnostic details for a problem report, with tracebacks; contains no passwords."""
        state, settings = self._session.source_state, self._settings()
        return problem_report(
            self._errors(),
            f"source: {source or 'none'}, {state.phase.value}, {state.info}",
            f"settings: model {settings.model}, device {settings.device}",
            f"log: {self._log_path}",
        )

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
